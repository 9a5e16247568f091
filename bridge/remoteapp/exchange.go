package remoteapp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// beat is what a client that holds a lock by GET is sent behind the payload, and then from time to time (section 5).
const beat = '\n'

// sendSize is as much as a client is given Patience for.
const sendSize = 256 << 10

// exchange is a request and its answer.
type exchange struct {
	h   *Handler
	set *settings
	p   *place
	w   http.ResponseWriter
	r   *http.Request
	rc  *http.ResponseController
}

// readOnly reads the flag as .NET does: what is no Boolean is none (section 3).
func (x *exchange) readOnly() bool {
	return strings.EqualFold(strings.TrimSpace(x.r.Header.Get(readOnlyHeader)), "true")
}

// refuse answers with a status, and the reason as the body: with HTTP/2 there is no other place for it.
func (x *exchange) refuse(err error) {
	var why *refusal
	if !errors.As(err, &why) {
		return // the client has gone
	}
	x.tell(why)
	head := x.w.Header()
	if why.status == http.StatusServiceUnavailable {
		head.Set("Retry-After", "1")
	}
	head.Set("Content-Type", "text/plain; charset=utf-8")
	head.Set("Content-Length", strconv.Itoa(len(why.text)))
	x.w.WriteHeader(why.status)
	io.WriteString(x.w, why.text)
}

// tell logs what is not the client's affair.
func (x *exchange) tell(why *refusal) {
	if why.err != nil {
		x.h.said.Warn(x.h.o.Logger, "a remote app request failed", "app", x.p.Name, "what", why.text, "error", why.err)
	}
}

// send writes and flushes within Patience, so that a client which has stopped reading is noticed. After an error the deadline
// stays, and the connection or stream is over.
func (x *exchange) send(b []byte) error {
	for len(b) > 0 {
		n := min(len(b), sendSize)
		if err := x.rc.SetWriteDeadline(time.Now().Add(x.h.o.Patience)); err != nil {
			return err
		}
		if _, err := x.w.Write(b[:n]); err != nil {
			return err
		}
		if err := x.rc.Flush(); err != nil {
			return err
		}
		b = b[n:]
	}
	return x.rc.SetWriteDeadline(time.Time{})
}

var errTooLarge = errors.New("a body of more than MaxBody bytes")

// body reads the body to its clean end within a time, or until the context ends. A body that was cut off is an error: a client
// that finds out only then that it cannot commit has written the whole payload already (section 6).
func (x *exchange) body(ctx context.Context, within time.Duration) ([]byte, error) {
	if err := x.rc.SetReadDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		x.rc.SetReadDeadline(time.Unix(1, 0))
	})
	b, err := io.ReadAll(io.LimitReader(x.r.Body, int64(x.set.maxBody)+1))
	if !stop() {
		<-over
		return nil, ctx.Err()
	}
	switch {
	case err != nil:
		return nil, err
	case len(b) > x.set.maxBody:
		return nil, errTooLarge
	}
	return b, x.rc.SetReadDeadline(time.Time{}) // with HTTP/1.1, one that passes would look as if the client had gone
}
