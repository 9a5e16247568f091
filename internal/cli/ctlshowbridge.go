package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/aspstate/aspstate/internal/ui"
	"github.com/aspstate/aspstate/session/cutover"
)

func (b *bridgeStatus) write(p *printer) {
	for _, f := range b.Fronts {
		p.printf("%-14s %s, %s connections\n", f.Protocol, f.Address, ui.Count(int64(f.Connections)))
	}
	if b.Paused {
		p.printf("PAUSED         calls wait until aspstate ctl resume\n")
	}
	if b.Old == "" {
		return
	}
	p.printf("old            %s\nnew            %s\n", b.Old, b.Store)
	if !b.Lease {
		p.printf("NO LEASE       nothing is served: the store in which bridges agree does not answer\n")
	}
	for i := range b.Apps {
		writeApp(p, &b.Apps[i])
	}
}

// writeApp shows in which phase an application is, and what there is to say about that.
func writeApp(p *printer, a *cutover.AppStatus) {
	p.printf("%-14s %s", a.App, a.Phase)
	if a.Phase == cutover.Handoff {
		p.printf(" of %d %%", a.Percent)
	}
	if a.Next != "" {
		p.printf(", on the way to %s (%s)", a.Next, a.Stage)
	}
	p.printf("\n")
	for _, f := range appFigures(a) {
		if f.n > 0 {
			p.printf("%12s   %s\n", ui.Count(f.n), f.text)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(a.Reported)) {
		p.printf("%12s   %s\n", a.Reported[k], k)
	}
}

// appFigure is a number of an application, where there is something to count.
type appFigure struct {
	n    int64
	text string
	bad  bool
}

func appFigures(a *cutover.AppStatus) []appFigure {
	return []appFigure{
		{n: a.Moved, text: "moved by this bridge"},
		{n: a.LeftInOld, text: "left in the old store"},
		{n: a.Dirty, text: "in which the stores may differ"},
		{n: a.NotFollowed, text: "changes that the old store did not follow at once"},
		{n: a.CopiedBack, text: "copied back"},
		{n: a.Shadowed, text: "reads were compared with the other store"},
		{n: a.Differed, text: "of them DIFFERENT", bad: true},
	}
}

// writeLeases lists who takes part in a cut-over.
func writeLeases(w io.Writer, all []leaseStatus) error {
	p := &printer{w: w}
	for _, l := range all {
		state := fmt.Sprintf("until %s", l.Until.Local().Format(time.TimeOnly))
		if l.Over {
			state = "over since " + l.Until.Local().Format(time.DateTime)
		}
		p.printf("%-7s %s, epoch %d, %s\n", l.Role, l.Title, l.Epoch, state)
	}
	return p.err
}
