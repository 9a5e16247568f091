package copier

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aspstate/aspstate/session"
)

// Comparison is the outcome of a verification.
type Comparison struct {
	Scanned        int64 // source rows looked at
	SkippedExpired int64
	Superseded     int64
	Refused        int64 // rows that no copy could hold, that nobody can read, or whose application is unknown
	Unknown        int64 // among the refused: rows of no known application, or under a rule that was not named
	Equal          int64
	Differing      int64            // sessions that differ in at least one aspect, missing and extra ones included
	Aspects        map[Aspect]int64 // how often each aspect differs; a session may count under several
}

// Verify compares two stores as they are now, and writes nothing: every live source row with the target row that a copy
// would have made of it, and every live target row with its source. Payloads are equal when their bytes are, or when
// they inflate to the same bytes. A row that differs is read again from both sides before it is called different.
//
// State, StartOver, RemoveOld and the compression of the target are not looked at.
func Verify(ctx context.Context, o Options) (Comparison, error) {
	o.setDefaults()
	if err := o.check(); err != nil {
		return Comparison{}, err
	}
	v := &verification{
		Job: &Job{o: o, notices: map[NoticeKind]int{}, pace: &pacer{rate: o.Rate}},
		sum: Comparison{Aspects: map[Aspect]int64{}},
	}
	if err := v.scan(ctx, PhaseVerify, o.Source, o.From.Title, v.sourcePage); err != nil {
		return v.sum, err
	}
	err := v.scan(ctx, PhaseExtra, o.Target, o.To.Title, v.targetPage)
	return v.sum, err
}

type verification struct {
	*Job
	mu  sync.Mutex
	sum Comparison
}

func (v *verification) scan(ctx context.Context, ph Phase, s Source, title string,
	work func(context.Context, session.Page) error,
) error {
	v.observe(PhaseStarted{Phase: ph, Total: count(ctx, s)})
	if ph == PhaseExtra { // that a row is there is all that matters
		s = skim(s)
	}
	var rows int64
	return v.pager(s, title).run(ctx, "", func(ctx context.Context, got session.Page) (tally, error) {
		return tally{}, work(ctx, got)
	}, func(_ session.Cursor, n int, _ tally) error {
		rows += int64(n)
		v.observe(Progress{Phase: ph, Rows: rows})
		return nil
	})
}

func (v *verification) add(f func(*Comparison)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f(&v.sum)
}

// sourcePage compares one page of source rows with their copies.
func (v *verification) sourcePage(ctx context.Context, got session.Page) error {
	p := &pageCopy{Job: v.Job, now: session.At(v.o.Now())}
	jobs, err := p.jobs(ctx, got)
	if err != nil {
		return err
	}
	v.add(func(c *Comparison) {
		c.Scanned += p.n.Scanned
		c.SkippedExpired += p.n.SkippedExpired
		c.Superseded += p.n.Superseded
		c.Refused += p.n.Refused
		c.Unknown += p.n.Unknown
	})
	doubt, _, err := v.compare(ctx, jobs)
	if err != nil || len(doubt) == 0 {
		return err
	}
	// Both ends may be in use: look again before calling anything different.
	keys := make([]session.Key, len(doubt))
	for i, j := range doubt {
		keys[i] = j.src.Key
	}
	again, err := v.o.Source.Peek(ctx, keys)
	if err != nil {
		return fmt.Errorf("reading %s again: %w", v.o.From.Title, err)
	}
	kept := doubt[:0]
	for i, r := range again {
		if r == nil || dead(r, p.now, v.o.From.Layout) {
			continue // gone meanwhile: its copy, if it stays, is found as extra
		}
		doubt[i].src = r
		if err := v.o.desire(doubt[i]); err != nil {
			return fmt.Errorf("session %v: %w", r.Key, err)
		}
		kept = append(kept, doubt[i])
	}
	differ, how, err := v.compare(ctx, kept)
	if err != nil {
		return err
	}
	for i, j := range differ {
		v.differs(j.want.Key, how[i])
	}
	return nil
}

// compare counts the jobs whose copies are equal and returns the others with what differs.
func (v *verification) compare(ctx context.Context, jobs []*job) (differ []*job, how [][]Aspect, err error) {
	if len(jobs) == 0 {
		return nil, nil, nil
	}
	keys := make([]session.Key, len(jobs))
	for i, j := range jobs {
		keys[i] = j.want.Key
	}
	rows, err := v.o.Target.Peek(ctx, keys)
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", v.o.To.Title, err)
	}
	var equal int64
	for i, j := range jobs {
		as := []Aspect{AspectMissing}
		if rows[i] != nil {
			as = compare(&j.want, rows[i], true)
		}
		if as == nil {
			equal++
			continue
		}
		differ, how = append(differ, j), append(how, as)
	}
	v.add(func(c *Comparison) { c.Equal += equal })
	return differ, how, nil
}

// targetPage looks for live target rows that the source lacks.
func (v *verification) targetPage(ctx context.Context, got session.Page) error {
	recs := got.Records
	now := session.At(v.o.Now())
	if v.o.inPlace() {
		return nil // what has no old row beside it is what a re-spelling leaves
	}
	from, err := (&pageSweep{Job: v.Job, now: now}).origins(ctx, recs, func(int) (uint32, bool) { return 0, false })
	if err != nil {
		return err
	}
	for i := range recs {
		if from[i] == originGone && !dead(&recs[i], now, v.o.To.Layout) {
			v.differs(recs[i].Key, []Aspect{AspectExtra})
		}
	}
	return nil
}

func (v *verification) differs(k session.Key, as []Aspect) {
	v.add(func(c *Comparison) {
		c.Differing++
		for _, a := range as {
			c.Aspects[a]++
		}
	})
	v.notice(NoticeDifference, k, "%v", as)
}

// Differences lists the aspects that differ, in a stable order.
func (c *Comparison) Differences() []Aspect { return slices.Sorted(maps.Keys(c.Aspects)) }
