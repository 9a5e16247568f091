package cutover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

var errCut = errors.New("the connection was cut")

// faulty is a store whose calls can be made to fail, before they are carried out or after.
type faulty struct {
	*memstore.Store
	name string
	plan *plan
}

// plan says which call fails, counted over both stores and the controller.
type plan struct {
	mu    sync.Mutex
	armed bool
	at    int    // the call that fails, from 0; those after it fail too
	only  bool   // but not those after it
	after bool   // it is carried out, and its answer is lost
	hook  func() // called before the call at, which does not fail then
	calls []string
}

func (p *plan) arm(at int, after, only bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.at, p.after, p.only, p.calls = true, at, after, only, nil
}

func (p *plan) disarm() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = false
	return p.calls
}

// next reports whether a call is carried out, and whether it is answered.
func (p *plan) next(what string) (runs, answers bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.armed {
		return true, true
	}
	n := len(p.calls)
	p.calls = append(p.calls, what)
	if hook := p.hook; hook != nil {
		if n == p.at {
			p.mu.Unlock()
			hook()
			p.mu.Lock()
		}
		return true, true
	}
	switch {
	case n < p.at, n > p.at && p.only:
		return true, true
	case n == p.at:
		return p.after, false
	}
	return false, false
}

func (f *faulty) do(verb string, call func() error) error {
	runs, answers := f.plan.next(f.name + "." + verb)
	var err error
	if runs {
		err = call()
	}
	if !answers {
		return errCut
	}
	return err
}

func (f *faulty) Peek(ctx context.Context, keys []session.Key) (rs []*session.Record, err error) {
	err = f.do("Peek", func() (err error) { rs, err = f.Store.Peek(ctx, keys); return err })
	return rs, err
}

func (f *faulty) Apply(ctx context.Context, cs []session.Change) (outs []session.Outcome, err error) {
	err = f.do("Apply", func() (err error) { outs, err = f.Store.Apply(ctx, cs); return err })
	return outs, err
}

func (f *faulty) Get(ctx context.Context, k session.Key) (item session.Item, err error) {
	err = f.do("Get", func() (err error) { item, err = f.Store.Get(ctx, k); return err })
	return item, err
}

func (f *faulty) GetExclusive(ctx context.Context, k session.Key) (item session.Item, err error) {
	err = f.do("GetExclusive", func() (err error) { item, err = f.Store.GetExclusive(ctx, k); return err })
	return item, err
}

func (f *faulty) SetAndRelease(ctx context.Context, k session.Key, v session.Value, c session.Condition) error {
	return f.do("Set", func() error { return f.Store.SetAndRelease(ctx, k, v, c) })
}

func (f *faulty) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return f.do("Release", func() error { return f.Store.ReleaseExclusive(ctx, k, cookie) })
}

func (f *faulty) Remove(ctx context.Context, k session.Key, c session.Condition) error {
	return f.do("Remove", func() error { return f.Store.Remove(ctx, k, c) })
}

func (f *faulty) Mark(ctx context.Context, m ...session.Mark) error {
	return f.do("Mark", func() error { return f.Store.Mark(ctx, m...) })
}

func (f *faulty) Unmark(ctx context.Context, m ...session.Mark) error {
	return f.do("Unmark", func() error { return f.Store.Unmark(ctx, m...) })
}

// faultyFarm has a first bridge whose calls can be made to fail, and a second that is sound.
func faultyFarm(t *testing.T, verbsOnly bool) (*farm, *plan) {
	f, p := newFarm(t, 0), &plan{}
	old := &faulty{f.old, "old", p}
	sides := [2]session.Store{old, f.old}
	if verbsOnly {
		f.old.Close()
		f.old = memstore.New(memstore.Options{Quirks: memstore.StateServerQuirks()})
		old.Store = f.old
		sides = [2]session.Store{&stateServer{old, time.Now}, &stateServer{f.old, time.Now}}
	}
	fresh := &faulty{f.new, "new", p}
	f.options = Options{Old: sides[0], New: fresh, Control: fresh, Idle: time.Hour}
	f.join()
	f.options = Options{Old: sides[1], Idle: time.Hour}
	f.join()
	return f, p
}

// TestCrashInEachStep lets a bridge fail at each call that it makes to serve one request: the call is not carried out, or its
// answer is lost; it goes on after it, or is dead from then on. Another bridge takes over. What was acknowledged is there
// in the end, what was removed is not, and what is unknown is one of both.
func TestCrashInEachStep(t *testing.T) { crashInEachStep(t, false) }

// TestCrashInEachStepStateServer is the same over an old store that can do the verbs only.
func TestCrashInEachStepStateServer(t *testing.T) { crashInEachStep(t, true) }

func crashInEachStep(t *testing.T, verbsOnly bool) {
	requests := map[string]func(s *Store, cookie int32) error{
		"Get":          func(s *Store, _ int32) error { _, err := s.Get(context.Background(), key("one")); return err },
		"GetExclusive": func(s *Store, _ int32) error { _, err := s.GetExclusive(context.Background(), key("one")); return err },
		"Set": func(s *Store, c int32) error {
			return s.SetAndRelease(context.Background(), key("one"), val("after"), session.IfCookie(c))
		},
		"Set IfFree": func(s *Store, c int32) error {
			return s.SetAndRelease(context.Background(), key("one"), val("after"), session.IfFree(c))
		},
		"Remove": func(s *Store, c int32) error { return s.Remove(context.Background(), key("one"), session.IfCookie(c)) },
		"Remove IfFree": func(s *Store, c int32) error {
			return s.Remove(context.Background(), key("one"), session.IfFree(c))
		},
		"Release": func(s *Store, c int32) error {
			return s.ReleaseExclusive(context.Background(), key("one"), c)
		},
	}
	for _, p := range []Phase{Prepare, Handoff, Handback, Mirror} {
		for name, request := range requests {
			if verbsOnly && (name == "Set" || name == "Remove") {
				continue // it knows no such condition
			}
			for _, locked := range []bool{false, true} {
				for mode := range 4 {
					if testing.Short() && (mode != 1 || !locked) {
						continue
					}
					after, only := mode&1 != 0, mode&2 != 0
					t.Run(fmt.Sprintf("%v/%s/locked %v/answer lost %v/goes on %v", p, name, locked, after, only), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							for at := 0; crashAt(t, p, name, request, locked, at, after, only, verbsOnly); at++ {
							}
						})
					})
				}
			}
		}
	}
}

// crashAt reports whether the request made so many calls that one failed.
func crashAt(t *testing.T, p Phase, name string, request func(*Store, int32) error, locked bool, at int, after, only, verbsOnly bool) bool {
	f, plan := faultyFarm(t, verbsOnly)
	defer f.close()
	cookie := f.prepared(p, locked, verbsOnly)
	plan.arm(at, after, only)
	err := request(f.bridges[0], cookie)
	calls := plan.disarm()
	what := fmt.Sprintf("%v of %d calls %v, answer lost %v: %v", calls[min(at, len(calls)):min(at+1, len(calls))], len(calls), name, after, err)
	if !only {
		f.bridges[0].die()
	}
	time.Sleep(time.Second)

	item, readErr := f.bridges[1].Get(t.Context(), key("one"))
	removed, wrote := errors.Is(readErr, session.ErrNotFound), readErr == nil && string(item.Payload) == "after"
	was := readErr == nil && string(item.Payload) == "before" || isLocked(readErr)
	isSet, isRemove := name == "Set" || name == "Set IfFree", name == "Remove" || name == "Remove IfFree"
	switch {
	case removed && !isRemove, wrote && !isSet, !removed && !wrote && !was:
		t.Errorf("%s: afterwards a reader gets %q, %v", what, item.Payload, readErr)
	case err == nil && (isRemove && !removed || isSet && !wrote):
		t.Errorf("%s was acknowledged, but a reader gets %q, %v", what, item.Payload, readErr)
	case errors.Is(err, session.ErrNotFound) && !removed:
		t.Errorf("%s: the session is there: %q, %v", what, item.Payload, readErr)
	}
	if len(calls) <= at && !told(err) {
		t.Errorf("%s: failed without a fault", what)
	}
	f.goOn(p, what, string(item.Payload), removed, verbsOnly)
	return len(calls) > at
}

// prepared brings a farm to a phase with a session where the phase has to fetch it from, and returns its cookie. Beside it
// lies what was copied too early.
func (f *farm) prepared(p Phase, locked, verbsOnly bool) int32 {
	where := f.bridges[1]
	var cookie int32
	begin := func() {
		f.ok(where.SetAndRelease(f.t.Context(), key("one"), val("before"), session.IfFree(0)), "creating")
		item, err := where.GetExclusive(f.t.Context(), key("one"))
		f.ok(err, "locking")
		cookie = item.Cookie
		if !locked {
			f.ok(where.ReleaseExclusive(f.t.Context(), key("one"), cookie), "releasing")
		}
	}
	switch p { // made where the phase has to fetch it from
	case Handback:
		f.path(Handoff)
		begin()
	case Mirror:
		f.path(Mirror)
		begin()
	default:
		begin()
		if verbsOnly {
			break
		}
		stale := *f.row(f.old, key("one"))
		stale.Payload, stale.Revision, stale.Lock.Locked = []byte("copied beforehand"), 0, false
		_, err := f.new.Apply(f.t.Context(), []session.Change{{Record: stale}})
		f.ok(err, "copying")
	}
	if p != Mirror {
		if p == Handback {
			f.to(p)
		} else {
			f.path(p)
		}
	}
	return cookie
}

// goOn brings what is left of a farm, by its second bridge, to a phase in which one store has all, and looks whether the
// session is there as it was seen last.
func (f *farm) goOn(p Phase, what, payload string, removed, verbsOnly bool) {
	b := f.bridges[1]
	time.Sleep(20 * time.Second) // leases are lost, locks of movers are old
	for range 2 {
		f.ok(b.round(f.t.Context()), "%s: in the background", what)
	}
	if p == Prepare && f.row(f.old, key("one")) == nil && f.row(f.new, key("one")) != nil {
		f.t.Errorf("%s: a copy of what is not there any more stays", what)
	}
	next := map[Phase]Phase{Prepare: Proxy, Handoff: Handback, Handback: Handoff, Mirror: Handback}[p]
	if p == Mirror {
		if o, n := f.row(f.old, key("one")), f.row(f.new, key("one")); !verbsOnly && !b.isLevel(o, n) || (o == nil) != (n == nil) || o != nil && !bytes.Equal(o.Payload, n.Payload) {
			f.t.Errorf("%s: old has %v, new %v", what, o, n)
		}
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	if n := f.row(f.new, key("one")); verbsOnly && p == Mirror && n != nil && n.Lock.Locked {
		var refused *RefusedError
		if err := b.Change(ctx, shop, Request{Phase: next}); !errors.As(err, &refused) {
			f.t.Errorf("%s: on to %v with a lock that old cannot hold: %v", what, next, err)
		}
		return
	}
	f.ok(b.Change(ctx, shop, Request{Phase: next}), "%s: on to %v", what, next)
	item, err := b.Get(ctx, key("one"))
	switch {
	case isLocked(err) && !removed:
	case removed && !errors.Is(err, session.ErrNotFound), !removed && (err != nil || payload != "" && string(item.Payload) != payload):
		f.t.Errorf("%s: in %v a reader gets %q, %v; before it was %q, removed %v", what, next, item.Payload, err, payload, removed)
	}
}
