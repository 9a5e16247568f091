package httpapi

import (
	"context"
	"net/http"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/session"
)

// put replaces a session.
func (x *exchange) put() *problem {
	cond, p := x.condition()
	if p != nil {
		return p
	}
	if cond.Kind() == 0 {
		return problemCondition.because("A PUT needs Aspstate-Lock: COOKIE, Aspstate-Free: COOKIE or If-None-Match: *.")
	}
	if cond.Kind() == session.KindInsert && x.f.IfFree {
		return problemNoInsert.because("It is a State Server: Aspstate-Free: 0 writes where nobody holds a lock, be there a session or not.")
	}
	v, p := x.value()
	if p != nil {
		return p
	}
	if err := x.f.Store.SetAndRelease(x.whole(), x.key, v, x.f.under(cond)); err != nil {
		return x.failUnder(cond, "writing a session", err)
	}
	if cond.Kind() == session.KindInsert {
		return x.done(http.StatusCreated)
	}
	return x.done(http.StatusNoContent)
}

// create makes a session whose Session_Start is still to run.
func (x *exchange) create() *problem {
	cond, p := x.condition()
	if p == nil && cond.Kind() != 0 && cond.Kind() != session.KindInsert {
		p = problemBadHeader.because("What is made anew has no lock.")
	}
	if p != nil {
		return p
	}
	v, p := x.value()
	if p != nil {
		return p
	}
	if err := x.f.Store.CreateUninitialized(x.whole(), x.key, v); err != nil {
		return x.fail("creating a session", err)
	}
	return x.done(http.StatusCreated)
}

// whole is the context of a change: a client that goes away once it has asked for one changes nothing about it.
func (x *exchange) whole() context.Context { return context.WithoutCancel(x.r.Context()) }

// done answers without a body.
func (x *exchange) done(status int) *problem {
	h := x.w.Header()
	h["Cache-Control"] = noStore
	if status == http.StatusCreated {
		h["Content-Length"] = zero
	}
	x.w.WriteHeader(status)
	return nil
}

var zero = []string{"0"}

// value reads the session that a body says.
func (x *exchange) value() (v session.Value, p *problem) {
	as, p := x.bodyForm(true)
	if p != nil {
		return v, p
	}
	if as == formRaw {
		if v.Timeout, p = x.timeout(); p != nil {
			return v, p
		}
		if v.Payload, p = x.body(nil, x.maxBody()); p != nil {
			return v, p
		}
		v.Payload, p = x.recode(v.Payload)
		return v, p
	}
	buf := buffers.get()
	defer buffers.put(buf)
	b, p := x.body((*buf)[:0], 2*x.maxBody())
	if p != nil {
		return v, p
	}
	*buf = b
	c, p := x.parseSession(b)
	if p != nil {
		return v, p
	}
	return x.encode(c, c.Timeout)
}

// encode makes the payload of a collection. Its Form is how it is stored.
func (x *exchange) encode(c *aspnetser.Collection, timeout int32) (v session.Value, p *problem) {
	payload, err := c.Append(nil)
	if err != nil {
		return v, problemBadValue.because("The session cannot be written: " + err.Error() + ".")
	}
	if len(payload) > x.maxBody() {
		return v, tooLarge()
	}
	return session.Value{Payload: payload, Timeout: timeout}, nil
}
