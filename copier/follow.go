package copier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// FollowOptions are what a following copy has of its own. The zero value works.
type FollowOptions struct {
	Every    time.Duration // between the ends of a pass and the beginning of the next; 0: 1 s
	Small    time.Duration // a pass that takes no longer has caught up; 0: 2 s
	Settle   time.Duration // how far apart two looks at a row must be, in a source without revisions; 0: 250 ms
	LockWait time.Duration // how long the freeze waits for locked sessions; 0: 10 s

	// FullEvery is how often a pass looks at all rows of a source that tells which have changed; 0: 10 min. Other passes look
	// at those only. A source that does not tell has passes over all rows alone.
	FullEvery time.Duration

	RebuildLedger bool // without a ledger: what the target has is ours if it equals what would be copied, else its own

	// MayFollow is asked at the beginning, before each pass and before the freeze; an error ends the run. nil: always.
	MayFollow func(context.Context) error
}

func (f *FollowOptions) setDefaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&f.Every, time.Second)
	set(&f.Small, 2*time.Second)
	set(&f.Settle, 250*time.Millisecond)
	set(&f.LockWait, 10*time.Second)
	set(&f.FullEvery, 10*time.Minute)
}

// Errors of a following copy.
var (
	// ErrFollowRemoveOld: old rows go only after everybody has left them.
	ErrFollowRemoveOld = errors.New("a following copy does not remove old rows")
	// ErrDifferent: the verification before the freeze has found rows that do not become equal. Nothing was frozen.
	ErrDifferent = errors.New("the verification before the cut-over has found differences")
)

// Follow copies, and then goes on to copy what changes, in passes, until Steering.CutOver is called or the context ends. s
// steers it; nil: Options.Steering. A cut-over verifies all rows, has the source frozen by the stage "freeze", carries what
// is left, and ends with the stage "done". Everything else ends with an error, and the next Follow goes on from there.
//
// Where an earlier run ended in the middle of a write, Follow waits for two seconds before it begins: until then that write may take place.
//
// In its Report, Copied, Updated, Deleted, Bytes, Verified and Differences are of all passes, the others of the last.
func (j *Job) Follow(ctx context.Context, s *Steering) (rep Report, err error) {
	if s != nil {
		j.steerBy(s)
	}
	if err := j.mayBegin(ctx); err != nil {
		return rep, err
	}
	// An insert of an earlier run that lands after its session was removed would bring it back.
	if err := sleep(ctx, time.Until(j.landed)); err != nil {
		return rep, err
	}
	r, err := j.begin(true)
	if err != nil {
		return rep, err
	}
	rep.Resumed = j.Plan.Resume
	var frozen *Freeze
	err = j.stage(ctx, StageBeforeCopy, nil)
	if err == nil {
		frozen, err = r.follow(ctx)
	}
	rep = r.report(rep)
	rep.Passes, rep.Freeze = r.passes, frozen
	switch {
	case frozen != nil && err != nil: // the target leads: nobody may be told to start the application on the source
		return rep, err
	case err != nil:
		return rep, r.failed(ctx, err)
	}
	j.observe(Finished{rep})
	return rep, nil
}

// failed ends a run that did not come to its end: the next one goes on where the marks came.
func (r *run) failed(ctx context.Context, err error) error {
	if !r.at.Complete {
		err = errors.Join(err, r.save())
	}
	return errors.Join(err, r.stage(context.WithoutCancel(ctx), StageFailed, err))
}

// mayBegin says what stands against a following copy.
func (j *Job) mayBegin(ctx context.Context) error {
	if err := j.Plan.Err(); err != nil {
		return err
	}
	if j.o.RemoveOld {
		return ErrFollowRemoveOld
	}
	if j.saved != nil && j.saved.Complete && Phase(j.saved.Phase) == PhaseCutOver {
		return &RefusedError{Checks: []Check{{
			Name: "cut-over", Verdict: Refused,
			Detail: fmt.Sprintf("this copy was cut over on %s: the target leads", j.saved.Saved.Format(time.RFC3339)),
			Remedy: "to copy these stores once more, another --checkpoint FILE, or --start-over",
		}}}
	}
	if err := j.mayFollow(ctx); err != nil {
		return err
	}
	return j.proven(ctx)
}

func (j *Job) mayFollow(ctx context.Context) error {
	if j.o.Follow.MayFollow == nil {
		return nil
	}
	return j.o.Follow.MayFollow(ctx)
}

// follow is a following copy from wherever it stands to its cut-over.
func (r *run) follow(ctx context.Context) (*Freeze, error) {
	if err := r.finishFull(ctx, PhaseCopy); err != nil {
		return nil, err
	}
	for caught := false; ; {
		d, err := r.catchUp(ctx)
		if err != nil {
			return nil, err
		}
		if small := d.took <= r.o.Follow.Small || d.took >= r.before*3/4; small && !caught {
			caught = true
			r.observe(CaughtUp{d.lag})
			if err := r.stage(ctx, StageCaughtUp, nil); err != nil {
				return nil, err
			}
		}
		r.before = d.took
		cut, err := r.steer.idle(ctx, r.o.Follow.Every)
		if err != nil {
			return nil, err
		}
		if cut && caught {
			return r.cutOver(ctx)
		}
	}
}

// finishFull brings a complete copy to its end: every source row read and compared, every target row swept.
func (r *run) finishFull(ctx context.Context, shown Phase) error {
	r.shown = shown
	if Phase(r.at.Phase) == PhaseCopy {
		if err := r.copyAll(ctx); err != nil {
			return err
		}
	}
	if Phase(r.at.Phase) == PhaseSweep {
		if err := r.sweep(ctx); err != nil {
			return err
		}
		r.ranks = true // all that the ledger has was stamped by this plan, now or earlier
	}
	return r.move(PhaseFollow)
}

// beginFull begins a complete copy.
func (r *run) beginFull() error {
	c := r.total.Counters
	r.total.Counters = Counters{
		Copied: c.Copied, Updated: c.Updated, Deleted: c.Deleted, Bytes: c.Bytes, Differences: c.Differences,
	}
	r.at.Pass++
	r.at.Changes = nil
	return r.move(PhaseCopy)
}

// delta is the outcome of a pass.
type delta struct {
	n       Counters // of this pass
	locked  int64    // rows under a lock
	held    int64    // of these, under one that a page may still have
	fresh   int64    // rows that have to be read again, however they look
	took    time.Duration
	lag     Lag
	missing int64 // live sessions of the ledger that it has not seen
	deleted int64
	tracked bool // only what the source says has changed was looked at
}

func (d *delta) changed() int64 { return d.n.Copied + d.n.Updated + d.deleted }

// pass looks at every source row without its payload, copies what has changed, and carries deletions.
func (r *run) pass(ctx context.Context, ph Phase) (d delta, err error) {
	if err := r.mayFollow(ctx); err != nil {
		return d, err
	}
	began := time.Now()
	var at *position
	if ph == PhaseFollow {
		if at, err = r.track(ctx); err != nil {
			return d, err
		}
	}
	r.at.Pass++
	r.at.Changes = nil
	if err := r.move(ph); err != nil {
		return d, err
	}
	seen, err := newIDSet(r.o.State)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, seen.close()) }()
	r.observe(PhaseStarted{Phase: ph, Total: count(ctx, r.o.Source)})
	if err := r.carry(ctx, ph, skim(r.o.Source), seen, &d); err != nil {
		return d, err
	}
	m, err := r.missing(seen)
	if err != nil {
		return d, err
	}
	r.unknown, d.missing = d.n.Unknown, m.n
	if d.deleted, err = r.carryDeletions(ctx, m, r.unknown); err != nil {
		return d, err
	}
	r.at.Changes = at
	r.endPass(began, &d)
	if ph == PhaseFinal { // whatever comes next saves
		return d, nil
	}
	return d, r.save()
}

// carry looks at the rows of a pass and copies those that have changed. seen takes the ids of a complete pass; nil: it is
// none.
func (r *run) carry(ctx context.Context, ph Phase, from session.Scanner, seen *idSet, d *delta) error {
	settled := !r.passEnd.IsZero() && time.Since(r.passEnd) >= r.o.Follow.Settle
	var mu sync.Mutex
	var rows int64
	pages := r.pager(from, r.o.From.Title)
	pages.pace = skimPace{r.pace}
	todo := &keyBuffer{}
	work := func(do func(*pageDelta) error) error {
		p := &pageDelta{seen: seen, todo: todo, pageCopy: pageCopy{
			Job: r.Job, pass: r.at.Pass, now: session.At(r.o.Now()), ranks: r.ranks, settled: settled,
		}}
		err := do(p)
		mu.Lock()
		defer mu.Unlock()
		d.n.add(p.n)
		d.locked += p.locked
		d.held += p.held
		d.fresh += p.fresh
		return err
	}
	err := pages.run(ctx, "", func(ctx context.Context, got session.Page) (tally, error) {
		return tally{}, work(func(p *pageDelta) error { return p.run(ctx, got) })
	}, func(_ session.Cursor, n int, _ tally) error {
		rows += int64(n)
		r.observe(Progress{Phase: ph, Rows: rows, Counters: r.total.Counters})
		return nil
	})
	if err != nil {
		return err
	}
	if err := work(func(p *pageDelta) error { return p.copy(ctx, todo.keys) }); err != nil {
		return err
	}
	r.passEnd = time.Now()
	return nil
}

// endPass counts a pass.
func (r *run) endPass(began time.Time, d *delta) {
	r.passes++
	c := &r.total.Counters
	sum := Counters{
		Copied: c.Copied + d.n.Copied, Updated: c.Updated + d.n.Updated, Deleted: c.Deleted + d.deleted,
		Bytes: c.Bytes + d.n.Bytes, Verified: c.Verified + d.n.Verified, Differences: c.Differences + d.n.Differences,
		Undecodable: max(c.Undecodable, d.n.Undecodable), Scanned: d.n.Scanned, Unchanged: d.n.Unchanged,
		SkippedExpired: d.n.SkippedExpired, Superseded: d.n.Superseded, TargetOwned: d.n.TargetOwned,
		Refused: d.n.Refused, Unknown: d.n.Unknown,
	}
	*c = sum
	d.took = time.Since(began)
	d.lag = Lag{Rows: d.n.Copied + d.n.Updated, Seconds: d.took.Seconds(), began: began}
	r.observe(PassDone{Pass: r.passes, Lag: d.lag, Deleted: d.deleted, Took: d.took, Tracked: d.tracked, Counters: sum})
}

// skimPace lets ten rows through for one where payloads stay where they are.
type skimPace struct{ brake }

func (s skimPace) wait(ctx context.Context, n int) error { return s.brake.wait(ctx, (n+9)/10) }

// steerBy gives the job another steering.
func (j *Job) steerBy(s *Steering) {
	s.limit(j.o.Limits)
	if m, has := j.o.Source.(meteredSource); has {
		j.o.Source = m.Source
	}
	if m, has := j.o.Target.(meteredTarget); has {
		j.o.Target = m.to
	}
	j.pace, j.steer, j.size = s, s, newPageSize(&j.o, s)
	j.o.Source = meteredSource{metered{Source: j.o.Source, steer: s}}
	j.o.Target = meteredTarget{metered{Source: j.o.Target, steer: s, target: true}, j.o.Target}
}

// resumes says whether an interrupted run goes on, and at which phase.
func (j *Job) resumes(follow bool) bool {
	if !j.Plan.Resume {
		return false
	}
	switch Phase(j.saved.Phase) {
	case PhaseCopy, PhaseSweep:
		return true
	case PhaseFollow, PhaseFinal:
		return follow // a plain run begins anew: it has to look at all rows
	}
	return false
}

// restore takes the counters of the run that this one resumes.
func (r *run) restore() error {
	r.at.Phase, r.at.Cursor, r.at.Pass = r.saved.Phase, r.saved.Cursor, r.saved.Pass
	r.at.Changes = r.saved.Changes
	if err := json.Unmarshal(r.saved.Counters, &r.total); err != nil {
		return &StateError{
			Path: r.o.State, Kind: StateDamaged, Detail: "its counters cannot be read", Hint: "begin anew with --start-over",
		}
	}
	return nil
}
