package remoteapp

import (
	"context"
	"errors"
	"net/http"

	"github.com/aspstate/aspstate/session"
)

// put commits what a GET of this process holds, and ends it, whatever becomes of the commit (section 5).
func (h *Handler) put(ctx context.Context, x *exchange) {
	id, ok := x.p.cookieID(x.r)
	if !ok {
		x.refuse(refused(noSessionID))
		return
	}
	body, err := x.body(ctx, h.o.Patience)
	open, wrong := h.holds.take(session.Key{App: x.p.Name, ID: id})
	if wrong == nil {
		wrong = h.putInto(ctx, open[0].load, body, err)
	} else {
		for _, held := range open {
			held.release(ctx)
		}
	}
	for _, held := range open {
		close(held.done)
	}
	if wrong != nil {
		x.refuse(wrong)
		return
	}
	x.w.WriteHeader(http.StatusOK)
}

// putInto commits a body, if it was read to its end.
func (h *Handler) putInto(ctx context.Context, l *load, body []byte, err error) *refusal {
	if err != nil || ctx.Err() != nil {
		l.release(ctx)
		if errors.Is(err, errTooLarge) {
			return &refusal{status: http.StatusRequestEntityTooLarge, text: tooLarge}
		}
		return refused(notDecoded + ": the body was cut off")
	}
	return l.commit(ctx, body)
}
