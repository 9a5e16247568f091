package cli

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aspstate/aspstate/bridge"
)

// httpConns hands the connections of a bridge.Server to an http.Server, whose listener it is: so whoever connects to a page is let in,
// counted and sent away as clients of other fronts are.
type httpConns struct {
	addr net.Addr
	next chan net.Conn
	over chan struct{}
	end  func()
}

func newHTTPConns(addr net.Addr) *httpConns {
	h := &httpConns{addr: addr, next: make(chan net.Conn), over: make(chan struct{})}
	h.end = sync.OnceFunc(func() { close(h.over) })
	return h
}

// serve is a bridge.Server's Handle.
func (h *httpConns) serve(c *bridge.Conn) {
	one := &httpConn{Conn: c, closed: make(chan struct{})}
	select {
	case h.next <- one:
		<-one.closed
	case <-h.over:
	}
}

// Accept implements net.Listener.
func (h *httpConns) Accept() (net.Conn, error) {
	select {
	case c := <-h.next:
		return c, nil
	case <-h.over:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *httpConns) Close() error {
	h.end()
	return nil
}

// Addr implements net.Listener.
func (h *httpConns) Addr() net.Addr { return h.addr }

// httpConn is a connection in the hands of net/http.
type httpConn struct {
	*bridge.Conn
	once   sync.Once
	closed chan struct{}
}

// Close implements net.Conn.
func (c *httpConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.closed) })
	return err
}

// NetConn returns the connection itself, for who sets options of it.
func (c *httpConn) NetConn() net.Conn { return c.Conn.Conn }

// httpState is an http.Server's ConnState: it tells the bridge.Server when a request begins and ends.
func httpState(nc net.Conn, state http.ConnState) {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	c, ok := nc.(*httpConn)
	if !ok {
		return
	}
	switch state {
	case http.StateActive:
		c.Begin()
	case http.StateIdle:
		if !c.End() {
			c.Close()
		}
	}
}

// httpTimes bounds what a request may take of an http.Server.
func httpTimes(s *http.Server) {
	s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes = 10*time.Second, 30*time.Second, time.Minute, 16<<10
}
