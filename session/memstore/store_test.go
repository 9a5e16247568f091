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
			if name != "ordinary" && policy != memstore.SyncInterval {
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
						return openAt(t, dir, o)
					}
					return storetest.Subject{Store: s, Clock: clock, Reopen: reopen}
				}, r)
			})
		}
	}
}
