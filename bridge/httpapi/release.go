package httpapi

import (
	"errors"
	"net/http"

	"github.com/aspstate/aspstate/session"
)

// remove deletes a session, under the client's lock or one of its own.
func (x *exchange) remove() *problem {
	cond, p := x.condition()
	if p == nil {
		p = x.noBody()
	}
	if p != nil {
		return p
	}
	own := cond.Kind() == 0
	switch cond.Kind() {
	case session.KindInsert:
		return problemBadHeader.because("If-None-Match is for what is written.")
	case 0:
		item, p := x.acquire()
		if p != nil {
			return p
		}
		cond = session.IfCookie(item.Cookie)
	default:
		if x.q.wait > 0 {
			return problemBadQuery.because("Query parameter wait: under a condition nothing waits.")
		}
	}
	if err := x.f.Store.Remove(x.whole(), x.key, x.f.under(cond)); err != nil {
		if own {
			x.giveBack(cond.Cookie())
		}
		return x.failUnder(cond, "removing a session", err)
	}
	return x.done(http.StatusNoContent)
}

// release gives a lock back without changing anything.
func (x *exchange) release() *problem {
	cookie, given, p := x.number("Aspstate-Lock")
	if p == nil {
		p = x.noBody()
	}
	if p != nil {
		return p
	}
	if !given {
		return problemCondition.because("A release needs Aspstate-Lock: COOKIE.")
	}
	err := x.f.Store.ReleaseExclusive(x.whole(), x.key, cookie)
	var locked *session.LockedError
	if errors.As(err, &locked) { // by somebody else: what the client held has ended
		return ended(locked)
	}
	if err != nil {
		return x.fail("releasing a session", err)
	}
	return x.done(http.StatusNoContent)
}

// touch renews.
func (x *exchange) touch() *problem {
	if p := x.noBody(); p != nil {
		return p
	}
	if err := x.f.Store.ResetTimeout(x.whole(), x.key); err != nil {
		return x.fail("renewing a session", err)
	}
	return x.done(http.StatusNoContent)
}
