package storetest

import (
	"errors"
	"reflect"
	"time"

	"github.com/aspstate/aspstate/session"
)

var peekChecks = []check{
	{name: "peek", run: checkPeek},
	{name: "peek touches nothing", run: checkPeekTouchesNothing},
	{name: "count", run: checkCount},
}

func checkPeek(h *harness) {
	h.needPeeker()
	free, locked, marked := h.create("free", value(noise(9000, 1))), h.create("locked", value(noise(100, 2))), h.createMarked("marked")
	cookie := h.lock(locked).Cookie
	gone := h.key("gone")
	rs, err := h.peeker.Peek(h.ctx, []session.Key{marked, gone, locked, free})
	h.ok(err, "Peek")
	if len(rs) != 4 || rs[0] == nil || rs[1] != nil || rs[2] == nil || rs[3] == nil {
		h.t.Fatalf("Peek of four keys, of which the second is absent, gives %v", rs)
	}
	if rs[0].Key != marked || rs[2].Key != locked || rs[3].Key != free {
		h.t.Errorf("Peek gives records in another order than keys")
	}
	if string(rs[2].Payload) != string(noise(100, 2)) || !rs[2].Lock.Locked || rs[2].Lock.Cookie != cookie {
		h.t.Errorf("Peek of a locked session gives lock %+v, %d bytes", rs[2].Lock, len(rs[2].Payload))
	}
	if string(rs[3].Payload) != string(noise(9000, 1)) || rs[3].Lock.Locked {
		h.t.Errorf("Peek of a free session gives lock %+v, %d bytes", rs[3].Lock, len(rs[3].Payload))
	}
	if _, err := session.PeekOne(h.ctx, h.peeker, gone); !errors.Is(err, session.ErrNotFound) {
		h.t.Errorf("PeekOne of an absent session gives %v", err)
	}
	if rs, err := h.peeker.Peek(h.ctx, nil); err != nil || len(rs) != 0 {
		h.t.Errorf("Peek of no keys gives %v, %v", rs, err)
	}
}

// checkPeekTouchesNothing looks at sessions in every state, some minutes after they were touched.
func checkPeekTouchesNothing(h *harness) {
	h.needPeeker()
	free, locked, marked, dead := h.create("free", value(payload)), h.create("locked", value(payload)), h.createMarked("marked"), h.create("dead", value(payload))
	h.lock(locked)
	all := []session.Key{free, locked, marked, dead}
	h.age(timeout-5, all...)
	for _, k := range all[:3] {
		h.ok(h.s.ResetTimeout(h.ctx, k), "renewing")
	}
	h.age(10, all...) // so dead is past Expires, and the others would move if they were renewed
	before, err := h.peeker.Peek(h.ctx, all)
	h.ok(err, "Peek")
	if before[3] == nil || before[3].Expires >= h.now() {
		h.t.Fatalf("an expired session that was not swept is shown as %+v", before[3])
	}
	for range 3 {
		if h.sub.Clock != nil {
			h.sub.Clock.Advance(time.Minute)
		}
		after, err := h.peeker.Peek(h.ctx, all)
		h.ok(err, "Peek")
		for i := range all {
			if !reflect.DeepEqual(before[i], after[i]) {
				h.t.Errorf("Peek changed %+v to %+v", before[i], after[i])
			}
		}
	}
	if !h.told(marked, false) {
		h.t.Errorf("Peek cleared the mark")
	}
}

func checkCount(h *harness) {
	h.need(h.counter != nil, Counts, "Counter")
	count := func(want int64) {
		h.t.Helper()
		n, err := h.counter.Count(h.ctx)
		h.ok(err, "Count")
		if h.rules.CountsExactly && n != want || n < 0 {
			h.t.Errorf("Count gives %d, want %d", n, want)
		}
	}
	count(0)
	h.create("one", value(payload))
	h.createMarked("two")
	k := h.create("three", value(payload))
	count(3)
	h.ok(h.s.SetAndRelease(h.ctx, k, value(noise(50, 1)), h.mine(h.rules.FirstCookie)), "writing")
	count(3)
	h.ok(h.s.Remove(h.ctx, k, h.mine(h.rules.FirstCookie)), "removing")
	count(2)
}
