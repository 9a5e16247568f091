package stateserver

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Client is a State Server as a Store: Microsoft's, or a Front. Keys are spelled: App is empty, ID the decoded path
// (layout.RuleStateServer). What the protocol cannot say, it cannot do: writes and removals are under IfFree only, a
// CreateUninitialized of what exists is silent, reads of unlocked sessions do not tell their last lock, and a refusal tells
// the age of the lock in whole seconds.
//
// A connection that breaks leaves it unknown whether the server did what it was asked; nothing is sent twice.
type Client struct {
	addr string
	o    ClientOptions

	mu     sync.Mutex
	idle   []idleConn // last in, first out; those that are unused for long go
	closed bool
}

// ClientOptions set up a Client. The zero value works.
type ClientOptions struct {
	Timeout time.Duration // of a request, connecting included; 0: DefaultPatience
	MaxBody int           // most bytes of a payload that is taken; 0: DefaultMaxBody
	Now     func() time.Time
	// Dial makes a connection; nil: TCP.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
}

type idleConn struct {
	*clientConn
	since time.Time
}

type clientConn struct {
	net.Conn
	r *bufio.Reader
}

// maxIdle is how long a connection is kept without use: servers may close one after 15 s (3.2), and Microsoft's client
// keeps it for 5 to 10.
const maxIdle = 5 * time.Second

// NewClient makes a client of the State Server at host:port. It connects when it is asked something.
func NewClient(addr string, o ClientOptions) *Client {
	o.Timeout, o.MaxBody = cmp.Or(o.Timeout, DefaultPatience), cmp.Or(o.MaxBody, DefaultMaxBody)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Dial == nil {
		d := net.Dialer{Timeout: o.Timeout}
		o.Dial = func(ctx context.Context, addr string) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
	}
	return &Client{addr: addr, o: o}
}

// Close closes the connections that are not in use, and makes the others close after their request.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var err error
	for _, i := range c.idle {
		err = errors.Join(err, i.Close())
	}
	c.idle = nil
	return err
}

// Get implements session.Store.
func (c *Client) Get(ctx context.Context, k session.Key) (session.Item, error) {
	a, err := c.ask(ctx, "GET", k, nil, nil)
	if err != nil {
		return session.Item{}, fmt.Errorf("reading session %v: %w", k, err)
	}
	return session.Item{Payload: a.body, Timeout: a.timeout, Uninitialized: a.actionFlags&1 != 0}, nil
}

// GetExclusive implements session.Store. Since is this machine's time of the answer.
func (c *Client) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	a, err := c.ask(ctx, "GET", k, []byte("Exclusive: acquire\r\n"), nil)
	if err != nil {
		return session.Item{}, fmt.Errorf("locking session %v: %w", k, err)
	}
	return session.Item{
		Payload: a.body, Timeout: a.timeout, Cookie: a.lockCookie, Since: session.At(c.o.Now()), Uninitialized: a.actionFlags&1 != 0,
	}, nil
}

// SetAndRelease implements session.Store, under IfFree.
func (c *Client) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	return c.put(ctx, k, v, 0, cond)
}

// CreateUninitialized implements session.Store. That the session exists is not told.
func (c *Client) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	return c.put(ctx, k, v, int64(session.Uninitialized), session.IfFree(0))
}

func (c *Client) put(ctx context.Context, k session.Key, v session.Value, flags int64, cond session.Condition) error {
	if err := onlyIfFree(cond); err != nil {
		return fmt.Errorf("writing session %v: %w", k, err)
	}
	h := appendHeader(nil, "Timeout:", int64(v.Timeout))
	h = appendHeader(h, "Content-Length:", int64(len(v.Payload)))
	h = appendHeader(h, "ExtraFlags:", flags)
	h = appendHeader(h, "LockCookie:", int64(cond.Cookie()))
	if _, err := c.ask(ctx, "PUT", k, h, v.Payload); err != nil {
		return fmt.Errorf("writing session %v: %w", k, err)
	}
	return nil
}

// ReleaseExclusive implements session.Store. An unlocked session is released under any cookie.
func (c *Client) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	h := appendHeader([]byte("Exclusive: release\r\n"), "LockCookie:", int64(cookie))
	if _, err := c.ask(ctx, "GET", k, h, nil); err != nil {
		return fmt.Errorf("releasing session %v: %w", k, err)
	}
	return nil
}

// Remove implements session.Store, under IfFree.
func (c *Client) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	err := onlyIfFree(cond)
	if err == nil {
		_, err = c.ask(ctx, "DELETE", k, appendHeader(nil, "LockCookie:", int64(cond.Cookie())), nil)
	}
	if err != nil {
		return fmt.Errorf("removing session %v: %w", k, err)
	}
	return nil
}

// ResetTimeout implements session.Store.
func (c *Client) ResetTimeout(ctx context.Context, k session.Key) error {
	if _, err := c.ask(ctx, "HEAD", k, nil, nil); err != nil {
		return fmt.Errorf("renewing session %v: %w", k, err)
	}
	return nil
}

func onlyIfFree(cond session.Condition) error {
	if cond.Kind() != session.KindIfFree {
		return errors.New("a State Server knows no other condition than that the session is free")
	}
	return nil
}

// reading is an answer taken apart.
type reading struct {
	status                                    int
	timeout, lockCookie, lockAge, actionFlags int32
	length                                    int
	body                                      []byte
}

// ask sends a request and turns its answer into an outcome.
func (c *Client) ask(ctx context.Context, verb string, k session.Key, headers, body []byte) (*reading, error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	a, err := c.exchange(ctx, conn, verb, k, headers, body)
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		return nil, err
	}
	switch a.status {
	case 200, 404, 423:
		c.giveBack(conn)
	default: // servers close the connection after what they could not understand
		conn.Close()
	}
	switch a.status {
	case 200:
		return a, nil
	case 404:
		return nil, session.ErrNotFound
	case 423:
		since := session.At(c.o.Now().Add(-time.Duration(a.lockAge) * time.Second))
		return nil, &session.LockedError{Cookie: a.lockCookie, Since: since}
	}
	return nil, fmt.Errorf("the State Server answers with status %d", a.status)
}

func (c *Client) connect(ctx context.Context) (*clientConn, error) {
	now := time.Now()
	c.mu.Lock()
	for !c.closed && len(c.idle) > 0 {
		last := c.idle[len(c.idle)-1]
		c.idle = c.idle[:len(c.idle)-1]
		if now.Sub(last.since) < maxIdle {
			c.mu.Unlock()
			return last.clientConn, nil
		}
		last.Close()
	}
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return nil, net.ErrClosed
	}
	conn, err := c.o.Dial(ctx, c.addr)
	if err != nil {
		return nil, err
	}
	return &clientConn{conn, bufio.NewReader(conn)}, nil
}

func (c *Client) giveBack(conn *clientConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || conn.r.Buffered() > 0 { // what comes unasked would be taken for the next answer
		conn.Close()
		return
	}
	now, old := time.Now(), 0
	for old < len(c.idle) && now.Sub(c.idle[old].since) >= maxIdle {
		c.idle[old].Close()
		old++
	}
	c.idle = append(slices.Delete(c.idle, 0, old), idleConn{conn, now})
}

func (c *Client) exchange(ctx context.Context, conn *clientConn, verb string, k session.Key, headers, body []byte) (*reading, error) {
	conn.SetDeadline(time.Now().Add(c.o.Timeout))
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	host, _, _ := net.SplitHostPort(c.addr)
	b := append([]byte(verb+" "+layout.EscapeTarget(k.ID)+" HTTP/1.1\r\nHost: "+host+"\r\n"), headers...)
	b = append(append(b, "\r\n"...), body...)
	if _, err := conn.Write(b); err != nil {
		return nil, err
	}
	a, err := readAnswer(conn.r)
	if err != nil {
		return nil, err
	}
	if a.length > c.o.MaxBody {
		return nil, fmt.Errorf("a payload of %d bytes, more than the %d that are taken", a.length, c.o.MaxBody)
	}
	a.body = make([]byte, a.length)
	_, err = io.ReadFull(conn.r, a.body)
	if !stop() && err == nil { // the deadline may have moved: the connection is no more to be trusted
		err = context.Cause(ctx)
	}
	return a, err
}

var errAnswer = errors.New("that is no answer of a State Server")

// readAnswer reads the head of an answer. Some servers put the version of HTTP before the status.
func readAnswer(r *bufio.Reader) (*reading, error) {
	line, err := readLine(r)
	if err != nil {
		return nil, err
	}
	line = bytes.TrimPrefix(line, []byte("HTTP/1.1 "))
	code, _, _ := bytes.Cut(line, []byte(" "))
	a := &reading{}
	if a.status, err = strconv.Atoi(string(code)); err != nil {
		return nil, errAnswer
	}
	for range 64 {
		line, err := readLine(r)
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			return a, nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return nil, errAnswer
		}
		n := parseNumber(bytes.TrimSpace(value))
		switch {
		case is(name, "Timeout"):
			a.timeout = n.value
		case is(name, "LockCookie"):
			a.lockCookie = n.value
		case is(name, "LockAge"):
			a.lockAge = n.value
		case is(name, "ActionFlags"):
			a.actionFlags = n.value
		case is(name, "Content-Length"):
			a.length = int(n.value)
		default:
			continue
		}
		if n.bad || n.value < 0 {
			return nil, errAnswer
		}
	}
	return nil, errAnswer
}

// readLine reads a line that ends with CR LF and is not longer than the reader's buffer.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errAnswer
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}
