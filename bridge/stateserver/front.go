// Package stateserver speaks the protocol of the ASP.NET State Server (aspnet_state.exe): a front that serves sessions of
// any Store to unmodified applications with <sessionState mode="StateServer">, and a client that is a Store. The rules and
// the numbers in parentheses are those of state-server-protocol.md.
package stateserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unique"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Limits of a Front where it sets none.
const (
	DefaultMaxBody  = 20 << 20         // bytes
	DefaultIdle     = 2 * time.Minute  // clients close idle connections after 5 to 10 s themselves
	DefaultPatience = 10 * time.Second // the client's own default, stateNetworkTimeout
)

// Settings are what can be changed while a Front serves.
type Settings struct {
	// Registry says which paths are one application; what it does not name is an application of its own, by path and hash
	// as sent. nil: it names none.
	Registry *layout.Registry
	// Park is how long a GetExclusive of a locked session waits for it, if Store is a session.Waiter; 0: not at all. It must
	// be shorter than the client's stateNetworkTimeout. Waiting gets hold threads of ASP.NET: of each client's
	// connections at most half wait at a time.
	Park    time.Duration
	MaxBody int // most bytes of a payload; 0: DefaultMaxBody. Over it 400, and the connection is closed
}

// Front serves a Store. Fields must not be changed once it serves.
type Front struct {
	Store    session.Store
	Settings // those to begin with; see Change
	// Named tells the Waiter who asks, by host; nil: it is not told.
	Named func(ctx context.Context, client string) context.Context

	Idle     time.Duration // how long a connection may be without a request; 0: DefaultIdle
	Patience time.Duration // how long the rest of a request, or the taking of an answer, may take; 0: DefaultPatience

	Now    func() time.Time // the server's clock, in its time zone; nil: time.Now
	Logger *slog.Logger     // told of what failed, never of what a session holds; nil: nobody is

	parked  parked
	changed bridge.Live[Settings]
	said    bridge.Seldom
}

// Change replaces the settings. Requests under way end as they began.
func (f *Front) Change(s Settings) { f.changed.Set(s) }

func (f *Front) settings() *Settings { return f.changed.Or(&f.Settings) }

// Waiting returns how many gets wait for a locked session.
func (f *Front) Waiting() int { return f.parked.count() }

// maxTimeout is a year in minutes (9).
const maxTimeout = 365 * 24 * 60

// defaultTimeout counts where a PUT has none (4.3).
const defaultTimeout = 20

// errEmpty: a client takes an answer without a body for "no such session", which this is not (10.3).
var errEmpty = errors.New("the session's payload is empty, which the State Server protocol cannot say")

// nobody is a registry without applications.
var nobody layout.Registry

// key says which session a target names. What is no path is a key as a whole.
func (c *conn) key(target []byte) session.Key {
	reg := c.set.Registry
	if reg == nil {
		reg = &nobody
	}
	plain := len(target)
	for plain > 0 && isPlain(target[plain-1]) {
		plain--
	}
	slash := plain > 0 && target[plain-1] == '/'
	if plain > 0 && target[plain-1] == '%' && plain+2 <= len(target) && strings.EqualFold(string(target[plain:plain+2]), "2f") {
		plain += 2 // the last slash, escaped
		slash = true
	}
	if p := &c.path; plain < len(target) && p.registry == reg && string(target[:plain]) == p.prefix {
		return session.Key{App: p.app, ID: string(target[plain:])}
	}
	k, err := reg.StateServerKey(string(target))
	if err != nil {
		return session.Key{ID: layout.DecodeTarget(string(target))}
	}
	if slash && k.ID == string(target[plain:]) { // behind anything else, such as a percent sign, the same characters may mean others
		c.path = lastPath{reg, string(target[:plain]), unique.Make(k.App).Value()} // stores compare it often, with the same
	}
	return k
}

// lastPath is what the targets of a connection begin with, most of which differ in the id alone, and the application that
// this is.
type lastPath struct {
	registry *layout.Registry
	prefix   string // as sent
	app      string
}

// isPlain says whether a character is of no meaning in a path: ids have nothing else.
func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z'
}

// reply is the answer to a request: a head, and the payload behind it.
type reply struct {
	head    []byte
	payload []byte
	unsent  func() // what is to be done if the answer cannot be sent; may be nil
}

func fixed(b []byte, answer string) (reply, error) { return reply{head: append(b, answer...)}, nil }

// do does what a request asks and writes the head of the answer into b. An error means that the store could not: it must
// not be answered, since whatever the answer is, clients would make something wrong of it (10.3).
func (f *Front) do(c *conn, r *request, k session.Key, body, b []byte) (reply, error) {
	ctx := c.ctx
	switch r.op {
	case opBad:
		return f.badCookie(ctx, k, b)
	case opGet:
		item, err := f.Store.Get(ctx, k)
		return f.item(ctx, k, item, err, false, b)
	case opAcquire:
		item, err := f.acquire(c, k)
		return f.item(ctx, k, item, err, true, b)
	case opRelease:
		return f.release(ctx, k, r.lockCookie, b)
	case opSet:
		return f.set(ctx, k, r, body, b)
	case opRemove:
		if r.lockCookie.bad {
			return f.badCookie(ctx, k, b)
		}
		return f.done(f.Store.Remove(ctx, k, session.IfFree(r.lockCookie.value)), b)
	}
	return f.done(f.Store.ResetTimeout(ctx, k), b)
}

// done answers a verb that gives nothing but its outcome.
func (f *Front) done(err error, b []byte) (reply, error) {
	var locked *session.LockedError
	switch {
	case err == nil:
		return fixed(b, answerOK)
	case errors.Is(err, session.ErrNotFound):
		return fixed(b, answerNotFound)
	case errors.As(err, &locked):
		return reply{head: appendLocked(b, locked, f.now())}, nil
	}
	return reply{}, err
}

// item answers a read.
func (f *Front) item(ctx context.Context, k session.Key, item session.Item, err error, exclusive bool, b []byte) (reply, error) {
	if err != nil {
		return f.done(err, b)
	}
	unlock := func() error {
		return f.Store.ReleaseExclusive(context.WithoutCancel(ctx), k, item.Cookie)
	}
	ans := reply{head: appendItem(b, &item, exclusive), payload: item.Payload}
	if exclusive { // nobody would know of the lock, and each page of the session would wait 110 s for it
		ans.unsent = func() { f.warn("giving back a lock whose answer could not be sent", unlock()) }
	}
	if len(item.Payload) > 0 {
		return ans, nil
	}
	err = fmt.Errorf("session %v: %w", k, errEmpty)
	if exclusive {
		err = errors.Join(err, unlock())
	}
	return reply{}, err
}

// release answers 200 for an unlocked session whatever the cookie is (T10), and then tells of the uninitialized mark, which
// is spent by that (T11). Every lookup renews, a refused one too (7).
func (f *Front) release(ctx context.Context, k session.Key, cookie number, b []byte) (reply, error) {
	if !cookie.given || cookie.bad {
		return f.badCookie(ctx, k, b)
	}
	err := f.Store.ReleaseExclusive(ctx, k, cookie.value)
	var locked *session.LockedError
	switch {
	case errors.As(err, &locked):
		if err := f.Store.ResetTimeout(ctx, k); err != nil {
			return f.done(err, b)
		}
	case errors.Is(err, session.ErrStaleCookie): // it is not locked, or the store cannot tell
		item, err := f.Store.Get(ctx, k)
		if err == nil && item.Uninitialized {
			return fixed(b, answerOKFirstUse)
		}
		return f.done(err, b)
	case err == nil && cookie.value <= firstCookie: // perhaps of a session that was never locked, and has its mark yet
		if item, err := f.Store.Get(ctx, k); err == nil && item.Uninitialized {
			return fixed(b, answerOKFirstUse)
		}
	}
	return f.done(err, b)
}

// firstCookie is that of a session that was never locked (6.1).
const firstCookie = 1

// badCookie answers a request whose lock cookie is missing or no number, or whose Exclusive is no word that is known: that is
// looked at after the session (6.2).
func (f *Front) badCookie(ctx context.Context, k session.Key, b []byte) (reply, error) {
	if err := f.Store.ResetTimeout(ctx, k); err != nil {
		return f.done(err, b)
	}
	return fixed(b, answerBad)
}

func (f *Front) set(ctx context.Context, k session.Key, r *request, body, b []byte) (reply, error) {
	v := session.Value{Payload: body, Timeout: defaultTimeout}
	if r.timeout.given {
		v.Timeout = r.timeout.value
	}
	if r.timeout.bad || v.Timeout < 1 || v.Timeout > maxTimeout || r.extraFlags.bad || len(body) == 0 {
		return fixed(b, answerBad)
	}
	if session.Flags(r.extraFlags.value)&session.Uninitialized != 0 {
		err := f.Store.CreateUninitialized(ctx, k, v)
		if errors.Is(err, session.ErrExists) { // not written, but renewed (7)
			if err = f.Store.ResetTimeout(ctx, k); errors.Is(err, session.ErrNotFound) {
				err = nil // it has gone since; it was there
			}
		}
		return f.done(err, b)
	}
	if r.lockCookie.bad { // that of a session which is made new does not matter
		r.lockCookie.value = 0
		if err := f.Store.ResetTimeout(ctx, k); !errors.Is(err, session.ErrNotFound) {
			if err == nil {
				return fixed(b, answerBad)
			}
			return f.done(err, b)
		}
	}
	return f.done(f.Store.SetAndRelease(ctx, k, v, session.IfFree(r.lockCookie.value)), b)
}

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
