package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

const shopID = "abcdefghijklmnopqrstuv05"

var shopKey = session.Key{App: "shop", ID: shopID}

func newStore(t testing.TB) *memstore.Store {
	t.Helper()
	s := memstore.New(memstore.Options{})
	t.Cleanup(func() { s.Close() })
	return s
}

// blob makes a session of keys and values, in order.
func blob(t testing.TB, pairs ...any) []byte {
	t.Helper()
	c := &aspnetser.Collection{Form: aspnetser.FormPlain, Timeout: 20}
	for i := 0; i < len(pairs); i += 2 {
		if err := aspnetser.Set(c, pairs[i].(string), pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	b, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put makes a session as a .NET page would.
func put(t testing.TB, s session.Store, k session.Key, payload []byte) {
	t.Helper()
	if err := s.SetAndRelease(context.Background(), k, session.Value{Payload: payload, Timeout: 20}, session.Insert()); err != nil {
		t.Fatal(err)
	}
}

// look returns the record of a session; nil where there is none.
func look(t testing.TB, s session.Peeker, k session.Key) *session.Record {
	t.Helper()
	rs, err := s.Peek(context.Background(), []session.Key{k})
	if err != nil {
		t.Fatal(err)
	}
	return rs[0]
}

// items opens a session's payload.
func items(t testing.TB, r *session.Record) *aspnetser.Collection {
	t.Helper()
	if r == nil {
		t.Fatal("there is no session")
	}
	c, err := aspnetser.Open(r.Payload, aspnetser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// has compares an item with what is wanted.
func has[T comparable](t testing.TB, r *session.Record, key string, want T) {
	t.Helper()
	got, err := aspnetser.Get[T](items(t, r), key)
	if err != nil || got != want {
		t.Errorf("item %s is %v, %v, want %v", key, got, err, want)
	}
}

// request is one with the cookie of a session; an empty id: with none.
func request(id string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	if id != "" {
		r.AddCookie(&http.Cookie{Name: "ASP.NET_SessionId", Value: id})
	}
	return r
}

// serve answers one request.
func serve(h http.Handler, id string) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(id))
	return w.Result()
}

// cookieOf returns the session cookie that a response sets; nil: none.
func cookieOf(resp *http.Response) *http.Cookie {
	for _, c := range resp.Cookies() {
		if c.Name == "ASP.NET_SessionId" {
			return c
		}
	}
	return nil
}

// page is a handler that fails the test where it returns an error.
func page(t testing.TB, f func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			t.Errorf("the page fails: %v", err)
		}
	})
}

// count is a page that counts its calls in an item.
func count(w http.ResponseWriter, r *http.Request) error {
	return client.Update(r.Context(), "n", func(n int32) (int32, error) { return n + 1, nil })
}

// errs collects what OnError is told.
type errs struct{ all chan error }

func newErrs() errs                            { return errs{make(chan error, 100)} }
func (e errs) told(_ *http.Request, err error) { e.all <- err }
func (e errs) none(t testing.TB)               { t.Helper(); e.want(t, 0) }
func (e errs) one(t testing.TB) error          { t.Helper(); return e.want(t, 1) }
func (e errs) want(t testing.TB, n int) (err error) {
	t.Helper()
	if len(e.all) != n {
		t.Errorf("OnError was told %d errors, want %d", len(e.all), n)
	}
	for len(e.all) > 0 {
		err = <-e.all
		if n == 0 {
			t.Errorf("among them: %v", err)
		}
	}
	return err
}

// calls is a Store that notes the verbs.
type calls struct {
	*memstore.Store
	verbs []string
}

func (c *calls) note(v string) { c.verbs = append(c.verbs, v) }

func (c *calls) Get(ctx context.Context, k session.Key) (session.Item, error) {
	c.note("get")
	return c.Store.Get(ctx, k)
}
func (c *calls) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	c.note("lock")
	return c.Store.GetExclusive(ctx, k)
}
func (c *calls) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	c.note([]string{"", "insert", "set", "setfree"}[cond.Kind()])
	return c.Store.SetAndRelease(ctx, k, v, cond)
}
func (c *calls) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	c.note("release")
	return c.Store.ReleaseExclusive(ctx, k, cookie)
}
func (c *calls) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	c.note("remove")
	return c.Store.Remove(ctx, k, cond)
}
func (c *calls) ResetTimeout(ctx context.Context, k session.Key) error {
	c.note("touch")
	return c.Store.ResetTimeout(ctx, k)
}
func (c *calls) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	c.note("create")
	return c.Store.CreateUninitialized(ctx, k, v)
}
func (c *calls) WaitExclusive(ctx context.Context, k session.Key, d time.Duration) (session.Item, error) {
	c.note("wait")
	return c.Store.WaitExclusive(ctx, k, d)
}
