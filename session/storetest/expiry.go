package storetest

import (
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
)

var expiryChecks = []check{
	{name: "renewal", run: checkRenewals},
	{name: "renewal by the new timeout", run: checkNewTimeout},
	{name: "expired", run: checkExpired},
	{name: "expired and made anew", run: checkMadeAnew},
	{name: "locked sessions expire", run: checkLockedExpire},
	{name: "deadline", run: checkDeadline},
}

// renewal is a call and whether it renews.
type renewal struct {
	name   string
	renews bool
	locked bool                  // the state before
	kind   session.ConditionKind // what the store must be able to do
	call   func(k session.Key, cookie int32) error
	want   string
}

func (h *harness) renewals() []renewal {
	r := &h.rules
	get := func(k session.Key, _ int32) error { _, err := h.s.Get(h.ctx, k); return err }
	exclusive := func(k session.Key, _ int32) error { _, err := h.s.GetExclusive(h.ctx, k); return err }
	create := "exists"
	if r.CreateOnExistingSilent {
		create = "done"
	}
	refusedRelease := "locked"
	if r.AbsentIsStale {
		refusedRelease = "stale"
	}
	all := []renewal{
		{name: "Get", renews: true, call: get},
		{name: "GetExclusive", renews: true, call: exclusive},
		{name: "Get, refused", renews: r.LockedReadRenews, locked: true, call: get, want: "locked"},
		{name: "GetExclusive, refused", renews: r.LockedReadRenews, locked: true, call: exclusive, want: "locked"},
		{name: "ResetTimeout", renews: true, call: func(k session.Key, _ int32) error { return h.s.ResetTimeout(h.ctx, k) }},
		{name: "ResetTimeout, locked", renews: true, locked: true, call: func(k session.Key, _ int32) error { return h.s.ResetTimeout(h.ctx, k) }},
		{name: "ReleaseExclusive", renews: r.ReleaseRenews, locked: true, call: func(k session.Key, c int32) error { return h.s.ReleaseExclusive(h.ctx, k, c) }},
		{name: "ReleaseExclusive, refused", renews: r.RefusedReleaseRenews, locked: true, want: refusedRelease,
			call: func(k session.Key, c int32) error { return h.s.ReleaseExclusive(h.ctx, k, c+100) }},
		{name: "CreateUninitialized, refused", renews: r.CreateOnExistingRenews, want: create,
			call: func(k session.Key, _ int32) error { return h.s.CreateUninitialized(h.ctx, k, value(payload)) }},
		{name: "SetAndRelease Insert, refused", kind: session.KindInsert, want: "exists",
			call: func(k session.Key, _ int32) error {
				return h.s.SetAndRelease(h.ctx, k, value(payload), session.Insert())
			}},
	}
	for kind, under := range map[session.ConditionKind]func(int32) session.Condition{session.KindIfCookie: session.IfCookie, session.KindIfFree: session.IfFree} {
		name, refused, refusal := "IfCookie", r.RefusedIfCookieRenews, "stale"
		if kind == session.KindIfFree {
			name, refused, refusal = "IfFree", r.RefusedIfFreeRenews, "locked"
		}
		all = append(all,
			renewal{name: "SetAndRelease " + name, renews: r.UpdateRenews, locked: true, kind: kind,
				call: func(k session.Key, c int32) error { return h.s.SetAndRelease(h.ctx, k, value(payload), under(c)) }},
			renewal{name: "SetAndRelease " + name + ", refused", renews: refused, locked: true, kind: kind, want: refusal,
				call: func(k session.Key, c int32) error { return h.s.SetAndRelease(h.ctx, k, value(payload), under(c+100)) }},
			renewal{name: "Remove " + name + ", refused", renews: refused, locked: true, kind: kind, want: refusal,
				call: func(k session.Key, c int32) error { return h.s.Remove(h.ctx, k, under(c+100)) }},
		)
	}
	return all
}

// checkRenewals does each call 15 minutes after the session was touched last, and looks 10 minutes later whether the 20
// minutes were counted from then.
func checkRenewals(h *harness) {
	for _, r := range h.renewals() {
		if r.kind != 0 && !h.rules.can(r.kind) {
			continue
		}
		k := h.create(r.name, value(payload))
		cookie := h.rules.FirstCookie
		if r.locked {
			cookie = h.lock(k).Cookie
		}
		h.age(15, k)
		var before session.Instant
		if h.peeker != nil {
			before = h.peek(k).Expires
		}
		touched := h.now()
		want := r.want
		if want == "" {
			want = "done"
		}
		h.gives(r.call(k, cookie), want, "%s", r.name)
		if h.peeker != nil {
			after := h.peek(k).Expires
			switch {
			case r.renews && !h.near(after, touched.AddMinutes(timeout)+h.rules.Ahead):
				h.t.Errorf("%s at %v: expires at %v", r.name, touched, after)
			case !r.renews && after != before:
				h.t.Errorf("%s moves Expires from %v to %v", r.name, before, after)
			}
		}
		h.age(10, k)
		if dead := h.isDead(k); dead == r.renews {
			h.t.Errorf("%s: should renew: %v; is dead then: %v", r.name, r.renews, dead)
		}
	}
}

// checkNewTimeout: a write renews by the timeout it brings.
func checkNewTimeout(h *harness) {
	for _, minutes := range []int32{10, 40} {
		k := h.create(fmt.Sprint("minutes", minutes), value(payload))
		cookie := h.lock(k).Cookie
		h.ok(h.s.SetAndRelease(h.ctx, k, session.Value{Payload: payload, Timeout: minutes}, h.mine(cookie)), "writing")
		h.age(15, k)
		// Where a write does not renew, the 20 minutes of the exclusive read still run.
		want := minutes == 10 && h.rules.UpdateRenews
		if dead := h.isDead(k); dead != want {
			h.t.Errorf("15 minutes after a write with %d minutes the session is dead: %v", minutes, dead)
		}
	}
}

// expired makes a session that is past Expires.
func (h *harness) expired(id string) session.Key {
	h.t.Helper()
	k := h.create(id, value(payload))
	h.age(timeout+2, k)
	return k
}

// checkExpired calls each verb for a dead session that nobody has swept.
func checkExpired(h *harness) {
	first := h.rules.FirstCookie
	calls := map[string]func(k session.Key) error{
		"Get":              func(k session.Key) error { _, err := h.s.Get(h.ctx, k); return err },
		"GetExclusive":     func(k session.Key) error { _, err := h.s.GetExclusive(h.ctx, k); return err },
		"ResetTimeout":     func(k session.Key) error { return h.s.ResetTimeout(h.ctx, k) },
		"ReleaseExclusive": func(k session.Key) error { return h.s.ReleaseExclusive(h.ctx, k, first) },
		"SetAndRelease": func(k session.Key) error {
			return h.s.SetAndRelease(h.ctx, k, value(payload), session.IfCookie(first))
		},
		"Remove": func(k session.Key) error { return h.s.Remove(h.ctx, k, h.mine(first)) },
	}
	if !h.rules.can(session.KindIfCookie) {
		delete(calls, "SetAndRelease") // under IfFree it makes the session anew: see the next check
	}
	for name, call := range calls {
		want := "done"
		if !h.rules.ServesExpired {
			want = "not found"
			if (name == "ReleaseExclusive" || name == "SetAndRelease" || name == "Remove" && h.rules.can(session.KindIfCookie)) && h.rules.AbsentIsStale {
				want = "stale"
			}
		}
		k := h.expired(name)
		h.gives(call(k), want, "%s of an expired session", name)
		if name == "ResetTimeout" && h.rules.ServesExpired {
			if h.isDead(k) {
				h.t.Errorf("an expired session that was renewed is dead")
			}
		}
	}
}

// checkMadeAnew makes a session where a dead one lies.
func checkMadeAnew(h *harness) {
	kinds := map[string]func(k session.Key) error{
		"CreateUninitialized": func(k session.Key) error {
			return h.s.CreateUninitialized(h.ctx, k, session.Value{Payload: []byte("new"), Timeout: 33})
		},
	}
	for name, cond := range map[string]session.Condition{"Insert": session.Insert(), "IfFree": session.IfFree(0)} {
		if h.rules.can(cond.Kind()) {
			kinds[name] = func(k session.Key) error {
				return h.s.SetAndRelease(h.ctx, k, session.Value{Payload: []byte("new"), Timeout: 33}, cond)
			}
		}
	}
	for name, create := range kinds {
		k := h.create(name, value(payload))
		cookie := h.lock(k).Cookie
		h.ok(h.s.ReleaseExclusive(h.ctx, k, cookie), "releasing")
		h.age(timeout+2, k)
		err := create(k)
		switch {
		case !h.rules.ServesExpired:
			h.gives(err, "done", "%s over a dead session", name)
			h.isNew(k, 33, name == "CreateUninitialized")
			h.looks(k, want{[]byte("new"), 33, h.rules.FirstCookie, false, name == "CreateUninitialized"}, "after %s over a dead session", name)
		case name == "IfFree":
			h.gives(err, "done", "%s over an expired session", name)
			h.looks(k, want{[]byte("new"), 33, cookie, false, false}, "after %s over an expired session", name)
		case name == "CreateUninitialized" && h.rules.CreateOnExistingSilent:
			h.gives(err, "done", "%s over an expired session", name)
			h.looks(k, want{payload, timeout, cookie, false, false}, "after %s over an expired session", name)
		default:
			h.gives(err, "exists", "%s over an expired session", name)
			h.looks(k, want{payload, timeout, cookie, false, false}, "after %s over an expired session", name)
		}
	}
}

// checkLockedExpire: a lock keeps no session alive (state-server-protocol.md 7).
func checkLockedExpire(h *harness) {
	k := h.create("locked", value(payload))
	h.lock(k)
	h.age(timeout+2, k)
	want := "not found"
	if h.rules.ServesExpired {
		want = "locked"
	}
	_, err := h.s.Get(h.ctx, k)
	h.gives(err, want, "Get of a session that expired locked")
}

// checkDeadline: a session lives up to Expires, and including that moment.
func checkDeadline(h *harness) {
	if h.sub.Clock == nil {
		h.t.Skipf("the clock is real, so it cannot be stopped at the deadline")
	}
	if h.rules.ServesExpired {
		h.t.Skipf("the store serves sessions past the deadline: test %q", "expired")
	}
	k := h.create("deadline", value(payload))
	deadline := func() time.Duration {
		return (h.now().AddMinutes(timeout) + h.rules.Ahead).Time().Sub(h.sub.Clock.Now())
	}
	h.sub.Clock.Advance(deadline())
	_, err := h.s.Get(h.ctx, k)
	h.gives(err, "done", "Get at Expires")
	h.sub.Clock.Advance(deadline())
	h.sub.Clock.Advance(session.Instant(2).Sub(0))
	_, err = h.s.Get(h.ctx, k)
	h.gives(err, "not found", "Get two ticks after Expires")
}
