package httpapi

import (
	"context"
	"net/http"
	"sync"
)

// connection is what a request knows of the connection that it came over, which HTTP/2 has many requests on.
type connection struct {
	leaving <-chan struct{} // closed: what waits is to be sent away, and the connection to end
	host    string          // of the client; empty: not known

	mu   sync.Mutex
	n    int           // requests under way
	none chan struct{} // somebody waits until there are none; closed then
}

type connectionKey struct{}

func (c *connection) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// connectionOf returns nil where the server is not one of ours.
func connectionOf(r *http.Request) *connection {
	c, _ := r.Context().Value(connectionKey{}).(*connection)
	return c
}

// enter begins a request. False: the connection is to be left after it.
func (c *connection) enter() bool {
	if c == nil {
		return true
	}
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return !c.isLeaving()
}

func (c *connection) exit() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

// wait waits until no request is under way. A connection that is closed gets no other.
func (c *connection) wait() {
	c.mu.Lock()
	if c.n == 0 {
		c.mu.Unlock()
		return
	}
	none := make(chan struct{})
	c.none = none
	c.mu.Unlock()
	<-none
}

func (c *connection) isLeaving() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.leaving:
		return true
	default:
		return false
	}
}

func (c *connection) client() string {
	if c == nil {
		return ""
	}
	return c.host
}
