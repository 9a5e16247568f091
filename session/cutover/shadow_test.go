package cutover

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// TestShadowReads: what a copy should have is looked at beside what is served, and a difference counts once it has stayed for
// a while. Nothing that is only on its way counts.
func TestShadowReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 0)
		f.options.Shadow = 0.5
		b := f.join()
		put := func(s *memstore.Store, id, payload string) {
			t.Helper()
			was, err := s.Peek(t.Context(), []session.Key{key(id)})
			f.ok(err, "looking")
			now := session.At(time.Now())
			r := session.Record{Key: key(id), Payload: []byte(payload), Timeout: 20, Created: now, Expires: now.AddMinutes(20), Lock: session.Lock{Since: now}}
			outs, err := s.Apply(t.Context(), []session.Change{{Record: r, Expect: fenceOf(was[0])}})
			if err != nil || outs[0].Result == session.Conflict {
				t.Fatalf("writing %q: %v, %v", id, outs, err)
			}
		}
		read := func(id string, times int) {
			t.Helper()
			for range times {
				_, err := b.Get(t.Context(), key(id))
				f.ok(err, "reading")
				time.Sleep(2 * shadowPause)
			}
		}
		expect := func(what string, looks, differences int64) {
			t.Helper()
			synctest.Wait()
			st := b.Status().Apps[0]
			if st.Shadowed != looks || st.Differed != differences {
				t.Errorf("%s: %d of %d reads differ, want %d of %d", what, st.Differed, st.Shadowed, differences, looks)
			}
		}
		for _, id := range []string{"same", "other", "none", "late"} {
			put(f.old, id, "x")
		}
		put(f.new, "same", "x")
		put(f.new, "other", "y")
		put(f.new, "late", "w")
		read("same", 10)
		expect("an equal copy", 5, 0)
		read("other", 4)
		expect("another payload", 7, 2)
		read("none", 2)
		expect("no copy", 8, 3)
		for range 2 { // one of the two is compared: its copy comes between the looks
			_, err := b.Get(t.Context(), key("late"))
			f.ok(err, "reading")
		}
		time.Sleep(shadowPause / 2)
		put(f.new, "late", "x")
		time.Sleep(shadowPause)
		expect("a copy that is on its way", 9, 3)
		f.close()
	})
}
