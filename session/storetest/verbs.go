package storetest

import (
	"context"
	"errors"

	"github.com/aspstate/aspstate/session"
)

var verbChecks = []check{
	{name: "absent", run: checkAbsent},
	{name: "insert", run: checkInsert},
	{name: "create uninitialized", run: checkCreate},
	{name: "exists", run: checkExists},
	{name: "read", run: checkRead},
	{name: "conditions", run: checkConditions},
	{name: "ended context", run: checkContext},
}

// checkAbsent calls each verb for a session that is not there.
func checkAbsent(h *harness) {
	k := h.key("absent")
	calls := map[string]func() error{
		"Get":              func() error { _, err := h.s.Get(h.ctx, k); return err },
		"GetExclusive":     func() error { _, err := h.s.GetExclusive(h.ctx, k); return err },
		"ResetTimeout":     func() error { return h.s.ResetTimeout(h.ctx, k) },
		"ReleaseExclusive": func() error { return h.s.ReleaseExclusive(h.ctx, k, 2) },
	}
	wants := map[string]string{"ReleaseExclusive": h.absentOutcome()}
	if h.rules.can(session.KindIfCookie) {
		calls["SetAndRelease IfCookie"] = func() error { return h.s.SetAndRelease(h.ctx, k, value(payload), session.IfCookie(2)) }
		calls["Remove IfCookie"] = func() error { return h.s.Remove(h.ctx, k, session.IfCookie(2)) }
		wants["SetAndRelease IfCookie"], wants["Remove IfCookie"] = h.absentOutcome(), h.absentOutcome()
	}
	if h.rules.can(session.KindIfFree) {
		calls["Remove IfFree"] = func() error { return h.s.Remove(h.ctx, k, session.IfFree(2)) }
	}
	for name, call := range calls {
		wanted, ok := wants[name]
		if !ok {
			wanted = "not found"
		}
		h.gives(call(), wanted, "%s of an absent session", name)
		h.isAbsent(k, "after %s of an absent session", name)
	}
}

func checkInsert(h *harness) {
	for _, cond := range []session.Condition{session.Insert(), session.IfFree(0), session.IfFree(7)} {
		if !h.rules.can(cond.Kind()) {
			continue
		}
		k := h.key("insert" + string(rune('a'+cond.Kind())) + string(rune('a'+cond.Cookie())))
		h.gives(h.s.SetAndRelease(h.ctx, k, session.Value{Payload: payload, Timeout: 33}, cond), "done", "creating under %+v", cond)
		h.isNew(k, 33, false)
		h.looks(k, want{payload, 33, h.rules.FirstCookie, false, false}, "after creating under %+v", cond)
	}
}

func checkCreate(h *harness) {
	k := h.key("new")
	h.gives(h.s.CreateUninitialized(h.ctx, k, session.Value{Payload: payload, Timeout: 33}), "done", "creating")
	h.isNew(k, 33, true)
	h.looks(k, want{payload, 33, h.rules.FirstCookie, false, true}, "after creating")
}

// isNew compares a record with that of a session made just now.
func (h *harness) isNew(k session.Key, timeout int32, marked bool) {
	h.t.Helper()
	if h.peeker == nil {
		return
	}
	r, now := h.peek(k), h.now()
	if r.Key != k {
		h.t.Errorf("Peek gives key %v for %v", r.Key, k)
	}
	if !h.near(r.Created, now) || r.Lock.Since != r.Created {
		h.t.Errorf("created at %v, locked at %v, want %v for both", r.Created, r.Lock.Since, now)
	}
	if r.Expires != r.Created.AddMinutes(timeout)+h.rules.Ahead {
		h.t.Errorf("created at %v with %d minutes, expires at %v", r.Created, timeout, r.Expires)
	}
	flags := session.Flags(0)
	if marked {
		flags = session.Uninitialized
	}
	if r.Flags != flags || r.Lock.Locked || r.Lock.Cookie != h.rules.FirstCookie || r.Timeout != timeout {
		h.t.Errorf("new session has flags %d, lock %+v, timeout %d", r.Flags, r.Lock, r.Timeout)
	}
	if (r.Revision != 0) != h.rules.KeepsRevision {
		h.t.Errorf("new session has revision %d", r.Revision)
	}
}

// checkExists makes sessions that are there already, free and locked.
func checkExists(h *harness) {
	for _, locked := range []bool{false, true} {
		k := h.create(map[bool]string{false: "free", true: "locked"}[locked], value(payload))
		w := want{payload, timeout, h.rules.FirstCookie, locked, false}
		if locked {
			w.cookie = h.lock(k).Cookie
		}
		other := session.Value{Payload: []byte("other"), Timeout: 44}
		create := "exists"
		if h.rules.CreateOnExistingSilent {
			create = "done"
		}
		h.gives(h.s.CreateUninitialized(h.ctx, k, other), create, "CreateUninitialized, locked %v", locked)
		h.looks(k, w, "after CreateUninitialized of an existing session, locked %v", locked)
		if !h.rules.can(session.KindInsert) {
			continue
		}
		if !locked {
			w = w.after(h)
		}
		h.gives(h.s.SetAndRelease(h.ctx, k, other, session.Insert()), "exists", "Insert, locked %v", locked)
		h.looks(k, w, "after Insert of an existing session, locked %v", locked)
	}
}

// checkRead reads a free session and a locked one.
func checkRead(h *harness) {
	k := h.create("read", value(payload))
	plain := func(cookie int32, since session.Instant) {
		h.t.Helper()
		item, err := h.s.Get(h.ctx, k)
		h.ok(err, "Get")
		if string(item.Payload) != string(payload) || item.Timeout != timeout || item.Uninitialized {
			h.t.Errorf("Get gives %+v", item)
		}
		if told := item.Cookie == cookie && h.since(item.Since, since); told != h.rules.GetTellsLock {
			h.t.Errorf("Get tells cookie %d since %v; the last lock is %d since %v", item.Cookie, item.Since, cookie, since)
		}
	}
	created := h.now()
	plain(h.rules.FirstCookie, created)
	plain(h.rules.FirstCookie, created) // the first took no lock
	h.age(1, k)
	if h.sub.Clock == nil {
		created = h.now() // only Expires was moved
	}

	item := h.lock(k)
	taken := h.now()
	if string(item.Payload) != string(payload) || item.Timeout != timeout || item.Uninitialized ||
		item.Cookie != h.next(h.rules.FirstCookie) || !h.since(item.Since, taken) {
		h.t.Errorf("GetExclusive gives %+v", item)
	}
	for name, read := range map[string]func(context.Context, session.Key) (session.Item, error){"Get": h.s.Get, "GetExclusive": h.s.GetExclusive} {
		h.age(1, k)
		got, err := read(h.ctx, k)
		var locked *session.LockedError
		if !errors.As(err, &locked) {
			h.t.Fatalf("%s of a locked session gives %v", name, err)
		}
		if locked.Cookie != item.Cookie || !h.since(locked.Since, taken) || locked.Uninitialized {
			h.t.Errorf("%s of a session locked under %d since %v gives %+v", name, item.Cookie, taken, locked)
		}
		if got.Payload != nil {
			h.t.Errorf("%s of a locked session gives a payload", name)
		}
	}
	h.ok(h.s.ReleaseExclusive(h.ctx, k, item.Cookie), "releasing")
	plain(item.Cookie, taken)
}

// since compares the moment of a lock with what the store tells.
func (h *harness) since(got, want session.Instant) bool {
	d := got.Sub(want).Abs()
	return d <= h.rules.SinceSlack || h.sub.Clock == nil && h.near(got, want)
}

// checkConditions: what a store does not do it refuses, and leaves the session alone.
func checkConditions(h *harness) {
	k := h.create("condition", value(payload))
	item := h.lock(k)
	all := map[session.ConditionKind]session.Condition{
		0: {}, session.KindInsert: session.Insert(), session.KindIfCookie: session.IfCookie(item.Cookie), session.KindIfFree: session.IfFree(item.Cookie),
	}
	for kind, cond := range all {
		if kind == 0 || !h.rules.can(kind) {
			if got := outcome(h.s.SetAndRelease(h.ctx, k, value([]byte("no")), cond)); !isFailure(got) {
				h.t.Errorf("SetAndRelease under a condition of kind %d, which the store does not do: %s", kind, got)
			}
		}
		if kind == 0 || kind == session.KindInsert || !h.rules.can(kind) {
			if got := outcome(h.s.Remove(h.ctx, k, cond)); !isFailure(got) {
				h.t.Errorf("Remove under a condition of kind %d, which the store does not do: %s", kind, got)
			}
		}
	}
	h.looks(k, want{payload, timeout, item.Cookie, true, false}, "after refused conditions")
}

// isFailure tells an error that is no outcome of the contract.
func isFailure(outcome string) bool { return len(outcome) > 7 && outcome[:7] == "another" }

// checkContext calls each method with a context that has ended.
func checkContext(h *harness) {
	k := h.create("context", value(payload))
	item := h.lock(k)
	ended, cancel := context.WithCancel(h.ctx)
	cancel()
	calls := map[string]func() error{
		"Get":          func() error { _, err := h.s.Get(ended, k); return err },
		"GetExclusive": func() error { _, err := h.s.GetExclusive(ended, k); return err },
		"SetAndRelease": func() error {
			return h.s.SetAndRelease(ended, k, value(payload), session.Condition(h.mine(item.Cookie)))
		},
		"ReleaseExclusive":    func() error { return h.s.ReleaseExclusive(ended, k, item.Cookie) },
		"Remove":              func() error { return h.s.Remove(ended, k, h.mine(item.Cookie)) },
		"ResetTimeout":        func() error { return h.s.ResetTimeout(ended, k) },
		"CreateUninitialized": func() error { return h.s.CreateUninitialized(ended, k, value(payload)) },
	}
	if h.peeker != nil {
		calls["Peek"] = func() error { _, err := h.peeker.Peek(ended, []session.Key{k}); return err }
	}
	if h.scanner != nil {
		calls["Scan"] = func() error { _, err := h.scanner.Scan(ended, session.ScanRequest{Limit: 1}); return err }
	}
	if h.applier != nil {
		calls["Apply"] = func() error {
			_, err := h.applier.Apply(ended, []session.Change{{Record: session.Record{Key: h.key("applied")}, Delete: true}})
			return err
		}
	}
	if h.sweeper != nil {
		calls["Sweep"] = func() error { _, err := h.sweeper.Sweep(ended, 1); return err }
	}
	if h.counter != nil {
		calls["Count"] = func() error { _, err := h.counter.Count(ended); return err }
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			h.t.Errorf("%s under an ended context gives %v", name, err)
		}
	}
	if err := h.s.ResetTimeout(h.ctx, h.create("later", value(payload))); err != nil {
		h.t.Errorf("after ended contexts the store gives %v", err)
	}
}

// mine is a condition that the owner of the lock may write under.
func (h *harness) mine(cookie int32) session.Condition {
	if h.rules.can(session.KindIfCookie) {
		return session.IfCookie(cookie)
	}
	return session.IfFree(cookie)
}
