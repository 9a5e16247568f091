package layout

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aspstate/aspstate/session"
)

// Census counts whose the ids of a table are and how they are spelled, without being told the rules. Its memory is
// bounded whatever the number of rows. It must not be used concurrently.
type Census struct {
	reg     *Registry
	limit   int
	known   map[place]int64
	strange int // applications among known that are not registered
	unknown map[string]int64
	report  CensusReport
}

type place struct {
	app  string
	rule IDRule
}

// CensusReport is what a Census has counted.
type CensusReport struct {
	Rows       int64
	Known      []KnownIDs   // by application in the order of registration, then rule; applications that are not registered last
	Unknown    []UnknownIDs // most rows first, then by suffix
	Others     int64        // rows of suffixes and applications that there was no room left to tell apart
	Unsuffixed int64        // rows whose id has no suffix
}

// KnownIDs are the rows of one application under one rule; by RuleNative those of a store that keeps applications apart.
type KnownIDs struct {
	App  string
	Rule IDRule
	Rows int64
}

// UnknownIDs are the rows with a suffix that no registered application has.
type UnknownIDs struct {
	Suffix string // upper-case
	Rows   int64
}

// NewCensus begins a count that tells at most limit unknown suffixes apart, and as many applications of a store with
// keys of its own that are not registered; those it meets first.
func NewCensus(reg *Registry, limit int) *Census {
	if reg == nil {
		reg = &Registry{}
	}
	return &Census{reg: reg, limit: limit, known: map[place]int64{}, unknown: map[string]int64{}}
}

// Add counts one stored key. A suffix that several rules give one application counts for the first of them.
func (c *Census) Add(stored session.Key) {
	c.report.Rows++
	if stored.App != "" {
		p := place{stored.App, RuleNative}
		if _, seen := c.known[p]; !seen && c.reg.find(stored.App) == nil {
			if c.strange >= c.limit {
				c.report.Others++
				return
			}
			c.strange++
		}
		c.known[p]++
		return
	}
	_, _, v, ok := splitSuffix(stored.ID)
	if !ok {
		c.report.Unsuffixed++
		return
	}
	if o, known := c.reg.owners[v]; known {
		c.known[place{c.reg.apps[o.app].Name, o.rules[0]}]++
		return
	}
	name := fmt.Sprintf("%08X", v)
	if _, seen := c.unknown[name]; !seen && len(c.unknown) >= c.limit {
		c.report.Others++
		return
	}
	c.unknown[name]++
}

// Report returns what has been counted so far. The same keys in the same order give the same report.
func (c *Census) Report() CensusReport {
	rep := c.report
	for p, n := range c.known {
		rep.Known = append(rep.Known, KnownIDs{p.app, p.rule, n})
	}
	order := func(name string) int {
		i := slices.IndexFunc(c.reg.apps, func(a registered) bool { return a.Name == name })
		if i < 0 {
			return len(c.reg.apps)
		}
		return i
	}
	slices.SortFunc(rep.Known, func(a, b KnownIDs) int {
		return cmp.Or(cmp.Compare(order(a.App), order(b.App)), cmp.Compare(a.App, b.App),
			cmp.Compare(slices.Index(rules, a.Rule), slices.Index(rules, b.Rule)))
	})
	for s, n := range c.unknown {
		rep.Unknown = append(rep.Unknown, UnknownIDs{s, n})
	}
	slices.SortFunc(rep.Unknown, func(a, b UnknownIDs) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Suffix, b.Suffix))
	})
	return rep
}

// Rules returns the rules that have rows, the one with most rows first.
func (r *CensusReport) Rules() []IDRule {
	rows := map[IDRule]int64{}
	for _, k := range r.Known {
		rows[k.Rule] += k.Rows
	}
	var found []IDRule
	for _, rule := range rules {
		if rows[rule] > 0 {
			found = append(found, rule)
		}
	}
	slices.SortStableFunc(found, func(a, b IDRule) int { return cmp.Compare(rows[b], rows[a]) })
	return found
}
