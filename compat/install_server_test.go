package compat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// schemaServer opens a database of its own, made anew, and drops it at the end.
func schemaServer(t testing.TB, name string) *Server {
	t.Helper()
	dsn := testDSN(t)
	ctx := context.Background()
	master, err := Connect(ctx, dsn.WithDatabase("master"), ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	drop := func() {
		if _, err := master.db.Exec("DROP DATABASE IF EXISTS " + name); err != nil {
			t.Errorf("dropping %s: %v", name, err)
		}
	}
	drop()
	if _, err := master.db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	s, err := Connect(ctx, dsn.WithDatabase(name), ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// installables are the options under which every layout can be made on an engine without memory-optimized tables, and the
// columns of a session row that have no default.
var installables = []struct {
	name string
	o    SchemaOptions
	cols string
	vals string
}{
	{"frameworkcompat", SchemaOptions{Layout: "frameworkcompat", Type: "c", Grant: "app", GrantMigration: "copy"}, asyncCols, asyncVals},
	{"v10", SchemaOptions{Layout: "v1.0", Grant: "app"}, "SessionId, Created, Expires, LockDate, LockCookie, Locked, Flags, Timeout", "N'id', @now, @now, @now, 0, 0, 0, 20"},
	{"v11", SchemaOptions{Layout: "v1.1", GrantMigration: "copy"}, asyncCols, asyncVals},
	{"sqlserver", SchemaOptions{Layout: "sqlserver", Grant: "app"}, asyncCols, asyncVals},
	{"sqlserver_table", SchemaOptions{Layout: "sqlserver", Table: "Shop"}, asyncCols, asyncVals},
	{"v11mem", SchemaOptions{Layout: "v1.1-inmemory", StandIn: true}, asyncCols, asyncVals},
	{"inmemory", SchemaOptions{Layout: "inmemory", StandIn: true}, asyncCols, asyncVals},
	{"sample_retry", SchemaOptions{Layout: "sample-inmemory", Retry: true, StandIn: true, Grant: "app"}, asyncCols, asyncVals},
	{"sqlinmemory_durable", SchemaOptions{Layout: "sqlinmemory", StandIn: true, Durable: true, Grant: "app"}, chunkCols, chunkVals},
}

const (
	asyncCols = "SessionId, Expires, LockDate, LockDateLocal, LockCookie, Timeout, Locked"
	asyncVals = "N'id', @now, @now, @now, 1, 20, 0"
	chunkCols = "SessionId, Created, Expires, Initialized, Locked, LockDate, LockCookie, Timeout, ItemSize"
	chunkVals = "N'id', @now, @now, 1, 0, @now, 0, 20, 0"
)

// TestInstallTwice: the first run makes everything, and Detect knows it again; the second makes nothing and leaves the row.
func TestInstallTwice(t *testing.T) {
	for _, c := range installables {
		t.Run(c.name, func(t *testing.T) {
			s := schemaServer(t, "h_schema_"+c.name)
			r, err := c.o.rendering()
			if err != nil {
				t.Fatal(err)
			}
			first, err := s.Install(t.Context(), c.o)
			if err != nil {
				t.Fatalf("%v\nafter %+v", err, first.Objects)
			}
			for _, o := range first.Objects {
				if o.Result == "there" {
					t.Errorf("an empty database has %s %s", o.Kind, o.Name)
				}
			}
			if _, err := s.db.Exec("DECLARE @now datetime; SET @now = GETUTCDATE(); INSERT INTO dbo." + r.Table + " (" + c.cols + ") VALUES (" + c.vals + ")"); err != nil {
				t.Fatal(err)
			}
			before := everything(t, s)
			second, err := s.Install(t.Context(), c.o)
			if err != nil {
				t.Fatal(err)
			}
			if second.Created() != 0 || len(second.Objects) != len(first.Objects) {
				t.Errorf("the second run says %+v", second.Objects)
			}
			if after := everything(t, s); after != before {
				t.Errorf("the second run has changed the catalogue from\n%s\nto\n%s", before, after)
			}
			var n int
			if err := s.db.QueryRow("SELECT COUNT(*) FROM dbo." + r.Table).Scan(&n); err != nil || n != 1 {
				t.Errorf("%d rows are left of 1, %v", n, err)
			}
			d, err := s.Detect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Altered) != 0 || len(d.Found) != 1 {
				t.Fatalf("found %+v, altered %+v", d.Found, d.Altered)
			}
			if f := d.Found[0]; !c.o.StandIn && (!strings.EqualFold(f.Layout.Name, c.o.Layout) || len(f.Procs.Missing) != 0) {
				t.Errorf("it is taken for %s, %q missing; %q", f.Layout.Name, f.Procs.Missing, d.Notes)
			}
		})
	}
}

// everything lists the objects of a database with their ids and dates: what is dropped and made again has others.
func everything(t *testing.T, s *Server) string {
	t.Helper()
	var b strings.Builder
	err := s.eachRow(t.Context(), "SELECT object_id, name, type, modify_date FROM sys.objects WHERE is_ms_shipped = 0 ORDER BY object_id", func(rows *sql.Rows) error {
		var id int64
		var name, kind string
		var at sql.NullTime
		if err := rows.Scan(&id, &name, &kind, &at); err != nil {
			return err
		}
		fmt.Fprintln(&b, id, name, kind, at.Time)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestInstallRefuses what would collide with another layout's table or procedures, and makes nothing then.
func TestInstallRefuses(t *testing.T) {
	s := schemaServer(t, "h_schema_taken")
	for _, o := range []SchemaOptions{{Layout: "v1.1"}, {Layout: "sqlinmemory", StandIn: true}} {
		if _, err := s.Install(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	before := everything(t, s)
	for _, c := range []struct {
		o    SchemaOptions
		says string
	}{
		{SchemaOptions{Layout: "frameworkcompat", Type: "c"}, "has layout v1.1"},
		{SchemaOptions{Layout: "sqlserver"}, "GetStateItem is there with other parameters"},
		{SchemaOptions{Layout: "v1.0"}, "has layout sqlinmemory"},
		{SchemaOptions{Layout: "v1.1", Database: "Master"}, "database of the server's own"},
	} {
		rep, err := s.Install(t.Context(), c.o)
		var taken *TakenError
		if !errors.As(err, &taken) || !strings.Contains(err.Error(), c.says) || len(rep.Objects) != 0 {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
	if _, err := s.Install(t.Context(), SchemaOptions{Layout: "inmemory"}); s.Facts.Babelfish && (err == nil || !strings.Contains(err.Error(), "no such tables")) {
		t.Errorf("memory-optimized tables on Babelfish: %v", err)
	}
	if after := everything(t, s); after != before {
		t.Errorf("a refused installation has made something:\n%s\nbecame\n%s", before, after)
	}
	if _, err := s.Install(t.Context(), SchemaOptions{Layout: "sqlserver", Table: "Other"}); err != nil {
		t.Errorf("a table of another name: %v", err)
	}
}

// TestInstallMakesDatabase: a database that is named is made, and the connection's own stays as it was.
func TestInstallMakesDatabase(t *testing.T) {
	s := schemaServer(t, "h_schema_here")
	const there = "h_schema_there"
	t.Cleanup(func() { s.db.Exec("DROP DATABASE IF EXISTS " + there) })
	if _, err := s.db.Exec("DROP DATABASE IF EXISTS " + there); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		rep, err := s.Install(t.Context(), SchemaOptions{Layout: "frameworkcompat", Database: there})
		if err != nil || rep.Database != there || rep.Objects[0].Kind != "database" {
			t.Fatalf("%+v, %v", rep, err)
		}
		if made := rep.Created(); (made == 0) != (i == 1) {
			t.Errorf("run %d has made %d objects", i, made)
		}
	}
	var here string
	if err := s.db.QueryRow("SELECT DB_NAME()").Scan(&here); err != nil || !strings.EqualFold(here, "h_schema_here") {
		t.Errorf("the connection is in database %q, %v", here, err)
	}
	if got := everything(t, s); got != "" {
		t.Errorf("the connection's own database has got\n%s", got)
	}
}

// TestInstallTemporary is type t: procedures in ASPState, tables in tempdb, made again when a restart has emptied it.
func TestInstallTemporary(t *testing.T) {
	s := schemaServer(t, "h_schema_temp")
	var id sql.NullInt64
	if err := s.db.QueryRow("SELECT DB_ID(N'ASPState')").Scan(&id); err != nil || id.Valid {
		t.Skip("the server has a database ASPState already")
	}
	t.Cleanup(func() {
		for _, q := range []string{"DROP TABLE IF EXISTS dbo.ASPStateTempSessions", "DROP TABLE IF EXISTS dbo.ASPStateTempApplications"} {
			s.db.Exec("EXEC (N'USE tempdb; " + q + "')")
		}
		s.db.Exec("DROP DATABASE IF EXISTS ASPState")
	})
	o := SchemaOptions{Layout: "frameworkcompat", Type: "t"}
	for i := range 2 {
		rep, err := s.Install(t.Context(), o)
		if err != nil {
			t.Fatalf("run %d: %v", i, err)
		}
		if made := rep.Created(); (made == 0) != (i == 1) {
			t.Errorf("run %d has made %d objects", i, made)
		}
	}
	// The restart.
	if _, err := s.db.Exec("EXEC (N'USE tempdb; DROP TABLE dbo.ASPStateTempSessions')"); err != nil {
		t.Fatal(err)
	}
	rep, err := s.Install(t.Context(), o)
	if err != nil || rep.Created() != 1 {
		t.Errorf("after the table was lost: %+v, %v", rep, err)
	}
	// Type p over it: the procedures are those of type t, which know no table here.
	if _, err := s.Install(t.Context(), SchemaOptions{Layout: "frameworkcompat", Type: "p"}); err == nil || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("type p over type t: %v", err)
	}
	temp, err := Connect(t.Context(), testDSN(t).WithDatabase("ASPState"), ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer temp.Close()
	for _, q := range []string{
		"EXEC dbo.TempInsertStateItemShort N'id', 0x01, 20",
		"DECLARE @s varbinary(7000), @l bit, @a int, @c int, @f int; EXEC dbo.TempGetStateItemExclusive3 N'id', @s OUTPUT, @l OUTPUT, @a OUTPUT, @c OUTPUT, @f OUTPUT",
		"EXEC dbo.TempRemoveStateItem N'id', 2",
	} {
		if _, err := temp.db.Exec(q); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
	d, err := temp.Detect(t.Context())
	if err != nil || len(d.Found) != 1 || d.Found[0].Variant != "fx-temp" || len(d.Found[0].Procs.Missing) != 0 {
		t.Errorf("found %+v, %v", d, err)
	}
}
