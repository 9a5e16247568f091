package page_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/page"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// BenchmarkLook is what a look at the page of an embedded store with 10,000 sessions costs: with the sessions listed anew, and by the listing
// that there is.
func BenchmarkLook(b *testing.B) {
	store := memstore.New(memstore.Options{})
	defer store.Close()
	for n := range 10_000 {
		k := session.Key{App: fmt.Sprint("app", n%3), ID: fmt.Sprintf("%05dpy55t21z5v55vlm25s5", n)}
		if err := store.SetAndRelease(b.Context(), k, session.Value{Payload: make([]byte, 200+n%5000), Timeout: 20}, session.Insert()); err != nil {
			b.Fatal(err)
		}
		if n%500 == 0 {
			if _, err := store.GetExclusive(b.Context(), k); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name, target string
		refresh      time.Duration
	}{{"sessions listed", "/sessions", time.Hour}, {"overview", "/", time.Hour}} {
		b.Run(c.name, func(b *testing.B) {
			p := page.New(page.Options{Sources: []page.Source{{Name: "store", Rows: store, Sized: true}}, Refresh: c.refresh})
			defer p.Close()
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("GET", c.target, nil)
				r.Host = "localhost"
				w := httptest.NewRecorder()
				p.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
	b.Run("listing anew", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p := page.New(page.Options{Sources: []page.Source{{Name: "store", Rows: store, Sized: true}}})
			r := httptest.NewRequest("GET", "/nowhere.json", nil)
			r.Host = "localhost"
			r.URL.Path = "/page.json"
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r)
			p.Close()
		}
	})
}
