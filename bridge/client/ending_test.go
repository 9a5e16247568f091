package client_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/session"
)

// TestPanic drops what a page has set, and leaves no lock.
func TestPanic(t *testing.T) {
	store, told := newStore(t), newErrs()
	put(t, store, shopKey, blob(t, "n", int32(1)))
	h := (&client.Sessions{Store: store, App: "shop", OnError: told.told}).Handler(page(t, both(set(2), func(http.ResponseWriter, *http.Request) error {
		panic(http.ErrAbortHandler)
	})))
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("the panic became %v", p)
			}
		}()
		serve(h, shopID)
	}()
	r := look(t, store, shopKey)
	has(t, r, "n", int32(1))
	if r.Lock.Locked {
		t.Error("the session is locked")
	}
	told.none(t)
}

// TestGone lets the client go away while its page is at work: the lock is given back at once, and nothing is saved.
func TestGone(t *testing.T) {
	for name, proto := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		for _, keep := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				store, told := newStore(t), newErrs()
				put(t, store, shopKey, blob(t, "n", int32(1)))
				working, over := make(chan struct{}), make(chan struct{})
				h := (&client.Sessions{Store: store, App: "shop", KeepGone: keep, OnError: told.told}).Handler(page(t, func(w http.ResponseWriter, r *http.Request) error {
					if err := set(2)(w, r); err != nil {
						return err
					}
					close(working)
					<-r.Context().Done()
					if keep {
						return set(3)(w, r)
					}
					if _, err := store.WaitExclusive(context.Background(), shopKey, 1e12); err != nil { // while the page is not over yet
						t.Errorf("the lock is not given back: %v", err)
					}
					if _, err := client.Get[int32](r.Context(), "n"); !errors.Is(err, client.ErrGone) {
						t.Errorf("reading gives %v", err)
					}
					return gives(client.ErrGone, set(3))(w, r)
				}))
				s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer close(over)
					h.ServeHTTP(w, r)
				}))
				s.EnableHTTP2 = proto
				if proto {
					s.StartTLS()
				} else {
					s.Start()
				}
				defer s.Close()
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					<-working
					cancel()
				}()
				r := request(shopID).WithContext(ctx)
				r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", s.Listener.Addr().String()
				if proto {
					r.URL.Scheme = "https"
				}
				if _, err := s.Client().Do(r); !errors.Is(err, context.Canceled) {
					t.Errorf("asking gives %v", err)
				}
				<-over
				if keep {
					has(t, look(t, store, shopKey), "n", int32(3))
					told.none(t)
					return
				}
				has(t, look(t, store, shopKey), "n", int32(1))
				if err := told.one(t); !errors.Is(err, client.ErrGone) {
					t.Errorf("OnError is told %v", err)
				}
			})
		}
	}
}

// TestGoneUnlocked is a page whose client goes away before anything is locked, and whose context ends with the request only.
func TestGoneUnlocked(t *testing.T) {
	store, told := newStore(t), newErrs()
	h := (&client.Sessions{Store: store, App: "shop", OnError: told.told}).Handler(page(t, set(1)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.ServeHTTP(httptest.NewRecorder(), request("").WithContext(ctx))
	if n, err := store.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("%d sessions, %v", n, err)
	}
	if err := told.one(t); !errors.Is(err, client.ErrGone) {
		t.Errorf("OnError is told %v", err)
	}
}

// TestOwnContext ends the context of a change: the lock stays with the request.
func TestOwnContext(t *testing.T) {
	store, told := newStore(t), newErrs()
	put(t, store, shopKey, blob(t, "n", int32(1)))
	serve((&client.Sessions{Store: store, App: "shop", OnError: told.told}).Handler(page(t, func(_ http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithCancel(r.Context())
		err := client.Set(ctx, "n", int32(2))
		cancel()
		return err
	})), shopID)
	has(t, look(t, store, shopKey), "n", int32(2))
	told.none(t)
}

// TestHijack takes the connection from net/http: the session is saved by then.
func TestHijack(t *testing.T) {
	for name, id := range map[string]string{"old session": shopID, "new session": ""} {
		t.Run(name, func(t *testing.T) {
			store, told := newStore(t), newErrs()
			put(t, store, shopKey, blob(t, "n", int32(1)))
			h := (&client.Sessions{Store: store, App: "shop", OnError: told.told}).Handler(page(t, func(w http.ResponseWriter, r *http.Request) error {
				if err := set(2)(w, r); err != nil {
					return err
				}
				conn, rw, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return err
				}
				defer conn.Close()
				k := shopKey
				if cookie := w.Header().Get("Set-Cookie"); (cookie != "") != (id == "") {
					t.Errorf("Set-Cookie is %q", cookie)
				} else if id == "" {
					_, k.ID, _ = strings.Cut(strings.Split(cookie, ";")[0], "=")
				}
				rec := look(t, store, k)
				has(t, rec, "n", int32(2))
				if rec.Lock.Locked {
					t.Error("the session is locked")
				}
				if err := gives(client.ErrOver, set(3))(w, r); err != nil {
					return err
				}
				if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrHijacked) {
					t.Errorf("writing gives %v", err)
				}
				rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				return rw.Flush()
			}))
			s := httptest.NewServer(h)
			defer s.Close()
			r := request(id)
			r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", s.Listener.Addr().String()
			resp, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if b, err := io.ReadAll(resp.Body); string(b) != "ok" || err != nil {
				t.Errorf("got %q, %v", b, err)
			}
			told.none(t)
		})
	}
}

// TestSwitch is how some libraries for WebSocket answer: WriteHeader(101), and then Hijack.
func TestSwitch(t *testing.T) {
	store := newStore(t)
	s := httptest.NewServer((&client.Sessions{Store: store, App: "shop"}).Handler(page(t, func(w http.ResponseWriter, r *http.Request) error {
		if err := set(2)(w, r); err != nil {
			return err
		}
		w.Header().Set("Upgrade", "echo")
		w.Header().Set("Connection", "Upgrade")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		defer conn.Close()
		line, err := rw.ReadString('\n')
		if err != nil {
			return err
		}
		_, err = conn.Write([]byte(line))
		return err
	})))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v, %v", resp, err)
	}
	cookie := cookieOf(resp)
	if cookie == nil {
		t.Fatal("no cookie")
	}
	io.WriteString(conn, "hello\n")
	if line, err := in.ReadString('\n'); line != "hello\n" {
		t.Errorf("got %q, %v", line, err)
	}
	has(t, look(t, store, session.Key{App: "shop", ID: cookie.Value}), "n", int32(2))
}

// failing is a store that fails in one verb.
type failing struct {
	session.Store
	set, release, touch, create error
}

func (f *failing) SetAndRelease(ctx context.Context, k session.Key, v session.Value, c session.Condition) error {
	if f.set != nil {
		return f.set
	}
	return f.Store.SetAndRelease(ctx, k, v, c)
}
func (f *failing) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	if f.release != nil {
		return f.release
	}
	return f.Store.ReleaseExclusive(ctx, k, cookie)
}
func (f *failing) ResetTimeout(ctx context.Context, k session.Key) error {
	if f.touch != nil {
		return f.touch
	}
	return f.Store.ResetTimeout(ctx, k)
}
func (f *failing) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	if f.create != nil {
		return f.create
	}
	return f.Store.CreateUninitialized(ctx, k, v)
}

// TestFailure lets the store fail at the end of a page.
func TestFailure(t *testing.T) {
	down := errors.New("the store is down")
	for name, c := range map[string]struct {
		store  failing
		id     string
		page   func(http.ResponseWriter, *http.Request) error
		status int
		errors int
	}{
		"saving":                    {failing{set: down}, shopID, set(2), 500, 1},
		"saving a new one":          {failing{set: down}, "", set(2), 500, 1},
		"a new one that is there":   {failing{set: session.ErrExists}, "", set(2), 409, 1},
		"releasing":                 {failing{release: down}, shopID, lock, 200, 1},
		"renewing":                  {failing{touch: down}, shopID, nothing, 200, 1},
		"renewing, no session":      {failing{touch: session.ErrNotFound}, shopID, nothing, 200, 0},
		"early":                     {failing{create: down}, "", both(set(2), gives(down, flush)), 500, 1},
		"early, by a large page":    {failing{create: down}, "", both(set(2), gives(down, write(100_000))), 500, 1},
		"what cannot be written":    {failing{}, shopID, setBad, 500, 1},
		"discarding":                {failing{release: down}, shopID, both(set(2), discarding), 200, 1},
		"saving, when it has begun": {failing{set: down}, shopID, both(set(2), flush), 200, 1},
	} {
		t.Run(name, func(t *testing.T) {
			store, told := newStore(t), newErrs()
			put(t, store, shopKey, blob(t, "n", int32(1)))
			c.store.Store = store
			resp := serve((&client.Sessions{Store: &c.store, App: "shop", OnError: told.told}).Handler(page(t, func(w http.ResponseWriter, r *http.Request) error {
				w.Header().Set("Content-Length", "4")
				if err := c.page(w, r); err != nil {
					return err
				}
				io.WriteString(w, "page")
				return nil
			})), c.id)
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != c.status || (c.status == 200) != (string(body) == "page") {
				t.Errorf("status %d, %q; want %d", resp.StatusCode, body, c.status)
			}
			if cookie := cookieOf(resp); c.status != 200 && cookie != nil {
				t.Errorf("a failure sets the cookie %v", cookie)
			}
			told.want(t, c.errors)
			r := look(t, store, shopKey)
			has(t, r, "n", int32(1))
			if r.Lock.Locked != (c.store.release != nil) {
				t.Errorf("locked: %v", r.Lock.Locked)
			}
		})
	}
}

var setBad = with(func(s *client.Session, r *http.Request) error {
	return s.Set(r.Context(), "n", aspnetser.String("\xFF"))
})

func TestNoSession(t *testing.T) {
	if err := client.Set(t.Context(), "n", int32(1)); !errors.Is(err, client.ErrNoSession) {
		t.Errorf("setting gives %v", err)
	}
	if _, err := client.Get[int32](t.Context(), "n"); !errors.Is(err, client.ErrNoSession) {
		t.Errorf("reading gives %v", err)
	}
}
