package httpapi

import (
	"cmp"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	growSize = 64 << 10 // of a body's memory before its bytes have come
	keepSize = 64 << 10 // buffers up to this are used again
)

// pool has buffers that are used again.
type pool struct{ p sync.Pool }

var buffers = pool{sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}}

func (p *pool) get() *[]byte { return p.p.Get().(*[]byte) }

func (p *pool) put(b *[]byte) {
	if cap(*b) <= keepSize {
		*b = (*b)[:0]
		p.p.Put(b)
	}
}

// maxBody is the most bytes of a raw body, and of a payload.
func (x *exchange) maxBody() int { return cmp.Or(x.set.MaxBody, DefaultMaxBody) }

// body appends the whole body to b, of at most the given size. Memory grows with what has come, not with what was announced. After an error
// the deadline stays: net/http reads on, before it answers.
func (x *exchange) body(b []byte, most int) ([]byte, *problem) {
	n := x.r.ContentLength
	if n > int64(most) {
		return nil, tooLarge()
	}
	if n == 0 {
		return b, nil
	}
	answer := http.NewResponseController(x.w)
	bounded := x.r.ProtoMajor == 1 || n < 0 || n > growSize // HTTP/2 has read small ones already, or nearly so
	if bounded {
		answer.SetReadDeadline(time.Now().Add(x.patience()))
	}
	if n < 0 {
		n = growSize
	}
	if want := min(int(n), growSize) + 1; cap(b)-len(b) < want {
		b = append(make([]byte, 0, len(b)+want), b...)
	}
	begin := len(b)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		got, err := x.r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+got]
		switch {
		case len(b)-begin > most:
			return nil, tooLarge()
		case err == io.EOF:
			if bounded {
				answer.SetReadDeadline(time.Time{})
			}
			return b, nil
		case err != nil:
			return nil, problemBadBody.because("The body did not come as it was announced.")
		}
	}
}

func tooLarge() *problem {
	return problemTooLarge.because("The body has more bytes than this server takes.")
}

// noBody refuses a body where none means anything.
func (x *exchange) noBody() *problem {
	if x.r.ContentLength == 0 {
		return nil
	}
	if x.r.ContentLength < 0 {
		buf := buffers.get()
		defer buffers.put(buf)
		if b, p := x.body((*buf)[:0], 1); p == nil && len(b) == 0 {
			return nil
		}
	}
	return problemBadBody.because("The request takes no body.")
}
