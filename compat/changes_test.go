package compat

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// trackingServer answers the statements about change tracking as SQL Server's documentation says. It stands in for one:
// the engine of the other tests lacks them.
type trackingServer struct {
	object, begin, now int64 // no object: no row; now below 0: NULL
	oldest             any   // bigint or NULL
	err                error // instead of what is tracked
	right              int64
	changes            []string
	changesErr         []error // one a call
	meanwhile          func()  // while the changes are read
	texts              []string
	args               [][]driver.NamedValue
}

func (s *trackingServer) Connect(context.Context) (driver.Conn, error) { return &trackingConn{s}, nil }
func (s *trackingServer) Driver() driver.Driver                        { return nil }

type trackingConn struct{ s *trackingServer }

func (*trackingConn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (*trackingConn) Close() error                        { return nil }
func (*trackingConn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }

func (c *trackingConn) QueryContext(_ context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s := c.s
	s.texts, s.args = append(s.texts, text), append(s.args, args)
	switch op, _, _ := layout.ReadMark(text); op {
	case layout.OpTracking:
		if s.err != nil {
			return nil, s.err
		}
		if s.object == 0 {
			return &someRows{columns: 4}, nil
		}
		var now driver.Value = s.now
		if s.now < 0 {
			now = nil
		}
		return &someRows{4, [][]driver.Value{{s.object, s.begin, now, s.oldest}}}, nil
	case layout.OpChanged:
		if len(s.changesErr) > 0 {
			err := s.changesErr[0]
			if s.changesErr = s.changesErr[1:]; err != nil {
				return nil, err
			}
		}
		rows := &someRows{columns: 1}
		for _, id := range s.changes[:min(len(s.changes), int(args[1].Value.(int64)))] {
			rows.rows = append(rows.rows, []driver.Value{id})
		}
		if s.meanwhile != nil {
			s.meanwhile()
		}
		return rows, nil
	case layout.OpRight:
		return &someRows{1, [][]driver.Value{{s.right}}}, nil
	}
	return nil, fmt.Errorf("unknown: %s", text)
}

type someRows struct {
	columns int
	rows    [][]driver.Value
}

func (r *someRows) Columns() []string { return make([]string, r.columns) }
func (r *someRows) Close() error      { return nil }
func (r *someRows) Next(to []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(to, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

// trackedTable is a table of aspnet_regsql on a server that tracks it.
func trackedTable(t *testing.T) (*Table, *trackingServer) {
	s := &trackingServer{object: 77, begin: 3, now: 10, oldest: int64(5), right: 1}
	db := sql.OpenDB(s)
	t.Cleanup(func() { db.Close() })
	f := foundAs(t, "ASPState", "fx8")
	return &Table{
		server: &Server{db: db, Facts: Facts{Database: "ASPState"}}, found: *f, layout: f.Layout,
		o: Options{Retry: Retry{Attempts: 3, Sleep: func(context.Context, time.Duration) error { return nil }}},
	}, s
}

func TestChangesAreAskedForByMicrosoftsRules(t *testing.T) {
	table, s := trackedTable(t)
	at, err := table.Changes(t.Context(), "")
	if err != nil || at.Next != "77.3.10" || at.Keys != nil {
		t.Fatalf("%+v, %v", at, err)
	}
	s.now, s.changes, s.texts, s.args = 12, []string{"a", "b"}, nil, nil
	s.meanwhile = func() { s.now++ }                  // what is committed now may be told
	s.changesErr = []error{mssql.Error{Number: 1222}} // a lock that was waited for
	table.engine.snapshots = true
	ch, err := table.Changes(t.Context(), at.Next)
	if err != nil || ch.Next != "77.3.12" || !slices.Equal(ch.Keys, []session.Key{{ID: "a"}, {ID: "b"}}) {
		t.Fatalf("%+v, %v", ch, err)
	}
	var ops []layout.Operation
	for _, text := range s.texts {
		op, _, _ := layout.ReadMark(text)
		ops = append(ops, op)
	}
	if want := []layout.Operation{layout.OpTracking, layout.OpChanged, layout.OpTracking, layout.OpChanged, layout.OpTracking}; !slices.Equal(ops, want) {
		t.Errorf("asked %v: the version comes first, and whether it was too old last", ops)
	}
	if want := "/*aspstate:changed fx8*/SET TRANSACTION ISOLATION LEVEL SNAPSHOT;\n" +
		"SELECT TOP (@p2) c.[SessionId] FROM CHANGETABLE(CHANGES [dbo].[ASPStateTempSessions], @p1) AS c"; s.texts[1] != want {
		t.Errorf("got  %s\nwant %s", s.texts[1], want)
	}
	if v := s.args[1][0].Value; v != int64(10) { // a bigint: CHANGETABLE takes no expression
		t.Errorf("since %v (%T)", v, v)
	}
	if v := s.args[0][0].Value; v != "[dbo].[ASPStateTempSessions]" {
		t.Errorf("the table is %v", v)
	}
}

func TestPositionsThatAreTooOld(t *testing.T) {
	for name, change := range map[string]func(*trackingServer){
		"cleaned up":                func(s *trackingServer) { s.oldest = int64(11) },
		"cleaned up meanwhile":      func(s *trackingServer) { s.meanwhile = func() { s.oldest = int64(11) } },
		"truncated":                 func(s *trackingServer) { s.begin = 10 },
		"truncated meanwhile":       func(s *trackingServer) { s.meanwhile = func() { s.begin = 12 } },
		"made anew":                 func(s *trackingServer) { s.object = 78 },
		"the database was set back": func(s *trackingServer) { s.now = 9 },
		"very much has changed":     func(s *trackingServer) { s.changes = make([]string, mostChanges+1) },
	} {
		table, s := trackedTable(t)
		change(s)
		if ch, err := table.Changes(t.Context(), "77.3.10"); !errors.Is(err, session.ErrTooOld) || ch.Next != "" {
			t.Errorf("%s: %+v, %v", name, ch, err)
		}
	}
	table, s := trackedTable(t)
	s.changes = make([]string, mostChanges)
	if ch, err := table.Changes(t.Context(), "77.3.10"); err != nil || len(ch.Keys) != mostChanges {
		t.Errorf("as many as go: %d, %v", len(ch.Keys), err)
	}
	for _, since := range []string{"10", "77.3.10.1", "77.3.10 ", "x", "077.3.10", `["77.3.10"]`} {
		if _, err := table.Changes(t.Context(), since); !errors.Is(err, session.ErrTooOld) {
			t.Errorf("%q: %v", since, err)
		}
	}
}

// Whatever a server does not want to answer means that nothing is tracked; a lost connection does not.
func TestTablesThatAreNotTracked(t *testing.T) {
	refusal := mssql.Error{Number: 22105, Class: 16, Message: "Change tracking is not enabled on table."}
	for name, c := range map[string]struct {
		change        func(*Table, *trackingServer)
		verdict, text string // of preflight; none: it does not ask
		statements    bool
	}{
		"turned off":                  {func(_ *Table, s *trackingServer) { s.object = 0 }, verdictOK, "is off", true},
		"turned off for the database": {func(_ *Table, s *trackingServer) { s.now = -1 }, verdictOK, "is off", true},
		"no right":                    {func(_ *Table, s *trackingServer) { s.oldest = nil }, verdictWarning, "VIEW CHANGE TRACKING", true},
		"no such view":                {func(_ *Table, s *trackingServer) { s.err = mssql.Error{Number: 208, Class: 16} }, verdictOK, "not known", true},
		"an old aspstate":             {func(_ *Table, s *trackingServer) { s.err = mssql.Error{Number: 50000, Class: 16} }, verdictOK, "not known", true},
		"in tempdb":                   {func(t *Table, _ *trackingServer) { t.found.Database = "tempdb" }, "", "", false},
		"memory-optimized":            {func(t *Table, _ *trackingServer) { t.found.Layout = memoryLayout() }, "", "", false},
		"Babelfish":                   {func(t *Table, _ *trackingServer) { t.server.Facts.Babelfish = true }, "", "", false},
		"turned off in that moment":   {func(_ *Table, s *trackingServer) { s.changesErr = []error{refusal} }, verdictOK, "is on and used", true},
	} {
		table, s := trackedTable(t)
		c.change(table, s)
		if _, err := table.Changes(t.Context(), "77.3.10"); !errors.Is(err, session.ErrUntracked) {
			t.Errorf("%s: %v", name, err)
		}
		if c.statements != (len(s.texts) > 0) {
			t.Errorf("%s: asked %q", name, s.texts)
		}
		got, err := checkTracking(t.Context(), &inspection{server: table.server, found: &table.found, role: RoleSource})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		expectCheck(t, name, got, c.verdict, c.text)
	}
	table, s := trackedTable(t)
	s.err = io.ErrUnexpectedEOF
	if _, err := table.Changes(t.Context(), ""); err == nil || errors.Is(err, session.ErrUntracked) {
		t.Errorf("a lost connection: %v", err)
	}
}

func memoryLayout() *layout.Layout {
	l, err := layout.ByName(layout.InMemory)
	if err != nil {
		panic(err)
	}
	return l
}

func TestTrackingCheck(t *testing.T) {
	table, s := trackedTable(t)
	ask := func(role Role) Check {
		t.Helper()
		c, err := checkTracking(t.Context(), &inspection{server: table.server, found: &table.found, role: role})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	expectCheck(t, "on", ask(RoleSource), verdictOK, "is on and used")
	expectCheck(t, "of a target", ask(RoleTarget), "", "")
	s.right = 0
	c := ask(RoleSource)
	expectCheck(t, "no right", c, verdictWarning, "lacks VIEW CHANGE TRACKING")
	if !strings.Contains(c.Remedy, "GRANT VIEW CHANGE TRACKING ON [dbo].[ASPStateTempSessions]") {
		t.Errorf("remedy %q", c.Remedy)
	}
}

// TestChangesOnServer runs on a SQL Server only; Babelfish has no change tracking and must say so.
func TestChangesOnServer(t *testing.T) {
	s := detectServer(t, "h_change_tracking")
	runAll(t, s, diskTable(t, "fx8", "")...)
	d, err := s.Detect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.Choose(layout.FrameworkCompat, "")
	if err != nil {
		t.Fatal(err)
	}
	table, err := s.Open(t.Context(), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	if _, err := table.Changes(t.Context(), ""); !errors.Is(err, session.ErrUntracked) {
		t.Fatalf("not turned on: %v", err)
	}
	if s.Facts.Babelfish {
		s.Facts.Babelfish = false // a server that has no such view answers so, too
		if _, err := table.Changes(t.Context(), ""); !errors.Is(err, session.ErrUntracked) {
			t.Errorf("asked all the same: %v", err)
		}
		t.Skip("Babelfish has no change tracking")
	}
	runAll(t, s, "ALTER DATABASE CURRENT SET CHANGE_TRACKING = ON", "ALTER TABLE "+table.name()+" ENABLE CHANGE_TRACKING")
	at, err := table.Changes(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	insert := func(id string) {
		t.Helper()
		r := session.Record{Key: session.Key{ID: id}, Payload: []byte{1, 2}, Timeout: 20, Expires: session.At(time.Now()).AddMinutes(20)}
		if outs, err := table.Apply(t.Context(), []session.Change{{Record: r}}); err != nil || outs[0].Result != session.Applied {
			t.Fatal(outs, err)
		}
	}
	insert("first")
	ch, err := table.Changes(t.Context(), at.Next)
	if err != nil || !slices.Equal(ch.Keys, []session.Key{{ID: "first"}}) {
		t.Fatalf("after an insert: %+v, %v", ch, err)
	}
	if ch, err = table.Changes(t.Context(), ch.Next); err != nil || len(ch.Keys) != 0 {
		t.Fatalf("after nothing: %+v, %v", ch, err)
	}
	runAll(t, s, "UPDATE "+table.name()+" SET Timeout = 21", "DELETE FROM "+table.name())
	if ch, err = table.Changes(t.Context(), ch.Next); err != nil || !slices.Equal(ch.Keys, []session.Key{{ID: "first"}}) {
		t.Fatalf("after a deletion: %+v, %v", ch, err)
	}
	insert("second")
	runAll(t, s, "TRUNCATE TABLE "+table.name())
	if _, err = table.Changes(t.Context(), ch.Next); !errors.Is(err, session.ErrTooOld) {
		t.Fatalf("after a truncation: %v", err)
	}
}
