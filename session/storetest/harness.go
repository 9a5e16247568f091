package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aspstate/aspstate/session"
)

// harness is what a check works with.
type harness struct {
	t     TB
	ctx   context.Context
	rules Rules
	sub   Subject
	s     session.Store
	// Abilities; nil where the store lacks one.
	peeker  session.Peeker
	scanner session.Scanner
	applier session.Applier
	sweeper session.Sweeper
	waiter  session.Waiter
	counter session.Counter
	control session.Controller
	clocked session.Clocked
}

func newHarness(t TB, sub Subject, r Rules) *harness {
	h := &harness{t: t, ctx: t.Context(), rules: r, sub: sub}
	h.use(sub.Store)
	return h
}

func (h *harness) use(s session.Store) {
	h.s = s
	h.peeker, _ = s.(session.Peeker)
	h.scanner, _ = s.(session.Scanner)
	h.applier, _ = s.(session.Applier)
	h.sweeper, _ = s.(session.Sweeper)
	h.waiter, _ = s.(session.Waiter)
	h.counter, _ = s.(session.Counter)
	h.control, _ = s.(session.Controller)
	h.clocked, _ = s.(session.Clocked)
}

// need skips the check if the store lacks an ability that its rules do not demand.
func (h *harness) need(has bool, a Abilities, name string) {
	h.t.Helper()
	switch {
	case has:
	case h.rules.Needs&a != 0:
		h.t.Fatalf("the store has to be a session.%s and is none", name)
	default:
		h.t.Skipf("the store is no session.%s", name)
	}
}

func (h *harness) needPeeker()  { h.t.Helper(); h.need(h.peeker != nil, Peeks, "Peeker") }
func (h *harness) needScanner() { h.t.Helper(); h.need(h.scanner != nil, Scans, "Scanner") }
func (h *harness) needApplier() { h.t.Helper(); h.need(h.applier != nil, Applies, "Applier") }

func (h *harness) key(id string) session.Key { return h.keyOf("shop", id) }

func (h *harness) keyOf(app, id string) session.Key {
	if h.sub.Key != nil {
		return h.sub.Key(app, id)
	}
	return session.Key{App: app, ID: id}
}

// timeout is that of sessions which the suite makes, unless it is the matter.
const timeout = 20

var payload = []byte{timeout, 0, 0, 0, 0, 0, 0xFF} // the empty session, session-blob.md

func value(p []byte) session.Value { return session.Value{Payload: bytes.Clone(p), Timeout: timeout} }

// ok ends the check if err is not nil.
func (h *harness) ok(err error, format string, args ...any) {
	h.t.Helper()
	if err != nil {
		h.t.Fatalf("%s: %v", fmt.Sprintf(format, args...), err)
	}
}

// outcome names what an error says.
func outcome(err error) string {
	var locked *session.LockedError
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &locked):
		return "locked"
	case errors.Is(err, session.ErrNotFound):
		return "not found"
	case errors.Is(err, session.ErrExists):
		return "exists"
	case errors.Is(err, session.ErrStaleCookie):
		return "stale"
	}
	return "another error: " + err.Error()
}

// gives reports an outcome other than the wanted one.
func (h *harness) gives(err error, want string, format string, args ...any) bool {
	h.t.Helper()
	got := outcome(err)
	if got != want {
		h.t.Errorf("%s: got %s, want %s", fmt.Sprintf(format, args...), got, want)
	}
	return got == want
}

// absentOutcome is what changes under a cookie give for an absent session.
func (h *harness) absentOutcome() string {
	if h.rules.AbsentIsStale {
		return "stale"
	}
	return "not found"
}

// create makes an unlocked session without mark, in a way the store can do.
func (h *harness) create(id string, v session.Value) session.Key {
	h.t.Helper()
	k := h.key(id)
	cond := session.Insert()
	if !h.rules.can(session.KindInsert) {
		cond = session.IfFree(0)
	}
	h.ok(h.s.SetAndRelease(h.ctx, k, v, cond), "creating %s", id)
	return k
}

// lock takes the lock, which must be free.
func (h *harness) lock(k session.Key) session.Item {
	h.t.Helper()
	item, err := h.s.GetExclusive(h.ctx, k)
	h.ok(err, "locking %v", k)
	return item
}

// peek returns the record, which must be there; only for stores with Peeker.
func (h *harness) peek(k session.Key) session.Record {
	h.t.Helper()
	r, err := session.PeekOne(h.ctx, h.peeker, k)
	h.ok(err, "peeking at %v", k)
	return *r
}

// next is the cookie that a lock gets after one.
func (h *harness) next(cookie int32) int32 {
	if h.rules.CookieFrozen {
		return cookie
	}
	return cookie + 1
}

// want is what a session should look like.
type want struct {
	payload []byte
	timeout int32
	cookie  int32
	locked  bool
	marked  bool
}

// looks compares the session with want, by Peek if the store can, and then by reading it: the session is renewed, locked
// and released by that, and loses its mark.
func (h *harness) looks(k session.Key, w want, format string, args ...any) {
	h.t.Helper()
	what := fmt.Sprintf(format, args...)
	if h.peeker != nil {
		r := h.peek(k)
		got := want{r.Payload, r.Timeout, r.Lock.Cookie, r.Lock.Locked, r.Flags&session.Uninitialized != 0}
		if d := w.differs(got); d != "" {
			h.t.Errorf("%s: Peek shows %s", what, d)
			return
		}
	}
	item, err := h.s.GetExclusive(h.ctx, k)
	if w.locked {
		var locked *session.LockedError
		if !errors.As(err, &locked) || locked.Cookie != w.cookie {
			h.t.Errorf("%s: should be locked under %d, but an exclusive read gives %v", what, w.cookie, err)
		}
		return
	}
	if err != nil {
		h.t.Errorf("%s: should be free, but an exclusive read gives %v", what, err)
		return
	}
	if d := w.after(h).differs(want{item.Payload, item.Timeout, item.Cookie, false, item.Uninitialized}); d != "" {
		h.t.Errorf("%s: an exclusive read gives %s", what, d)
	}
	h.ok(h.s.ReleaseExclusive(h.ctx, k, item.Cookie), "%s: releasing", what)
}

// after is w as the next exclusive read shows it.
func (w want) after(h *harness) want { w.cookie = h.next(w.cookie); return w }

func (w want) differs(got want) string {
	var d []string
	if !bytes.Equal(got.payload, w.payload) {
		d = append(d, fmt.Sprintf("a payload of %d bytes that is not the one of %d bytes", len(got.payload), len(w.payload)))
	}
	if got.timeout != w.timeout {
		d = append(d, fmt.Sprintf("timeout %d, want %d", got.timeout, w.timeout))
	}
	if got.cookie != w.cookie {
		d = append(d, fmt.Sprintf("cookie %d, want %d", got.cookie, w.cookie))
	}
	if got.locked != w.locked {
		d = append(d, fmt.Sprintf("locked %v, want %v", got.locked, w.locked))
	}
	if got.marked != w.marked {
		d = append(d, fmt.Sprintf("uninitialized %v, want %v", got.marked, w.marked))
	}
	return strings.Join(d, "; ")
}

// isAbsent reports a session that is there.
func (h *harness) isAbsent(k session.Key, format string, args ...any) {
	h.t.Helper()
	_, err := h.s.Get(h.ctx, k)
	h.gives(err, "not found", format, args...)
	if h.peeker != nil {
		rs, err := h.peeker.Peek(h.ctx, []session.Key{k})
		h.ok(err, "peeking")
		if rs[0] != nil {
			h.t.Errorf("%s: Peek shows it", fmt.Sprintf(format, args...))
		}
	}
}

// now is the store's time, as far as it is known.
func (h *harness) now() session.Instant {
	if h.sub.Clock != nil {
		return session.At(h.sub.Clock.Now())
	}
	return session.At(time.Now())
}

// near reports whether two moments are the same: to the tick where the clock stands, within a minute where it is
// another machine's.
func (h *harness) near(a, b session.Instant) bool {
	if h.sub.Clock != nil {
		return a == b
	}
	return a-b <= session.Minute && b-a <= session.Minute
}

// age makes the sessions older: by the clock, or by Apply. Without either the check is skipped.
func (h *harness) age(minutes int32, keys ...session.Key) {
	h.t.Helper()
	if h.sub.Clock != nil {
		h.sub.Clock.Advance(time.Duration(minutes) * time.Minute)
		return
	}
	if h.applier == nil || h.peeker == nil {
		h.t.Skipf("the clock is real, and the store has no Applier to move times with")
	}
	for _, k := range keys {
		r := h.peek(k)
		f := r.Fence()
		r.Expires = r.Expires.AddMinutes(-minutes)
		h.apply(session.Change{Record: r, Expect: &f})
	}
}

// apply does one change, which must succeed.
func (h *harness) apply(c session.Change) session.Outcome {
	h.t.Helper()
	out, err := h.applier.Apply(h.ctx, []session.Change{c})
	h.ok(err, "applying")
	if len(out) != 1 || out[0].Result != session.Applied {
		h.t.Fatalf("applying gave %+v", out)
	}
	return out[0]
}

// isDead reports whether the session is past Expires, by Peek or by sweeping. It renews a live one.
func (h *harness) isDead(k session.Key) bool {
	h.t.Helper()
	switch {
	case h.peeker != nil:
		rs, err := h.peeker.Peek(h.ctx, []session.Key{k})
		h.ok(err, "peeking")
		return rs[0] == nil || rs[0].Expires < h.now()
	case h.rules.ServesExpired && h.sweeper == nil:
		h.t.Skipf("the store serves dead sessions, and has neither Peeker nor Sweeper to tell them by")
	case h.rules.ServesExpired:
		for n := 1; n > 0; {
			var err error
			n, err = h.sweeper.Sweep(h.ctx, 100)
			h.ok(err, "sweeping")
		}
	}
	err := h.s.ResetTimeout(h.ctx, k)
	if err != nil {
		h.gives(err, "not found", "renewing a session that may be dead")
	}
	return err != nil
}
