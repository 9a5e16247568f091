package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// farm is all that works on the sessions of one application: the two Go services over a bridge's HTTP API, the checkout once more
// over SQL Server's protocol without that, a .NET node in StateServer mode, and one whose provider calls procedures.
type farm struct {
	t                                *testing.T
	bridge                           *trial
	form                             aspnetser.Form
	catalog, checkout, table         *httptest.Server
	stateNode, tableNode             *node
	hurry                            sync.Map // by header: what makes a browser go away
	pages, browsers, looked, aborted atomic.Int32
}

func newFarm(t *testing.T, compressed bool, o memstore.Options) *farm {
	t.Helper()
	apps, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT", "/LM/W3SVC/2/ROOT"}, Compressed: &compressed})
	if err != nil {
		t.Fatal(err)
	}
	f := &farm{t: t, form: aspnetser.FormPlain}
	if compressed {
		f.form = aspnetser.FormCompressed
	}
	if f.bridge, err = startTrial(apps, "shop", o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := f.bridge.stop(ctx); err != nil {
			t.Errorf("stopping the bridge: %v", err)
		}
	})
	join := func() (*client.Sessions, func() error, error) {
		return joinBridge(f.bridge.base(), f.bridge.key(), "shop")
	}
	f.catalog = f.service(catalog, join)
	f.checkout = f.service(checkout, join)
	dsn, err := compat.ParseDSN(f.bridge.dsn())
	if err != nil {
		t.Fatal(err)
	}
	f.table = f.service(checkout, func() (*client.Sessions, func() error, error) {
		return joinTable(t.Context(), dsn, apps, "shop", layout.RuleAsync21)
	})
	n, leave, err := stateServerNode(f.bridge.address["stateserver"], apps, "shop")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { leave() })
	f.stateNode = n
	p, err := openProvider(f.bridge.dsn(), "/LM/W3SVC/2/ROOT") // another number of the site than on the other node
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.db.Close() })
	f.tableNode = &node{store: p, app: "shop", under: session.IfCookie}
	for _, n := range []*node{f.stateNode, f.tableNode} {
		n.form, n.poll, n.store = f.form, 2*time.Millisecond, judged{n.store, f.judge}
	}
	return f
}

// judge looks at what a .NET node has read.
func (f *farm) judge(payload []byte) {
	f.looked.Add(1)
	c, err := aspnetser.Open(payload, aspnetser.Options{})
	if err == nil {
		err = errors.Join(torn(c), sound(payload, f.form))
	}
	if err != nil {
		f.t.Errorf("a .NET node reads: %v", err)
	}
}

// service runs a service as a server of its own.
func (f *farm) service(of func(*client.Sessions) http.Handler, join func() (*client.Sessions, func() error, error)) *httptest.Server {
	f.t.Helper()
	sessions, leave, err := join()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { leave() })
	sessions.Poll = 2 * time.Millisecond
	sessions.OnError = func(r *http.Request, err error) {
		if !errors.Is(err, client.ErrGone) {
			f.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
	}
	s := httptest.NewUnstartedServer(f.mishaps(sessions, of(sessions)))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // panics are told there
	s.Start()
	f.t.Cleanup(s.Close)
	return s
}

// mishaps looks at the session before and after a page, and lets things happen to it once it has set what it sets.
func (f *farm) mishaps(sessions *client.Sessions, page http.Handler) http.Handler {
	around := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Shop-Look") == "before" {
			f.look(r)
		}
		page.ServeHTTP(w, r)
		f.look(r)
		switch r.Header.Get("Shop-Then") {
		case "panic":
			panic("after the page has set everything")
		case "gone":
			hurry, _ := f.hurry.Load(r.Header.Get("Shop-Browser"))
			hurry.(context.CancelFunc)()
			<-r.Context().Done()
		}
	})
	writes, reads := sessions.Handler(around), sessions.ReadOnly(around)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" && !strings.HasPrefix(r.URL.Path, "/products/") {
			reads.ServeHTTP(w, r)
			return
		}
		writes.ServeHTTP(w, r)
	})
}

// look checks what a Go service sees of the session.
func (f *farm) look(r *http.Request) {
	s, err := client.From(r)
	if err == nil {
		var c *aspnetser.Collection
		if c, err = s.Collection(r.Context()); err == nil {
			err = torn(c)
		}
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		f.t.Errorf("%s %s reads: %v", r.Method, r.URL.Path, err)
	}
	f.looked.Add(1)
}

// begin makes a session at the .NET site.
func (f *farm) begin() (id string, payload []byte) {
	f.t.Helper()
	id, payload = client.NewID(), signedIn(f.t, f.form)
	err := f.stateNode.store.SetAndRelease(f.t.Context(), session.Key{App: "shop", ID: id}, session.Value{Payload: payload, Timeout: 30}, session.IfFree(0))
	if err != nil {
		f.t.Fatal(err)
	}
	return id, payload
}

// ask is a request of the browser whose session is id. status 0: there was no answer.
func (f *farm) ask(at *httptest.Server, method, path, id string, header ...string) (status int, body string) {
	ctx, cancel := context.WithCancel(f.t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, at.URL+path, nil)
	if err != nil {
		f.t.Error(err)
		return 0, ""
	}
	browser := fmt.Sprint(f.browsers.Add(1))
	f.hurry.Store(browser, cancel)
	defer f.hurry.Delete(browser)
	r.Header.Set("Shop-Browser", browser)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.AddCookie(&http.Cookie{Name: "ASP.NET_SessionId", Value: id})
	// Each request has a connection of its own: net/http would send one again whose connection ends, and no page would
	// know that it was asked for twice.
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(b)
}

// record is what the bridge has of a session, unlocked.
func (f *farm) record(id string) *session.Record {
	f.t.Helper()
	r, err := session.PeekOne(f.t.Context(), f.bridge.store, session.Key{App: "shop", ID: id})
	if err != nil {
		f.t.Fatal(err)
	}
	if r.Lock.Locked {
		f.t.Errorf("session %v is locked, and nobody works on it", r.Key)
	}
	return r
}

// TestShop lets all of them work on the same sessions at once. Afterwards everything that was acknowledged is in them once, and
// nothing else.
func TestShop(t *testing.T) {
	for name, compressed := range map[string]bool{"plain": false, "compressed": true} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t, compressed, memstore.Options{})
			b := newBook()
			var ids []string
			var was [][]byte
			for range 3 {
				id, payload := f.begin()
				ids, was = append(ids, id), append(was, payload)
			}
			const workers, rounds = 10, 20
			var all sync.WaitGroup
			for w := range workers {
				all.Go(func() {
					r := rand.New(rand.NewPCG(8, uint64(w)))
					for range rounds {
						f.page(r, w%5, ids[r.IntN(len(ids))], b)
					}
				})
			}
			all.Wait()
			for _, s := range []*httptest.Server{f.catalog, f.checkout, f.table} {
				s.Close() // when handlers of browsers that have gone away are through
			}
			for i, id := range ids {
				r := f.record(id)
				c, err := aspnetser.Open(r.Payload, aspnetser.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if r.Timeout != c.Timeout {
					t.Errorf("session %d: the timeout is %d minutes, in the payload %d", i, r.Timeout, c.Timeout)
				}
				if err := errors.Join(torn(c), b.compare(id, c), sound(r.Payload, f.form), untouched(was[i], r.Payload)); err != nil {
					t.Errorf("session %d: %v", i, err)
				}
			}
			t.Logf("%d pages, %d of them aborted; sessions were looked at %d times", f.pages.Load(), f.aborted.Load(), f.looked.Load())
		})
	}
}

// page is one page of one of the five.
func (f *farm) page(r *rand.Rand, who int, id string, b *book) {
	note := fmt.Sprintf("line %d", f.pages.Add(1))
	what := r.IntN(100)
	if who > 2 {
		n, counter := f.stateNode, "StateHits"
		if who == 4 {
			n, counter = f.tableNode, "TableHits"
		}
		f.dotnet(n, counter, what, id, note, b)
		return
	}
	path, method, counter := "/products/"+[]string{"A-1", "B-77", "C", "D-4", "E-12", "F"}[r.IntN(6)], "GET", "CatalogHits"
	at, only := f.catalog, []string{"/products", "/visited"}[r.IntN(2)]
	if who > 0 {
		at, only, counter = []*httptest.Server{nil, f.checkout, f.table}[who], "/cart", "CheckoutHits"
		method, path = "POST", "/cart/C?quantity=2&note="+url.QueryEscape(note)
		if what%2 == 0 {
			method, path = "PUT", fmt.Sprintf("/cart/A-1?quantity=%d", 1+r.IntN(9))
		}
	}
	if method != "POST" {
		note = ""
	}
	var header []string
	if what%3 == 0 {
		header = append(header, "Shop-Look", "before") // it reads before it locks, and perhaps has to read again
	}
	want := http.StatusOK
	switch {
	case what < 12:
		header, want = append(header, "Shop-Then", "panic"), 0
	case what < 24:
		header, want = append(header, "Shop-Then", "gone"), 0
	case what < 30 && who > 0: // it has locked the session by the time it refuses
		method, path, want = "PUT", "/cart/F?quantity=1", http.StatusNotFound
	case what < 50:
		method, path, header = "GET", only, nil
	}
	status, body := f.ask(at, method, path, id, header...)
	switch {
	case status != want:
		f.t.Errorf("%s %s: status %d, want %d: %s", method, path, status, want, body)
	case want != http.StatusOK:
		f.aborted.Add(1)
	case path != only:
		b.enter(id, counter, note)
	}
}

// dotnet is a page of a .NET node.
func (f *farm) dotnet(n *node, counter string, what int, id, note string, b *book) {
	switch {
	case what < 20:
		f.aborted.Add(1)
		if err := n.page(f.t.Context(), id, aspx(counter, note, true)); err == nil || err.Error() != errUnhandled.Error() {
			f.t.Errorf("a page that fails: %v", err) // its lock could not be released
		}
	case what < 45:
		if err := n.look(f.t.Context(), id, torn); err != nil {
			f.t.Errorf("a read-only page: %v", err)
		}
	default:
		if err := n.page(f.t.Context(), id, aspx(counter, note, false)); err != nil {
			f.t.Errorf("a page: %v", err)
			return
		}
		b.enter(id, counter, note)
	}
}
