package copier

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// unlike is a copied bench of 200 sessions with some differences of each direction.
func unlike(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.fill(200)
	b.mustRun()
	for i := range 10 {
		b.remove(b.to, b.spell("shop", raw(20*i), layout.RuleAsync21))
		b.put(b.to, b.record(b.spell("shop", raw(5000+i), layout.RuleAsync21), fixtures.Blob("empty")))
	}
	b.how.State = filepath.Join(t.TempDir(), "verification")
	b.o.SaveEvery = 1
	return b
}

// counting counts the rows that are scanned.
type counting struct {
	*memstore.Store
	rows int
}

func (c *counting) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	pg, err := c.Store.Scan(ctx, req)
	c.rows += len(pg.Records)
	return pg, err
}

func (c *counting) Skim(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return c.Scan(ctx, req)
}

func (c *counting) SkimKeys(ctx context.Context, ks []session.Key) ([]*session.Record, error) {
	return c.Store.Peek(ctx, ks)
}

// A verification that was killed at any moment goes on from what was saved last, and comes to the same end.
func TestVerifyGoesOnAfterAKill(t *testing.T) {
	b := unlike(t)
	whole, err := Verify(t.Context(), b.o, VerifyOptions{Settle: -1})
	if err != nil || whole.Differing != 20 || whole.Resumed {
		t.Fatalf("%v, %+v", err, whole)
	}
	var moments [][]byte
	b.o.Observe = func(e Event) {
		if _, ok := e.(Progress); ok {
			if saved, err := os.ReadFile(b.how.State); err == nil {
				moments = append(moments, saved)
			}
		}
	}
	if c, err := Verify(t.Context(), b.o, b.how); err != nil || !reflect.DeepEqual(c, whole) {
		t.Fatalf("%v, %+v", err, c)
	}
	if _, err := os.Stat(b.how.State); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a verification that has come to its end leaves its checkpoint: %v", err)
	}
	b.o.Observe = nil
	if len(moments) < 40 {
		t.Fatalf("%d moments only", len(moments))
	}
	whole.Resumed = true
	for i, saved := range moments {
		if err := os.WriteFile(b.how.State, saved, 0o600); err != nil {
			t.Fatal(err)
		}
		from, to := &counting{Store: b.from}, &counting{Store: b.to}
		b.o.Source, b.o.Target = from, to
		c, err := Verify(t.Context(), b.o, b.how)
		if err != nil || !reflect.DeepEqual(c, whole) {
			t.Errorf("from moment %d: %v\n got %+v\nwant %+v", i, err, c, whole)
		}
		if left := from.rows + to.rows; left > 400-7*i {
			t.Errorf("from moment %d: %d rows were scanned again", i, left)
		}
	}
}

func TestVerifyGoesOnAfterAnInterruption(t *testing.T) {
	for _, phase := range []Phase{PhaseVerify, PhaseExtra} {
		b := unlike(t)
		b.o.SaveEvery = 1 << 40 // never by itself
		ctx, cancel := context.WithCancel(t.Context())
		var came int64
		b.o.Observe = func(e Event) {
			if p, ok := e.(Progress); ok && p.Phase == phase {
				came = p.Rows
				if p.Rows >= 100 {
					cancel()
				}
			}
		}
		part, err := Verify(ctx, b.o, b.how)
		if !errors.Is(err, context.Canceled) || part.Scanned < 100 {
			t.Fatalf("%s: %v, %+v", phase, err, part)
		}
		var begun PhaseStarted
		b.o.Observe = func(e Event) {
			if p, ok := e.(PhaseStarted); ok && begun.Phase == "" {
				begun = p
			}
		}
		c, err := Verify(t.Context(), b.o, b.how)
		if err != nil || !c.Resumed || c.Scanned != 200 || c.Equal != 190 || c.Differing != 20 {
			t.Errorf("%s: %v, %+v", phase, err, c)
		}
		if begun.Phase != phase || begun.Done != came {
			t.Errorf("%s: it came to row %d and went on with %+v", phase, came, begun)
		}
	}
}

// What is no checkpoint of this verification stops it, and stays as it is.
func TestVerifyRefusesOtherCheckpoints(t *testing.T) {
	interrupted := func() *bench {
		b := unlike(t)
		ctx, cancel := context.WithCancel(t.Context())
		b.o.Observe = func(e Event) {
			if p, ok := e.(Progress); ok && p.Rows >= 50 {
				cancel()
			}
		}
		if _, err := Verify(ctx, b.o, b.how); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		b.o.Observe = nil
		return b
	}
	for name, c := range map[string]struct {
		do        func(*bench)
		kind      StateKind
		startOver bool // helps
	}{
		"damaged": {func(b *bench) {
			saved, err := os.ReadFile(b.how.State)
			if err == nil {
				err = os.WriteFile(b.how.State, saved[:len(saved)/2], 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, StateDamaged, true},
		"other applications":  {func(b *bench) { b.o.Apps = []string{"shop"} }, StateForeign, true},
		"another store":       {func(b *bench) { b.o.To.Identity = "another" }, StateForeign, true},
		"another compression": {func(b *bench) { b.o.FromCompressed = aspnetser.CompressionNo }, StateForeign, true},
		"that of a copy":      {func(b *bench) { b.how.State = b.o.State }, StateForeign, false},
	} {
		b := interrupted()
		c.do(b)
		before, err := os.ReadFile(b.how.State)
		if err != nil {
			t.Fatal(err)
		}
		var state *StateError
		if _, err = Verify(t.Context(), b.o, b.how); !errors.As(err, &state) || state.Kind != c.kind || state.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(b.how.State); err != nil || string(after) != string(before) {
			t.Errorf("%s: the file was changed (%v)", name, err)
		}
		b.how.StartOver = true
		v, err := Verify(t.Context(), b.o, b.how)
		if (err == nil) != c.startOver || err == nil && (v.Resumed || v.Differing != 20) {
			t.Errorf("%s: starting over: %v, %+v", name, err, v)
		}
	}
}
