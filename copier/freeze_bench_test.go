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

// farmOf is a bench with so many sessions in its source.
func farmOf(b *testing.B, sessions int) *bench {
	store := func() *memstore.Store {
		s := memstore.New(memstore.Options{ServesExpired: true})
		b.Cleanup(func() { s.Close() })
		return s
	}
	bench := newBenchOf(b, store(), store())
	now := session.At(time.Now())
	for at := 0; at < sessions; at += 1000 {
		cs := make([]session.Change, 1000)
		for i := range cs {
			cs[i].Record = session.Record{
				Key: bench.source(at + i), Payload: fixtures.Blob("typical"), Timeout: 20, Created: now - session.Minute,
				Expires: now.AddMinutes(20), Lock: session.Lock{Cookie: 1, Since: now - session.Minute},
			}
		}
		if _, err := bench.from.Apply(b.Context(), cs); err != nil {
			b.Fatal(err)
		}
	}
	return bench
}

// BenchmarkIdlePass looks at 100,000 sessions of which none has changed.
func BenchmarkIdlePass(b *testing.B) {
	bench := farmOf(b, 100_000)
	j, err := Prepare(b.Context(), bench.o)
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
	r.steer.hurry(true)
	for b.Loop() {
		if d, err := r.pass(b.Context(), PhaseFinal); err != nil || d.changed() != 0 || d.n.Unchanged != 100_000 {
			b.Fatalf("%v, %+v", err, d)
		}
	}
}

// BenchmarkFreeze cuts over 100,000 sessions under 2,000 requests a second: how long nobody could write. Each request
// reads exclusively and writes; one of a hundred abandons its session. Clients work on the source until they are stopped,
// and go on at the target.
func BenchmarkFreeze(b *testing.B) {
	const sessions, clients, each = 100_000, 20, 100 // requests a second of each client
	for range b.N {
		bench := farmOf(b, sessions)
		from, to := bench.from, bench.to
		var target atomic.Bool
		var gate sync.RWMutex // held by requests; the freeze takes it
		var lastWrite, firstWrite atomic.Int64
		ctx, cancel := context.WithCancel(b.Context())
		var running sync.WaitGroup
		for c := range clients {
			running.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(c), 1))
				tick := time.NewTicker(time.Second / each)
				defer tick.Stop()
				for ctx.Err() == nil {
					<-tick.C
					gate.RLock()
					s, k := from, bench.source(rng.IntN(sessions))
					if target.Load() {
						s, k = to, bench.target(rng.IntN(sessions))
					}
					item, err := s.GetExclusive(ctx, k)
					if err == nil && rng.IntN(100) == 0 {
						err = s.Remove(ctx, k, session.IfCookie(item.Cookie))
					} else if err == nil {
						err = s.SetAndRelease(ctx, k, session.Value{Payload: item.Payload, Timeout: 20}, session.IfCookie(item.Cookie))
					}
					if now := time.Now().UnixNano(); err == nil && s == from {
						lastWrite.Store(now)
					} else if err == nil {
						firstWrite.CompareAndSwap(0, now)
					}
					gate.RUnlock()
				}
			})
		}
		st := NewSteering(0)
		bench.o.Stage = func(_ context.Context, s Stage, _ Facts) error {
			switch s {
			case StageFreeze:
				gate.Lock()
			case StageDone:
				target.Store(true)
				gate.Unlock()
			}
			return nil
		}
		bench.onPass(func(p PassDone) {
			b.Logf("pass %d: %d rows, %d deleted, %v", p.Pass, p.Lag.Rows, p.Deleted, p.Took)
			if p.Pass == 5 {
				st.CutOver()
			}
		})
		j, err := Prepare(b.Context(), bench.o)
		if err != nil {
			b.Fatal(err)
		}
		rep, err := j.Follow(b.Context(), st)
		if err != nil {
			b.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		cancel()
		running.Wait()
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(firstWrite.Load()-lastWrite.Load())/1e6, "ms-freeze")
		b.ReportMetric(float64(rep.Freeze.Carry.Milliseconds()), "ms-carry")
		b.ReportMetric(float64(rep.Freeze.Check.Milliseconds()), "ms-check")
		b.ReportMetric(float64(rep.Freeze.Save.Milliseconds()), "ms-save")
		b.ReportMetric(float64(rep.Freeze.Changed), "changed")
		b.ReportMetric(float64(rep.Freeze.Passes), "passes")
	}
}
