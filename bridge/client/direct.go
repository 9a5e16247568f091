package client

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// direct speaks HTTP/1.1 with one bridge without TLS, for calls whose bodies are short. net/http's transport has two goroutines
// for each connection and hands a call through both, which costs more than all else together; here whoever calls writes and
// reads himself. What is not as bridges answer net/http takes apart (http.ReadResponse). All else goes by http.Client: TLS,
// proxies, long bodies, and where it cannot be told whether the bridge has closed a connection (Windows).
type direct struct {
	network, addr string

	head string // of each request: its last headers
	base string // path before /v1

	busy chan struct{} // has one for each call under way that waits for no lock

	mu    sync.Mutex
	idle  []*directConn // the last one used is at the end
	sweep *time.Timer   // closes those that nobody uses; nil: there are none
}

const (
	directBody = 64 << 10 // bytes of a request that are written before the answer is read: what sockets take
	directHead = 64 << 10 // bytes of an answer's head
	// maxDirect is how many calls are under way at once; more wait for their turn. Who waits for a lock does not count: those who
	// give locks back must come through.
	maxDirect = idleConns
	idleFor   = 90 * time.Second // less than the bridge's (httpapi.DefaultIdle)
)

// newDirect is for a caller; nil where it cannot be.
func newDirect(c *caller) *direct {
	u, err := url.Parse(c.base)
	if err != nil || u.Scheme != "http" || !canDirect {
		return nil
	}
	d := &direct{
		network: "unix", addr: c.o.Socket,
		head: "Host: " + u.Host + "\r\n",
		base: u.EscapedPath(),
		busy: make(chan struct{}, maxDirect),
	}
	if c.o.Socket == "" {
		if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); proxy != nil || err != nil {
			return nil
		}
		d.network, d.addr = "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80"))
	}
	if c.auth != "" {
		d.head += "Authorization: " + c.auth + "\r\n"
	}
	return d
}

// takes says whether a request can be made so.
func (d *direct) takes(a *asking) bool { return d != nil && len(a.body) <= directBody }

// do makes a request; most bounds the body of the answer. A GET is made again where the bridge has closed the connection at that
// very moment; nothing else is.
func (d *direct) do(ctx context.Context, a *asking, limit time.Duration, most int) (s answer, err error) {
	until := time.Now().Add(limit)
	if end, has := ctx.Deadline(); has && end.Before(until) {
		until = end
	}
	if a.wait == 0 {
		if err := d.enter(ctx, until); err != nil {
			return s, err
		}
		defer func() { <-d.busy }()
	}
	if err := ctx.Err(); err != nil { // what is cut off may have been done
		return s, err
	}
	for {
		c, used, err := d.take(ctx, until)
		if err != nil {
			return s, err
		}
		s, came, err := c.ask(ctx, a, until, most)
		if came || err == nil || ctx.Err() != nil || !used || a.method != http.MethodGet {
			return s, err
		}
	}
}

// enter waits for its turn.
func (d *direct) enter(ctx context.Context, until time.Time) error {
	select {
	case d.busy <- struct{}{}:
		return nil
	default:
	}
	late := time.NewTimer(time.Until(until))
	defer late.Stop()
	select {
	case d.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return context.DeadlineExceeded
	}
}

// take returns a connection that the bridge has not closed. used: it is not new.
func (d *direct) take(ctx context.Context, until time.Time) (c *directConn, used bool, err error) {
	for {
		d.mu.Lock()
		n := len(d.idle) - 1
		if n < 0 {
			d.mu.Unlock()
			break
		}
		c, d.idle[n], d.idle = d.idle[n], nil, d.idle[:n]
		d.mu.Unlock()
		if c.quiet() {
			return c, true, nil
		}
		c.nc.Close()
	}
	dialer := net.Dialer{Deadline: until}
	nc, err := dialer.DialContext(ctx, d.network, d.addr)
	if err != nil {
		return nil, false, err
	}
	c = &directConn{d: d, nc: nc}
	c.br = bufio.NewReader(c)
	c.cut = func() { nc.SetDeadline(time.Unix(1, 0)) }
	if c.raw, err = nc.(syscall.Conn).SyscallConn(); err != nil {
		nc.Close()
		return nil, false, err
	}
	return c, false, nil
}

// put takes a connection back.
func (d *direct) put(c *directConn) {
	c.since = time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.idle) == maxDirect {
		c.nc.Close()
		return
	}
	d.idle = append(d.idle, c)
	if d.sweep == nil {
		d.sweep = time.AfterFunc(idleFor, d.closeOld)
	}
}

// closeOld closes the connections that have not been used for long. They are at the front.
func (d *direct) closeOld() {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for n < len(d.idle) && time.Since(d.idle[n].since) >= idleFor {
		d.idle[n].nc.Close()
		n++
	}
	d.idle = slices.Delete(d.idle, 0, n)
	d.sweep = nil
	if len(d.idle) > 0 {
		d.sweep = time.AfterFunc(idleFor-time.Since(d.idle[0].since), d.closeOld)
	}
}

// closeIdle closes the connections that are not in use.
func (d *direct) closeIdle() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.idle {
		c.nc.Close()
	}
	d.idle = nil
	if d.sweep != nil {
		d.sweep.Stop()
		d.sweep = nil
	}
}

// directConn is one connection, at one call at a time.
type directConn struct {
	d     *direct
	nc    net.Conn
	raw   syscall.RawConn
	br    *bufio.Reader
	out   []byte
	left  int64  // bytes that may still be read: heads are bounded
	cut   func() // ends what is under way
	came  bool   // an answer of the last call, or a part of one
	since time.Time
}

// Read implements io.Reader, for br.
func (c *directConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errAnswer
	}
	n, err := c.nc.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	c.came = c.came || n > 0
	return n, err
}

// ask makes a request, and gives the connection back or closes it. came: at least a part of an answer did.
func (c *directConn) ask(ctx context.Context, a *asking, until time.Time, most int) (s answer, came bool, err error) {
	c.came = false
	c.nc.SetDeadline(until)
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, c.cut)
	}
	again := false
	if err = c.write(a); err == nil {
		s, again, err = c.read(most)
	}
	came = c.came
	if stop() && again && c.br.Buffered() == 0 {
		c.d.put(c)
	} else {
		c.nc.Close() // a cut that comes late must not meet the next call
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = context.DeadlineExceeded
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errClosed
	}
	return s, came, err
}

var errClosed = errors.New("the bridge has closed the connection before it had answered")

const keepOut = 16 << 10 // bytes of a buffer that is kept for the next request

// write writes the whole request at once. What its headers hold is the caller's, and was looked at.
func (c *directConn) write(a *asking) error {
	b := append(append(c.out[:0], a.method...), ' ')
	b = append(append(append(b, c.d.base...), a.path...), " HTTP/1.1\r\n"...)
	b = append(b, c.d.head...)
	b = appendField(b, field{"Accept", a.accepts()})
	for _, f := range a.fields {
		b = appendField(b, f)
	}
	b = appendField(b, field{"Content-Type", a.kind})
	if a.method != http.MethodGet {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), int64(len(a.body)), 10), "\r\n"...)
	}
	b = append(append(b, "\r\n"...), a.body...)
	if c.out = b; cap(b) > keepOut {
		c.out = nil
	}
	_, err := c.nc.Write(b)
	return err
}

func appendField(b []byte, f field) []byte {
	if f.value == "" {
		return b
	}
	return append(append(append(append(b, f.name...), ": "...), f.value...), "\r\n"...)
}

const maxInformational = 5 // answers that say that one will come

// read reads the answer. again: the connection may be used again.
func (c *directConn) read(most int) (s answer, again bool, err error) {
	c.left = directHead
	if _, err := c.br.Peek(1); err != nil {
		return s, false, err
	}
	b, _ := c.br.Peek(c.br.Buffered())
	if head, length, plain := plainHead(b); plain && length <= min(most, directBody) {
		s.head = string(head)
		c.br.Discard(len(head))
		c.left = math.MaxInt64
		s.body = make([]byte, length)
		_, err := io.ReadFull(c.br, s.body)
		return s, err == nil, err
	}
	for range maxInformational {
		c.left = directHead
		resp, err := http.ReadResponse(c.br, nil)
		if err != nil {
			return s, false, withoutText(err)
		}
		if resp.StatusCode/100 == 1 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		c.left = math.MaxInt64
		if s, err = readAnswer(resp, most); err != nil {
			return s, false, err
		}
		n, err := resp.Body.Read(make([]byte, 1)) // its end was not seen yet, perhaps
		return s, n == 0 && err == io.EOF && !resp.Close && resp.StatusCode >= 200, nil
	}
	return s, false, errAnswer
}

// withoutText keeps from errors of net/http what came, which may be of a session.
func withoutText(err error) error {
	var failed net.Error
	if errors.As(err, &failed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return errAnswer
}

// plainHead looks at the head of a successful answer as bridges write them: whole, with a length, and nothing special. What it
// does not take may still be an answer. head ends with the empty line.
func plainHead(b []byte) (head []byte, length int, plain bool) {
	const version, status = "HTTP/1.1 2", len("HTTP/1.1 200 ")
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < status || !bytes.HasPrefix(b, []byte(version)) || b[status-1] != ' ' {
		return nil, 0, false
	}
	length = -1
	switch string(b[status-3 : status-1]) {
	case "00", "01":
	case "04":
		length = 0
	default:
		return nil, 0, false
	}
	head = b[:end+4]
	first, rest, _ := bytes.Cut(head[:end+2], []byte("\r\n"))
	if !isText(first) {
		return nil, 0, false
	}
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !isToken(name) || !isText(value) {
			return nil, 0, false
		}
		switch len(name) {
		case len("Content-Length"):
			if !bytes.EqualFold(name, []byte("Content-Length")) {
				continue
			}
			n, err := strconv.ParseUint(string(bytes.TrimLeft(value, " ")), 10, 31)
			if length >= 0 || err != nil {
				return nil, 0, false
			}
			length = int(n)
		case len("Connection"), len("Transfer-Encoding"):
			if bytes.EqualFold(name, []byte("Connection")) || bytes.EqualFold(name, []byte("Transfer-Encoding")) {
				return nil, 0, false
			}
		}
	}
	return head, length, length >= 0
}

func isToken(name []byte) bool {
	for _, c := range name {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return len(name) > 0
}

func isText(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
