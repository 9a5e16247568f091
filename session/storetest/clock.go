package storetest

import (
	"time"

	"github.com/aspstate/aspstate/session"
)

var clockChecks = []check{{name: "clock", run: checkClock}}

// checkClock: the clock goes, and it is the one by which sessions are renewed.
func checkClock(h *harness) {
	h.need(h.clocked != nil, Clocks, "Clocked")
	now := func() session.Instant {
		h.t.Helper()
		at, err := h.clocked.Now(h.ctx)
		h.ok(err, "Now")
		return at
	}
	// What a server's clock says and what a look at it a moment before or after says may be apart by the way there.
	slack := session.Instant(0)
	if h.sub.Clock == nil || h.rules.Remote {
		slack = session.Second
	}
	first := now()
	if !h.near(first, h.now()) && (!h.rules.Remote || first < h.now()-slack || first > h.now()+slack) {
		h.t.Errorf("the store's clock shows %v, and it is %v", first, h.now())
	}
	if h.sub.Clock != nil {
		h.sub.Clock.Advance(3*time.Hour + 7*time.Second)
	}
	k := h.create("timed", value(payload))
	before := now()
	passed := before - first - 3*60*session.Minute - 7*session.Second
	if h.sub.Clock != nil && (passed < -slack || passed > slack) {
		h.t.Errorf("in three hours and seven seconds the store's clock goes from %v to %v", first, before)
	}
	if h.peeker == nil {
		return
	}
	h.ok(h.s.ResetTimeout(h.ctx, k), "renewing")
	renewed, after := h.peek(k).Expires.AddMinutes(-timeout)-h.rules.Ahead, now()
	if renewed < before-slack || renewed > after+slack {
		h.t.Errorf("between %v and %v a session was renewed at %v", before, after, renewed)
	}
}
