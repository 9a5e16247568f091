package nrbf

import (
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

type (
	cents  struct{ n int64 }
	namely struct {
		_    Class `nrbf:"N"`
		Cost cents
	}
)

func (cents) NRBFType() Type { return PrimitiveDecimal }
func (m cents) MarshalNRBF() (any, error) {
	if m.n < 0 {
		return nil, errHooked
	}
	return Decimal{Lo: uint64(m.n), Scale: 2}, nil
}
func (m *cents) UnmarshalNRBF(v Value) error {
	text, _ := v.Decimal()
	d, _ := ParseDecimal(text)
	m.n = int64(d.Lo)
	return nil
}

func TestMarshalForms(t *testing.T) {
	in := struct {
		_      Class            `nrbf:"Contoso.Forms, Contoso, Version=1.0.0.0"`
		Table  [][]int32        `nrbf:",rect"`
		Cube   [][][]string     `nrbf:"_cube,rect"`
		Empty  [][]int32        `nrbf:",rect"`
		Old    []any            `nrbf:",arraylist"`
		Bag    map[string]int32 `nrbf:",hashtable"`
		Token  [16]byte         `nrbf:",guid"`
		Seen   time.Time        `nrbf:",offset"`
		Hidden int32            `nrbf:"-"`
		Auto   bool             `nrbf:",property"`
		own    int32
	}{
		Table: [][]int32{{1, 2, 3}, {4, 5, 6}}, Cube: [][][]string{{{"a", "b"}}, {{"c", "d"}}}, Old: []any{"x", int32(1)},
		Empty: [][]int32{},
		Bag:   map[string]int32{"a": 1, "b": 2}, Token: [16]byte{1, 2, 3, 15: 4}, Hidden: 5, Auto: true, own: 6,
		Seen: time.Date(2020, 6, 7, 8, 9, 10, 0, time.FixedZone("", 330*60)),
	}
	g, err := Marshal(&in)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"class":"Contoso.Forms","assembly":"Contoso, Version=1.0.0.0","members":[` +
		`["Table",{"array":"System.Int32","assembly":null,"lengths":[2,3],"values":["1","2","3","4","5","6"]}],` +
		`["_cube",{"array":"System.String","assembly":null,"lengths":[2,1,2],"elements":["a","b","c","d"]}],` +
		`["Empty",{"array":"System.Int32","assembly":null,"lengths":[0,0],"values":[]}],` +
		`["Old",{"class":"System.Collections.ArrayList","assembly":null,"members":[["_items",{"array":"System.Object","assembly":null,` +
		`"lengths":[4],"elements":["x",{"prim":"Int32","value":"1"},null,null]}],["_size",{"prim":"Int32","value":"2"}],` +
		`["_version",{"prim":"Int32","value":"2"}]]}],` +
		`["Bag",{"class":"System.Collections.Hashtable","assembly":null,"members":[["LoadFactor",{"prim":"Single","value":"3f3851ec"}],` +
		`["Version",{"prim":"Int32","value":"2"}],["Comparer",null],["HashCodeProvider",null],["HashSize",{"prim":"Int32","value":"3"}],` +
		`["Keys",{"array":"System.Object","assembly":null,"lengths":[2],"elements":["a","b"]}],` +
		`["Values",{"array":"System.Object","assembly":null,"lengths":[2],"elements":[{"prim":"Int32","value":"1"},{"prim":"Int32","value":"2"}]}]]}],` +
		`["Token",{"class":"System.Guid","assembly":null,"members":[["_a",{"prim":"Int32","value":"16909056"}],["_b",{"prim":"Int16","value":"0"}],` +
		`["_c",{"prim":"Int16","value":"0"}],["_d",{"prim":"Byte","value":"0"}],["_e",{"prim":"Byte","value":"0"}],["_f",{"prim":"Byte","value":"0"}],` +
		`["_g",{"prim":"Byte","value":"0"}],["_h",{"prim":"Byte","value":"0"}],["_i",{"prim":"Byte","value":"0"}],["_j",{"prim":"Byte","value":"0"}],` +
		`["_k",{"prim":"Byte","value":"4"}]]}],` +
		`["Seen",{"class":"System.DateTimeOffset","assembly":null,"members":[["DateTime",{"prim":"DateTime","value":"637270943500000000"}],` +
		`["OffsetMinutes",{"prim":"Int16","value":"330"}]]}],` +
		`["<Auto>k__BackingField",{"prim":"Boolean","value":"true"}]]}`
	if got := string(AppendJSON(nil, g.Root())); got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	out := in
	out.Table, out.Cube, out.Old, out.Bag, out.Token, out.Seen, out.Auto = nil, nil, nil, nil, [16]byte{}, time.Time{}, false
	if err := Unmarshal(g.Root(), &out); err != nil || !out.Seen.Equal(in.Seen) {
		t.Errorf("%v, %v", out.Seen, err)
	}
	if out.Seen = in.Seen; !reflect.DeepEqual(in, out) {
		t.Errorf(" got %+v\nwant %+v", out, in)
	}
	var custom namely
	if g, err = Marshal(namely{Cost: cents{1250}}); err != nil {
		t.Fatal(err)
	}
	if v, _ := g.Root().Member("Cost"); v.Show() != "12.50" {
		t.Errorf("%s", v.Show())
	}
	if err := Unmarshal(g.Root(), &custom); err != nil || custom.Cost.n != 1250 {
		t.Errorf("%v, %v", custom, err)
	}
}

// What has no exact form is refused, with its place.
func TestMarshalRefuses(t *testing.T) {
	type unnamed struct{ A int32 }
	type number struct {
		_ Class `nrbf:"N"`
		X int
	}
	type iface struct {
		_ Class `nrbf:"N"`
		X error
	}
	type misused struct {
		_ Class `nrbf:"N"`
		X int32 `nrbf:",list"`
	}
	type derived struct {
		_ Class    `nrbf:"N"`
		X []string `nrbf:",contents"`
	}
	type anything struct {
		_ Class `nrbf:"N"`
		X any
	}
	type table struct {
		_ Class     `nrbf:"N"`
		X [][]int32 `nrbf:",rect"`
	}
	type twice struct {
		_ Class `nrbf:"N"`
		X int32
		Y int32 `nrbf:"X"`
	}
	type private struct {
		_ Class `nrbf:"N"`
		x int32 `nrbf:"x"`
	}
	type pointers struct {
		_ Class `nrbf:"N"`
		X **int32
	}
	type self []self
	two := "two"
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "root: null alone is no graph"},
		{int32(5), "root: "},
		{5, "root: int is of no fixed size: take int32 or int64"},
		{unnamed{}, "root: nrbf.unnamed has no .NET class: it needs a field _ nrbf.Class or nrbf.Struct whose tag is the name"},
		{number{}, "root.X: int is of no fixed size: take int32 or int64"},
		{iface{}, "root.X: error is an interface, and does not say which .NET type it stands for"},
		{misused{}, "root.X: its tag has an option that int32 has no use for"},
		{derived{}, "root.X: classes that derive from a collection cannot be made"},
		{anything{X: uint(5)}, "root.X: uint is of no fixed size: take int32 or int64"},
		{anything{X: []any{nil, map[string]any{"a": unnamed{}}}}, "root.X[1][#0]: nrbf.unnamed has no .NET class: it needs a field _ nrbf.Class or nrbf.Struct whose tag is the name"},
		{anything{X: func() {}}, "root.X: func() stands for no .NET type"},
		{anything{X: *big.NewInt(1)}, "root.X: big.Int has no .NET class: it needs a field _ nrbf.Class or nrbf.Struct whose tag is the name"},
		{anything{X: time.Unix(0, 1)}, "root.X: a time of less than 100 ns, or outside of the years 1 to 9999, is no DateTime"},
		{anything{X: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "root.X: a time of less than 100 ns, or outside of the years 1 to 9999, is no DateTime"},
		{anything{X: time.Duration(150)}, "root.X: a duration of less than 100 ns is no TimeSpan"},
		{anything{X: Value{}}, "root.X: nrbf.Value has no .NET class: it needs a field _ nrbf.Class or nrbf.Struct whose tag is the name"},
		{anything{X: "\xff"}, "root.X: String that is not UTF-8"},
		{anything{X: Decimal{Negative: true}}, "root.X: Decimal that is a negative zero, which loses its sign"},
		{anything{X: cents{-1}}, "root.X: nrbf.cents: no Int32"},
		{table{X: [][]int32{{1}, {1, 2}}}, "root.X[1]: 2 elements in a table with rows of 1"},
		{table{X: [][]int32{{1}, nil}}, "root.X[1]: 0 elements in a table with rows of 1"},
		{twice{}, "root: class N: two members are called \"X\""},
		{private{}, "root: nrbf.private.x has a tag and is not exported"},
		{pointers{}, "root.X: **int32: a pointer to what can be nil itself"},
		{self{}, "root: nrbf.self contains itself, which no .NET type does"},
		{map[*string]int32{&two: 1, nil: 2}, "root: Dictionary: the key of pair"},
		{map[DateTime]int32{{Ticks: 1}: 1, {Ticks: 1, Kind: DateTimeUTC}: 2}, "root: Dictionary: pairs 0 and 1 have equal keys"},
		{(*number)(nil), "root.X: int is of no fixed size: take int32 or int64"},
	} {
		g, err := Marshal(c.v)
		var m *MappingError
		if g != nil || !errors.As(err, &m) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%T: %v, want %s", c.v, err, c.want)
		}
	}
	if _, err := Marshal(anything{X: cents{-1}}); !errors.Is(err, errHooked) {
		t.Errorf("the error of MarshalNRBF is lost: %v", err)
	}
}
