package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/session"
)

// state is a session as it is answered.
type state struct {
	payload       []byte
	timeout       int32
	locked        bool
	cookie        int32 // of the lock, or of the last one
	since         session.Instant
	uninitialized bool
}

// about answers what is known of an application.
func (x *exchange) about() *problem {
	b := append([]byte(nil), `{"app":`...)
	b = nrbf.AppendJSONString(b, x.key.App)
	b = append(b, `,"compressed":`...)
	if c := x.compressed(); c == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendBool(b, *c)
	}
	return x.sendJSON(append(b, '}', '\n'))
}

// sendJSON sends a whole body.
func (x *exchange) sendJSON(b []byte) *problem {
	h := x.w.Header()
	h["Content-Type"] = typeJSON
	h["Content-Length"] = []string{strconv.Itoa(len(b))}
	if h["Cache-Control"] == nil {
		h["Cache-Control"] = noStore
	}
	x.w.Write(b)
	return nil
}

// get reads a session without its lock.
func (x *exchange) get() *problem {
	as, p := x.answerForm()
	if p != nil {
		return p
	}
	if x.q.peek {
		return x.look(as)
	}
	item, err := x.f.Store.Get(x.r.Context(), x.key)
	if err != nil {
		return x.fail("reading a session", err)
	}
	_, p = x.send(as, &state{item.Payload, item.Timeout, false, item.Cookie, item.Since, item.Uninitialized})
	return p
}

// look reads without touching, and tells the whole record: the headers Aspstate-Created, -Expires and -Revision beside the others.
func (x *exchange) look(as form) *problem {
	rec, p := x.peek()
	if p != nil {
		return p
	}
	h := x.w.Header()
	h["Aspstate-Created"] = []string{rec.Created.String()}
	h["Aspstate-Expires"] = []string{rec.Expires.String()}
	h["Aspstate-Revision"] = []string{strconv.FormatUint(rec.Revision, 10)}
	_, p = x.send(as, &state{rec.Payload, rec.Timeout, rec.Lock.Locked, rec.Lock.Cookie, rec.Lock.Since, rec.Flags&session.Uninitialized != 0})
	return p
}

func (x *exchange) peek() (*session.Record, *problem) {
	peeker := x.f.peeker()
	if peeker == nil {
		return nil, problemNoPeek.because("Take the lock instead.")
	}
	rec, err := session.PeekOne(x.r.Context(), peeker, x.key)
	switch {
	case errors.Is(err, errors.ErrUnsupported): // for now: a cut-over from a State Server
		return nil, problemNoPeek.because("Take the lock instead.")
	case err != nil:
		return nil, x.fail("looking at a session", err)
	}
	return rec, nil
}

// lock reads a session and takes its lock. A lock that the client cannot know of is given back.
func (x *exchange) lock() *problem {
	as, p := x.answerForm()
	if p == nil {
		p = x.noBody()
	}
	if p != nil {
		return p
	}
	item, p := x.acquire()
	if p != nil {
		return p
	}
	given := false
	defer func() { // also if it panics
		if !given {
			x.giveBack(item.Cookie)
		}
	}()
	if x.r.Context().Err() != nil { // net/http reads on, and has seen the client go
		return nil
	}
	sent, p := x.send(as, &state{item.Payload, item.Timeout, true, item.Cookie, item.Since, item.Uninitialized})
	given = p == nil && sent && http.NewResponseController(x.w).Flush() == nil
	return p
}

// giveBack releases a lock that nobody knows of: each page of the session would wait 110 s for it.
func (x *exchange) giveBack(cookie int32) {
	x.f.warn("giving back a lock that could not be answered", x.f.Store.ReleaseExclusive(context.WithoutCancel(x.r.Context()), x.key, cookie))
}

// send answers a session. Nothing has been sent where there is a problem.
func (x *exchange) send(as form, s *state) (sent bool, p *problem) {
	if as == formRaw {
		x.began = true
		x.setState(s)
		h := x.w.Header()
		h["Content-Type"] = typeRaw
		h["Content-Length"] = []string{strconv.Itoa(len(s.payload))}
		_, err := x.w.Write(s.payload)
		return err == nil, nil
	}
	return x.sendSession(s)
}
