package httpapi_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// The keys of the tests. None may be seen in a log.
const (
	shopSecret  = "sk-shop-3b1f0d"
	forumSecret = "sk-forum-77aa01"
	rowsSecret  = "sk-rows-55c0ff"
)

func testKeys() []httpapi.Key {
	return []httpapi.Key{httpapi.AppKey("shop", shopSecret), httpapi.AppKey("forum", forumSecret), httpapi.RowsKey(rowsSecret), httpapi.AppKey("zip", shopSecret)}
}

// id is a session's. It may not be seen in a log either.
const id = "q3m0zv5kd2xw1ea4tyh5rb0c"

// site is a front over a store in memory.
type site struct {
	t     testing.TB
	mem   *memstore.Store
	front *httpapi.Front
	log   *safeBuffer
	stop  func()        // stops serving, after listen
	left  chan struct{} // gets one for each connection that has ended, after listen
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// everything is what all sites of the tests have logged.
var everything safeBuffer

func newSite(t testing.TB) *site {
	yes, no := true, false
	reg, err := layout.NewRegistry(
		layout.Application{Name: "zip", AppIDs: []string{"/LM/W3SVC/2/ROOT"}, Compressed: &yes},
		layout.Application{Name: "forum", AppIDs: []string{"/LM/W3SVC/3/ROOT"}, Compressed: &no})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, mem: memstore.New(memstore.Options{}), log: &safeBuffer{}}
	t.Cleanup(func() { s.mem.Close() })
	s.front = &httpapi.Front{
		Store: s.mem, Rows: s.mem, Settings: httpapi.Settings{Keys: testKeys(), Registry: reg},
		Logger: slog.New(slog.NewTextHandler(io.MultiWriter(s.log, &everything), nil)),
	}
	return s
}

// call is a request.
type call struct {
	method, path string
	key          string // "-": none; empty: that of shop
	header       http.Header
	body         string
	raw          bool // body and answer are octets
}

func (c call) request(base string) *http.Request {
	r, err := http.NewRequest(c.method, base+c.path, strings.NewReader(c.body))
	if err != nil {
		panic(err)
	}
	if c.body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	} else if c.raw {
		r.Header.Set("Content-Type", "application/octet-stream")
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.raw {
		r.Header.Set("Accept", "application/octet-stream")
	}
	for name, all := range c.header {
		if r.Header[name] = all; all == nil {
			delete(r.Header, name)
		}
	}
	switch c.key {
	case "-":
	case "":
		r.Header.Set("Authorization", "Bearer "+shopSecret)
	default:
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	return r
}

// do asks the front without a network.
func (s *site) do(c call) *httptest.ResponseRecorder {
	w := s.unchecked(c)
	described.check(s.t, c, w)
	return w
}

// unchecked is do for answers that are not held to the description.
func (s *site) unchecked(c call) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.front.ServeHTTP(w, c.request("http://bridge.test"))
	return w
}

// want asks and checks the status.
func (s *site) want(status int, c call) *httptest.ResponseRecorder {
	s.t.Helper()
	w := s.do(c)
	if w.Code != status {
		s.t.Fatalf("%s %s: %d, want %d: %s", c.method, c.path, w.Code, status, w.Body)
	}
	return w
}

func head(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

const one = "/v1/apps/shop/sessions/" + id

// blob is the payload of a session with a name.
func blob(name string) []byte {
	c := &aspnetser.Collection{Timeout: 20, Form: aspnetser.FormPlain}
	c.Set("UserName", aspnetser.String(name))
	c.Set("Visits", aspnetser.Int32(3))
	b, err := c.Append(nil)
	if err != nil {
		panic(err)
	}
	return b
}

// put makes a session in the store.
func (s *site) put(k session.Key, payload []byte) {
	s.t.Helper()
	if err := s.mem.SetAndRelease(s.t.Context(), k, session.Value{Payload: payload, Timeout: 20}, session.Insert()); err != nil {
		s.t.Fatal(err)
	}
}

func shop(id string) session.Key { return session.Key{App: "shop", ID: id} }

// all is what the store holds.
func (s *site) all() []session.Record {
	s.t.Helper()
	pg, err := s.mem.Scan(s.t.Context(), session.ScanRequest{Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	return pg.Records
}

// listen serves the front at a port of its own through a bridge.Server.
func (s *site) listen(srv *bridge.Server) (addr string) {
	s.left = make(chan struct{}, 100)
	srv.Handle = func(c *bridge.Conn) {
		s.front.Serve(c)
		s.left <- struct{}{}
	}
	addr, s.stop = serve(s.t, s.front, srv)
	return addr
}

// serve serves until stop, or the end of the test.
func serve(t testing.TB, f *httpapi.Front, srv *bridge.Server) (addr string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if srv.Handle == nil {
		srv.Handle = f.Serve
	}
	over := make(chan error, 1)
	go func() { over <- srv.Serve(l) }()
	stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
		if err := <-over; err != bridge.ErrStopped {
			t.Errorf("serving ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// waiting is a store that says when somebody begins to wait.
type waiting struct {
	session.Store
	began chan<- struct{}
}

func (w waiting) WaitExclusive(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	close(w.began)
	return w.Store.(session.Waiter).WaitExclusive(ctx, k, wait)
}

type recorded struct {
	c call
	w *httptest.ResponseRecorder
}

// through asks a handler as its server would: with the context that it gives to a connection.
func (s *site) through(srv *http.Server, c call) *recorded {
	w := httptest.NewRecorder()
	r := c.request("http://bridge.test")
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	srv.Handler.ServeHTTP(w, r.WithContext(srv.ConnContext(r.Context(), here)))
	return &recorded{c, w}
}
