package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/ui"
)

func verifyCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "compare two stores, session by session, and report what differs; both may be in use",
		Flags: slices.Concat(fromFlags(), toFlags(), sandboxFlags(), []cli.Flag{
			appFlag(),
			&cli.IntFlag{Name: "rate", Usage: "at most `N` records a second (0: as fast as it goes)"},
			&cli.IntFlag{Name: "workers", Value: 4, Usage: "`N` pages at a time"},
			&cli.DurationFlag{Name: "settle", Value: 500 * time.Millisecond, Usage: "read a row that differs again after `TIME`: longer than changes take from one store to the other"},
			&cli.StringFlag{Name: "checkpoint", Usage: "`FILE` that remembers how far it came, while it is under way"},
			&cli.BoolFlag{Name: "start-over", Usage: "forget the checkpoint"},
			&cli.BoolFlag{Name: "skip-unknown", Usage: "rows of unknown applications were left behind on purpose"},
			jsonFlag(),
		}),
		Action: func(c *cli.Context) error {
			return withEnds(c, s, nil, func(_ *stores, o copier.Options, out *observer) error { return verify(c, s, o, out) })
		},
	}
}

func verify(c *cli.Context, s Streams, o copier.Options, out *observer) error {
	how := copier.VerifyOptions{State: c.String("checkpoint"), StartOver: c.Bool("start-over"), Settle: c.Duration("settle")}
	switch {
	case how.Settle < 0:
		return usage("", "--settle takes a time from 0 up")
	case how.Settle == 0:
		how.Settle = -1 // none
	}
	cmp, err := copier.Verify(c.Context, o, how)
	if err != nil {
		return err
	}
	out.close()
	if out.json != nil {
		out.json.Comparison(cmp)
		err = errJSON(out.json.Err())
	} else {
		err = errJSON(ui.WriteComparison(s.Out, cmp))
	}
	switch {
	case err != nil:
		return err
	case cmp.Differing > 0:
		return &failure{code: exitDifferent, err: fmt.Errorf("%d sessions differ", cmp.Differing)}
	case cmp.Refused > excused(o, cmp.Unknown):
		return &failure{
			code: exitRefused, err: fmt.Errorf("%d sessions of the source cannot have a copy: unknown applications, or nothing that the target could hold", cmp.Refused),
			hint: "name their applications with --app NAME=APPID, or leave them out of the account with --skip-unknown",
		}
	}
	return nil
}
