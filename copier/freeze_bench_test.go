package copier

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// ends are the pairs of stores that are measured: in memory, and as a bridge or the command has them.
var ends = map[string]func(*testing.B) *memstore.Store{
	"memory": func(*testing.B) *memstore.Store { return memstore.New(memstore.Options{ServesExpired: true}) },
	"durable": func(b *testing.B) *memstore.Store {
		s, err := memstore.Open(b.TempDir(), memstore.Options{ServesExpired: true, Sync: memstore.SyncInterval})
		if err != nil {
			b.Fatal(err)
		}
		return s
	},
}

// eachEnds runs a benchmark with each pair of stores.
func eachEnds(b *testing.B, run func(*testing.B, func(*testing.B) *memstore.Store)) {
	for name, open := range ends {
		b.Run(name, func(b *testing.B) { run(b, open) })
	}
}

// farmOf is a bench with so many sessions in its source.
func farmOf(b *testing.B, sessions int, open func(*testing.B) *memstore.Store) *bench {
	from, to := open(b), open(b)
	b.Cleanup(func() { from.Close(); to.Close() })
	bench := newBenchOf(b, from, to)
	now := session.At(time.Now())
	for at := 0; at < sessions; at += 1000 {
		cs := make([]session.Change, 1000)
		for i := range cs {
			cs[i].Record = session.Record{
				Key: bench.source(at + i), Payload: fixtures.Blob("typical"), Timeout: 20, Created: now - session.Minute,
				Expires: now.AddMinutes(20), Lock: session.Lock{Cookie: 1, Since: now - session.Minute},
			}
		}
		if _, err := from.Apply(b.Context(), cs); err != nil {
			b.Fatal(err)
		}
	}
	return bench
}

// idlePass is a pass as the freeze makes them, over a source in which nothing has changed.
func (r *run) idlePass(b *testing.B) time.Duration {
	r.steer.hurry(true)
	d, err := r.pass(b.Context(), PhaseFinal)
	if err != nil || d.changed() != 0 {
		b.Fatalf("%v, %+v", err, d)
	}
	return d.took
}

// BenchmarkIdlePass looks at 100,000 sessions of which none has changed.
func BenchmarkIdlePass(b *testing.B) { eachEnds(b, benchmarkIdlePass) }

func benchmarkIdlePass(b *testing.B, open func(*testing.B) *memstore.Store) {
	j, err := Prepare(b.Context(), farmOf(b, 100_000, open).o)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	r, err := j.begin(true)
	if err == nil {
		err = r.finishFull(b.Context(), PhaseCopy)
	}
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r.idlePass(b)
	}
}

// clients work on the source until they are stopped, and go on at the target. Each request reads exclusively and writes; one of
// a hundred abandons its session.
type clients struct {
	*bench
	sessions              int
	target                atomic.Bool
	gate                  sync.RWMutex // held by requests; the freeze takes it
	lastWrite, firstWrite atomic.Int64 // to the source, and to the target
}

// client makes so many requests a second.
func (c *clients) client(ctx context.Context, each int, rng *rand.Rand) {
	tick := time.NewTicker(time.Second / time.Duration(each))
	defer tick.Stop()
	for ctx.Err() == nil {
		<-tick.C
		c.gate.RLock()
		moved := c.target.Load()
		s, k := c.from, c.source(rng.IntN(c.sessions))
		if moved {
			s, k = c.to, c.bench.target(rng.IntN(c.sessions))
		}
		item, err := s.GetExclusive(ctx, k)
		if err == nil && rng.IntN(100) == 0 {
			err = s.Remove(ctx, k, session.IfCookie(item.Cookie))
		} else if err == nil {
			err = s.SetAndRelease(ctx, k, session.Value{Payload: item.Payload, Timeout: 20}, session.IfCookie(item.Cookie))
		}
		if now := time.Now().UnixNano(); err == nil && moved {
			c.firstWrite.CompareAndSwap(0, now)
		} else if err == nil {
			c.lastWrite.Store(now)
		}
		c.gate.RUnlock()
	}
}

// stage stops the clients for the freeze.
func (c *clients) stage(_ context.Context, s Stage, _ Facts) error {
	switch s {
	case StageFreeze:
		c.gate.Lock()
	case StageDone:
		c.target.Store(true)
		c.gate.Unlock()
	}
	return nil
}

// BenchmarkFreeze cuts over 100,000 sessions under 2,000 requests a second: how long nobody could write, also in idle passes,
// which say how fast the machine is at that moment.
func BenchmarkFreeze(b *testing.B) { eachEnds(b, benchmarkFreeze) }

func benchmarkFreeze(b *testing.B, open func(*testing.B) *memstore.Store) {
	const sessions, several, each = 100_000, 20, 100
	for range b.N {
		c := &clients{bench: farmOf(b, sessions, open), sessions: sessions}
		ctx, cancel := context.WithCancel(b.Context())
		var running sync.WaitGroup
		for i := range several {
			running.Go(func() { c.client(ctx, each, rand.New(rand.NewPCG(uint64(i), 1))) })
		}
		st := NewSteering(0)
		c.o.Stage = c.stage
		c.onPass(func(p PassDone) {
			b.Logf("pass %d: %d rows, %d deleted, %v", p.Pass, p.Lag.Rows, p.Deleted, p.Took)
			if p.Pass == 5 {
				st.CutOver()
			}
		})
		j, err := Prepare(b.Context(), c.o)
		if err != nil {
			b.Fatal(err)
		}
		rep, err := j.Follow(b.Context(), st)
		if err != nil {
			b.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond) // of clients at the target
		cancel()
		running.Wait()
		r, err := j.begin(true)
		if err != nil {
			b.Fatal(err)
		}
		idle := min(r.idlePass(b), r.idlePass(b), r.idlePass(b))
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
		freeze := time.Duration(c.firstWrite.Load() - c.lastWrite.Load())
		b.ReportMetric(float64(freeze.Milliseconds()), "ms-freeze")
		b.ReportMetric(float64(rep.Freeze.Carry.Milliseconds()), "ms-carry")
		b.ReportMetric(float64(rep.Freeze.Check.Milliseconds()), "ms-check")
		b.ReportMetric(float64(rep.Freeze.Save.Milliseconds()), "ms-save")
		b.ReportMetric(float64(idle.Milliseconds()), "ms-idle")
		b.ReportMetric(float64(freeze)/float64(idle), "idle-passes")
		b.ReportMetric(float64(rep.Freeze.Changed), "changed")
		b.ReportMetric(float64(rep.Freeze.Passes), "passes")
	}
}
