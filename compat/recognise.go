package compat

import (
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// fxTable is the name of aspnet_regsql's table, of the samples' and of async 1.1's.
const fxTable = "ASPStateTempSessions"

// fx11 is the id of the tables of ASP.NET 1.x in sql-layouts.md 1: recognised, and refused (3.9).
const fx11 = "fx11"

// recognise goes through the tests of sql-layouts.md 14: which layout a table is, or is most like; empty for a table that
// is none of ASP.NET's. why says it for people.
func recognise(t *tableInfo, procs *catalog) (reference, why string) {
	if !t.has("SessionId") {
		return nearestByName(t.name), "its name"
	}
	where := "on disk"
	if t.memory {
		where = "memory-optimized"
	}
	switch {
	case t.has("SessionItemShort"):
		return recogniseFX(t), "columns SessionItemShort and SessionItemLong, " + where
	case t.has("SessionItemLong"):
		return recogniseAsync(t, procs), "column SessionItemLong " + t.column("SessionItemLong").typ + " alone, " + where
	case strings.EqualFold(t.name, "Sessions") && t.has("SessionItem") && (t.has("LockDate") || t.has("LockCookie")):
		return "async10", "table Sessions with column SessionItem"
	case strings.EqualFold(t.name, "Sessions") && t.has("ItemSize") && (t.has("Item") || t.has("Initialized")):
		return "sqlinmem", "table Sessions with columns ItemSize and Initialized, " + where
	}
	return nearestByName(t.name), "its name"
}

// recogniseFX: tests 1 to 4.
func recogniseFX(t *tableInfo) string {
	switch {
	case !t.has("Flags"):
		return fx11
	case !t.has("LockDateLocal"):
		return "fx7"
	case t.memory:
		return "sample-mem"
	}
	return "fx8"
}

// recogniseAsync: tests 5 to 8. Version 1.1 cannot rename its table and has no procedures.
func recogniseAsync(t *tableInfo, procs *catalog) string {
	switch {
	case t.column("SessionItemLong").typ == "image":
		return "async11"
	case !t.memory:
		return "async2-sql"
	case strings.EqualFold(t.name, fxTable) && procs.proc(t.name+"_GetStateItem") == nil:
		return "async11-mem"
	case t.durable:
		return "async2-memdur"
	}
	return "async2-mem"
}

// namedTables are layouts whose default table names nobody else would use.
var namedTables = []string{"fx8", "async2-sql", "async2-mem", "async2-memdur"}

// nearestByName is for a table whose columns say nothing and whose name says much. Sessions may be anybody's.
func nearestByName(name string) string {
	for _, reference := range namedTables {
		if l, err := layout.ByReference(reference); err == nil && strings.EqualFold(l.Table, name) {
			return reference
		}
	}
	return ""
}

// defaultNames lists the names that nearestByName knows, as SQL.
func defaultNames() string {
	var names []string
	for _, reference := range namedTables {
		if l, err := layout.ByReference(reference); err == nil {
			names = append(names, "N'"+l.Table+"'")
		}
	}
	return strings.Join(names, ", ")
}

// variant tells apart what has one layout and several installers (sql-layouts.md 1, 8).
func variant(reference string, c, procs *catalog) string {
	switch {
	case reference == "sample-mem" && procs.proc("TempGetStateItemExclusive3_HK") != nil:
		return variantRetry
	case reference != "fx8" && reference != layout.FX7:
		return ""
	case strings.EqualFold(c.database, tempdb):
		return "fx-temp"
	case strings.EqualFold(c.database, "ASPState"):
		return "fx-persist"
	}
	return "fx-custom"
}
