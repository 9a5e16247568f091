package aspnetser

import (
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// binaryTable builds a DataTable in binary remoting format: one column a of type int, two unchanged rows, 7 and 8. Its
// members are those of fixture o-datatable-binary that a view reads. columnErrors are those of row 1.
func binaryTable(values []int32, columnErrors ...any) any {
	bits := func(words ...int32) any {
		return thing("System.Collections.BitArray", "m_array", &nrbf.Array{Elem: nrbf.PrimitiveInt32, Values: words},
			"m_length", int32(32*len(words)), "_version", int32(0))
	}
	list := func(elements ...any) any {
		return thing("System.Collections.ArrayList", "_items", things(elements...), "_size", int32(len(elements)), "_version", int32(0))
	}
	table := func(keys, values *nrbf.Array) any {
		return thing("System.Collections.Hashtable", "LoadFactor", float32(0.72), "Version", int32(0), "Comparer", nil,
			"HashCodeProvider", nil, "HashSize", int32(3), "Keys", keys, "Values", values)
	}
	rows := things()
	errors := things()
	if columnErrors != nil {
		rows, errors = things(int32(1)), things(list(columnErrors...))
	}
	return thing("System.Data.DataTable", "DataTable.RemotingVersion", nil, "DataTable.TableName", "T", "DataTable.Columns.Count", int32(1),
		"DataTable.DataColumn_0.ColumnName", "a", "DataTable.DataColumn_0.DataType_AssemblyQualifiedName", "System.Int32, mscorlib",
		"DataTable_0.Rows.Count", int32(2), "DataTable_0.Records.Count", int32(2), "DataTable_0.RowStates", bits(0),
		"DataTable_0.Records", list(&nrbf.Array{Elem: nrbf.PrimitiveInt32, Values: values}), "DataTable_0.NullBits", list(bits(0)),
		"DataTable_0.RowErrors", table(things(), things()), "DataTable_0.ColumnErrors", table(rows, errors))
}

// A table whose arrays do not fit to each other is shown member by member, or without what does not fit.
func TestViewOfTamperedBinaryTables(t *testing.T) {
	const good = "DataTable \"T\" (1 column × 2 rows)\n                  a\n                  int\n  [0]  unchanged  7\n  [1]  unchanged  8"
	indices := func(n ...int32) any { return &nrbf.Array{Elem: nrbf.PrimitiveInt32, Values: n} }
	texts := func(s ...string) any { return &nrbf.Array{Elem: nrbf.StringType, Values: s} }
	for _, c := range []struct {
		name string
		root any
		want string
	}{
		{"as it should be", binaryTable([]int32{7, 8}), good},
		{"spare values", binaryTable([]int32{7, 8, 9}), good},
		{"a value too few", binaryTable([]int32{7}), "DataTable (not shown as a table: fewer values than records)\n"},
		{"no values", binaryTable(nil), "DataTable (not shown as a table: fewer values than records)\n"},
		{"an error of a column", binaryTable([]int32{7, 8}, indices(0), texts("e")), good + "\n       error in a: \"e\""},
		{"errors of columns that are not there", binaryTable([]int32{7, 8}, indices(-1, 0, 1, -1<<31), texts("w", "x", "y", "z")),
			good + "\n       error in a: \"x\""},
		{"more columns with errors than texts", binaryTable([]int32{7, 8}, indices(0, 0), texts("x")), good + "\n       error in a: \"x\""},
		{"texts of errors that are none", binaryTable([]int32{7, 8}, indices(0), "x"), good},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := showBuilt(t, c.root); got != c.want && (!strings.HasSuffix(c.want, "\n") || !strings.HasPrefix(got, c.want)) {
				t.Errorf("shown as\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
