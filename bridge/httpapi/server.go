package httpapi

import (
	"cmp"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aspstate/aspstate/bridge"
)

const (
	maxHeader  = 16 << 10 // bytes of a head
	maxStreams = 8192     // requests under way on one connection of HTTP/2: where waits for locks take all, the release that they wait for is queued behind them
)

// Server makes a server of the Front for who has a listener and needs none of package bridge: HTTP/1.1 and HTTP/2, under TLS where
// the Front has a certificate (ServeTLS(l, "", "")), and HTTP/2 with prior knowledge where it has none. Its Shutdown ends
// the waits for locks.
func (f *Front) Server() *http.Server {
	s := f.newServer()
	leaving := make(chan struct{})
	var once sync.Once
	s.RegisterOnShutdown(func() { once.Do(func() { close(leaving) }) })
	s.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
		host, _, err := net.SplitHostPort(nc.RemoteAddr().String())
		if err != nil {
			host = ""
		}
		return (&connection{leaving: leaving, host: host}).in(ctx)
	}
	return s
}

func (f *Front) newServer() *http.Server {
	patience := cmp.Or(f.Patience, DefaultPatience)
	s := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: patience, // bodies have a deadline of their own; one for both would end waits for locks
		WriteTimeout:      max(DefaultMaxWait, f.settings().MaxWait) + 2*patience,
		IdleTimeout:       cmp.Or(f.Idle, DefaultIdle),
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(&errorLog{f}, "", 0),
		Protocols:         new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,
			SendPingTimeout:      15 * time.Second, // a connection that is half open must not keep locks waiting
			PingTimeout:          15 * time.Second,
			WriteByteTimeout:     patience,
		},
	}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(true)
	s.Protocols.SetUnencryptedHTTP2(f.TLS == nil)
	s.TLSConfig = f.tlsConfig()
	return s
}

// tlsConfig is the Front's with what HTTP needs; nil where it has none.
func (f *Front) tlsConfig() *tls.Config {
	if f.TLS == nil {
		return nil
	}
	c := f.TLS.Clone()
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	for _, p := range []string{"h2", "http/1.1"} {
		if !slices.Contains(c.NextProtos, p) {
			c.NextProtos = append(c.NextProtos, p)
		}
	}
	return c
}

// errorLog takes the lines of net/http: handshakes that failed, mostly. Outsiders cause them as often as they like.
type errorLog struct{ f *Front }

func (e *errorLog) Write(line []byte) (int, error) {
	text, _, _ := strings.Cut(string(line), "\n")
	e.f.said.Warn(e.f.Logger, "the HTTP server reports", "error", text)
	return len(line), nil
}

// lastFlush is how long what HTTP/2 has answered may take to leave the connection, before that is closed.
const lastFlush = 200 * time.Millisecond

// Serve is a [bridge.Server]'s Handle: it serves a connection until the client closes it, something fails, or the server
// stops.
func (f *Front) Serve(c *bridge.Conn) {
	f.serving.Do(func() {
		f.server, f.serverTLS = f.newServer(), f.tlsConfig()
		f.server.ConnState = follow
		f.server.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
			s := servedOf(nc)
			ctx, cancel := context.WithCancel(ctx)
			context.AfterFunc(s.Context(), cancel)
			return s.connection.in(ctx)
		}
	})
	s := &served{Conn: c, closed: make(chan struct{})}
	s.connection = &connection{leaving: c.Leaving(), host: c.Host.String()}
	var nc net.Conn = s
	if f.serverTLS != nil {
		nc = tls.Server(s, f.serverTLS)
	}
	f.server.Serve(&oneConn{conn: nc, addr: c.LocalAddr()})
	<-s.closed
	s.connection.wait() // HTTP/2 closes a connection over the heads of its handlers
}

// served is a connection of a bridge.Server in the hands of net/http.
type served struct {
	*bridge.Conn
	connection *connection
	once       sync.Once
	closed     chan struct{}
}

func (s *served) Close() error {
	err := s.Conn.Close()
	s.once.Do(func() { close(s.closed) })
	return err
}

func servedOf(nc net.Conn) *served {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	return nc.(*served)
}

// follow tells the bridge.Server when requests begin and end. Between two requests of HTTP/1 a connection that is to be left
// ends by its read deadline; HTTP/2 has none.
func follow(nc net.Conn, state http.ConnState) {
	s := servedOf(nc)
	switch state {
	case http.StateActive:
		s.Begin()
	case http.StateIdle:
		if !s.End() {
			time.AfterFunc(lastFlush, func() { s.Close() })
		}
	}
}

// oneConn is a listener of one connection.
type oneConn struct {
	conn net.Conn
	addr net.Addr
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	return nil, io.EOF
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return l.addr }
