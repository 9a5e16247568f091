package copier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Job is a copy that has passed, or failed, its preflight. It holds the ledger until Close.
type Job struct {
	Plan *Plan

	o      Options
	ledger *ledger // nil before Run where none existed
	saved  *checkpoint
	pace   *pacer

	mu      sync.Mutex // guards what the observer is told
	notices map[NoticeKind]int
}

// noticesPerKind bounds how many rows of one kind are announced one by one.
const noticesPerKind = 10

// Prepare runs the preflight: it reads both ends, the checkpoint and the ledger, and writes nothing. What stands in the
// way is in Job.Plan.Checks; wrong usage and unreadable ends are errors, and so is a damaged or foreign checkpoint or
// ledger (*StateError).
func Prepare(ctx context.Context, o Options) (*Job, error) {
	o.setDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	j := &Job{o: o, notices: map[NoticeKind]int{}, pace: &pacer{rate: o.Rate}}
	if err := j.loadState(); err != nil {
		return nil, err
	}
	if err := j.preflight(ctx); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// Close gives the ledger back. The Job cannot be run afterwards.
func (j *Job) Close() error {
	if j.ledger == nil {
		return nil
	}
	err := j.ledger.close()
	j.ledger = nil
	return err
}

func (j *Job) ledgerDir() string { return j.o.State + ".ledger" }

// loadState reads what an earlier run has left. With StartOver nothing is read; Run removes it before it writes.
func (j *Job) loadState() (err error) {
	if j.o.StartOver {
		return nil
	}
	saved, err := loadCheckpoint(j.o.State)
	if err != nil {
		return err
	}
	if saved != nil && (saved.From != j.o.fromPrint() || saved.To != j.o.toPrint()) {
		return &StateError{
			Path: j.o.State, Kind: StateForeign, Detail: "it belongs to a copy between other stores or under another target rule",
			Hint: "give another --checkpoint FILE",
		}
	}
	if saved != nil && !saved.Complete && saved.Plan != j.o.planPrint() {
		return &StateError{
			Path: j.o.State, Kind: StateForeign, Detail: "it belongs to an interrupted run with other applications, id rules or compression",
			Hint: "run again as before to finish it, or begin anew with --start-over",
		}
	}
	_, err = os.Stat(j.ledgerDir())
	switch {
	case errors.Is(err, fs.ErrNotExist) && saved != nil:
		return &StateError{
			Path: j.ledgerDir(), Kind: StateDamaged, Detail: "the checkpoint is there, but its ledger is gone",
			Hint: "put it back, or begin anew with --start-over: what the target holds then counts as its own",
		}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	j.saved = saved
	j.ledger, err = openLedger(j.ledgerDir(), j.o.fingerprint())
	return err
}

// preflight takes the census and asks the checks.
func (j *Job) preflight(ctx context.Context) error {
	o := &j.o
	now := session.At(o.Now())
	p := &Plan{
		From: o.From.Title, To: o.To.Title, FromRules: o.From.Spelling.Rules, ToRule: o.ToRule, Learned: o.Learned,
		InPlace: o.inPlace(), ToForm: o.ToCompressed, TargetRows: -1, Resume: j.saved != nil && !j.saved.Complete,
	}
	j.Plan = p
	j.observe(PhaseStarted{Phase: PhasePreflight, Total: count(ctx, o.Source)})
	all := newCensus()
	var mu sync.Mutex
	pg := j.pager(o.Source, o.From.Title)
	pg.pace = &pacer{}
	err := pg.run(ctx, "", func(ctx context.Context, recs []session.Record) (tally, error) {
		c, err := o.countPage(ctx, recs, now)
		if err != nil {
			return tally{}, err
		}
		mu.Lock()
		defer mu.Unlock()
		all.merge(c)
		return tally{}, nil
	}, func(_ session.Cursor, rows int, _ tally) error {
		mu.Lock()
		n := all.rows
		mu.Unlock()
		j.observe(Progress{Phase: PhasePreflight, Rows: n})
		return nil
	})
	if err != nil {
		return err
	}
	all.fill(p)
	f := &facts{o: o, plan: p, census: all}
	p.TargetRows = count(ctx, o.Target)
	if j.ledger != nil {
		if f.ledgerLive, err = liveEntries(j.ledger, now); err != nil {
			return err
		}
		if f.target, err = o.countTarget(ctx, now); err != nil {
			return err
		}
	}
	for _, check := range checks {
		p.Checks = append(p.Checks, check(f))
	}
	j.observe(Planned{p})
	return nil
}

// liveEntries counts the sessions that we put into the target and that should be alive.
func liveEntries(l *ledger, now session.Instant) (n int64, err error) {
	err = l.each(func(e ledgerEntry) error {
		if e.Done && e.After != 0 && e.Expires > now {
			n++
		}
		return nil
	})
	return n, err
}

// count asks a store for its number of rows; -1 when it cannot tell.
func count(ctx context.Context, store any) int64 {
	c, ok := store.(session.Counter)
	if !ok {
		return -1
	}
	n, err := c.Count(ctx)
	if err != nil {
		return -1
	}
	return n
}

func (j *Job) pager(from session.Scanner, what string) *pager {
	return &pager{from: from, what: what, limit: j.o.PageRows, bytes: j.o.PageBytes, workers: j.o.Workers, pace: j.pace}
}

// Run copies, sweeps and reports. It returns a *RefusedError if the preflight refused. When the context ends it saves
// what it has done and returns the context's error; the next run goes on from there.
func (j *Job) Run(ctx context.Context) (rep Report, err error) {
	if err := j.Plan.Err(); err != nil {
		return rep, err
	}
	r, err := j.begin()
	if err != nil {
		return rep, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.save()) // as far as the marks came: the next run goes on there
		}
	}()
	rep.Resumed = j.Plan.Resume
	if Phase(r.at.Phase) == PhaseCopy {
		if err := r.copyAll(ctx); err != nil {
			return r.report(rep), err
		}
	}
	if Phase(r.at.Phase) == PhaseSweep {
		if err := r.sweep(ctx); err != nil {
			return r.report(rep), err
		}
	}
	if j.o.RemoveOld && r.total.Differences == 0 {
		if rep.RemovedOld, err = r.removeOld(ctx); err != nil {
			return r.report(rep), err
		}
	}
	r.at.Complete = true
	if err := r.save(); err != nil {
		return r.report(rep), err
	}
	rep = r.report(rep)
	j.observe(Finished{rep})
	return rep, nil
}

// run is one pass in progress. Only the goroutine that marks pages touches it.
type run struct {
	*Job
	at      checkpoint // as it would be saved now
	total   tally      // of all marked pages
	savedAt time.Time
	began   time.Time
}

// tally is what the checkpoint keeps of a pass besides its place.
type tally struct {
	Counters
	Present int64           `json:"present"` // target rows of this pass that the sweep has seen and that live beyond Horizon
	Horizon session.Instant `json:"horizon"` // see run.horizon; 0 before the sweep
}

func (t *tally) add(d tally) {
	t.Counters.add(d.Counters)
	t.Present += d.Present
}

// begin opens the ledger and decides where the pass starts.
func (j *Job) begin() (*run, error) {
	if j.o.StartOver {
		if err := os.Remove(j.o.State); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("starting over: %w", err)
		}
		if err := os.RemoveAll(j.ledgerDir()); err != nil {
			return nil, fmt.Errorf("starting over: %w", err)
		}
	}
	if j.ledger == nil {
		l, err := openLedger(j.ledgerDir(), j.o.fingerprint())
		if err != nil {
			return nil, err
		}
		j.ledger = l
	}
	r := &run{Job: j, savedAt: time.Now(), began: time.Now()}
	r.at = checkpoint{
		From: j.o.fromPrint(), To: j.o.toPrint(), Plan: j.o.planPrint(), Phase: string(PhaseCopy), Pass: 1,
	}
	switch {
	case j.saved == nil:
	case j.saved.Complete:
		r.at.Pass = j.saved.Pass + 1
	default:
		r.at.Phase, r.at.Cursor, r.at.Pass = j.saved.Phase, j.saved.Cursor, j.saved.Pass
		if err := json.Unmarshal(j.saved.Counters, &r.total); err != nil {
			return nil, &StateError{
				Path: j.o.State, Kind: StateDamaged, Detail: "its counters cannot be read", Hint: "begin anew with --start-over",
			}
		}
	}
	return r, r.save()
}

// save writes the checkpoint. It may name only what is done: pages before the cursor are in the target, and the ledger
// knows them durably.
func (r *run) save() error {
	if err := r.ledger.sync(); err != nil {
		return err
	}
	c, err := json.Marshal(r.total)
	if err != nil {
		return err
	}
	r.at.Counters, r.at.Saved = c, r.o.Now().UTC()
	r.savedAt = time.Now()
	return saveCheckpoint(r.o.State, r.at)
}

// phase runs one scan of the run, with marks and progress.
func (r *run) phase(ctx context.Context, ph Phase, from session.Scanner, what string, total int64,
	work func(context.Context, []session.Record) (tally, error),
) error {
	after := session.Cursor(r.at.Cursor)
	var rows int64
	if ph == PhaseCopy {
		rows = r.total.Scanned
	}
	r.observe(PhaseStarted{Phase: ph, Total: total, Done: rows})
	return r.pager(from, what).run(ctx, after, work, func(next session.Cursor, n int, done tally) error {
		r.total.add(done)
		rows += int64(n)
		r.observe(Progress{Phase: ph, Rows: rows, Counters: r.total.Counters})
		if next == "" {
			return nil // the phase's end; whoever called moves on and saves
		}
		r.at.Cursor = string(next)
		if time.Since(r.savedAt) < r.o.SaveEvery {
			return nil
		}
		return r.save()
	})
}

// move enters the next phase, from its beginning.
func (r *run) move(ph Phase) error {
	r.at.Phase, r.at.Cursor = string(ph), ""
	return r.save()
}

func (r *run) report(rep Report) Report {
	rep.Counters, rep.Took = r.total.Counters, time.Since(r.began)
	return rep
}

func (j *Job) observe(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.o.Observe(e)
}

// notice announces a row, unless its kind has been announced often enough.
func (j *Job) notice(kind NoticeKind, k session.Key, format string, a ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.notices[kind]++; j.notices[kind] <= noticesPerKind {
		j.o.Observe(Notice{Kind: kind, ID: k.String(), Text: fmt.Sprintf(format, a...)})
	}
}
