package compat

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// AlteredError says that a table looks like one of ASP.NET's and is not as its installer makes it, in a way that reading
// or writing its rows by that layout would not be safe. It is refused.
type AlteredError struct {
	Database, Schema, Table string
	Nearest                 string   // name of the layout that it is most like; "fx11" for the tables of ASP.NET 1.x
	Problems                []string // for people: what was expected and what is there
}

func (e *AlteredError) Error() string {
	if e.Nearest == fx11 {
		return fmt.Sprintf("table %s is %s", quoted(e.Database, e.Schema, e.Table), strings.Join(e.Problems, "; "))
	}
	return fmt.Sprintf("table %s is not as layout %s makes it: %s", quoted(e.Database, e.Schema, e.Table), e.Nearest,
		strings.Join(e.Problems, "; "))
}

// fit compares a table with the layout it is most like. It returns a copy of the layout with what the table has of its
// own, what speaks against using it (then the copy is of no use), and what a person may want to know.
func fit(t *tableInfo, c *catalog, base *layout.Layout) (l *layout.Layout, problems, notes []string) {
	own := *base
	l = &own
	l.Table = t.name
	l.Columns, problems, notes = fitColumns(t, base.Columns)
	for i := range l.Columns {
		if col := &l.Columns[i]; col.Name == "SessionId" {
			l.CaseInsensitiveIDs = ignoresCase(col.Collation, base.CaseInsensitiveIDs)
		}
	}
	switch {
	case t.memory && (base.Form == layout.FormItem || slices.ContainsFunc(base.Columns, func(c layout.Column) bool { return c.Type == "image" })):
		problems = append(problems, "it is memory-optimized, expected a disk table")
	case t.memory && t.durable:
		l.Engine, l.SurvivesRestart = layout.EngineMemoryDurable, true
	case t.memory:
		l.Engine, l.SurvivesRestart = layout.EngineMemory, false
	default:
		if base.Engine != layout.EngineDisk {
			notes = append(notes, "it is on disk; its installer makes it memory-optimized")
		}
		l.Engine, l.SurvivesRestart = layout.EngineDisk, !strings.EqualFold(c.database, "tempdb")
	}
	if base.ChunkTable != "" {
		p, n := fitChunks(t, c, l)
		problems, notes = append(problems, p...), append(notes, n...)
	}
	switch key := t.keyOn("SessionId"); {
	case !t.keysKnown:
		notes = append(notes, "its keys are not known")
	case key == nil:
		problems = append(problems, "it has no primary key on SessionId alone")
	case !key.primary:
		notes = append(notes, "SessionId is unique but not the primary key")
	}
	if t.keysKnown && base.ChunkTable == "" && !t.byExpires() { // sqlinmemory has none
		notes = append(notes, "it has no index on Expires: purging reads the whole table")
	}
	if len(t.triggers) > 0 {
		notes = append(notes, "it has triggers: "+strings.Join(t.triggers, ", "))
	}
	return l, problems, notes
}

// fitColumns compares columns one by one. The copy has the layout's names and order, and the table's types, nullability
// and collations. Columns that only the table has are not in it.
func fitColumns(t *tableInfo, want []layout.Column) (own []layout.Column, problems, notes []string) {
	for _, w := range want {
		real := t.column(w.Name)
		if real == nil {
			problems = append(problems, fmt.Sprintf("column %s is missing, expected %s", w.Name, w.Type))
			continue
		}
		col := w
		col.Type, col.Nullable, col.Collation = real.typ, real.nullable, real.collation
		own = append(own, col)
		switch {
		case real.computed || real.identity:
			problems = append(problems, fmt.Sprintf("column %s is computed by the server, expected a plain %s", w.Name, w.Type))
		case !holds(real.typ, w):
			problems = append(problems, fmt.Sprintf("column %s is %s, expected %s", w.Name, real.typ, w.Type))
		case w.Nullable && !real.nullable:
			problems = append(problems, fmt.Sprintf("column %s takes no NULL, expected that it does", w.Name))
		default:
			if real.typ != w.Type {
				notes = append(notes, fmt.Sprintf("column %s is %s; its installer makes it %s", w.Name, real.typ, w.Type))
			}
			if !w.Nullable && real.nullable {
				notes = append(notes, fmt.Sprintf("column %s may be NULL; a row where it is cannot be read", w.Name))
			}
			if w.Default != "" && !real.hasDefault {
				notes = append(notes, fmt.Sprintf("column %s has no default: the provider cannot insert rows", w.Name))
			}
		}
	}
	for _, real := range t.columns {
		if slices.ContainsFunc(want, func(w layout.Column) bool { return strings.EqualFold(w.Name, real.name) }) {
			continue
		}
		if !real.nullable && !real.hasDefault && !real.identity && !real.computed {
			problems = append(problems, fmt.Sprintf("column %s is not of the layout, takes no NULL and has no default: no row could be inserted",
				real.name))
		} else {
			notes = append(notes, fmt.Sprintf("column %s is not of the layout: it is neither read nor copied", real.name))
		}
	}
	return own, problems, notes
}

// fitChunks compares SqlInMemory's second table, and names it in the copy. If made durable it has an identity column and
// a key on it (sql-layouts.md 9), which says nothing against it.
func fitChunks(t *tableInfo, c *catalog, l *layout.Layout) (problems, notes []string) {
	chunks := c.table(t.schema, l.ChunkTable)
	if chunks == nil {
		return []string{fmt.Sprintf("table %s is missing beside it", l.ChunkTable)}, nil
	}
	own, problems, notes := fitColumns(chunks, l.ChunkColumns)
	l.ChunkTable, l.ChunkColumns = chunks.name, own
	if chunks.memory != t.memory || chunks.durable != t.durable {
		problems = append(problems, "it is kept otherwise than the session table: a restart would leave one of them")
	}
	if len(chunks.triggers) > 0 {
		notes = append(notes, "it has triggers: "+strings.Join(chunks.triggers, ", "))
	}
	for i := range problems {
		problems[i] = chunks.name + ": " + problems[i]
	}
	for i := range notes {
		notes[i] = chunks.name + ": " + notes[i]
	}
	return problems, notes
}

// keyOn returns the index by which a second row of the same value is error 2627, the only one that providers expect
// (sql-layouts.md 11); the primary key first.
func (t *tableInfo) keyOn(column string) *indexInfo {
	var found *indexInfo
	for i := range t.indexes {
		x := &t.indexes[i]
		if x.unique && x.constraint && len(x.columns) == 1 && strings.EqualFold(x.columns[0], column) && (found == nil || x.primary) {
			found = x
		}
	}
	return found
}

// holds says whether a column of type real takes and gives all that the layout's column does. Long payloads may be image
// or varbinary(max): no change of bytes (16.2 B). Fractions of a second: three digits tell ticks apart, and Babelfish has
// six at most.
func holds(real string, w layout.Column) bool {
	long := func(t string) bool { return t == "image" || t == "varbinary(max)" }
	if long(w.Type) {
		return long(real)
	}
	name, size, sized := splitType(real)
	wantName, wantSize, wantSized := splitType(w.Type)
	if name != wantName || sized != wantSized {
		return false
	}
	if name == "datetime2" {
		wantSize = 3
	}
	return size >= wantSize
}

// splitType reads nvarchar(88); max is more than any number.
func splitType(t string) (name string, size int, sized bool) {
	name, rest, sized := strings.Cut(t, "(")
	if rest = strings.TrimSuffix(rest, ")"); rest == "max" {
		return name, math.MaxInt, true
	}
	size, _ = strconv.Atoi(rest)
	return name, size, sized
}

// ignoresCase reads a collation's name: _CI_ ignores case; _CS_ and the binary ones do not.
func ignoresCase(collation string, unknown bool) bool {
	for part := range strings.SplitSeq(strings.ToUpper(collation), "_") {
		switch part {
		case "CI":
			return true
		case "CS", "BIN", "BIN2":
			return false
		}
	}
	return unknown
}
