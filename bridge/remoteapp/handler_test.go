package remoteapp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
)

// The statuses of section 12.4, of requests that hold nothing.
func TestStatuses(t *testing.T) {
	for _, w := range []*world{overHTTP(t), overTLS(t)} {
		w.usual()
		good := AppendPayload(nil, &Payload{SessionID: testID, Timeout: 20})
		for _, c := range []struct {
			name, method string
			change       func(*http.Request)
			status       int
			body         string
		}{
			{"no API key", "GET", func(r *http.Request) { r.Header.Del(DefaultKeyHeader) }, 401, ""},
			{"a wrong API key", "GET", func(r *http.Request) { r.Header.Set(DefaultKeyHeader, testKey[:35]+"2") }, 401, ""},
			{"in another case", "GET", func(r *http.Request) { r.Header.Set(DefaultKeyHeader, strings.ToUpper(testKey)) }, 401, ""},
			{"without dashes", "GET", func(r *http.Request) { r.Header.Set(DefaultKeyHeader, strings.ReplaceAll(testKey, "-", "")) }, 401, ""},
			{"two of them", "GET", func(r *http.Request) { r.Header.Add(DefaultKeyHeader, testKey) }, 401, ""},
			{"the key before the verb", "DELETE", func(r *http.Request) { r.Header.Del(DefaultKeyHeader) }, 401, ""},
			{"the key before the body", "PUT", func(r *http.Request) { r.Header.Del(DefaultKeyHeader) }, 401, ""},
			{"DELETE", "DELETE", nil, 405, "Method not allowed"},
			{"HEAD", "HEAD", nil, 405, ""},
			{"OPTIONS", "OPTIONS", nil, 405, "Method not allowed"},
			{"PUT without a cookie", "PUT", func(r *http.Request) { r.Header.Del("Cookie") }, 400, "No session ID found"},
			{"PUT with no id", "PUT", func(r *http.Request) { r.Header.Set("Cookie", DefaultCookie+"=x") }, 400, "No session ID found"},
			{"PUT of nobody", "PUT", nil, 400, "Could not find session"},
			{"a trailing slash", "GET", func(r *http.Request) { r.URL.Path += "/" }, 404, "404 page not found\n"},
			{"in another case", "GET", func(r *http.Request) { r.URL.Path = "/shop/Systemweb-adapters/session" }, 404, "404 page not found\n"},
			{"of no application", "GET", func(r *http.Request) { r.URL.Path = SessionPath }, 404, "404 page not found\n"},
			{"of an application whose name begins so", "GET", func(r *http.Request) { r.URL.Path = "/shop2" + SessionPath }, 404, "404 page not found\n"},
			{"another path", "GET", func(r *http.Request) { r.URL.Path = "/shop/" }, 404, "404 page not found\n"},
		} {
			var body io.Reader
			if c.method == "PUT" {
				body = chunked(good)
			}
			r := w.request(c.method, testID, true, body)
			if c.change != nil {
				c.change(r)
			}
			status, text := w.whole(r)
			if status != c.status || text != c.body {
				t.Errorf("%s: %d %q", c.name, status, text)
			}
		}
		for _, flag := range []string{"True", "true", " TRUE "} {
			r := w.request(http.MethodGet, testID, true, nil)
			r.Header.Set(readOnlyHeader, flag)
			r.URL.RawQuery = "a=b" // not looked at
			if status, _ := w.whole(r); status != 200 {
				t.Errorf("%q: %d", flag, status)
			}
		}
		for _, flag := range []string{"", "1", "yes", "False", "Tru"} {
			r := w.request(http.MethodGet, testID, true, nil)
			r.Header.Set(readOnlyHeader, flag)
			ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
			if p := readPayload(t, w.do(r.WithContext(ctx))); p.ReadOnly {
				t.Errorf("%q is read-only", flag)
			}
			cancel()
			w.freed(shopKey)
		}
		if w.items(shopKey) != usually {
			t.Error(w.items(shopKey))
		}
	}
}

var cookieForm = regexp.MustCompile(`^ASP\.NET_SessionId=([a-z0-5]{24}); path=/; HttpOnly; SameSite=Lax$`)

// failing is a store that is down.
type failing struct {
	session.Store
	down *bool
}

var errDown = errors.New("the store is down")

func (s failing) Get(ctx context.Context, k session.Key) (session.Item, error) {
	if *s.down {
		return session.Item{}, errDown
	}
	return s.Store.Get(ctx, k)
}

func (s failing) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	if *s.down {
		return session.Item{}, errDown
	}
	return s.Store.GetExclusive(ctx, k)
}

func (s failing) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	if *s.down {
		return errDown
	}
	return s.Store.SetAndRelease(ctx, k, v, cond)
}

// A store that is down is 500, or no "s", and told to the log.
func TestStoreDown(t *testing.T) {
	down := true
	w := overTLS(t, func(o *Options) { o.Store = failing{o.Store, &down} })
	w.usual()
	for _, readOnly := range []bool{true, false} {
		if status, body := w.whole(w.request(http.MethodGet, testID, readOnly, nil)); status != 500 || strings.Contains(body, errDown.Error()) {
			t.Errorf("%d %q", status, body)
		}
	}
	for _, method := range []string{"PUT", "POST"} {
		down = false
		if method == "PUT" {
			l := w.load(testID)
			down = true
			if status, body := l.commit(set("CoreCount", "42")); status != 500 {
				t.Errorf("%d %q", status, body)
			}
		} else {
			d := w.post(testID)
			down = true
			if rest := d.finish(changed(d.Payload, set("CoreCount", "42"))); rest != `{"m":"The session could not be written"}` {
				t.Error(rest)
			}
		}
		if w.items(shopKey) != usually {
			t.Error(w.items(shopKey))
		}
	}
	if !strings.Contains(w.log.String(), errDown.Error()) {
		t.Errorf("the log has %s", w.log)
	}
}

// Shutdown lets those commit who hold a lock, and ends what does not end by itself.
func TestShutdown(t *testing.T) {
	for _, commits := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := overPipe(t)
			w.usual()
			l := w.load(testID)
			go l.rest()
			d := w.speaking(true).post("") // it does not end by itself
			waits := make(chan int)
			go func() {
				res := w.do(w.request(http.MethodGet, testID, false, nil))
				res.Body.Close()
				waits <- res.StatusCode
			}()
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			stopped := make(chan error)
			go func() { stopped <- w.h.Shutdown(ctx) }()
			if status := <-waits; status != 503 {
				t.Errorf("who waits gets %d", status)
			}
			if status, _ := w.whole(w.request(http.MethodGet, testID, true, nil)); status != 503 {
				t.Errorf("who comes gets %d", status)
			}
			want := usually
			if commits {
				if status, body := l.commit(set("CoreCount", "42")); status != 200 {
					t.Errorf("%d %q", status, body)
				}
				if got := d.finish(changed(d.Payload)); got != `{"s":true}` {
					t.Error(got)
				}
				want = strings.Replace(usually, "41", "42", 1)
			}
			if err := <-stopped; commits != (err == nil) {
				t.Error(err)
			}
			if got := w.items(shopKey); got != want || w.h.Holding() != 0 {
				t.Error(got)
			}
			if got := w.items(session.Key{App: "shop", ID: d.SessionID}); commits != (got == "20 min") {
				t.Error(got)
			}
		})
	}
}
