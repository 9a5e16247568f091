package copier

import (
	"cmp"
	"slices"

	"github.com/aspstate/aspstate/compat/layout"
)

// Plan is what a run would do and what the preflight found. It is made by reading only.
type Plan struct {
	From, To  string // titles
	FromRules []layout.IDRule
	ToRule    layout.IDRule
	Learned   bool // FromRules were learned from the data
	InPlace   bool
	ToForm    Target

	Groups     []Group // rows by application and id rule, in a stable order
	Rows       int64   // in the source, all of them
	Live       int64   // that would be copied, superseded ones included
	Expired    int64   // dead: skipped
	Elsewhere  int64   // of applications that were not chosen
	There      int64   // in place: spelled by the target's rule already
	Collisions int64   // rows that meet an earlier-named rule's row of the same session
	Unknown    []Suffix
	Locked     int64 // live rows that a request owned when they were looked at
	Bytes      int64 // payload bytes of the live rows
	Damaged    int64 // rows that nobody can read; each is refused by the copy
	TargetRows int64 // -1: unknown

	Resume bool // an interrupted run goes on
	Checks []Check
}

// Group counts the live rows of one application under one id rule.
type Group struct {
	App        string
	Rule       layout.IDRule
	Rows       int64
	Plain      int64
	Compressed int64
	Broken     int64 // payloads nobody can decode
}

// Suffix counts live rows that belong to no known application.
type Suffix struct {
	Suffix string // "" : ids too short to have one
	Rows   int64
}

// Verdict of a check.
type Verdict string

// Verdicts.
const (
	OK      Verdict = "ok"
	Warning Verdict = "warning"
	Refused Verdict = "refused"
)

// Check is one thing that the preflight looked at.
type Check struct {
	Name    string // short, stable: "unknown-suffixes"
	Verdict Verdict
	Detail  string // one line
	Remedy  string // what to do; empty when OK
}

// Err returns a *RefusedError if a check refused.
func (p *Plan) Err() error {
	var bad []Check
	for _, c := range p.Checks {
		if c.Verdict == Refused {
			bad = append(bad, c)
		}
	}
	if bad == nil {
		return nil
	}
	return &RefusedError{Checks: bad}
}

func sortGroups(gs []Group, rules []layout.IDRule) {
	slices.SortFunc(gs, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(slices.Index(rules, a.Rule), slices.Index(rules, b.Rule)))
	})
}
