package cli

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/ui"
)

func verifyCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "compare two stores, session by session, and report what differs",
		Flags: slices.Concat(fromFlags(), toFlags(), sandboxFlags(), []cli.Flag{
			appFlag(),
			&cli.IntFlag{Name: "rate", Usage: "at most `N` records a second (0: as fast as it goes)"},
			&cli.IntFlag{Name: "workers", Value: 4, Usage: "`N` pages at a time"},
			jsonFlag(),
		}),
		Action: func(c *cli.Context) error { return verify(c, s) },
	}
}

func verify(c *cli.Context, s Streams) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	st, err := newStores(c, s)
	if err != nil {
		return err
	}
	defer closing(st, &err)
	o, err := copyOptions(c, st)
	if err != nil {
		return err
	}
	out := newObserver(c, s)
	defer out.close()
	o.Observe = out.observe
	cmp, err := copier.Verify(c.Context, o)
	if err != nil {
		return err
	}
	out.close()
	if out.json != nil {
		out.json.Comparison(cmp)
		err = errJSON(out.json.Err())
	} else {
		ui.WriteComparison(s.Out, cmp)
	}
	if err == nil && cmp.Differing > 0 {
		return &failure{code: exitDifferent, err: fmt.Errorf("%d sessions differ", cmp.Differing)}
	}
	return err
}
