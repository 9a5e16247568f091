package client

import (
	"io"
	"net/http"
)

// keptBody is the body of a request whose handler may be called again.
type keptBody struct {
	under io.Reader
	limit int
	kept  []byte // what was read of it so far
	much  bool   // that is more than limit, and not kept
}

// keptBodyOf is nil where there is no body.
func keptBodyOf(r *http.Request, limit int) *keptBody {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	return &keptBody{under: r.Body, limit: limit}
}

// request returns r with a body that begins anew.
func (b *keptBody) request(r *http.Request) *http.Request {
	if b == nil {
		return r
	}
	again := r.WithContext(r.Context())
	again.Body = &bodyReader{b: b}
	return again
}

// whole says whether the body can be read from its beginning.
func (b *keptBody) whole() bool { return b == nil || !b.much }

// bodyReader reads a body once.
type bodyReader struct {
	b      *keptBody
	at     int // in kept
	closed bool
}

// Read implements io.Reader.
func (r *bodyReader) Read(p []byte) (int, error) {
	b := r.b
	switch {
	case r.closed:
		return 0, http.ErrBodyReadAfterClose
	case r.at < len(b.kept):
		n := copy(p, b.kept[r.at:])
		r.at += n
		return n, nil
	}
	n, err := b.under.Read(p)
	switch {
	case b.much:
	case len(b.kept)+n > b.limit:
		b.kept, b.much = nil, n > 0 || b.much
	default:
		b.kept = append(b.kept, p[:n]...)
		r.at += n
	}
	return n, err
}

// Close implements io.Closer. The body itself stays open, for the next round; net/http closes it.
func (r *bodyReader) Close() error {
	r.closed = true
	return nil
}
