package cutover

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
)

// inHandoff runs f in a farm whose session "one" lies in old, made before handoff began; prepare may change it before that.
func inHandoff(t *testing.T, prepare func(f *farm), check func(f *farm, b *Store)) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 0)
		f.options.Idle = time.Hour
		f.join()
		f.join()
		f.ok(f.bridges[0].CreateUninitialized(t.Context(), key("one"), val("x")), "creating")
		if prepare != nil {
			prepare(f)
		}
		time.Sleep(time.Second)
		f.path(Handoff)
		time.Sleep(time.Second)
		check(f, f.bridges[0])
		f.close()
	})
}

func TestRules(t *testing.T) {
	ctx := context.Background()
	lock := func(f *farm) {
		_, err := f.bridges[0].GetExclusive(ctx, key("one"))
		f.ok(err, "locking")
	}
	t.Run("a move keeps what is the session's", func(t *testing.T) {
		inHandoff(t, nil, func(f *farm, b *Store) {
			was := f.row(f.old, key("one"))
			f.ok(b.round(ctx), "moving in the background")
			n := f.row(f.new, key("one"))
			if f.row(f.old, key("one")) != nil || n == nil || n.Created != was.Created || n.Expires != was.Expires || n.Flags != was.Flags ||
				n.Timeout != was.Timeout || n.Lock.Cookie != was.Lock.Cookie+1 || n.Lock.Locked {
				t.Errorf("%+v became %+v", was, n)
			}
			item, err := b.Get(ctx, key("one"))
			if err != nil || !item.Uninitialized {
				t.Errorf("the first reader is not told of the mark: %+v, %v", item, err)
			}
		})
	})
	t.Run("a dead row", func(t *testing.T) {
		inHandoff(t, nil, func(f *farm, b *Store) {
			time.Sleep(21 * time.Minute)
			if _, err := b.Get(ctx, key("one")); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("a dead session: %v", err)
			}
			if f.row(f.old, key("one")) != nil || f.row(f.new, key("one")) != nil {
				t.Error("it is still there")
			}
		})
	})
	t.Run("a page's lock", func(t *testing.T) {
		inHandoff(t, lock, func(f *farm, b *Store) {
			was := f.row(f.old, key("one"))
			time.Sleep(time.Minute)
			if _, err := b.GetExclusive(ctx, key("one")); !isLocked(err) {
				t.Errorf("another page: %v", err)
			}
			if r := f.row(f.old, key("one")); r.Expires <= was.Expires || r.Lock != was.Lock {
				t.Errorf("a refused read leaves %+v of %+v", r, was)
			}
			f.ok(b.round(ctx), "in the background")
			if f.row(f.new, key("one")) != nil {
				t.Error("the mover moves what a page holds")
			}
			f.ok(b.SetAndRelease(ctx, key("one"), val("y"), session.IfCookie(was.Lock.Cookie)), "the owner's write")
			n := f.row(f.new, key("one"))
			if f.row(f.old, key("one")) != nil || n == nil || string(n.Payload) != "y" || n.Lock.Locked || n.Created != was.Created {
				t.Errorf("after the owner's write: %+v", n)
			}
			if err := b.SetAndRelease(ctx, key("one"), val("z"), session.IfCookie(was.Lock.Cookie)); !errors.Is(err, session.ErrStaleCookie) {
				t.Errorf("a second write under the same lock: %v", err)
			}
		})
	})
	t.Run("another's cookie while a page holds the lock", func(t *testing.T) {
		inHandoff(t, lock, func(f *farm, b *Store) {
			for name, err := range map[string]error{
				"stale":  b.SetAndRelease(ctx, key("one"), val("y"), session.IfCookie(99)),
				"locked": b.Remove(ctx, key("one"), session.IfFree(99)),
				"exists": b.CreateUninitialized(ctx, key("one"), val("y")),
			} {
				got := map[string]bool{"stale": errors.Is(err, session.ErrStaleCookie), "locked": isLocked(err), "exists": errors.Is(err, session.ErrExists)}
				if !got[name] {
					t.Errorf("want %s, got %v", name, err)
				}
			}
		})
	})
	t.Run("a node without a bridge", func(t *testing.T) {
		inHandoff(t, nil, func(f *farm, b *Store) {
			f.ok(f.old.SetAndRelease(ctx, key("direct"), val("d"), session.Insert()), "a direct node")
			item, err := b.GetExclusive(ctx, key("direct"))
			f.ok(err, "serving it")
			f.ok(b.SetAndRelease(ctx, key("direct"), val("e"), session.IfCookie(item.Cookie)), "writing it")
			if r := f.row(f.old, key("direct")); r == nil || string(r.Payload) != "e" || f.row(f.new, key("direct")) != nil {
				t.Errorf("old has %+v", r)
			}
			if len(b.Status().Apps[0].Reported) != 1 {
				t.Errorf("reported: %v", b.Status().Apps[0].Reported)
			}
			var refused *RefusedError
			if err := b.Change(ctx, shop, Request{Phase: Mirror}); !errors.As(err, &refused) {
				t.Errorf("mirror with a session left in old: %v", err)
			}
		})
	})
	t.Run("the cookie of a free row is its owner's", func(t *testing.T) {
		inHandoff(t, nil, func(f *farm, b *Store) {
			c := f.row(f.old, key("one")).Lock.Cookie
			f.ok(b.Remove(ctx, key("one"), session.IfCookie(c)), "abandoning")
			if _, err := b.Get(ctx, key("one")); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("afterwards: %v", err)
			}
		})
	})
	t.Run("two movers at the same tick", func(t *testing.T) {
		inHandoff(t, nil, func(f *farm, b *Store) {
			began, _ := f.agreedOn().began("old", "one")
			src := f.row(f.old, key("one"))
			first := move{s: b, k: key("one"), from: b.old, to: b.new, began: began, src: src}
			second := move{s: f.bridges[1], k: key("one"), from: f.bridges[1].old, to: f.bridges[1].new, began: began, src: src}
			f.ok(first.lock(ctx), "the first")
			if err := second.lock(ctx); !errors.Is(err, errAgain) {
				t.Errorf("the second gets the lock too: %v", err)
			}
		})
	})
	t.Run("unknown sessions in new", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFarm(t, 1)
			f.ok(f.new.SetAndRelease(ctx, key("theirs"), val("x"), session.Insert()), "creating")
			var refused *RefusedError
			if err := f.bridges[0].Change(ctx, shop, Request{Phase: Prepare}); !errors.As(err, &refused) {
				t.Errorf("prepare: %v", err)
			}
			f.close()
		})
	})
	t.Run("no such way", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFarm(t, 1)
			for _, p := range []Phase{Handoff, Mirror, Done, Handback} {
				var refused *RefusedError
				if err := f.bridges[0].Change(ctx, shop, Request{Phase: p}); !errors.As(err, &refused) {
					t.Errorf("from proxy to %v: %v", p, err)
				}
			}
			f.close()
		})
	})
}

// TestCohorts: those below the percentage are moved, the others are not; a cohort that grows gets a beginning of its own.
func TestCohorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 2)
		ctx := t.Context()
		const n = 200
		for i := range n {
			f.ok(f.bridges[0].SetAndRelease(ctx, key(fmt.Sprint("s", i)), val("x"), session.Insert()), "creating")
		}
		f.path(Prepare)
		for _, percent := range []int{1, 37, 100} {
			f.request(Request{Phase: Handoff, Percent: percent})
			for i := range n {
				id := fmt.Sprint("s", i)
				_, err := f.bridges[1].Get(ctx, key(id))
				f.ok(err, "reading")
				if moved := f.row(f.new, key(id)) != nil; moved != (percentile(id) < percent) {
					t.Errorf("%s is at %d, and at %d percent moved: %v", id, percentile(id), percent, moved)
				}
			}
			late := fmt.Sprint("late", percent)
			f.ok(f.bridges[0].SetAndRelease(ctx, key(late), val("x"), session.Insert()), "creating")
			time.Sleep(time.Second)
		}
		var refused *RefusedError
		if err := f.bridges[0].Change(ctx, shop, Request{Phase: Handoff, Percent: 50}); !errors.As(err, &refused) {
			t.Errorf("a cohort that shrinks: %v", err)
		}
		f.emptied(f.old)
		f.to(Mirror)
		f.close()
	})
}
