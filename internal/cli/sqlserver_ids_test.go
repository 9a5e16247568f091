package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/fixtures"
)

// groupsOf is what inspect counts in the only table of a database: rows by "application rule".
func (s *testServer) groupsOf(db *testDatabase, more ...string) (survey, map[string]int64) {
	s.t.Helper()
	r := s.ok(append([]string{"inspect", "--from-dsn", db.dsn, "--from", "frameworkcompat", "--json"}, more...)...)
	v := rowsOf(s.t, r.out)
	groups := map[string]int64{}
	for _, g := range v.Groups {
		groups[g.App+" "+g.Rule] = g.Rows
	}
	return v, groups
}

// Every suffix of the vectors is found in one table of frameworkcompat: of which application, spelled by which rule.
func TestSuffixVectorsOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.fx("vectors")
	type spelled struct {
		Suffix string
		ID     string `json:"session_id"`
	}
	var v struct {
		Vectors []struct {
			AppID string  `json:"app_domain_app_id"`
			Inbox spelled `json:"inbox"`
			X86   spelled `json:"async_fx32"`
			X64   spelled `json:"async_fx64"`
			V21   spelled `json:"async_v21"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(fixtures.AppIDSuffixes, &v); err != nil || len(v.Vectors) == 0 {
		t.Fatalf("vectors: %v", err)
	}
	want, apps := map[string]int64{}, []string{}
	for i, x := range v.Vectors {
		app := fmt.Sprint("app", i)
		apps = append(apps, "--app", app+"="+x.AppID)
		for n, sp := range []spelled{x.Inbox, x.X86, x.X64, x.V21} {
			rule := []string{"inbox", "async-x86", "async-x64", "async-2.1"}[n]
			db.insert(fxShape, liveRow(sp.ID, payload(t, 300, "a")))
			want[app+" "+rule] = 1
		}
	}
	got, groups := s.groupsOf(db, apps...)
	if !maps.Equal(groups, want) || len(got.Unknown) != 0 {
		t.Errorf("found %v, unknown %v", groups, got.Unknown)
	}
	if rows := int64(4 * len(v.Vectors)); got.Colliding != rows || got.Rows != rows { // all of one raw id
		t.Errorf("%d rows, %d colliding", got.Rows, got.Colliding)
	}
}

// Two rows of one session, under two rules: inspect counts both, doubt stops the copy, the rule named first wins.
func TestCollidingIDsOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to := s.fx("collide_from"), s.async("collide_to")
	from.register("/lm/w3svc/1/root", 538231025)
	inbox, async := liveRow("one2014c0f1", payload(t, 400, "i")), liveRow("oneF517E97F", payload(t, 400, "a"))
	from.insert(fxShape, inbox, async, liveRow("two2014c0f1", payload(t, 400, "i")), liveRow("three2014c0f1", payload(t, 400, "i")),
		liveRow("fourF517E97F", payload(t, 400, "a")))
	if v, groups := s.groupsOf(from); v.Colliding != 2 || groups["/lm/w3svc/1/root inbox"] != 3 || groups["/lm/w3svc/1/root async-x86"] != 2 {
		t.Errorf("inspect: %d colliding, %v", v.Colliding, groups)
	}
	r := s.migrate(from, to, "--to-ids", "async-2.1")
	if r.code != exitRefused || !strings.Contains(r.err, "--from-ids inbox,async-x86") || event(t, r, "plan")["collisions"] != 1.0 {
		t.Errorf("learned rules: exit %d: %s", r.code, r.err)
	}
	if r = s.migrate(from, to, "--to-ids", "async-2.1", "--from-ids", "inbox"); r.code != exitRefused || !strings.Contains(r.err, "2 live rows are spelled by async-x86") {
		t.Errorf("a rule that was not named: exit %d: %s", r.code, r.err)
	}
	if len(to.rows(asyncShape)) != 0 {
		t.Fatal("a refused run has written")
	}
	for _, c := range []struct {
		rules string
		wins  sqlRow
	}{{"inbox,async-x86", inbox}, {"async-x86,inbox", async}} {
		to.exec("DELETE FROM ASPNetSessionState")
		rep := s.report(from, to, "--to-ids", "async-2.1", "--from-ids", c.rules, "--start-over")
		if rep["copied"] != 4.0 || rep["superseded"] != 1.0 || rep["refused"] != 0.0 {
			t.Errorf("%s: %v", c.rules, rep)
		}
		want := c.wins
		want.ID, want.Long, want.Short = "oneB3003E84", c.wins.Short, nil
		wantRow(t, to.rows(asyncShape), want)
	}
}

// The AppId in ASPStateTempApplications counts, whatever the formula says, in the source as in the target.
func TestAppIDsChangedByAnAdministrator(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to := s.fx("appid_from"), s.fx("appid_to")
	from.register("/lm/w3svc/3/root/shop", 11259375) // 00abcdef
	row := liveRow("one00abcdef", payload(t, 9000, "a"))
	from.insert(fxShape, row)
	if _, groups := s.groupsOf(from, shop...); groups["shop inbox"] != 1 {
		t.Errorf("inspect: %v", groups)
	}
	from.insert(fxShape, liveRow("two640c8a38", payload(t, 400, "a"))) // by the formula: nobody asks for it
	r := s.migrate(from, to, append([]string{"--to-ids", "inbox"}, shop...)...)
	if r.code != exitRefused || !strings.Contains(r.err, "640c8a38 (1)") {
		t.Errorf("an id by the formula: exit %d: %s", r.code, r.err)
	}
	from.exec("DELETE FROM ASPStateTempSessions WHERE SessionId = 'two640c8a38'")

	to.register("/lm/w3svc/3/root/shop", -2) // fffffffe
	if rep := s.report(from, to, append([]string{"--to-ids", "inbox"}, shop...)...); rep["copied"] != 1.0 {
		t.Errorf("%v", rep)
	}
	row.ID = "onefffffffe"
	wantRow(t, to.rows(fxShape), row)
	s.same(1, from, to, append([]string{"--to-ids", "inbox"}, shop...)...)
	if apps := to.applications(); !maps.Equal(apps, map[string]int32{"/lm/w3svc/3/root/shop": -2}) {
		t.Errorf("the target's applications: %v", apps)
	}
}

// Rows of nobody stop the copy; with --skip-unknown they are left behind.
func TestUnknownSuffixesOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to := s.fx("unknown_from"), s.async("unknown_to")
	from.register("/lm/w3svc/1/root", 538231025)
	from.insert(fxShape, liveRow("one2014c0f1", payload(t, 400, "a")), liveRow("onedeadbeef", payload(t, 400, "b")),
		liveRow("twodeadbeef", payload(t, 400, "b")), liveRow("short", payload(t, 400, "c")))
	v, _ := s.groupsOf(from)
	if !slices.Equal(v.Unknown, []suffixCount{{"DEADBEEF", 2}}) || v.Unsuffixed != 1 {
		t.Errorf("inspect: %v, %d unsuffixed", v.Unknown, v.Unsuffixed)
	}
	r := s.migrate(from, to, "--to-ids", "async-2.1")
	if r.code != exitRefused || !strings.Contains(r.err, "3 live rows belong to no known application, or to one whose ids the target cannot spell; suffixes: deadbeef (2), none (1)") ||
		len(to.rows(asyncShape)) != 0 {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if rep := s.report(from, to, "--to-ids", "async-2.1", "--skip-unknown"); rep["copied"] != 1.0 || rep["refused"] != 3.0 {
		t.Errorf("--skip-unknown: %v", rep)
	}
	if rows := to.rows(asyncShape); len(rows) != 1 || rows["oneB3003E84"].ID == "" {
		t.Errorf("%v", slices.Collect(maps.Keys(rows)))
	}
	s.same(1, from, to, "--skip-unknown")
}

// A target with ids of two rules tells no rule; one whose only live rows are of a rule does.
func TestTargetRuleFromLiveRows(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to := s.fx("evident_from"), s.fx("evident_to")
	from.register("/lm/w3svc/1/root", 538231025)
	from.insert(fxShape, liveRow("one2014c0f1", payload(t, 400, "a")))
	to.insert(fxShape, liveRow("theirs7E023E84", payload(t, 400, "a")))
	if rep := s.report(from, to); rep["copied"] != 1.0 || rep["target_owned"] != 1.0 {
		t.Errorf("%v", rep)
	}
	if rows := to.rows(fxShape); len(rows) != 2 || rows["one7E023E84"].ID == "" {
		t.Errorf("%v", slices.Collect(maps.Keys(rows)))
	}
	to.insert(fxShape, liveRow("theirsF517E97F", payload(t, 400, "a")))
	r := s.migrate(from, to)
	if r.code != exitRefused || !strings.Contains(r.err, "async-x64") || !strings.Contains(r.err, "async-x86") || !strings.Contains(r.err, "--to-ids") {
		t.Errorf("two rules: exit %d: %s", r.code, r.err)
	}
}

// One DSN twice: ids are spelled anew in place, and the old rows go when it is said.
func TestRespellInPlaceOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.fx("respell")
	db.register("/lm/w3svc/1/root", 538231025)
	one, two := liveRow("one2014c0f1", payload(t, 400, "a")), liveRow("two2014c0f1", payload(t, 9000, "b"))
	db.insert(fxShape, one, two)
	if r := s.migrate(db, db); r.code != exitUsage || !strings.Contains(r.err, "--to-ids") {
		t.Errorf("no rule: exit %d: %s", r.code, r.err)
	}
	if rep := s.report(db, db, "--to-ids", "inbox", "--checkpoint", filepath.Join(s.dir, "inbox")); rep["scanned"] != 0.0 {
		t.Errorf("the rule that it has: %v", rep)
	}
	if r := s.migrate(db, db, "--to-ids", "inbox", "--from-ids", "inbox"); r.code != exitUsage || !strings.Contains(r.err, "same table") {
		t.Errorf("the same rule: exit %d: %s", r.code, r.err)
	}
	args := []string{"--to-ids", "async-2.1"}
	if rep := s.report(db, db, args...); rep["copied"] != 2.0 || rep["deleted"] != 0.0 {
		t.Errorf("%v", rep)
	}
	if rows := db.rows(fxShape); len(rows) != 4 {
		t.Errorf("%d rows", len(rows))
	}
	// What is used meanwhile is found by its old id; the copy follows it.
	db.exec("UPDATE ASPStateTempSessions SET LockCookie = 8 WHERE SessionId = 'one2014c0f1'")
	if rep := s.report(db, db, append(args, "--remove-old")...); rep["updated"] != 1.0 || rep["unchanged"] != 1.0 || rep["removed_old"] != 2.0 {
		t.Errorf("--remove-old: %v", rep)
	}
	one.Cookie = 8
	one.ID, two.ID = "oneB3003E84", "twoB3003E84"
	rows := db.rows(fxShape)
	wantRow(t, rows, one)
	wantRow(t, rows, two)
	if len(rows) != 2 {
		t.Errorf("%v", slices.Collect(maps.Keys(rows)))
	}
	if rep := s.report(db, db, args...); rep["scanned"] != 0.0 || rep["deleted"] != 0.0 { // there is no old row left
		t.Errorf("once more: %v", rep)
	}
}
