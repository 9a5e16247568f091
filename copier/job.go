package copier

import (
	"context"
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
	census *census // of this run's preflight; nil in a verification

	lastPass uint32    // the highest pass that the checkpoint or the ledger knows
	landed   time.Time // by then what an earlier run had under way has taken place, or never will
	pace     brake
	steer    *Steering
	size     *pageSize

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
	s := o.Steering
	if s == nil {
		s = NewSteering(o.Rate)
	}
	j := &Job{o: o, notices: map[NoticeKind]int{}}
	j.steerBy(s)
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
	saved, err := loadCheckpoint(j.o.State)
	if j.o.StartOver {
		return j.mayForget(saved, err)
	}
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
			Hint: "put it back; or make it anew from both stores, with --start-over --rebuild-ledger",
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
		InPlace: o.inPlace(), ToForm: o.ToCompressed, TargetRows: -1,
	}
	j.Plan = p
	j.observe(PhaseStarted{Phase: PhasePreflight, Total: count(ctx, o.Source)})
	all := newCensus()
	var rows int64
	var mu sync.Mutex
	pg := j.pager(o.Source, o.From.Title)
	err := pg.run(ctx, "", func(ctx context.Context, got session.Page) (tally, error) {
		c, err := o.countPage(ctx, got, now)
		if err != nil {
			return tally{}, err
		}
		mu.Lock()
		defer mu.Unlock()
		all.merge(c)
		return tally{}, nil
	}, func(_ session.Cursor, n int, _ tally) error {
		rows += int64(n)
		j.observe(Progress{Phase: PhasePreflight, Rows: rows})
		return nil
	})
	if err != nil {
		return err
	}
	all.fill(p)
	j.census = all
	f := &facts{o: o, plan: p, census: all}
	p.TargetRows = count(ctx, o.Target)
	if j.ledger != nil {
		if err = j.readLedger(f, now); err != nil {
			return err
		}
	}
	p.Checks = append(p.Checks, o.Checks...)
	for _, check := range checks {
		p.Checks = append(p.Checks, check(f))
	}
	j.observe(Planned{p})
	return nil
}

// landing is how long after its caller is gone a write may still take place. docs/cutover.md has the same margin.
const landing = 2 * time.Second

// readLedger counts the sessions that we put into the target and that should be alive, finds out whether a run ended with writes under
// way, and decides whether an interrupted run goes on. One that was interrupted while it removed old rows begins anew: the rows have gone on living. So does one
// whose checkpoint is older than its ledger.
func (j *Job) readLedger(f *facts, now session.Instant) error {
	if j.saved != nil {
		j.lastPass = j.saved.Pass
	}
	older := false
	err := j.ledger.each(func(e ledgerEntry) error {
		if e.Done && e.After != 0 && e.Expires > now {
			f.ledgerLive++
		}
		if !e.Done {
			j.landed = time.Now().Add(landing)
		}
		if p := passOf(e); p > j.lastPass {
			j.lastPass, older = p, true
		}
		return nil
	})
	f.plan.Resume = j.saved != nil && !j.saved.Complete && !older && Phase(j.saved.Phase) != PhaseRemoveOld
	return err
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
	return &pager{from: from, what: what, limit: j.o.PageRows, bytes: j.o.PageBytes, workers: j.o.Workers, pace: j.pace, size: j.size}
}

func (j *Job) observe(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.steer != nil { // a verification has none
		e = j.steer.told(e)
	}
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
