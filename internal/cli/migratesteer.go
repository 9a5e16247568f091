package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/control"
	"github.com/aspstate/aspstate/session/cutover"
)

// steerFlags are those by which a migration is steered, before and while it runs.
func steerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "follow", Usage: "go on copying what changes, until aspstate ctl cut-over: then freeze hook, last changes, report"},
		&cli.BoolFlag{Name: "rebuild-ledger", Usage: "make a lost ledger anew by reading both stores: rows of the target that equal the source's count as copied"},
		controlFlag(),
		&cli.StringFlag{Name: "pause-file", Usage: "rest while `FILE` exists; it is looked for every second"},
		&cli.DurationFlag{Name: "max-latency", Usage: "go slower while calls to the source take longer than this `DURATION` (0: whatever they take)"},
		&cli.DurationFlag{Name: "max-target-latency", Usage: "the same of the target"},
		&cli.Float64Flag{Name: "max-errors", Usage: "go slower while more than `PERCENT` of the calls have to be made again: deadlocks, lock timeouts (0: however many)"},
		&cli.DurationFlag{Name: "lock-wait", Value: 10 * time.Second, Usage: "how long a cut-over waits for sessions that a page has locked; then they are copied as they are"},
		&cli.StringSliceFlag{
			Name:  "hook",
			Usage: "`STAGE=PROGRAM` to run at a stage, facts in its environment; if it fails the migration stops (repeatable): " + strings.Join(stageNames(), ", "),
		},
	}
}

func stageNames() (names []string) {
	for _, s := range []copier.Stage{
		copier.StageBeforeCopy, copier.StageCaughtUp, copier.StageBeforeFinal, copier.StageFreeze, copier.StageFrozen, copier.StageDone, copier.StageFailed,
	} {
		names = append(names, string(s))
	}
	return names
}

// steeredRun is a migration that can be steered.
type steeredRun struct {
	s        Streams
	steering *copier.Steering
	hooks    hooks
	follow   bool
	stop     context.CancelFunc

	self control.Self
	ctl  *control.Server                     // nil: nobody steers
	held atomic.Pointer[cutover.CopierLease] // nil: the target has no bridges that agree
	over chan struct{}                       // closed when the run has ended: what follows is known then

	once   sync.Once
	report *copier.Report
	err    error
}

// steer makes what a migration is steered by. The context it returns ends when the run is aborted.
func steer(c *cli.Context, s Streams) (*steeredRun, error) {
	hs, err := parseHooks(c.StringSlice("hook"), stageNames())
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"max-latency", "max-target-latency", "lock-wait"} {
		if c.Duration(name) < 0 {
			return nil, usage("", "--%s cannot be less than nothing", name)
		}
	}
	if p := c.Float64("max-errors"); !(p >= 0 && p <= 100) {
		return nil, usage("", "--max-errors: %v is not of a hundred", p)
	}
	r := &steeredRun{s: s, steering: copier.NewSteering(c.Int("rate")), hooks: hs, follow: c.Bool("follow"), over: make(chan struct{})}
	c.Context, r.stop = context.WithCancel(c.Context)
	return r, nil
}

// options adds to the options of a copy what steers it.
func (r *steeredRun) options(c *cli.Context, o *copier.Options) {
	o.Steering, o.Stage = r.steering, r.stage
	o.Follow.MayFollow = func(ctx context.Context) error {
		if l := r.held.Load(); l != nil {
			return l.May(ctx)
		}
		return nil
	}
	o.Follow.RebuildLedger = c.Bool("rebuild-ledger")
	limits(c, o)
}

// limits are how much a copy may ask of its ends.
func limits(c *cli.Context, o *copier.Options) {
	o.Follow.LockWait = max(1, c.Duration("lock-wait")) // 0 would be the engine's own choice
	o.Limits = copier.Limits{
		SourceLatency: c.Duration("max-latency"), TargetLatency: c.Duration("max-target-latency"), Errors: c.Float64("max-errors") / 100,
	}
}

// begin lets others steer from now on: by the socket, and by the pause file.
func (r *steeredRun) begin(c *cli.Context, from, to string) (err error) {
	if path := c.String("pause-file"); path != "" {
		go watchPauseFile(c.Context, path, r.steering)
	}
	r.self = control.This("migrate", from+" -> "+to)
	r.ctl, err = openControl(c, r.self, r.commands(), nil, r.follow, func(err error) {
		fmt.Fprintf(r.s.Err, "note: aspstate ctl cannot reach this run: %s\n", oneLine(err))
	})
	return err
}

// run does the job, under a lease where bridges of the target agree, and keeps its report for those who wait.
func (r *steeredRun) run(ctx context.Context, job *copier.Job, to *end, apps []string) (rep copier.Report, err error) {
	control, err := targetControl(ctx, to)
	if err != nil {
		return rep, err
	}
	if control != nil {
		l, err := cutover.LeaseCopier(ctx, control, thisProcess(), apps, r.stop)
		if err != nil {
			return rep, err
		}
		r.held.Store(l)
		defer func() { err = l.End(ctx, err) }()
	}
	if r.follow {
		rep, err = job.Follow(ctx, r.steering)
	} else {
		rep, err = job.Run(ctx)
	}
	if err == nil || errors.Is(err, copier.ErrDifferent) {
		r.report = &rep
	}
	return rep, err
}

// end tells who waits how the run has ended, and steers no more. It returns the run's error.
func (r *steeredRun) end(err error) error {
	r.once.Do(func() {
		r.err = err
		close(r.over)
		r.stop()
	})
	if r.ctl == nil {
		return err
	}
	return errors.Join(err, r.ctl.Close())
}

// stage runs the hooks of a stage.
func (r *steeredRun) stage(ctx context.Context, stage copier.Stage, f copier.Facts) error {
	return r.hooks.run(ctx, r.s.Err, string(stage), hookFacts(f))
}

func hookFacts(f copier.Facts) []string {
	facts := []string{
		"ASPSTATE_FROM=" + f.From, "ASPSTATE_TO=" + f.To,
		fmt.Sprintf("ASPSTATE_ROWS=%d", f.Status.Rows),
		fmt.Sprintf("ASPSTATE_PASSES=%d", f.Status.Pass),
		fmt.Sprintf("ASPSTATE_COPIED=%d", f.Status.Counters.Copied),
		fmt.Sprintf("ASPSTATE_UPDATED=%d", f.Status.Counters.Updated),
		fmt.Sprintf("ASPSTATE_DELETED=%d", f.Status.Counters.Deleted),
		fmt.Sprintf("ASPSTATE_DIFFERENCES=%d", f.Status.Counters.Differences),
	}
	if f.Status.Lag.Rows >= 0 { // what nobody knows is not there, and not 0
		facts = append(facts, fmt.Sprintf("ASPSTATE_LAG_ROWS=%d", f.Status.Lag.Rows), fmt.Sprintf("ASPSTATE_LAG_SECONDS=%.1f", f.Status.Lag.Seconds))
	}
	if f.Err != nil {
		facts = append(facts, "ASPSTATE_ERROR="+oneLine(f.Err))
	}
	return facts
}

// commands are those of ctl that a migration understands.
func (r *steeredRun) commands() map[string]control.Handler {
	status := func() control.Answer { return control.Done(r.status()) }
	return map[string]control.Handler{
		"status": func(context.Context, control.Request) control.Answer { return status() },
		"pause": func(context.Context, control.Request) control.Answer {
			r.steering.Pause("ctl")
			return status()
		},
		"resume": func(context.Context, control.Request) control.Answer {
			r.steering.Resume("ctl")
			return status()
		},
		"set": func(_ context.Context, q control.Request) control.Answer {
			if q.Rate == nil || *q.Rate < 0 {
				return refused(usage("aspstate ctl set rate=500", "set: a rate from 0 up is wanted"))
			}
			r.steering.SetRate(*q.Rate)
			return status()
		},
		"leases": func(context.Context, control.Request) control.Answer {
			if l := r.held.Load(); l != nil {
				seen := l.Seen()
				return control.Done(leasesOf(seen.Leases, seen.Now))
			}
			return control.Done([]leaseStatus{})
		},
		"cut-over": r.cutOver,
		"abort":    r.abort,
	}
}

// cutOver asks for the end of a following run, and waits for it.
func (r *steeredRun) cutOver(ctx context.Context, q control.Request) control.Answer {
	if !r.follow {
		return refused(&failure{
			code: exitRefused, err: errors.New("this migration follows nothing: it ends by itself"), hint: "migrate --follow is what can be cut over",
		})
	}
	r.steering.CutOver()
	if !q.Wait {
		return control.Done(r.status())
	}
	if a := r.await(ctx); a != nil {
		return *a
	}
	if errors.Is(r.err, context.Canceled) {
		return refused(&failure{code: exitFailed, err: errors.New("the migration was interrupted before it had cut over"), hint: "its state is saved: run it again"})
	}
	if r.report == nil {
		return refused(r.err)
	}
	return outcome(r.report, r.err)
}

// abort ends a run as Ctrl-C does, and waits until what it has done is saved.
func (r *steeredRun) abort(ctx context.Context, _ control.Request) control.Answer {
	r.stop()
	if a := r.await(ctx); a != nil {
		return *a
	}
	switch {
	case errors.Is(r.err, context.Canceled):
		return control.Done(r.status())
	case r.err != nil:
		return refused(r.err)
	}
	return refused(errors.New("the migration had come to its end already"))
}

// await returns nil when the run has ended, or the answer for one who does not wait for that.
func (r *steeredRun) await(ctx context.Context) *control.Answer {
	select {
	case <-r.over:
		return nil
	case <-ctx.Done():
		a := refused(errors.New("the migration goes on"))
		return &a
	}
}

func (r *steeredRun) status() steeredStatus {
	st := r.steering.Status()
	m := &migrateStatus{
		Phase: st.Phase, Rows: st.Rows, Follow: r.follow, Passes: st.Pass, CaughtUp: st.CaughtUp, CutOver: st.CutOver, Stage: st.Stage, Frozen: st.Frozen,
		Rate: st.Rate, Throttle: st.Throttle, PausedBy: append([]string{}, st.PausedBy...), Counters: st.Counters,
	}
	if st.Total >= 0 {
		m.Total = &st.Total
	}
	if st.Lag.Rows >= 0 {
		m.LagRows, m.LagSeconds = &st.Lag.Rows, &st.Lag.Seconds
	}
	return steeredStatus{Self: r.self, Migrate: m}
}
