package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/control"
	"github.com/aspstate/aspstate/internal/ui"
)

// steering is a command of ctl.
type steering struct {
	args   string   // what it takes, for people
	does   string   // for people
	flags  []string // of those that not every command takes
	waits  bool     // its outcome may take long
	fill   func(*control.Request, *cli.Context, []string) error
	number int // of arguments
}

// steerings are the commands of ctl by name.
var steerings = map[string]steering{
	"status":   {does: "shows how far a migration is, or in which phase a bridge's applications are"},
	"pause":    {does: "lets a migration rest until it is resumed; lets a bridge hold all calls, once those under way are over"},
	"resume":   {does: "lets it go on; what else made a migration pause still counts"},
	"set":      {args: "rate=N", does: "changes a migration's --rate; 0: as fast as it goes", number: 1, fill: fillRate},
	"cut-over": {does: "has a following migration finish: freeze hook, last changes, report", waits: true, flags: []string{"wait"}},
	"abort":    {does: "ends a migration as Ctrl-C does: what is done is saved"},
	"phase": {
		args: "APP PHASE", does: "takes an application of a bridge with --old to a phase: prepare, handoff, mirror, done; back: proxy, handback",
		number: 2, waits: true, flags: []string{"wait", "percent", "old-timeout"}, fill: fillPhase,
	},
	"leases": {does: "lists the bridges and copiers that take part in a cut-over"},
}

// steeringOrder is how they are listed.
var steeringOrder = []string{"status", "pause", "resume", "set", "cut-over", "abort", "phase", "leases"}

func ctlCommand(s Streams) *cli.Command {
	var about strings.Builder
	for _, name := range steeringOrder {
		fmt.Fprintf(&about, "%-16s %s\n", strings.TrimSpace(name+" "+steerings[name].args), steerings[name].does)
	}
	return &cli.Command{
		Name:        "ctl",
		Usage:       "steer the migration or the bridge that runs: " + strings.Join(steeringOrder, ", "),
		ArgsUsage:   "COMMAND",
		Description: strings.TrimSpace(about.String()),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "control", Usage: "`PATH` of the socket that it was given, or shows (default: that of the only running one of this user)"},
			&cli.BoolFlag{Name: "wait", Value: true, Usage: "cut-over, phase: wait for the outcome, and end as it does; --wait=false only asks for it"},
			&cli.IntFlag{Name: "percent", Usage: "phase handoff: only `N` of a hundred sessions, by hash of their id (default 100)"},
			&cli.IntFlag{Name: "old-timeout", Usage: "phase mirror: the largest timeout of the old State Server's applications, in `MINUTES`"},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error { return ctl(c, s) },
	}
}

func ctl(c *cli.Context, s Streams) error {
	q, err := steeringRequest(c)
	if err != nil {
		return err
	}
	path, err := steered(c, s)
	if err != nil {
		return err
	}
	a, err := control.Ask(c.Context, path, q)
	if err != nil {
		return unanswered(c.Context, path, q, err)
	}
	if !a.OK && len(a.Result) == 0 {
		return &failure{code: a.Code, err: errors.New(a.Error), hint: a.Hint}
	}
	switch {
	case c.Bool("json") && q.Command == "cut-over" && q.Wait:
		err = shown(a.Result, func(rep *copier.Report) error {
			j := ui.NewJSON(s.Out, clock)
			j.Report(*rep)
			return j.Err()
		})
	case c.Bool("json"):
		_, err = fmt.Fprintf(s.Out, "%s\n", a.Result)
	default:
		err = showSteered(s.Out, q, a.Result)
	}
	if err != nil || a.OK {
		return errJSON(err)
	}
	return &failure{code: a.Code, err: errors.New(a.Error), hint: a.Hint}
}

// steeringRequest reads the command line.
func steeringRequest(c *cli.Context) (q control.Request, err error) {
	const all = "aspstate ctl --help lists the commands"
	if !c.Args().Present() {
		return q, usage(all, "ctl: what shall it do?")
	}
	name, args := c.Args().First(), c.Args().Tail()
	of, known := steerings[name]
	switch {
	case !known:
		return q, usage(all, "ctl: unknown command %q", short(name))
	case len(args) != of.number:
		return q, usage(strings.TrimSpace("aspstate ctl "+name+" "+of.args), "ctl %s takes %d arguments, got %d", name, of.number, len(args))
	}
	for _, flag := range []string{"wait", "percent", "old-timeout"} {
		if c.IsSet(flag) && !slices.Contains(of.flags, flag) {
			return q, usage("", "ctl %s takes no --%s", name, flag)
		}
	}
	q = control.Request{Command: name, Wait: of.waits && c.Bool("wait")}
	if of.fill != nil {
		err = of.fill(&q, c, args)
	}
	return q, err
}

func fillRate(q *control.Request, _ *cli.Context, args []string) error {
	name, value, _ := strings.Cut(args[0], "=")
	n, err := strconv.Atoi(value)
	if name != "rate" || err != nil || n < 0 {
		return usage("aspstate ctl set rate=500", "ctl set: %q is not rate=N with a number from 0 up", short(args[0]))
	}
	q.Rate = &n
	return nil
}

func fillPhase(q *control.Request, c *cli.Context, args []string) error {
	q.App, q.Phase = args[0], args[1]
	if n := c.Int("percent"); c.IsSet("percent") {
		if n < 1 || n > 100 {
			return usage("", "--percent: %d is not of a hundred", n)
		}
		q.Percent = &n
	}
	if n := c.Int("old-timeout"); c.IsSet("old-timeout") {
		if n < 1 {
			return usage("", "--old-timeout: %d are no minutes", n)
		}
		q.OldTimeout = &n
	}
	return nil
}

// steered finds the socket of who is meant.
func steered(c *cli.Context, s Streams) (path string, err error) {
	if path := c.String("control"); path != "" {
		return path, nil
	}
	found, err := control.Running(c.Context)
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 0:
		return "", &failure{
			code: exitUnreachable, err: errors.New("no aspstate of this user runs"),
			hint: "one of another user, or of a service, is reached by --control PATH; root may use every socket",
		}
	case 1:
		return found[0].Path, nil
	}
	if err := listRunning(c, s, found); err != nil {
		return "", err
	}
	return "", usage("name one with --control PATH", "%d of this user run", len(found))
}

// listRunning shows who could be meant.
func listRunning(c *cli.Context, s Streams, found []control.Found) error {
	if c.Bool("json") {
		e := json.NewEncoder(s.Out)
		e.SetEscapeHTML(false)
		for _, f := range found {
			line := struct {
				Control string `json:"control"`
				control.Self
				Error string `json:"error,omitempty"`
			}{Control: f.Path, Self: f.Self}
			if f.Err != nil {
				line.Error = f.Err.Error()
			}
			if err := e.Encode(line); err != nil {
				return errJSON(err)
			}
		}
		return nil
	}
	p := &printer{w: s.Err}
	for _, f := range found {
		if f.Err != nil {
			p.printf("--control %s\n    does not say what it is: %v\n", f.Path, f.Err)
			continue
		}
		p.printf("--control %s\n    %s, process %d, since %s: %s\n", f.Path, f.Self.Command, f.Self.PID, f.Self.Since.Local().Format(time.DateTime), f.Self.Title)
	}
	return p.err
}

// unanswered says why nothing came back.
func unanswered(ctx context.Context, path string, q control.Request, err error) error {
	var gone *control.GoneError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &gone) && (q.Command == "cut-over" || q.Command == "abort" || q.Command == "phase"):
		return &failure{code: exitUnreachable, err: fmt.Errorf("ctl %s: %w", q.Command, err), hint: "whether it has done so, its own output says"}
	case errors.Is(err, fs.ErrNotExist):
		return &failure{code: exitUnreachable, err: fmt.Errorf("there is no socket %s", path), hint: "aspstate ctl status without --control lists what runs"}
	}
	return &failure{code: exitUnreachable, err: fmt.Errorf("ctl %s: %w", q.Command, err)}
}
