package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

const shopID = "/LM/W3SVC/3/ROOT/shop"

// seedShop makes an embedded store of n sessions of the shop.
func seedShop(t *testing.T, dir string, n int) {
	t.Helper()
	s, err := memstore.Open(dir, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		v := session.Value{Payload: []byte(fmt.Sprint("old ", i)), Timeout: 20}
		if err := s.SetAndRelease(t.Context(), session.Key{App: "shop", ID: shopRaw(i)}, v, session.Insert()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func shopRaw(i int) string { return fmt.Sprintf("%024d", i) }

// betweenStores starts a bridge that serves the shop from an old and a new embedded store.
func betweenStores(t *testing.T, dir string, more ...string) (r *running, c *stateserver.Client) {
	t.Helper()
	r = runBridge(t, append([]string{
		"--stateserver", "127.0.0.1:0", "--app", "shop=" + shopID,
		"--old", "embedded:" + filepath.Join(dir, "old"), "--store", "embedded:" + filepath.Join(dir, "new"), "--sync", "always",
	}, more...)...)
	c = stateserver.NewClient(r.says(serving)[1], stateserver.ClientOptions{})
	t.Cleanup(func() { c.Close() })
	return r, c
}

func phaseOf(t *testing.T, args ...string) map[string]any {
	t.Helper()
	return lastLine(t, ok(t, append(append([]string{"ctl", "phase", "shop"}, args...), "--json")...))
}

// payloadsIn lists the payloads of a store that nobody has open, by raw id.
func payloadsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	s, err := memstore.Open(dir, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pg, err := s.Scan(t.Context(), session.ScanRequest{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, r := range pg.Records {
		rows[r.Key.ID] = string(r.Payload)
	}
	return rows
}

// TestBridgeTakesOver takes an application from one store to another by ctl, while it is used.
func TestBridgeTakesOver(t *testing.T) {
	unseen(t)
	const n = 40
	dir := t.TempDir()
	seedShop(t, filepath.Join(dir, "old"), n)
	r, c := betweenStores(t, dir, "--shadow", "100")
	page := func(i int, value string) {
		t.Helper()
		k := underPath(shopID, shopRaw(i))
		item, err := c.GetExclusive(t.Context(), k)
		if err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
		if err := c.SetAndRelease(t.Context(), k, session.Value{Payload: []byte(value), Timeout: 20}, session.IfFree(item.Cookie)); err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
	}
	st := lastLine(t, ok(t, "ctl", "status", "--json"))["bridge"].(map[string]any)
	app := st["apps"].([]any)[0].(map[string]any)
	if st["lease"] != true || !strings.HasPrefix(st["old"].(string), "embedded:") || app["app"] != "shop" || app["phase"] != "proxy" {
		t.Errorf("status: %v", st)
	}
	page(0, "in proxy")
	if text := ok(t, "ctl", "phase", "shop", "prepare").out; !strings.Contains(text, "shop           prepare") {
		t.Errorf("%q", text)
	}
	page(1, "in prepare")
	if a := phaseOf(t, "handoff", "--percent", "30"); a["phase"] != "handoff" || a["percent"] != 30.0 {
		t.Errorf("%v", a)
	}
	page(2, "in handoff of some")
	if a := phaseOf(t, "handoff"); a["percent"] != 100.0 {
		t.Errorf("%v", a)
	}
	page(3, "in handoff")
	for command(t, "", "ctl", "phase", "shop", "mirror").code == exitRefused { // until the background has moved all
	}
	if a := phaseOf(t, "mirror"); a["phase"] != "mirror" {
		t.Errorf("%v", a)
	}
	page(4, "in mirror")
	if text := ok(t, "ctl", "leases").out; !strings.HasPrefix(text, "bridge") || !strings.Contains(text, fmt.Sprintf("process %d", r.Process.Pid)) {
		t.Errorf("%q", text)
	}
	if text := ok(t, "ctl", "status").out; !strings.Contains(text, "shop           mirror") {
		t.Errorf("%s", text)
	}
	if a := phaseOf(t, "done"); a["phase"] != "done" {
		t.Errorf("%v", a)
	}
	page(5, "in done")
	r.stop(os.Interrupt)
	rows := payloadsIn(t, filepath.Join(dir, "new"))
	for i, want := range []string{"in proxy", "in prepare", "in handoff of some", "in handoff", "in mirror", "in done", "old 6"} {
		if rows[shopRaw(i)] != want {
			t.Errorf("session %d is %q, want %q", i, rows[shopRaw(i)], want)
		}
	}
	if len(rows) != n {
		t.Errorf("%d sessions of %d", len(rows), n)
	}
}

// A phase that must not be entered is refused with 5, what is no phase or application with 2, and nothing changes.
func TestPhaseRefusals(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	seedShop(t, filepath.Join(dir, "old"), 3)
	r, _ := betweenStores(t, dir)
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, `"lunch" is none of`, []string{"shop", "lunch"}},
		{exitUsage, `no application is called "shpo"`, []string{"shpo", "prepare"}},
		{exitUsage, "--percent is for handoff", []string{"shop", "prepare", "--percent", "5"}},
		{exitUsage, "--old-timeout is for mirror", []string{"shop", "prepare", "--old-timeout", "20"}},
		{exitRefused, "done does not follow proxy", []string{"shop", "done"}},
		{exitRefused, "mirror does not follow proxy", []string{"shop", "mirror"}},
	} {
		res := command(t, "", append([]string{"ctl", "phase"}, c.args...)...)
		if res.code != c.code || !strings.Contains(res.err, c.says) || res.out != "" {
			t.Errorf("%v: exit %d, want %d: %s%s", c.args, res.code, c.code, res.err, res.out)
		}
	}
	if a := phaseOf(t, "proxy"); a["phase"] != "proxy" { // it is there already
		t.Errorf("%v", a)
	}
	if a := phaseOf(t, "prepare", "--wait=false"); a["app"] != "shop" {
		t.Errorf("%v", a)
	}
	for phaseOf(t, "prepare")["phase"] != "prepare" {
	}
	r.stop(os.Interrupt)

	one := runBridge(t, "--stateserver", "127.0.0.1:0")
	for _, cmd := range [][]string{{"leases"}, {"phase", "shop", "prepare"}} {
		if res := command(t, "", append([]string{"ctl"}, cmd...)...); res.code != exitUsage || !strings.Contains(res.err, "serves one store") {
			t.Errorf("%v: exit %d, %s", cmd, res.code, res.err)
		}
	}
	one.stop(os.Interrupt)
}

// TestPreparedWithACopy: what a migration has copied is known by its checkpoint; without it the new store's rows that old lacks
// are sessions of somebody.
func TestPreparedWithACopy(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	old, young, cp := filepath.Join(dir, "old"), filepath.Join(dir, "new"), filepath.Join(dir, "checkpoint")
	seedShop(t, old, 20)
	copied := []string{"migrate", "--from-dsn", "embedded:" + old, "--to-dsn", "embedded:" + young, "--checkpoint", cp}
	ok(t, copied...)
	r, c := betweenStores(t, dir)
	item, err := c.GetExclusive(t.Context(), underPath(shopID, shopRaw(7)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Remove(t.Context(), underPath(shopID, shopRaw(7)), session.IfFree(item.Cookie)); err != nil { // in proxy: its copy stays
		t.Fatal(err)
	}
	if res := command(t, "", "ctl", "phase", "shop", "prepare"); res.code == exitDone {
		res = command(t, "", "ctl", "phase", "shop", "handoff")
		if res.code != exitRefused {
			t.Errorf("without a checkpoint: exit %d, %s", res.code, res.err)
		}
	} else if res.code != exitRefused {
		t.Errorf("without a checkpoint: exit %d, %s", res.code, res.err)
	}
	r.stop(os.Interrupt)

	r, c = betweenStores(t, dir, "--checkpoint", cp)
	phaseOf(t, "prepare")
	phaseOf(t, "handoff")
	if _, err := c.Get(t.Context(), underPath(shopID, shopRaw(7))); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("the session that was removed: %v", err)
	}
	if _, err := c.Get(t.Context(), underPath(shopID, shopRaw(8))); err != nil {
		t.Errorf("another: %v", err)
	}
	r.stop(os.Interrupt)
	again := command(t, "", copied...)
	if again.code != exitRefused || !strings.Contains(again.err, "past proxy") || !strings.Contains(again.err, "hint: ") {
		t.Errorf("a copy into an application past proxy: exit %d, %s", again.code, again.err)
	}
	if again = command(t, "", append(copied, "--follow")...); again.code != exitRefused || !strings.Contains(again.err, "past proxy") {
		t.Errorf("a following one: exit %d, %s", again.code, again.err)
	}
}

func TestBridgeOldUsage(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	old := filepath.Join(dir, "old")
	seedShop(t, old, 1)
	base := []string{"bridge", "--stateserver", "127.0.0.1:0", "--app", "shop=" + shopID}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, "--shadow is of no use without --old", []string{"--shadow", "5"}},
		{exitUsage, "--checkpoint is of no use without --old", []string{"--checkpoint", "x"}},
		{exitUsage, "--from is of no use without --old", []string{"--from", "v1.1"}},
		{exitUsage, "--shadow: 101", []string{"--old", "embedded:" + old, "--store", "embedded:" + filepath.Join(dir, "new"), "--shadow", "101"}},
		{exitUsage, "memory alone", []string{"--old", "embedded:" + old}},
		{exitUsage, "no place for what bridges have to agree on", []string{"--old", "embedded:" + old, "--store", "stateserver://"}},
		{exitUnreachable, "no such file or directory", []string{"--old", "embedded:" + filepath.Join(dir, "typo"), "--store", "embedded:" + filepath.Join(dir, "new")}},
		{exitUsage, "--old embedded:DIR", []string{"--old", "embedded:", "--store", "embedded:" + filepath.Join(dir, "new")}},
		{exitUsage, "--old: it names no host and port", []string{"--old", "stateserver://old", "--store", "embedded:" + filepath.Join(dir, "new")}},
		{exitUsage, "--from: a State Server has no tables", []string{"--old", "stateserver://old:1", "--from", "v1.1", "--store", "embedded:" + filepath.Join(dir, "new")}},
		{exitUsage, "are one store", []string{"--old", "embedded:" + old, "--store", "embedded:" + old}},
		{exitUnreachable, "127.0.0.1:1", []string{"--old", "sqlserver://sa:s3cret@127.0.0.1:1?encrypt=disable", "--store", "embedded:" + filepath.Join(dir, "new")}},
	} {
		args := c.args
		for i, a := range args {
			if a == "stateserver://" {
				srv := runBridge(t, "--stateserver", "127.0.0.1:0")
				args[i] += srv.says(serving)[1]
			}
		}
		r := command(t, "", append(base, args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.says) || strings.Contains(r.err, "s3cret") {
			t.Errorf("%v: exit %d, want %d: %s", args, r.code, c.code, r.err)
		}
	}
}

// An old State Server cannot list: its sessions come one by one, and the new store leads after their longest timeout only.
func TestTakingOverAStateServer(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "c.sock")
	left := runBridge(t, "--stateserver", "127.0.0.1:0", "--control", filepath.Join(dir, "left.sock"))
	addr := left.says(serving)[1]
	before := stateserver.NewClient(addr, stateserver.ClientOptions{})
	defer before.Close()
	k := underPath(shopID, shopRaw(1))
	if err := before.SetAndRelease(t.Context(), k, session.Value{Payload: []byte("before"), Timeout: 20}, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	r := runBridge(t, "--stateserver", "127.0.0.1:0", "--app", "shop="+shopID, "--old", "stateserver://"+addr,
		"--store", "embedded:"+filepath.Join(dir, "new"), "--control", path)
	c := stateserver.NewClient(r.says(serving)[1], stateserver.ClientOptions{})
	defer c.Close()
	phase := func(name string, more ...string) result {
		return command(t, "", append([]string{"ctl", "phase", "shop", name, "--control", path}, more...)...)
	}
	for _, name := range []string{"prepare", "handoff"} {
		if res := phase(name); res.code != exitDone {
			t.Fatalf("%s: exit %d, %s", name, res.code, res.err)
		}
	}
	item, err := c.Get(t.Context(), k)
	if err != nil || string(item.Payload) != "before" {
		t.Errorf("%q, %v", item.Payload, err)
	}
	if _, err := before.Get(t.Context(), k); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("it has not moved: %v", err)
	}
	if res := phase("mirror"); res.code != exitRefused || !strings.Contains(res.err, "--old-timeout") {
		t.Errorf("mirror: exit %d, %s", res.code, res.err)
	}
	if res := phase("mirror", "--old-timeout", "20"); res.code != exitRefused || !strings.Contains(res.err, "wait") {
		t.Errorf("mirror too soon: exit %d, %s", res.code, res.err)
	}
	r.stop(os.Interrupt)
}

// TestBridgeBetweenOneStore refuses a store on both sides, however its directory is spelled.
func TestBridgeBetweenOneStore(t *testing.T) {
	dir := t.TempDir()
	seedShop(t, filepath.Join(dir, "old"), 1)
	if err := os.Symlink("old", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	for _, young := range []string{"old", "./old/", "link"} {
		r := command(t, "", "bridge", "--stateserver", "127.0.0.1:0", "--old", "embedded:"+filepath.Join(dir, "old"), "--store", "embedded:"+dir+"/"+young)
		if r.code != exitUsage || !strings.Contains(r.err, "are one store") {
			t.Errorf("%s: exit %d, %s", young, r.code, r.err)
		}
	}
}

// TestBridgeShowsApplicationsNobodyAsksFor: who looks whether all have moved sees every application that old has sessions of.
func TestBridgeShowsApplicationsNobodyAsksFor(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	seedEmbedded(t, filepath.Join(dir, "old"), "shop", "intranet")
	r, _ := betweenStores(t, dir)
	if out := ok(t, "ctl", "status").out; !strings.Contains(out, "shop") || !strings.Contains(out, "intranet") {
		t.Error(out)
	}
	r.stop(os.Interrupt)
}

// TestBridgeWithAUselessCheckpoint: who wants to know what was copied is told why nobody can say, and not left waiting.
func TestBridgeWithAUselessCheckpoint(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	seedShop(t, filepath.Join(dir, "old"), 1)
	seedEmbedded(t, filepath.Join(dir, "new"), "shop") // a session that old has not
	garbage := filepath.Join(dir, "checkpoint")
	if err := os.WriteFile(garbage, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{garbage, filepath.Join(dir, "none")} {
		r, _ := betweenStores(t, dir, "--checkpoint", path)
		if got := command(t, "", "ctl", "phase", "shop", "prepare"); got.code != exitRefused || !strings.Contains(got.err, "cannot be told") {
			t.Errorf("%s: exit %d, %s", path, got.code, got.err)
		}
		r.stop(os.Interrupt)
	}
}
