package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// fake serves a handler, and returns a client of it.
func fake(t testing.TB, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return newClient(t, s.URL, nil)
}

// problem answers one.
func problem(w http.ResponseWriter, status int, name, more string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"urn:aspstate:problem:%s","title":"T","status":%d,"detail":"D"%s}`, name, status, more)
}

const held = `,"lockCookie":7,"lockAgeSeconds":12,"lockSince":"2026-11-30T06:10:00.006Z"`

// TestOutcomes answers each verb with each problem.
func TestOutcomes(t *testing.T) {
	ctx := context.Background()
	v := session.Value{Payload: []byte{1}, Timeout: 20}
	all := map[string]func(*client.Client) error{
		"Get":           func(c *client.Client) error { _, err := c.Get(ctx, shopKey); return err },
		"GetExclusive":  func(c *client.Client) error { _, err := c.GetExclusive(ctx, shopKey); return err },
		"WaitExclusive": func(c *client.Client) error { _, err := c.WaitExclusive(ctx, shopKey, time.Nanosecond); return err },
		"SetAndRelease": func(c *client.Client) error { return c.SetAndRelease(ctx, shopKey, v, session.IfCookie(3)) },
		"Insert":        func(c *client.Client) error { return c.SetAndRelease(ctx, shopKey, v, session.Insert()) },
		"IfFree":        func(c *client.Client) error { return c.SetAndRelease(ctx, shopKey, v, session.IfFree(0)) },
		"Release":       func(c *client.Client) error { return c.ReleaseExclusive(ctx, shopKey, 3) },
		"Remove":        func(c *client.Client) error { return c.Remove(ctx, shopKey, session.IfCookie(3)) },
		"ResetTimeout":  func(c *client.Client) error { return c.ResetTimeout(ctx, shopKey) },
		"Create":        func(c *client.Client) error { return c.CreateUninitialized(ctx, shopKey, v) },
	}
	outcome := func(err error) string {
		var locked *session.LockedError
		var p *client.ProblemError
		switch {
		case errors.As(err, &locked):
			return fmt.Sprintf("locked %d %v %v", locked.Cookie, locked.Since, locked.Uninitialized)
		case errors.Is(err, session.ErrNotFound):
			return "not found"
		case errors.Is(err, session.ErrExists):
			return "exists"
		case errors.Is(err, session.ErrStaleCookie):
			return "stale"
		case errors.As(err, &p):
			return fmt.Sprintf("%d %s, refused %v", p.Status, p.Name, errors.Is(err, session.ErrRefused))
		}
		return fmt.Sprint(err)
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
		but    map[string]string // the verbs that make something else of it
	}{
		"not found":      {func(w http.ResponseWriter, _ *http.Request) { problem(w, 404, "session-not-found", "") }, "not found", nil},
		"exists":         {func(w http.ResponseWriter, _ *http.Request) { problem(w, 409, "session-exists", "") }, "exists", nil},
		"stale":          {func(w http.ResponseWriter, _ *http.Request) { problem(w, 409, "lock-stale", "") }, "stale", nil},
		"stale and held": {func(w http.ResponseWriter, _ *http.Request) { problem(w, 409, "lock-stale", held) }, "stale", map[string]string{"Release": "locked 7 2026-11-30T06:10:00.006Z false"}},
		"locked": {func(w http.ResponseWriter, _ *http.Request) {
			problem(w, 423, "session-locked", held+`,"uninitialized":true`)
		}, "locked 7 2026-11-30T06:10:00.006Z true", nil},
		"locked, by whom?": {func(w http.ResponseWriter, _ *http.Request) { problem(w, 423, "session-locked", "") }, "423 session-locked, refused false", nil},
		"refused":          {func(w http.ResponseWriter, _ *http.Request) { problem(w, 507, "store-refused", "") }, "507 store-refused, refused true", nil},
		"wrong key":        {func(w http.ResponseWriter, _ *http.Request) { problem(w, 403, "wrong-key", "") }, "403 wrong-key, refused false", nil},
		"another server":   {func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, "404 , refused false", nil},
		"another problem": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(404)
			io.WriteString(w, `{"type":"about:blank"}`)
		}, "404 , refused false", nil},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(409)
			io.WriteString(w, `{`)
		}, "409 , refused false", nil},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+"/v2"+r.URL.Path, 307)
		}, "307 , refused false", nil},
	} {
		var asked atomic.Int32
		s := fake(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			c.answer(w, r)
		})
		for verb, call := range all {
			want := c.want
			if but, ok := c.but[verb]; ok {
				want = but
			}
			asked.Store(0)
			if got := outcome(call(s)); got != want {
				t.Errorf("%s, %s: got %q, want %q", name, verb, got, want)
			}
			if asked.Load() != 1 {
				t.Errorf("%s, %s: asked %d times", name, verb, asked.Load())
			}
		}
	}
}

// TestRequests pins what is asked.
func TestRequests(t *testing.T) {
	k := session.Key{App: "a/b c", ID: "x+y%2F?z"}
	v := session.Value{Payload: []byte("payload"), Timeout: 33}
	for want, call := range map[string]func(*client.Client) error{
		"GET /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz |":                                   func(c *client.Client) error { _, err := c.Get(t.Context(), k); return err },
		"GET /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz?renew=no |":                          func(c *client.Client) error { _, err := c.Peek(t.Context(), []session.Key{k}); return err },
		"POST /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz/lock |":                             func(c *client.Client) error { _, err := c.GetExclusive(t.Context(), k); return err },
		"POST /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz/lock?wait=2s |":                     func(c *client.Client) error { _, err := c.WaitExclusive(t.Context(), k, 2*time.Second); return err },
		"PUT /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz If-None-Match=* timeout 33|payload":  func(c *client.Client) error { return c.SetAndRelease(t.Context(), k, v, session.Insert()) },
		"PUT /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz Aspstate-Lock=-4 timeout 33|payload": func(c *client.Client) error { return c.SetAndRelease(t.Context(), k, v, session.IfCookie(-4)) },
		"PUT /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz Aspstate-Free=0 timeout 0|": func(c *client.Client) error {
			return c.SetAndRelease(t.Context(), k, session.Value{}, session.IfFree(0))
		},
		"DELETE /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz Aspstate-Free=9 |":                       func(c *client.Client) error { return c.Remove(t.Context(), k, session.IfFree(9)) },
		"DELETE /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz/lock Aspstate-Lock=9 |":                  func(c *client.Client) error { return c.ReleaseExclusive(t.Context(), k, 9) },
		"POST /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz/touch |":                                   func(c *client.Client) error { return c.ResetTimeout(t.Context(), k) },
		"POST /v1/apps/a%2Fb%20c/sessions/x+y%252F%3Fz/create If-None-Match=* timeout 33|payload": func(c *client.Client) error { return c.CreateUninitialized(t.Context(), k, v) },
	} {
		got := ""
		c := fake(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = r.Method + " " + r.RequestURI + " "
			for _, name := range []string{"If-None-Match", "Aspstate-Lock", "Aspstate-Free"} {
				if x := r.Header.Get(name); x != "" {
					got += name + "=" + x + " "
				}
			}
			if x := r.Header.Get("Aspstate-Timeout"); x != "" {
				got += "timeout " + x
			}
			got += "|" + string(body)
			if r.Header.Get("Authorization") != "Bearer "+secret {
				t.Errorf("Authorization: %s", r.Header.Get("Authorization"))
			}
			if (r.Header.Get("Content-Type") == "application/octet-stream") != (r.Method == "PUT" || strings.HasSuffix(r.URL.Path, "create")) {
				t.Errorf("%s: Content-Type: %s", got, r.Header.Get("Content-Type"))
			}
			problem(w, 404, "session-not-found", "")
		})
		if err := call(c); err != nil && !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: %v", want, err)
		}
		if got != want {
			t.Errorf("asked  %s\nwanted %s", got, want)
		}
	}
}

// TestBadAnswers are those that no bridge gives. A lock that came with one is given back.
func TestBadAnswers(t *testing.T) {
	good := func(h http.Header) {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Aspstate-Timeout", "20")
		h.Set("Aspstate-Lock", "5")
		h.Set("Aspstate-Lock-Since", "2026-11-30T06:10:00.007Z")
	}
	for name, c := range map[string]struct {
		spoil func(w http.ResponseWriter)
		body  string
		fine  bool
	}{
		"fine":       {func(http.ResponseWriter) {}, "payload", true},
		"no body":    {func(http.ResponseWriter) {}, "", true},
		"no timeout": {func(w http.ResponseWriter) { w.Header().Del("Aspstate-Timeout") }, "payload", false},
		"no moment":  {func(w http.ResponseWriter) { w.Header().Set("Aspstate-Lock-Since", "now") }, "payload", false},
		"JSON":       {func(w http.ResponseWriter) { w.Header().Set("Content-Type", "application/json") }, "{}", false},
		"cut off":    {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100") }, "payload", false},
		"too long":   {func(http.ResponseWriter) {}, strings.Repeat("x", 200), false},
		"longer":     {func(w http.ResponseWriter) { w.(http.Flusher).Flush() }, strings.Repeat("x", 200), false},
	} {
		t.Run(name, func(t *testing.T) {
			released := make(chan string, 10)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "DELETE" {
					released <- r.Header.Get("Aspstate-Lock")
					w.WriteHeader(204)
					return
				}
				good(w.Header())
				c.spoil(w)
				io.WriteString(w, c.body)
			}))
			defer s.Close()
			cl, err := client.New(s.URL, client.Options{Key: secret, MaxBody: 150})
			if err != nil {
				t.Fatal(err)
			}
			item, err := cl.GetExclusive(t.Context(), shopKey)
			if (err == nil) != c.fine || c.fine && (string(item.Payload) != c.body || item.Payload == nil || item.Cookie != 5 || item.Timeout != 20) {
				t.Errorf("got %+v, %v", item, err)
			}
			if (len(released) == 1) == c.fine {
				t.Errorf("%d releases", len(released))
			} else if !c.fine && <-released != "5" {
				t.Error("another cookie is released")
			}
			hides(t, err)
		})
	}
}

// hides fails the test where an error shows the key or a session's id.
func hides(t testing.TB, err error) {
	t.Helper()
	if text := fmt.Sprintf("%v %+v %q", err, err, err); strings.Contains(text, secret) || strings.Contains(text, shopID) {
		t.Errorf("the error shows too much: %s", text)
	}
}

func TestNothingShows(t *testing.T) {
	key := client.APIKey(secret)
	text, _ := key.MarshalText()
	j, err := json.Marshal(client.Options{Key: key})
	if err == nil && strings.Contains(string(j), secret) {
		t.Error("JSON shows the key")
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", key, "options", client.Options{Key: key})
	shown := fmt.Sprintf("%v %s %q %x %d %#v %+v", key, key, key, key, key, key, client.Options{Key: key}) + string(text) + log.String()
	if strings.Contains(shown, secret) || strings.Contains(shown, fmt.Sprintf("%x", secret)) {
		t.Errorf("the key is shown: %s", shown)
	}
	for _, base := range []string{"http://127.0.0.1:1", "http://no-such-host.invalid"} {
		c := newClient(t, base, nil)
		_, err := c.Get(t.Context(), shopKey)
		if err == nil {
			t.Fatal("there is a bridge at port 1")
		}
		hides(t, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newClient(t, "http://127.0.0.1:1", nil).Get(ended, shopKey)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
	hides(t, err)
}

func TestAddresses(t *testing.T) {
	for _, base := range []string{"", "bridge:8443", "ftp://bridge", "https://", "https://user:pass@bridge", "https://bridge?key=x", "https://bridge/#x", "https://user:pass@bri dge"} {
		if _, err := client.New(base, client.Options{}); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%s: %v", base, err)
		}
	}
	for _, key := range []client.APIKey{"x y", "x\r\nz", "ä"} {
		if _, err := client.New("https://bridge", client.Options{Key: key}); err == nil || strings.Contains(err.Error(), string(key)) {
			t.Errorf("%q: %v", string(key), err)
		}
	}
	asked := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = r.RequestURI; w.WriteHeader(204) }))
	defer s.Close()
	if err := newClient(t, s.URL+"/behind/a%20proxy/", nil).ResetTimeout(t.Context(), shopKey); err != nil || asked != "/behind/a%20proxy/v1/apps/shop/sessions/"+shopID+"/touch" {
		t.Errorf("asked %s, %v", asked, err)
	}
}

// watched is the store of a bridge that tells who waits in it.
type watched struct {
	*memstore.Store
	waits  chan struct{}
	waited chan error // with what it ended
}

func (w watched) WaitExclusive(ctx context.Context, k session.Key, d time.Duration) (session.Item, error) {
	close(w.waits)
	item, err := w.Store.WaitExclusive(ctx, k, d)
	w.waited <- err
	return item, err
}

// TestWaitCut ends the context of a client that waits for a lock: the bridge gives nobody's lock to it.
func TestWaitCut(t *testing.T) {
	for name, secure := range map[string]bool{"one": false, "two": true} {
		t.Run(name, func(t *testing.T) {
			mem := watched{newStore(t), make(chan struct{}), make(chan error, 1)}
			put(t, mem, shopKey, blob(t))
			base, trust := overHTTP(t, &httpapi.Front{Store: mem}, secure)
			c := newClient(t, base, trust)
			item, err := c.GetExclusive(t.Context(), shopKey)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-mem.waits
				cancel()
			}()
			if _, err := c.WaitExclusive(ctx, shopKey, time.Minute); !errors.Is(err, context.Canceled) {
				t.Errorf("waiting gives %v", err)
			}
			if err := <-mem.waited; !errors.Is(err, context.Canceled) {
				t.Errorf("at the bridge it gives %v", err)
			}
			if err := c.ReleaseExclusive(t.Context(), shopKey, item.Cookie); err != nil {
				t.Fatal(err)
			}
			if _, err := c.GetExclusive(t.Context(), shopKey); err != nil {
				t.Errorf("after that: %v", err)
			}
		})
	}
}

// TestProtocol sees which version of HTTP is spoken, and over how many connections.
func TestProtocol(t *testing.T) {
	for _, secure := range []bool{false, true} {
		var major atomic.Int32
		var peers sync.Map
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			major.Store(int32(r.ProtoMajor))
			peers.Store(r.RemoteAddr, true)
			w.WriteHeader(204)
		}))
		s.EnableHTTP2 = true
		want := int32(1)
		o := client.Options{Key: secret}
		if secure {
			s.StartTLS()
			want = 2
			o.TLS = s.Client().Transport.(*http.Transport).TLSClientConfig
		} else {
			s.Start()
		}
		c, err := client.New(s.URL, o)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if err := c.ResetTimeout(t.Context(), shopKey); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		peers.Range(func(any, any) bool { n++; return true })
		if major.Load() != want || n != 1 {
			t.Errorf("HTTP/%d over %d connections, want HTTP/%d", major.Load(), n, want)
		}
		s.Close()
	}
}

// TestOnce breaks the connection after a write has come: it is not sent again.
func TestOnce(t *testing.T) {
	for _, method := range []string{"PUT", "POST", "DELETE"} {
		var asked atomic.Int32
		c := fake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != method || asked.Add(1) == 1 {
				w.WriteHeader(204) // the connection has been used once
				return
			}
			panic(http.ErrAbortHandler)
		})
		call := map[string]func() error{
			"PUT": func() error {
				return c.SetAndRelease(t.Context(), shopKey, session.Value{Payload: []byte("x"), Timeout: 20}, session.IfCookie(1))
			},
			"POST":   func() error { return c.CreateUninitialized(t.Context(), shopKey, session.Value{Timeout: 20}) },
			"DELETE": func() error { return c.Remove(t.Context(), shopKey, session.IfCookie(1)) },
		}[method]
		if err := call(); err != nil {
			t.Fatal(err)
		}
		if err := call(); err == nil || asked.Load() != 2 {
			t.Errorf("%s: %v after %d requests", method, err, asked.Load())
		}
	}
}
