package stateserver_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

const (
	path  = "%2fLM%2fW3SVC%2f2%2fROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5%2fHxWS854%3d)%2f"
	empty = "\x14\x00\x00\x00\x00\x00\xff"
	bad   = "400 Bad Request\r\n"
	found = "404 Not Found\r\n"
	fine  = "200 OK\r\n"
)

// put is a PUT of the empty session with headers exchanged.
func put(headers string) string {
	return "PUT " + path + "a HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + empty
}

// hostile are requests that no client of Microsoft's sends. Each goes over a connection of its own. answer is how what comes
// back begins ("" : nothing comes), and after it the connection is closed (over) or still good.
var hostile = []struct {
	name, send, answer string
	over               bool
}{
	{"nothing", "", "", true},
	{"a blank line", "\r\n\r\n", bad, true},
	{"garbage", "\x00\x01\x02\xfe\xff\r\n\r\n", bad, true},
	{"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", bad, true},
	{"a TDS prelogin", "\x12\x01\x00\x2f\x00\x00\x01\x00\r\n\r\n", bad, true},
	{"a word", "GET\r\n\r\n", bad, true},
	{"two words", "GET x\r\n\r\n", bad, true},
	{"no target", "GET  HTTP/1.1\r\n\r\n", bad, true},
	{"no version", "GET " + path + "a\r\n\r\n", bad, true},
	{"another version", "GET " + path + "a HTTP/2.0\r\n\r\n", bad, true},
	{"a verb in lower case", "get " + path + "a HTTP/1.1\r\n\r\n", bad, true},
	{"an unknown verb", "POST " + path + "a HTTP/1.1\r\n\r\n", bad, true},
	{"a body behind an unknown verb", "POST " + path + "a HTTP/1.1\r\nContent-Length: 7\r\n\r\n" + empty, bad, true},
	{"a NUL in the target", "GET a\x00b HTTP/1.1\r\n\r\n", bad, true},
	{"a bare LF in the request line", "GET a\nb HTTP/1.1\r\n\r\n", bad, true},
	{"a bare CR in the request line", "GET a\rb HTTP/1.1\r\n\r\n", bad, true},
	{"a header without colon", "GET " + path + "a HTTP/1.1\r\nHost\r\n\r\n", bad, true},
	{"a header without name", "GET " + path + "a HTTP/1.1\r\n: x\r\n\r\n", bad, true},
	{"a blank before the colon", "GET " + path + "a HTTP/1.1\r\nHost : x\r\n\r\n", bad, true},
	{"a folded header", "GET " + path + "a HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", bad, true},
	{"an unknown Exclusive", "GET " + path + "a HTTP/1.1\r\nExclusive: maybe\r\n\r\n", found, false},
	{"a GET with a body", "GET " + path + "a HTTP/1.1\r\nContent-Length: 7\r\n\r\n" + empty, bad, true},
	{"a HEAD with a body", "HEAD " + path + "a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", bad, true},
	{"a DELETE with a body", "DELETE " + path + "a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", bad, true},
	{"a GET with a length of 0", "GET " + path + "a HTTP/1.1\r\nContent-Length: 0\r\n\r\n", found, false},
	{"a length in words", put("Content-Length: seven\r\n"), bad, true},
	{"a negative length", put("Content-Length: -7\r\n"), bad, true},
	{"a length above 32 bits", put("Content-Length: 4294967303\r\n"), bad, true},
	{"a length above 64 bits", put("Content-Length: 18446744073709551623\r\n"), bad, true},
	{"a hexadecimal length", put("Content-Length: 0x7\r\n"), bad, true},
	{"a length above the limit", put("Content-Length: 1000001\r\n"), bad, true},
	{"a length of 0", "PUT " + path + "a HTTP/1.1\r\nContent-Length: 0\r\n\r\n", bad, false},
	{"no length", "PUT " + path + "a HTTP/1.1\r\nTimeout: 20\r\n\r\n", bad, false},
	{"a timeout in words", put("Content-Length: 7\r\nTimeout: soon\r\n"), bad, false},
	{"a negative timeout", put("Content-Length: 7\r\nTimeout: -1\r\n"), bad, false},
	{"a timeout of 0", put("Content-Length: 7\r\nTimeout: 0\r\n"), bad, false},
	{"a timeout above a year", put("Content-Length: 7\r\nTimeout: 525601\r\n"), bad, false},
	{"a timeout above 32 bits", put("Content-Length: 7\r\nTimeout: 4294967316\r\n"), bad, false},
	{"flags in words", put("Content-Length: 7\r\nExtraFlags: many\r\n"), bad, false},
	{"two lengths", put("Content-Length: 7\r\nContent-Length: 7\r\n"), bad, true},
	{"a cookie in words", strings.Replace(put("Content-Length: 7\r\nLockCookie: mine\r\n"), "a HTTP", "good HTTP", 1), bad, false},
	{"a negative cookie", strings.Replace(put("Content-Length: 7\r\nLockCookie: -2\r\n"), "a HTTP", "good HTTP", 1), bad, false},
	{"a release without cookie", "GET " + path + "a HTTP/1.1\r\nExclusive: release\r\n\r\n", found, false},
	{"a target that is no path", "GET x HTTP/1.1\r\n\r\n", found, false},
	{"a target with blanks", "GET /LM/W3SVC/1/ROOT/my shop(x=)/a b HTTP/1.1\r\n\r\n", found, false},
	{"an ill-formed escape", "GET %2fLM%zz%u12 HTTP/1.1\r\n\r\n", found, false},
	{"an escaped CR LF", "GET " + path + "a%0d%0aX HTTP/1.1\r\n\r\n", found, false},
	{"two requests at once", "GET " + path + "a HTTP/1.1\r\n\r\nGET " + path + "a HTTP/1.1\r\n\r\n", found, false},
	{"a head that does not end", "GET " + path + "a HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 2000), bad, true},
	{"a line that does not end", "GET " + strings.Repeat("a", 20000), bad, true},
	{"half a request line", "GET " + path, "", true},
	{"half a head", "GET " + path + "a HTTP/1.1\r\nHost: x\r\n", "", true},
	{"half a body", "PUT " + path + "a HTTP/1.1\r\nContent-Length: 7\r\n\r\n" + empty[:3], "", true},
	{"a large body that does not come", "PUT " + path + "a HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nx", "", true},
}

// hostileFront is a front that loses patience soon.
func hostileFront(store session.Store) *stateserver.Front {
	return &stateserver.Front{Store: store, Settings: stateserver.Settings{MaxBody: 1_000_000}, Idle: 200 * time.Millisecond, Patience: 200 * time.Millisecond}
}

// TestHostileClients sends each kind of bad input, and sees that it is answered or left as it should be, that the server
// ends the connection itself where it must, that a good client is served all the while, and that nothing is stored.
func TestHostileClients(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	s := &bridge.Server{}
	addr := serve(t, hostileFront(store), s)
	c := stateserver.NewClient(addr, stateserver.ClientOptions{})
	t.Cleanup(func() { c.Close() })
	good := session.Key{ID: "/LM/W3SVC/2/ROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5/HxWS854=)/good"}
	if err := c.SetAndRelease(t.Context(), good, session.Value{Payload: []byte(empty), Timeout: 20}, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	t.Run("all", func(t *testing.T) {
		for _, h := range hostile {
			t.Run(h.name, func(t *testing.T) {
				t.Parallel()
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute))
				if _, err := io.WriteString(conn, h.send); err != nil && !h.over {
					t.Fatal(err)
				}
				if !h.over { // a good request over the same connection
					io.WriteString(conn, "GET "+path+"good HTTP/1.1\r\nHost: h\r\n\r\n")
				}
				got := readAll(conn, h.over)
				if !bytes.HasPrefix(got, []byte(h.answer)) || h.answer == "" && len(got) > 0 {
					t.Errorf("answered with %q, want %q", got, h.answer)
				}
				if !h.over && !bytes.Contains(got, []byte(fine)) {
					t.Errorf("the connection was not good for another request: %q", got)
				}
				c := stateserver.NewClient(addr, stateserver.ClientOptions{})
				defer c.Close()
				if _, err := c.Get(t.Context(), good); err != nil {
					t.Errorf("a good client: %v", err)
				}
			})
		}
	})
	if n, err := store.Count(t.Context()); err != nil || n != 1 {
		t.Errorf("%d sessions are stored, %v", n, err)
	}
}

// readAll reads until the server closes the connection, or until it has answered the good request.
func readAll(c net.Conn, over bool) []byte {
	var got []byte
	for b := make([]byte, 4096); ; {
		n, err := c.Read(b)
		got = append(got, b[:n]...)
		if err != nil || !over && bytes.HasSuffix(got, []byte(empty)) {
			return got
		}
	}
}

// TestSlowClientsAreCutOff: who sends a byte now and then does not hold a connection beyond the server's patience.
func TestSlowClientsAreCutOff(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	addr := serve(t, hostileFront(store), &bridge.Server{})
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	over := make(chan struct{})
	go func() {
		defer close(over)
		readAll(conn, true)
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, b := range []byte("GET " + strings.Repeat("a", 4000)) {
		select {
		case <-over:
			return
		case <-tick.C:
			conn.Write([]byte{b})
		}
	}
	t.Error("the connection was served to the end")
}

// FuzzRequests: whatever comes in, the server answers with one of four statuses or not at all, and does not fail.
func FuzzRequests(f *testing.F) {
	for _, h := range hostile {
		f.Add([]byte(h.send))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		store := memstore.New(memstore.Options{})
		defer store.Close()
		c := &played{in: bytes.NewReader(b), over: make(chan struct{})}
		s := &bridge.Server{Handle: (&stateserver.Front{Store: store, Settings: stateserver.Settings{MaxBody: 1 << 16}}).Serve}
		if err := s.Serve(&oneConn{conn: c}); err != net.ErrClosed {
			t.Fatal(err)
		}
		<-c.over
		got := c.out.Bytes()
		for _, status := range []string{fine, bad, found, "423 Locked\r\n"} {
			if bytes.HasPrefix(got, []byte(status)) {
				return
			}
		}
		if len(got) > 0 {
			t.Errorf("%q is answered with %q", b, got)
		}
	})
}

// played is a client that sends something and takes what comes.
type played struct {
	net.Conn // nil
	in       *bytes.Reader
	out      bytes.Buffer
	over     chan struct{}
	once     sync.Once
}

func (c *played) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c *played) Write(b []byte) (int, error)      { return c.out.Write(b) }
func (c *played) Close() error                     { c.once.Do(func() { close(c.over) }); return nil }
func (c *played) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv6loopback} }
func (c *played) SetReadDeadline(time.Time) error  { return nil }
func (c *played) SetWriteDeadline(time.Time) error { return nil }

// oneConn is a listener with one connection.
type oneConn struct{ conn net.Conn }

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }
