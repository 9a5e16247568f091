package compat

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/aspstate/aspstate/compat/layout"
)

// detectServer makes a database of its own on the engine that ASPSTATE_TEST_SQLSERVER names, and drops it at the end.
func detectServer(t *testing.T, name string) *Server {
	t.Helper()
	dsn := os.Getenv("ASPSTATE_TEST_SQLSERVER")
	if dsn == "" {
		t.Skip("ASPSTATE_TEST_SQLSERVER is not set: a DSN of a login that may create databases")
	}
	cfg, err := msdsn.Parse(dsn)
	if err != nil {
		t.Fatal("ASPSTATE_TEST_SQLSERVER is no DSN")
	}
	open := func(database string) *sql.DB {
		cfg := cfg
		cfg.Database = database
		return sql.OpenDB(mssql.NewConnectorConfig(cfg))
	}
	master := open("master")
	drop := func(db *sql.DB) { // a connection that was closed may take a moment to be gone
		var err error
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if _, err = db.Exec("DROP DATABASE IF EXISTS " + name); err == nil {
				return
			}
		}
		t.Errorf("dropping %s: %v", name, err)
	}
	drop(master)
	if _, err := master.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	s := &Server{db: open(name)}
	if err := s.db.QueryRow("SELECT DB_NAME()").Scan(&s.Facts.Database); err != nil {
		t.Fatal(err)
	}
	var version string
	if err := s.db.QueryRow("SELECT @@VERSION").Scan(&version); err != nil {
		t.Fatal(err)
	}
	s.Facts.Babelfish = strings.Contains(version, "Babelfish")
	t.Cleanup(func() {
		s.db.Close()
		drop(master)
		master.Close()
	})
	return s
}

func runAll(t *testing.T, s *Server, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := s.db.Exec(text); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
}

// diskTable is the table of a disk layout; name empty: the default.
func diskTable(t *testing.T, reference, name string) []string {
	t.Helper()
	l, err := layout.ByReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	if name == "" {
		name = l.Table
	}
	return []string{
		"CREATE TABLE dbo." + name + " (" + columnList(l.Columns) + ", PRIMARY KEY (SessionId))",
		"CREATE NONCLUSTERED INDEX Index_Expires ON dbo." + name + " (Expires)",
	}
}

func columnList(cols []layout.Column) string {
	var list []string
	for _, c := range cols {
		text := c.Name + " " + c.Type
		if !c.Nullable {
			text += " NOT NULL"
		}
		if c.Default != "" {
			text += " DEFAULT " + c.Default
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// TestDetectOnServer makes every layout that lies on disk, two of them altered, side by side.
func TestDetectOnServer(t *testing.T) {
	s := detectServer(t, "h_detect_side")
	ctx := t.Context()
	if d, err := s.Detect(ctx); err != nil || len(d.Found)+len(d.Altered) != 0 {
		t.Fatalf("an empty database: %+v, %v", d, err)
	}
	chunks, _ := layout.ByReference("sqlinmem")
	runAll(t, s, slices.Concat(
		diskTable(t, "fx8", ""), diskTable(t, "fx7", "Old7"), diskTable(t, "async11", "V11"), diskTable(t, "async2-sql", ""), diskTable(t, "async2-sql", "T"),
		diskTable(t, "async10", ""),
		[]string{
			"CREATE SCHEMA mem",
			"CREATE TABLE mem.Sessions (" + columnList(chunks.Columns) + ", PRIMARY KEY (SessionId))",
			"CREATE TABLE mem.SessionItems (" + columnList(chunks.ChunkColumns) + ")",
			"CREATE TABLE dbo.NoKey (SessionId nvarchar(88) NOT NULL, SessionItemLong image NULL)",
			"CREATE PROCEDURE dbo.TempGetStateItem3 @id nvarchar(88), @itemShort varbinary(7000) OUTPUT, @locked bit OUTPUT, @lockAge int OUTPUT, @lockCookie int OUTPUT, @actionFlags int OUTPUT AS RETURN 0",
			"CREATE PROCEDURE dbo.T_GetStateItem @SessionId nvarchar(88), @Locked bit OUTPUT, @LockAge int OUTPUT, @LockCookie int OUTPUT, @ActionFlags int OUTPUT AS RETURN 0",
			"CREATE PROCEDURE dbo.T_ResetItemTimeout @SessionId nvarchar(88) AS RETURN 0",
			"CREATE TRIGGER dbo.audit ON dbo.T AFTER INSERT AS RETURN",
		})...)
	d, err := s.Detect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range d.Found {
		got = append(got, f.String())
		if f.Collation == "" || f.Procs.Database != "h_detect_side" {
			t.Errorf("%s: %+v", &f, f)
		}
	}
	want := []string{
		"h_detect_side.dbo.ASPNetSessionState (sqlserver)", "h_detect_side.dbo.ASPStateTempSessions (frameworkcompat, fx-custom)",
		"h_detect_side.dbo.Old7 (fx7, fx-custom)", "h_detect_side.dbo.Sessions (v1.0)", "h_detect_side.dbo.T (sqlserver)",
		"h_detect_side.dbo.V11 (v1.1)", "h_detect_side.mem.Sessions (sqlinmemory)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %q", got)
	}
	if len(d.Altered) != 1 || d.Altered[0].Table != "NoKey" || d.Altered[0].Nearest != "v1.1" {
		t.Errorf("altered %+v", d.Altered)
	}
	own, err := d.Choose("sqlserver", "T")
	if err != nil || own.Procs.Prefix != "T_" || len(own.Procs.Missing) != 7 || len(own.Triggers) != 1 {
		t.Errorf("T: %+v, %v", own, err)
	}
	fx, err := d.Choose("frameworkcompat", "ASPStateTempSessions")
	if err != nil || len(fx.Procs.Missing) != len(fxProcedures)-1 || !fx.byExpires {
		t.Errorf("fx8: %+v, %v", fx, err)
	}
	for _, n := range d.Notes {
		t.Log(n)
	}
}

func TestNewestOnServer(t *testing.T) {
	s := detectServer(t, "h_detect_newest")
	runAll(t, s, slices.Concat(diskTable(t, "fx8", ""), diskTable(t, "fx7", "Old7"), diskTable(t, "async11", "bare"))...)
	runAll(t, s, "DROP INDEX Index_Expires ON dbo.bare")
	insert := func(table, id, expires string) {
		columns, values := "SessionId, Expires, LockDate, LockCookie, Timeout, Locked", "'"+id+"', '"+expires+"', '"+expires+"', 1, 20, 0"
		if table != "Old7" {
			columns, values = columns+", LockDateLocal", values+", '"+expires+"'"
		}
		runAll(t, s, "INSERT dbo."+table+" ("+columns+") VALUES ("+values+")")
	}
	d, err := s.Detect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ table, want string }{
		{"ASPStateTempSessions", ""},
		{"ASPStateTempSessions", "2026-07-01T10:00:00.123Z"},
		{"Old7", "2026-07-01T10:00:00.123"},
		{"bare", ""},
	} {
		if c.table == "bare" || c.want != "" {
			insert(c.table, "a", "2026-07-01T10:00:00.123")
			insert(c.table, "b", "2026-06-01T10:00:00")
		}
		f, err := d.Choose("", c.table)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Newest(t.Context(), f); err != nil || f.Newest != c.want {
			t.Errorf("%s: %q, want %q, %v", c.table, f.Newest, c.want, err)
		}
	}
}

// TestDetectTempOnServer: -sstype t. The table in tempdb is everybody's, so it is made only where there is none.
func TestDetectTempOnServer(t *testing.T) {
	s := detectServer(t, "h_detect_temp")
	runAll(t, s, "CREATE PROCEDURE dbo.TempGetStateItem3 @id nvarchar(88) AS RETURN 0")
	d, err := s.Detect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Found) > 0 || len(d.Altered) > 0 {
		t.Skip("tempdb has a session table already")
	}
	if !slices.ContainsFunc(d.Notes, func(n string) bool { return strings.Contains(n, "CreateTempTables") }) {
		t.Errorf("notes %q", d.Notes)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
	defer cancel()
	conn, err := s.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exec := func(text string) {
		t.Helper()
		if _, err := conn.ExecContext(ctx, text); err != nil {
			t.Error(err)
		}
	}
	exec("USE tempdb")
	defer exec("USE h_detect_temp")
	for _, text := range diskTable(t, "fx8", "") {
		exec(text)
	}
	defer exec("DROP TABLE dbo.ASPStateTempSessions")
	d, err = s.Detect(ctx)
	if err != nil || len(d.Found) != 1 || d.Found[0].Variant != "fx-temp" || d.Found[0].Procs.Database != "h_detect_temp" {
		t.Fatalf("%+v, %v", d, err)
	}
	if err := s.Newest(ctx, &d.Found[0]); err != nil {
		t.Error(err)
	}
}
