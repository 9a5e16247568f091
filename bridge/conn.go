package bridge

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Conn is one client's connection.
type Conn struct {
	net.Conn
	Host netip.Addr // the client's address, without port

	server *Server
	ctx    context.Context
	cancel context.CancelFunc

	leave  chan struct{} // closed with ending
	mu     sync.Mutex
	busy   bool
	ending time.Time // the server stops: when it waits no more for a request that is on its way. Zero: it does not
}

// onTheirWay is how long a server that stops still takes requests off connections that it has: they may have been sent.
const onTheirWay = 100 * time.Millisecond

// Context ends when the connection is over, and when Shutdown runs out of patience.
func (c *Conn) Context() context.Context { return c.ctx }

// Leaving is closed when the connection is to end after the requests that it is at: the server stops, or its client is no
// longer of an allowed network. Who only waits then may be sent away.
func (c *Conn) Leaving() <-chan struct{} { return c.leave }

// Siblings returns how many connections this one's client has, this one included.
func (c *Conn) Siblings() int {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.server.hosts[c.Host]
}

// Gone says whether the client has closed the connection, or it is broken, as far as that can be told without reading (not
// on Windows). What is sent to it would seem to arrive.
func (c *Conn) Gone() bool { return gone(c.Conn) }

// Watch returns a context that ends when the client does something while it is waited for. next waits for that by reading, and
// says whether it happened; that a deadline passed is nothing. stop must be called before the connection is used again, and
// leaves it without a deadline; it says whether the context has ended.
func (c *Conn) Watch(ctx context.Context, next func() bool) (watched context.Context, stop func() bool) {
	watched, cancel := context.WithCancel(ctx)
	c.SetReadDeadline(time.Time{})
	over := make(chan struct{})
	go func() {
		defer close(over)
		if next() {
			cancel()
		}
	}()
	return watched, func() bool {
		c.SetReadDeadline(time.Unix(1, 0))
		<-over
		ended := watched.Err() != nil
		cancel()
		c.SetReadDeadline(time.Time{})
		return ended
	}
}

// Begin says that a request is being worked on: its first byte has been read.
func (c *Conn) Begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = true
}

// End says that the request has been answered. False: the server stops, and the connection is to be left.
func (c *Conn) End() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	return c.ending.IsZero()
}

// SetReadDeadline implements net.Conn. While the server stops, the wait for a request is short.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.busy && !c.ending.IsZero() && (t.IsZero() || t.After(c.ending)) {
		t = c.ending
	}
	return c.Conn.SetReadDeadline(t)
}

// drain lets a request that is being worked on, or on its way, be the last one.
func (c *Conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending.IsZero() {
		close(c.leave)
	}
	c.ending = time.Now().Add(onTheirWay)
	if !c.busy {
		c.Conn.SetReadDeadline(c.ending)
	}
}
