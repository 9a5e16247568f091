package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/traffic"
	"github.com/aspstate/aspstate/internal/ui"
	"github.com/aspstate/aspstate/session"
)

// rehearseFlags are those of a rehearsal.
func rehearseFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "rehearse", Usage: "do all of it against a scratch target, and tell how long it takes, how long the freeze is, and what it costs: a real source is only read, a sandbox gets traffic"},
		&cli.IntFlag{Name: "traffic", Value: 200, Usage: "`N` pages a second on the sandbox of a rehearsal"},
	}
}

// A rehearsal lasts at least so long: pages alone before, and on the target afterwards.
const (
	rehearseAlone  = 2 * time.Second
	rehearseAfter  = time.Second
	rehearsePasses = 3 // of a real source, once it has been caught up with
)

// rehearse does what migrate --follow and a cut-over would do, and leaves nothing behind.
func rehearse(c *cli.Context, s Streams) (err error) {
	for _, name := range []string{"follow", "dry-run", "start-over", "checkpoint", "rebuild-ledger", "remove-old", "hook"} {
		if c.IsSet(name) {
			return usage("leave --"+name+" out", "--rehearse is a run of its own: --%s does not go with it", name)
		}
	}
	if c.IsSet("sandbox") || c.IsSet("sandbox-reset") {
		return usage("say how large with --sandbox-sessions", "--rehearse makes a sandbox of its own")
	}
	if c.Int("traffic") < 0 {
		return usage("", "--traffic cannot be less than nothing")
	}
	dir, err := os.MkdirTemp("", "aspstate-rehearsal-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := errors.Join(c.Set("sandbox", filepath.Join(dir, "sandbox")), c.Set("checkpoint", filepath.Join(dir, "checkpoint"))); err != nil {
		return err
	}
	return withEnds(c, s, nil, func(st *stores, o copier.Options, out *observer) error {
		if n, err := st.to.table.Count(c.Context); err != nil || n > 0 {
			return errors.Join(err, &failure{
				code: exitRefused, err: fmt.Errorf("the target has %d rows: a rehearsal wants one that nobody needs", n),
				hint: "leave --to-dsn out, or name an empty database",
			})
		}
		r := &rehearsal{c: c, st: st, o: o, began: time.Now(), steering: copier.NewSteering(c.Int("rate"))}
		if err := r.run(out); err != nil {
			return err
		}
		return r.tell(s.Out, c.Bool("json"))
	})
}

// rehearsal is one under way.
type rehearsal struct {
	c        *cli.Context
	st       *stores
	o        copier.Options
	steering *copier.Steering
	farm     *traffic.Farm // nil: a real source, of which nothing is known but what is read
	began    time.Time

	mu     sync.Mutex
	phases map[copier.Phase]time.Duration
	phase  copier.Phase
	at     time.Time // when it began
	passes []copier.PassDone
	copied copier.Counters
	caught bool

	report rehearsed
	last   time.Time // when a page's change was acknowledged last before the freeze
}

// rehearsed is what a rehearsal has found out.
type rehearsed struct {
	Event     string  `json:"event"`
	Sandbox   bool    `json:"sandbox"`
	Rows      int64   `json:"rows"`
	Copied    int64   `json:"copied"`
	Bytes     int64   `json:"bytes"`
	Preflight float64 `json:"preflight_seconds"`
	Copy      float64 `json:"copy_seconds"`
	Sweep     float64 `json:"sweep_seconds"`
	Passes    int     `json:"passes"`
	Pass      float64 `json:"pass_seconds"`
	Changed   int64   `json:"pass_rows"`
	Verify    float64 `json:"verify_seconds,omitempty"`
	Freeze    float64 `json:"freeze_seconds"`
	Locks     float64 `json:"freeze_lock_seconds,omitempty"` // of these, waiting for sessions that somebody had locked
	Locked    int64   `json:"freeze_locked,omitempty"`       // sessions that stayed so
	Estimated bool    `json:"freeze_estimated,omitempty"`
	Seen      float64 `json:"standstill_seconds,omitempty"` // from the last change before to the first after, as the pages saw it

	Pages   int64           `json:"pages,omitempty"`
	Alone   *rehearsedCalls `json:"calls_alone,omitempty"`
	Beside  *rehearsedCalls `json:"calls_beside,omitempty"`
	Failed  int64           `json:"calls_failed"`
	Wrong   int             `json:"wrong"`
	Example string          `json:"wrong_example,omitempty"`
}

type rehearsedCalls struct {
	Median float64 `json:"median_ms"`
	P99    float64 `json:"p99_ms"`
	Most   float64 `json:"most_ms"`
}

func callsOf(r traffic.Result) *rehearsedCalls {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return &rehearsedCalls{ms(r.P50), ms(r.P99), ms(r.Most)}
}

// run copies, follows and, on a sandbox, cuts over.
func (r *rehearsal) run(out *observer) (err error) {
	ctx, stop := context.WithCancel(r.c.Context)
	defer stop()
	r.phases = map[copier.Phase]time.Duration{}
	r.o.Steering, r.o.Stage = r.steering, r.stage
	limits(r.c, &r.o)
	r.o.Observe = func(e copier.Event) {
		out.observe(e)
		if r.note(e) {
			stop()
		}
	}
	job, err := copier.Prepare(ctx, r.o)
	if err != nil {
		return err
	}
	defer closing(job, &err)
	out.plan(job.Plan)
	if err := job.Plan.Err(); err != nil {
		return err
	}
	if err := ensureAppIDs(ctx, r.st.to, r.o.ToRule, job.Plan); err != nil {
		return err
	}
	r.ended(time.Now())
	r.report = rehearsed{Event: "rehearsal", Sandbox: r.st.from.sandbox, Rows: job.Plan.Rows}
	if r.st.from.sandbox {
		if err := r.open(ctx); err != nil {
			return err
		}
		defer r.farm.Stop()
	}
	_, err = job.Follow(ctx, r.steering)
	switch {
	case err == nil && r.farm != nil:
		return r.check()
	case errors.Is(err, context.Canceled) && r.c.Context.Err() == nil && r.farm == nil: // by ourselves: it has caught up
		return nil
	}
	return err
}

// note keeps what a rehearsal is about, and says whether it has seen enough.
func (r *rehearsal) note(e copier.Event) (enough bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := e.(type) {
	case copier.PhaseStarted:
		now := time.Now()
		r.ended(now)
		r.phase, r.at = e.Phase, now
	case copier.Progress:
		r.copied = e.Counters
	case copier.PassDone:
		r.passes, r.copied = append(r.passes, e), e.Counters
		return r.farm == nil && r.caught && len(r.passes) > rehearsePasses
	case copier.CaughtUp:
		r.caught = true
		if r.farm != nil {
			go r.steering.CutOver()
		}
	case copier.CutOverDone:
		r.report.Freeze, r.report.Locks, r.report.Locked = e.Freeze.Total.Seconds(), e.Freeze.Locks.Seconds(), e.Freeze.Locked
	}
	return false
}

// ended notes how long a phase took.
func (r *rehearsal) ended(now time.Time) {
	if r.phase != "" {
		r.phases[r.phase] += now.Sub(r.at)
	}
	r.phase = ""
}

// stage stands in for the operator: the pages stop at the freeze, and go on on the target.
func (r *rehearsal) stage(_ context.Context, s copier.Stage, _ copier.Facts) error {
	if r.farm == nil {
		return nil
	}
	switch s {
	case copier.StageFreeze:
		r.report.Beside = callsOf(r.farm.Result())
		r.last = r.farm.Pause()
	case copier.StageDone:
		target, err := r.pages(r.st.to, r.o.ToRule)
		if err != nil {
			return err
		}
		r.farm.Resume(target)
	case copier.StageFailed:
		if r.steering.Status().Frozen {
			r.farm.Resume()
		}
	}
	return nil
}

// pages is a store as its application's pages use it: by application and raw id.
func (r *rehearsal) pages(e *end, rule layout.IDRule) (session.Store, error) {
	s, ok := e.table.(session.Store)
	if !ok {
		return nil, fmt.Errorf("%s takes no pages", e.Title)
	}
	return &layout.Respelled{Table: s, Spelling: e.Spelling, Rule: rule}, nil
}

// open lets pages come, at first alone.
func (r *rehearsal) open(ctx context.Context) error {
	from := r.st.from
	store, err := r.pages(from, from.rules[0])
	if err != nil {
		return err
	}
	keys, err := r.usable(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("the source has no session that a page could use")
	}
	app := keys[0].App
	r.farm = traffic.Start(r.c.Context, traffic.Options{
		Stores: []session.Store{store}, Keys: keys, Rate: max(1, r.c.Int("traffic")), Workers: 8,
		NewKey: func() session.Key { return session.Key{App: app, ID: layout.NewSessionID()} },
	})
	for range 2 { // at first connections are made
		r.farm.Forget()
		select {
		case <-time.After(rehearseAlone):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.report.Alone = callsOf(r.farm.Result())
	r.farm.Forget()
	return nil
}

// usable lists the sessions that pages may use. One that stands in the source twice, under two id rules, is none: when a page
// has removed the row that it knows, the other one is still there.
func (r *rehearsal) usable(ctx context.Context) (keys []session.Key, err error) {
	from, now := r.st.from, session.At(clock())
	rows := map[session.Key]int{}
	for req := (session.ScanRequest{Limit: 1000, Bytes: 4 << 20}); ; {
		pg, err := from.table.Scan(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, rec := range pg.Records {
			p, err := from.Spelling.Parse(rec.Key)
			if err != nil {
				continue
			}
			rows[p.Key]++
			if p.Rule == from.rules[0] && !rec.Lock.Locked && rec.Expires > now+10*session.Minute {
				keys = append(keys, p.Key)
			}
		}
		if req.After = pg.Next; pg.Next == "" {
			return slices.DeleteFunc(keys, func(k session.Key) bool { return rows[k] > 1 }), nil
		}
	}
}

// check looks whether the target has what the pages wrote, before the cut-over and after it.
func (r *rehearsal) check() error {
	time.Sleep(rehearseAfter)
	r.farm.Stop()
	r.report.Seen = r.farm.FirstChange().Sub(r.last).Seconds()
	res := r.farm.Result()
	r.report.Pages, r.report.Failed = res.Pages, res.Failures
	to := r.st.to
	bad, err := r.farm.Check(r.c.Context, to.table, func(k session.Key) (session.Key, error) { return to.Spelling.Spell(k, r.o.ToRule) })
	if err != nil {
		return err
	}
	if r.report.Wrong = len(bad); len(bad) > 0 {
		r.report.Example = bad[0]
	}
	return nil
}

// tell writes what was found out.
func (r *rehearsal) tell(w io.Writer, asJSON bool) error {
	t := &r.report
	t.Copied, t.Bytes, t.Passes = r.copied.Copied, r.copied.Bytes, len(r.passes)
	t.Preflight, t.Copy, t.Sweep = r.phases[copier.PhasePreflight].Seconds(), r.phases[copier.PhaseCopy].Seconds(), r.phases[copier.PhaseSweep].Seconds()
	t.Verify = r.phases[copier.PhaseVerify].Seconds()
	if n := len(r.passes); n > 0 {
		last := r.passes[n-1]
		t.Pass, t.Changed = last.Took.Seconds(), last.Lag.Rows
		if r.farm == nil { // the freeze is a pass that carries the rest, and one that finds nothing
			t.Freeze, t.Estimated = 2*t.Pass, true
		}
	}
	write := r.text
	if asJSON {
		write = func(w io.Writer) error { return errJSON(json.NewEncoder(w).Encode(t)) }
	}
	if err := write(w); err != nil {
		return err
	}
	if t.Wrong > 0 {
		return &failure{code: exitDifferent, err: fmt.Errorf("%d sessions are not what their pages left: %s", t.Wrong, t.Example)}
	}
	return nil
}

func (r *rehearsal) text(w io.Writer) error {
	t := &r.report
	p := &printer{w: w}
	seconds := func(s float64) time.Duration {
		return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
	}
	p.printf("rehearsed: %s rows, %s copied, %s\n", ui.Count(t.Rows), ui.Count(t.Copied), ui.Bytes(t.Bytes))
	p.printf("%10s  the preflight\n", seconds(t.Preflight))
	p.printf("%10s  to copy everything: %s rows a second\n", seconds(t.Copy), ui.Count(int64(float64(t.Rows)/max(t.Copy, 0.001))))
	p.printf("%10s  to compare the ids\n", seconds(t.Sweep))
	p.printf("%10s  a pass that catches up; the last found %s sessions changed\n", seconds(t.Pass), ui.Count(t.Changed))
	if t.Estimated {
		p.printf("%10s  the freeze, about: the source was not stopped\n", seconds(t.Freeze))
		return p.err
	}
	p.printf("%10s  to verify everything before the freeze\n", seconds(t.Verify))
	p.printf("%10s  the freeze", seconds(t.Freeze))
	if t.Locks > 0 {
		p.printf(", of which %s waiting for sessions that were locked (%s stayed so; --lock-wait)", seconds(t.Locks), ui.Count(t.Locked))
	}
	p.printf("; pages saw %s between the last change before and the first after\n", seconds(t.Seen))
	p.printf("%10s  pages; %s calls of theirs failed\n", ui.Count(t.Pages), ui.Count(t.Failed))
	if t.Alone != nil && t.Beside != nil {
		p.printf("%10s  a call alone, median (p99 %.1f ms, longest %.0f ms)\n", fmt.Sprintf("%.1f ms", t.Alone.Median), t.Alone.P99, t.Alone.Most)
		p.printf("%10s  a call beside the copy (p99 %.1f ms, longest %.0f ms)\n", fmt.Sprintf("%.1f ms", t.Beside.Median), t.Beside.P99, t.Beside.Most)
	}
	p.printf("%10s  sessions lost, brought back or older than acknowledged\n", ui.Count(int64(t.Wrong)))
	return p.err
}
