package aspnetser

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// tables writes the rows of a DataTable, or the tables of a DataSet one after the other.
func (t *viewWriter) tables(src *tableSource, depth int) {
	if src.single {
		t.rows(src.tables[0], depth)
		return
	}
	for i, table := range src.tables {
		if !t.line(depth) {
			return
		}
		t.say(fmt.Sprintf("[%d] DataTable", i))
		t.tableHead(table)
		t.rows(table, depth+1)
	}
	for _, r := range src.relations {
		if t.line(depth) {
			t.say("relation ", printable(r, 200))
		}
	}
}

// tableHead writes the name and size of a table, how many rows there are of each state unless none was changed, and the
// primary key.
func (t *viewWriter) tableHead(table *dataTable) {
	t.say(" ", nrbf.QuoteCut(table.name, 60), " (", counted(len(table.columns), "column"), " × ", counted(table.rows, "row"))
	if table.rows > table.states[rowUnchanged] {
		sep := ": "
		for state, n := range table.states {
			if n > 0 {
				t.say(sep, group(n), " ", rowState(state).String())
				sep = ", "
			}
		}
	}
	t.say(")")
	if len(table.key) > 0 {
		t.say(", key ", printable(strings.Join(table.key, ", "), 200))
	}
	for _, note := range table.notes {
		t.say(", ", note)
	}
}

// rows writes a table: column names, types, and a line a row.
func (t *viewWriter) rows(table *dataTable, depth int) {
	rows := table.window(0, t.o.MaxElements)
	t.grid(table, rows, depth)
	t.more(table.rows-len(rows), depth)
	columns := table.columns[:min(len(table.columns), maxViewColumns)]
	if n := len(table.columns) - len(columns); n > 0 && t.line(depth) {
		t.say("… and ", counted(n, "more column"))
	}
	for _, c := range columns {
		if c.note != "" && t.line(depth) {
			t.say("column ", printable(c.name, shownName), ": ", printable(c.note, 200))
		}
	}
}

// grid writes rows side by side. A row that was modified has its original values, where they are others, on a line below;
// a deleted row has nothing but original values.
func (t *viewWriter) grid(table *dataTable, rows []dataRow, depth int) {
	columns := table.columns[:min(len(table.columns), maxViewColumns)]
	if len(columns) == 0 {
		return
	}
	grid := [][]string{{"", ""}, {"", ""}}
	after := make(map[int][]string) // lines behind a line of the grid
	for _, c := range columns {
		grid[0] = append(grid[0], printable(c.name, shownCell))
		grid[1] = append(grid[1], c.shownType())
	}
	for _, r := range rows {
		values := r.current
		if r.state == rowDeleted {
			values = r.original
		}
		shown := t.cells(values, columns)
		grid = append(grid, append([]string{fmt.Sprintf("[%d]", r.index), r.state.String()}, shown...))
		for _, other := range []struct {
			label string
			cells []View
		}{{"was", r.original}, {"edited", r.editing}} {
			if other.cells == nil || r.state == rowDeleted && other.label == "was" {
				continue
			}
			texts := t.cells(other.cells, columns)
			for i := range texts {
				if texts[i] == shown[i] {
					texts[i] = ""
				}
			}
			grid = append(grid, append([]string{"", other.label}, texts...))
		}
		at := len(grid) - 1
		if r.err != "" {
			after[at] = append(after[at], "error: "+nrbf.QuoteCut(r.err, t.o.MaxText))
		}
		for _, e := range r.colErrs {
			after[at] = append(after[at], "error in "+printable(e.column, shownName)+": "+nrbf.QuoteCut(e.text, t.o.MaxText))
		}
	}
	t.lines(grid, after, depth)
}

// shownType is the type for a line. XML has it as whoever wrote the schema wanted it.
func (c *dataColumn) shownType() string {
	if c.typ == "" {
		return ""
	}
	return printable(c.typ, shownName)
}

// lines writes cells below each other.
func (t *viewWriter) lines(grid [][]string, after map[int][]string, depth int) {
	width := make([]int, len(grid[0]))
	for _, line := range grid {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for i, line := range grid {
		if !t.line(depth) {
			return
		}
		var b strings.Builder
		for c, cell := range line {
			if c > 0 {
				b.WriteString("  ")
			}
			b.WriteString(padded(cell, width[c]))
		}
		t.say(strings.TrimRight(b.String(), " "))
		for _, text := range after[i] {
			if !t.line(depth) {
				return
			}
			t.say(strings.Repeat(" ", width[0]+2), text)
		}
	}
}

// cells writes each value into a few characters.
func (t *viewWriter) cells(values []View, columns []dataColumn) []string {
	out := make([]string, len(columns))
	for i := range out {
		if i >= len(values) {
			continue
		}
		if values[i].wide() {
			out[i] = tidyType(values[i].v.ClassName()) + " …"
			continue
		}
		c := viewWriter{o: ViewOptions{MaxText: shownCell}.filled(), seen: make(map[int]int), open: t.open}
		s := values[i].shape()
		if s.name == columns[i].typ {
			s.name = ""
		}
		c.head(&s, nil, 0)
		if !s.one() && !c.inline(&s) {
			c.say(" …")
		}
		out[i] = strings.TrimSpace(string(c.dst))
	}
	return out
}

// padded is text with blanks up to a width in characters.
func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}
