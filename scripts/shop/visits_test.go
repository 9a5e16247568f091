package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// TestFirstVisit begins a session at a Go service. Its cookie is one that ASP.NET takes, and both .NET nodes find the session.
func TestFirstVisit(t *testing.T) {
	f := newFarm(t, false, memstore.Options{})
	for name, at := range map[string]struct {
		server *httptest.Server
		method string
		path   string
		key    string
	}{
		"catalog":             {f.catalog, "GET", "/products/A-1", "Visited"},
		"checkout":            {f.checkout, "POST", "/cart/A-1?quantity=1", "Cart"},
		"checkout, no bridge": {f.table, "POST", "/cart/A-1?quantity=1", "Cart"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(at.method, at.server.URL+at.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			cookies := resp.Cookies()
			if resp.StatusCode != http.StatusOK || len(cookies) != 1 {
				t.Fatalf("status %d, %d cookies", resp.StatusCode, len(cookies))
			}
			c := cookies[0]
			id, ok := client.StockID(c.Value)
			if c.Name != "ASP.NET_SessionId" || !ok || !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode {
				t.Errorf("the cookie is %v", c)
			}
			for _, n := range []*node{f.stateNode, f.tableNode} {
				err := n.look(t.Context(), id, func(c *aspnetser.Collection) error {
					if !slices.Contains(c.Keys(), at.key) {
						return fmt.Errorf("it has the keys %v", c.Keys())
					}
					return nil
				})
				if err != nil {
					t.Errorf("a .NET node: %v", err)
				}
			}
			f.record(id)
		})
	}
}

// TestOneLook does one page of each after the other: each sees what the one before has set.
func TestOneLook(t *testing.T) {
	f := newFarm(t, true, memstore.Options{})
	id, _ := f.begin()
	for _, c := range []struct {
		at           *httptest.Server
		method, path string
		want         string
	}{
		{f.catalog, "GET", "/products", "Hello müller, cart: 49.95 EUR\n"},
		{f.catalog, "GET", "/products/C", "cart: 49.95 EUR\nC costs 1.25 EUR\n"},
		{f.checkout, "POST", "/cart/A-1?quantity=2", "cart: 149.85 EUR\n"},
		{f.table, "POST", "/cart/D-4?quantity=3&note=To+Grace", "cart: 150.12 EUR\n"},
		{f.checkout, "GET", "/cart", "  3 × A-1   49.95 EUR\n  3 × D-4   0.09 EUR  \"To Grace\"\n"},
		{f.table, "PUT", "/cart/A-1?quantity=0", "cart: 0.27 EUR\n"},
		{f.checkout, "PUT", "/cart/A-1?quantity=1", "that is not in the cart\n"},
		{f.checkout, "PUT", "/cart/D-4?quantity=1", "that is not in the cart\n"}, // engraved
		{f.checkout, "POST", "/cart/D-4?quantity=100", "quantity is to be 1 to 99\n"},
		{f.checkout, "POST", "/cart/Z?quantity=1", "no such product\n"},
		{f.catalog, "GET", "/products/Z", "no such product\n"},
		{f.catalog, "GET", "/visited", "C\n"},
	} {
		if _, body := f.ask(c.at, c.method, c.path, id); !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %q, want %q", c.method, c.path, body, c.want)
		}
	}
	if err := f.stateNode.page(t.Context(), id, aspx("StateHits", "by .NET", false)); err != nil {
		t.Fatal(err)
	}
	if _, body := f.ask(f.checkout, "GET", "/cart", id); !strings.Contains(body, `"by .NET"`) {
		t.Errorf("the line of a .NET page is not shown: %s", body)
	}
	f.record(id)
}

// TestLogOut lets visitors log out while others are at work. Whoever comes after that begins anew under the same id.
func TestLogOut(t *testing.T) {
	f := newFarm(t, false, memstore.Options{})
	id, _ := f.begin()
	var turn atomic.Int32
	var all sync.WaitGroup
	for w := range 10 {
		all.Go(func() {
			for range 10 {
				if turn.Add(1)%9 == 0 {
					if status, body := f.ask([]*httptest.Server{f.checkout, f.table}[w%2], "POST", "/logout", id); status != http.StatusOK {
						t.Errorf("logging out: %d %s", status, body)
					}
					continue
				}
				f.oneMore(w%5, id)
			}
		})
	}
	all.Wait()
	f.record(id)
	if status, _ := f.ask(f.checkout, "POST", "/logout", id); status != http.StatusOK {
		t.Errorf("logging out: %d", status)
	}
	if _, err := session.PeekOne(t.Context(), f.bridge.store, session.Key{App: "shop", ID: id}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("after that there is a session: %v", err)
	}
	if err := f.tableNode.page(t.Context(), id, aspx("TableHits", "anew", false)); err != nil {
		t.Fatal(err)
	}
	if _, body := f.ask(f.checkout, "GET", "/cart", id); !strings.HasPrefix(body, "Hello stranger, cart: 50.00 EUR\n") {
		t.Errorf("the new cart is %q", body)
	}
}

// oneMore is a page that changes the session.
func (f *farm) oneMore(who int, id string) {
	switch who {
	case 0, 1, 2:
		at := []*httptest.Server{f.catalog, f.checkout, f.table}[who]
		method, path := "GET", "/products/A-1"
		if who > 0 {
			method, path = "POST", "/cart/C?quantity=1&note=x"
		}
		if status, body := f.ask(at, method, path, id); status != http.StatusOK {
			f.t.Errorf("%s %s: %d %s", method, path, status, body)
		}
	default:
		n, counter := f.stateNode, "StateHits"
		if who == 4 {
			n, counter = f.tableNode, "TableHits"
		}
		if err := n.page(f.t.Context(), id, aspx(counter, "x", false)); err != nil {
			f.t.Errorf("a page: %v", err)
		}
	}
}

// TestDeadNode lets a .NET node die with a lock. Once the lock is older than executionTimeout a Go page breaks it, and the node
// writes nothing any more when it wakes up.
func TestDeadNode(t *testing.T) {
	for _, over := range []string{"bridge", "table"} {
		t.Run(over, func(t *testing.T) {
			var later atomic.Int64
			f := newFarm(t, false, memstore.Options{Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
			id, payload := f.begin()
			k := session.Key{App: "shop", ID: id}
			dead, err := f.tableNode.store.GetExclusive(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			later.Store(int64(2 * time.Minute))
			at := map[string]*httptest.Server{"bridge": f.checkout, "table": f.table}[over]
			if status, body := f.ask(at, "POST", "/cart/C?quantity=1&note=late", id); status != http.StatusOK {
				t.Errorf("%d %s", status, body)
			}
			err = f.tableNode.store.SetAndRelease(t.Context(), k, session.Value{Payload: payload, Timeout: 20}, session.IfCookie(dead.Cookie))
			if !errors.Is(err, session.ErrStaleCookie) {
				t.Errorf("the dead node writes: %v", err)
			}
			c, err := aspnetser.Open(f.record(id).Payload, aspnetser.Options{})
			if err != nil {
				t.Fatal(err)
			}
			b := newBook()
			b.enter(id, "CheckoutHits", "late")
			if err := errors.Join(torn(c), b.compare(id, c)); err != nil {
				t.Error(err)
			}
		})
	}
}
