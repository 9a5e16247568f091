package sandbox

import (
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/storetest"
)

// Every store of the sandbox passes the conformance suite under the rules of its layout.
func TestStores(t *testing.T) {
	for _, l := range layout.All() {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			r := storetest.Ordinary()
			r.FirstCookie, r.ServesExpired, r.UpdateRenews, r.ReleaseRenews = l.FirstCookie, l.ServesExpired, l.UpdateRenews, l.ReleaseRenews
			r.FoldsCase, r.CountsExactly = l.CaseInsensitiveIDs, true
			r.Needs = storetest.AllAbilities &^ (storetest.Waits | storetest.Controls)
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock := storetest.NewClock()
				d, err := Open(t.TempDir(), false, clock.Now)
				if err != nil {
					t.Fatal(err)
				}
				x, err := d.Table(t.Context(), l.Name, false, 0)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { x.Close() })
				reopen := func() session.Store {
					if err := x.Close(); err != nil {
						t.Fatal(err)
					}
					if x, err = d.Table(t.Context(), l.Name, false, 0); err != nil {
						t.Fatal(err)
					}
					return x
				}
				s := storetest.Subject{Store: x, Clock: clock, Reopen: reopen}
				if l.Name != layout.Embedded {
					s.Key = func(app, id string) session.Key {
						return session.Key{ID: id + layout.Suffix(layout.RuleAsync21, app)}
					}
				}
				return s
			}, r)
		})
	}
}
