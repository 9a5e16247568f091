package aspnetser

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// xmlSet is a DataTable or DataSet in XML remoting format (fixtures o-datatable-changes, o-dataset; errors, hidden
// columns, nested relations and names with blanks from sets made with Mono, testdata/view).
type xmlSet struct {
	schema, data string
	budget       *viewBudget
}

// load reads the schema and the rows that a view shows first.
func (x *xmlSet) load(b *viewBudget, set bool) (src tableSource, why string) {
	x.budget = b
	if why := b.take(len(x.schema), "XML"); why != "" {
		return src, "XmlSchema: " + why
	}
	schema, why := readSchema(x.schema)
	if why != "" {
		return src, "XmlSchema: " + why
	}
	if !set && len(schema.tables) != 1 {
		return src, "XmlSchema: not one table"
	}
	rows, why := x.read(schema.tables, 0, defaultViewElements)
	if why != "" {
		return src, "XmlDiffGram: " + why
	}
	for i, t := range schema.tables {
		t.rows, t.states = rows[i].total(), rows[i].states
		if n := rows[i].repeated; n > 0 {
			t.notes = append(t.notes, counted(n, "row")+" with the number of another")
		}
		t.window = func(from, n int) []dataRow {
			if from >= 0 && from+n <= defaultViewElements {
				return rows[i].window(from, n)
			}
			other, why := x.read(schema.tables, from, n)
			if why != "" {
				return nil
			}
			return other[i].window(from, n)
		}
	}
	return tableSource{name: schema.name, tables: schema.tables, relations: schema.relations, single: !set}, ""
}

// xmlRows are rows of one table, as far as they are asked for.
type xmlRows struct {
	table    *dataTable
	columns  map[string]int
	from, n  int
	rows     map[int]*dataRow
	byID     map[string]*dataRow
	states   [4]int
	next     int // number of a row that says none
	repeated int // rows that have the number of another
}

func (r *xmlRows) total() int {
	n := 0
	for _, s := range r.states {
		n += s
	}
	return n
}

func (r *xmlRows) window(from, n int) (rows []dataRow) {
	for _, row := range r.rows {
		if row.index >= from && row.index-from < n {
			rows = append(rows, *row)
		}
	}
	slices.SortFunc(rows, func(a, b dataRow) int { return a.index - b.index })
	return rows[:min(n, len(rows))]
}

// rowReader reads a diffgram: rows as they are now, then, under before, the original ones of those that were modified or
// deleted, then errors. What belongs together has one diffgr:id and one msdata:rowOrder.
type rowReader struct {
	tables  []*xmlRows
	byName  map[string]*xmlRows
	data    string
	path    []rowElement
	section string
	counted map[string]rowState // of the rows that were modified, by id: they come a second time
}

type rowElement struct {
	rows   *xmlRows // of a row
	row    *dataRow // of a row that is asked for, under errors
	cells  []View   // of a row that is asked for, and of its cells
	column int      // of a cell; -1 for none
	typ    string   // of a cell
	inside bool     // inside of a cell
	text   []byte
	nested bool // the cell has elements: it is shown as XML
	start  int64
}

func (x *xmlSet) read(tables []*dataTable, from, n int) ([]*xmlRows, string) {
	if why := x.budget.take(len(x.data), "XML"); why != "" {
		return nil, why
	}
	r := rowReader{byName: make(map[string]*xmlRows), data: legalXML(x.data)}
	for _, t := range tables {
		rows := &xmlRows{table: t, from: from, n: n, rows: make(map[int]*dataRow), byID: make(map[string]*dataRow),
			columns: make(map[string]int, len(t.columns))}
		for i, c := range t.columns {
			rows.columns[c.name] = i
		}
		r.tables = append(r.tables, rows)
		r.byName[t.name] = rows
	}
	why := readXML(r.data, r.token)
	return r.tables, why
}

func (r *rowReader) token(t xml.Token, d *xml.Decoder) bool {
	switch t := t.(type) {
	case xml.StartElement:
		return r.start(&t, d)
	case xml.EndElement:
		r.end(d)
	case xml.CharData:
		if n := len(r.path); n > 0 && r.path[n-1].cells != nil {
			r.path[n-1].text = append(r.path[n-1].text, t...)
		}
	}
	return true
}

func (r *rowReader) start(e *xml.StartElement, d *xml.Decoder) bool {
	next := rowElement{column: -1, start: d.InputOffset()}
	switch depth := len(r.path); {
	case depth == 0:
		if e.Name.Local != "diffgram" || e.Name.Space != nsDiffgram {
			return false
		}
	case depth == 1:
		r.section = ""
		if e.Name.Space == nsDiffgram {
			r.section = e.Name.Local
		}
	case attr(e, nsDiffgram, "id") != "":
		rows := r.byName[xmlName(e.Name.Local)]
		if rows == nil {
			return false
		}
		next.rows = rows
		if r.section == "errors" {
			r.error(rows, e)
		} else {
			r.row(rows, e, &next)
		}
	default:
		parent := &r.path[depth-1]
		switch {
		case parent.column >= 0 || parent.inside:
			parent.nested, next.inside = true, true
		case parent.rows == nil:
			return false
		case r.section == "errors":
			if row := parent.row; row != nil && len(row.colErrs) < maxViewMembers {
				row.colErrs = append(row.colErrs, columnError{xmlName(e.Name.Local), attr(e, nsDiffgram, "Error")})
			}
		default:
			c, ok := parent.rows.columns[xmlName(e.Name.Local)]
			if !ok {
				return false
			}
			next.column, next.cells, next.typ = c, parent.cells, parent.rows.table.columns[c].typ
			if of := attr(e, nsInstance, "type"); of != "" { // a value in a column of type object
				next.typ = cmp.Or(xmlTypes[local(of)], local(of))
			}
		}
	}
	// A row under errors is looked for here, since its columns come inside of it.
	if r.section == "errors" && next.rows != nil {
		next.row = next.rows.byID[attr(e, nsDiffgram, "id")]
	}
	r.path = append(r.path, next)
	return true
}

func (r *rowReader) error(rows *xmlRows, e *xml.StartElement) {
	if row := rows.byID[attr(e, nsDiffgram, "id")]; row != nil {
		row.err = attr(e, nsDiffgram, "Error")
	}
}

// row counts a row, and makes one that is asked for.
func (r *rowReader) row(rows *xmlRows, e *xml.StartElement, next *rowElement) {
	order, err := strconv.Atoi(attr(e, nsData, "rowOrder"))
	if err != nil || order < 0 {
		order = rows.next
	}
	rows.next = order + 1
	id := attr(e, nsDiffgram, "id")
	row, asked := rows.rows[order], order >= rows.from && order-rows.from < rows.n
	if r.section == "before" {
		// A modified row has been counted.
		if _, ok := r.counted[rows.table.name+"\x00"+id]; !ok {
			rows.states[rowDeleted]++
			if asked && row == nil {
				row = &dataRow{index: order, state: rowDeleted}
			}
		}
		if row == nil {
			return
		}
		rows.rows[order], rows.byID[id] = row, row
		row.original = make([]View, len(rows.table.columns))
		next.cells = row.original
	} else {
		state := rowUnchanged
		switch attr(e, nsDiffgram, "hasChanges") {
		case "inserted":
			state = rowAdded
		case "modified":
			state = rowModified
			if r.counted == nil {
				r.counted = make(map[string]rowState)
			}
			r.counted[rows.table.name+"\x00"+id] = state
		}
		rows.states[state]++
		if row != nil {
			rows.repeated++
		}
		if !asked || row != nil {
			return
		}
		row = &dataRow{index: order, state: state, current: make([]View, len(rows.table.columns))}
		rows.rows[order], rows.byID[id] = row, row
		next.cells = row.current
	}
	for _, a := range e.Attr {
		name := a.Name.Local
		if a.Name.Space == nsData {
			hidden, ok := strings.CutPrefix(name, "hidden") // a column that is not to be seen in XML
			if !ok {
				continue
			}
			name = hidden
		} else if a.Name.Space == nsDiffgram || a.Name.Space == "xmlns" || name == "xmlns" {
			continue
		}
		if c, ok := rows.columns[xmlName(name)]; ok {
			next.cells[c] = cell(rows.table.columns[c].typ, a.Value)
		}
	}
}

func (r *rowReader) end(d *xml.Decoder) {
	e := &r.path[len(r.path)-1]
	switch {
	case e.cells == nil:
	case e.column >= 0 && e.nested:
		inner := r.data[e.start:d.InputOffset()]
		e.cells[e.column] = cell("", inner[:max(strings.LastIndexByte(inner, '<'), 0)])
	case e.column >= 0:
		e.cells[e.column] = cell(e.typ, string(e.text))
	case len(e.cells) > 0 && strings.TrimSpace(string(e.text)) != "":
		// Text of the row itself: the one column of a table with simple content.
		e.cells[0] = cell(e.rows.table.columns[0].typ, string(e.text))
	}
	r.path = r.path[:len(r.path)-1]
}

// cell is a value as XML has it. Texts are quoted, bytes counted, and everything else is shown as it is written there.
func cell(typ, text string) View {
	s := scalar("", "")
	switch typ {
	case "string", "char", "object", "Uri", "":
		s = textShape("", text)
	case "byte[]":
		s.name = typ
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			s = textShape("", text)
			break
		}
		s.text = func(dst []byte, most int) []byte {
			return bytesText(string(raw))(append(dst, "("+group(len(raw))+") "...), most)
		}
	default:
		s.text = func(dst []byte, most int) []byte { return append(dst, printable(text, max(most, 40))...) }
		s.str, s.isStr = text, true
	}
	return View{made: &made{shape: s, json: func(dst []byte) []byte { return nrbf.AppendJSONString(dst, text) }}}
}
