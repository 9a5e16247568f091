package storetest

import (
	"fmt"

	"github.com/aspstate/aspstate/session"
)

var sweepChecks = []check{
	{name: "sweep", run: checkSweep},
	{name: "sweep spares the living", run: checkSweepSpares},
}

func (h *harness) needSweeper() { h.t.Helper(); h.need(h.sweeper != nil, Sweeps, "Sweeper") }

func (h *harness) sweep(limit int) int {
	h.t.Helper()
	n, err := h.sweeper.Sweep(h.ctx, limit)
	h.ok(err, "Sweep")
	return n
}

// checkSweep removes dead sessions, free, locked and marked, in bites.
func checkSweep(h *harness) {
	h.needSweeper()
	if n := h.sweep(10); n != 0 {
		h.t.Fatalf("an empty store sweeps %d", n)
	}
	var dead []session.Key
	for i := range 7 {
		dead = append(dead, h.create(fmt.Sprint("dead", i), value(payload)))
	}
	h.lock(dead[1])
	dead = append(dead, h.createMarked("marked"))
	h.age(timeout+1, dead...)
	live := h.create("live", value(payload))
	for i, want := range []int{3, 3, 2, 0} {
		if n := h.sweep(3); n != want {
			h.t.Errorf("sweep %d removes %d, want %d", i, n, want)
		}
	}
	for _, k := range dead {
		h.isAbsent(k, "after it was swept")
	}
	h.looks(live, want{payload, timeout, h.rules.FirstCookie, false, false}, "the living after sweeps")
}

// checkSweepSpares: what counts is when a session was touched last, not when it would have died once.
func checkSweepSpares(h *harness) {
	h.needSweeper()
	k := h.create("renewed", value(payload))
	shorter := h.create("shorter", value(payload))
	for range 5 {
		h.age(15, k, shorter)
		h.ok(h.s.ResetTimeout(h.ctx, k), "renewing")
		h.ok(h.s.ResetTimeout(h.ctx, shorter), "renewing")
		if n := h.sweep(10); n != 0 {
			h.t.Fatalf("%d living sessions were swept", n)
		}
	}
	if h.rules.UpdateRenews {
		item := h.lock(shorter)
		h.ok(h.s.SetAndRelease(h.ctx, shorter, session.Value{Payload: payload, Timeout: 2}, h.mine(item.Cookie)), "writing with a shorter timeout")
		h.age(5, k, shorter)
		if n := h.sweep(10); n != 1 {
			h.t.Errorf("a session whose timeout was made shorter is not swept in time")
		}
		h.isAbsent(shorter, "after it was swept")
	}
	h.looks(k, want{payload, timeout, h.rules.FirstCookie, false, false}, "the living after sweeps")
}
