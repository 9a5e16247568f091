package copier

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// liveFarm is an application whose changes come to the source first and to the target a moment later, as they do beside a
// bridge that keeps two stores level.
type liveFarm struct {
	*bench
	lag time.Duration
}

// newLiveFarm makes n sessions of shop in both stores, by the bubble's clock.
func newLiveFarm(t *testing.T, n int) *liveFarm {
	b := newBench(t)
	clock := memstore.Options{Now: time.Now, ServesExpired: true}
	b.from, b.to = memstore.New(clock), memstore.New(clock)
	t.Cleanup(func() { b.from.Close(); b.to.Close() })
	b.now = time.Now()
	b.o.Source, b.o.Target, b.o.Now = b.from, b.to, time.Now
	b.o.From.Identity, b.o.To.Identity = b.from.Identity(), b.to.Identity()
	f := &liveFarm{b, 60 * time.Millisecond}
	for i := range n {
		f.create(i, 0)
	}
	return f
}

// both does to the row of session i in the source, and after a time in the target, what f says.
func (f *liveFarm) both(i int, lag time.Duration, do func(*memstore.Store, session.Key)) {
	do(f.from, f.spell("shop", raw(i), layout.RuleInbox))
	if lag > 0 {
		time.Sleep(lag)
	}
	do(f.to, f.spell("shop", raw(i), layout.RuleAsync21))
}

func (f *liveFarm) create(i int, lag time.Duration) {
	now := session.At(time.Now())
	r := session.Record{
		Payload: fixtures.Blob(fixtures.Blobs[i%8]), Timeout: 20, Created: now, Expires: now.AddMinutes(20), Lock: session.Lock{Cookie: 1, Since: now},
	}
	f.both(i, lag, func(s *memstore.Store, k session.Key) {
		r.Key = k
		f.put(s, r)
	})
}

// write is a request that changes the session.
func (f *liveFarm) write(i, number int) {
	since := session.At(time.Now())
	f.both(i, f.lag, func(s *memstore.Store, k session.Key) {
		r := *f.row(s, k)
		r.Payload, r.Lock.Cookie, r.Lock.Since = fixtures.Blob(fixtures.Blobs[number%8]), r.Lock.Cookie+1, since
		r.Expires = since.AddMinutes(20)
		f.put(s, r)
	})
}

// serve lets a node work on sessions from first to last until the context ends.
func (f *liveFarm) serve(ctx context.Context, seed uint64, first, last int) {
	r := rand.New(rand.NewPCG(seed, 7))
	there := make([]bool, last-first)
	for i := range there {
		there[i] = true
	}
	for n := 0; ctx.Err() == nil; n++ {
		i := r.IntN(last - first)
		switch at := first + i; {
		case !there[i]:
			f.create(at, f.lag)
			there[i] = true
		case r.IntN(4) == 0: // abandoned
			f.both(at, f.lag, func(s *memstore.Store, k session.Key) { f.remove(s, k) })
			there[i] = false
		default:
			f.write(at, n)
		}
		time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond)
	}
}

// While both ends change, no difference is reported but the real ones.
func TestVerifyWhileBothEndsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const idle, nodes, each = 400, 6, 100
		f := newLiveFarm(t, idle+nodes*each+1)
		f.o.Rate, f.how.Settle = 300, 200*time.Millisecond
		real := map[Aspect]int64{AspectMissing: 3, AspectPayload: 2, AspectTimeout: 1, AspectExtra: 2}
		at := func(i int) session.Key { return f.spell("shop", raw(i), layout.RuleAsync21) }
		for i := range 3 {
			f.remove(f.to, at(100*i))
		}
		for i := range 2 {
			r := *f.row(f.to, at(50+i))
			r.Payload = fixtures.Blob("o-order")
			f.put(f.to, r)
			f.put(f.to, f.record(at(900000+i), fixtures.Blob("empty")))
		}
		r := *f.row(f.to, at(77))
		r.Timeout++
		f.put(f.to, r)

		ctx, stop := context.WithCancel(t.Context())
		var farm sync.WaitGroup
		for n := range nodes {
			farm.Go(func() { f.serve(ctx, uint64(n), idle+n*each, idle+(n+1)*each) })
		}
		hot := idle + nodes*each
		farm.Go(func() { // asked for all the time, and nothing of it comes to the target
			for ctx.Err() == nil {
				r := *f.row(f.from, f.spell("shop", raw(hot), layout.RuleInbox))
				r.Expires++
				f.put(f.from, r)
				time.Sleep(20 * time.Millisecond)
			}
		})
		c, err := Verify(t.Context(), f.o, f.how)
		stop()
		farm.Wait()
		if err != nil || !maps.Equal(c.Aspects, real) || c.Differing != 8 || c.Busy != 1 {
			t.Errorf("%v, %+v", err, c)
		}
		if c.Equal < idle || c.Scanned < idle+nodes*each/2 {
			t.Errorf("hardly anything was compared: %+v", c)
		}
	})
}

// changing is a store whose row changes each time somebody has looked at it.
type changing struct {
	*memstore.Store
	b     *bench
	times int // how often still
	key   session.Key
	looks int
}

func (c *changing) Peek(ctx context.Context, ks []session.Key) ([]*session.Record, error) {
	rs, err := c.Store.Peek(ctx, ks)
	for _, r := range rs {
		if r != nil && r.Key == c.key {
			c.looks++
			c.touch(*r)
		}
	}
	return rs, err
}

func (c *changing) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	pg, err := c.Store.Scan(ctx, req)
	for _, r := range pg.Records {
		if r.Key == c.key {
			c.touch(r)
		}
	}
	return pg, err
}

func (c *changing) touch(r session.Record) {
	if c.times > 0 {
		c.times--
		r.Expires++
		c.b.put(c.Store, r)
	}
}

// A row is read again a bounded number of times, and is different only once it has stood still.
func TestRereadsAreBounded(t *testing.T) {
	for _, c := range []struct {
		changes, rereads int
		looks            int // at the source's row, by Peek
		busy, differing  int64
	}{
		{0, 0, 1, 0, 1},
		{1, 0, 2, 0, 1},
		{3, 0, 4, 0, 1},
		{1000, 0, 5, 1, 0},
		{1000, 2, 2, 1, 0},
	} {
		b := newBench(t)
		b.fill(10)
		b.mustRun()
		b.remove(b.to, b.spell("shop", raw(4), layout.RuleAsync21))
		source := &changing{Store: b.from, b: b, times: c.changes, key: b.spell("shop", raw(4), layout.RuleInbox)}
		b.o.Source, b.how.Rereads = unskimmed{source}, c.rereads
		v, err := Verify(t.Context(), b.o, b.how)
		if err != nil || v.Busy != c.busy || v.Differing != c.differing || source.looks != c.looks || v.Equal != 9 {
			t.Errorf("%+v: %d looks, %v, %+v", c, source.looks, err, v)
		}
	}
}

// unskimmed hides what else a store can do.
type unskimmed struct{ Source }

// What comes level while it is looked at again is equal, and what goes is gone.
func TestWhatSettles(t *testing.T) {
	b := newBench(t)
	b.fill(10)
	b.mustRun()
	copied := *b.row(b.to, b.spell("shop", raw(4), layout.RuleAsync21))
	b.remove(b.to, copied.Key)
	b.remove(b.to, b.spell("shop", raw(5), layout.RuleAsync21))
	extra := b.record(b.spell("shop", raw(99), layout.RuleAsync21), fixtures.Blob("empty"))
	b.put(b.to, extra)
	f := &faulty{Store: b.from}
	looked := 0
	f.peek = func(rs []*session.Record) { // the second looks of both directions begin in the source
		switch looked++; looked {
		case 1:
			b.put(b.to, copied)
		case 2:
			r := extra
			r.Key = b.spell("shop", raw(99), layout.RuleInbox)
			b.put(b.from, r)
		}
		for i, r := range rs {
			if r != nil && r.Key == b.spell("shop", raw(5), layout.RuleInbox) {
				rs[i] = nil
			}
		}
	}
	b.o.Source, b.o.Workers, b.o.PageRows = unskimmed{f}, 1, 100
	b.o.From.Spelling = spelling(t, layout.RuleInbox) // one rule: no other look at the source
	c, err := Verify(t.Context(), b.o, b.how)
	if err != nil || c.Differing != 0 || c.Equal != 9 || c.Gone != 1 || c.Busy != 0 {
		t.Errorf("%v, %+v after %d looks", err, c, looked)
	}
}

func TestSettleIsATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newLiveFarm(t, 3)
		f.remove(f.to, f.spell("shop", raw(1), layout.RuleAsync21))
		for _, c := range []struct{ settle, took time.Duration }{{0, 500 * time.Millisecond}, {3 * time.Second, 3 * time.Second}, {-1, 0}} {
			began := time.Now()
			f.how.Settle = c.settle
			if v, err := Verify(t.Context(), f.o, f.how); err != nil || v.Differing != 1 || time.Since(began) != c.took {
				t.Errorf("%v: %v, %v, %+v", c.settle, time.Since(began), err, v)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f.how.Settle = time.Hour
		if _, err := Verify(ctx, f.o, f.how); err == nil || fmt.Sprint(err) != context.DeadlineExceeded.Error() {
			t.Errorf("interrupted in a pause: %v", err)
		}
	})
}
