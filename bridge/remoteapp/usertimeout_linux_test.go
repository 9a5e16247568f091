package remoteapp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/aspstate/aspstate/bridge"
)

// A connection on which something stays unacknowledged breaks in time, whatever it is wrapped in.
func TestUserTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"plain":  func(c net.Conn) net.Conn { return c },
		"TLS":    func(c net.Conn) net.Conn { return tls.Server(c, nil) },
		"bridge": func(c net.Conn) net.Conn { return tls.Server(&bridge.Conn{Conn: c}, nil) },
	} {
		there, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer there.Close()
		here, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer here.Close()
		var srv http.Server
		Configure(&srv)
		srv.ConnContext(context.Background(), wrap(here))
		raw, err := here.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var ms int
		raw.Control(func(fd uintptr) { ms, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout) })
		if err != nil || ms != int(unacked.Milliseconds()) {
			t.Errorf("%s: %d ms, %v", name, ms, err)
		}
	}
}
