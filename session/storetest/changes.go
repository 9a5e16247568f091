package storetest

import (
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/session"
)

var changeChecks = []check{
	{name: "set", run: checkSet},
	{name: "remove", run: checkRemove},
	{name: "release", run: checkRelease},
	{name: "reset timeout", run: checkReset},
}

// stage is a session in a state, and the cookies to try on it.
type stage struct {
	k      session.Key
	locked bool
	cookie int32 // the row's
	stale  int32 // an older lock's; where cookies do not rise, just another number
}

// stages are an unlocked session and a locked one, both locked twice before.
func (h *harness) stages(id string) []stage {
	h.t.Helper()
	var stages []stage
	for _, locked := range []bool{false, true} {
		k := h.create(fmt.Sprintf("%s-%v", id, locked), value(payload))
		first := h.lock(k).Cookie
		h.ok(h.s.ReleaseExclusive(h.ctx, k, first), "releasing")
		s := stage{k: k, locked: locked, cookie: h.lock(k).Cookie, stale: first}
		if h.rules.CookieFrozen {
			s.stale = first + 7
		}
		if !locked {
			h.ok(h.s.ReleaseExclusive(h.ctx, k, s.cookie), "releasing")
		}
		stages = append(stages, s)
	}
	return stages
}

// attempt is a condition and what comes of it.
type attempt struct {
	cond session.Condition
	want string
}

// attempts are the conditions that can be tried on a stage.
func (h *harness) attempts(s stage) []attempt {
	busy := "done"
	if s.locked {
		busy = "locked"
	}
	stale := "stale"
	all := []attempt{
		{session.IfCookie(s.cookie), "done"},
		{session.IfCookie(s.stale), stale},
		{session.IfCookie(s.cookie + 100), stale},
		{session.IfFree(s.stale), busy},
		{session.IfFree(s.cookie + 100), busy},
		{session.IfFree(0), busy},
		{session.IfFree(s.cookie), "done"},
	}
	var some []attempt
	for _, a := range all {
		if h.rules.can(a.cond.Kind()) {
			some = append(some, a)
		}
	}
	return some
}

func checkSet(h *harness) {
	for i := range h.attempts(stage{}) {
		for _, s := range h.stages(fmt.Sprintf("set%d", i)) {
			a := h.attempts(s)[i]
			new := session.Value{Payload: []byte("something new"), Timeout: 31}
			before := uint64(0)
			if h.peeker != nil {
				before = h.peek(s.k).Revision
			}
			err := h.s.SetAndRelease(h.ctx, s.k, new, a.cond)
			what := fmt.Sprintf("SetAndRelease under %+v, cookie %d, locked %v", a.cond, s.cookie, s.locked)
			h.gives(err, a.want, "%s", what)
			h.tellsLock(err, s, what)
			if h.peeker != nil && h.rules.KeepsRevision {
				if after := h.peek(s.k).Revision; (after > before) != (a.want == "done") || after < before {
					h.t.Errorf("%s: revision went from %d to %d", what, before, after)
				}
			}
			if a.want == "done" {
				h.looks(s.k, want{new.Payload, 31, s.cookie, false, false}, "after %s", what)
			} else {
				h.looks(s.k, want{payload, timeout, s.cookie, s.locked, false}, "after %s", what)
			}
		}
	}
}

func checkRemove(h *harness) {
	for i := range h.attempts(stage{}) {
		for _, s := range h.stages(fmt.Sprintf("remove%d", i)) {
			a := h.attempts(s)[i]
			err := h.s.Remove(h.ctx, s.k, a.cond)
			what := fmt.Sprintf("Remove under %+v, cookie %d, locked %v", a.cond, s.cookie, s.locked)
			h.gives(err, a.want, "%s", what)
			h.tellsLock(err, s, what)
			if a.want == "done" {
				h.isAbsent(s.k, "after %s", what)
				h.ok(h.s.CreateUninitialized(h.ctx, s.k, value(payload)), "making it again after %s", what)
				h.isNew(s.k, timeout, true)
			} else {
				h.looks(s.k, want{payload, timeout, s.cookie, s.locked, false}, "after %s", what)
			}
		}
	}
}

func checkRelease(h *harness) {
	for _, s := range h.stages("release") {
		for _, cookie := range []int32{s.stale, s.cookie + 100, s.cookie} {
			wanted := "done"
			switch {
			case cookie == s.cookie, !s.locked && !h.rules.ReleaseUnlockedNeedsCookie:
			case s.locked && !h.rules.AbsentIsStale:
				wanted = "locked"
			default:
				wanted = "stale"
			}
			err := h.s.ReleaseExclusive(h.ctx, s.k, cookie)
			what := fmt.Sprintf("ReleaseExclusive under %d, cookie %d, locked %v", cookie, s.cookie, s.locked)
			h.gives(err, wanted, "%s", what)
			h.tellsLock(err, s, what)
			h.looks(s.k, want{payload, timeout, s.cookie, s.locked && wanted != "done", false}, "after %s", what)
			if !s.locked {
				s.stale, s.cookie = s.cookie, h.next(s.cookie) // looks has locked it
				if h.rules.CookieFrozen {
					s.stale = s.cookie + 7
				}
			}
		}
	}
}

// tellsLock checks that a refusal says who holds the lock.
func (h *harness) tellsLock(err error, s stage, what string) {
	h.t.Helper()
	var locked *session.LockedError
	if errors.As(err, &locked) && (locked.Cookie != s.cookie || h.sub.Clock != nil && !h.since(locked.Since, h.now())) {
		h.t.Errorf("%s: refusal tells cookie %d since %v", what, locked.Cookie, locked.Since)
	}
}

func checkReset(h *harness) {
	for _, s := range h.stages("reset") {
		var before session.Record
		if h.peeker != nil {
			before = h.peek(s.k)
		}
		h.gives(h.s.ResetTimeout(h.ctx, s.k), "done", "ResetTimeout, locked %v", s.locked)
		if h.peeker != nil {
			after := h.peek(s.k)
			after.Expires = before.Expires
			if after.Fence() != before.Fence() {
				h.t.Errorf("ResetTimeout changed %+v to %+v", before.Fence(), after.Fence())
			}
		}
		h.looks(s.k, want{payload, timeout, s.cookie, s.locked, false}, "after ResetTimeout, locked %v", s.locked)
	}
}
