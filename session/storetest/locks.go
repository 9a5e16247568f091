package storetest

import (
	"github.com/aspstate/aspstate/session"
)

var lockChecks = []check{
	{name: "cookies rise", run: checkCookies},
	{name: "broken lock", run: checkBrokenLock},
	{name: "lock date", run: checkLockDate},
}

// checkCookies locks a session again and again, and lets it go in each way.
func checkCookies(h *harness) {
	k := h.create("cookies", value(payload))
	cookie := h.rules.FirstCookie
	for i := range 12 {
		got := h.lock(k).Cookie
		if cookie = h.next(cookie); got != cookie {
			h.t.Fatalf("lock %d has cookie %d, want %d", i, got, cookie)
		}
		switch {
		case i%3 == 0 && h.rules.can(session.KindIfCookie):
			h.ok(h.s.SetAndRelease(h.ctx, k, value(payload), session.IfCookie(cookie)), "writing under the cookie")
		case i%3 == 1 && h.rules.can(session.KindIfFree):
			v := value(payload)
			v.Timeout += int32(i) // the State Server then makes a new entry, and the numbering goes on (6.4)
			h.ok(h.s.SetAndRelease(h.ctx, k, v, session.IfFree(cookie)), "writing under the cookie")
		default:
			h.ok(h.s.ReleaseExclusive(h.ctx, k, cookie), "releasing")
		}
	}
}

// checkBrokenLock plays a lock that a waiting request breaks, and its owner who comes late.
func checkBrokenLock(h *harness) {
	if h.rules.CookieFrozen {
		// All that can be said: whoever breaks the lock gets it, under the number that the late owner has too.
		k := h.create("broken", value(payload))
		first := h.lock(k).Cookie
		h.ok(h.s.ReleaseExclusive(h.ctx, k, first), "breaking the lock")
		if second := h.lock(k).Cookie; second != first {
			h.t.Errorf("cookie rose from %d to %d", first, second)
		}
		return
	}
	lateWrites := []session.ConditionKind{session.KindIfCookie, session.KindIfFree}
	for _, kind := range lateWrites {
		if !h.rules.can(kind) {
			continue
		}
		under := session.IfCookie
		refusal := "stale"
		if kind == session.KindIfFree {
			under, refusal = session.IfFree, "locked"
		}
		k := h.create("broken"+string(rune('0'+kind)), value(payload))
		late := h.lock(k).Cookie
		h.ok(h.s.ReleaseExclusive(h.ctx, k, late), "breaking the lock")
		// Nobody has locked it since: the late owner's write is taken.
		h.gives(h.s.SetAndRelease(h.ctx, k, value([]byte("late, but first")), under(late)), "done", "late write before the next lock")
		owner := h.lock(k)
		if string(owner.Payload) != "late, but first" {
			h.t.Errorf("the next owner reads %q", owner.Payload)
		}
		h.gives(h.s.SetAndRelease(h.ctx, k, value([]byte("too late")), under(late)), refusal, "late write under the next lock")
		h.gives(h.s.Remove(h.ctx, k, under(late)), refusal, "late removal under the next lock")
		if err := h.s.ReleaseExclusive(h.ctx, k, late); err == nil {
			h.t.Errorf("late release under the next lock succeeded")
		}
		h.looks(k, want{[]byte("late, but first"), timeout, owner.Cookie, true, false}, "after late calls")
		h.ok(h.s.SetAndRelease(h.ctx, k, value([]byte("owner's")), under(owner.Cookie)), "the owner's write")
		h.looks(k, want{[]byte("owner's"), timeout, owner.Cookie, false, false}, "after the owner's write")
	}
}

// checkLockDate: only a lock moves the lock's date, and nothing moves Created.
func checkLockDate(h *harness) {
	h.needPeeker()
	if h.sub.Clock == nil {
		h.t.Skipf("the clock is real, so moments cannot be told apart")
	}
	k := h.create("date", value(payload))
	created := h.now()
	since := created
	step := func(name string, locks bool, err error) {
		h.t.Helper()
		h.ok(err, "%s", name)
		if locks {
			since = h.now()
		}
		if r := h.peek(k); r.Lock.Since != since || r.Created != created {
			h.t.Errorf("after %s: locked since %v, want %v; created %v, want %v", name, r.Lock.Since, since, r.Created, created)
		}
		h.age(1, k)
	}
	step("creation", false, nil)
	_, err := h.s.Get(h.ctx, k)
	step("Get", false, err)
	item, err := h.s.GetExclusive(h.ctx, k)
	step("GetExclusive", true, err)
	_, refused := h.s.GetExclusive(h.ctx, k)
	h.gives(refused, "locked", "GetExclusive")
	step("a refused GetExclusive", false, nil)
	step("SetAndRelease", false, h.s.SetAndRelease(h.ctx, k, value(payload), h.mine(item.Cookie)))
	item, err = h.s.GetExclusive(h.ctx, k)
	step("the second GetExclusive", true, err)
	step("ReleaseExclusive", false, h.s.ReleaseExclusive(h.ctx, k, item.Cookie))
	step("ResetTimeout", false, h.s.ResetTimeout(h.ctx, k))
}
