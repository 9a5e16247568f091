package compat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// signature is a procedure that a provider calls, with its parameters in order.
type signature struct{ name, params string }

// fxProcs are those of aspnet_regsql and of the samples that a provider of .NET 2.0 and later calls (sql-layouts.md 3.5).
var fxProcs = []signature{
	{"GetMajorVersion", "ver"},
	{"TempGetVersion", "ver"},
	{"TempGetAppID", "appName appId"},
	{"TempGetStateItem3", "id itemShort locked lockAge lockCookie actionFlags"},
	{"TempGetStateItemExclusive3", "id itemShort locked lockAge lockCookie actionFlags"},
	{"TempReleaseStateItemExclusive", "id lockCookie"},
	{"TempInsertUninitializedItem", "id itemShort timeout"},
	{"TempInsertStateItemShort", "id itemShort timeout"},
	{"TempInsertStateItemLong", "id itemLong timeout"},
	{"TempUpdateStateItemShort", "id itemShort timeout lockCookie"},
	{"TempUpdateStateItemShortNullLong", "id itemShort timeout lockCookie"},
	{"TempUpdateStateItemLong", "id itemLong timeout lockCookie"},
	{"TempUpdateStateItemLongNullShort", "id itemLong timeout lockCookie"},
	{"TempRemoveStateItem", "id lockCookie"},
	{"TempResetTimeout", "id"},
	{"DeleteExpiredSessions", ""},
}

// asyncProcs are those of async 2.x (6.2).
var asyncProcs = []signature{
	{"GetStateItemExclusive", "SessionId Locked LockAge LockCookie ActionFlags"},
	{"GetStateItem", "SessionId Locked LockAge LockCookie ActionFlags"},
	{"InsertStateItem", "SessionId Timeout SessionItemLong"},
	{"InsertUninitializedItem", "SessionId Timeout SessionItemLong"},
	{"UpdateStateItem", "SessionId LockCookie Timeout SessionItemLong"},
	{"ReleaseItemExclusive", "SessionId LockCookie"},
	{"RemoveStateItem", "SessionId LockCookie"},
	{"ResetItemTimeout", "SessionId"},
	{"DeleteExpiredSessionState", ""},
}

// chunkProcs are those of SqlInMemory (9). Three have names that are also async 2.x's (6.1).
var chunkProcs = []signature{
	{"InsertOrUpdateStateItem", "SessionId NewItem Initialized LockCookie Timeout ItemSize Item"},
	{"InsertOrUpdateStateItemMedium", "SessionId NewItem Initialized LockCookie Timeout ItemSize Item1"},
	{"InsertOrUpdateStateItemLarge", "SessionId NewItem LockCookie Timeout ItemSize Items"},
	{"GetStateItem", "SessionId Locked LockAge LockCookie Initialized Item"},
	{"GetStateItemExclusive", "SessionId Locked LockAge LockCookie Initialized Item"},
	{"ReleaseStateItemExclusive", "SessionId LockCookie"},
	{"RemoveItem", "SessionId LockCookie"},
	{"ResetItemTimeout", "SessionId"},
	{"DeleteExpiredSessions", ""},
}

// procsOf returns the procedures that a layout's provider calls.
func procsOf(l *layout.Layout) []signature {
	switch l.Reference {
	case "fx8", "fx7", "sample-mem":
		return fxProcs
	case "async2-sql", "async2-mem", "async2-memdur":
		return asyncProcs
	case "sqlinmem":
		return chunkProcs
	}
	return nil
}

// asyncSuffix is what async 2.x appends to its procedures' names where the table has a default name (6.1); false where it
// has a name of its own.
func asyncSuffix(table string) (suffix string, ok bool) {
	for suffix, l := range map[string]string{"": "async2-sql", "M": "async2-mem", "MD": "async2-memdur"} {
		if l, err := layout.ByReference(l); err == nil && strings.EqualFold(l.Table, table) {
			return suffix, true
		}
	}
	return "", false
}

// findProcs looks in a catalogue for the procedures that go with a table. Notes are for people.
func findProcs(c *catalog, l *layout.Layout, schema string) (Procs, []string) {
	names := []Procs{{}}
	if l.Form == layout.FormLong {
		own := Procs{Prefix: l.Table + "_"}
		if suffix, ok := asyncSuffix(l.Table); ok {
			names = []Procs{{Suffix: suffix}, own}
		} else {
			names = []Procs{own}
		}
	}
	want := procsOf(l)
	var best Procs
	var notes []string
	for i, p := range names {
		p.Database, p.Schema = c.database, c.schemaOf(p, want, schema)
		var odd []string
		for _, sig := range want {
			full := p.Prefix + sig.name + p.Suffix
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
func (c *catalog) schemaOf(p Procs, want []signature, table string) string {
	best, most := table, 0
	count := map[string]int{}
	for _, sig := range want {
		for _, q := range c.procs {
			if strings.EqualFold(q.name, p.Prefix+sig.name+p.Suffix) {
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
func (p *procInfo) takes(sig signature, l *layout.Layout) bool {
	if l.Reference == layout.FX7 {
		sig.params = strings.Replace(sig.params, "lockAge", "lockDate", 1)
	}
	want := strings.Fields(sig.params)
	return len(p.params) >= len(want) && slices.EqualFunc(p.params[:len(want)], want, strings.EqualFold)
}
