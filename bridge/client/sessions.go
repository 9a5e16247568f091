package client

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Sessions are the sessions of one application, for the handlers of a web server. Store and App have to be set; all else may be
// left as it is. It must not be changed once Handler or ReadOnly has been called.
type Sessions struct {
	Store session.Store
	App   string // the application, by the name that the Store knows

	// The cookie, as sessionState and httpCookies of web.config have it.
	CookieName string        // "": ASP.NET_SessionId
	Domain     string        // "": the host that was asked
	Path       string        // "": /
	SameSite   http.SameSite // 0: Lax; http.SameSiteDefaultMode: not said
	Secure     bool          // only over TLS
	// ParseID says whether the value of a cookie is a session id, and which; what is none is as no cookie. nil: StockID.
	ParseID func(cookie string) (id string, ok bool)
	NewID   func() string // nil: NewID

	// New sessions.
	Timeout int32 // minutes; 0: 20
	// Compressed: they are written compressed, as the site's compressionEnabled says; others keep the form they have. nil: what
	// the bridge of a Client says of the application, which is asked when the first one is written; with other stores: not.
	Compressed *bool

	Blob aspnetser.Options // how payloads are read

	// Locks of others.
	Wait time.Duration // how long a request waits for one; 0: 110 s
	// Poll is how often it asks in the end, where the Store is no session.Waiter, or it only wants to read; 0: 500 ms. It begins
	// after 4 ms, and waits twice as long each time.
	Poll time.Duration
	// ExecutionTimeout is the age at which a lock is broken: httpRuntime's executionTimeout. 0: 110 s; negative: never.
	ExecutionTimeout time.Duration

	OnlyIfFree  bool          // the Store knows no condition but session.IfFree: it is a State Server
	NoTouch     bool          // a request that did not look at its session does not renew it
	KeepGone    bool          // a request whose client has gone away goes on and is saved, as in ASP.NET
	SaveTimeout time.Duration // how long a call of the Store may take at the end of a request; 0: 30 s
	// Buffer is how many bytes of a response are held back until the session is saved, and of a request's body are kept by
	// HandlerFunc. 0: 64 KiB; negative: none.
	Buffer int

	// OnStart is called when a session starts: when it is about to be made, or when a .NET page has made it for us to start
	// (the uninitialized mark). Session_Start of global.asax does not run in either case. An error goes to whoever asked for
	// the session. With ReadOnly it is called for marked sessions only, and cannot change them.
	OnStart func(ctx context.Context, s *Session) error
	// Fail answers for a HandlerFunc that has returned an error; what it had set and answered is dropped by then. nil: OnError
	// is told, and the answer is a 500. OnError is also told where the response has begun and nothing can be answered.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
	// OnError is told what a HandlerFunc has returned, and what went wrong when the handler had returned or had discarded what
	// it set: the session was not saved, or its lock not given back. Where it was not saved the response is a 409
	// where the session was lost to somebody else (session.ErrStaleCookie, ErrNotFound, ErrExists, *LockedError) and a 500
	// otherwise, unless part of it has been sent.
	OnError func(r *http.Request, err error)

	Now func() time.Time // to tell the age of locks by, where the Store has no clock of its own; nil: time.Now
}

const (
	defaultCookie  = "ASP.NET_SessionId"
	defaultTimeout = 20                     // minutes, sessionState/@timeout
	defaultWait    = 110 * time.Second      // httpRuntime/@executionTimeout
	defaultPoll    = 500 * time.Millisecond // state-server-protocol.md 10.2
	defaultBuffer  = 64 << 10
	defaultSave    = 30 * time.Second
)

// settings are Sessions with the defaults filled in, and what its Store can do.
type settings struct {
	Sessions
	of      *Sessions
	bridge  *Client        // says whether new sessions are compressed; nil: Compressed does
	waiter  session.Waiter // nil: none
	clocked session.Clocked
}

func (o *Sessions) settings() *settings {
	if o.Store == nil {
		panic("client: Sessions without a Store")
	}
	s := &settings{Sessions: *o, of: o}
	s.CookieName = cmp.Or(s.CookieName, defaultCookie)
	s.Path = cmp.Or(s.Path, "/")
	s.SameSite = cmp.Or(s.SameSite, http.SameSiteLaxMode)
	s.Timeout = cmp.Or(s.Timeout, defaultTimeout)
	s.Wait = cmp.Or(s.Wait, defaultWait)
	s.Poll = cmp.Or(s.Poll, defaultPoll)
	s.ExecutionTimeout = cmp.Or(s.ExecutionTimeout, defaultWait)
	s.Buffer = cmp.Or(s.Buffer, defaultBuffer)
	s.SaveTimeout = cmp.Or(s.SaveTimeout, defaultSave)
	if s.ParseID == nil {
		s.ParseID = StockID
	}
	if s.NewID == nil {
		s.NewID = NewID
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.OnError == nil {
		s.OnError = func(*http.Request, error) {}
	}
	if s.Compressed == nil {
		s.bridge, _ = o.Store.(*Client)
	}
	s.waiter, _ = o.Store.(session.Waiter)
	clocked := o.Store
	if r, ok := clocked.(*layout.Respelled); ok { // which hides what else its table can do
		clocked = r.Table
	}
	s.clocked, _ = clocked.(session.Clocked)
	return s
}

// form is that of new sessions.
func (s *settings) form(ctx context.Context) (_ aspnetser.Form, err error) {
	compressed := s.Compressed
	if s.bridge != nil {
		if compressed, err = s.bridge.Compresses(ctx, s.App); err != nil {
			return aspnetser.FormUnknown, err
		}
	}
	if compressed != nil && *compressed {
		return aspnetser.FormCompressed, nil
	}
	return aspnetser.FormPlain, nil
}

// blobOf are the options by which a payload is read that is known to be compressed, or not.
func (s *settings) blobOf(c aspnetser.Compression) aspnetser.Options {
	o := s.Blob
	o.Compressed = c
	return o
}

// Handler gives next the session of the browser that asks: see Get, Set, Update and FromContext. A handler within another of
// the same Sessions shares its session.
//
// The http.ResponseWriter holds back a response of up to Buffer bytes until the session is saved. It can be flushed, hijacked
// and unwrapped (http.ResponseController); headers may be set until the response leaves. Once part of the response has been
// sent, no session can begin that needs a cookie: ErrTooLate. Hijack saves the session and gives its lock back: whoever has
// the connection has no session any more. An http.TimeoutHandler belongs around Handler, not within: the session of a page that
// is given up is then dropped.
//
// What was set is saved whatever status next answers, a 500 as well, unless it says Session.Discard or panics.
func (o *Sessions) Handler(next http.Handler) http.Handler {
	return &handler{o: o.settings(), next: next}
}

// ReadOnly is Handler for those who change nothing: the session is never locked, and changes give ErrReadOnly.
// EnableSessionState="ReadOnly" of a page. Within a Handler of the same Sessions next reads that one's session, locked or not,
// and what it changes in place of what it reads is not saved; it can still Discard what was set around it.
func (o *Sessions) ReadOnly(next http.Handler) http.Handler {
	return &handler{o: o.settings(), next: next, readOnly: true}
}

type handler struct {
	o        *settings
	next     http.Handler
	readOnly bool
}

type contextKey struct{}

// FromContext returns the session that Handler has put there.
func FromContext(ctx context.Context) (*Session, error) {
	s, ok := ctx.Value(contextKey{}).(*Session)
	if !ok {
		return nil, ErrNoSession
	}
	return s, nil
}

// From is FromContext for a request.
func From(r *http.Request) (*Session, error) { return FromContext(r.Context()) }

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s, err := From(r); err == nil && s.o.of == h.o.of {
		if h.readOnly && !s.view && !s.readOnly {
			r = r.WithContext(context.WithValue(r.Context(), contextKey{}, &Session{s.shared, true}))
		}
		h.next.ServeHTTP(w, r)
		return
	}
	made := &struct {
		Session
		shared
	}{shared: shared{o: h.o, readOnly: h.readOnly, key: session.Key{App: h.o.App}}}
	s := &made.Session
	s.shared = &made.shared
	if cs := r.CookiesNamed(h.o.CookieName); len(cs) > 0 {
		s.key.ID, s.known = h.o.ParseID(cs[0].Value)
	}
	s.r = r
	r = r.WithContext(context.WithValue(r.Context(), contextKey{}, s))
	rw := &writer{under: w, r: r, s: s}
	defer rw.free()
	returned := false
	defer func() {
		if !returned { // it panics: net/http, or who is in between, sees to that
			s.drop(ErrOver)
		}
	}()
	h.next.ServeHTTP(rw, r)
	returned = true
	rw.finish()
}

// cookie is what a browser is told of a new session.
func (o *settings) cookie(id string) *http.Cookie {
	return &http.Cookie{
		Name: o.CookieName, Value: id, Path: o.Path, Domain: o.Domain, HttpOnly: true, SameSite: o.SameSite, Secure: o.Secure,
	}
}

// lostSession says that a session was not saved because it is somebody else's now, or nobody's.
func lostSession(err error) bool {
	var locked *session.LockedError
	return errors.Is(err, session.ErrStaleCookie) || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrExists) ||
		errors.As(err, &locked)
}
