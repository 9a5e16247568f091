package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// TestPhaseChangesFailNoCall takes an application through all phases of a bridge, and back, while pages of both protocols
// come: no call fails because of it, and the store that leads has what was acknowledged. What the calls took is in the log (-v).
func TestPhaseChangesFailNoCall(t *testing.T) {
	if testing.Short() {
		t.Skip("ten changes of phase take ten seconds and more")
	}
	dir := t.TempDir()
	oldDir, newDir := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	keys := seedRun(t, oldDir, 2000)
	b := newKilledBridge(t, dir, "--old", "embedded:"+oldDir, "--store", "embedded:"+newDir)
	b.lockFor = 0 // who waits for a page waits for no phase
	f := b.traffic(5, keys)
	for _, change := range [][]string{
		{"prepare"}, {"handoff", "--percent", "50"}, {"handoff"}, {"mirror"}, {"handback"}, {"proxy"}, {"prepare"}, {"handoff"}, {"mirror"}, {"done"},
	} {
		f.Forget()
		began := time.Now()
		b.phase(change[0], change[1:]...)
		time.Sleep(300 * time.Millisecond) // some calls by the new rules
		r := f.Result()
		t.Logf("%-10s %5d calls in %v: median %v, p99 %v, longest %v", change[0], r.Calls, time.Since(began).Round(time.Millisecond), r.P50, r.P99, r.Most)
	}
	f.Stop()
	b.r.stop(os.Interrupt)
	r := f.Result()
	if r.Failures > 0 || r.Pages < 500 {
		t.Errorf("of the calls of %d pages %d failed, the first with %v", r.Pages, r.Failures, r.Failure)
	}
	store, err := memstore.Open(newDir, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	bad, err := f.Check(t.Context(), store, func(k session.Key) (session.Key, error) { return k, nil })
	if err != nil || len(bad) > 0 {
		t.Errorf("%d complaints, %v: %s", len(bad), err, strings.Join(bad, "\n"))
	}
}
