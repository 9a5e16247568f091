package copier

import (
	"errors"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
)

// What a run has left tells its copies from the target's own rows, and from copies that somebody has touched.
func TestCopied(t *testing.T) {
	b := newBench(t)
	if _, err := OpenCopied(b.o.State, b.o.To, b.o.ToRule); !errors.Is(err, ErrNothingCopied) {
		t.Fatalf("before any run: %v", err)
	}
	b.fill(5)
	at := func(i int) session.Key { return b.spell("shop", raw(i), layout.RuleAsync21) }
	b.put(b.to, b.record(at(3), fixtures.Blob("keys-case"))) // the target's own
	b.mustRun()
	b.put(b.to, b.record(at(9), fixtures.Blob("keys-case"))) // made since
	touched := *b.row(b.to, at(4))
	touched.Expires += session.Minute
	b.put(b.to, touched)

	c, err := OpenCopied(b.o.State, b.o.To, b.o.ToRule)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]bool{0: true, 1: true, 2: true, 3: false, 4: false, 9: false} {
		r := *b.row(b.to, at(i))
		r.Key = session.Key{App: "shop", ID: raw(i)}
		if got, err := c.Has(r); err != nil || got != want {
			t.Errorf("session %d: %v, %v", i, got, err)
		}
	}
	if _, err := OpenCopied(b.o.State, b.o.To, b.o.ToRule); !errors.Is(err, ErrStateInUse) {
		t.Errorf("twice at a time: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var state *StateError
	if _, err := OpenCopied(b.o.State, b.o.From, layout.RuleInbox); !errors.As(err, &state) || state.Kind != StateForeign {
		t.Errorf("of another target: %v", err)
	}
	want(t, b.mustRun(), Counters{Scanned: 5, Unchanged: 3, TargetOwned: 3, Verified: 3}) // another run is as free as before
}
