package copier

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// endless is a store of any number of sessions that takes no memory: record i is made when it is asked for. As a target it
// remembers one bit a session, and so does a source that sessions are removed from.
type endless struct {
	n       int
	suffix  string
	payload []byte
	now     session.Instant
	written []atomic.Bool // what it has; nil: all
}

func (e *endless) record(i int) session.Record {
	p := append([]byte{}, e.payload...)
	binary.LittleEndian.PutUint32(p, uint32(20+i%7))
	return session.Record{
		Key: session.Key{ID: raw(i) + e.suffix}, Payload: p, Timeout: 20, Created: e.now - session.Instant(i), Revision: 1,
		Expires: e.now.AddMinutes(600), Lock: session.Lock{Cookie: int32(i), Since: e.now - session.Instant(i)},
	}
}

func (e *endless) number(k session.Key) int {
	i, err := strconv.Atoi(k.ID[:24])
	if err != nil {
		panic(err)
	}
	return i
}

func (e *endless) Peek(_ context.Context, ks []session.Key) ([]*session.Record, error) {
	rs := make([]*session.Record, len(ks))
	for i, k := range ks {
		if n := e.number(k); e.written == nil || e.written[n].Load() {
			r := e.record(n)
			rs[i] = &r
		}
	}
	return rs, nil
}

func (e *endless) Scan(_ context.Context, req session.ScanRequest) (pg session.Page, err error) {
	i := 0
	if req.After != "" {
		if i, err = strconv.Atoi(string(req.After)); err != nil {
			return pg, err
		}
	}
	bytes := 0
	for ; i < e.n && len(pg.Records) < req.Limit && (req.Bytes == 0 || bytes < req.Bytes); i++ {
		if e.written == nil || e.written[i].Load() {
			pg.Records = append(pg.Records, e.record(i))
			bytes += len(e.payload)
		}
	}
	if i < e.n {
		pg.Next = session.Cursor(fmt.Sprint(i))
	}
	return pg, nil
}

func (e *endless) Apply(_ context.Context, cs []session.Change) ([]session.Outcome, error) {
	outs := make([]session.Outcome, len(cs))
	for i, c := range cs {
		f := c.Record.Fence()
		e.written[e.number(c.Record.Key)].Store(!c.Delete)
		if outs[i].Result = session.Applied; !c.Delete {
			outs[i].Current = &f
		}
	}
	return outs, nil
}

func (e *endless) After(c session.Change) session.Fence { return c.Record.Fence() }

// The copier's memory does not grow with the number of sessions, and a page of large ones ends early.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 200,000 sessions")
	}
	most := func(n, size int) (peak uint64) {
		b := newBench(t)
		payload := make([]byte, size)
		copy(payload, []byte{20, 0, 0, 0, 0, 0})
		payload[6] = 0xFF
		src := &endless{n: n, suffix: layout.Suffix(layout.RuleInbox, shop.AppIDs[0]), payload: payload, now: session.At(b.now)}
		dst := &endless{n: n, suffix: layout.Suffix(layout.RuleAsync21, shop.AppIDs[0]), payload: payload, now: src.now, written: make([]atomic.Bool, n)}
		b.o.Source, b.o.Target = src, dst
		b.o.PageRows, b.o.PageBytes, b.o.Workers = 1000, 1<<20, 4
		pages := 0
		b.o.Observe = func(e Event) {
			if _, ok := e.(Progress); !ok {
				return
			}
			if pages++; pages%50 != 0 {
				return
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
		if r := b.mustRun(); r.Copied != int64(n) || r.Verified != int64(n) || r.Differences != 0 {
			t.Fatalf("%+v", r.Counters)
		}
		return peak
	}
	// 400 MB move in the second case and in the third; what may stay are the pages in flight and the ledger's table of
	// recent entries.
	few, many := most(20_000, 2000), most(200_000, 2000)
	large := most(2_000, 200_000)
	t.Logf("live heap at most: %d MB with 20,000 sessions, %d MB with 200,000, %d MB with 2,000 large ones", few>>20, many>>20, large>>20)
	const bound = 96 << 20
	if few == 0 || many > bound || large > bound {
		t.Errorf("live heap: %d MB with 20,000 sessions, %d MB with 200,000, %d MB with 2,000 large ones", few>>20, many>>20, large>>20)
	}
}

// Neither passes nor deletions that they carry take memory for each session: 300,000 are more than the ids that a pass keeps,
// and 120,000 deletions more than it remembers one by one.
func TestMemoryOfAFollowIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("follows 300,000 sessions")
	}
	most := func(n int) (peak uint64) {
		b := newBench(t)
		payload := []byte{20, 0, 0, 0, 0, 0, 0xFF}
		src := &endless{n: n, suffix: layout.Suffix(layout.RuleInbox, shop.AppIDs[0]), payload: payload, now: session.At(b.now), written: make([]atomic.Bool, n)}
		dst := &endless{n: n, suffix: layout.Suffix(layout.RuleAsync21, shop.AppIDs[0]), payload: payload, now: src.now, written: make([]atomic.Bool, n)}
		for i := range src.written {
			src.written[i].Store(true)
		}
		b.o.Source, b.o.Target = src, dst
		b.o.PageRows, b.o.Workers = 1000, 4
		s := NewSteering(0)
		pages := 0
		b.o.Observe = func(e Event) {
			switch e := e.(type) {
			case PassDone:
				if e.Pass == 1 {
					for i := range n * 2 / 5 {
						src.written[i].Store(false)
					}
					s.CutOver()
				}
			case Progress:
				if pages++; pages%50 == 0 {
					runtime.GC()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					peak = max(peak, m.HeapAlloc)
				}
			}
		}
		if rep, err := b.follow(s); err != nil || rep.Deleted != int64(n*2/5) || rep.Freeze == nil {
			t.Fatalf("%v, %+v", err, rep)
		}
		return peak
	}
	few, many := most(20_000), most(300_000)
	t.Logf("live heap at most: %d MB with 20,000 sessions, %d MB with 300,000", few>>20, many>>20)
	if few == 0 || many > 64<<20 {
		t.Errorf("live heap: %d MB with 20,000 sessions, %d MB with 300,000", few>>20, many>>20)
	}
}
