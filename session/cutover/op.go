package cutover

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// verb is one of ASP.NET's seven.
type verb uint8

const (
	get verb = iota
	getExclusive
	set
	release
	remove
	reset
	create
)

// op is a call of a verb.
type op struct {
	verb   verb
	value  session.Value
	cond   session.Condition
	cookie int32 // of a release
}

// run does it in a store.
func (o *op) run(ctx context.Context, s session.Store, k session.Key) (session.Item, error) {
	switch o.verb {
	case get:
		return s.Get(ctx, k)
	case getExclusive:
		return s.GetExclusive(ctx, k)
	case set:
		return session.Item{}, s.SetAndRelease(ctx, k, o.value, o.cond)
	case release:
		return session.Item{}, s.ReleaseExclusive(ctx, k, o.cookie)
	case remove:
		return session.Item{}, s.Remove(ctx, k, o.cond)
	case reset:
		return session.Item{}, s.ResetTimeout(ctx, k)
	}
	return session.Item{}, s.CreateUninitialized(ctx, k, o.value)
}

// replaces reports whether the verb may make what a session held before void.
func (o *op) replaces() bool { return o.verb == set || o.verb == remove }

// owns reports whether the verb is that of the page which holds the row's lock, or held it last. Of a free row, a State
// Server's client has nothing to prove, so nothing is lost for it if the cookie is another one later.
func (o *op) owns(r *session.Record) bool {
	switch {
	case o.verb == release:
		return o.cookie == r.Lock.Cookie
	case !o.replaces():
		return false
	case o.cond.Kind() == session.KindIfCookie:
		return o.cond.Cookie() == r.Lock.Cookie
	case o.cond.Kind() == session.KindIfFree:
		return r.Lock.Locked && o.cond.Cookie() == r.Lock.Cookie && o.cond.Cookie() != 0
	}
	return false
}

// refused is the answer to a verb while a page holds the lock that is not its own, and whether the session is renewed.
func (o *op) refused(r *session.Record) (renews bool, err error) {
	locked := &session.LockedError{Cookie: r.Lock.Cookie, Since: r.Lock.Since}
	switch o.verb {
	case get, getExclusive:
		return true, locked
	case reset:
		return true, nil
	case create:
		return false, session.ErrExists
	case release:
		return false, locked
	}
	switch o.cond.Kind() {
	case session.KindInsert:
		return false, session.ErrExists
	case session.KindIfCookie:
		return false, session.ErrStaleCookie
	}
	return true, locked
}

// isCall reports whether the condition is one that the verb can be called with; stores refuse others themselves.
func (o *op) isCall() bool {
	switch o.cond.Kind() {
	case session.KindIfCookie, session.KindIfFree:
		return true
	case session.KindInsert:
		return o.verb == set
	}
	return !o.replaces()
}
