package aspnetser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// thing builds an instance whose members take anything: name, value, name, value, …
func thing(class string, members ...any) *nrbf.Instance {
	c := &nrbf.ClassType{Name: class, Library: "L"}
	in := &nrbf.Instance{Class: c}
	for i := 0; i < len(members); i += 2 {
		c.Members = append(c.Members, nrbf.MemberDecl{Name: members[i].(string), Type: nrbf.ObjectType})
		in.Values = append(in.Values, members[i+1])
	}
	return in
}

func things(elements ...any) *nrbf.Array { return &nrbf.Array{Elem: nrbf.ObjectType, Values: elements} }

func showBuilt(t *testing.T, root any) string {
	t.Helper()
	b, err := nrbf.EncodeStream(root)
	if err != nil {
		t.Fatal(err)
	}
	return showHostile(t, t.Name(), b)
}

// What has not the members of its class is shown as it is, with nothing left out.
func TestViewOfTamperedClasses(t *testing.T) {
	loop := thing("System.Collections.ObjectModel.Collection`1", "items", nil)
	loop.Values[0] = loop
	node := thing("System.Collections.Specialized.ListDictionary+DictionaryNode", "key", "k", "value", "v", "next", nil)
	node.Values[2] = node
	three := things("x", "y", "z")
	bits := thing("System.Collections.BitArray", "m_array", &nrbf.Array{Elem: nrbf.PrimitiveInt32, Values: []int32{1}}, "m_length", int32(33))
	for _, c := range []struct {
		name string
		root any
		want string
	}{
		{"list longer than its array", thing("System.Collections.Generic.List`1", "_items", three, "_size", int32(4), "_version", int32(1)),
			`List<> {_items: object[] (3) ["x", "y", "z"], _size: 4, _version: 1}`},
		{"list of negative size", thing("System.Collections.ArrayList", "_items", three, "_size", int32(-1)),
			`ArrayList {_items: object[] (3) ["x", "y", "z"], _size: -1}`},
		{"list without array", thing("System.Collections.ArrayList", "_items", "text", "_size", int32(1)),
			`ArrayList {_items: "text", _size: 1}`},
		{"list with a member more", thing("System.Collections.ArrayList", "_items", three, "_size", int32(2), "evil", "e"),
			"ArrayList (2)\n  [0] \"x\", \"y\"\n  evil: \"e\""},
		{"list with more in its version than a number", thing("System.Collections.ArrayList", "_items", three, "_size", int32(2), "_version", "evil"),
			"ArrayList (2)\n  [0] \"x\", \"y\"\n  _version: \"evil\""},
		{"queue that begins behind its end", thing("System.Collections.Queue", "_array", three, "_head", int32(3), "_size", int32(1)),
			`Queue {_array: object[] (3) ["x", "y", "z"], _head: 3, _size: 1}`},
		{"collection of itself", loop, `Collection<> (#1) {items: see #1 (cycle)}`},
		{"chain that bites its tail", thing("System.Collections.Specialized.ListDictionary", "head", node, "count", int32(5)),
			`ListDictionary {head: ListDictionary.DictionaryNode (#1) {key: "k", value: "v", next: see #1 (cycle)}, count: 5}`},
		{"chain longer than its count", thing("System.Collections.Specialized.ListDictionary", "count", int32(0), "head",
			thing("N", "key", "k", "value", "v", "next", nil)), `ListDictionary {count: 0, head: N {key: "k", value: "v", next: null}}`},
		{"map with keys and values that do not pair", thing("System.Collections.Hashtable", "Keys", three, "Values", things("v"),
			"LoadFactor", float32(1), "HashSize", int32(3)),
			`Hashtable {Keys: object[] (3) ["x", "y", "z"], Values: object[] (1) ["v"], LoadFactor: 1, HashSize: 3}`},
		{"dictionary of what are no pairs", thing("System.Collections.Generic.Dictionary`2", "HashSize", int32(3), "KeyValuePairs", three),
			`Dictionary<,> (3) {(no key): "x", (no key): "y", (no key): "z"}`},
		{"more bits than words", bits, `BitArray {m_array: int[] (1) [1], m_length: 33}`},
		{"guid of texts", thing("System.Guid", "_a", "x"), `Guid {_a: "x"}`},
		{"version of nothing", thing("System.Version"), `Version {}`},
		{"enum of a text", thing("E", "value__", "x"), `E {value__: "x"}`},
		{"type holder of an unknown kind", thing("System.UnitySerializationHolder", "UnityType", int32(9), "Data", "d"),
			`UnitySerializationHolder {UnityType: 9, Data: "d"}`},
		{"null that has data", thing("System.UnitySerializationHolder", "UnityType", int32(2), "Data", "d"),
			`UnitySerializationHolder {UnityType: 2, Data: "d"}`},
		{"big number of another sign", thing("System.Numerics.BigInteger", "_sign", int32(7), "_bits",
			&nrbf.Array{Elem: nrbf.PrimitiveUInt32, Values: []uint32{1}}), `BigInteger {_sign: 7, _bits: uint[] (1) [1]}`},
		{"exception of another class", thing("System.Exception", "ClassName", "Other", "Message", "m", "StackTraceString", nil),
			`Exception {ClassName: "Other", Message: "m", StackTraceString: null}`},
		{"exception with other types", thing("System.Exception", "ClassName", "System.Exception", "Message", "m", "StackTraceString", int32(1),
			"HResult", "evil"), "Exception \"m\"\n  StackTraceString: 1\n  HResult: \"evil\""},
		{"observable collection", thing("System.Collections.ObjectModel.ObservableCollection`1", "_monitor",
			thing("System.Collections.ObjectModel.ObservableCollection`1+SimpleMonitor", "_busyCount", int32(0)), "Collection`1+items", three),
			`ObservableCollection<> (3) ["x", "y", "z"]`},
		{"offset of a year", thing("System.DateTimeOffset", "DateTime", nrbf.DateTime{}, "OffsetMinutes", int16(30000)),
			`DateTimeOffset {DateTime: 0001-01-01T00:00:00, OffsetMinutes: 30000}`},
		{"table that is no XML", thing("System.Data.DataTable", "DataTable.RemotingVersion", nil, "XmlSchema", "<", "XmlDiffGram", "no"),
			`DataTable (not shown as a table: XmlSchema: it is no sound XML) {DataTable.RemotingVersion: null, XmlSchema: "<", XmlDiffGram: "no"}`},
		{"table without columns", thing("System.Data.DataTable", "DataTable.RemotingVersion", nil), `DataTable {DataTable.RemotingVersion: null}`},
		{"set without its tables", thing("System.Data.DataSet", "DataSet.RemotingVersion", nil, "DataSet.Tables.Count", int32(1)),
			`DataSet (not shown as a table: no stream of table 0) {DataSet.RemotingVersion: null, DataSet.Tables.Count: 1}`},
		{"names of another world", thing("Evil\x1b[2J\u202eName", "a\nb", "c\x00d\u202e", "", int32(1)),
			`"Evil\x1b[2J\u202eName" {"a\nb": "c\x00d\u202e", "": 1}`},
		{"members of one name", thing("C", "B+<x>k__BackingField", int32(1), "<x>k__BackingField", int32(2), "A+x", int32(3), "y@", int32(4)),
			`C {B+x: 1, x: 2, A+x: 3, y: 4}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := showBuilt(t, c.root); got != c.want {
				t.Errorf("%s\nis shown as %s\nwant        %s", c.name, got, c.want)
			}
		})
	}
}

// tSchema is that of a table T of the columns a and b, and tDiffgram the rows of one.
const tSchema = `<?xml version="1.0" encoding="utf-16"?><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" ` +
	`xmlns:msdata="urn:schemas-microsoft-com:xml-msdata"><xs:element name="T"><xs:complexType><xs:sequence>` +
	`<xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:schema>`

func tDiffgram(inner string) string {
	return `<d:diffgram xmlns:m="urn:schemas-microsoft-com:xml-msdata" xmlns:d="urn:schemas-microsoft-com:xml-diffgram-v1">` +
		inner + `</d:diffgram>`
}

// A diffgram that has what the schema does not know is not shown as a table that lacks it.
func TestViewOfTamperedXML(t *testing.T) {
	head := "DataTable \"T\" (2 columns × 1 row)\n                  a    b\n                  int  string\n"
	for _, c := range []struct{ name, data, want string }{
		{"control characters", tDiffgram(`<X><T d:id="T1" m:rowOrder="0"><a>1</a><b>x&#x1;&#10;</b></T></X>`),
			head + `  [0]  unchanged  1    "x�\n"`},
		{"elements in a cell", tDiffgram(`<X><T d:id="T1"><b><i>1</i><j/></b></T></X>`), head + `  [0]  unchanged  null  "<i>1</i><j/>"`},
		{"a column that the schema lacks", tDiffgram(`<X><T d:id="T1"><c>1</c></T></X>`), "XML that is none of a DataTable"},
		{"a table that the schema lacks", tDiffgram(`<X><U d:id="T1"></U></X>`), "XML that is none of a DataTable"},
		{"a row without id", tDiffgram(`<X><T><a>1</a></T></X>`), "XML that is none of a DataTable"},
		{"another root", `<x/>`, "XML that is none of a DataTable"},
		{"an open end", strings.TrimSuffix(tDiffgram(`<X>`), `</d:diffgram>`), "no sound XML"},
		{"depth", tDiffgram(strings.Repeat("<x>", 300) + strings.Repeat("</x>", 300)), "XML that is none"},
		{"a row that comes twice", tDiffgram(`<X><T d:id="T1" m:rowOrder="0"><a>1</a></T><T d:id="T2" m:rowOrder="0"><a>2</a></T></X>`),
			"2 rows), 1 row with the number of another"},
		{"a row number out of reach", tDiffgram(`<X><T d:id="T1" m:rowOrder="2000000000"><a>1</a></T></X>`), "… and 1 more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := showBuilt(t, thing("System.Data.DataTable", "DataTable.RemotingVersion", nil, "XmlSchema", tSchema, "XmlDiffGram", c.data))
			if !strings.Contains(squeeze(got), squeeze(c.want)) {
				t.Errorf("shown as\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// squeeze makes runs of blanks one.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// Whatever is shared or long, the text is short and the work is in proportion to the stream.
func TestViewOfHugeGraphs(t *testing.T) {
	nulls := &nrbf.Array{Elem: nrbf.ObjectType, Values: make([]any, 1<<17)}
	many := func(n int, make func(i int) any) any {
		all := things()
		values := []any{}
		for i := range n {
			values = append(values, make(i))
		}
		all.Values = values
		return all
	}
	wide := thing("Wide")
	for i := range 50000 {
		wide.Class.Members = append(wide.Class.Members, nrbf.MemberDecl{Name: fmt.Sprintf("<m%d>k__BackingField", i), Type: nrbf.ObjectType})
		wide.Values = append(wide.Values, nil)
	}
	list := &nrbf.ClassType{Name: "System.Collections.ArrayList", Members: []nrbf.MemberDecl{{Name: "_items", Type: nrbf.ObjectType}, {Name: "_size", Type: nrbf.PrimitiveInt32}}}
	pair := &nrbf.ClassType{Name: "P", Library: "L", Members: []nrbf.MemberDecl{{Name: "a", Type: nrbf.ObjectType}, {Name: "b", Type: nrbf.ObjectType}}}
	table := &nrbf.ClassType{Name: "System.Data.DataTable", Library: "L", Members: []nrbf.MemberDecl{{Name: "DataTable.RemotingVersion", Type: nrbf.ObjectType},
		{Name: "XmlSchema", Type: nrbf.ObjectType}, {Name: "XmlDiffGram", Type: nrbf.ObjectType}}}
	var deep any = "end"
	for range 100000 {
		deep = things(deep)
	}
	var fans any = "end"
	for range 200 {
		fans = pair.New(fans, fans)
	}
	text := strings.Repeat("long ", 100000)
	xml := tDiffgram("<X>" + strings.Repeat(`<T d:id="T"/>`, 100000) + "</X>")
	for _, c := range []struct {
		name string
		root any
		want string
	}{
		{"lists of one array", many(50, func(int) any {
			return many(50, func(int) any { return list.New(nulls, int32(1<<17)) })
		}), "ArrayList (131,072)"},
		{"a wide class in many places", many(50, func(i int) any {
			return many(50, func(int) any { return pair.New(int32(i), wide) })
		}), "… and 49,800 more"},
		{"depth", deep, "… deeper"},
		{"paths without number to one object", fans, "see #1"},
		{"a text in many places", many(30, func(int) any { return text }), "(500,000 characters, 500,000 bytes)"},
		{"tables of one text", many(10, func(int) any { return table.New(nil, tSchema, xml) }), "(2 columns × 100,000 rows)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := showBuilt(t, c.root); !strings.Contains(got, c.want) {
				t.Errorf("shown as %.3000s\nwithout %q", got, c.want)
			}
		})
	}
}

// A view reads so much XML and no more.
func TestViewBudget(t *testing.T) {
	set := &xmlSet{schema: tSchema, data: tDiffgram("<X/>")}
	for _, c := range []struct {
		left int
		want string
	}{
		{len(set.schema) - 1, fmt.Sprintf("XmlSchema: XML of %d bytes, with %d left of the 8 MiB that a view reads in all",
			len(set.schema), len(set.schema)-1)},
		{len(set.schema) + len(set.data) - 1, fmt.Sprintf("XmlDiffGram: XML of %d bytes, with %d left of the 8 MiB that a view reads in all",
			len(set.data), len(set.data)-1)},
		{len(set.schema) + len(set.data), ""},
	} {
		if _, why := set.load(&viewBudget{most: maxViewXML, left: c.left}, false); why != c.want {
			t.Errorf("with %d bytes left: %q, want %q", c.left, why, c.want)
		}
	}
}

// A table whose XML is too long says how long it is, and how long it may be; a path reads further.
func TestViewOfTooMuchXML(t *testing.T) {
	data := tDiffgram(`<X><T d:id="T1"><a>1</a></T>` + strings.Repeat(" ", 8<<20) + "</X>")
	b, err := nrbf.EncodeStream(thing("System.Data.DataTable", "XmlSchema", tSchema, "XmlDiffGram", data))
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := nrbf.Decode(b, nrbf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := "DataTable (not shown as a table: XmlDiffGram: XML of " + group(len(data)) + " bytes, more than the 8 MiB that a view reads)"
	if got := ViewOf(g.Root()).Summary(); got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
	if got := showHostile(t, "long XML", b); !strings.HasPrefix(got, want) {
		t.Errorf("shown as %.300s, want %s", got, want)
	}
	w, err := ViewOf(g.Root()).Lookup("[0].a")
	if err != nil || w.Summary() != "1" {
		t.Errorf("[0].a is %s, %v", w.Summary(), err)
	}
}
