package copier

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// unknownKept bounds how many different unknown suffixes a census tells apart; the rest is counted under "others".
const unknownKept = 64

// brokenKept bounds how many rows with a payload that nobody can decode a census remembers.
const brokenKept = 1 << 16

// othersSuffix stands for the suffixes beyond unknownKept.
const othersSuffix = "others"

// census is what the preflight learns from looking at every source row once. Its size does not depend on the number of
// rows.
type census struct {
	rows, live, expired, elsewhere, there, locked, collisions, bytes int64
	damaged, doubled, capitals                                       int64

	groups  map[groupKey]*Group
	unknown map[string]int64
	unnamed map[groupKey]int64 // rows of known applications under rules that were not named
	broken  map[idHash]bool    // rows whose payload nobody can decode; brokenKept of them at most
}

type groupKey struct {
	app  string
	rule layout.IDRule
}

func newCensus() *census {
	return &census{groups: map[groupKey]*Group{}, unknown: map[string]int64{}, unnamed: map[groupKey]int64{}, broken: map[idHash]bool{}}
}

// countPage adds one page of source rows to a census of its own, which the caller merges.
func (o *Options) countPage(ctx context.Context, got session.Page, now session.Instant) (*census, error) {
	c, recs := newCensus(), got.Records
	for _, d := range got.Damaged {
		c.rows++
		if errors.Is(d.Err, ErrOtherPartition) {
			c.doubled++
		} else if o.mine(d.Key) {
			c.damaged++
		}
	}
	var jobs []*job
	for i := range recs {
		r := &recs[i]
		p, f, err := o.sortRow(r, now)
		c.rows++
		switch f {
		case fateIgnore:
			c.elsewhere++
			continue
		case fateTarget:
			c.there++
			continue
		case fateExpired:
			c.expired++
			continue
		case fateUnnamed:
			var e *layout.UnnamedRuleError
			errors.As(err, &e)
			c.unnamed[groupKey{e.App, e.Rule}]++
			continue
		case fateUnknown:
			c.addUnknown(suffixOf(err), 1)
			continue
		}
		c.live++
		c.bytes += int64(len(r.Payload))
		if strings.ToLower(p.Key.ID) != p.Key.ID {
			c.capitals++
		}
		if r.Lock.Locked {
			c.locked++
		}
		g := c.group(groupKey{p.Key.App, p.Rule})
		g.Rows++
		switch form, err := aspnetser.Examine(r.Payload, aspnetser.Options{Compressed: o.FromCompressed}); {
		case err != nil:
			g.Broken++
			c.broken[hashID(r.Key, o.From.fold())] = true
		case form == aspnetser.FormCompressed:
			g.Compressed++
		default:
			g.Plain++
		}
		jobs = append(jobs, &job{src: r, parsed: p})
	}
	lost, err := o.superseded(ctx, jobs, now)
	if err != nil {
		return nil, err
	}
	for _, l := range lost {
		if l {
			c.collisions++
		}
	}
	return c, nil
}

// mine says whether a row that cannot be read may be of the applications that are copied.
func (o *Options) mine(stored session.Key) bool {
	p, err := o.From.Spelling.Parse(stored)
	return err != nil || o.selected(p.Key.App)
}

// suffixOf returns the suffix or the application that an error of sortRow complains about, "" for ids that have none.
func suffixOf(err error) string {
	var unknown *layout.UnknownSuffixError
	var app *layout.UnknownApplicationError
	switch {
	case errors.As(err, &unknown):
		return unknown.Suffix
	case errors.As(err, &app):
		return "application " + app.App
	}
	return ""
}

func (c *census) group(k groupKey) *Group {
	g := c.groups[k]
	if g == nil {
		g = &Group{App: k.app, Rule: k.rule}
		c.groups[k] = g
	}
	return g
}

func (c *census) addUnknown(suffix string, n int64) {
	if _, known := c.unknown[suffix]; !known && len(c.unknown) >= unknownKept {
		suffix = othersSuffix
	}
	c.unknown[suffix] += n
}

func (c *census) merge(d *census) {
	c.rows += d.rows
	c.live += d.live
	c.expired += d.expired
	c.elsewhere += d.elsewhere
	c.there += d.there
	c.locked += d.locked
	c.collisions += d.collisions
	c.bytes += d.bytes
	c.damaged += d.damaged
	c.doubled += d.doubled
	c.capitals += d.capitals
	for k, g := range d.groups {
		to := c.group(k)
		to.Rows += g.Rows
		to.Plain += g.Plain
		to.Compressed += g.Compressed
		to.Broken += g.Broken
	}
	for s, n := range d.unknown {
		c.addUnknown(s, n)
	}
	for k, n := range d.unnamed {
		c.unnamed[k] += n
	}
	for id := range d.broken {
		if len(c.broken) < brokenKept {
			c.broken[id] = true
		}
	}
}

// suspect says whether a row's payload has to be looked at to know if it can be decoded: those that the census has found
// broken, and all if it could not remember them all. A payload that a request breaks after the census goes uncounted.
func (c *census) suspect(k session.Key, fold bool) bool {
	return len(c.broken) >= brokenKept || c.broken[hashID(k, fold)]
}

// fill writes what was counted into the plan.
func (c *census) fill(p *Plan) {
	p.Rows, p.Live, p.Expired, p.Elsewhere, p.There = c.rows, c.live, c.expired, c.elsewhere, c.there
	p.Locked, p.Collisions, p.Bytes, p.Damaged = c.locked, c.collisions, c.bytes, c.damaged
	for _, g := range c.groups {
		p.Groups = append(p.Groups, *g)
	}
	sortGroups(p.Groups, p.FromRules)
	for s, n := range c.unknown {
		p.Unknown = append(p.Unknown, Suffix{s, n})
	}
	slices.SortFunc(p.Unknown, func(a, b Suffix) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Suffix, b.Suffix))
	})
}
