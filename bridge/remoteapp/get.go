package remoteapp

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// get answers a GET: a look at the session, or the lock for as long as the answer lasts.
func (h *Handler) get(ctx context.Context, x *exchange) {
	if x.readOnly() {
		h.look(ctx, x)
		return
	}
	l, err := x.load(ctx)
	if err != nil {
		x.refuse(err)
		return
	}
	held := h.holds.add(l)
	if h.keep(ctx, x, held) {
		l.release(ctx)
	}
	h.holds.remove(held)
}

// look answers a read-only request (section 4). It sets no cookie.
func (h *Handler) look(ctx context.Context, x *exchange) {
	id, _ := x.p.cookieID(x.r)
	page, err := h.read(ctx, x, id)
	if err != nil {
		x.refuse(err)
		return
	}
	b := AppendPayload(nil, page)
	x.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	x.w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	x.send(b) // there is nobody to tell
}

// load takes the lock of the request's session. The cookie of a new id is put into the answer's head.
func (x *exchange) load(ctx context.Context) (*load, error) {
	id, _ := x.p.cookieID(x.r)
	l, err := x.h.lockAndLoad(ctx, x, id)
	if err == nil {
		if id == "" {
			x.w.Header().Set("Set-Cookie", x.p.setCookie(l.key.ID))
		}
		x.w.Header().Set("Content-Type", "text/event-stream")
	}
	return l, err
}

// keep sends the session and keeps its lock until there is a PUT, the client goes away or its time is up. It says whether the
// lock is to be given back: not if a PUT has taken the hold over.
func (h *Handler) keep(ctx context.Context, x *exchange, held *hold) bool {
	limit := time.NewTimer(held.limit())
	defer limit.Stop()
	x.w.WriteHeader(http.StatusOK)
	if x.send(append(AppendPayload(nil, held.page), beat)) != nil {
		return h.holds.claim(held)
	}
	beats := time.NewTicker(h.o.Beat)
	defer beats.Stop()
	for {
		select {
		case <-held.done:
			return false
		case <-ctx.Done():
			return h.holds.claim(held)
		case <-limit.C:
			if h.holds.claim(held) {
				h.said.Warn(h.o.Logger, "a client has held a lock for too long; it is given back", "app", x.p.Name)
				return true
			}
			<-held.done // a PUT is at work, which has its own bounds
			return false
		case <-beats.C:
			if x.send([]byte{beat}) != nil {
				return h.holds.claim(held)
			}
		}
	}
}
