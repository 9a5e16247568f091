package remoteapp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/aspstate/aspstate/bridge"
)

// Settings of Configure.
const (
	maxStreams   = 8192 // .NET has one connection a host, and queues what is beyond this (section 14)
	pingAfter    = 10 * time.Second
	pingWait     = 10 * time.Second
	unacked      = 20 * time.Second // what was sent and not acknowledged by then breaks the connection
	writeWait    = 30 * time.Second
	idleWait     = 2 * time.Minute
	headWait     = 10 * time.Second
	maxHeadBytes = 64 << 10
)

// Configure sets up a server for a Handler: HTTP/1.1 and, over TLS, HTTP/2, without which a client with an https address does
// not work at all (section 7). No answer has to be there within a time; a dead connection is found out by other means, so
// that no lock hangs on one:
//
//	HTTP/2      a ping after 10 s of silence, answered within 10 s
//	HTTP/1.1    heartbeats, and on Linux the connection breaks if one is not acknowledged for 20 s; without that, which
//	            other systems do by themselves within a minute or so, it would take a quarter of an hour
//
// What the server has been given already, such as certificates, stays. Configure must be called before it serves.
func Configure(srv *http.Server) {
	srv.ReadTimeout, srv.WriteTimeout = 0, 0
	srv.ReadHeaderTimeout, srv.IdleTimeout, srv.MaxHeaderBytes = headWait, idleWait, maxHeadBytes
	if srv.TLSConfig == nil {
		srv.TLSConfig = &tls.Config{}
	}
	srv.TLSConfig.MinVersion = max(srv.TLSConfig.MinVersion, tls.VersionTLS12)
	for _, proto := range []string{"http/1.1", "h2"} {
		if !slices.Contains(srv.TLSConfig.NextProtos, proto) {
			srv.TLSConfig.NextProtos = slices.Insert(srv.TLSConfig.NextProtos, 0, proto)
		}
	}
	if srv.Protocols == nil {
		srv.Protocols = new(http.Protocols)
	}
	srv.Protocols.SetHTTP1(true)
	srv.Protocols.SetHTTP2(true)
	if srv.HTTP2 == nil {
		srv.HTTP2 = &http.HTTP2Config{}
	}
	h2 := srv.HTTP2
	h2.MaxConcurrentStreams, h2.SendPingTimeout, h2.PingTimeout, h2.WriteByteTimeout = maxStreams, pingAfter, pingWait, writeWait
	before := srv.ConnContext
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		breakUnacked(c, unacked)
		if before != nil {
			ctx = before(ctx, c)
		}
		return ctx
	}
}

// breakUnacked sets how long what was sent may stay unacknowledged, where the system lets it.
func breakUnacked(c net.Conn, d time.Duration) {
	for {
		switch of := c.(type) {
		case interface{ NetConn() net.Conn }: // of TLS, or of a listener that looks after its connections
			c = of.NetConn()
		case *bridge.Conn:
			c = of.Conn
		case *net.TCPConn:
			setUserTimeout(of, d)
			return
		default:
			return
		}
	}
}
