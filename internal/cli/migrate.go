package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/internal/ui"
	"github.com/aspstate/aspstate/session"
)

func migrateCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "migrate",
		Usage: "copy live sessions from one store to another, verified; run again to copy what has changed",
		Flags: slices.Concat(fromFlags(), toFlags(), sandboxFlags(), steerFlags(), rehearseFlags(), []cli.Flag{
			appFlag(),
			&cli.StringFlag{Name: "to-compressed", Value: "same", Usage: "write payloads as they are, compressed, or inflated: `same|yes|no`"},
			&cli.IntFlag{Name: "rate", Usage: "at most `N` records a second (0: as fast as it goes)"},
			&cli.IntFlag{Name: "workers", Value: 4, Usage: "`N` pages at a time"},
			&cli.StringFlag{Name: "checkpoint", Usage: "`FILE` that remembers how far it came; its ledger lies beside it"},
			&cli.BoolFlag{Name: "start-over", Usage: "forget the checkpoint and the ledger; what the target holds is its own then"},
			&cli.BoolFlag{Name: "skip-unknown", Usage: "leave rows of unknown applications behind"},
			&cli.BoolFlag{Name: "allow-deletions", Usage: "carry deletions even if the source has lost most of its sessions"},
			&cli.BoolFlag{Name: "remove-old", Usage: "after re-spelling ids in place, remove the old rows"},
			&cli.BoolFlag{Name: "dry-run", Usage: "print the plan and stop"},
			jsonFlag(),
		}),
		Action: func(c *cli.Context) error {
			if c.Bool("rehearse") {
				return rehearse(c, s)
			}
			r, err := steer(c, s)
			if err != nil {
				return err
			}
			return r.end(withEnds(c, s, r.steering.Retried, func(st *stores, o copier.Options, out *observer) error { return migrate(c, s, r, st, o, out) }))
		},
	}
}

// withEnds opens both ends of a command, shows what run tells, and closes the ends. noted hears of calls that have to be made
// again (compat.Retry); it may be nil.
func withEnds(c *cli.Context, s Streams, noted func(string), run func(*stores, copier.Options, *observer) error) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	st, err := newStores(c, s)
	if err != nil {
		return err
	}
	defer closing(st, &err)
	st.noted = noted
	o, err := copyOptions(c, st)
	if err != nil {
		return err
	}
	out := newObserver(c, s)
	defer out.close()
	o.Observe = out.observe
	return run(st, o, out)
}

func migrate(c *cli.Context, s Streams, r *steeredRun, st *stores, o copier.Options, out *observer) (err error) {
	r.options(c, &o)
	if !c.Bool("dry-run") {
		if err := r.begin(c, o.From.Title, o.To.Title); err != nil {
			return err
		}
	}
	job, err := copier.Prepare(c.Context, o)
	if err != nil {
		return err
	}
	defer closing(job, &err)
	if c.Bool("dry-run") {
		return out.dryRun(job.Plan)
	}
	out.plan(job.Plan)
	st.allExpired(job.Plan)
	if err := job.Plan.Err(); err != nil {
		return err
	}
	if err := ensureAppIDs(c.Context, st.to, o.ToRule, job.Plan); err != nil {
		return err
	}
	rep, err := r.run(c.Context, job, st.to, o.Apps)
	if r.report != nil {
		err = errors.Join(err, out.report(rep))
	}
	if err != nil {
		return err
	}
	for _, line := range st.from.notes() {
		fmt.Fprintf(s.Err, "note: %s\n", line)
	}
	if st.onlySandbox && !c.Bool("json") { // of a real store no id is shown
		suggest(c.Context, s, o, c.String("sandbox"))
	}
	switch {
	case rep.Differences > 0:
		return &failure{code: exitDifferent, err: fmt.Errorf("%d sessions were read back otherwise than they were written", rep.Differences)}
	case rep.Refused > excused(o, rep.Unknown):
		return &failure{
			code: exitRefused, err: fmt.Errorf("%d sessions were not copied, because that would have been a guess", rep.Refused),
			hint: "the notices above name them",
		}
	}
	return nil
}

// excused is how many refused rows are meant to be left behind: those of unknown applications, and only if the user said so.
func excused(o copier.Options, unknown int64) int64 {
	if o.SkipUnknown {
		return unknown
	}
	return 0
}

// copyOptions reads what migrate and verify have in common.
func copyOptions(c *cli.Context, st *stores) (o copier.Options, err error) {
	st.reach("from")
	st.reach("to")
	from, err := st.source()
	if err != nil {
		return o, err
	}
	to, err := st.target(from)
	if err != nil {
		return o, err
	}
	target, ok := to.table.(copier.Destination)
	if !ok {
		return o, usage("", "--to-dsn: this store cannot be written")
	}
	o = copier.Options{
		From: from.End, Source: from.table, Learned: !from.named, To: to.End, Target: target, ToRule: to.rules[0],
		Apps: st.chosen, Rate: c.Int("rate"), Workers: c.Int("workers"),
		StartOver: c.Bool("start-over"), SkipUnknown: c.Bool("skip-unknown"), AllowDeletions: c.Bool("allow-deletions"),
		RemoveOld: c.Bool("remove-old"),
	}
	if o.Rate < 0 || o.Workers < 0 {
		return o, usage("", "--rate and --workers take numbers from 0 up")
	}
	if o.FromCompressed, err = compressedFlag(c, "from-compressed"); err != nil {
		return o, err
	}
	if v := c.String("to-compressed"); v != "" {
		if o.ToCompressed, err = copier.ParseTarget(v); err != nil {
			return o, usage("", "--to-compressed: %v", err)
		}
	}
	if o.Checks, err = st.serverChecks(c.Context, from, to); err != nil {
		return o, err
	}
	st.from, st.to = from, to
	st.onlySandbox = from.sandbox && to.sandbox
	o.State = checkpointPath(c, from, to)
	return o, nil
}

// checkpointPath says where a copy remembers how far it has come: beside its target, under a name that other copies into
// that target do not have.
func checkpointPath(c *cli.Context, from, to *end) string {
	if p := c.String("checkpoint"); p != "" {
		return p
	}
	name := from.Layout.Name
	if !from.sandbox {
		name += "-" + from.Identity[:min(8, len(from.Identity))]
	}
	name += "-to-" + to.Layout.Name
	if to.rules[0] == layout.RuleRaw {
		name += "-" + to.Spelling.Registry.Applications()[0].Name
	} else if to.rules[0] != to.Layout.DefaultIDs[0] { // named or learned: the next run may say it the other way
		name += "-" + string(to.rules[0])
	}
	if to.path == "" { // a server: the checkpoint lies where the command is run
		return "aspstate-" + name + "-" + to.Identity[:min(8, len(to.Identity))] + ".checkpoint"
	}
	if !to.sandbox {
		name = filepath.Base(to.path) + "." + name
	}
	return filepath.Join(filepath.Dir(to.path), name+".checkpoint")
}

// observer shows a run as text on Err and Out, or as JSON on Out.
type observer struct {
	s    Streams
	text *ui.Text
	json *ui.JSON
}

func newObserver(c *cli.Context, s Streams) *observer {
	if c.Bool("json") {
		return &observer{s: s, json: ui.NewJSON(s.Out, clock)}
	}
	return &observer{s: s, text: ui.NewText(s.Err, s.terminal(), clock)}
}

func (o *observer) observe(e copier.Event) {
	if o.json != nil {
		o.json.Observe(e)
		return
	}
	o.text.Observe(e)
}

func (o *observer) close() {
	if o.text != nil {
		o.text.Close()
	}
}

// plan shows the plan of a run that begins; the JSON line was written when the plan was made.
func (o *observer) plan(p *copier.Plan) {
	if o.json == nil {
		o.text.Close()
		ui.WritePlan(o.s.Err, p, false)
	}
}

// dryRun shows the plan as the result.
func (o *observer) dryRun(p *copier.Plan) error {
	if o.json != nil {
		if err := errJSON(o.json.Err()); err != nil {
			return err
		}
	} else {
		o.text.Close()
		ui.WritePlan(o.s.Out, p, true)
	}
	return p.Err()
}

func (o *observer) report(r copier.Report) error {
	if o.json != nil {
		o.json.Report(r)
		return errJSON(o.json.Err())
	}
	o.text.Close()
	return errJSON(ui.WriteReport(o.s.Out, r))
}

// suggest ends a run in the sandbox with a command that shows one of its sessions.
func suggest(ctx context.Context, s Streams, o copier.Options, dir string) {
	pg, err := o.Target.Scan(ctx, session.ScanRequest{Limit: 64})
	if err != nil {
		return
	}
	at := ""
	if dir != sandbox.DefaultDir {
		at = " --sandbox " + dir
	}
	for _, r := range pg.Records {
		if len(r.Payload) > 200 && r.Key.ID != "" {
			fmt.Fprintf(s.Err, "To look into one: aspstate dump session %s --from %s%s\n", r.Key.ID, o.To.Layout.Name, at)
			return
		}
	}
}
