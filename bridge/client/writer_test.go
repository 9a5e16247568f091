package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/client"
)

// TestResponse compares what a browser gets of a handler with and without a session.
func TestResponse(t *testing.T) {
	long := strings.Repeat("0123456789", 20_000)
	for name, h := range map[string]http.HandlerFunc{
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"short":   func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>hello") },
		"2 KB":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, long[:2000]) },
		"long":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, long) },
		"in pieces": func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(long); i += 1000 {
				w.Write([]byte(long[i : i+1000]))
			}
		},
		"status":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); io.WriteString(w, "no") },
		"two statuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); w.WriteHeader(200) },
		"no content":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204); w.Write([]byte("x")) },
		"redirect":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", 302) },
		"early hints": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</a.css>")
			w.WriteHeader(103)
			io.WriteString(w, "x")
		},
		"a reader":       func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, strings.NewReader(long)) },
		"a short reader": func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, iotestReader{strings.NewReader(long[:3000])}) },
		"a file": func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "a.txt", time.Unix(1e9, 0), strings.NewReader(long))
		},
		"flushed": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "a")
			w.(http.Flusher).Flush()
			io.WriteString(w, "b")
		},
		"declared trailer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "a")
			w.Header().Set("X-Sum", "1")
		},
		"trailer": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "a")
			w.(http.Flusher).Flush()
			w.Header().Set(http.TrailerPrefix+"X-Sum", "1")
		},
		"length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "3")
			io.WriteString(w, "abc")
		},
	} {
		for _, buffer := range []int{0, 100, -1} {
			for _, method := range []string{"GET", "HEAD"} {
				t.Run(name, func(t *testing.T) {
					sessions := &client.Sessions{Store: newStore(t), App: "shop", Buffer: buffer}
					want, got := answer(t, method, h), answer(t, method, sessions.Handler(h))
					if buffer == 0 && len(want.body) < 64<<10 && len(want.body) > 2000 && method == "GET" {
						want.length, want.chunked = int64(len(want.body)), false // net/http holds back less
					}
					if method == "HEAD" {
						want.length = got.length // what net/http makes of it depends on the pieces
					}
					if want != got {
						t.Errorf("%s, Buffer %d: got %s\nwant %s", method, buffer, got, want)
					}
				})
			}
		}
	}
}

// iotestReader gives small pieces, and no WriterTo.
type iotestReader struct{ r io.Reader }

func (r iotestReader) Read(p []byte) (int, error) { return r.r.Read(p[:min(len(p), 700)]) }

type answered struct {
	status              int
	body, kind, trailer string
	length              int64
	chunked             bool
	location            string
}

func (a answered) String() string {
	return strings.Join([]string{http.StatusText(a.status), a.kind, a.trailer, a.location, a.body[:min(len(a.body), 20)]}, "|")
}

func answer(t *testing.T, method string, h http.Handler) answered {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	r, err := http.NewRequest(method, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{
		resp.StatusCode, string(body), resp.Header.Get("Content-Type"), resp.Trailer.Get("X-Sum"), resp.ContentLength,
		len(resp.TransferEncoding) > 0, resp.Header.Get("Location"),
	}
}

// TestController reaches what is below.
func TestController(t *testing.T) {
	sessions := &client.Sessions{Store: newStore(t), App: "shop"}
	s := httptest.NewServer(sessions.Handler(page(t, func(w http.ResponseWriter, _ *http.Request) error {
		return http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour))
	})))
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// TestNested wraps a handler twice: it has one session, and one lock.
func TestNested(t *testing.T) {
	store := newStore(t)
	put(t, store, shopKey, blob(t, "n", int32(1)))
	sessions := &client.Sessions{Store: store, App: "shop", Wait: -1}
	inner := sessions.Handler(page(t, count))
	outer := sessions.Handler(page(t, func(w http.ResponseWriter, r *http.Request) error {
		if err := count(w, r); err != nil {
			return err
		}
		inner.ServeHTTP(w, r)
		return nil
	}))
	serve(outer, shopID)
	has(t, look(t, store, shopKey), "n", int32(3))
}
