package aspnetser

import "github.com/aspstate/aspstate/aspnetser/nrbf"

// binaryRows are the rows of a table in binary remoting format: three bits a row, the first two its state (00 unchanged,
// 01 added, 10 modified, 11 deleted), the third whether it is being edited; an array of values a column, with a bit for
// each that is null. A row has a record for its original values, unless it was added; one for its current values, if they
// are others and it was not deleted; one for the edit.
type binaryRows struct {
	states  string // elements of an int[]
	first   []int  // record that each 64th row begins with
	rows    int
	columns []nrbf.Value // arrays
	nulls   []string

	rowErrors, columnErrors map[int]nrbf.Value
	names                   []dataColumn
}

const rowStride = 64 // rows between two entries of first

func (b *binaryRows) state(i int) (s rowState, editing bool) {
	switch {
	case bitOf(b.states, 3*i) && bitOf(b.states, 3*i+1):
		s = rowDeleted
	case bitOf(b.states, 3*i):
		s = rowModified
	case bitOf(b.states, 3*i+1):
		s = rowAdded
	}
	return s, bitOf(b.states, 3*i+2)
}

// records is how many records a row has.
func records(s rowState, editing bool) int {
	n := 1
	if s == rowModified {
		n++
	}
	if editing {
		n++
	}
	return n
}

// readBinaryRows reads the DataTable_N members of rows into t; it returns why it cannot.
func readBinaryRows(m *members, t *dataTable, budget *viewBudget) string {
	rows, ok := m.int("Rows.Count")
	total, ok2 := m.int("Records.Count")
	bits, ok3 := m.get("RowStates")
	states := members{v: bits}
	words, ok4 := states.array("m_array")
	packed, ok5 := words.Packed()
	if !ok || !ok2 || !ok3 || !ok4 || !ok5 || words.ElementPrimitive() != nrbf.PrimitiveInt32 {
		return "no row states"
	}
	if rows < 0 || int64(rows)*3 > int64(len(packed))*8 {
		return "fewer row states than rows"
	}
	if why := budget.take(len(packed), "row states"); why != "" {
		return why
	}
	b := &binaryRows{states: packed, rows: rows, names: t.columns}
	at := 0
	for i := range rows {
		if i%rowStride == 0 {
			b.first = append(b.first, at)
		}
		s, editing := b.state(i)
		t.states[s]++
		at += records(s, editing)
	}
	if at != total {
		return "another number of records than the row states say"
	}
	store, ok := m.get("Records")
	nulls, ok2 := m.get("NullBits")
	n, array := elements(store)
	n2, null := elements(nulls)
	if !ok || !ok2 || n != len(t.columns) || n2 != n {
		return "no records"
	}
	for i := range n {
		a, bits := array(i), members{v: null(i)}
		words, _ := bits.array("m_array")
		packed, ok := words.Packed()
		if a.Kind() != nrbf.KindArray || a.Len() < total || !ok || len(packed)*8 < total {
			return "fewer values than records"
		}
		b.columns, b.nulls = append(b.columns, a), append(b.nulls, packed)
	}
	var why string
	if b.rowErrors, why = errorsByRow(m, "RowErrors", budget); why != "" {
		return why
	}
	if b.columnErrors, why = errorsByRow(m, "ColumnErrors", budget); why != "" {
		return why
	}
	t.rows, t.window = rows, b.window
	return ""
}

// errorsByRow reads a Hashtable whose keys are row numbers.
func errorsByRow(m *members, name string, budget *viewBudget) (out map[int]nrbf.Value, why string) {
	v, _ := m.get(name)
	s := shapeOf(v, maxWrapped-1)
	if s.kind != shapeMap {
		return nil, ""
	}
	if why := budget.take(16*s.n, name); why != "" {
		return nil, why
	}
	out = make(map[int]nrbf.Value)
	for i := range s.n {
		if row, ok := s.key(i).v.Int(); ok {
			out[int(row)] = s.at(i).v
		}
	}
	return out, ""
}

func (b *binaryRows) window(from, n int) (rows []dataRow) {
	if from < 0 || from >= b.rows {
		return nil
	}
	at := b.first[from/rowStride]
	for i := from / rowStride * rowStride; i < b.rows && len(rows) < n; i++ {
		s, editing := b.state(i)
		next := at + records(s, editing)
		if i >= from {
			rows = append(rows, b.row(i, at, s, editing))
		}
		at = next
	}
	return rows
}

func (b *binaryRows) row(i, at int, s rowState, editing bool) dataRow {
	r := dataRow{index: i, state: s}
	switch s {
	case rowDeleted:
		r.original = b.record(at)
	case rowModified:
		r.original = b.record(at)
		at++
		r.current = b.record(at)
	default:
		r.current = b.record(at)
	}
	if editing {
		r.editing = b.record(at + 1)
	}
	r.err, _ = b.rowErrors[i].Text()
	if v, ok := b.columnErrors[i]; ok { // an ArrayList of an int[] and a string[]
		if n, part := elements(v); n == 2 {
			columns, texts := words(part(0), maxViewMembers), part(1)
			for j, c := range columns {
				if c >= 0 && int(c) < len(b.names) && texts.Kind() == nrbf.KindArray && j < texts.Len() {
					text, _ := texts.At(j).Text()
					r.colErrs = append(r.colErrs, columnError{b.names[c].name, text})
				}
			}
		}
	}
	return r
}

func (b *binaryRows) record(at int) []View {
	cells := make([]View, len(b.columns))
	for c, array := range b.columns {
		if !bitOf(b.nulls[c], at) { // the zero View is null
			cells[c] = ViewOf(array.At(at))
		}
	}
	return cells
}
