package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/testengine"
	"github.com/aspstate/aspstate/session"
)

// runsID is what aspnet_regsql's table has of runsApp.
const runsID = 1678543416

// seedTable fills a database with sessions of runsApp, as the in-box provider spells them.
func (d *testDatabase) seedTable(n int) (keys []session.Key) {
	d.t.Helper()
	d.register(strings.ToLower(runsApp), runsID)
	empty := []byte{60, 0, 0, 0, 0, 0, 0xFF}
	var rows []sqlRow
	for i := range n {
		k := session.Key{App: "shop", ID: fmt.Sprintf("old%021d", i)}
		keys = append(keys, k)
		rows = append(rows, liveRow(fmt.Sprintf("%s%08x", k.ID, runsID), empty))
	}
	d.insert(fxShape, rows...)
	return keys
}

// looks opens the table of a database, whose ids are spelled by a rule.
func (d *testDatabase) looks(name string, rule layout.IDRule) (session.Peeker, func(session.Key) (session.Key, error)) {
	d.t.Helper()
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{runsApp}})
	if err != nil {
		d.t.Fatal(err)
	}
	sp, err := layout.NewSpelling(reg, rule)
	if err != nil {
		d.t.Fatal(err)
	}
	x := testengine.Open(d.t, testengine.Connect(d.t, d.dsn), name, compat.Options{})
	return x, func(k session.Key) (session.Key, error) { return sp.Spell(k, rule) }
}

// TestCutOverOnSQLServer takes a farm from one table to another, back, and there again, through two bridges of which one is killed,
// while pages of both protocols use the sessions.
func TestCutOverOnSQLServer(t *testing.T) {
	if testing.Short() {
		t.Skip("leases of killed bridges have to run out")
	}
	s := server(t)
	old, fresh := s.fx("cut_old"), s.async("cut_new")
	keys := old.seedTable(60)
	between := []string{
		"--old", old.dsn, "--from", "frameworkcompat", "--from-ids", "inbox", "--store", fresh.dsn, "--to", "sqlserver", "--to-ids", "async-2.1",
	}
	r := s.run(append([]string{"bridge", "--stateserver", "127.0.0.1:0", "--app", "shop=" + runsApp}, between...)...)
	if r.code != exitRefused || !strings.Contains(r.err, "aspstate_control") || !strings.Contains(r.err, "hint: aspstate schema install control --database "+fresh.name) {
		t.Fatalf("without control tables: exit %d, %s", r.code, r.err)
	}
	s.ok("schema", "install", "control", "--to-dsn", fresh.dsn)

	b, other := newKilledBridge(t, t.TempDir(), between...), newKilledBridge(t, t.TempDir(), between...)
	b.rate = 60 // engines of tests are slow
	f := b.traffic(1, keys, other)
	for strings.Count(ok(t, "ctl", "leases", "--control", b.control, "--json").out, `"role":"bridge"`) != 2 { // it hears of the other within a second
	}
	for _, p := range []string{"prepare", "handoff", "mirror", "handback", "proxy"} {
		b.phase(p)
		if p == "handoff" {
			other.kill()
		}
	}
	refused := s.run("migrate", "--from-dsn", old.dsn, "--to-dsn", fresh.dsn, "--to-ids", "async-2.1", "--app", "shop="+runsApp, "--dry-run")
	if refused.code != exitDone {
		t.Errorf("a migration back in proxy: exit %d, %s", refused.code, refused.err)
	}
	check := func(d *testDatabase, name string, rule layout.IDRule) {
		t.Helper()
		p, respell := d.looks(name, rule)
		bad, err := f.Check(t.Context(), p, respell)
		if err != nil || len(bad) > 0 {
			t.Errorf("%s has %d complaints: %s, %v", d.name, len(bad), strings.Join(bad[:min(len(bad), 10)], "\n"), err)
		}
	}
	f.Pause()
	check(old, layout.FrameworkCompat, layout.RuleInbox)
	f.Resume()
	for _, p := range []string{"prepare", "handoff", "mirror", "done"} {
		other.phase(p)
		if p == "prepare" {
			late := []string{
				"migrate", "--follow", "--from-dsn", old.dsn, "--to-dsn", fresh.dsn, "--to-ids", "async-2.1", "--app", "shop=" + runsApp,
				"--checkpoint", filepath.Join(s.dir, "late"),
			}
			follow := s.run(late...)
			for range 5 { // on a busy machine the lease may not be had in time
				if follow.code == exitFailed {
					follow = s.run(late...)
				}
			}
			if follow.code != exitRefused {
				t.Errorf("a copier past proxy: exit %d, %s", follow.code, follow.err)
			}
		}
		if p == "handoff" {
			b.kill()
		}
	}
	f.Stop()
	check(fresh, layout.SQLServer, layout.RuleAsync21)
	res := f.Result()
	t.Logf("%d pages, %d calls failed (%v), p50 %v, p99 %v", res.Pages, res.Failures, res.Failure, res.P50, res.P99)
	if res.Pages < 100 {
		t.Errorf("%d pages: the run tests nothing", res.Pages)
	}
	for _, x := range []*killedBridge{b, other} {
		s.hides(result{out: x.r.stop(os.Interrupt)}, s.password(), "bridge")
	}
}

// TestFollowOnSQLServer follows from one table to another under the lease of a copier, is killed, goes on, and cuts over.
func TestFollowOnSQLServer(t *testing.T) {
	s := server(t)
	from, to := s.fx("follow_from"), s.async("follow_to")
	from.seedTable(40)
	s.ok("schema", "install", "control", "--to-dsn", to.dsn)
	dir := t.TempDir()
	run := func() *running {
		r := start(t, "migrate", "--follow", "--from-dsn", from.dsn, "--to-dsn", to.dsn, "--to-ids", "async-2.1", "--app", "shop="+runsApp,
			"--checkpoint", filepath.Join(dir, "checkpoint"), "--control", filepath.Join(dir, "ctl.sock"), "--lock-wait", "1s", "--json")
		r.says(caughtUp)
		return r
	}
	r := run()
	if l := ok(t, "ctl", "leases", "--control", filepath.Join(dir, "ctl.sock"), "--json"); strings.Count(l.out, `"role":"copier"`) != 1 {
		t.Errorf("leases: %s", l.out)
	}
	late := liveRow(fmt.Sprintf("late%020d%08x", 1, runsID), payload(t, 9000, "b"))
	from.insert(fxShape, late)
	r.stop(os.Kill)
	r = run()
	report := s.ok("ctl", "cut-over", "--control", filepath.Join(dir, "ctl.sock"))
	if !strings.Contains(report.out, "cut over after ") {
		t.Errorf("the report: %s", report.out)
	}
	if code := r.ended(); code != exitDone {
		t.Fatalf("exit %d\n%s", code, r.said())
	}
	s.hides(result{out: r.said()}, s.password(), "migrate")
	s.same(41, from, to, "--app", "shop="+runsApp)
	if m := regexp.MustCompile(`"freeze_seconds":[\d.]+`).FindString(r.said()); m != "" {
		t.Log(m)
	}
	var copiers int
	for end := time.Now().Add(time.Minute); time.Now().Before(end); { // the lease of the killed one runs out
		if err := to.db.QueryRow("SELECT COUNT(*) FROM aspstate_leases WHERE until > GETUTCDATE()").Scan(&copiers); err != nil || copiers == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if copiers != 0 {
		t.Errorf("%d leases live on", copiers)
	}
}
