package cutover

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aspstate/aspstate/internal/testengine"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// BenchmarkProxy is a read through a bridge in proxy, beside one without.
func BenchmarkProxy(b *testing.B) {
	old, fresh := memstore.New(memstore.Options{}), memstore.New(memstore.Options{})
	defer old.Close()
	defer fresh.Close()
	s, err := Open(b.Context(), Options{Old: old, New: fresh, Control: fresh, Holder: "b1"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.SetAndRelease(b.Context(), key("one"), val("x"), session.Insert()); err != nil {
		b.Fatal(err)
	}
	for name, store := range map[string]session.Store{"through": s, "without": old} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.Get(b.Context(), key("one")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPhases is what a page costs in each phase when all has been moved, beside one without a bridge in the store that leads. Pages
// of both kinds take turns, so that "times" is about the same machine: a page locks a session, and writes it back.
func BenchmarkPhases(b *testing.B) {
	phases := []Phase{Proxy, Prepare, Handoff, Mirror}
	b.Run("embedded", func(b *testing.B) {
		for _, p := range phases {
			b.Run(p.String(), func(b *testing.B) {
				old, fresh := memstore.New(memstore.Options{}), memstore.New(memstore.Options{})
				defer old.Close()
				defer fresh.Close()
				g := agreed{Phase: p, Stage: settled, Percent: 100, Clean: true}
				if p == Handoff {
					g.Spans = []span{{Store: "old", Below: 100, Began: moment(session.At(time.Now()))}}
				}
				if _, err := fresh.Agree(b.Context(), shop, g.body(), 0); err != nil {
					b.Fatal(err)
				}
				s, err := Open(b.Context(), Options{Old: old, New: fresh, Control: fresh, Holder: "b1"})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				benchPages(b, p, s, old, fresh)
			})
		}
	})
	if os.Getenv(testengine.Variable) == "" {
		return
	}
	b.Run("SQL Server", func(b *testing.B) {
		e := onEngine(b, "h_cut_bench")
		for _, p := range phases {
			b.Run(p.String(), func(b *testing.B) {
				e.in(b, p)
				benchPages(b, p, e.bridge(b, Options{}), e.old, e.new)
			})
		}
	})
}

func benchPages(b *testing.B, p Phase, through, old, fresh session.Store) {
	plain := fresh
	if p == Proxy || p == Prepare {
		plain = old
	}
	v := session.Value{Payload: make([]byte, 2000), Timeout: 20}
	page := func(s session.Store, k session.Key) time.Duration {
		began := time.Now()
		item, err := s.GetExclusive(context.Background(), k)
		if err == nil {
			err = s.SetAndRelease(context.Background(), k, v, session.IfCookie(item.Cookie))
		}
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	one, other := key("through"), key("without")
	for _, err := range []error{through.SetAndRelease(b.Context(), one, v, session.Insert()), plain.SetAndRelease(b.Context(), other, v, session.Insert())} {
		if err != nil {
			b.Fatal(err)
		}
	}
	for range 5 {
		page(through, one)
		page(plain, other)
	}
	var with, without time.Duration
	for b.Loop() {
		with += page(through, one)
		without += page(plain, other)
	}
	b.ReportMetric(float64(without.Nanoseconds())/float64(b.N), "ns/plain-page")
	b.ReportMetric(float64(with.Nanoseconds())/float64(b.N), "ns/page")
	b.ReportMetric(float64(with)/float64(without), "times")
}

// BenchmarkMovers is how many sessions a second the background moves between two tables of an engine.
func BenchmarkMovers(b *testing.B) {
	e := onEngine(b, "h_cut_movers")
	const rows = 500
	for _, movers := range []int{1, 4} {
		b.Run(fmt.Sprint(movers), func(b *testing.B) {
			var took time.Duration
			for b.Loop() {
				e.clear(b)
				e.seed(rows)
				e.agree(b, Handoff)
				s := e.bridge(b, Options{Movers: movers, Rate: 100_000, Idle: time.Hour})
				began := time.Now()
				if err := s.round(b.Context()); err != nil {
					b.Fatal(err)
				}
				took += time.Since(began)
				if n, err := e.tables[1].Count(b.Context()); n != rows || err != nil {
					b.Fatalf("%d of %d rows are moved, %v", n, rows, err)
				}
			}
			b.ReportMetric(rows*float64(b.N)/took.Seconds(), "rows/s")
		})
	}
}
