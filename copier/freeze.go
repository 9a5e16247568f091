package copier

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Freeze is how long the application stood still for a cut-over, in its steps.
type Freeze struct {
	Stop  time.Duration // until the stage "freeze" had stopped the application
	Carry time.Duration // the last changes and deletions, in Passes
	Locks time.Duration // within Carry: waiting for sessions that somebody still had locked
	Check time.Duration // ids of the target against the ledger, as far as that took longer than the last pass
	Save  time.Duration // until the checkpoint says so
	Total time.Duration // from the call of the stage "freeze" to that of the stage "done"

	Passes  int
	Changed int64 // sessions written or removed meanwhile
	Locked  int64 // sessions that stayed locked, and were copied as they are
}

// finalPasses is how many passes of the freeze may find changes that no lock explains. The first is expected to: it carries
// what the source took before it stopped.
const finalPasses = 3

// cutOver verifies all rows, freezes the source, carries what is left, and says so.
func (r *run) cutOver(ctx context.Context) (*Freeze, error) {
	if err := r.beginFull(); err != nil {
		return nil, err
	}
	if err := r.finishFull(ctx, PhaseVerify); err != nil {
		return nil, err
	}
	if r.total.Differences > 0 {
		return nil, fmt.Errorf("%w: %d sessions", ErrDifferent, r.total.Differences)
	}
	if err := r.passUntilSmall(ctx); err != nil {
		return nil, err
	}
	if err := r.stage(ctx, StageBeforeFinal, nil); err != nil {
		return nil, err
	}
	if err := r.mayFollow(ctx); err != nil {
		return nil, err
	}
	f := &Freeze{}
	if err := r.frozen(ctx, f); err != nil {
		return nil, err
	}
	r.observe(CutOverDone{*f})
	if err := r.stage(ctx, StageDone, nil); err != nil {
		return f, fmt.Errorf("the target has everything, and leads: %w", err)
	}
	return f, nil
}

// passUntilSmall carries what was written during the verification, in passes that become shorter: what the last one
// leaves is carried while the application stands still.
func (r *run) passUntilSmall(ctx context.Context) error {
	const most = 5
	before := time.Duration(math.MaxInt64)
	for range most {
		d, err := r.pass(ctx, PhaseFollow)
		if err != nil {
			return err
		}
		if d.changed() == 0 || d.took <= r.o.Follow.Small && d.took >= before/4*3 {
			break
		}
		before = d.took
	}
	return nil
}

// frozen is what happens while the application stands still.
func (r *run) frozen(ctx context.Context, f *Freeze) error {
	began := time.Now()
	if err := r.stage(ctx, StageFreeze, nil); err != nil {
		return err
	}
	f.Stop = time.Since(began)
	r.steer.hurry(true)
	defer r.steer.hurry(false)
	if err := r.stage(ctx, StageFrozen, nil); err != nil {
		return err
	}
	at := time.Now()
	checked, err := r.carryLast(ctx, f)
	if err != nil {
		return err
	}
	f.Carry = time.Since(at)
	at = time.Now()
	if !checked {
		if err := r.checkIDs(ctx); err != nil {
			return err
		}
	}
	f.Check = time.Since(at)
	if r.total.Differences > 0 {
		return fmt.Errorf("%w: %d sessions. Nothing was cut over; the source leads", ErrDifferent, r.total.Differences)
	}
	at = time.Now()
	r.at.Complete = true
	if err := r.move(PhaseCutOver); err != nil {
		r.at.Complete = false
		return err
	}
	f.Save, f.Total = time.Since(at), time.Since(began)
	return nil
}

// carryLast makes passes until one finds nothing changed, long enough after the one before it. Sessions that somebody has
// locked are waited for: their requests were under way when the application was stopped. If the source goes on changing
// all the same, it has not been stopped, and nothing is cut over. checked: the ids of the target need no other look.
func (r *run) carryLast(ctx context.Context, f *Freeze) (checked bool, err error) {
	deadline := time.Now().Add(r.o.Follow.LockWait)
	busy, locked, waiting := 0, int64(0), false
	var since time.Time // locks have been waited for
	for {
		var d delta
		if f.Passes == 0 || waiting {
			d, err = r.pass(ctx, PhaseFinal)
			checked = false
		} else { // perhaps the last one
			d, checked, err = r.passAndCheck(ctx)
		}
		if err != nil {
			return false, err
		}
		f.Passes++
		f.Changed += d.changed()
		if f.Passes > 1 && d.changed() > locked {
			if busy++; busy >= finalPasses {
				return false, stillWritten(d)
			}
		}
		waiting = d.held > 0 && time.Now().Before(deadline)
		if !since.IsZero() {
			f.Locks = time.Since(since)
		}
		if f.Passes > 1 && d.changed() == 0 && !waiting {
			f.Locked = d.locked
			return checked, nil
		}
		locked = d.locked
		pause := time.Duration(0)
		if waiting {
			pause = lockPoll
			if since.IsZero() {
				since = time.Now()
			}
		}
		if d.fresh > 0 {
			pause = max(pause, r.o.Follow.Settle)
		}
		if err := sleep(ctx, pause); err != nil {
			return false, err
		}
	}
}

// lockBroken is the age at which ASP.NET takes a lock for one that its page has left: executionTimeout, where web.config says
// nothing (sql-layouts.md 16.4). Nobody waits for it.
const lockBroken = 110 * session.Second

// lockPoll is how long the freeze waits before it looks again at locked sessions.
const lockPoll = 50 * time.Millisecond

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	return sleepUntil(ctx, d, nil)
}

func stillWritten(d delta) error {
	return &RefusedError{Checks: []Check{{
		Name: "frozen", Verdict: Refused,
		Detail: fmt.Sprintf("the source still takes writes after the freeze: the last pass has found %d sessions changed. Nothing was cut over; the source leads",
			d.changed()),
		Remedy: "stop every web server of the application, then run again and cut over",
	}}}
}

// passAndCheck makes a pass, and looks at the ids of the target beside it. The look counts if it has found all, and if the
// pass has left ledger and target alone.
func (r *run) passAndCheck(ctx context.Context) (d delta, checked bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var beside sync.WaitGroup
	var lost int64
	var failed error
	beside.Go(func() { lost, failed = r.lost(ctx) })
	if d, err = r.pass(ctx, PhaseFinal); err != nil {
		cancel()
	}
	beside.Wait()
	return d, failed == nil && lost <= 0 && d.changed() == 0 && d.missing == 0, err
}

// checkIDs compares the ids of the target with those that the ledger says are there.
func (r *run) checkIDs(ctx context.Context) error {
	lost, err := r.lost(ctx)
	if err == nil && lost > 0 {
		r.total.Differences += lost
		r.notice(NoticeDifference, session.Key{}, "%d sessions that were written are no longer in the target", lost)
	}
	return err
}

// lost is how many sessions that were written, and live for some time yet, the target lacks.
func (r *run) lost(ctx context.Context) (int64, error) {
	horizon := r.newHorizon()
	var present atomic.Int64
	err := r.pager(skim(r.o.Target), r.o.To.Title).run(ctx, "", func(ctx context.Context, got session.Page) (tally, error) {
		ids := make([]idHash, len(got.Records))
		for i := range got.Records {
			ids[i] = hashID(got.Records[i].Key, r.o.To.fold())
		}
		entries, known, err := r.ledger.get(ids)
		for i, e := range entries {
			if known[i] && e.Done && e.After != 0 && e.Expires > horizon {
				present.Add(1)
			}
		}
		return tally{}, err
	}, func(session.Cursor, int, tally) error { return nil })
	if err != nil {
		return 0, err
	}
	want, err := r.ledger.countOf(func(e ledgerEntry) bool { return e.Done && e.After != 0 && e.Expires > horizon })
	return want - present.Load(), err
}
