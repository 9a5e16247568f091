package compat

import (
	"bytes"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// dialect says how the procedures of one installation are called: the tables of sql-layouts.md 3.6 and 6.3 are the same.
type dialect struct {
	o          SchemaOptions
	name       func(proc string) string
	x, g       string
	insert     string // parameters: id, timeout, payload
	uninit     string
	update     string // id, cookie, timeout, payload
	release    string
	remove     string
	reset      string
	purge      string
	returns    bool // RETURN 0
	short      bool // there is SessionItemShort
	missX      any  // ActionFlags of an exclusive read that finds nothing
	counts     bool // changes count one row
	procsTable string
}

func fxDialect(o SchemaOptions, missX any, counts bool) dialect {
	plain := func(p string) string { return "dbo." + p }
	return dialect{
		o: o, name: plain, x: "TempGetStateItemExclusive3", g: "TempGetStateItem3",
		insert: "TempInsertStateItemShort @p1, @p3, @p2", uninit: "TempInsertUninitializedItem @p1, @p3, @p2",
		update: "TempUpdateStateItemShort @p1, @p4, @p3, @p2", release: "TempReleaseStateItemExclusive @p1, @p2",
		remove: "TempRemoveStateItem @p1, @p2", reset: "TempResetTimeout @p1", purge: "DeleteExpiredSessions",
		returns: true, short: true, missX: missX, counts: counts, procsTable: "dbo.ASPStateTempSessions",
	}
}

func asyncDialect(o SchemaOptions, table, prefix, suffix string, missX any) dialect {
	return dialect{
		o: o, name: func(p string) string { return "dbo." + prefix + p + suffix }, x: "GetStateItemExclusive", g: "GetStateItem",
		insert: "InsertStateItem @p1, @p2, @p3", uninit: "InsertUninitializedItem @p1, @p2, @p3",
		update: "UpdateStateItem @p1, @p2, @p3, @p4", release: "ReleaseItemExclusive @p1, @p2", remove: "RemoveStateItem @p1, @p2",
		reset: "ResetItemTimeout @p1", purge: "DeleteExpiredSessionState", missX: missX, counts: true, procsTable: "dbo." + table,
	}
}

var dialects = map[string]dialect{
	"fx":           fxDialect(SchemaOptions{Layout: "frameworkcompat", Type: "c"}, nil, true),
	"sample":       fxDialect(SchemaOptions{Layout: "sample-inmemory", StandIn: true}, int64(0), true),
	"sample_retry": fxDialect(SchemaOptions{Layout: "sample-inmemory", StandIn: true, Retry: true}, int64(0), true),
	"sqlserver":    asyncDialect(SchemaOptions{Layout: "sqlserver"}, "ASPNetSessionState", "", "", nil),
	"table":        asyncDialect(SchemaOptions{Layout: "sqlserver", Table: "Shop"}, "Shop", "Shop_", "", nil),
	"inmemory":     asyncDialect(SchemaOptions{Layout: "inmemory", StandIn: true}, "ASPNetSessionState_InMem", "", "M", int64(0)),
	"durable":      asyncDialect(SchemaOptions{Layout: "inmemorydurable", StandIn: true}, "ASPNetSessionState_InMemDurable", "", "MD", int64(0)),
}

// call executes a procedure and returns the number of rows that it counted.
func (d dialect) call(s *Server, call string, args ...any) (int64, error) {
	proc, params, _ := strings.Cut(call, " ")
	text := "EXEC " + d.name(proc) + " " + params
	res, err := s.db.Exec(text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// answer is what a read gives.
type answer struct {
	code                              any
	locked, age, cookie, flags, short any
	long                              []byte
	longs                             int // rows of the long payload
}

func (d dialect) read(t *testing.T, s *Server, proc string) answer {
	t.Helper()
	a, err := d.ask(s, proc)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (d dialect) ask(s *Server, proc string) (a answer, err error) {
	text := "DECLARE @rc int, @short varbinary(7000), @locked bit, @age int, @cookie int, @flags int;\nEXEC @rc = " + d.name(proc) + " @p1, "
	if d.short {
		text += "@short OUTPUT, "
	}
	text += "@locked OUTPUT, @age OUTPUT, @cookie OUTPUT, @flags OUTPUT;\nSELECT @rc, @locked, @age, @cookie, @flags, @short"
	rows, err := s.db.Query(text, "id")
	if err != nil {
		return a, err
	}
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		cols, err := rows.Columns()
		for rows.Next() && err == nil {
			if len(cols) == 1 {
				a.longs++
				err = rows.Scan(&a.long)
			} else {
				err = rows.Scan(&a.code, &a.locked, &a.age, &a.cookie, &a.flags, &a.short)
			}
		}
		if err != nil {
			return a, err
		}
	}
	return a, rows.Err()
}

// stored is a row as the table of effects looks at it. Times are said in words: long ago, or of now.
type stored struct {
	locked  bool
	cookie  int
	timeout int
	flags   int
	expires string // "renewed" (now + timeout), "old"
	lock    string // "now", "old", "mixed" (LockDate and LockDateLocal do not agree)
	short   string
	long    string
}

// put makes row id: cookie 7, timeout 20, locked or not 100 s ago, expires in a far future.
func (d dialect) put(t *testing.T, s *Server, r stored) {
	t.Helper()
	var short, long any = []byte(nil), []byte(nil)
	if r.short != "" {
		short = []byte(r.short)
	}
	if r.long != "" {
		long = []byte(r.long)
	}
	cols, vals := "SessionItemLong", "@p2"
	if d.short {
		cols, vals = cols+", SessionItemShort", vals+", @p3"
	}
	text := "DELETE FROM " + d.procsTable + ";\nINSERT INTO " + d.procsTable + " (SessionId, Expires, LockDate, LockDateLocal, LockCookie, Timeout, Locked, Flags, " + cols + ")\n" +
		fmt.Sprintf("VALUES (@p1, '2050-01-01', DATEADD(second, -100, GETUTCDATE()), DATEADD(second, -100, GETDATE()), 7, 20, %d, %d, %s)", bit(r.locked), r.flags, vals)
	args := []any{"id", long}
	if d.short {
		args = append(args, short)
	}
	if _, err := s.db.Exec(text, args...); err != nil {
		t.Fatal(err)
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (d dialect) row(t *testing.T, s *Server) (r stored, ok bool) {
	t.Helper()
	short := "CONVERT(varbinary(7000), NULL)"
	if d.short {
		short = "SessionItemShort"
	}
	var b, l []byte
	var left, utc, local int
	err := s.db.QueryRow("SELECT Locked, LockCookie, Timeout, Flags, DATEDIFF(second, GETUTCDATE(), Expires), DATEDIFF(second, LockDate, GETUTCDATE()), "+
		"DATEDIFF(second, LockDateLocal, GETDATE()), "+short+", SessionItemLong FROM "+d.procsTable+" WHERE SessionId = @p1", "id").
		Scan(&r.locked, &r.cookie, &r.timeout, &r.flags, &left, &utc, &local, &b, &l)
	if err == sql.ErrNoRows {
		return r, false
	}
	if err != nil {
		t.Fatal(err)
	}
	r.short, r.long = string(b), string(l)
	near := func(got, want int) bool { return got >= want-5 && got <= want+5 }
	r.expires = "old"
	if left < 1<<24 {
		r.expires = fmt.Sprintf("in %d s", left)
		if near(left, 60*r.timeout) {
			r.expires = "renewed"
		}
	}
	switch {
	case near(utc, 0) && near(local, 0):
		r.lock = "now"
	case near(utc, 100) && near(local, 100):
		r.lock = "old"
	default:
		r.lock = "mixed"
	}
	return r, true
}

var big = strings.Repeat("x", 9000)

// TestEffects is the table of sql-layouts.md 3.6: what every operation leaves in the row and what it returns.
func TestEffects(t *testing.T) {
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			s := schemaServer(t, "h_schema_e_"+name)
			if _, err := s.Install(t.Context(), d.o); err != nil {
				t.Fatal(err)
			}
			d.testReads(t, s)
			d.testWrites(t, s)
			d.testPurge(t, s)
			d.testReadsThatMeet(t, s)
			if d.short {
				d.testShortAndLong(t, s)
			}
		})
	}
}

func (d dialect) testReads(t *testing.T, s *Server) {
	payload := stored{short: "small"}
	if !d.short {
		payload = stored{long: "small"}
	}
	for _, c := range []struct {
		what   string
		before stored
	}{
		{"free", payload},
		{"free, uninitialized", stored{flags: 1, short: payload.short, long: payload.long}},
		{"free, other bits of Flags", stored{flags: 7, short: payload.short, long: payload.long}},
		{"free, long", stored{long: big}},
		{"free, both", stored{long: big, short: payload.short}},
		{"locked", stored{locked: true, short: payload.short, long: payload.long}},
		{"locked, uninitialized", stored{locked: true, flags: 1, short: payload.short, long: payload.long}},
		{"locked, long", stored{locked: true, long: big}},
	} {
		if !d.short && c.before.short != "" {
			c.before.short = ""
		}
		for _, proc := range []string{d.x, d.g} {
			d.put(t, s, c.before)
			got := d.read(t, s, proc)
			exclusive := proc == d.x
			after := c.before
			after.cookie, after.timeout, after.expires, after.lock = 7, 20, "renewed", "old"
			after.flags &^= 1
			age := int64(100)
			if exclusive && !c.before.locked {
				after.locked, after.cookie, after.lock, age = true, 8, "now", 0
			}
			if r, ok := d.row(t, s); !ok || r != after {
				t.Errorf("%s, %s: row is %.200v, want %.200v", c.what, proc, r, after)
			}
			if n, ok := got.age.(int64); !ok || n < age || n > age+5 {
				t.Errorf("%s, %s: age %v, want %d", c.what, proc, got.age, age)
			}
			if got.locked != c.before.locked || got.cookie != int64(after.cookie) || got.flags != int64(c.before.flags&1) {
				t.Errorf("%s, %s: locked %v, cookie %v, flags %v", c.what, proc, got.locked, got.cookie, got.flags)
			}
			short, long := c.before.short, c.before.long
			if c.before.locked {
				short, long = "", ""
			}
			if b, _ := got.short.([]byte); string(b) != short || string(got.long) != long || got.longs != min(len(long), 1) {
				t.Errorf("%s, %s: short %q, long %d bytes in %d rows", c.what, proc, b, len(got.long), got.longs)
			}
			if d.returns && got.code != int64(0) {
				t.Errorf("%s, %s: returns %v", c.what, proc, got.code)
			}
		}
	}
	if _, err := s.db.Exec("DELETE FROM " + d.procsTable); err != nil {
		t.Fatal(err)
	}
	for _, proc := range []string{d.x, d.g} {
		got := d.read(t, s, proc)
		var flags any
		if proc == d.x {
			flags = d.missX
		}
		if got.locked != nil || got.age != nil || got.cookie != nil || got.short != nil || got.flags != flags || got.longs != 0 {
			t.Errorf("no row, %s: %+v", proc, got)
		}
	}
}

func (d dialect) testWrites(t *testing.T, s *Server) {
	with := func(r stored, payload string) stored {
		r.short, r.long = "", ""
		if d.short {
			r.short = payload
		} else {
			r.long = payload
		}
		return r
	}
	before := with(stored{locked: true, flags: 2}, "small")
	same := with(stored{locked: true, flags: 2, cookie: 7, timeout: 20, expires: "old", lock: "old"}, "small")
	for _, c := range []struct {
		what, call string
		args       []any
		rows       int64
		want       stored
		gone       bool
	}{
		{"U", d.update, []any{"id", 7, 30, []byte("new")}, 1, with(stored{cookie: 7, flags: 2, timeout: 30, expires: "renewed", lock: "old"}, "new"), false},
		{"U, other cookie", d.update, []any{"id", 6, 30, []byte("new")}, 0, same, false},
		{"U, no row", d.update, []any{"nobody", 7, 30, []byte("new")}, 0, same, false},
		{"R", d.release, []any{"id", 7}, 1, with(stored{cookie: 7, flags: 2, timeout: 20, expires: "renewed", lock: "old"}, "small"), false},
		{"R, other cookie", d.release, []any{"id", 8}, 0, same, false},
		{"D", d.remove, []any{"id", 7}, 1, stored{}, true},
		{"D, other cookie", d.remove, []any{"id", 8}, 0, same, false},
		{"T", d.reset, []any{"id"}, 1, with(stored{locked: true, cookie: 7, flags: 2, timeout: 20, expires: "renewed", lock: "old"}, "small"), false},
		{"T, no row", d.reset, []any{"nobody"}, 0, same, false},
	} {
		d.put(t, s, before)
		n, err := d.call(s, c.call, c.args...)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if n != c.rows {
			t.Errorf("%s: %d rows counted, want %d", c.what, n, c.rows)
		}
		if r, ok := d.row(t, s); ok == c.gone || ok && r != c.want {
			t.Errorf("%s: row is %+v (there %v), want %+v", c.what, r, ok, c.want)
		}
	}
	for _, c := range []struct {
		what, call string
		flags      int
	}{{"N", d.insert, 0}, {"Z", d.uninit, 1}} {
		if _, err := s.db.Exec("DELETE FROM " + d.procsTable); err != nil {
			t.Fatal(err)
		}
		n, err := d.call(s, c.call, "id", 15, []byte("first"))
		want := with(stored{cookie: 1, flags: c.flags, timeout: 15, expires: "renewed", lock: "now"}, "first")
		if r, ok := d.row(t, s); err != nil || n != 1 || !ok || r != want {
			t.Errorf("%s: %d rows, %v; row is %+v, want %+v", c.what, n, err, r, want)
		}
		if _, err := d.call(s, c.call, "id", 15, []byte("second")); Number(err) != 2627 {
			t.Errorf("%s of a row that is there: %v, want 2627", c.what, err)
		}
	}
}

// testPurge: rows are deleted by Expires alone, locked or not (section 12).
func (d dialect) testPurge(t *testing.T, s *Server) {
	if _, err := s.db.Exec("DELETE FROM " + d.procsTable); err != nil {
		t.Fatal(err)
	}
	for i, minutes := range []int{-1, -1000, 1, 1000} {
		if _, err := d.call(s, d.insert, fmt.Sprint(i), minutes, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.db.Exec("UPDATE " + d.procsTable + " SET Locked = 1 WHERE SessionId = N'1'"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.call(s, d.purge); err != nil {
		t.Fatal(err)
	}
	var ids []string
	rows, err := s.db.Query("SELECT SessionId FROM " + d.procsTable + " ORDER BY SessionId")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if got := strings.Join(ids, " "); got != "2 3" {
		t.Errorf("after the purge there are rows %s", got)
	}
}

// testShortAndLong is the table of section 3.7, for every procedure that writes a payload.
func (d dialect) testShortAndLong(t *testing.T, s *Server) {
	for _, c := range []struct{ proc, payload, short, long string }{
		{"TempUpdateStateItemShort", "new", "new", big},
		{"TempUpdateStateItemShortNullLong", "new", "new", ""},
		{"TempUpdateStateItemLong", big + "y", "small", big + "y"},
		{"TempUpdateStateItemLongNullShort", big + "y", "", big + "y"},
	} {
		d.put(t, s, stored{short: "small", long: big})
		n, err := d.call(s, c.proc+" @p1, @p2, @p3, @p4", "id", []byte(c.payload), 5, 7)
		r, _ := d.row(t, s)
		if err != nil || n != 1 || r.short != c.short || r.long != c.long || r.timeout != 5 || r.expires != "renewed" {
			t.Errorf("%s: %d rows, %v, short %q, long %d bytes, %d minutes, expires %s", c.proc, n, err, r.short, len(r.long), r.timeout, r.expires)
		}
	}
	if _, err := s.db.Exec("DELETE FROM " + d.procsTable); err != nil {
		t.Fatal(err)
	}
	if _, err := d.call(s, "TempInsertStateItemLong @p1, @p2, @p3", "id", bytes.Repeat([]byte{1}, 100_000), 5); err != nil {
		t.Fatal(err)
	}
	if a := d.read(t, s, d.x); len(a.long) != 100_000 || a.short != nil {
		t.Errorf("100,000 bytes came back as %d", len(a.long))
	}
}

// testReadsThatMeet: of requests that ask for one free session, one gets it; the payload is that of the last write.
func (d dialect) testReadsThatMeet(t *testing.T, s *Server) {
	const clients, rounds = 6, 8
	last := "0"
	if d.short {
		d.put(t, s, stored{short: last})
	} else {
		d.put(t, s, stored{long: last})
	}
	for round := range rounds {
		var wg sync.WaitGroup
		answers := make([]answer, clients)
		for i := range clients {
			wg.Go(func() {
				var err error
				if answers[i], err = d.ask(s, d.x); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		winners := 0
		for _, a := range answers {
			if a.cookie != int64(8+round) {
				t.Errorf("round %d: cookie %v", round, a.cookie)
			}
			if a.locked == false {
				winners++
				if b, _ := a.short.([]byte); string(b)+string(a.long) != last {
					t.Errorf("round %d: payload %q %q, want %q", round, b, a.long, last)
				}
			}
		}
		if winners != 1 {
			t.Fatalf("round %d: %d winners", round, winners)
		}
		last = strings.Repeat("x", round+1)
		if n, err := d.call(s, d.update, "id", 8+round, 20, []byte(last)); err != nil || n != 1 {
			t.Fatalf("round %d: %d rows, %v", round, n, err)
		}
	}
}
