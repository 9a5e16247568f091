package remoteapp

import (
	"crypto/tls"
	"net/http"
	"slices"
	"testing"
)

// What was set before stays, and what a hold needs is there.
func TestConfigure(t *testing.T) {
	certs := []tls.Certificate{{}}
	srv := &http.Server{WriteTimeout: 1, ReadTimeout: 1, TLSConfig: &tls.Config{Certificates: certs, NextProtos: []string{"h2"}}}
	Configure(srv)
	if srv.WriteTimeout != 0 || srv.ReadTimeout != 0 || srv.ReadHeaderTimeout == 0 || srv.IdleTimeout == 0 || len(srv.TLSConfig.Certificates) != 1 {
		t.Errorf("%+v", srv)
	}
	if p := srv.TLSConfig.NextProtos; len(p) != 2 || !slices.Contains(p, "h2") || !slices.Contains(p, "http/1.1") || !srv.Protocols.HTTP1() || !srv.Protocols.HTTP2() {
		t.Error(p)
	}
	if h2 := srv.HTTP2; h2.MaxConcurrentStreams < 4000 || h2.SendPingTimeout == 0 || h2.PingTimeout == 0 || h2.WriteByteTimeout == 0 {
		t.Errorf("%+v", h2)
	}
}
