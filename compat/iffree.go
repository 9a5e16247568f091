package compat

import (
	"context"
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/session"
)

// whileFree does a change under the condition of the State Server, which no procedure knows: it looks, and then changes under
// the cookie that it saw. Since each lock has a cookie of its own, that one is taken back by nothing but a lock, and then it
// looks again. It is not for v1.0, whose locks have no cookies of their own. absent is what to do where there is no session.
func (t *Table) whileFree(ctx context.Context, k session.Key, cookie int32, absent func() error, change func(*session.Record, session.Condition) error) error {
	const races = 100
	for range races {
		rs, err := t.SkimKeys(ctx, []session.Key{k})
		if err != nil {
			return err
		}
		r := rs[0]
		switch {
		case r == nil:
			err = absent()
			if errors.Is(err, session.ErrExists) {
				continue
			}
			return err
		case r.Lock.Locked && (cookie == 0 || cookie != r.Lock.Cookie):
			if err := t.ResetTimeout(ctx, k); errors.Is(err, session.ErrNotFound) {
				continue
			} else if err != nil {
				return err
			}
			return &session.LockedError{Cookie: r.Lock.Cookie, Since: r.Lock.Since}
		}
		err = change(r, session.IfCookie(r.Lock.Cookie))
		if !errors.Is(err, session.ErrStaleCookie) && !errors.Is(err, session.ErrNotFound) {
			return err
		}
	}
	return fmt.Errorf("session %v: it changes faster than it can be looked at", k)
}

// setWhileFree is SetAndRelease under IfFree. A new timeout also spends the uninitialized mark. What is nearly always the
// case is tried without a look: whoever names a cookie holds that lock, and whoever names none makes a session.
func (t *Table) setWhileFree(ctx context.Context, k session.Key, v session.Value, cookie int32) error {
	first := session.IfCookie(cookie)
	if cookie <= t.layout.FirstCookie { // nobody's lock
		first = session.Insert()
	}
	err := t.SetAndRelease(ctx, k, v, first)
	if !errors.Is(err, session.ErrStaleCookie) && !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrExists) {
		return err
	}
	return t.whileFree(ctx, k, cookie,
		func() error { return t.SetAndRelease(ctx, k, v, session.Insert()) },
		func(r *session.Record, cond session.Condition) error {
			if r.Flags&session.Uninitialized != 0 && v.Timeout != r.Timeout {
				if _, err := t.Get(ctx, k); err != nil { // locked or gone in between: look again
					var locked *session.LockedError
					if errors.As(err, &locked) {
						return session.ErrStaleCookie
					}
					return err
				}
			}
			return t.SetAndRelease(ctx, k, v, cond)
		})
}

// removeWhileFree is Remove under IfFree.
func (t *Table) removeWhileFree(ctx context.Context, k session.Key, cookie int32) error {
	return t.whileFree(ctx, k, cookie,
		func() error { return session.ErrNotFound },
		func(_ *session.Record, cond session.Condition) error { return t.Remove(ctx, k, cond) })
}
