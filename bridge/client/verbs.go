package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Client is a bridge as a session.Store, by its HTTP API. Its key opens one application or several; keys are application and
// raw id. It is a session.Waiter, whose waiters the bridge queues, and a session.Peeker where the bridge's store is one.
//
// No error holds a whole session id, what a session holds, or the key. Nothing is sent twice, but for reads: a connection that
// breaks leaves it unknown whether the bridge did what it was asked.
type Client struct{ c *caller }

var _ interface {
	session.Store
	session.Waiter
	session.Peeker
} = (*Client)(nil)

// New makes a client of the bridge at a URL such as https://bridge:8443. It connects when it is asked something.
func New(base string, o Options) (*Client, error) {
	c, err := newCaller(base, o)
	if err != nil {
		return nil, fmt.Errorf("client of a bridge: %w", err)
	}
	if o.HTTP == nil {
		c.direct = newDirect(c)
	}
	return &Client{c}, nil
}

// Close closes the connections that are not in use.
func (c *Client) Close() error {
	c.c.direct.closeIdle()
	c.c.o.HTTP.CloseIdleConnections()
	return nil
}

const raw = "application/octet-stream"

// maxWait is the longest wait for a lock that a bridge takes in one request (httpapi.DefaultMaxWait).
const maxWait = 90 * time.Second

func path(k session.Key, rest string) string {
	return "/v1/apps/" + url.PathEscape(k.App) + "/sessions/" + url.PathEscape(k.ID) + rest
}

// Get implements session.Store.
func (c *Client) Get(ctx context.Context, k session.Key) (session.Item, error) {
	s, err := c.read(ctx, asking{method: http.MethodGet, path: path(k, "")})
	if err != nil {
		return session.Item{}, fmt.Errorf("reading session %v: %w", k, err)
	}
	return s.item(), nil
}

// GetExclusive implements session.Store.
func (c *Client) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return c.lock(ctx, k, 0)
}

// WaitExclusive implements session.Waiter. A wait of more than 90 s is several waits: who waits so long goes to the end of the
// queue in between. If ctx ends, the bridge is told, and the error is that of ctx alone. Where it had taken the lock at that
// very moment and could not know, the lock is nobody's until somebody breaks it.
func (c *Client) WaitExclusive(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	until := time.Now().Add(wait)
	marked := false
	for {
		item, err := c.lock(ctx, k, min(max(wait, 0), maxWait))
		item.Uninitialized = item.Uninitialized || marked && err == nil
		var locked *session.LockedError
		if !errors.As(err, &locked) {
			return item, err
		}
		marked = marked || locked.Uninitialized
		locked.Uninitialized = marked
		if wait = time.Until(until); wait <= 0 || ctx.Err() != nil {
			return item, err
		}
	}
}

func (c *Client) lock(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	a := asking{method: http.MethodPost, path: path(k, "/lock"), wait: wait}
	if wait > 0 {
		a.path += "?wait=" + wait.String()
	}
	s, err := c.read(ctx, a)
	if err != nil {
		if s.cookie != 0 { // the lock was taken, but what it locks did not come
			free, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.c.o.Timeout)
			defer cancel()
			_ = c.ReleaseExclusive(free, k, s.cookie) // the error to tell is the first
		}
		return session.Item{}, fmt.Errorf("locking session %v: %w", k, err)
	}
	return s.item(), nil
}

// SetAndRelease implements session.Store.
func (c *Client) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	return c.write(ctx, "writing", asking{method: http.MethodPut, path: path(k, "")}, k, &v, cond)
}

// CreateUninitialized implements session.Store.
func (c *Client) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	return c.write(ctx, "creating", asking{method: http.MethodPost, path: path(k, "/create")}, k, &v, session.Insert())
}

// ReleaseExclusive implements session.Store.
func (c *Client) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	err := c.write(ctx, "releasing", asking{method: http.MethodDelete, path: path(k, "/lock")}, k, nil, session.IfCookie(cookie))
	var stale *staleError
	if errors.As(err, &stale) && stale.held != nil {
		return fmt.Errorf("releasing session %v: %w", k, stale.held)
	}
	return err
}

// Remove implements session.Store.
func (c *Client) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	if cond.Kind() == session.KindInsert {
		return fmt.Errorf("removing session %v: what is to be removed cannot be absent", k)
	}
	return c.write(ctx, "removing", asking{method: http.MethodDelete, path: path(k, "")}, k, nil, cond)
}

// ResetTimeout implements session.Store.
func (c *Client) ResetTimeout(ctx context.Context, k session.Key) error {
	if err := c.change(ctx, asking{method: http.MethodPost, path: path(k, "/touch")}); err != nil {
		return fmt.Errorf("renewing session %v: %w", k, err)
	}
	return nil
}

// Peek implements session.Peeker, with a request a key. It needs a bridge whose store is one.
func (c *Client) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	rs := make([]*session.Record, len(keys))
	for i, k := range keys {
		s, err := c.read(ctx, asking{method: http.MethodGet, path: path(k, "?renew=no")})
		switch {
		case errors.Is(err, session.ErrNotFound):
			continue
		case err == nil:
			rs[i], err = s.record(k)
		}
		if err != nil {
			return nil, fmt.Errorf("looking at session %v: %w", k, err)
		}
	}
	return rs, nil
}

// write makes a change under a condition.
func (c *Client) write(ctx context.Context, doing string, a asking, k session.Key, v *session.Value, cond session.Condition) error {
	name, value := "Aspstate-Lock", strconv.Itoa(int(cond.Cookie()))
	switch cond.Kind() {
	case session.KindIfCookie:
	case session.KindIfFree:
		name = "Aspstate-Free"
	case session.KindInsert:
		name, value = "If-None-Match", "*"
	default:
		return fmt.Errorf("%s session %v: without a condition", doing, k)
	}
	a.fields[0] = field{name, value}
	if v != nil {
		a.kind, a.body = raw, v.Payload
		a.fields[1] = field{"Aspstate-Timeout", strconv.Itoa(int(v.Timeout))}
	}
	if err := c.change(ctx, a); err != nil {
		return fmt.Errorf("%s session %v: %w", doing, k, err)
	}
	return nil
}

func (c *Client) change(ctx context.Context, a asking) error {
	_, err := c.c.call(ctx, a)
	return err
}

// state is a session as the bridge answers it.
type state struct {
	payload       []byte
	timeout       int32
	cookie        int32
	since         session.Instant
	locked        bool
	uninitialized bool
	answer        answer
}

func (s *state) item() session.Item {
	return session.Item{Payload: s.payload, Timeout: s.timeout, Cookie: s.cookie, Since: s.since, Uninitialized: s.uninitialized}
}

// record is what a look has shown.
func (s *state) record(k session.Key) (*session.Record, error) {
	r := &session.Record{
		Key: k, Payload: s.payload, Timeout: s.timeout,
		Lock: session.Lock{Locked: s.locked, Cookie: s.cookie, Since: s.since},
	}
	if s.uninitialized {
		r.Flags = session.Uninitialized
	}
	var created, expires bool
	r.Created, created = readInstant(s.answer.get("Aspstate-Created"))
	r.Expires, expires = readInstant(s.answer.get("Aspstate-Expires"))
	revision, err := strconv.ParseUint(s.answer.get("Aspstate-Revision"), 10, 64)
	if !created || !expires || err != nil {
		return nil, errAnswer
	}
	r.Revision = revision
	return r, nil
}

// read asks for a session. If the payload did not come, the error is told together with the cookie.
func (c *Client) read(ctx context.Context, a asking) (s state, err error) {
	a.accept = raw
	got, err := c.c.call(ctx, a)
	cookie, cerr := strconv.ParseInt(got.get("Aspstate-Lock"), 10, 32)
	s = state{cookie: int32(cookie), answer: got, payload: got.body}
	if err != nil {
		return s, err
	}
	timeout, terr := strconv.ParseInt(got.get("Aspstate-Timeout"), 10, 32)
	since, ok := readInstant(got.get("Aspstate-Lock-Since"))
	if cerr != nil || terr != nil || !ok || got.get("Content-Type") != raw {
		return s, errAnswer
	}
	s.timeout, s.since = int32(timeout), since
	s.locked = got.get("Aspstate-Lock-Age") != ""
	s.uninitialized = got.get("Aspstate-Uninitialized") == "true"
	return s, nil
}

// readBody reads a whole body of at most so many bytes. Memory grows with what has come.
func readBody(resp *http.Response, most int) ([]byte, error) {
	n := resp.ContentLength
	if n > int64(most) {
		return nil, fmt.Errorf("a payload of %d bytes, more than the %d that are taken", n, most)
	}
	if n < 0 {
		n = 4 << 10
	}
	b := make([]byte, 0, min(n, 64<<10)+1)
	for {
		if len(b) == cap(b) {
			b = slices.Grow(b, len(b))
		}
		got, err := resp.Body.Read(b[len(b):min(cap(b), most+1)])
		b = b[:len(b)+got]
		switch {
		case len(b) > most:
			return nil, fmt.Errorf("a payload of more than the %d bytes that are taken", most)
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return nil, err
		}
	}
}
