package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/bridge/httpapi"
)

// discard is a http.ResponseWriter that costs little.
type discard struct{ h http.Header }

func (d discard) Header() http.Header               { return d.h }
func (d discard) WriteHeader(int)                   {}
func (d discard) Write(p []byte) (int, error)       { return len(p), nil }
func (d discard) WriteString(p string) (int, error) { return len(p), nil }

var pageBody = strings.Repeat("<p>hello</p>", 100)

func write1K(w http.ResponseWriter, _ *http.Request) error {
	_, err := io.WriteString(w, pageBody)
	return err
}

// BenchmarkPage is a page cycle beside the bare handler, with a session of 2 KB in memory.
func BenchmarkPage(b *testing.B) {
	for _, c := range []struct {
		name string
		page func(http.ResponseWriter, *http.Request) error
	}{
		{"untouched", nothing}, {"read", read(1)}, {"lock", lock}, {"write", set(1)}, {"update", count},
	} {
		b.Run(c.name, func(b *testing.B) {
			mem := newStore(b)
			put(b, mem, shopKey, blob(b, "n", int32(1), "text", strings.Repeat("x", 2000)))
			cycle(b, (&client.Sessions{Store: mem, App: "shop"}).Handler(page(b, both(c.page, write1K))))
		})
	}
	b.Run("bare", func(b *testing.B) { cycle(b, page(b, both(nothing, write1K))) })
	b.Run("update over HTTP", func(b *testing.B) {
		mem := newStore(b)
		put(b, mem, shopKey, blob(b, "n", int32(1), "text", strings.Repeat("x", 2000)))
		base, _ := overHTTP(b, &httpapi.Front{Store: mem}, false)
		cycle(b, (&client.Sessions{Store: newClient(b, base, nil), App: "shop"}).Handler(page(b, both(count, write1K))))
	})
}

func cycle(b *testing.B, h http.Handler) {
	b.ReportAllocs()
	r := request(shopID)
	for b.Loop() {
		h.ServeHTTP(discard{http.Header{}}, r)
	}
}
