// Package httpapi serves the sessions of a Store as resources over HTTP: as JSON with typed values, or as the bytes that ASP.NET
// keeps. Programs in any language take part in the sessions of .NET Framework sites with it, under the same locks.
//
// openapi.json describes every operation, status and body, and is served at /v1/openapi.json; the tests hold the server
// to it. In short, under /v1/apps/APP/sessions/ID, with a key of the application (Authorization: Bearer KEY):
//
//	GET              reads without the lock; ?renew=no only looks
//	POST …/lock      reads and takes the lock; ?wait=10s waits for it
//	PUT              replaces under Aspstate-Lock, Aspstate-Free or If-None-Match: *, and releases
//	PATCH            sets and removes single items; every other item keeps its bytes
//	DELETE           removes; DELETE …/lock only releases
//	POST …/touch     renews; POST …/create makes a session whose Session_Start is still to run
//
// What goes wrong is an application/problem+json (RFC 9457) with a type urn:aspstate:problem:NAME. /v1/rows is for migrations:
// it lists sessions and writes them as they are, for keys of that role.
//
// It never logs session ids, what sessions hold, or keys. It does not compare a client's idea of an application with anything
// but the application's name: a key opens one application, and an id is looked for nowhere else.
package httpapi

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Limits of a Front where it sets none.
const (
	DefaultMaxBody  = 20 << 20         // bytes
	DefaultIdle     = 2 * time.Minute  // of a connection between two requests
	DefaultPatience = 30 * time.Second // for the rest of a request, and for the taking of an answer
	// DefaultSteal is ASP.NET's executionTimeout: a page that takes longer is ended.
	DefaultSteal   = 110 * time.Second
	DefaultMaxWait = 90 * time.Second // proxies and clients give up after 100 to 120 s
)

// Settings are what can be changed while a Front serves.
type Settings struct {
	// Registry says whose nodes compress. nil: of nobody is that known.
	Registry *layout.Registry
	// Keys open applications, and rows. Without one nothing is served but the description.
	Keys []Key
	// MaxBody is the most bytes of a request's body and of a payload made of one; 0: DefaultMaxBody. Of JSON, whose texts are longer
	// than what they say, twice as many are taken.
	MaxBody int
	// MaxWait is the most that ?wait may ask for; 0: DefaultMaxWait.
	MaxWait time.Duration
	// Opaque takes raw payloads unseen: they need not be sessions, and are stored as they come, compressed or not.
	Opaque bool
}

// Front serves a Store, whose keys are application and raw id. It is an http.Handler, and its Serve is a [bridge.Server]'s
// Handle. Fields must not be changed once it serves.
type Front struct {
	Store    session.Store
	Settings // those to begin with; see Change
	// Peek looks at sessions of Store without touching them; nil: Store does, if it can. Without it there is no ?renew=no, no
	// merge under a lock that a client holds, and a stale lock is refused without the age of the present one.
	Peek session.Peeker
	// Rows are the sessions of Store as rows for migrations: a session.Scanner, Peeker and Applier of the same keys. nil: there
	// are none.
	Rows any
	// Identity tells the rows from those of other stores; empty: that of Rows, if it has one.
	Identity string
	// IfFree says that Store knows no condition but session.IfFree: a State Server. What is done under a lock is done under that
	// then: who has lost the lock is refused while somebody else holds one, and not found out any more after that. If-None-Match
	// is the store's to refuse.
	IfFree bool
	// Objects reads and writes objects as plain JSON; nil: those of .NET's own types, by package corejson.
	Objects Objects
	// Named tells the Waiter who asks, by host; nil: it is not told.
	Named func(ctx context.Context, client string) context.Context

	TLS      *tls.Config   // has the certificate, for Serve and Server; nil: not encrypted
	Idle     time.Duration // how long a connection may be without a request; 0: DefaultIdle
	Patience time.Duration // how long the rest of a request, or the taking of an answer, may take; 0: DefaultPatience

	// StealAfter is the age at which a lock is taken from its holder by who has waited for it, as .NET's pages do it: a program that
	// has died would keep it until a page comes. 0: DefaultSteal; negative: never.
	StealAfter time.Duration
	// Clock is that of the locks' moments, where the bridge has another: a SQL Server's; nil: Store's, if it is one, else Now.
	Clock session.Clocked

	Now    func() time.Time // the clock by which ages of locks are told; nil: time.Now
	Logger *slog.Logger     // told of what failed, never of ids, contents and keys; nil: nobody is

	changed bridge.Live[Settings]
	said    bridge.Seldom
	merging merges
	waiting waits
	serving sync.Once // makes server and serverTLS

	server    *http.Server
	serverTLS *tls.Config // nil: not encrypted. That of server is net/http's own
}

// Change replaces the settings. Requests under way end as they began.
func (f *Front) Change(s Settings) { f.changed.Set(s) }

func (f *Front) settings() *Settings { return f.changed.Or(&f.Settings) }

// Waiting returns how many requests wait for a locked session.
func (f *Front) Waiting() int { return f.waiting.count() }

func (f *Front) now() time.Time {
	if f.Now == nil {
		return time.Now()
	}
	return f.Now()
}

func (f *Front) warn(what string, err error) {
	if err != nil {
		f.said.Warn(f.Logger, what, "error", err)
	}
}

// peeker looks without touching; nil: nobody can.
func (f *Front) peeker() session.Peeker {
	if f.Peek != nil {
		return f.Peek
	}
	p, _ := f.Store.(session.Peeker)
	return p
}

// exchange is a request that is being answered.
type exchange struct {
	f    *Front
	set  *Settings // as of its beginning
	w    http.ResponseWriter
	r    *http.Request
	conn *connection // nil: a server of somebody else's
	key  session.Key
	q    query

	began bool // the answer has begun, and no other can be given
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{f: f, set: f.settings(), w: w, r: r, conn: connectionOf(r)}
	if r.ProtoMajor == 1 && r.ContentLength != 0 { // net/http reads what is left of a body before it sends a refusal, and that may never come
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(x.patience()))
	}
	if !x.conn.enter() {
		w.Header()["Connection"] = closes // HTTP/2: no stream after the present ones
	}
	defer x.conn.exit()
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			// Its text may be of what a session holds.
			f.said.Warn(f.Logger, "a request failed by a fault of this program", "stack", string(debug.Stack()))
			if x.began {
				panic(http.ErrAbortHandler) // the client sees that it is not whole
			}
			x.refuse(problemInternal.because("A fault of the server."))
		}
	}()
	if p := x.route(); p != nil {
		x.refuse(p)
	}
}

func (x *exchange) patience() time.Duration { return cmp.Or(x.f.Patience, DefaultPatience) }

var closes = []string{"close"}
