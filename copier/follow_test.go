package copier

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
)

// follow runs a following copy to its end.
func (b *bench) follow(s *Steering) (Report, error) {
	b.t.Helper()
	b.events = nil
	j, err := Prepare(b.t.Context(), b.o)
	if err != nil {
		return Report{}, err
	}
	defer j.Close()
	return j.Follow(b.t.Context(), s)
}

// onPass calls f after each pass.
func (b *bench) onPass(f func(PassDone)) {
	b.o.Observe = func(e Event) {
		b.events = append(b.events, e)
		if p, ok := e.(PassDone); ok {
			f(p)
		}
	}
}

func (b *bench) source(i int) session.Key { return b.spell("shop", raw(i), layout.RuleInbox) }
func (b *bench) target(i int) session.Key { return b.spell("shop", raw(i), layout.RuleAsync21) }

// same checks that the target has just the live sessions of the source, equal.
func (b *bench) same() {
	b.t.Helper()
	c, err := Verify(b.t.Context(), b.o, b.how)
	if err != nil || c.Differing != 0 {
		b.t.Errorf("the ends differ: %v, %+v", err, c)
	}
}

func TestFollowCarriesWhatChangesAndCutsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.fill(40)
		s := NewSteering(0)
		var stages []Stage
		b.o.Stage = func(_ context.Context, st Stage, f Facts) error {
			stages = append(stages, st)
			if f.Status.Stage != st {
				t.Errorf("in stage %s the status says %q", st, f.Status.Stage)
			}
			if st == StageFreeze { // the last request
				b.write(b.source(9))
			}
			return nil
		}
		b.onPass(func(p PassDone) {
			switch p.Pass {
			case 1:
				b.write(b.source(1))
				b.remove(b.from, b.source(2))
				b.put(b.from, b.record(b.source(77), fixtures.Blob("p-all")))
			case 2:
				if p.Lag.Rows != 2 || p.Deleted != 1 {
					t.Errorf("the second pass: %+v", p)
				}
				b.put(b.from, b.record(b.source(2), fixtures.Blob("empty"))) // the id comes again
			case 3:
				s.CutOver()
			}
		})
		rep, err := b.follow(s)
		if err != nil {
			t.Fatal(err)
		}
		if rep.Freeze == nil || rep.Freeze.Changed != 1 || rep.Deleted != 1 || rep.Differences != 0 {
			t.Errorf("%+v, freeze %+v", rep, rep.Freeze)
		}
		if st := s.Status().Stage; st != "" {
			t.Errorf("afterwards the status says stage %q", st)
		}
		if want := []Stage{StageBeforeCopy, StageCaughtUp, StageBeforeFinal, StageFreeze, StageFrozen, StageDone}; !slices.Equal(stages, want) {
			t.Errorf("stages %v, want %v", stages, want)
		}
		b.o.Observe = nil
		b.same()

		// What has been cut over is not followed again.
		var refused *RefusedError
		if _, err := b.follow(NewSteering(0)); !errors.As(err, &refused) || refused.Checks[0].Name != "cut-over" {
			t.Errorf("a second cut-over: %v", err)
		}
	})
}

func TestASourceThatIsNotFrozenStopsTheCutOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.fill(20)
		s := NewSteering(0)
		s.CutOver()
		stopped, frozen, cookie := false, false, int32(100)
		b.o.Stage = func(_ context.Context, st Stage, f Facts) error {
			frozen = st == StageFrozen
			if st == StageFailed && f.Err == nil {
				t.Error("the failed stage is not told why")
			}
			return nil
		}
		b.onPass(func(p PassDone) {
			if frozen && !stopped {
				old := *b.row(b.from, b.source(3))
				cookie++
				old.Lock.Cookie = cookie
				b.put(b.from, old)
			}
		})
		var refused *RefusedError
		if _, err := b.follow(s); !errors.As(err, &refused) || refused.Checks[0].Name != "frozen" {
			t.Fatalf("got %v", err)
		}
		stopped = true
		if rep, err := b.follow(s); err != nil || !rep.Resumed || rep.Freeze == nil {
			t.Errorf("following went on: %v, %+v", err, rep)
		}
		b.same()
	})
}

// TestAFailureAfterTheCutOver is not told as a failed one: the stage "failed" has the application started on the source.
func TestAFailureAfterTheCutOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.fill(20)
		s := NewSteering(0)
		s.CutOver()
		broken := errors.New("the new sites do not start")
		var last Stage
		b.o.Stage = func(_ context.Context, st Stage, _ Facts) error {
			if last = st; st == StageDone {
				return broken
			}
			return nil
		}
		if _, err := b.follow(s); !errors.Is(err, broken) || last != StageDone {
			t.Errorf("%v, the last stage was %q", err, last)
		}
	})
}

func TestTheFreezeWaitsForLocks(t *testing.T) {
	const released, kept, left = "released in time", "kept", "left by its page"
	for _, name := range []string{released, kept, left} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			b.fill(20)
			locked := *b.row(b.from, b.source(3))
			locked.Lock.Locked = true
			if name == left {
				locked.Lock.Since = session.At(b.now) - lockBroken
			}
			b.put(b.from, locked)
			s := NewSteering(0)
			s.CutOver()
			n := 0
			b.onPass(func(p PassDone) {
				if s.Status().Phase == PhaseFinal {
					if n++; n == 3 && name == released {
						b.write(b.source(3))
						row := *b.row(b.from, b.source(3))
						row.Lock.Locked = false
						b.put(b.from, row)
					}
				}
			})
			rep, err := b.follow(s)
			if err != nil {
				t.Fatal(err)
			}
			if (name == released) != (rep.Freeze.Locked == 0) || (name == left) != (rep.Freeze.Locks == 0) {
				t.Errorf("%s: %+v", name, rep.Freeze)
			}
			b.o.Observe = nil
			b.same()
		})
	}
}

func TestFollowNeedsProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.fill(10)
		copied := *b.row(b.from, b.source(1))
		copied.Key, copied.Revision = b.target(1), 0
		b.put(b.to, copied)
		b.put(b.to, b.record(b.target(50), fixtures.Blob("empty"))) // of the target's own
		s := NewSteering(0)
		s.CutOver()
		var refused *RefusedError
		if _, err := b.follow(s); !errors.As(err, &refused) || refused.Checks[0].Name != "ledger" {
			t.Fatalf("without a ledger: %v", err)
		}
		b.o.Follow.RebuildLedger = true
		b.onPass(func(p PassDone) {
			if p.Pass == 1 && b.row(b.from, b.source(1)) != nil {
				b.remove(b.from, b.source(1)) // proven to be a copy: goes with its source
			}
		})
		rep, err := b.follow(s)
		if err != nil || rep.Deleted != 1 {
			t.Fatalf("%v, %+v", err, rep.Counters)
		}
		if b.row(b.to, b.target(1)) != nil || b.row(b.to, b.target(50)) == nil {
			t.Error("the copy stayed, or the target's own went")
		}
	})
}

func TestFollowRefusesMassDeletions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.o.PageRows = 50
		b.fill(300)
		b.onPass(func(p PassDone) {
			if p.Pass == 1 {
				for i := range 290 {
					b.remove(b.from, b.source(i))
				}
			}
		})
		var refused *RefusedError
		if _, err := b.follow(NewSteering(0)); !errors.As(err, &refused) || refused.Checks[0].Name != "deletions" {
			t.Fatalf("got %v", err)
		}
		if b.row(b.to, b.target(5)) == nil {
			t.Error("copies were removed")
		}
	})
}

func TestFollowAsksWhetherItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.fill(5)
		left := errors.New("the application has left proxy")
		asked := 0
		b.o.Follow.MayFollow = func(context.Context) error {
			if asked++; asked == 4 {
				return left
			}
			return nil
		}
		if _, err := b.follow(NewSteering(0)); !errors.Is(err, left) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPauseAndRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSteering(100)
		began := time.Now()
		s.Pause("ctl")
		s.Pause("file")
		s.Resume("ctl")
		time.AfterFunc(time.Minute, func() { s.Resume("file") })
		if got := s.Status().PausedBy; !slices.Equal(got, []string{"file"}) {
			t.Errorf("paused by %v", got)
		}
		for range 3 {
			if err := s.wait(t.Context(), 100); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(began); d != time.Minute+2*time.Second {
			t.Errorf("paused and paced for %v", d)
		}
		s.SetRate(1000) // half of the second that is owed would have been left
		if err := s.wait(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d != time.Minute+2*time.Second+100*time.Millisecond {
			t.Errorf("after a change of the rate: %v", d)
		}
	})
}

func TestItGoesSlowerByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSteering(0)
		s.limit(Limits{SourceLatency: 20 * time.Millisecond, Errors: 0.1})
		call := func(d time.Duration) {
			began := time.Now()
			time.Sleep(d)
			s.called(false, began)
		}
		for range 10 {
			call(48 * time.Millisecond)
			if err := s.wait(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.Status().Throttle; got != "source latency 48ms > 20ms" {
			t.Errorf("throttled because of %q", got)
		}
		began := time.Now()
		_ = s.wait(t.Context(), 1)
		if d := time.Since(began); d < 500*time.Millisecond {
			t.Errorf("a page was put off by %v", d)
		}
		for range 40 {
			call(time.Millisecond)
		}
		for range 20 {
			_ = s.wait(t.Context(), 1)
		}
		if got := s.Status().Throttle; got != "" {
			t.Errorf("still throttled because of %q", got)
		}
		for range 10 {
			call(time.Millisecond)
			s.Retried("deadlock")
		}
		_ = s.wait(t.Context(), 1)
		if got := s.Status().Throttle; got == "" {
			t.Error("deadlocks throttle nothing")
		}
	})
}
