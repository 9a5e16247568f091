// Package bridge accepts connections for the fronts of aspstate and ends them in order. It knows no protocol: a front
// tells it when a request begins and ends, and it sees to who may connect, how many, and how a server stops.
package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"
)

// Server serves one protocol on any number of listeners. The zero value with a Handle takes local clients only. Fields must
// not be changed once Serve has been called.
type Server struct {
	// Handle serves a connection until it is over. The connection is closed when it returns.
	Handle func(*Conn)
	// Allow are the networks of clients; nil: loopback alone. Others are closed unanswered.
	Allow []netip.Prefix
	// MaxConns bounds open connections, MaxPerHost those of one address; 0: no bound. Those beyond are closed unanswered.
	MaxConns, MaxPerHost int
	// Logger is told of refused connections, at most once a second for each reason; nil: nobody is.
	Logger *slog.Logger

	mu        sync.Mutex
	conns     map[*Conn]struct{}
	hosts     map[netip.Addr]int
	listeners map[net.Listener]struct{}
	draining  bool
	empty     chan struct{}    // closed when draining and no connection is left
	refused   map[string]int64 // connections, by reason
	said      Seldom
}

// ErrStopped is what Serve returns after Shutdown.
var ErrStopped = errors.New("bridge: server stopped")

// loopback is what Allow means when it is nil.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// Serve takes connections until the listener fails or Shutdown is called, then returns ErrStopped. It closes the listener.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.listens(l) {
		return ErrStopped
	}
	const longest = time.Second
	wait := time.Duration(0)
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			wait = 0
			if conn := s.take(c); conn != nil {
				go s.run(conn)
			}
		case s.stopped():
			return ErrStopped
		case errors.Is(err, net.ErrClosed):
			return err
		default: // no file descriptors left, say: connections that end will free some
			wait = min(longest, max(5*time.Millisecond, 2*wait))
			s.said.Warn(s.Logger, "accepting failed", "error", err)
			time.Sleep(wait)
		}
	}
}

func (s *Server) listens(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	if s.listeners == nil {
		s.listeners = map[net.Listener]struct{}{}
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// take makes a Conn of an accepted connection, or closes it and returns nil.
func (s *Server) take(c net.Conn) *Conn {
	host := hostOf(c.RemoteAddr())
	s.mu.Lock()
	why := s.refusal(host)
	if why != "" {
		if s.refused == nil {
			s.refused = map[string]int64{}
		}
		s.refused[why]++
		s.mu.Unlock()
		s.said.Warn(s.Logger, why, "client", host)
		c.Close()
		return nil
	}
	conn := &Conn{Conn: c, Host: host, server: s, leave: make(chan struct{})}
	conn.ctx, conn.cancel = context.WithCancel(context.Background())
	if s.conns == nil {
		s.conns, s.hosts = map[*Conn]struct{}{}, map[netip.Addr]int{}
	}
	s.conns[conn] = struct{}{}
	s.hosts[host]++
	s.mu.Unlock()
	return conn
}

// refusal says why a client is not taken; empty: it is. The caller has locked mu.
func (s *Server) refusal(host netip.Addr) string {
	switch {
	case s.draining:
		return "a connection came while stopping"
	case !s.allows(host):
		return "a connection came from outside the allowed networks"
	case s.MaxConns > 0 && len(s.conns) >= s.MaxConns:
		return "there are too many connections"
	case s.MaxPerHost > 0 && s.hosts[host] >= s.MaxPerHost:
		return "there are too many connections of one client"
	}
	return ""
}

// allows says whether an address is of an allowed network. The caller has locked mu.
func (s *Server) allows(host netip.Addr) bool {
	allow := s.Allow
	if allow == nil {
		allow = loopback
	}
	for _, p := range allow {
		if p.Contains(host) {
			return true
		}
	}
	return false
}

// Change replaces Allow, MaxConns and MaxPerHost while the server serves. Connections from what is no longer an allowed
// network end after the request that they are at; others stay, also those beyond a limit.
func (s *Server) Change(allow []netip.Prefix, maxConns, maxPerHost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Allow, s.MaxConns, s.MaxPerHost = allow, maxConns, maxPerHost
	for c := range s.conns {
		if !s.allows(c.Host) {
			c.drain()
		}
	}
}

// hostOf returns the address without port. What has none, such as a pipe, is the zero address of IPv6, which no network
// but ::/0 contains.
func hostOf(a net.Addr) netip.Addr {
	if ap, err := netip.ParseAddrPort(a.String()); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	return netip.IPv6Unspecified()
}

func (s *Server) run(c *Conn) {
	defer s.over(c)
	defer func() {
		if p := recover(); p != nil && s.Logger != nil { // one request, and not everybody's sessions
			s.Logger.Error("a connection failed by a fault of this program", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	s.Handle(c)
}

func (s *Server) over(c *Conn) {
	c.cancel()
	c.Conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.hosts[c.Host]--; s.hosts[c.Host] == 0 {
		delete(s.hosts, c.Host)
	}
	if s.draining && len(s.conns) == 0 {
		close(s.empty)
	}
}

// Refused returns how many connections were closed unanswered so far, by reason.
func (s *Server) Refused() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.refused)
}

// Open returns how many connections there are.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Shutdown stops in order: no connection is taken any more, those between two requests are closed soon, and those within
// one, or with one on its way, after its answer. When the context ends the rest are cut off, and its error is returned. A
// connection whose handler does not end then, since a store hangs, is left behind after cutOff. Shutdown must be called
// once.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining, s.empty = true, make(chan struct{})
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.drain()
	}
	if len(s.conns) == 0 {
		close(s.empty)
	}
	s.mu.Unlock()
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
	}
	if s.Open() == 0 {
		<-s.empty
		return nil
	}
	s.mu.Lock()
	for c := range s.conns {
		c.cancel()
		c.Conn.Close()
	}
	s.mu.Unlock()
	select {
	case <-s.empty:
	case <-time.After(cutOff):
		return fmt.Errorf("%w; %d connections did not end", ctx.Err(), s.Open())
	}
	return ctx.Err()
}

// cutOff is how long Shutdown waits for handlers whose connections it has closed.
const cutOff = 3 * time.Second
