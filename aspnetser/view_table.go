package aspnetser

import (
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// dataTable is a DataTable of either remoting format.
type dataTable struct {
	name    string
	columns []dataColumn
	key     []string // names of the columns of the primary key
	rows    int
	states  [4]int // how many rows there are of each state
	notes   []string

	// window returns rows from to from+n-1, fewer at the end.
	window func(from, n int) []dataRow
}

type dataColumn struct {
	name string // as the program knows it
	typ  string // as C# writes it, or as the schema has it; "" where it is unknown. Not fit for a line: see shownType
	note string // AutoIncrement, read-only, an expression
}

// rowState is the DataRowState of a row.
type rowState uint8

const (
	rowUnchanged rowState = iota
	rowAdded
	rowModified
	rowDeleted
)

func (s rowState) String() string {
	return [...]string{"unchanged", "added", "modified", "deleted"}[s&3]
}

type dataRow struct {
	index    int
	state    rowState
	current  []View // one a column; nil of a deleted row
	original []View // of a modified or deleted row
	editing  []View // of a row between BeginEdit and EndEdit
	err      string // RowError
	colErrs  []columnError
}

type columnError struct{ column, text string }

// dataTableShape is a DataTable: XML remoting format keeps two texts, the binary one a member for each property.
func dataTableShape(m *members) (shape, bool) {
	schema, ok := m.text("XmlSchema")
	data, ok2 := m.text("XmlDiffGram")
	if ok && ok2 {
		m.skipAny("DataTable.RemotingVersion", "DataTable.RemotingFormat")
		set := &xmlSet{schema: schema, data: data}
		return shape{kind: shapeTable, load: func(b *viewBudget) (s tableSource, err string) { return set.load(b, false) }}, true
	}
	b := binaryTables{outer: m.v}
	if !b.has("DataTable.Columns.Count") || !b.has("DataTable_0.Records") {
		return shape{}, false
	}
	m.skipPrefix("DataTable.", "DataTable_0.")
	return shape{kind: shapeTable, load: b.loadTable}, true
}

// dataSetShape is a DataSet in either format. The binary one keeps each table's schema in a stream of its own, and the rows
// in members of the set.
func dataSetShape(m *members) (shape, bool) {
	schema, ok := m.text("XmlSchema")
	data, ok2 := m.text("XmlDiffGram")
	if ok && ok2 {
		m.skipAny("DataSet.RemotingVersion", "DataSet.RemotingFormat", "SchemaSerializationMode.DataSet")
		set := &xmlSet{schema: schema, data: data}
		return shape{kind: shapeSet, load: func(b *viewBudget) (s tableSource, err string) { return set.load(b, true) }}, true
	}
	b := binaryTables{outer: m.v}
	if !b.has("DataSet.Tables.Count") {
		return shape{}, false
	}
	m.skipPrefix("DataSet.", "DataTable_")
	m.skipAny("SchemaSerializationMode.DataSet")
	return shape{kind: shapeSet, load: b.loadSet}, true
}

// tableSource is what was read of a DataTable, or of the tables of a DataSet.
type tableSource struct {
	name      string
	tables    []*dataTable
	relations []string
	single    bool // it is a DataTable
}

// binaryTables reads the members of DataTable and DataSet in binary remoting format (fixtures o-datatable-binary,
// o-dataset-binary; states, edits and errors from tables made with Mono, testdata/view).
type binaryTables struct{ outer nrbf.Value }

func (b binaryTables) has(name string) bool {
	_, ok := b.outer.Member(name)
	return ok
}

func (b binaryTables) loadTable(budget *viewBudget) (tableSource, string) {
	m := indexed(b.outer)
	t, why := readBinaryTable(m, m, 0, budget)
	if why != "" {
		return tableSource{}, why
	}
	return tableSource{name: t.name, tables: []*dataTable{t}, single: true}, ""
}

func (b binaryTables) loadSet(budget *viewBudget) (src tableSource, why string) {
	m := indexed(b.outer)
	src.name, _ = m.text("DataSet.DataSetName")
	n, ok := m.int("DataSet.Tables.Count")
	if !ok || n < 0 || n > b.outer.Len() {
		return src, "no count of tables"
	}
	for i := range n {
		stream, ok := m.array("DataSet.Tables_" + strconv.Itoa(i))
		packed, ok2 := stream.Packed()
		if !ok || !ok2 || stream.ElementPrimitive() != nrbf.PrimitiveByte {
			return src, "no stream of table " + strconv.Itoa(i)
		}
		if why := budget.take(len(packed), "a stream"); why != "" {
			return src, why
		}
		g, err := budget.decode(packed)
		if err != nil {
			return src, "the stream of table " + strconv.Itoa(i) + " is damaged"
		}
		t, why := readBinaryTable(indexed(g.Root()), m, i, budget)
		if why != "" {
			return src, why
		}
		src.tables = append(src.tables, t)
	}
	if list, ok := m.get("DataSet.Relations"); ok {
		src.relations = binaryRelations(list, src.tables)
	}
	return src, ""
}

// elements gives the elements of a list, nil for another value.
func elements(v nrbf.Value) (n int, at func(i int) nrbf.Value) {
	s := shapeOf(v, maxWrapped-1)
	if s.kind != shapeList {
		return 0, nil
	}
	return s.n, func(i int) nrbf.Value { return s.at(i).v }
}

// binaryRelations: name, parent table and columns, child table and columns.
func binaryRelations(list nrbf.Value, tables []*dataTable) (out []string) {
	n, at := elements(list)
	for i := range min(n, maxViewMembers) {
		parts, part := elements(at(i))
		if parts < 3 {
			continue
		}
		name, _ := part(0).Text()
		parent, child := words(part(1), maxViewMembers), words(part(2), maxViewMembers)
		side := func(w []int32) (string, bool) {
			if len(w) < 2 || w[0] < 0 || int(w[0]) >= len(tables) {
				return "", false
			}
			t := tables[w[0]]
			var names []string
			for _, c := range w[1:] {
				if c < 0 || int(c) >= len(t.columns) {
					return "", false
				}
				names = append(names, t.columns[c].name)
			}
			return t.name + "." + strings.Join(names, ", "), true
		}
		from, ok := side(child)
		to, ok2 := side(parent)
		if ok && ok2 {
			out = append(out, name+": "+from+" → "+to)
		}
	}
	return out
}

// readBinaryTable reads a table whose schema is in one object and whose rows are in another, or the same.
func readBinaryTable(schema, data members, index int, budget *viewBudget) (*dataTable, string) {
	t := &dataTable{}
	var ok bool
	if t.name, ok = schema.text("DataTable.TableName"); !ok {
		return nil, "no table name"
	}
	columns, ok := schema.int("DataTable.Columns.Count")
	if !ok || columns < 0 || columns > schema.v.Len() {
		return nil, "no count of columns"
	}
	outer := "DataTable_" + strconv.Itoa(index) + "."
	for i := range columns {
		p := schema.under("DataTable.DataColumn_" + strconv.Itoa(i) + ".")
		name, ok := p.text("ColumnName")
		if !ok {
			return nil, "no name of column " + strconv.Itoa(i)
		}
		typ, _ := p.text("DataType_AssemblyQualifiedName")
		c := dataColumn{name: name, typ: tidyClass(typ)}
		for _, flag := range []string{"AutoIncrement", "ReadOnly"} {
			if v, ok := p.get(flag); ok && v.Bits() == 1 {
				c.note = joinNotes(c.note, notesOfColumns[flag])
			}
		}
		e, ok := p.text("Expression")
		if !ok {
			e, _ = data.under(outer + "DataColumn_" + strconv.Itoa(i) + ".").text("Expression")
		}
		if e != "" {
			c.note = joinNotes(c.note, "= "+e)
		}
		t.columns = append(t.columns, c)
	}
	rows := data.under(outer)
	if list, ok := rows.get("Constraints"); ok {
		t.key = binaryKey(list, t)
	}
	return t, readBinaryRows(rows, t, budget)
}

// notesOfColumns are properties of a DataColumn that are told, by the names that both formats have for them.
var notesOfColumns = map[string]string{"AutoIncrement": "auto-increment", "ReadOnly": "read-only"}

// binaryKey finds the primary key: "U", name, columns, whether it is the key.
func binaryKey(list nrbf.Value, t *dataTable) (key []string) {
	n, at := elements(list)
	for i := range min(n, maxViewMembers) {
		parts, part := elements(at(i))
		if parts < 4 {
			continue
		}
		kind, _ := part(0).Text()
		primary, _ := part(3).Bool()
		if kind != "U" || !primary {
			continue
		}
		for _, c := range words(part(2), maxViewMembers) {
			if c >= 0 && int(c) < len(t.columns) {
				key = append(key, t.columns[c].name)
			}
		}
	}
	return key
}
