package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
)

var directKey = session.Key{App: "shop", ID: "q3m0zv5kd2xw1ea4tyh5rb0c"}

// scripted is a server that answers the nth request of all with what the script says. An empty answer closes the connection
// unanswered; one that ends with shut closes it after.
type scripted struct {
	l     net.Listener
	mu    sync.Mutex
	conns int
	asked []string // request lines
}

const shut = "\x00shut"

func serveScript(t *testing.T, script ...string) (*scripted, *Client) {
	if !canDirect {
		t.Skip("this system has no such calls")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{l: l}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
			serving.Go(func() { s.serve(c, script) })
			t.Cleanup(func() { c.Close() })
		}
	})
	cl, err := New("http://"+l.Addr().String(), Options{Key: "key", MaxBody: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cl.Close() })
	return s, cl
}

func (s *scripted) serve(c net.Conn, script []string) {
	defer c.Close()
	br := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		io.Copy(io.Discard, r.Body)
		s.mu.Lock()
		n := len(s.asked)
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		if n >= len(script) || script[n] == "" {
			return
		}
		text, ends := strings.CutSuffix(script[n], shut)
		for part := range strings.SplitSeq(text, "\x01") { // in pieces
			if _, err := io.WriteString(c, part); err != nil {
				return
			}
		}
		if ends {
			return
		}
	}
}

// told is how many connections there were, and what was asked.
func (s *scripted) told() (conns int, asked []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns, s.asked
}

const (
	stateHead = "Content-Type: application/octet-stream\r\nAspstate-Timeout: 20\r\nAspstate-Lock: 5\r\nAspstate-Lock-Since: 2026-11-30T10:00:00Z\r\n"
	wholeGet  = "HTTP/1.1 200 OK\r\n" + stateHead + "Content-Length: 7\r\n\r\ninside!"
	noContent = "HTTP/1.1 204 No Content\r\n\r\n"
)

// TestDirectAnswers: what comes in forms that bridges do not use is understood as well, and what is none is refused.
func TestDirectAnswers(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, c := range map[string]struct {
		answer string
		fine   bool
		conns  int // for two calls, the second of which is answered plainly
	}{
		"plain":                {wholeGet, true, 1},
		"in pieces":            {strings.ReplaceAll(wholeGet, "\r\n", "\r\n\x01"), true, 1},
		"informational":        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + wholeGet, true, 1},
		"chunked":              {"HTTP/1.1 200 OK\r\n" + stateHead + "Transfer-Encoding: chunked\r\n\r\n3\r\nins\r\n4\r\nide!\r\n0\r\n\r\n", true, 1},
		"chunked with trailer": {"HTTP/1.1 200 OK\r\n" + stateHead + "Transfer-Encoding: chunked\r\n\r\n7\r\ninside!\r\n0\r\nX: y\r\n\r\n", true, 1},
		"to the end":           {"HTTP/1.1 200 OK\r\n" + stateHead + "\r\ninside!" + shut, true, 2},
		"closing":              {"HTTP/1.1 200 OK\r\nConnection: close\r\n" + stateHead + "Content-Length: 7\r\n\r\ninside!" + shut, true, 2},
		"HTTP/1.0":             {"HTTP/1.0 200 OK\r\n" + stateHead + "Content-Length: 7\r\n\r\ninside!" + shut, true, 2},
		"lower case":           {"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n" + stateHead + "\r\ninside!", true, 1},
		"much more head":       {"HTTP/1.1 200 OK\r\nX: " + long + "\r\n" + stateHead + "Content-Length: 7\r\n\r\ninside!", true, 1},
		"more than asked for":  {wholeGet + "HTTP/1.1 200 OK\r\n\r\n", true, 2},
		"not HTTP":             {"SSH-2.0-x\r\n\r\n" + shut, false, 2},
		"two lengths":          {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Length: 8\r\n" + stateHead + "\r\ninside!" + shut, false, 2},
		"cut off":              {"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n" + stateHead + "\r\ninside!" + shut, false, 2},
		"cut off in the head":  {"HTTP/1.1 200 OK\r\nContent-Le" + shut, false, 2},
		"too long":             {"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n" + stateHead + "\r\n" + long + shut, false, 2},
		"too much head":        {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat(long, 20) + "\r\n" + stateHead + "Content-Length: 7\r\n\r\ninside!" + shut, false, 2},
		"endless promises":     {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10) + wholeGet + shut, false, 2},
		"another protocol":     {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + shut, false, 2},
		"no session":           {"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nContent-Length: 51\r\n\r\n{\"type\":\"urn:aspstate:problem:session-not-found\"}  ", false, 1},
		"locked":               {"HTTP/1.1 423 Locked\r\nAspstate-Lock: 5\r\nContent-Type: application/problem+json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, cl := serveScript(t, c.answer, noContent, noContent)
			item, err := cl.GetExclusive(t.Context(), directKey)
			if (err == nil) != c.fine || c.fine && (string(item.Payload) != "inside!" || item.Cookie != 5 || item.Timeout != 20) {
				t.Fatalf("%+v, %v", item, err)
			}
			if err != nil && strings.Contains(err.Error(), "inside!") {
				t.Errorf("the error tells what came: %v", err)
			}
			if strings.Contains(name, "cut off") || name == "too long" || name == "two lengths" {
				return // a lock that was heard of is given back
			}
			if err := cl.ResetTimeout(t.Context(), directKey); err != nil {
				t.Fatal(err)
			}
			conns, asked := s.told()
			if conns != c.conns || len(asked) != 2 {
				t.Errorf("%d connections, %q", conns, asked)
			}
		})
	}
}

// TestDirectNotTwice: where a connection ends before an answer, a read alone is made again, and only on a connection that was
// used before.
func TestDirectNotTwice(t *testing.T) {
	ctx := t.Context()
	set := func(cl *Client) error {
		return cl.SetAndRelease(ctx, directKey, session.Value{Payload: []byte("x"), Timeout: 20}, session.IfCookie(1))
	}
	get := func(cl *Client) error { _, err := cl.Get(ctx, directKey); return err }
	lock := func(cl *Client) error { _, err := cl.GetExclusive(ctx, directKey); return err }
	for name, c := range map[string]struct {
		script []string
		calls  []func(*Client) error
		fine   bool // the last of them
		asked  int
	}{
		"read":               {[]string{wholeGet, "", wholeGet}, []func(*Client) error{get, get}, true, 3},
		"read, twice":        {[]string{wholeGet, "", ""}, []func(*Client) error{get, get}, false, 3},
		"read, new":          {[]string{"", wholeGet}, []func(*Client) error{get}, false, 1},
		"read, half":         {[]string{wholeGet, wholeGet[:20] + shut, wholeGet}, []func(*Client) error{get, get}, false, 2},
		"write":              {[]string{wholeGet, "", noContent}, []func(*Client) error{get, set}, false, 2},
		"lock":               {[]string{wholeGet, "", wholeGet}, []func(*Client) error{get, lock}, false, 2},
		"write after a read": {[]string{wholeGet, noContent}, []func(*Client) error{get, set}, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, cl := serveScript(t, c.script...)
			for i, call := range c.calls {
				err := call(cl)
				if last := i == len(c.calls)-1; (err == nil) != (c.fine || !last) {
					t.Errorf("call %d: %v", i, err)
				}
			}
			if _, asked := s.told(); len(asked) != c.asked {
				t.Errorf("%q", asked)
			}
		})
	}
}

// TestDirectClosed: a connection that the bridge has closed meanwhile is not used for a write.
func TestDirectClosed(t *testing.T) {
	_, cl := serveScript(t, wholeGet+shut, noContent, noContent)
	if _, err := cl.Get(t.Context(), directKey); err != nil {
		t.Fatal(err)
	}
	d := cl.c.direct
	d.mu.Lock()
	c := d.idle[0]
	d.mu.Unlock()
	for c.quiet() { // the end is on its way
		runtime.Gosched()
	}
	if err := cl.ResetTimeout(t.Context(), directKey); err != nil {
		t.Error(err)
	}
}

// TestDirectCut: a call ends with its context, at once, and its connection with it.
func TestDirectCut(t *testing.T) {
	asked, gone := make(chan bool), make(chan bool)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- true
		<-r.Context().Done()
		gone <- true
	}))
	defer s.Close()
	cl, err := New(s.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	go func() {
		_, err := cl.WaitExclusive(ctx, directKey, time.Minute)
		errs <- err
	}()
	<-asked
	cancel()
	<-gone
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestDirectEnded: whose context has ended asks nothing.
func TestDirectEnded(t *testing.T) {
	s, cl := serveScript(t, noContent, noContent)
	if err := cl.ResetTimeout(t.Context(), directKey); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := cl.ResetTimeout(ctx, directKey); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if _, asked := s.told(); len(asked) != 1 {
		t.Errorf("%q", asked)
	}
}

// TestDirectLate: an answer that does not come in time is given up, and so is a turn.
func TestDirectLate(t *testing.T) {
	if !canDirect {
		t.Skip("this system has no such calls")
	}
	over := make(chan bool)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer s.Close()
	defer close(over)
	cl, err := New(s.URL, Options{Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := cl.ResetTimeout(t.Context(), directKey); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	for range maxDirect {
		cl.c.direct.busy <- struct{}{}
	}
	if err := cl.ResetTimeout(t.Context(), directKey); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestDirectMany: not more calls than there may be are under way at once; those who wait for locks come on top, or a lock could
// not be given back.
func TestDirectMany(t *testing.T) {
	if !canDirect {
		t.Skip("this system has no such calls")
	}
	var now, most atomic.Int64
	free := make(chan bool)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			<-free
		} else {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			defer now.Add(-1)
		}
		w.Header().Set("Content-Type", raw)
		w.Header().Set("Aspstate-Timeout", "20")
		w.Header().Set("Aspstate-Lock", "1")
		w.Header().Set("Aspstate-Lock-Since", "2026-11-30T10:00:00Z")
		io.WriteString(w, "inside!")
	}))
	defer s.Close()
	cl, err := New(s.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var waiting, reading sync.WaitGroup
	for range maxDirect + 20 {
		waiting.Go(func() {
			if _, err := cl.WaitExclusive(t.Context(), directKey, time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
	for range 4 * maxDirect {
		reading.Go(func() {
			if _, err := cl.Get(t.Context(), directKey); err != nil {
				t.Error(err)
			}
		})
	}
	reading.Wait()
	close(free)
	waiting.Wait()
	if n := most.Load(); n > maxDirect {
		t.Errorf("%d calls at once", n)
	}
	d := cl.c.direct
	d.mu.Lock()
	if n := len(d.idle); n == 0 || n > maxDirect {
		t.Errorf("%d connections are kept", n)
	}
	for _, c := range d.idle[:len(d.idle)-1] {
		c.since = time.Now().Add(-idleFor)
	}
	d.mu.Unlock()
	d.closeOld()
	if len(d.idle) != 1 || d.sweep == nil {
		t.Errorf("%d connections are kept longer than they should be", len(d.idle)-1)
	}
}

// TestSocket: a bridge behind a socket of the file system, directly and by net/http.
func TestSocket(t *testing.T) {
	at := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", at)
	if err != nil {
		t.Fatal(err)
	}
	hosts := make(chan string, 2)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts <- r.Host
		w.WriteHeader(http.StatusNoContent)
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	defer s.Close()
	cl, err := New("http://bridge.invalid", Options{Socket: at})
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.ResetTimeout(t.Context(), directKey); err != nil {
		t.Error(err)
	}
	cl.c.direct = nil
	if err := cl.ResetTimeout(t.Context(), directKey); err != nil {
		t.Error(err)
	}
	for range 2 {
		if host := <-hosts; host != "bridge.invalid" {
			t.Errorf("Host is %q", host)
		}
	}
}

// TestDirectTakes: what goes by net/http.
func TestDirectTakes(t *testing.T) {
	t.Setenv("HTTP_PROXY", "")
	for base, want := range map[string]bool{"http://bridge": true, "http://bridge:8080/x": true, "https://bridge": false} {
		cl, err := New(base, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := cl.c.direct != nil; got != (want && canDirect) {
			t.Errorf("%s: %v", base, got)
		}
	}
	cl, err := New("http://bridge", Options{HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	if cl.c.direct != nil {
		t.Error("a client of one's own is not used")
	}
	if d := new(direct); !d.takes(&asking{body: make([]byte, directBody)}) || d.takes(&asking{body: make([]byte, directBody+1)}) {
		t.Error("bodies of another length are taken")
	}
}

// FuzzPlainHead: what is taken as a plain head means the same to net/http.
func FuzzPlainHead(f *testing.F) {
	for _, head := range []string{
		wholeGet, noContent, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nContent-Length:1\r\ncontent-length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 2\n\n", "HTTP/1.1 200 OK\r\n Content-Length: 2\r\n\r\n", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 206 Partial\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 02\r\nX: \r\n\r\n",
		"HTTP/1.1 200 \n\r\nContent-Length:0\r\n\r\n",
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		head, length, plain := plainHead(b)
		if !plain {
			return
		}
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), nil)
		if err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if resp.Close || resp.StatusCode/100 != 2 || resp.StatusCode != http.StatusNoContent && resp.ContentLength != int64(length) ||
			resp.StatusCode == http.StatusNoContent && length != 0 || !bytes.HasPrefix(b, head) {
			t.Errorf("%q: %+v, and not %d bytes", b, resp, length)
		}
		s := answer{head: string(head)}
		for name := range resp.Header {
			if got, want := s.get(name), resp.Header.Get(name); got != want {
				t.Errorf("%q: %s is %q, and not %q", b, name, got, want)
			}
		}
		if got := s.get(fmt.Sprint("X-None-", len(b))); got != "" && resp.Header.Get(fmt.Sprint("X-None-", len(b))) != got {
			t.Errorf("%q: a header %q", b, got)
		}
	})
}
