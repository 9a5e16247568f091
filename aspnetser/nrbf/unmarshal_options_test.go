package nrbf

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

type figure interface{ area() float64 }

type circle struct{ R float64 }

func (c *circle) area() float64 { return c.R * c.R * 3 }

// Classes of which no fixture has one, as the members that .NET gives them.
func TestUnmarshalOtherCollections(t *testing.T) {
	class := func(name string, members ...any) *Instance {
		c := &ClassType{Name: name}
		o := c.New()
		for i := 0; i < len(members); i += 2 {
			c.Members = append(c.Members, MemberDecl{members[i].(string), ObjectType})
			o.Values = append(o.Values, members[i+1])
		}
		return o
	}
	table := ok(Hashtable(nil, Pair{"a", "1"}))
	texts := map[string]string{"a": "1"}
	for _, c := range []struct {
		tree *Instance
		want any
	}{
		{class("Contoso.Old", "Extra", int32(1), "CollectionBase+list", ArrayList("x", "y")), []string{"x", "y"}},
		{class("Contoso.Older", "ReadOnlyCollectionBase+list", ArrayList("x")), []string{"x"}},
		{class("Contoso.OldMap", "DictionaryBase+hashtable", table), texts},
		{class("Contoso.Bound", "raise", true, "Collection`1+items", List(StringType, "x")), []string{"x"}},
		{class("System.ComponentModel.BindingList`1[[System.String, mscorlib]]", "Collection`1+items", List(StringType, "x")), []string{"x"}},
		{class("System.Collections.Specialized.StringDictionary", "contents", table), texts},
		{class("System.Collections.Specialized.HybridDictionary", "list", nil, "hashtable", table), texts},
		{class("System.Collections.Specialized.HybridDictionary", "list", nil, "hashtable", nil), map[string]string{}},
		{class("System.Collections.Concurrent.ConcurrentQueue`1[[System.Int32, mscorlib]]", "m_serializationArray", ArrayFrom([]int32{1, 2})), []int{1, 2}},
		{class("Contoso.Names", "ReadOnly", false, "Count", int32(1), "Keys", ArrayFrom([]string{"a"}), "Values", ArrayOf(ObjectType, ArrayList("1", "2")), "Version", int32(1)), map[string]string{"a": "1,2"}},
		{class("System.UIntPtr", "value", uint64(1<<63)), uint64(1 << 63)},
	} {
		got := reflect.New(reflect.TypeOf(c.want))
		v := treeValue(t, c.tree)
		if err := Unmarshal(v, got.Interface()); err != nil || !reflect.DeepEqual(got.Elem().Interface(), c.want) {
			t.Errorf("%s: %v, %v", c.tree.Class.Name, got.Elem(), err)
		}
		var natural any
		if err := Unmarshal(v, &natural); err != nil || reflect.TypeOf(natural).Kind() != reflect.TypeOf(c.want).Kind() {
			t.Errorf("%s: %T, %v", c.tree.Class.Name, natural, err)
		}
	}
	// What carries the name of a system class and not its members is a class like others.
	var members map[string]any
	odd := class("System.Guid", "what", int32(1))
	if err := Unmarshal(treeValue(t, odd), &members); err != nil || members["what"] != int32(1) {
		t.Errorf("%v, %v", members, err)
	}
	bad := DictionaryType(StringType, ObjectType)
	bad.Members[3].Type = ArrayType{Elem: ObjectType}
	for _, dst := range []any{new(any), new(map[string]int), new([]Pair)} {
		err := Unmarshal(treeValue(t, bad.New(int32(0), nil, int32(3), ArrayOf(ObjectType, "x"))), dst)
		if err == nil || err.Error() != "root[#0]: it is a String, without key and value" {
			t.Errorf("%T: %v", dst, err)
		}
	}
}

func TestUnmarshalTypes(t *testing.T) {
	array := roots(t, "o-poly-array")[0]
	shapes, _ := array.Member("Shapes")
	types := map[string]reflect.Type{"Contoso.Shop.Circle": reflect.TypeFor[*circle]()}
	var many []figure
	err := UnmarshalOptions{Types: types}.Unmarshal(shapes, &many)
	if err == nil || err.Error() != "root[1]: Contoso.Shop.Square, a map[string]interface {}, does not implement nrbf.figure" {
		t.Errorf("%v", err)
	}
	if many[0].area() != 12 {
		t.Errorf("%v", many[0])
	}
	var mixed []any
	if err := (UnmarshalOptions{Types: types}).Unmarshal(shapes, &mixed); err != nil || mixed[0].(*circle).R != 2 || mixed[1].(map[string]any)["Side"] != float32(3) {
		t.Errorf("%v, %v", mixed, err)
	}
	var texts []error
	if err := Unmarshal(treeValue(t, ArrayFrom([]string{"x"})), &texts); err == nil || err.Error() != "root[0]: string does not implement error" {
		t.Errorf("%v", err)
	}
}

func TestUnmarshalStrict(t *testing.T) {
	v := treeValue(t, nil)
	strict := UnmarshalOptions{Strict: true}
	for dst, want := range map[any]string{
		new(int): "root: null does not fit int", new(time.Time): "root: null does not fit time.Time", new(GUID): "root: null does not fit nrbf.GUID",
		new(struct{ A int }): "root: null does not fit struct { A int }", new(string): "", new(*int): "", new([]int): "", new(any): "", new(map[string]int): "",
	} {
		if err := strict.Unmarshal(v, dst); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%T: %v", dst, err)
		}
		if err := Unmarshal(v, dst); err != nil {
			t.Errorf("%T: %v", dst, err)
		}
	}
}

type partial struct{ name string }

func (p *partial) UnmarshalNRBF(v Value) error {
	m, _ := v.Member("name")
	return Unmarshal(m, &p.name)
}

type wrong struct{ n int }

func (w *wrong) UnmarshalNRBF(v Value) error { return Unmarshal(v, &w.n) }

type byPointer struct{ n int32 }

func (*byPointer) NRBFType() Type              { return PrimitiveInt32 }
func (p *byPointer) MarshalNRBF() (any, error) { return p.n, nil }

func TestHooks(t *testing.T) {
	two := treeValue(t, ArrayOf(ObjectType, personType.New(int32(1), "n", DateTime{}, nil), nil))
	var got []partial
	if err := Unmarshal(treeValue(t, ArrayOf(ObjectType, personType.New(int32(1), "n", DateTime{}, nil))), &got); err != nil || got[0].name != "n" {
		t.Errorf("%v, %v", got, err)
	}
	shared := personType.New(int32(1), "n", DateTime{}, nil)
	var pointers []*partial
	var values []partial
	twice := treeValue(t, ArrayOf(ObjectType, shared, shared, nil))
	if err := Unmarshal(twice, &pointers); err != nil || pointers[0] != pointers[1] || pointers[0].name != "n" || pointers[2] != nil {
		t.Errorf("%v, %v", pointers, err)
	}
	if err := Unmarshal(twice.At(0), &values); err == nil {
		t.Error("an object is a slice")
	}
	var none []wrong
	err := Unmarshal(two, &none)
	var inner *MappingError
	if err == nil || err.Error() != "root[0]: nrbf.wrong: Contoso.Shop.Person does not fit int" || !errors.As(errors.Unwrap(err), &inner) {
		t.Errorf("%v", err)
	}
	g, err := Marshal([]byPointer{{5}, {6}})
	if err != nil {
		t.Fatal(err)
	}
	var n []int32
	if err := Unmarshal(g.Root(), &n); err != nil || !reflect.DeepEqual(n, []int32{5, 6}) {
		t.Errorf("%v, %v", n, err)
	}
	if g, err = Marshal([1]byPointer{{7}}); err != nil || g.Root().At(0).Bits() != 7 {
		t.Errorf("%v", err)
	}
}

// MaxMemory is for all that one call makes, not for each slice, map and text.
func TestUnmarshalMaxMemory(t *testing.T) {
	rows := make([]any, 10)
	for i := range rows {
		rows[i] = ArrayFrom(make([]int32, 100))
	}
	named := &ClassType{Name: "System.Collections.Specialized.NameValueCollection", Members: []MemberDecl{{"ReadOnly", PrimitiveBoolean},
		{"Count", PrimitiveInt32}, {"Keys", ArrayType{Elem: StringType}}, {"Values", ArrayType{Elem: ObjectType}}, {"Version", PrimitiveInt32}}}
	texts := ArrayList(strings.Repeat("x", 1000), strings.Repeat("y", 500))
	header := int64(reflect.TypeFor[[]int32]().Size())
	text := int64(reflect.TypeFor[string]().Size())
	for _, c := range []struct {
		tree, dst any
		need      int64
	}{
		{ArrayOf(ObjectType, rows...), new([][]int32), 10*header + 10*400},
		{named.New(false, int32(1), ArrayFrom([]string{"a"}), ArrayOf(ObjectType, texts), int32(0)), new(map[string]string), 2*text + 1001 + 501},
	} {
		v := treeValue(t, c.tree)
		if err := (UnmarshalOptions{MaxMemory: c.need}).Unmarshal(v, c.dst); err != nil {
			t.Errorf("%T: %v", c.dst, err)
		}
		err := UnmarshalOptions{MaxMemory: c.need - 1}.Unmarshal(v, c.dst)
		if err == nil || !strings.Contains(err.Error(), "bytes of slices, maps and texts (MaxMemory)") {
			t.Errorf("%T: %v", c.dst, err)
		}
	}
}

// A backing field goes under the name of its property unless a member is called so.
func TestUnmarshalMembersOfOneName(t *testing.T) {
	for members, want := range map[string]map[string]int{
		"<Name>k__BackingField":                {"Name": 1},
		"<Name>k__BackingField Name":           {"<Name>k__BackingField": 1, "Name": 2},
		"Name <Name>k__BackingField":           {"Name": 1, "<Name>k__BackingField": 2},
		"Base+<Name>k__BackingField Name":      {"Base+Name": 1, "Name": 2},
		"Base+<Name>k__BackingField Base+Name": {"Base+<Name>k__BackingField": 1, "Base+Name": 2},
	} {
		var got map[string]int
		if err := Unmarshal(treeValue(t, instanceOf(strings.Fields(members)...)), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", members, got, err, want)
		}
	}
}

// .NET takes offsets of 14 hours at most, either way.
func TestUnmarshalOffsets(t *testing.T) {
	for minutes, fits := range map[int16]bool{-841: false, -840: true, 840: true, 841: false} {
		var got time.Time
		err := Unmarshal(treeValue(t, offsetType().New(DateTime{Ticks: 637270943500000000}, minutes)), &got)
		if _, seconds := got.Zone(); (err == nil) != fits || fits && seconds != int(minutes)*60 {
			t.Errorf("%d minutes: %v, %v", minutes, got, err)
		}
	}
}

type closed struct{ n int }

type classOnly struct {
	_ Class `nrbf:"C"`
	n int
}

// A struct into which nothing could ever go is refused; one without fields, or of a class without members, is not.
func TestUnmarshalClosedStructs(t *testing.T) {
	v := treeValue(t, instanceOf("n"))
	for _, dst := range []any{new(Graph), new(*Graph), new(closed), new(struct{ closed }), new(Instance), new(*Array)} {
		err := Unmarshal(v, dst)
		m, isMapping := err.(*MappingError)
		if !isMapping || !strings.HasPrefix(m.Reason, "C does not fit ") || !strings.HasSuffix(m.Reason, ", which has no field for a member") {
			t.Errorf("%T: %v", dst, err)
		}
	}
	for _, dst := range []any{new(struct{}), new(classOnly), new(struct{ Other int })} {
		if err := Unmarshal(v, dst); err != nil {
			t.Errorf("%T: %v", dst, err)
		}
	}
}

// What has no members has no names of them, and the zero Graph holds nothing.
func TestValueOfNothing(t *testing.T) {
	var g Graph
	if v := g.Root(); v != (Value{}) || !v.IsNull() || v.Len() != 0 || v.MemberName(0) != "" || g.Objects() != 0 {
		t.Errorf("%v", v)
	}
	array := treeValue(t, ArrayFrom([]int32{1}))
	for _, v := range []Value{array, array.At(0), treeValue(t, "x"), treeValue(t, nil), treeValue(t, int32(5))} {
		if name := v.MemberName(0); name != "" {
			t.Errorf("%s has a member called %q", describeValue(v), name)
		}
	}
	if _, _, err := Decode(g.Append(nil), Limits{}); err == nil {
		t.Error("the stream of the zero Graph can be read")
	}
	var null any = 1
	if err := Unmarshal(g.Root(), &null); err != nil || null != nil {
		t.Errorf("%v, %v", null, err)
	}
}

// Lists go into sets like HashSets, unless an element comes twice.
func TestUnmarshalListIntoSet(t *testing.T) {
	var got map[string]bool
	for _, tree := range []any{List(StringType, "a", "b"), ArrayFrom([]string{"a", "b"}), ArrayList("a", "b")} {
		if err := Unmarshal(treeValue(t, tree), &got); err != nil || !reflect.DeepEqual(got, map[string]bool{"a": true, "b": true}) {
			t.Errorf("%v, %v", got, err)
		}
	}
	if err := Unmarshal(treeValue(t, List(StringType, "a", "a")), &got); err == nil || err.Error() != "root[1]: two entries have the same key" {
		t.Errorf("%v", err)
	}
}
