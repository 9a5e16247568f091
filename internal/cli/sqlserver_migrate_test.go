package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The sandbox's applications as --app says them. In lower case, as ASPStateTempApplications keeps it, only /lm/w3svc/1/root
// tells what the async providers make of it.
var (
	shop = []string{"--app", "shop=/LM/W3SVC/3/ROOT/shop"}
	farm = append([]string{"--app", "portal=/LM/W3SVC/1/ROOT", "--app", "intranet=/LM/W3SVC/2/ROOT"}, shop...)
)

// seed fills a database of frameworkcompat from the sandbox, and returns how many sessions it has then.
func (s *testServer) seed(to *testDatabase, sessions int) int {
	s.t.Helper()
	r := s.ok("migrate", "--from", "frameworkcompat", "--sandbox", filepath.Join(s.dir, "sandbox"), "--sandbox-sessions", strconv.Itoa(sessions),
		"--to", "frameworkcompat", "--to-dsn", to.dsn, "--to-ids", "inbox", "--checkpoint", filepath.Join(s.dir, "seed"), "--json")
	return int(lastLine(s.t, r)["copied"].(float64))
}

// The whole way: from the sandbox into a database, into another layout, and back into a third database.
func TestMigrationBetweenServers(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to, back := s.fx("from"), s.async("to"), s.fx("back")
	n := s.seed(from, 600)
	if n < 400 {
		t.Fatalf("%d sessions", n)
	}
	was := from.rows(fxShape)

	r := s.migrate(from, to, shop...)
	if r.code != exitRefused || !strings.Contains(r.err, "hint: ") || !strings.Contains(r.err, "--to-ids") {
		t.Errorf("no target rule: exit %d: %s", r.code, r.err)
	}
	if r = s.migrate(from, to, "--to-ids", "async-2.1"); r.code != exitRefused || !strings.Contains(r.err, "/lm/w3svc/3/root/shop") {
		t.Errorf("an application whose true spelling nobody told: exit %d: %s", r.code, r.err)
	}
	if got := to.rows(asyncShape); len(got) != 0 {
		t.Fatalf("refused runs have written %d rows", len(got))
	}

	r = s.migrate(from, to, append([]string{"--to-ids", "async-2.1"}, shop...)...)
	plan := event(t, r, "plan")
	if plan["learned"] != true || !reflect.DeepEqual(plan["from_ids"], []any{"inbox"}) || plan["to_ids"] != "async-2.1" {
		t.Errorf("id rules of the plan: %v", plan)
	}
	if rep := lastLine(t, r); r.code != 0 || rep["copied"] != float64(n) || rep["verified"] != float64(n) {
		t.Fatalf("the first run: exit %d, %v\n%s", r.code, rep, r.err)
	}
	s.same(n, from, to, shop...)
	if rep := s.report(from, to, shop...); rep["copied"] != 0.0 || rep["updated"] != 0.0 || rep["unchanged"] != float64(n) { // the rule is evident now
		t.Errorf("the second run: %v", rep)
	}

	if rep := s.report(to, back, append([]string{"--to-ids", "inbox"}, farm...)...); rep["copied"] != float64(n) {
		t.Errorf("back: %v", rep)
	}
	s.same(n, from, back, shop...)
	if got := back.rows(fxShape); !reflect.DeepEqual(got, was) {
		t.Errorf("%d rows came back of %d, or not as they were", len(got), len(was))
	}
	if !reflect.DeepEqual(from.rows(fxShape), was) {
		t.Error("the source has changed")
	}
	want := map[string]int32{"/lm/w3svc/1/root": 538231025, "/lm/w3svc/2/root": 729231826, "/lm/w3svc/3/root/shop": 1678543416}
	if got := back.applications(); !maps.Equal(got, want) {
		t.Errorf("the third database knows applications %v", got)
	}
}

// applications reads ASPStateTempApplications.
func (d *testDatabase) applications() map[string]int32 {
	d.t.Helper()
	found, err := d.db.Query("SELECT AppName, AppId FROM ASPStateTempApplications")
	if err != nil {
		d.t.Fatal(err)
	}
	defer found.Close()
	apps := map[string]int32{}
	for found.Next() {
		var name string
		var id int32
		if err := found.Scan(&name, &id); err != nil {
			d.t.Fatal(err)
		}
		apps[strings.TrimRight(name, " ")] = id
	}
	if found.Err() != nil {
		d.t.Fatal(found.Err())
	}
	return apps
}

// What changes after a copy: a row of the source is copied again, one that is gone is removed, one that the target has
// changed is left to it and shows in verify.
func TestSecondRunBetweenServers(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to := s.fx("again_from"), s.async("again_to")
	from.register("/lm/w3svc/1/root", 538231025)
	for _, raw := range []string{"kept", "grown", "gone", "taken"} {
		from.insert(fxShape, liveRow(raw+"2014c0f1", payload(t, 400, "a")))
	}
	if rep := s.report(from, to, "--to-ids", "async-x64"); rep["copied"] != 4.0 {
		t.Fatalf("%v", rep)
	}
	grown := liveRow("grown2014c0f1", payload(t, 9000, "b"))
	from.exec("DELETE FROM ASPStateTempSessions WHERE SessionId IN ('gone2014c0f1', 'grown2014c0f1')")
	from.insert(fxShape, grown)
	to.exec("UPDATE ASPNetSessionState SET LockCookie = 77 WHERE SessionId = 'taken7E023E84'")
	r := s.run("verify", "--from-dsn", from.dsn, "--to-dsn", to.dsn, "--json")
	if v := lastLine(t, r); r.code != exitDifferent || v["differences"] != 3.0 || v["equal"] != 1.0 {
		t.Errorf("verify: exit %d: %v", r.code, v)
	}
	rep := s.report(from, to)
	if rep["unchanged"] != 1.0 || rep["updated"] != 1.0 || rep["deleted"] != 1.0 || rep["target_owned"] != 1.0 || rep["copied"] != 0.0 {
		t.Errorf("%v", rep)
	}
	grown.ID = "grown7E023E84"
	rows := to.rows(asyncShape)
	wantRow(t, rows, grown)
	if rows["taken7E023E84"].Cookie != 77 || len(rows) != 3 {
		t.Errorf("%v", rows)
	}
}

// Without --checkpoint it lies where the command runs, under one name whether the target's rule was said or learned: else
// the second run would not know what the first has written.
func TestCheckpointOfServers(t *testing.T) {
	s := server(t)
	t.Chdir(s.dir)
	from, to := s.fx("cp_from"), s.async("cp_to")
	from.register("/lm/w3svc/1/root", 538231025)
	for _, rule := range []string{"async-2.1", "async-x86"} {
		from.exec("DELETE FROM ASPStateTempSessions")
		to.exec("DELETE FROM ASPNetSessionState")
		from.insert(fxShape, liveRow("one2014c0f1", payload(t, 400, "a")), liveRow("two2014c0f1", payload(t, 400, "a")))
		args := []string{"migrate", "--from-dsn", from.dsn, "--to-dsn", to.dsn, "--json"}
		s.ok(append(args, "--to-ids", rule)...)
		from.exec("UPDATE ASPStateTempSessions SET LockCookie = 9 WHERE SessionId = 'one2014c0f1'")
		if rep := lastLine(t, s.ok(args...)); rep["updated"] != 1.0 || rep["unchanged"] != 1.0 {
			t.Errorf("%s, the second run: %v", rule, rep)
		}
	}
	names, err := filepath.Glob("aspstate-frameworkcompat-*-to-sqlserver-*.checkpoint")
	if err != nil || len(names) != 2 {
		t.Errorf("checkpoints: %q, %v", names, err)
	}
	for _, name := range names {
		if b, err := os.ReadFile(name); err != nil || strings.Contains(string(b), "sqlserver://") {
			t.Errorf("%s: %v, or it holds a DSN", name, err)
		}
	}
}

// inspect shows what a database holds and then its rows, in text and as two lines of JSON; with --from the rows only.
func TestInspectServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	db := s.fx("inspect")
	n := s.seed(db, 200)
	before := db.rows(fxShape)

	text := s.ok("inspect", "--from-dsn", db.dsn).out
	for _, says := range []string{
		"frameworkcompat  h_cli_inspect.dbo.ASPStateTempSessions, fx-custom", "AppId 640c8a38: /lm/w3svc/3/root/shop", "newest expires ",
		strconv.Itoa(n) + "  rows: " + strconv.Itoa(n) + " live, 0 expired", "of /lm/w3svc/2/root, ids inbox",
	} {
		if !strings.Contains(text, says) {
			t.Errorf("no %q in\n%s", says, text)
		}
	}
	lines := strings.Split(strings.TrimSpace(s.ok("inspect", "--from-dsn", db.dsn, "--json").out), "\n")
	var held holdings
	if err := json.Unmarshal([]byte(lines[0]), &held); err != nil || len(lines) != 2 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if len(held.Tables) != 1 || held.Tables[0].Layout != "frameworkcompat" || held.Tables[0].Apps["/lm/w3svc/1/root"] != 538231025 ||
		held.Tables[0].Missing != nil || held.Notes == nil {
		t.Errorf("%+v", held)
	}
	if newest, err := time.Parse(time.RFC3339, held.Tables[0].Newest); err != nil || !newest.After(clock()) {
		t.Errorf("newest: %v, %v", newest, err)
	}
	one := s.ok("inspect", "--from-dsn", db.dsn, "--from", "frameworkcompat", "--json").out
	var v survey
	if err := json.Unmarshal([]byte(one), &v); err != nil {
		t.Fatal(err)
	}
	var grouped, long, locked int64
	for _, g := range v.Groups {
		if grouped += g.Rows; g.Rule != "inbox" {
			t.Errorf("%+v", g)
		}
	}
	for _, row := range before {
		if row.Long != nil {
			long++
		}
		if row.Locked {
			locked++
		}
	}
	if v.Rows != int64(n) || grouped != v.Rows || len(v.Groups) != 3 || v.Sizes.Over7000 != long || v.Locked != locked || v.Colliding != 0 {
		t.Errorf("%+v", v)
	}
	if strings.TrimSpace(one) != lines[1] && !slices.Equal(v.Groups, rowsOf(t, lines[1]).Groups) {
		t.Errorf("with --from:\n%s\nwithout:\n%s", one, lines[1])
	}
	if !reflect.DeepEqual(db.rows(fxShape), before) {
		t.Error("looking has changed the store")
	}
}

func rowsOf(t *testing.T, line string) (v survey) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// dump session shows one session on both sides, by its raw id or by any spelling, and changes nothing.
func TestDumpSessionOfServers(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to := s.fx("dump_from"), s.async("dump_to")
	from.register("/lm/w3svc/1/root", 538231025)
	want := liveRow("q3m0zv5kd2xw1ea4tyh5rb0c2014c0f1", payload(t, 9000, "z"))
	want.Locked = true
	from.insert(fxShape, want, liveRow("other2014c0f1", payload(t, 400, "a")))
	s.report(from, to, "--to-ids", "async-2.1")
	var shown [][]byte
	for _, c := range []struct{ id, dsn, stored, rule string }{
		{"q3m0zv5kd2xw1ea4tyh5rb0c", from.dsn, "q3m0zv5kd2xw1ea4tyh5rb0c2014c0f1", "inbox"},
		{"q3m0zv5kd2xw1ea4tyh5rb0cB3003E84", from.dsn, "q3m0zv5kd2xw1ea4tyh5rb0c2014c0f1", "inbox"},
		{"q3m0zv5kd2xw1ea4tyh5rb0c", to.dsn, "q3m0zv5kd2xw1ea4tyh5rb0cB3003E84", "async-2.1"},
		{"q3m0zv5kd2xw1ea4tyh5rb0c2014c0f1", to.dsn, "q3m0zv5kd2xw1ea4tyh5rb0cB3003E84", "async-2.1"},
	} {
		v := lastLine(t, s.ok("dump", "session", c.id, "--from-dsn", c.dsn, "--app", "/lm/w3svc/1/root=/LM/W3SVC/1/ROOT", "--json"))
		if v["stored_id"] != c.stored || v["ids"] != c.rule || v["locked"] != true || v["lock_cookie"] != 3.0 || v["payload_bytes"] != 9000.0 {
			t.Errorf("%s: %v", c.id, v)
		}
		for _, k := range []string{"stored_id", "ids", "layout"} {
			delete(v, k)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, b)
	}
	for _, b := range shown[1:] {
		if !bytes.Equal(b, shown[0]) {
			t.Errorf("shown otherwise:\n%s\n%s", shown[0], b)
		}
	}
	wantRow(t, from.rows(fxShape), want)
	if r := s.run("dump", "session", "nosuchsession", "--from-dsn", from.dsn); r.code != exitFailed || !strings.Contains(r.err, "not found") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}
