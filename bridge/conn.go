package bridge

import (
	"context"
	"net"
	"net/netip"
	"sync"
)

// Conn is one client's connection.
type Conn struct {
	net.Conn
	Host netip.Addr // the client's address, without port

	server *Server
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	busy   bool
	ending bool // the server stops: no further request
}

// Context ends when the connection is over, and when Shutdown runs out of patience.
func (c *Conn) Context() context.Context { return c.ctx }

// Siblings returns how many connections this one's client has, this one included.
func (c *Conn) Siblings() int {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.server.hosts[c.Host]
}

// Begin says that a request is being worked on: its first byte has been read. False: the server stops, and the request
// must not be begun.
func (c *Conn) Begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = !c.ending
	return c.busy
}

// End says that the request has been answered. False: the server stops, and the connection is to be left.
func (c *Conn) End() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	return !c.ending
}

// drain lets a request that is being worked on be the last one.
func (c *Conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = true
	if !c.busy {
		c.Conn.Close()
	}
}
