package httpapi_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/bridge"
)

// bare answers what the front does, and does nothing: it is what HTTP itself costs.
type bare struct{ payload []byte }

func (h bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "application/octet-stream")
	head.Set("Content-Length", strconv.Itoa(len(h.payload)))
	head.Set("Aspstate-Lock", "1")
	w.Write(h.payload)
}

// BenchmarkPageCycle takes the lock of a 2 KB session and writes it, by raw bytes: beside a handler that does nothing, over the
// network of the machine and, for the cost of the front alone, without one.
func BenchmarkPageCycle(b *testing.B) {
	payload := blob(strings.Repeat("x", 2000))
	b.Run("network, bare", func(b *testing.B) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		srv := &http.Server{Handler: bare{payload}}
		go srv.Serve(l)
		defer srv.Close()
		cycles(b, over(b), "http://"+l.Addr().String(), payload)
	})
	b.Run("network, front", func(b *testing.B) {
		s := newSite(b)
		s.put(shop(id), payload)
		addr := s.listen(&bridge.Server{})
		cycles(b, over(b), "http://"+addr, payload)
	})
	b.Run("handler, bare", func(b *testing.B) {
		cycles(b, direct(bare{payload}), "http://bridge.test", payload)
	})
	b.Run("handler, front", func(b *testing.B) {
		s := newSite(b)
		s.put(shop(id), payload)
		cycles(b, direct(s.front), "http://bridge.test", payload)
	})
}

// cycles does page cycles; the cookie rises by one at each.
func cycles(b *testing.B, do func(*http.Request) int, base string, payload []byte) {
	lock := call{method: "POST", path: one + "/lock", raw: true}.request(base)
	put := call{method: "PUT", path: one, raw: true, body: "x", header: head("Aspstate-Timeout", "20")}.request(base)
	put.ContentLength = int64(len(payload))
	body := bytes.NewReader(payload)
	put.Body = io.NopCloser(body)
	put.GetBody = nil
	b.ReportAllocs()
	cookie := 1
	for b.Loop() {
		cookie++
		if status := do(lock); status != http.StatusOK {
			b.Fatal(status)
		}
		body.Reset(payload)
		put.Header["Aspstate-Lock"] = []string{strconv.Itoa(cookie)}
		if status := do(put); status != http.StatusNoContent {
			b.Fatal(status)
		}
	}
}

func over(b *testing.B) func(*http.Request) int {
	c := client(b, false, nil)
	return func(r *http.Request) int {
		res, err := c.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer res.Body.Close()
		io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
}

// sink takes answers.
type sink struct {
	h      http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) Flush()                      {}

func direct(h http.Handler) func(*http.Request) int {
	s := &sink{h: http.Header{}}
	return func(r *http.Request) int {
		clear(s.h)
		s.status = http.StatusOK
		h.ServeHTTP(s, r)
		return s.status
	}
}
