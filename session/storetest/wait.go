package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
)

var waitChecks = []check{
	{name: "wait", bubble: true, run: checkWait},
	{name: "wait in order", bubble: true, run: checkWaitOrder},
	{name: "wait in vain", bubble: true, run: checkWaitInVain},
	{name: "wait cancelled", bubble: true, run: checkWaitCancelled},
	{name: "wait for a session that goes", bubble: true, run: checkWaitRemoved},
	{name: "wait and the mark", bubble: true, run: checkWaitMark},
}

func (h *harness) needWaiter() { h.t.Helper(); h.need(h.waiter != nil, Waits, "Waiter") }

// checkWait: where nothing needs to be waited for it is GetExclusive.
func checkWait(h *harness) {
	h.needWaiter()
	begin := time.Now()
	_, err := h.waiter.WaitExclusive(h.ctx, h.key("absent"), time.Hour)
	h.gives(err, "not found", "waiting for an absent session")
	k := h.create("free", value(payload))
	item, err := h.waiter.WaitExclusive(h.ctx, k, time.Hour)
	h.gives(err, "done", "waiting for a free session")
	if item.Cookie != h.next(h.rules.FirstCookie) || string(item.Payload) != string(payload) {
		h.t.Errorf("waiting for a free session gives %+v", item)
	}
	_, err = h.waiter.WaitExclusive(h.ctx, k, 0)
	h.gives(err, "locked", "waiting no time for a locked session")
	if waited := time.Since(begin); waited != 0 {
		h.t.Errorf("%v were waited where there was nothing to wait for", waited)
	}
}

// checkWaitOrder queues up several, and lets the session go in each way.
func checkWaitOrder(h *harness) {
	h.needWaiter()
	const n = 6
	k := h.create("queue", value(payload))
	cookie := h.lock(k).Cookie
	var mu sync.Mutex
	var order []int
	got := make(chan session.Item, n)
	for i := range n {
		go func() {
			item, err := h.waiter.WaitExclusive(h.ctx, k, time.Hour)
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			if err != nil {
				h.t.Errorf("waiter %d: %v", i, err)
			}
			got <- item
		}()
		synctest.Wait()
	}
	_, err := h.s.GetExclusive(h.ctx, k)
	h.gives(err, "locked", "GetExclusive while others wait")
	for i := range n {
		p := fmt.Appendf(nil, "write %d", i)
		if i%2 == 0 {
			h.ok(h.s.SetAndRelease(h.ctx, k, value(p), h.mine(cookie)), "writing")
		} else {
			h.ok(h.s.ReleaseExclusive(h.ctx, k, cookie), "releasing")
			p = fmt.Appendf(nil, "write %d", i-1)
		}
		synctest.Wait()
		if _, err := h.s.GetExclusive(h.ctx, k); err == nil {
			h.t.Fatalf("a newcomer got the lock before those who wait")
		}
		item := <-got
		if item.Cookie != h.next(cookie) || string(item.Payload) != string(p) {
			h.t.Errorf("waiter %d gets cookie %d and %q, want %d and %q", i, item.Cookie, item.Payload, h.next(cookie), p)
		}
		cookie = item.Cookie
	}
	if !slices.IsSorted(order) {
		h.t.Errorf("waiters are served in the order %v", order)
	}
	h.looks(k, want{[]byte("write 4"), timeout, cookie, true, false}, "after all were served")
}

// checkWaitInVain: the time is kept, and the place is given away.
func checkWaitInVain(h *harness) {
	h.needWaiter()
	k := h.create("busy", value(payload))
	cookie := h.lock(k).Cookie
	begin := time.Now()
	_, err := h.waiter.WaitExclusive(h.ctx, k, 3*time.Second)
	var locked *session.LockedError
	if !errors.As(err, &locked) || locked.Cookie != cookie {
		h.t.Errorf("waiting in vain gives %v", err)
	}
	if waited := time.Since(begin); waited != 3*time.Second {
		h.t.Errorf("a wait of 3 s took %v", waited)
	}
	late := make(chan session.Item, 1)
	go func() {
		item, err := h.waiter.WaitExclusive(h.ctx, k, time.Minute)
		if err != nil {
			h.t.Errorf("waiting: %v", err)
		}
		late <- item
	}()
	synctest.Wait()
	h.ok(h.s.ReleaseExclusive(h.ctx, k, cookie), "releasing")
	if item := <-late; item.Cookie != h.next(cookie) {
		h.t.Errorf("after one who gave up, the next gets cookie %d, want %d", item.Cookie, h.next(cookie))
	}
}

// checkWaitCancelled: one in the middle of the queue goes away.
func checkWaitCancelled(h *harness) {
	h.needWaiter()
	k := h.create("busy", value(payload))
	cookie := h.lock(k).Cookie
	ctx, cancel := context.WithCancel(h.ctx)
	served := make(chan string, 3)
	for i, c := range []context.Context{h.ctx, ctx, h.ctx} {
		go func() {
			item, err := h.waiter.WaitExclusive(c, k, time.Hour)
			var locked *session.LockedError
			switch {
			case err == nil:
				served <- fmt.Sprintf("%d under %d", i, item.Cookie)
			case errors.Is(err, context.Canceled) && errors.As(err, &locked) && locked.Cookie == cookie:
				served <- fmt.Sprintf("%d cancelled", i)
			default:
				served <- fmt.Sprintf("%d: %v", i, err)
			}
		}()
		synctest.Wait()
	}
	expect := func(want string) {
		h.t.Helper()
		if got := <-served; got != want {
			h.t.Errorf("served: %s, want %s", got, want)
		}
	}
	cancel()
	expect("1 cancelled")
	for _, i := range []int{0, 2} {
		h.ok(h.s.ReleaseExclusive(h.ctx, k, cookie), "releasing")
		cookie = h.next(cookie)
		expect(fmt.Sprintf("%d under %d", i, cookie))
	}
}

func checkWaitRemoved(h *harness) {
	h.needWaiter()
	k := h.create("doomed", value(payload))
	cookie := h.lock(k).Cookie
	served := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := h.waiter.WaitExclusive(h.ctx, k, time.Hour)
			served <- err
		}()
	}
	synctest.Wait()
	begin := time.Now()
	h.ok(h.s.Remove(h.ctx, k, h.mine(cookie)), "removing")
	for range 2 {
		h.gives(<-served, "not found", "waiting for a session that is removed")
	}
	if waited := time.Since(begin); waited != 0 {
		h.t.Errorf("those who wait are told %v later", waited)
	}
}

// checkWaitMark: who is handed the lock is the reader who is told, although the session was locked at first. (In between
// the release may have spent the mark, state-server-protocol.md T11.)
func checkWaitMark(h *harness) {
	h.needWaiter()
	h.needApplier()
	h.needPeeker()
	r := h.sample("marked")
	h.applies(session.Change{Record: r}, session.Applied, "inserting")
	got := make(chan session.Item, 1)
	go func() {
		item, err := h.waiter.WaitExclusive(h.ctx, r.Key, time.Hour)
		if err != nil {
			h.t.Errorf("waiting: %v", err)
		}
		got <- item
	}()
	synctest.Wait()
	h.ok(h.s.ReleaseExclusive(h.ctx, r.Key, r.Lock.Cookie), "releasing")
	if item := <-got; item.Uninitialized == h.rules.ReleaseClearsMark {
		h.t.Errorf("who is handed a marked session is told %v", item.Uninitialized)
	}
}
