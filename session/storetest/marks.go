package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/aspstate/aspstate/session"
)

var markChecks = []check{
	{name: "mark told once", run: checkToldOnce},
	{name: "mark told to one of many", many: true, run: checkToldToOne},
	{name: "mark and other calls", run: checkMarkStays},
	{name: "mark and locked reads", run: checkMarkLocked},
}

func (h *harness) createMarked(id string) session.Key {
	h.t.Helper()
	k := h.key(id)
	h.ok(h.s.CreateUninitialized(h.ctx, k, value(payload)), "creating %s", id)
	return k
}

// told reads the session and says whether the mark was told.
func (h *harness) told(k session.Key, exclusive bool) bool {
	h.t.Helper()
	if !exclusive {
		item, err := h.s.Get(h.ctx, k)
		h.ok(err, "Get")
		return item.Uninitialized
	}
	item := h.lock(k)
	h.ok(h.s.ReleaseExclusive(h.ctx, k, item.Cookie), "releasing")
	return item.Uninitialized
}

func checkToldOnce(h *harness) {
	for name, exclusive := range map[string][3]bool{
		"plain": {false, false, true}, "exclusive": {true, true, false}, "plain, then exclusive": {false, true, true},
	} {
		k := h.createMarked(name)
		for i, x := range exclusive {
			if got := h.told(k, x); got != (i == 0) {
				h.t.Errorf("%s: read %d is told %v", name, i, got)
			}
		}
	}
}

// checkToldToOne has many readers at once, in turns plain ones only and plain and exclusive ones.
func checkToldToOne(h *harness) {
	for round := range 20 {
		k := h.key("many")
		h.ok(h.s.CreateUninitialized(h.ctx, k, value(payload)), "creating")
		var told, failed atomicCount
		var readers sync.WaitGroup
		begin := make(chan struct{})
		for i := range 8 {
			read := h.s.Get
			if round%2 == 1 && i%2 == 1 {
				read = h.s.GetExclusive // refused for all but one; by then the mark may be told
			}
			readers.Go(func() {
				<-begin
				item, err := read(h.ctx, k)
				var locked *session.LockedError
				switch {
				case err == nil && item.Uninitialized:
					told.add()
				case errors.As(err, &locked) && locked.Uninitialized:
					told.add()
				case err != nil && locked == nil:
					failed.add()
				}
			})
		}
		close(begin)
		readers.Wait()
		if told.n != 1 || failed.n != 0 {
			h.t.Fatalf("of 8 readers %d were told, %d failed", told.n, failed.n)
		}
		cookie := h.rules.FirstCookie
		if round%2 == 1 {
			var locked *session.LockedError
			if _, err := h.s.GetExclusive(h.ctx, k); !errors.As(err, &locked) {
				h.t.Fatalf("no reader holds the lock: %v", err)
			}
			cookie = locked.Cookie
		}
		h.ok(h.s.Remove(h.ctx, k, h.mine(cookie)), "removing")
	}
}

type atomicCount struct {
	mu sync.Mutex
	n  int
}

func (c *atomicCount) add() {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
}

// checkMarkStays: which calls leave the mark.
func checkMarkStays(h *harness) {
	first := h.rules.FirstCookie
	set := func(cond session.Condition, minutes int32) func(context.Context, session.Key) error {
		return func(ctx context.Context, k session.Key) error {
			return h.s.SetAndRelease(ctx, k, session.Value{Payload: payload, Timeout: minutes}, cond)
		}
	}
	type c struct {
		name  string
		call  func(context.Context, session.Key) error
		kind  session.ConditionKind
		stays bool
	}
	for _, c := range []c{
		{name: "ResetTimeout", call: h.s.ResetTimeout, stays: true},
		{name: "ReleaseExclusive", stays: !h.rules.ReleaseClearsMark,
			call: func(ctx context.Context, k session.Key) error { return h.s.ReleaseExclusive(ctx, k, first) }},
		{name: "SetAndRelease IfCookie", call: set(session.IfCookie(first), timeout), kind: session.KindIfCookie, stays: true},
		{name: "SetAndRelease IfCookie, another timeout", call: set(session.IfCookie(first), 99), kind: session.KindIfCookie, stays: true},
		{name: "SetAndRelease IfFree", call: set(session.IfFree(0), timeout), kind: session.KindIfFree, stays: true},
		// The State Server replaces its entry then: state-server-protocol.md 6.4, T14.
		{name: "SetAndRelease IfFree, another timeout", call: set(session.IfFree(0), 99), kind: session.KindIfFree, stays: false},
	} {
		if c.kind != 0 && !h.rules.can(c.kind) {
			continue
		}
		k := h.createMarked(c.name)
		h.ok(c.call(h.ctx, k), "%s", c.name)
		if got := h.told(k, true); got != c.stays {
			h.t.Errorf("after %s the next read is told %v, want %v", c.name, got, c.stays)
		}
	}
}

// checkMarkLocked: a session that is locked and marked, which only a copy can be.
func checkMarkLocked(h *harness) {
	h.needApplier()
	h.needPeeker()
	for name, read := range map[string]func(context.Context, session.Key) (session.Item, error){"Get": h.s.Get, "GetExclusive": h.s.GetExclusive} {
		k := h.createMarked("locked " + name)
		r := h.peek(k)
		f := r.Fence()
		r.Lock.Locked, r.Lock.Cookie = true, 5
		h.apply(session.Change{Record: r, Expect: &f})
		for i := range 2 {
			_, err := read(h.ctx, k)
			var locked *session.LockedError
			if !errors.As(err, &locked) {
				h.t.Fatalf("%s of a locked session gives %v", name, err)
			}
			if want := h.rules.LockedReadClearsMark && i == 0; locked.Uninitialized != want {
				h.t.Errorf("refused %s number %d tells the mark %v, want %v", name, i, locked.Uninitialized, want)
			}
			if marked := h.peek(k).Flags&session.Uninitialized != 0; marked == h.rules.LockedReadClearsMark {
				h.t.Errorf("after a refused %s the mark is %v", name, marked)
			}
		}
	}
}
