package memstore_test

import (
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/storetest"
)

// ordinary are the rules of the store without options.
func ordinary() storetest.Rules {
	r := storetest.Ordinary()
	r.CountsExactly = true
	r.Needs = storetest.AllAbilities
	return r
}

func number(n int32) *int32 { return &n }

// variants are stores with options, and the rules that these declare.
var variants = map[string]struct {
	options memstore.Options
	rules   func(r *storetest.Rules)
}{
	"ordinary": {memstore.Options{}, func(*storetest.Rules) {}},
	"sql": {
		memstore.Options{ServesExpired: true},
		func(r *storetest.Rules) { r.ServesExpired = true },
	},
	"sqlinmem": {
		memstore.Options{ServesExpired: true, FirstCookie: number(0)},
		func(r *storetest.Rules) { r.ServesExpired, r.FirstCookie = true, 0 },
	},
	"async10": {
		memstore.Options{FirstCookie: number(3), Quirks: memstore.Quirks{
			CookieFrozen: true, UpdateKeepsExpiry: true, ReleaseKeepsExpiry: true, LockedReadKeepsMark: true,
		}},
		func(r *storetest.Rules) {
			r.FirstCookie = 3 // the real one has 0, which no owner can name under IfFree
			r.CookieFrozen, r.UpdateRenews, r.ReleaseRenews, r.LockedReadClearsMark = true, false, false, false
		},
	},
	"a second": {memstore.Options{RenewStep: time.Second}, func(*storetest.Rules) {}},
	"half a minute": {
		memstore.Options{RenewStep: 30 * time.Second},
		func(r *storetest.Rules) { r.Ahead = 30 * session.Second },
	},
	"stateserver": {
		memstore.Options{Quirks: memstore.StateServerQuirks()},
		func(r *storetest.Rules) {
			r.RefusedReleaseRenews, r.CreateOnExistingRenews, r.ReleaseClearsMark, r.ReleaseUnlockedNeedsCookie = true, true, true, false
		},
	},
}

func TestVolatile(t *testing.T) {
	for name, v := range variants {
		t.Run(name, func(t *testing.T) {
			r := ordinary()
			v.rules(&r)
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock := storetest.NewClock()
				o := v.options
				o.Now = clock.Now
				s := memstore.New(o)
				t.Cleanup(func() { s.Close() })
				return storetest.Subject{Store: s, Clock: clock}
			}, r)
		})
	}
}

// TestRenewStep: a renewal that gains less than the step is not made, and a session lives at least as long as its timeout
// says, less a second.
func TestRenewStep(t *testing.T) {
	k := session.Key{App: "shop", ID: "renewed"}
	for _, c := range []struct {
		step, ahead time.Duration
	}{{0, 0}, {time.Second, 0}, {10 * time.Second, 10 * time.Second}} {
		clock := storetest.NewClock()
		s := memstore.New(memstore.Options{Now: clock.Now, RenewStep: c.step})
		defer s.Close()
		expires := func() time.Duration {
			r, err := session.PeekOne(t.Context(), s, k)
			if err != nil {
				t.Fatal(err)
			}
			return r.Expires.Sub(session.At(clock.Now())) - 20*time.Minute
		}
		touch := map[string]func() error{
			"Get":          func() error { _, err := s.Get(t.Context(), k); return err },
			"ResetTimeout": func() error { return s.ResetTimeout(t.Context(), k) },
		}
		for name, call := range touch {
			if err := s.SetAndRelease(t.Context(), k, session.Value{Payload: []byte("x"), Timeout: 20}, session.IfFree(0)); err != nil {
				t.Fatal(err)
			}
			if got := expires(); got != c.ahead {
				t.Errorf("step %v: a new session expires %v after its timeout, want %v", c.step, got, c.ahead)
			}
			for _, wait := range []time.Duration{c.step / 2, c.step - c.step/2} { // the second time makes it a step
				clock.Advance(wait)
				before := expires()
				if err := call(); err != nil {
					t.Fatal(err)
				}
				want := c.ahead
				if wait == c.step/2 && c.step > 0 && before > c.ahead-c.step {
					want = before
				}
				if got := expires(); got != want {
					t.Errorf("step %v: %v after the last renewal, %s leaves %v over the timeout, want %v", c.step, c.ahead-before, name, got, want)
				}
			}
		}
	}
}

// TestVolatileRealClock runs what the suite does without a clock to advance.
func TestVolatileRealClock(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		return storetest.Subject{Store: memstore.New(memstore.Options{})}
	}, ordinary())
}

// openAt opens the store in dir, closed at the end of the test.
func openAt(t *testing.T, dir string, o memstore.Options) *memstore.Store {
	t.Helper()
	s, err := memstore.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func TestDurable(t *testing.T) {
	for name, v := range variants {
		for _, policy := range []memstore.Policy{memstore.SyncAlways, memstore.SyncInterval, memstore.SyncOff} {
			if (name != "ordinary" || testing.Short()) && policy != memstore.SyncInterval {
				continue // the policies know nothing of the variants
			}
			t.Run(name+"/"+policy.String(), func(t *testing.T) {
				r := ordinary()
				v.rules(&r)
				storetest.Run(t, func(t *testing.T) storetest.Subject {
					clock := storetest.NewClock()
					o := v.options
					o.Now, o.Sync, o.SyncEvery = clock.Now, policy, 20*time.Millisecond
					dir := t.TempDir()
					s := openAt(t, dir, o)
					reopen := func() session.Store {
						if err := s.Close(); err != nil {
							t.Fatal(err)
						}
						s = openAt(t, dir, o)
						return s
					}
					return storetest.Subject{Store: s, Clock: clock, Reopen: reopen}
				}, r)
			})
		}
	}
}
