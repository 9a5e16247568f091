package remoteapp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
)

// post loads a session, keeps its lock while the client's request runs, and commits, all in one exchange over HTTP/2
// (section 6). The answer begins before the body: a client waits for it.
func (h *Handler) post(ctx context.Context, x *exchange) {
	if x.readOnly() { // no stock client asks so
		h.look(ctx, x)
		return
	}
	l, err := x.load(ctx)
	if err != nil {
		x.refuse(err)
		return
	}
	x.w.WriteHeader(http.StatusOK)
	if x.send(AppendPayload(nil, l.page)) != nil {
		l.release(ctx)
		return
	}
	if said, there := h.finish(ctx, x, l); there {
		x.send(result(said))
	}
}

// finish waits for the client's commit and carries it out. It returns what went wrong, "" if nothing did, and whether anybody
// is there to be told.
func (h *Handler) finish(ctx context.Context, x *exchange, l *load) (said string, there bool) {
	body, err := x.body(ctx, l.limit())
	if err == nil && len(body) > 0 && ctx.Err() == nil {
		why := l.commit(ctx, body)
		if why == nil {
			return "", true
		}
		x.tell(why)
		return why.text, true
	}
	l.release(ctx)
	switch {
	case errors.Is(err, errTooLarge):
		return tooLarge, true
	case errors.Is(err, os.ErrDeadlineExceeded):
		h.said.Warn(h.o.Logger, "a client has held a lock for too long; it is given back", "app", x.p.Name)
		return timeUp, true
	case err != nil, ctx.Err() != nil:
		return "", false
	}
	return nothingSent, true // an aborted stream can look like this
}

// result is what a POST is answered behind the payload: s says that all is well, and is left out otherwise (fixtures 13 and 14).
func result(wrong string) []byte {
	b, _ := json.Marshal(struct {
		S bool   `json:"s,omitempty"`
		M string `json:"m,omitempty"`
	}{wrong == "", wrong})
	return b
}
