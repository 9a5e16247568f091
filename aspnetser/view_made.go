package aspnetser

import (
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// AppendJSON appends the value as JSON. Values of a graph have the form of fixtures/blobs/README.md, that of what the
// stream says: a List<string> is a class with the member _items. An item that is no Object has {"type":…,"value":…}. What
// stands for no single value of the graph has
//
//	{"row":0,"state":"modified","values":{…},"original":{…},"error":"…"}   a row of a DataTable; no values if deleted,
//	                                                  original if modified or deleted, error if there is one
//	{"table":"Orders","columns":[{"name":"Id","type":"int"},…],"rows":[…]}  a table of a DataSet
//	[…]                                                rows, tables, keys or values; null for rows of more XML than a view
//	                                                  reads
//	"2020-01-01T00:00:00"                              a cell of XML, as it is written there
func (w View) AppendJSON(dst []byte) []byte {
	switch {
	case w.item != nil:
		return append(w.item.appendJSON(append(dst, '{')), '}')
	case w.made != nil && w.made.json != nil:
		return w.made.json(dst)
	}
	return nrbf.AppendJSON(dst, w.v)
}

// listView is a list that no record stands for.
func listView(n int, at func(i int) View) View {
	return View{made: &made{
		shape: shape{kind: shapeList, n: n, at: at},
		json: func(dst []byte) []byte {
			return appendJSONList(dst, n, func(dst []byte, i int) []byte { return at(i).AppendJSON(dst) })
		},
	}}
}

func appendJSONList(dst []byte, n int, part func(dst []byte, i int) []byte) []byte {
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = part(dst, i)
	}
	return append(dst, ']')
}

// pick returns a row of a DataTable, or a table of a DataSet by number or name.
func (src *tableSource) pick(to *segment) (View, string) {
	if src.single {
		if len(to.index) != 1 {
			return View{}, "a row of a table has a number"
		}
		return rowAt(src.tables[0], to.index[0])
	}
	for i, t := range src.tables {
		if len(to.index) == 1 && to.index[0] == i || to.index == nil && strings.EqualFold(t.name, to.name) {
			return tableView(t), ""
		}
	}
	if len(src.tables) == 0 {
		return View{}, "the DataSet has no tables"
	}
	return View{}, "no such table; there " + are(src.names())
}

// names are those of the tables, for errors.
func (src *tableSource) names() []string {
	names := make([]string, len(src.tables))
	for i, t := range src.tables {
		names[i] = printable(t.name, 60)
	}
	return names
}

func tablesView(src *tableSource) View {
	w := listView(len(src.tables), func(i int) View { return tableView(src.tables[i]) })
	w.made.shape.tables = src
	return w
}

// tableView is a table of a DataSet.
func tableView(t *dataTable) View {
	src := tableSource{name: t.name, tables: []*dataTable{t}, single: true}
	return View{made: &made{
		shape: shape{kind: shapeTable, name: "DataTable", load: func(*viewBudget) (tableSource, string) { return src, "" }},
		json:  t.appendJSON,
	}}
}

// rowsView is a table as its rows.
func rowsView(t *dataTable) View {
	w := tableView(t)
	w.made.json = t.appendRows
	return w
}

func rowAt(t *dataTable, i int) (View, string) {
	if i < 0 || i >= t.rows {
		if t.rows == 0 {
			return View{}, "the table has no rows"
		}
		return View{}, "the table has rows [0] to [" + strconv.Itoa(t.rows-1) + "]"
	}
	rows := t.window(i, 1)
	if len(rows) == 0 {
		return View{}, "the row is not there, or takes more than the " + mebibytes(maxLookupXML) + " of XML that a look-up reads"
	}
	return rowView(t, &rows[0]), ""
}

// rowView is a row: its columns, with the original values where it was deleted.
func rowView(t *dataTable, r *dataRow) View {
	values := r.current
	if r.state == rowDeleted {
		values = r.original
	}
	s := shape{kind: shapeObject, name: "DataRow", note: r.state.String(), fields: t.named(values), row: &rowShape{t, r}}
	return View{made: &made{shape: s, json: func(dst []byte) []byte { return t.appendRow(dst, r) }}}
}

// rowShape is what a path may ask of a row besides its columns.
type rowShape struct {
	table *dataTable
	row   *dataRow
}

func (r *rowShape) special() []fieldView {
	state := r.row.state.String()
	fields := []fieldView{{"State", View{made: &made{shape: scalar("", state),
		json: func(dst []byte) []byte { return nrbf.AppendJSONString(dst, state) }}}}}
	if r.row.original != nil {
		original := shape{kind: shapeObject, name: "DataRow", note: "original", fields: r.table.named(r.row.original)}
		fields = append(fields, fieldView{"Original", View{made: &made{shape: original, json: func(dst []byte) []byte {
			return r.table.appendCells(dst, r.row.original)
		}}}})
	}
	return fields
}

// named gives the cells of a row the names of the columns.
func (t *dataTable) named(cells []View) []fieldView {
	fields := make([]fieldView, len(t.columns))
	for i, c := range t.columns {
		fields[i].name = c.name
		if i < len(cells) {
			fields[i].view = cells[i]
		}
	}
	return fields
}

func (t *dataTable) appendJSON(dst []byte) []byte {
	dst = nrbf.AppendJSONString(append(dst, `{"table":`...), t.name)
	dst = appendJSONList(append(dst, `,"columns":`...), len(t.columns), func(dst []byte, i int) []byte {
		dst = nrbf.AppendJSONString(append(dst, `{"name":`...), t.columns[i].name)
		return append(nrbf.AppendJSONString(append(dst, `,"type":`...), t.columns[i].typ), '}')
	})
	return append(t.appendRows(append(dst, `,"rows":`...)), '}')
}

func (t *dataTable) appendRows(dst []byte) []byte {
	rows := t.window(0, max(t.rows, 1))
	if len(rows) == 0 && t.rows > 0 {
		return appendNull(dst) // more XML than a view reads
	}
	return appendJSONList(dst, len(rows), func(dst []byte, i int) []byte { return t.appendRow(dst, &rows[i]) })
}

func (t *dataTable) appendRow(dst []byte, r *dataRow) []byte {
	dst = strconv.AppendInt(append(dst, `{"row":`...), int64(r.index), 10)
	dst = append(dst, `,"state":"`+r.state.String()+`"`...)
	for _, part := range []struct {
		name  string
		cells []View
	}{{"values", r.current}, {"original", r.original}, {"edited", r.editing}} {
		if part.cells != nil {
			dst = t.appendCells(append(dst, `,"`+part.name+`":`...), part.cells)
		}
	}
	if r.err != "" {
		dst = nrbf.AppendJSONString(append(dst, `,"error":`...), r.err)
	}
	if len(r.colErrs) > 0 {
		dst = append(dst, `,"columnErrors":{`...)
		for i, e := range r.colErrs {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = nrbf.AppendJSONString(append(nrbf.AppendJSONString(dst, e.column), ':'), e.text)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

func (t *dataTable) appendCells(dst []byte, cells []View) []byte {
	dst = append(dst, '{')
	for i, c := range t.columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(nrbf.AppendJSONString(dst, c.name), ':')
		if i < len(cells) {
			dst = cells[i].AppendJSON(dst)
		} else {
			dst = appendNull(dst)
		}
	}
	return append(dst, '}')
}
