package client

import (
	"errors"
	"maps"
	"net/http"
)

// maxRounds is how often a handler is called for one request. The second round has the lock, and is told nothing of changes
// unless it gives the lock back.
const maxRounds = 3

// HandlerFunc is Handler for a function that may fail, and that is begun again where somebody else was faster.
//
// An error drops what was set (Session.Discard) and the response; in its place goes a 500, and OnError is told, or what Fail
// makes of it. An error that is ErrChanged drops both too, but keeps the lock, and f is called again: up to 3 times in all, as
// long as nothing of the response has gone out. What f does beside the session it must be able to do again until it has the
// lock. A body that f has read by then it reads again, from the beginning, of up to Buffer bytes; where it has read more, or
// the response has begun, ErrChanged is an error like others, and a 409. Who expects that calls s.Lock first.
//
// Within a ReadOnly of the same Sessions f changes nothing. Within a Handler only f is called again, not what is around it.
func (o *Sessions) HandlerFunc(f func(w http.ResponseWriter, r *http.Request, s *Session) error) http.Handler {
	return o.Handler(rounds(f))
}

type rounds func(w http.ResponseWriter, r *http.Request, s *Session) error

// ServeHTTP implements http.Handler.
func (f rounds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s, err := From(r)
	if err != nil {
		panic(err) // Handler is around it
	}
	rw, ok := w.(*writer)
	if !ok || rw.s.shared != s.shared || !rw.fresh() { // somebody is in between: what he has written stays
		rw = &writer{under: w, r: r, s: s, inner: true}
		defer rw.free()
	}
	header, body := w.Header().Clone(), keptBodyOf(r, s.o.Buffer)
	for round := 1; ; round++ {
		err = f.once(rw, body.request(r), r, s)
		if err == nil || round == maxRounds || !errors.Is(err, ErrChanged) || !body.whole() || !rw.takeBack(header) {
			break
		}
		if e := s.again(); e != nil {
			err = e
			break
		}
	}
	if err != nil {
		rw.refuse(r, err, header)
	}
	if rw.inner && !rw.hijacked && !rw.sent {
		_ = rw.pass()
	}
}

// once calls f with a request that may be a copy of the one that came: its files are removed, as net/http removes those of its
// own.
func (f rounds) once(w *writer, r, came *http.Request, s *Session) error {
	defer func() {
		if m := r.MultipartForm; m != nil && m != came.MultipartForm {
			_ = m.RemoveAll()
		}
	}()
	return f(w, r, s)
}

// fresh says that nothing has been written yet.
func (w *writer) fresh() bool {
	return !w.sent && !w.hijacked && w.err == nil && w.status == 0 && w.buf == nil
}

// takeBack drops the response, if nothing of it has gone out. Its header is then the given one.
func (w *writer) takeBack(header http.Header) bool {
	if w.sent || w.hijacked || w.err != nil {
		return false
	}
	w.free()
	w.status = 0
	h := w.Header()
	clear(h)
	maps.Copy(h, header.Clone())
	return true
}

// refuse answers for a handler that has failed.
func (w *writer) refuse(r *http.Request, err error, header http.Header) {
	w.s.Discard()
	answers := w.takeBack(header)
	if fail := w.s.o.Fail; answers && fail != nil {
		fail(w, r, err)
		return
	}
	w.s.o.OnError(r, err)
	if answers {
		status := http.StatusInternalServerError
		if errors.Is(err, ErrChanged) {
			status = http.StatusConflict
		}
		http.Error(w, http.StatusText(status), status)
	}
}
