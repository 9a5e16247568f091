package copier

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// The memory of a verification does not grow with the number of sessions, though each must be decoded, or is missing.
func TestVerifyMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("compares 400,000 sessions")
	}
	most := func(n int, missing bool) (peak uint64) {
		b := newBench(t)
		plain, slack := make([]byte, 2000), make([]byte, 2100)
		for _, p := range [][]byte{plain, slack} { // a session of no items; no reader looks at what is behind the end
			p[0], p[6] = 20, 0xFF
		}
		now := session.At(b.now)
		src := &endless{n: n, suffix: layout.Suffix(layout.RuleInbox, shop.AppIDs[0]), payload: plain, now: now}
		dst := &endless{n: n, suffix: layout.Suffix(layout.RuleAsync21, shop.AppIDs[0]), payload: slack, now: now, written: make([]atomic.Bool, n)}
		if !missing {
			for i := range dst.written {
				dst.written[i].Store(true)
			}
		}
		b.o.Source, b.o.Target = src, dst
		b.o.PageRows, b.o.PageBytes = 1000, 1<<20
		pages := 0
		b.o.Observe = func(e Event) {
			if _, ok := e.(Progress); !ok {
				return
			}
			if pages++; pages%50 == 0 || pages == 5 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
		c, err := Verify(t.Context(), b.o, b.how)
		if err != nil || c.Scanned != int64(n) || missing && c.Aspects[AspectMissing] != int64(n) || !missing && c.Decoded != int64(n) {
			t.Fatalf("%v, %+v", err, c)
		}
		return peak
	}
	few, many, none := most(10_000, false), most(200_000, false), most(200_000, true)
	t.Logf("live heap at most: %d MB with 10,000 sessions, %d MB with 200,000, %d MB with 200,000 that are missing", few>>20, many>>20, none>>20)
	const bound = 96 << 20
	if few == 0 || many > bound || none > bound {
		t.Errorf("live heap: %d MB with 10,000 sessions, %d MB with 200,000, %d MB with 200,000 that are missing", few>>20, many>>20, none>>20)
	}
}
