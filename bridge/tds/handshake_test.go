package tds

import (
	"crypto/tls"
	"net"
	"testing"
)

// TestTLSVersions: 1.2 is the newest, and the oldest where nobody asks for more.
func TestTLSVersions(t *testing.T) {
	both := certificate(t)
	for _, c := range []struct {
		old        bool
		version    uint16 // the newest of the client's
		suite      uint16 // the only one of the client's; 0: its own choice
		negotiated uint16 // 0: refused
	}{
		{false, tls.VersionTLS13, 0, tls.VersionTLS12},
		{false, tls.VersionTLS12, 0, tls.VersionTLS12},
		{false, tls.VersionTLS11, 0, 0},
		{false, tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, 0},
		{true, tls.VersionTLS13, 0, tls.VersionTLS12},
		{true, tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, tls.VersionTLS12},
		{true, tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA, 0},
		{true, tls.VersionTLS11, 0, tls.VersionTLS11},
		{true, tls.VersionTLS10, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, tls.VersionTLS10},
	} {
		front := &Front{TLS: both, OldTLS: c.old}
		here, there := net.Pipe()
		t.Cleanup(func() { here.Close(); there.Close() })
		go func() { tls.Server(there, front.tls()).Handshake() }()
		asked := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: c.version}
		if c.suite != 0 {
			asked.CipherSuites = []uint16{c.suite}
		}
		client := tls.Client(here, asked)
		err := client.Handshake()
		if got := client.ConnectionState().Version; err == nil && got != c.negotiated || (err == nil) != (c.negotiated != 0) {
			t.Errorf("%+v: version 0x%x, %v", c, got, err)
		}
	}
}
