package cutover

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/storetest"
)

var storeNumber atomic.Int64

// TestConformance runs the suite of all stores in each phase, over two embedded stores. The combinator has no abilities: what
// lies in two stores has no one order, and no one row. So the suite sees the verbs only.
//
// What differs from one store is not in the suite: a move gives a session another cookie, the mover's. TestRules has it.
func TestConformance(t *testing.T) {
	rules := storetest.Ordinary()
	for p := Proxy; p <= Done; p++ {
		t.Run(p.String(), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock := storetest.NewClock()
				old, fresh := memstore.New(memstore.Options{Now: clock.Now}), memstore.New(memstore.Options{Now: clock.Now})
				t.Cleanup(func() { old.Close() })
				s := openIn(t, p, old, fresh, clock.Now)
				return storetest.Subject{Store: s, Clock: clock}
			}, rules)
		})
	}
}

// openIn opens a bridge over stores in a phase that was agreed on before.
func openIn(t *testing.T, p Phase, old session.Store, fresh *memstore.Store, now func() time.Time) *Store {
	t.Helper()
	g := agreed{Phase: p, Stage: settled, Percent: 100, Clean: true}
	began := moment(session.At(now()) - 1)
	switch p {
	case Handoff:
		g.Spans = []span{{Store: "old", Below: 100, Began: began}}
	case Handback:
		g.Spans = []span{{Store: "new", Below: 100, Began: began}}
	}
	if _, err := fresh.Agree(t.Context(), shop, g.body(), 0); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{Old: old, New: fresh, Control: fresh, Holder: fmt.Sprint("b", storeNumber.Add(1))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		fresh.Close()
	})
	return s
}
