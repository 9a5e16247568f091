package client

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// writer is the http.ResponseWriter of a handler with a session. It holds the response back until the session is saved; what
// does not fit, or is flushed, goes out before that.
type writer struct {
	under http.ResponseWriter
	r     *http.Request
	s     *Session

	buf      *[]byte // what is held back; nil: nothing yet
	inner    bool    // within another one, which sees to the session
	status   int     // what the handler has said; 0: nothing yet
	sent     bool    // the header is under way
	hijacked bool
	err      error // why nothing more is taken
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Header implements http.ResponseWriter.
func (w *writer) Header() http.Header { return w.under.Header() }

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.under }

// WriteHeader implements http.ResponseWriter. Informational answers go out at once.
func (w *writer) WriteHeader(status int) {
	switch {
	case w.err != nil, w.hijacked:
	case w.sent, 100 <= status && status < 200 && status != http.StatusSwitchingProtocols:
		w.under.WriteHeader(status)
	case w.status == 0:
		w.status = status
		if status == http.StatusSwitchingProtocols { // what follows is a Hijack
			_ = w.send()
		}
	}
}

// Write implements http.ResponseWriter.
func (w *writer) Write(p []byte) (int, error) { return write(w, p, w.under.Write) }

// WriteString implements io.StringWriter.
func (w *writer) WriteString(p string) (int, error) {
	return write(w, p, func(p string) (int, error) { return io.WriteString(w.under, p) })
}

func write[B []byte | string](w *writer, p B, through func(B) (int, error)) (int, error) {
	if err := w.ready(); err != nil {
		return 0, err
	}
	if !w.sent {
		if hold(w, p) {
			return len(p), nil
		}
		if err := w.send(); err != nil {
			return 0, err
		}
	}
	return through(p)
}

// ReadFrom implements io.ReaderFrom: what is larger than can be held back goes the way of the http.ResponseWriter below, from
// file to socket where it can.
func (w *writer) ReadFrom(src io.Reader) (n int64, err error) {
	if err := w.ready(); err != nil {
		return 0, err
	}
	for !w.sent {
		if w.buf == nil {
			w.buf = buffers.Get().(*[]byte)
		}
		b := *w.buf
		if len(b) >= w.s.o.Buffer {
			if err := w.send(); err != nil {
				return n, err
			}
			break
		}
		if len(b) == cap(b) {
			b = slices.Grow(b, 4<<10)
		}
		got, err := src.Read(b[len(b):min(cap(b), w.s.o.Buffer)])
		*w.buf = b[:len(b)+got]
		n += int64(got)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, err
		}
	}
	rest, err := io.Copy(w.under, src)
	return n + rest, err
}

// ready says whether a body is taken.
func (w *writer) ready() error {
	switch {
	case w.err != nil:
		return w.err
	case w.hijacked:
		return http.ErrHijacked
	case w.status == 0:
		w.status = http.StatusOK
	case !hasBody(w.status):
		return http.ErrBodyNotAllowed
	}
	return nil
}

func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// hold keeps p back, if there is room.
func hold[B []byte | string](w *writer, p B) bool {
	held := 0
	if w.buf != nil {
		held = len(*w.buf)
	}
	if held+len(p) > w.s.o.Buffer {
		return false
	}
	if w.buf == nil {
		w.buf = buffers.Get().(*[]byte)
	}
	*w.buf = append(*w.buf, p...)
	return true
}

// free gives the buffer back.
func (w *writer) free() {
	if w.buf != nil {
		*w.buf = (*w.buf)[:0]
		buffers.Put(w.buf)
		w.buf = nil
	}
}

// send lets the response go while the handler is at work. A new session is made before that, since its cookie goes too.
func (w *writer) send() error {
	if w.sent || w.err != nil {
		return w.err
	}
	if !w.inner {
		cookie, err := w.s.head()
		if err != nil {
			w.s.drop(ErrOver)
			w.fail(err)
			return err
		}
		w.setCookie(cookie)
	}
	return w.pass()
}

// pass hands on what was held back.
func (w *writer) pass() error {
	w.sent = true
	if w.status != 0 {
		w.under.WriteHeader(w.status)
	}
	var err error
	if w.buf != nil && len(*w.buf) > 0 {
		_, err = w.under.Write(*w.buf)
	}
	w.free()
	return err
}

// setCookie tells the browser of its session, and caches not to tell others.
func (w *writer) setCookie(cookie *http.Cookie) {
	if cookie != nil {
		http.SetCookie(w.under, cookie)
		w.under.Header().Add("Cache-Control", `no-cache="Set-Cookie"`)
	}
}

// finish saves the session and lets the response go.
func (w *writer) finish() {
	if w.hijacked {
		return
	}
	cookie, err := w.s.finish()
	if _, ok := err.(*harmlessError); ok {
		w.s.o.OnError(w.r, err)
		err = nil
	}
	switch {
	case w.err != nil: // told already
	case err != nil:
		w.fail(err)
	case !w.sent:
		w.setCookie(cookie)
		w.setLength()
		_ = w.pass() // a client that does not read is its own loss
	}
}

// setLength says how long a response is that was held back whole, as net/http does with short ones.
func (w *writer) setLength() {
	h := w.under.Header()
	if w.buf == nil || len(*w.buf) == 0 || h["Content-Length"] != nil || h["Transfer-Encoding"] != nil || h["Trailer"] != nil {
		return
	}
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(*w.buf)))
}

// fail tells that the session could not be saved: to OnError, and to the client in place of the response if it can.
func (w *writer) fail(err error) {
	w.err = err
	w.s.o.OnError(w.r, err)
	if w.sent {
		return
	}
	w.sent = true
	status := http.StatusInternalServerError
	if lostSession(err) {
		status = http.StatusConflict
	}
	http.Error(w.under, http.StatusText(status), status)
}

// Flush implements http.Flusher.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError is Flush for http.ResponseController.
func (w *writer) FlushError() error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if err := w.send(); err != nil {
		return err
	}
	return http.NewResponseController(w.under).Flush()
}

// Hijack implements http.Hijacker. The session is saved then, and over; if it cannot be saved there is no connection to be had.
// The cookie of a new session is in the Header.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.hijacked {
		return nil, nil, http.ErrHijacked
	}
	if w.err != nil {
		return nil, nil, w.err
	}
	conn, rw, err := http.NewResponseController(w.under).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.hijacked = true
	if w.inner {
		return conn, rw, nil
	}
	cookie, err := w.s.finish()
	if err != nil {
		w.s.o.OnError(w.r, err)
		if _, ok := err.(*harmlessError); !ok {
			conn.Close()
			return nil, nil, err
		}
	}
	w.setCookie(cookie)
	return conn, rw, nil
}
