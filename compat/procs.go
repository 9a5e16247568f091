package compat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// findProcs looks in a catalogue for the procedures that go with a table. Notes are for people.
func findProcs(c *catalog, l *layout.Layout, schema string) (Procs, []string) {
	names := []Procs{{}}
	if l.Form == layout.FormLong {
		own := Procs{Prefix: l.Table + "_"}
		if suffix, ok := layout.ProcedureSuffix(l.Table); ok {
			names = []Procs{{Suffix: suffix}, own}
		} else {
			names = []Procs{own}
		}
	}
	want := l.Procedures()
	var best Procs
	var notes []string
	for i, p := range names {
		p.Database, p.Schema = c.database, c.schemaOf(p, want, schema)
		var odd []string
		for _, sig := range want {
			full := p.Prefix + sig.Name + p.Suffix
			q := c.procIn(p.Schema, full)
			if q != nil && !q.takes(sig, l) {
				odd = append(odd, fmt.Sprintf("procedure %s has other parameters than layout %s calls it with: it belongs to something else",
					full, l.Name))
			}
			if !c.procsUnread && (q == nil || !q.takes(sig, l)) {
				p.Missing = append(p.Missing, full)
			}
		}
		if i == 0 || len(p.Missing) < len(best.Missing) {
			best, notes = p, odd
		}
	}
	return best, notes
}

// schemaOf returns the schema that holds most of the procedures; the table's where there are as many.
func (c *catalog) schemaOf(p Procs, want []layout.Procedure, table string) string {
	best, most := table, 0
	count := map[string]int{}
	for _, sig := range want {
		for _, q := range c.procs {
			if strings.EqualFold(q.name, p.Prefix+sig.Name+p.Suffix) {
				count[q.schema]++
			}
		}
	}
	for _, q := range c.procs { // in the catalogue's order
		if n := count[q.schema]; n > most || n == most && n > 0 && strings.EqualFold(q.schema, table) {
			best, most = q.schema, n
		}
	}
	return best
}

func (c *catalog) procIn(schema, name string) *procInfo {
	i := slices.IndexFunc(c.procs, func(p procInfo) bool {
		return strings.EqualFold(p.name, name) && strings.EqualFold(p.schema, schema)
	})
	if i < 0 {
		return nil
	}
	return &c.procs[i]
}

// takes says whether a procedure can be called as the signature says; more parameters behind are somebody's addition. In
// the SQL Server 7 shape the reads have lockDate for lockAge (3.8).
func (p *procInfo) takes(sig layout.Procedure, l *layout.Layout) bool {
	want := sig.Params
	if at := slices.Index(want, "lockAge"); at >= 0 && l.Reference == layout.FX7 {
		want = slices.Clone(want)
		want[at] = "lockDate"
	}
	return len(p.params) >= len(want) && slices.EqualFunc(p.params[:len(want)], want, strings.EqualFold)
}
