package cutover

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
)

// TestNoPeek: an old State Server cannot be looked into; what is in new alone can.
func TestNoPeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newStateServerFarm(t, 1)
		b := f.bridges[0]
		f.ok(b.SetAndRelease(t.Context(), key("one"), val("one"), session.IfFree(0)), "writing")
		if _, err := b.Peek(t.Context(), []session.Key{key("one")}); !errors.Is(err, ErrNoPeek) {
			t.Errorf("in proxy: %v", err)
		}
		f.to(Prepare)
		f.to(Handoff)
		_, err := b.Get(t.Context(), key("one"))
		f.ok(err, "touching")
		time.Sleep(2 * time.Minute)
		f.request(Request{Phase: Mirror, OldTimeout: 1})
		if found, err := b.Peek(t.Context(), []session.Key{key("one")}); err != nil || found[0] == nil || string(found[0].Payload) != "one" {
			t.Errorf("in mirror: %v, %v", found, err)
		}
		f.close()
	})
}

// TestPeek: in every phase it shows what a read would serve, wherever that lies, locked or not, and changes nothing.
func TestPeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 1)
		b := f.bridges[0]
		write := func(id, payload string) {
			t.Helper()
			item, err := b.GetExclusive(t.Context(), key(id))
			cond := session.IfCookie(item.Cookie)
			if errors.Is(err, session.ErrNotFound) {
				cond, err = session.Insert(), nil
			}
			f.ok(err, "locking %s", id)
			f.ok(b.SetAndRelease(t.Context(), key(id), session.Value{Payload: []byte(payload), Timeout: 20}, cond), "writing %s", id)
		}
		write("touched", "0")
		write("idle", "idle")
		for _, p := range []Phase{Proxy, Prepare, Handoff, Handback, Handoff, Mirror, Done} {
			if p == Mirror {
				f.emptied(f.old)
			}
			if p != Proxy {
				f.to(p)
			}
			write("touched", p.String())
			_, err := b.GetExclusive(t.Context(), key("touched"))
			f.ok(err, "locking")
			before := [2]*session.Record{f.row(f.old, key("touched")), f.row(f.new, key("touched"))}
			found, err := b.Peek(t.Context(), []session.Key{key("touched"), key("none"), key("idle")})
			if err != nil || found[0] == nil || string(found[0].Payload) != p.String() || !found[0].Lock.Locked || found[1] != nil ||
				found[2] == nil || string(found[2].Payload) != "idle" {
				t.Errorf("%v: %+v, %v", p, found, err)
			}
			for i, r := range []*session.Record{f.row(f.old, key("touched")), f.row(f.new, key("touched"))} {
				if was := before[i]; (r == nil) != (was == nil) || r != nil && (r.Fence() != was.Fence() || !bytes.Equal(r.Payload, was.Payload)) {
					t.Errorf("%v: looking has changed %+v to %+v", p, was, r)
				}
			}
			f.ok(b.ReleaseExclusive(t.Context(), key("touched"), found[0].Lock.Cookie), "releasing")
		}
		f.close()
	})
}
