package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/session"
)

// problem is an answer that says what went wrong (RFC 9457): application/problem+json with type, title, status, detail and
// the members below.
type problem struct {
	status int
	name   string // of the type: urn:aspstate:problem:NAME
	title  string
	detail string

	lock   *lockInfo // of who holds it
	key    itemKey   // of the item that is wrong
	offset int64     // of the byte of the body that is wrong, if hasOffset
	allow  string    // header Allow

	hasOffset bool
}

// itemKey names an item; its key may be null.
type itemKey struct {
	given bool
	null  bool
	text  string
}

// lockInfo is the lock that is in the way.
type lockInfo struct {
	cookie        int32
	since         session.Instant
	uninitialized bool // the refused read has cleared the mark
}

// The problems there are, each with one status.
var (
	problemBadPath    = problem{status: 400, name: "bad-path", title: "The path is malformed"}
	problemBadID      = problem{status: 400, name: "bad-id", title: "The session id is malformed"}
	problemBadQuery   = problem{status: 400, name: "bad-query", title: "A query parameter is wrong"}
	problemBadHeader  = problem{status: 400, name: "bad-header", title: "A header is wrong"}
	problemBadBody    = problem{status: 400, name: "bad-body", title: "The body could not be read"}
	problemBadJSON    = problem{status: 400, name: "bad-json", title: "The body is not the JSON that is wanted"}
	problemBadValue   = problem{status: 400, name: "bad-value", title: "The value of an item is wrong"}
	problemNoKey      = problem{status: 401, name: "no-key", title: "A key is needed"}
	problemWrongKey   = problem{status: 403, name: "wrong-key", title: "The key does not open this"}
	problemNoResource = problem{status: 404, name: "no-such-resource", title: "There is no such resource"}
	problemNotFound   = problem{status: 404, name: "session-not-found", title: "There is no such session"}
	problemMethod     = problem{status: 405, name: "method-not-allowed", title: "The resource has no such method"}
	problemAccept     = problem{status: 406, name: "not-acceptable", title: "No form of the answer is acceptable"}
	problemExists     = problem{status: 409, name: "session-exists", title: "The session exists already"}
	problemStale      = problem{status: 409, name: "lock-stale", title: "The lock is not the client's any more"}
	problemTooLarge   = problem{status: 413, name: "too-large", title: "That is too large"}
	problemMediaType  = problem{status: 415, name: "unsupported-media-type", title: "The body is of a type that is not taken here"}
	problemNoSession  = problem{status: 422, name: "not-a-session", title: "The payload is no ASP.NET session"}
	problemLocked     = problem{status: 423, name: "session-locked", title: "The session is locked"}
	problemCondition  = problem{status: 428, name: "condition-required", title: "A condition is required"}
	problemStore      = problem{status: 500, name: "store-failed", title: "The store failed"}
	problemInternal   = problem{status: 500, name: "internal", title: "The server failed"}
	problemNoPeek     = problem{status: 501, name: "no-peek", title: "The store cannot look at a session without touching it"}
	problemNoInsert   = problem{status: 501, name: "no-insert", title: "The store cannot make a session only where there is none"}
	problemNoRows     = problem{status: 501, name: "no-rows", title: "The store shows no rows"}
	problemDown       = problem{status: 503, name: "unavailable", title: "The store does not answer in time"}
	problemStopping   = problem{status: 503, name: "stopping", title: "The server stops"}
	problemRefused    = problem{status: 507, name: "store-refused", title: "The store has no place for it"}
)

// because returns the problem with a detail, which must not hold what a client has not sent itself.
func (p problem) because(detail string) *problem {
	p.detail = detail
	return &p
}

// at returns a problem of the body's byte at an offset.
func (p problem) at(offset int, detail string) *problem {
	p.detail, p.offset, p.hasOffset = detail, int64(offset), true
	return &p
}

// fail answers an error of the store. What it says is for the log; stores mask ids themselves.
func (x *exchange) fail(doing string, err error) *problem {
	var locked *session.LockedError
	switch {
	case errors.Is(err, session.ErrNotFound):
		return problemNotFound.because("There is no session with this id in the application; it may have expired.")
	case errors.Is(err, session.ErrExists):
		return problemExists.because("There is a session with this id already. It was left as it is.")
	case errors.Is(err, session.ErrStaleCookie):
		return x.stale()
	case errors.As(err, &locked):
		return lockedProblem(locked)
	}
	if x.r.Context().Err() == nil || !errors.Is(err, context.Canceled) { // or the client has gone, and the store cannot be blamed
		x.f.said.Warn(x.f.Logger, "the store failed", "doing", doing, "error", err)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return problemDown.because("Whether it was done is not known.")
	case errors.Is(err, session.ErrRefused):
		return problemRefused.because("Nothing was done, and the same would be refused again.")
	}
	return problemStore.because("Whether it was done is not known. The server's log says more.")
}

func lockedProblem(l *session.LockedError) *problem {
	p := problemLocked.because("Somebody else holds the lock of the session.")
	p.lock = &lockInfo{l.Cookie, l.Since, l.Uninitialized}
	return p
}

// under is a condition as the store knows it.
func (f *Front) under(c session.Condition) session.Condition {
	if f.IfFree && c.Kind() == session.KindIfCookie {
		return session.IfFree(c.Cookie())
	}
	return c
}

// failUnder is fail for what was to be done under a condition. Where a lock was meant, one of somebody else's says that it has ended.
func (x *exchange) failUnder(c session.Condition, doing string, err error) *problem {
	var locked *session.LockedError
	if c.Kind() == session.KindIfCookie && errors.As(err, &locked) {
		return ended(locked)
	}
	return x.fail(doing, err)
}

func ended(by *session.LockedError) *problem {
	p := problemStale.because("The lock with this cookie has ended; somebody else has one now.")
	p.lock = &lockInfo{cookie: by.Cookie, since: by.Since}
	return p
}

// stale looks who holds the lock now, if anybody does and somebody can look.
func (x *exchange) stale() *problem {
	p := problemStale.because("The lock with this cookie has ended: it was released, or taken over after a time-out. Nothing was changed.")
	peeker := x.f.peeker()
	if peeker == nil {
		return p
	}
	if rec, err := session.PeekOne(x.r.Context(), peeker, x.key); err == nil && rec.Lock.Locked {
		p.lock = &lockInfo{cookie: rec.Lock.Cookie, since: rec.Lock.Since}
	}
	return p
}

// refuse sends a problem.
func (x *exchange) refuse(p *problem) {
	h := x.w.Header()
	h["Content-Type"] = typeProblem
	h["Cache-Control"] = noStore
	if p.allow != "" {
		h["Allow"] = []string{p.allow}
	}
	switch p.status {
	case http.StatusUnauthorized:
		h["Www-Authenticate"] = bearer
	case http.StatusLocked, http.StatusServiceUnavailable:
		h["Retry-After"] = oneSecond
	}
	buf := buffers.get()
	defer buffers.put(buf)
	b := append((*buf)[:0], `{"type":"urn:aspstate:problem:`...)
	b = append(b, p.name...)
	b = append(b, `","title":`...)
	b = nrbf.AppendJSONString(b, p.title)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(p.status), 10)
	b = append(b, `,"detail":`...)
	b = nrbf.AppendJSONString(b, p.detail)
	if p.hasOffset {
		b = append(b, `,"offset":`...)
		b = strconv.AppendInt(b, p.offset, 10)
	}
	if p.key.given {
		b = append(b, `,"key":`...)
		b = p.key.append(b)
	}
	if l := p.lock; l != nil {
		b = append(b, `,"lockCookie":`...)
		b = strconv.AppendInt(b, int64(l.cookie), 10)
		b = append(b, `,"lockAgeSeconds":`...)
		b = x.f.appendAge(b, l.since)
		b = append(b, `,"lockSince":"`...)
		b = append(b, l.since.String()...)
		b = append(b, '"')
		if p.status == http.StatusLocked {
			b = append(b, `,"uninitialized":`...)
			b = strconv.AppendBool(b, l.uninitialized)
		}
	}
	*buf = append(b, '}', '\n')
	h["Content-Length"] = []string{strconv.Itoa(len(*buf))}
	x.w.WriteHeader(p.status)
	if x.r.Method != http.MethodHead {
		x.w.Write(*buf)
	}
}

func (k itemKey) append(dst []byte) []byte {
	if k.null {
		return append(dst, "null"...)
	}
	return nrbf.AppendJSONString(dst, k.text)
}

// appendAge appends the whole seconds since a lock was taken.
func (f *Front) appendAge(dst []byte, since session.Instant) []byte {
	return strconv.AppendInt(dst, max(0, int64(f.now().Sub(since.Time()).Seconds())), 10)
}

// Header values, shared since nobody changes them.
var (
	typeProblem = []string{"application/problem+json"}
	typeJSON    = []string{mediaJSON}
	typeRaw     = []string{mediaRaw}
	typeLines   = []string{"application/x-ndjson"}
	noStore     = []string{"no-store"}
	bearer      = []string{`Bearer realm="aspstate"`}
	oneSecond   = []string{"1"}
	yes         = []string{"true"}
)
