package remoteapp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Defaults of Options and Settings.
const (
	DefaultMaxBody    = 64 << 20          // bytes
	DefaultWait       = 90 * time.Second  // clients give up after 100 s without response headers (section 12.2)
	DefaultBeat       = 5 * time.Second   // the stock server's 20 ms would fill the client's buffers, which it never reads
	DefaultPatience   = 30 * time.Second  // a client's whole commit has 60 s
	DefaultStealAfter = 110 * time.Second // <httpRuntime executionTimeout>
)

// storePatience bounds calls of the store that must not be cut off by the client's leaving, since nobody would know then
// whether a lock was taken or a session written.
const storePatience = 30 * time.Second

// Settings are what can be changed while a Handler serves.
type Settings struct {
	Apps []App
	// Registry says whether the nodes of an application compress, which is how its new sessions are written; nil, or not known:
	// they are written plain. Those that are there keep their form.
	Registry *layout.Registry
	MaxBody  int // most bytes of a payload, in both directions; 0: DefaultMaxBody
}

// Options set up a Handler.
type Options struct {
	Store session.Store // its keys are application and raw id. Locks are waited for in order if it is a session.Waiter
	// IfFree says that Store knows no other condition than session.IfFree: a State Server. There, as between Framework
	// applications, a session that was locked, written and freed by somebody else meanwhile is overwritten: no cookie tells.
	IfFree bool
	Settings

	// Clock is that of the locks' moments, where the bridge has another: a SQL Server's; nil: Store's, if it is one, else time.Now.
	Clock session.Clocked

	Wait     time.Duration // how long a request waits for a locked session, then 503; 0: DefaultWait
	Beat     time.Duration // how often a client that holds a lock by GET is written to; 0: DefaultBeat
	Patience time.Duration // how long a client may take to read what it is sent, and to send a body by PUT; 0: DefaultPatience
	// StealAfter is the age at which a lock is taken from its holder by who waits for it, as Framework applications do it:
	// keep it at their executionTimeout. Without it a lock whose bridge was killed would stay. 0: DefaultStealAfter;
	// negative: never.
	StealAfter time.Duration

	Transport http.RoundTripper // to upstreams; nil: one of its own, without a proxy
	Logger    *slog.Logger      // never told of what a session holds, ids, or API keys; nil: nobody is
}

// Handler serves the session endpoint of any number of applications, and passes other paths on. It is an http.Handler for
// servers that Configure has set up. Make one with New.
type Handler struct {
	o        Options
	waiter   session.Waiter // nil: the store is none
	clock    session.Clocked
	live     atomic.Pointer[settings]
	holds    holds
	gate     gate
	waiting  atomic.Int64
	said     bridge.Seldom
	told     bridge.Once
	steering // of Shutdown
}

// settings are Settings in use.
type settings struct {
	places     []*place
	compressed map[string]bool
	maxBody    int
}

// New makes a Handler. An error says what of the settings cannot work.
func New(o Options) (*Handler, error) {
	o.Wait, o.Beat = cmp.Or(o.Wait, DefaultWait), cmp.Or(o.Beat, DefaultBeat)
	o.Patience, o.StealAfter = cmp.Or(o.Patience, DefaultPatience), cmp.Or(o.StealAfter, DefaultStealAfter)
	if o.Store == nil || o.Wait < 0 || o.Beat < 0 || o.Patience < 0 {
		return nil, errors.New("no store, or a negative time")
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	h := &Handler{o: o, steering: newSteering()}
	h.waiter, _ = o.Store.(session.Waiter)
	if h.clock = o.Clock; h.clock == nil {
		h.clock, _ = o.Store.(session.Clocked)
	}
	if err := h.Change(o.Settings); err != nil {
		return nil, err
	}
	return h, nil
}

// Change replaces the settings. Requests under way end as they began. An error leaves the settings as they were.
func (h *Handler) Change(s Settings) error {
	set := &settings{maxBody: cmp.Or(s.MaxBody, DefaultMaxBody), compressed: map[string]bool{}}
	if set.maxBody < 0 {
		return errors.New("a negative limit of payloads")
	}
	prefixes := map[string]bool{}
	for _, a := range s.Apps {
		p, err := h.newPlace(a)
		if err == nil && prefixes[p.Prefix] {
			err = fmt.Errorf("prefix %q is another application's", p.Prefix)
		}
		if err != nil {
			return fmt.Errorf("remote app session of application %q: %w", a.Name, err)
		}
		prefixes[p.Prefix] = true
		set.places = append(set.places, p)
		if s.Registry != nil {
			if named, ok := s.Registry.ByName(a.Name); ok && named.Compressed != nil {
				set.compressed[a.Name] = *named.Compressed
			}
		}
	}
	h.live.Store(set)
	return nil
}

// Waiting returns how many requests wait for a locked session.
func (h *Handler) Waiting() int { return int(h.waiting.Load()) }

// Holding returns how many clients hold a lock by GET, and wait for their PUT.
func (h *Handler) Holding() int { return h.holds.count() }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	set := h.live.Load()
	p := set.find(r.URL.Path)
	ours := p != nil && r.URL.Path == p.path
	if !ours && p != nil && p.proxy != nil && !meansSession(r.URL.Path) {
		p.proxy.ServeHTTP(w, r)
		return
	}
	rc := http.NewResponseController(w)
	if r.ProtoMajor < 2 && r.ContentLength != 0 { // a refusal waits for the body, which may never come
		rc.SetReadDeadline(time.Now().Add(h.o.Patience))
	}
	if !ours {
		http.NotFound(w, r)
		return
	}
	h.serve(&exchange{h: h, set: set, p: p, w: w, r: r, rc: rc})
}

// find returns the application with the longest prefix of the path; nil: none.
func (s *settings) find(path string) *place {
	var found *place
	for _, p := range s.places {
		rest, ok := strings.CutPrefix(path, p.Prefix)
		if ok && strings.HasPrefix(rest, "/") && (found == nil || len(p.Prefix) > len(found.Prefix)) {
			found = p
		}
	}
	return found
}

// meansSession says whether an upstream could take the path for that of the session, whatever way it is written: the stock
// server's own would lose what it has no type for.
func meansSession(p string) bool {
	for range 3 { // more escapes within escapes nobody undoes
		if strings.Contains(path.Clean(strings.ToLower(strings.ReplaceAll(p, `\`, "/"))), SessionPath) {
			return true
		}
		plain, err := url.PathUnescape(p)
		if err != nil || plain == p {
			break
		}
		p = plain
	}
	return false
}

// serve answers a request of the session endpoint. The API key comes first, as with the stock server.
func (h *Handler) serve(x *exchange) {
	if !x.p.admits(x.r) {
		h.said.Warn(h.o.Logger, "a remote app request without a valid API key", "app", x.p.Name)
		x.w.WriteHeader(http.StatusUnauthorized)
		return
	}
	serve := map[string]func(context.Context, *exchange){http.MethodGet: h.get, http.MethodPut: h.put, http.MethodPost: h.post}[x.r.Method]
	allow := "GET, PUT, POST"
	if x.p.TwoConnections || x.r.ProtoMajor < 2 { // the answer need not wait for the body with HTTP/2 alone
		allow = "GET, PUT"
		if x.r.Method == http.MethodPost {
			serve = nil
		}
	}
	if serve == nil {
		x.w.Header().Set("Allow", allow)
		x.refuse(&refusal{status: http.StatusMethodNotAllowed, text: "Method not allowed"})
		return
	}
	if !h.gate.enter(x.r.Method != http.MethodPut) {
		x.refuse(errStopping)
		return
	}
	defer h.gate.leave()
	ctx, cancel := either(x.r.Context(), h.cut)
	defer cancel()
	serve(ctx, x)
}

// refusal is what a client is told instead of what it wants.
type refusal struct {
	status int
	text   string // for people
	err    error  // for the log; nil: it is the client's affair
}

func (e *refusal) Error() string { return e.text }

var (
	errStopping = &refusal{status: http.StatusServiceUnavailable, text: "The bridge is stopping"}
	errBusy     = &refusal{status: http.StatusServiceUnavailable, text: "The session is locked by another request"}
)

// failed is what a client is told when the store could not, or cannot be understood.
func failed(what string, err error) *refusal {
	return &refusal{status: http.StatusInternalServerError, text: "The session could not be " + what, err: err}
}
