package cli

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Two layouts side by side, one of them twice: inspect lists them all and reads none; a copy wants to be told which.
func TestLayoutsSideBySideOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	db, to := s.fx("beside"), s.async("beside_to")
	s.ok("schema", "install", "sqlserver", "--to-dsn", db.dsn)
	db.register("/lm/w3svc/1/root", 538231025)
	db.insert(fxShape, liveRow("old2014c0f1", payload(t, 400, "a")))
	async := liveRow("newB3003E84", nil)
	async.Short, async.Long = nil, payload(t, 400, "b")
	db.insert(asyncShape, async)

	r := s.ok("inspect", "--from-dsn", db.dsn, "--json")
	var held holdings
	if err := json.Unmarshal([]byte(r.out), &held); err != nil { // one line: no rows are read
		t.Fatalf("%v in %s", err, r.out)
	}
	var there []string
	for _, x := range held.Tables {
		if there = append(there, x.Layout+" "+x.Table); x.Newest == "" || x.Why == "" {
			t.Errorf("%+v", x)
		}
	}
	slices.Sort(there)
	if want := []string{"frameworkcompat h_cli_beside.dbo.ASPStateTempSessions", "sqlserver h_cli_beside.dbo.ASPNetSessionState"}; !slices.Equal(there, want) {
		t.Errorf("inspect lists %q", there)
	}
	r = s.migrate(db, to, "--to-ids", "async-x64")
	if r.code != exitRefused || !strings.Contains(r.err, "has several") || !strings.Contains(r.err, "--from LAYOUT") {
		t.Errorf("which layout: exit %d: %s", r.code, r.err)
	}
	r = s.migrate(to, db, append([]string{"--to-ids", "async-2.1"}, farm...)...)
	if r.code != exitRefused || !strings.Contains(r.err, "has several") || !strings.Contains(r.err, "--to") {
		t.Errorf("which target: exit %d: %s", r.code, r.err)
	}
	if rep := s.report(db, to, "--from", "frameworkcompat", "--to-ids", "async-x64"); rep["copied"] != 1.0 {
		t.Errorf("%v", rep)
	}

	s.ok("schema", "install", "sqlserver", "--to-dsn", db.dsn, "--to-table", "Shop")
	cp := filepath.Join(s.dir, "table")
	args := append([]string{"--from", "sqlserver", "--to-ids", "async-x64", "--checkpoint", cp}, farm...)
	if r = s.migrate(db, to, args...); r.code != exitRefused || !strings.Contains(r.err, "Shop") {
		t.Errorf("which table: exit %d: %s", r.code, r.err)
	}
	if rep := s.report(db, to, append(args, "--from-table", "ASPNetSessionState")...); rep["copied"] != 1.0 {
		t.Errorf("%v", rep)
	}
	// From one layout to another in one database: an upgrade in place.
	cp = filepath.Join(s.dir, "upgrade")
	upgrade := []string{"--from", "frameworkcompat", "--to", "sqlserver", "--to-table", "shop", "--to-ids", "async-2.1", "--checkpoint", cp}
	if rep := s.report(db, db, upgrade...); rep["copied"] != 1.0 {
		t.Errorf("%v", rep)
	}
	for table, want := range map[*testDatabase]map[shape][]string{
		to: {asyncShape: {"new7E023E84", "old7E023E84"}},
		db: {fxShape: {"old2014c0f1"}, asyncShape: {"newB3003E84"}, shape{"Shop", "", "SessionItemLong"}: {"oldB3003E84"}},
	} {
		for x, ids := range want {
			if got := slices.Sorted(maps.Keys(table.rows(x))); !slices.Equal(got, ids) {
				t.Errorf("%s.%s has %q", table.name, x.table, got)
			}
		}
	}
}

// What is not as its installer makes it is refused, with what was expected and what is there.
func TestAlteredTablesOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	db, to := s.database("altered"), s.async("altered_to")
	if r := s.run("inspect", "--from-dsn", db.dsn); r.code != exitFailed || !strings.Contains(r.err, "holds no ASP.NET sessions") {
		t.Errorf("an empty database: exit %d: %s", r.code, r.err)
	}
	const head, tail = "CREATE TABLE ASPStateTempSessions (SessionId nvarchar(88) NOT NULL PRIMARY KEY, Created datetime NOT NULL, ",
		"LockDate datetime NOT NULL, LockDateLocal datetime NOT NULL, Locked bit NOT NULL, SessionItemLong image NULL, "
	for _, c := range []struct{ what, columns, says string }{
		{
			"a short column that is too short", "Expires datetime NOT NULL, LockCookie int NOT NULL, Timeout int NOT NULL, SessionItemShort varbinary(100) NULL, Flags int NOT NULL",
			"column SessionItemShort is varbinary(100), expected varbinary(7000)",
		},
		{
			"a column that is gone", "Expires datetime NOT NULL, LockCookie int NOT NULL, SessionItemShort varbinary(7000) NULL, Flags int NOT NULL",
			"column Timeout is missing, expected int",
		},
		{
			"a column that every row must have", "Expires datetime NOT NULL, LockCookie int NOT NULL, Timeout int NOT NULL, SessionItemShort varbinary(7000) NULL, Flags int NOT NULL, tenant int NOT NULL",
			"column tenant is not of the layout",
		},
		{
			"the tables of ASP.NET 1.1", "Expires datetime NOT NULL, LockCookie int NOT NULL, Timeout int NOT NULL, SessionItemShort varbinary(7000) NULL",
			"ASP.NET 1",
		},
	} {
		db.exec("DROP TABLE IF EXISTS ASPStateTempSessions")
		db.exec(head + tail + c.columns + ")")
		r := s.run("inspect", "--from-dsn", db.dsn)
		if r.code != exitRefused || !strings.Contains(r.out, c.says) {
			t.Errorf("inspect, %s: exit %d: %s%s", c.what, r.code, r.out, r.err)
		}
		r = s.migrate(db, to, "--to-ids", "async-2.1")
		if r.code != exitRefused || !strings.Contains(r.err, c.says) || !strings.Contains(r.err, "hint: ") {
			t.Errorf("migrate, %s: exit %d: %s", c.what, r.code, r.err)
		}
	}
	// Nor is it written to.
	r := s.migrate(to, db, append([]string{"--to-ids", "inbox"}, farm...)...)
	if r.code != exitRefused || !strings.Contains(r.err, "ASP.NET 1") {
		t.Errorf("as a target: exit %d: %s", r.code, r.err)
	}
}

// The databases of a partition resolver go into one target. What their rows do not agree on is doubt.
func TestPartitionsOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	one, two, to := s.fx("part_one"), s.fx("part_two"), s.async("part_to")
	one.register("/lm/w3svc/1/root", 538231025)
	two.register("/lm/w3svc/1/root", 538231025)
	for i, db := range []*testDatabase{one, two} {
		for _, raw := range []string{"a", "b", "c"}[:2+i] {
			db.insert(fxShape, liveRow(raw+db.name+"2014c0f1", payload(t, 400, raw)))
		}
	}
	both := []string{"--from-dsn", two.dsn, "--to-ids", "async-2.1"}
	if rep := s.report(one, to, both...); rep["copied"] != 5.0 {
		t.Errorf("%v", rep)
	}
	if rep := s.report(one, to, both...); rep["unchanged"] != 5.0 || rep["deleted"] != 0.0 {
		t.Errorf("again: %v", rep)
	}
	s.same(5, one, to, both...)
	two.exec("DELETE FROM ASPStateTempSessions WHERE SessionId LIKE 'c%'")
	if rep := s.report(one, to, both...); rep["unchanged"] != 4.0 || rep["deleted"] != 1.0 {
		t.Errorf("one row fewer: %v", rep)
	}
	if r := s.run("inspect", "--from-dsn", one.dsn, "--from-dsn", two.dsn, "--from", "frameworkcompat", "--json"); r.code != 0 || lastLine(t, r)["rows"] != 4.0 {
		t.Errorf("inspect: exit %d: %s%s", r.code, r.out, r.err)
	}
	if r := s.migrate(one, to, "--from-dsn", one.dsn, "--to-ids", "async-2.1"); r.code != exitUsage || !strings.Contains(r.err, "named twice") {
		t.Errorf("one partition twice: exit %d: %s", r.code, r.err)
	}
	if r := s.migrate(one, to, "--from-dsn", to.dsn, "--to-ids", "async-2.1"); r.code != exitUsage || !strings.Contains(r.err, "one layout") {
		t.Errorf("partitions of two layouts: exit %d: %s", r.code, r.err)
	}

	two.insert(fxShape, liveRow("a"+one.name+"2014c0f1", payload(t, 400, "z"))) // which one does the application use?
	r := s.migrate(one, to, both...)
	if rep := lastLine(t, r); r.code != exitRefused || rep["refused"] != 1.0 || rep["unchanged"] != 4.0 {
		t.Errorf("an id in both: exit %d: %s", r.code, r.out)
	}
	two.exec("UPDATE ASPStateTempApplications SET AppId = 5")
	if r = s.migrate(one, to, both...); r.code != exitRefused || !strings.Contains(r.err, "partition 2 has another AppId for /lm/w3svc/1/root") {
		t.Errorf("AppIds that differ: exit %d: %s", r.code, r.err)
	}
}
