package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// slowGets is a store whose reads take a second.
type slowGets struct{ session.Store }

func (slowGets) Get(context.Context, session.Key) (session.Item, error) {
	time.Sleep(time.Second)
	return session.Item{}, nil
}

func TestPausing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &gatedStore{Store: slowGets{}}
		began := time.Now()
		get := func(ctx context.Context) chan error {
			c := make(chan error, 1)
			go func() { _, err := p.Get(ctx, session.Key{}); c <- err }()
			synctest.Wait()
			return c
		}
		first := get(t.Context())
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := p.pause(impatient); !errors.Is(err, context.DeadlineExceeded) || p.paused() {
			t.Errorf("a pause that nobody waits for: %v, paused %v", err, p.paused())
		}
		if err := p.pause(t.Context()); err != nil || time.Since(began) != time.Second {
			t.Errorf("paused after %v, %v: a call of a second was under way", time.Since(began), err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		gone, leave := context.WithCancel(t.Context())
		second, third := get(t.Context()), get(gone)
		leave()
		if err := <-third; !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves while it is held: %v", err)
		}
		time.Sleep(time.Hour)
		select {
		case <-second:
			t.Error("a call went through")
		default:
		}
		p.resume()
		p.resume()
		if err := <-second; err != nil || time.Since(began) != time.Hour+2*time.Second {
			t.Errorf("resumed: %v after %v", err, time.Since(began))
		}
	})
}

// Who is held when the bridge stops is refused, and so is who comes then; nothing goes through to what is frozen.
func TestStoppingWhilePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &gatedStore{Store: slowGets{}}
		if err := p.pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		held := make(chan error, 1)
		go func() {
			held <- p.SetAndRelease(context.WithoutCancel(t.Context()), session.Key{}, session.Value{}, session.Insert())
		}()
		synctest.Wait()
		p.stop()
		if err := <-held; !errors.Is(err, errHeld) {
			t.Errorf("who was held: %v", err)
		}
		if _, err := p.Get(t.Context(), session.Key{}); !errors.Is(err, errHeld) {
			t.Errorf("who comes then: %v", err)
		}
		if !p.paused() {
			t.Error("what was frozen is not any more")
		}
		p.resume()
		if _, err := p.Get(t.Context(), session.Key{}); err != nil {
			t.Errorf("resumed, requests under way may end: %v", err)
		}
	})
}

// TestABridgeIsTheFreeze: a copy follows the store of a bridge while pages use it, and the bridge holds them for the last
// changes. What was acknowledged is in the target, what was removed is not.
func TestABridgeIsTheFreeze(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	store, copied := filepath.Join(dir, "store"), filepath.Join(dir, "copy")
	keys := seedRun(t, store, 300)
	b := newKilledBridge(t, dir, "--tds-owner", "dba", "--store", "embedded:"+store)
	b.lockFor, b.stateOnly = 0, true // whose clients do not go on asking a bridge that is gone
	f := b.traffic(9, keys)
	aspstate, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	freeze := script(t, fmt.Sprintf("ASPSTATE_TEST_MAIN=1 exec %s ctl pause --control %s", aspstate, b.control))
	m := start(t, "migrate", "--from", layout.FrameworkCompat, "--from-dsn", b.sqlDSN, "--from-ids", "inbox", "--app", "shop="+runsApp, "--to-dsn", "embedded:"+copied,
		"--checkpoint", filepath.Join(dir, "state"), "--follow", "--lock-wait", "1s", "--hook", "freeze="+freeze, "--control", filepath.Join(dir, "m.sock"), "--json")
	m.says(caughtUp)
	for f.Result().Pages < 300 {
		time.Sleep(10 * time.Millisecond) // until there was something to follow
	}
	ok(t, "ctl", "cut-over", "--control", filepath.Join(dir, "m.sock"))
	if st := ok(t, "ctl", "status", "--control", b.control); !strings.Contains(st.out, "PAUSED") {
		t.Error(st.out)
	}
	b.r.stop(os.Kill) // what it held was never done
	f.Stop()
	to, err := memstore.Open(copied, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	bad, err := f.Check(t.Context(), to, func(k session.Key) (session.Key, error) { return k, nil })
	if err != nil || len(bad) > 0 || f.Result().Pages < 300 {
		t.Errorf("%d complaints after %d pages, %v: %s", len(bad), f.Result().Pages, err, strings.Join(bad, "\n"))
	}
}
