package bridge_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
)

// echo answers lines. A line "wait" is answered once go on is closed.
type echo struct {
	began chan struct{} // gets one for each "wait" that has begun
	goOn  chan struct{}
}

func (e *echo) serve(c *bridge.Conn) {
	for lines := bufio.NewScanner(c); lines.Scan(); {
		c.Begin()
		if lines.Text() == "wait" {
			e.began <- struct{}{}
			select {
			case <-e.goOn:
			case <-c.Context().Done():
			}
		}
		if _, err := io.WriteString(c, lines.Text()+"\n"); err != nil || !c.End() {
			return
		}
	}
}

func start(t *testing.T, s *bridge.Server) (addr string, over chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over = make(chan error, 1)
	go func() { over <- s.Serve(l) }()
	return l.Addr().String(), over
}

func dial(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return c, bufio.NewReader(c)
}

func say(t *testing.T, c net.Conn, line string) {
	t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func hears(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	if got, err := r.ReadString('\n'); got != want+"\n" {
		t.Fatalf("heard %q, %v, want %q", got, err, want)
	}
}

func isClosed(t *testing.T, r *bufio.Reader) {
	t.Helper()
	got, err := r.ReadString('\n')
	var slow net.Error
	if got != "" || err == nil || errors.As(err, &slow) && slow.Timeout() {
		t.Errorf("the connection is open: %q, %v", got, err)
	}
}

// TestShutdownLetsRequestsEnd: what is idle is closed at once, what is being answered is answered first.
func TestShutdownLetsRequestsEnd(t *testing.T) {
	e := &echo{make(chan struct{}), make(chan struct{})}
	s := &bridge.Server{Handle: e.serve}
	addr, over := start(t, s)
	idle, idleReader := dial(t, addr)
	say(t, idle, "hello")
	hears(t, idleReader, "hello")
	busy, busyReader := dial(t, addr)
	say(t, busy, "wait")
	<-e.began

	done := make(chan error)
	go func() { done <- s.Shutdown(t.Context()) }()
	isClosed(t, idleReader)
	if err := <-over; err != bridge.ErrStopped {
		t.Errorf("serving ended with %v", err)
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("a stopped server takes connections")
	}
	select {
	case err := <-done:
		t.Fatalf("stopped in the middle of a request: %v", err)
	default:
	}
	close(e.goOn)
	hears(t, busyReader, "wait")
	isClosed(t, busyReader)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestShutdownHasEnough: a request that does not end is cut off when the patience ends, and its handler is told.
func TestShutdownHasEnough(t *testing.T) {
	e := &echo{make(chan struct{}), make(chan struct{})}
	s := &bridge.Server{Handle: e.serve}
	addr, _ := start(t, s)
	c, r := dial(t, addr)
	say(t, c, "wait")
	<-e.began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	isClosed(t, r)
	if n := s.Open(); n != 0 {
		t.Errorf("%d connections are open", n)
	}
}

func TestOnlyAllowedClients(t *testing.T) {
	for _, c := range []struct {
		name  string
		allow []netip.Prefix
		taken bool
	}{
		{"by default this machine", nil, true},
		{"a network", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/30")}, true},
		{"another network", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, false},
		{"nobody", []netip.Prefix{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &echo{}
			s := &bridge.Server{Handle: e.serve, Allow: c.allow}
			addr, _ := start(t, s)
			defer s.Shutdown(t.Context())
			conn, r := dial(t, addr)
			io.WriteString(conn, "hello\n")
			if !c.taken {
				isClosed(t, r)
				return
			}
			hears(t, r, "hello")
		})
	}
}

func TestLimitsOfConnections(t *testing.T) {
	for name, s := range map[string]*bridge.Server{"in all": {MaxConns: 2}, "of a client": {MaxPerHost: 2}} {
		t.Run(name, func(t *testing.T) {
			e := &echo{}
			s.Handle = e.serve
			addr, _ := start(t, s)
			defer s.Shutdown(t.Context())
			first, r := dial(t, addr)
			say(t, first, "one")
			hears(t, r, "one")
			second, r2 := dial(t, addr)
			say(t, second, "two")
			hears(t, r2, "two")
			_, r3 := dial(t, addr)
			isClosed(t, r3)
			first.Close()
			for s.Open() > 1 { // the server sees it when it reads
				runtime.Gosched()
			}
			third, r3 := dial(t, addr)
			say(t, third, "three")
			hears(t, r3, "three")
		})
	}
}

// A connection hears once that it is to end, however often it is told.
func TestLeaving(t *testing.T) {
	conns := make(chan *bridge.Conn, 1)
	s := &bridge.Server{Handle: func(c *bridge.Conn) {
		conns <- c
		<-c.Leaving()
		c.Begin()
		<-c.Context().Done()
	}}
	addr, over := start(t, s)
	dial(t, addr)
	c := <-conns
	select {
	case <-c.Leaving():
		t.Fatal("nobody wants it to leave")
	default:
	}
	nobody := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	s.Change(nobody, 0, 0)
	s.Change(nobody, 0, 0)
	<-c.Leaving()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Shutdown(ctx)
	<-over
}
