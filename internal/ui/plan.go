package ui

import (
	"fmt"
	"io"

	"github.com/aspstate/aspstate/copier"
)

// WritePlan writes a plan for people. Checks that are fine are left out unless all is set.
func WritePlan(w io.Writer, p *copier.Plan, all bool) {
	fmt.Fprintf(w, "from  %s, ids %s\n", p.From, ruleList(p))
	fmt.Fprintf(w, "to    %s, ids %s\n", p.To, p.ToRule)
	if p.InPlace {
		fmt.Fprintln(w, "      the same table: ids are spelled anew in place, the old rows stay")
	}
	if p.Resume {
		fmt.Fprintln(w, "      an interrupted run goes on")
	}
	fmt.Fprintf(w, "      %s rows: %s live (%s), %s expired", Count(p.Rows), Count(p.Live), Bytes(p.Bytes), Count(p.Expired))
	if p.Locked > 0 {
		fmt.Fprintf(w, ", %s locked", Count(p.Locked))
	}
	if p.There > 0 {
		fmt.Fprintf(w, ", %s spelled by %s already", Count(p.There), p.ToRule)
	}
	if p.Elsewhere > 0 {
		fmt.Fprintf(w, ", %s of other applications", Count(p.Elsewhere))
	}
	fmt.Fprintln(w)
	for _, g := range p.Groups {
		fmt.Fprintf(w, "      %-16s %-10s %8s rows", g.App, g.Rule, Count(g.Rows))
		if g.Compressed > 0 {
			fmt.Fprintf(w, ", %s compressed", Count(g.Compressed))
		}
		if g.Broken > 0 {
			fmt.Fprintf(w, ", %s undecodable", Count(g.Broken))
		}
		fmt.Fprintln(w)
	}
	for _, c := range p.Checks {
		if c.Verdict == copier.OK && !all {
			continue
		}
		fmt.Fprintf(w, "%-8s %s: %s\n", c.Verdict, c.Name, c.Detail)
		if c.Remedy != "" {
			fmt.Fprintf(w, "         hint: %s\n", c.Remedy)
		}
	}
}

func ruleList(p *copier.Plan) string {
	s := ""
	for i, r := range p.FromRules {
		if i > 0 {
			s += ","
		}
		s += string(r)
	}
	if p.Learned {
		s += " (learned)"
	}
	return s
}
