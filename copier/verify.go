package copier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Comparison is the outcome of a verification. The source rows that were scanned are the sum of SkippedExpired, Superseded,
// Refused, Equal, Gone, and those among Differing and Busy that are no extra rows of the target.
type Comparison struct {
	Scanned        int64 `json:"scanned"` // source rows looked at
	SkippedExpired int64 `json:"skipped_expired"`
	Superseded     int64 `json:"superseded"`
	Refused        int64 `json:"refused"` // rows that no copy could hold, that nobody can read, or whose application is unknown
	Unknown        int64 `json:"unknown"` // among the refused: rows of no known application, or under a rule that was not named
	Equal          int64 `json:"equal"`
	Decoded        int64 `json:"decoded"`   // among the equal: payloads of other bytes that decode to the same session
	Gone           int64 `json:"gone"`      // removed from the source, or expired, while they were compared
	Busy           int64 `json:"busy"`      // kept changing, so that nobody can say
	Differing      int64 `json:"differing"` // sessions that differ in at least one aspect, missing and extra ones included

	Aspects map[Aspect]int64 `json:"aspects"` // how often each aspect differs; a session may count under several

	Began   time.Time `json:"began"` // UTC; of the first part, where it was resumed
	Resumed bool      `json:"resumed"`
}

// add takes in what a page has found.
func (c *Comparison) add(d *Comparison) {
	c.Scanned += d.Scanned
	c.SkippedExpired += d.SkippedExpired
	c.Superseded += d.Superseded
	c.Refused += d.Refused
	c.Unknown += d.Unknown
	c.Equal += d.Equal
	c.Decoded += d.Decoded
	c.Gone += d.Gone
	c.Busy += d.Busy
	c.Differing += d.Differing
	for a, n := range d.Aspects {
		c.Aspects[a] += n
	}
}

// Differences lists the aspects that differ, in a stable order.
func (c *Comparison) Differences() []Aspect { return slices.Sorted(maps.Keys(c.Aspects)) }

// VerifyOptions say how a verification goes about it.
type VerifyOptions struct {
	State     string // path of its checkpoint; "": it cannot be resumed
	StartOver bool   // forget the checkpoint

	Rereads int           // how often at most a row that differs is read again; 0: 5
	Settle  time.Duration // time before each of these; 0: 500 ms, negative: none
}

func (v *VerifyOptions) setDefaults() {
	if v.Rereads <= 0 {
		v.Rereads = 5
	}
	if v.Settle == 0 {
		v.Settle = 500 * time.Millisecond
	}
}

// Verify compares two stores, both of which may be in use, and changes neither: every live source row with the target row
// that a copy would have made of it, and every live target row with its source.
//
// Payloads are equal when ASP.NET would read the same session from both, see sameSession. A row is called different only
// when two looks at both stores, Settle apart, have shown the same rows: then both were so at one moment. A row that has
// changed between all looks counts as busy.
//
// With a State it goes on where it was stopped: when the context ends, or after a crash. The checkpoint is removed at the end.
// Damaged or foreign ones are a *StateError. Of the Options State, StartOver, RemoveOld and the compression of the target
// are not looked at.
func Verify(ctx context.Context, o Options, how VerifyOptions) (Comparison, error) {
	o.setDefaults()
	if err := o.check(); err != nil {
		return Comparison{}, err
	}
	v := newVerification(&Job{o: o, notices: map[NoticeKind]int{}, pace: NewSteering(o.Rate)}, how)
	return v.run(ctx)
}

// verification is a verification under way.
type verification struct {
	*Job  // for the options, the pace and the observer
	how   VerifyOptions
	at    verifyState // as it would be saved now; only the goroutine that marks pages touches it
	saved time.Time

	mu        sync.Mutex
	announced int                            // differences
	found     map[session.Cursor]*Comparison // by pages that are done and not marked, by the cursor behind them
}

func newVerification(j *Job, how VerifyOptions) *verification {
	how.setDefaults()
	v := &verification{Job: j, how: how, saved: time.Now(), found: map[session.Cursor]*Comparison{}}
	v.at = verifyState{
		From: j.o.fromPrint(), To: j.o.toPrint(), Plan: j.o.planPrint(), Phase: string(PhaseVerify),
		Sum: Comparison{Aspects: map[Aspect]int64{}, Began: j.o.Now().UTC()},
	}
	return v
}

// run goes on from the checkpoint, if there is one, and removes it at the end.
func (v *verification) run(ctx context.Context) (Comparison, error) {
	if err := v.resume(); err != nil {
		return Comparison{}, err
	}
	if err := v.bothWays(ctx); err != nil {
		return v.at.Sum, errors.Join(err, v.save()) // as far as the marks came: the next run goes on there
	}
	return v.at.Sum, v.forgetState()
}

// bothWays does what is left to do of both directions.
func (v *verification) bothWays(ctx context.Context) error {
	if Phase(v.at.Phase) == PhaseVerify {
		if err := v.scan(ctx, v.o.Source, v.o.From.Title, (*verifyPage).source); err != nil {
			return err
		}
		v.at.Phase, v.at.Cursor, v.at.Rows = string(PhaseExtra), "", 0
	}
	if v.o.inPlace() { // what has no old row beside it is what a re-spelling leaves
		return nil
	}
	return v.scan(ctx, skim(v.o.Target), v.o.To.Title, (*verifyPage).target)
}

// scan runs through one store from where it was stopped.
func (v *verification) scan(ctx context.Context, s Source, title string, work func(*verifyPage, context.Context, session.Page) error) error {
	v.observe(PhaseStarted{Phase: Phase(v.at.Phase), Total: count(ctx, s), Done: v.at.Rows})
	return v.pager(s, title).run(ctx, session.Cursor(v.at.Cursor), func(ctx context.Context, got session.Page) (tally, error) {
		p := v.page()
		err := work(p, ctx, got)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.found[got.Next] = &p.n
		return tally{}, err
	}, v.mark)
}

// mark takes in the page before a cursor.
func (v *verification) mark(next session.Cursor, rows int, _ tally) error {
	v.mu.Lock()
	found := v.found[next]
	delete(v.found, next)
	v.mu.Unlock()
	v.at.Sum.add(found)
	v.at.Rows += int64(rows)
	v.observe(Progress{Phase: Phase(v.at.Phase), Rows: v.at.Rows})
	if next == "" {
		return nil // the phase's end
	}
	v.at.Cursor = string(next)
	if time.Since(v.saved) < v.o.SaveEvery {
		return nil
	}
	return v.save()
}

// verifyPage compares one page, or some rows.
type verifyPage struct {
	*verification
	now session.Instant
	n   Comparison
}

func (v *verification) page() *verifyPage {
	return &verifyPage{verification: v, now: session.At(v.o.Now()), n: Comparison{Aspects: map[Aspect]int64{}}}
}

// differs counts a session that differs, and announces it unless many have been.
func (p *verifyPage) differs(k session.Key, as []Aspect) {
	p.n.Differing++
	for _, a := range as {
		p.n.Aspects[a]++
	}
	p.mu.Lock()
	p.announced++
	silent := p.announced > noticesPerKind
	p.mu.Unlock()
	if !silent {
		p.observe(Notice{Kind: NoticeDifference, ID: k.String(), Text: fmt.Sprint(as)})
	}
}
