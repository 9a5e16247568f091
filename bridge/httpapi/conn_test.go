package httpapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// certificate makes one, and a client's trust in it.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

// client is an HTTP client of one protocol.
func client(t testing.TB, h2 bool, roots *x509.CertPool) *http.Client {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP1(!h2)
	if roots != nil {
		tr.TLSClientConfig = &tls.Config{RootCAs: roots}
		tr.Protocols.SetHTTP2(h2)
	} else {
		tr.Protocols.SetUnencryptedHTTP2(h2)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// ways are the four ways in which a front is reached.
func ways(t *testing.T, run func(t *testing.T, s *site, srv *bridge.Server, c *http.Client, base string)) {
	for name, way := range map[string]struct{ tls, h2 bool }{
		"HTTP/1.1": {}, "HTTP/2": {h2: true}, "TLS, HTTP/1.1": {tls: true}, "TLS, HTTP/2": {tls: true, h2: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			var roots *x509.CertPool
			base := "http://"
			if way.tls {
				s.front.TLS, roots = certificate(t)
				base = "https://"
			}
			srv := &bridge.Server{}
			run(t, s, srv, client(t, way.h2, roots), base+s.listen(srv))
		})
	}
}

// ask asks over the network.
func ask(t testing.TB, c *http.Client, base string, what call) (*http.Response, string) {
	t.Helper()
	res, err := c.Do(what.request(base))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func TestWays(t *testing.T) {
	ways(t, func(t *testing.T, s *site, srv *bridge.Server, c *http.Client, base string) {
		want := func(status int, what call) *http.Response {
			t.Helper()
			res, body := ask(t, c, base, what)
			if res.StatusCode != status {
				t.Fatalf("%s %s: %d, want %d: %s", what.method, what.path, res.StatusCode, status, body)
			}
			return res
		}
		want(201, call{method: "PUT", path: one, body: jsonSession("Ada"), header: head("If-None-Match", "*")})
		res := want(200, call{method: "POST", path: one + "/lock", raw: true})
		if strings.Contains(t.Name(), "HTTP/2") != (res.ProtoMajor == 2) {
			t.Errorf("it was %s", res.Proto)
		}
		want(204, call{method: "PUT", path: one, body: jsonSession("Grace"), header: head("Aspstate-Lock", res.Header.Get("Aspstate-Lock"))})
		big := string(blob(strings.Repeat("x", 1<<20)))
		want(204, call{method: "PUT", path: one, raw: true, body: big, header: head("Aspstate-Free", "0", "Aspstate-Timeout", "20")})
		if _, body := ask(t, c, base, call{method: "GET", path: one, raw: true}); body != big {
			t.Errorf("%d bytes came back of %d", len(body), len(big))
		}
		want(200, call{method: "GET", path: one})
		want(200, call{method: "GET", path: "/v1/rows", key: rowsSecret})
	})
}

// Who goes away while waiting gets no lock, and keeps nobody's place.
func TestLeavesWhileWaiting(t *testing.T) {
	ways(t, func(t *testing.T, s *site, srv *bridge.Server, c *http.Client, base string) {
		s.put(shop(id), blob("Ada"))
		s.lockAway()
		began, ended := make(chan struct{}), make(chan error, 1)
		s.front.Store = heard{s.mem, began, ended}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-began
			cancel()
		}()
		if _, err := c.Do(call{method: "POST", path: one + "/lock?wait=60s"}.request(base).WithContext(ctx)); err == nil {
			t.Fatal("there was an answer")
		}
		if err := <-ended; err == nil {
			t.Error("the wait gave a lock")
		}
		if err := s.mem.ReleaseExclusive(t.Context(), shop(id), 2); err != nil {
			t.Fatal(err)
		}
		if item, err := s.mem.GetExclusive(t.Context(), shop(id)); err != nil || item.Cookie != 3 {
			t.Errorf("cookie %d, %v", item.Cookie, err)
		}
	})
}

// heard is a store that says when a wait begins and ends.
type heard struct {
	session.Store
	began chan<- struct{}
	ended chan<- error
}

func (h heard) WaitExclusive(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	close(h.began)
	item, err := h.Store.(session.Waiter).WaitExclusive(ctx, k, wait)
	h.ended <- err
	return item, err
}

// A lock that was taken while its client went away is given back.
func TestLeavesBeforeTheAnswer(t *testing.T) {
	ways(t, func(t *testing.T, s *site, srv *bridge.Server, c *http.Client, base string) {
		s.put(shop(id), blob("Ada"))
		ctx, cancel := context.WithCancel(t.Context())
		released := make(chan error, 1)
		s.front.Store = &late{Store: s.mem, cancel: cancel, released: released}
		if _, err := c.Do(call{method: "POST", path: one + "/lock?wait=60s"}.request(base).WithContext(ctx)); err == nil {
			t.Fatal("there was an answer")
		}
		if err := <-released; err != nil {
			t.Errorf("giving it back: %v", err)
		}
		if _, err := s.mem.GetExclusive(t.Context(), shop(id)); err != nil {
			t.Error(err)
		}
	})
}

// late is a store that takes the lock, and returns once the client has gone.
type late struct {
	session.Store
	cancel   func()
	released chan<- error
}

func (l *late) WaitExclusive(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	item, err := l.Store.GetExclusive(ctx, k)
	l.cancel()
	<-ctx.Done()
	return item, err
}

func (l *late) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	err := l.Store.ReleaseExclusive(ctx, k, cookie)
	l.released <- err
	return err
}

// An answer that cannot be written gives its lock back, whatever the server is.
func TestUnwritable(t *testing.T) {
	for _, accept := range []string{"application/json", "application/octet-stream"} {
		s := newSite(t)
		s.put(shop(id), blob("Ada"))
		s.front.ServeHTTP(discard{}, call{method: "POST", path: one + "/lock", header: head("Accept", accept)}.request("http://bridge.test"))
		if item, err := s.mem.GetExclusive(t.Context(), shop(id)); err != nil || item.Cookie != 3 {
			t.Errorf("%s: cookie %d, %v", accept, item.Cookie, err)
		}
	}
}

// discard is a connection that is gone.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) WriteHeader(int)             {}
func (discard) Write(b []byte) (int, error) { return 0, io.ErrClosedPipe }

// A server that stops ends waits, and lets what is under way be answered.
func TestStops(t *testing.T) {
	ways(t, func(t *testing.T, s *site, srv *bridge.Server, c *http.Client, base string) {
		s.put(shop(id), blob("Ada"))
		s.lockAway()
		began := make(chan struct{})
		s.front.Store, s.front.Peek = waiting{s.mem, began}, s.mem
		var res *http.Response
		var body string
		var wg sync.WaitGroup
		wg.Go(func() { res, body = ask(t, c, base, call{method: "POST", path: one + "/lock?wait=60s"}) })
		<-began
		addr, _ := serve(t, s.front, &bridge.Server{}) // the same front at another place goes on
		s.stop()
		wg.Wait()
		if res.StatusCode != 503 || !strings.Contains(body, "problem:stopping") {
			t.Errorf("%d: %s", res.StatusCode, body)
		}
		if s.front.TLS == nil {
			if res, _ := ask(t, http.DefaultClient, "http://"+addr, call{method: "GET", path: one + "?renew=no"}); res.StatusCode != 200 {
				t.Errorf("the other server gives %d", res.StatusCode)
			}
		}
	})
}

// Who is no longer allowed is sent away after the request that he is at, and between two.
func TestNoLongerAllowed(t *testing.T) {
	ways(t, func(t *testing.T, s *site, srv *bridge.Server, c *http.Client, base string) {
		s.put(shop(id), blob("Ada"))
		if res, _ := ask(t, c, base, call{method: "GET", path: one}); res.StatusCode != 200 {
			t.Fatal(res.StatusCode)
		}
		srv.Change([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, 0, 0)
		<-s.left
		if _, err := c.Do(call{method: "GET", path: one}.request(base)); err == nil {
			t.Error("it is served yet")
		}
	})
}

// Where the store knows no waiting, it is asked again and again, and told of the mark that a refused read has spent.
func TestPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.front.Store = plainStore{s.mem}
		if err := s.mem.CreateUninitialized(t.Context(), shop(id), session.Value{Payload: blob("Ada"), Timeout: 20}); err != nil {
			t.Fatal(err)
		}
		s.lockAwayMarked()
		began := time.Now()
		w := s.want(423, call{method: "POST", path: one + "/lock?wait=3s"})
		if took := time.Since(began); took != 3*time.Second || w.Header().Get("Retry-After") == "" {
			t.Errorf("it took %v", took)
		}
		go func() {
			<-time.After(time.Second)
			if err := s.mem.ReleaseExclusive(t.Context(), shop(id), 2); err != nil {
				t.Error(err)
			}
		}()
		w = s.want(200, call{method: "POST", path: one + "/lock?wait=3"})
		if w.Header().Get("Aspstate-Lock") != "3" {
			t.Errorf("%v", w.Header())
		}
		s.mem.Close()
	})
}

// A lock that is as old as a page may get is taken from whoever holds it by who has waited; its former holder writes nothing any more.
func TestOldLocksAreTaken(t *testing.T) {
	for name, store := range map[string]func(*memstore.Store) session.Store{
		"waits": func(m *memstore.Store) session.Store { return m },
		"polls": func(m *memstore.Store) session.Store { return plainStore{m} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				s.front.Store = store(s.mem)
				if err := s.mem.CreateUninitialized(t.Context(), shop(id), session.Value{Payload: blob("Ada"), Timeout: 20}); err != nil {
					t.Fatal(err)
				}
				s.lockAwayMarked()
				time.Sleep(httpapi.DefaultSteal - 5*time.Second)
				s.want(423, call{method: "POST", path: one + "/lock?wait=3s"})
				s.want(423, call{method: "POST", path: one + "/lock"})
				s.want(200, call{method: "POST", path: one + "/lock?wait=3s"})
				s.want(409, call{method: "PUT", path: one, body: jsonSession("late"), header: head("Aspstate-Lock", "2")})
				s.want(204, call{method: "PUT", path: one, body: jsonSession("new"), header: head("Aspstate-Lock", "3")})
				s.front.StealAfter = -1
				s.want(200, call{method: "POST", path: one + "/lock"})
				time.Sleep(10 * time.Minute)
				s.want(423, call{method: "POST", path: one + "/lock?wait=3s"})
				s.front.StealAfter, s.front.Clock = 0, behind{}
				s.want(423, call{method: "POST", path: one + "/lock?wait=3s"})
				s.mem.Close()
			})
		})
	}
}

// behind is the clock of a database server that is behind the bridge's: by it locks are young.
type behind struct{}

func (behind) Now(context.Context) (session.Instant, error) {
	return session.At(time.Now().Add(-time.Hour)), nil
}

func (s *site) lockAwayMarked() {
	s.t.Helper()
	if item, err := s.mem.GetExclusive(s.t.Context(), shop(id)); err != nil || !item.Uninitialized {
		s.t.Fatalf("%+v, %v", item, err)
	}
}

// A server without package bridge, over both protocols.
func TestServer(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		s := newSite(t)
		s.put(shop(id), blob("Ada"))
		var roots *x509.CertPool
		s.front.TLS, roots = certificate(t)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		srv := s.front.Server()
		over := make(chan error, 1)
		go func() { over <- srv.ServeTLS(l, "", "") }()
		res, _ := ask(t, client(t, h2, roots), "https://"+l.Addr().String(), call{method: "POST", path: one + "/lock"})
		if res.StatusCode != 200 || (res.ProtoMajor == 2) != h2 {
			t.Errorf("%s: %d", res.Proto, res.StatusCode)
		}
		srv.Close()
		if err := <-over; err != http.ErrServerClosed {
			t.Error(err)
		}
	}
}

// A client with one connection must be able to give a lock back while hundreds of its requests wait for locks: clients queue what is
// beyond the limit that the server announces.
func TestManyStreams(t *testing.T) {
	s := newSite(t)
	nc, err := net.Dial("tcp", s.listen(&bridge.Server{}))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(nc, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, 9)
	if _, err := io.ReadFull(nc, frame); err != nil || frame[3] != 4 {
		t.Fatalf("no settings: % x, %v", frame, err)
	}
	settings := make([]byte, int(frame[1])<<8|int(frame[2]))
	if _, err := io.ReadFull(nc, settings); err != nil {
		t.Fatal(err)
	}
	for one := range slices.Chunk(settings, 6) {
		if binary.BigEndian.Uint16(one) == 3 { // SETTINGS_MAX_CONCURRENT_STREAMS
			if n := binary.BigEndian.Uint32(one[2:]); n < 4000 {
				t.Errorf("%d requests at a time", n)
			}
			return
		}
	}
	t.Error("no limit is announced")
}
