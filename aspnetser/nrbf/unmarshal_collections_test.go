package nrbf

import (
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

type set = map[string]struct{}

// What comes out of the fixtures, by their JSON: every Object in order, nil where none is looked at.
func TestUnmarshalFixtures(t *testing.T) {
	z := time.Date(2000, 1, 1, 0, 0, 0, 0, DateTimeUnspecified.Location())
	type pairs = []Pair
	type kv struct {
		Key   int8
		Value string
	}
	type point struct{ X, Y int }
	type tuple struct {
		Item1 int64
		Item2 any
	}
	for name, wants := range map[string][]any{
		"o-list-string":    {[]string{"a", "b", "c"}, [5]string{"1", "2", "3", "4", "5"}, []string{}},
		"o-list-int":       {[]int64{1, 2, 3, 4, 5, 6}, []float32{1.5}, nil, nil, []string{"1.10", "-2"}, []bool{true}},
		"o-list-nested":    {[][]uint8{{1, 2}, {}, nil}, []any{int32(1), "a", nil, []any{dec("2")}}, [][]string{{"x"}, nil}},
		"o-arraylist":      {[]any{int32(1), "a", nil, 2.5, true, Char('x'), z}, []string{}},
		"o-queue-stack":    {[]string{"b"}, []int{2, 3, 9}, []*string{ptr("x"), nil}, []string{"a", "b"}},
		"o-hashset":        {set{"a": {}, "b": {}}, map[int]bool{5: true, 6: true, 7: true}, []int32{}},
		"o-linkedlist":     {[]int16{1, 2, 3}, []bool{true, false, true}, []int{1, 2}, []string{"x"}},
		"o-sortedlist":     {map[string]int{"a": 1, "b": 2}, map[string]uint8{"a": 1, "b": 2}, map[int]string{1: "a", 2: "b"}, []int{1, 2, 3}},
		"o-hashtable":      {pairs{{"a", int32(1)}, {int32(2), "b"}, {3.5, nil}}, map[string]string{}},
		"o-dict-others":    {map[int8]string{1: "one", -5: "m5"}, nil, map[shopStatus]bool{1: true}, map[string]string{"Key": "v"}, map[string]string{"Key": "v"}},
		"o-namevalue":      {map[string][]string{"a": {"1", "2"}, "": {"nk"}, "B": {"x"}}, []string{"q", ""}, map[string]int{"k": 1}, map[string]string{"k": "v"}, pairs{{"z", int32(1)}, {"a", int32(2)}}},
		"o-concurrent":     {map[string]int{"a": 1}},
		"o-nullable-array": {[]*int{ptr(1), nil, ptr(3)}, []time.Time{{}, z}},
		"o-rect":           {[][]int{{1, 2, 3}, {4, 5, 6}}, [2][2][2]string{{{"a", "b"}, {"c", ""}}, {{"e", "f"}, {}}}, []any{[]any{int32(1), "x"}, []any{nil, 2.5}}, [][]int{}, [][][][]float64{{{{1.5}}}}, [][]byte{{1, 2}, {3, 4}}},
		"o-lower-bounds":   {[]int{50, 60, 70}},
		"o-jagged":         {[][]int32{{1, 2}, nil, {}, {3}}},
		"o-stringbuilder":  {"", "text"},
		"o-tuple":          {tuple{1, "a"}, []any{"x", 2.5, nil}, tuple{1, []any{int32(2), int32(3)}}, kv{7, "seven"}},
		"o-misc-system": {"1.2.3.4", "5.6", "https://example.org/p%C3%A4th?q=1#f", "../rel", nil, (*int)(nil), "System.String", nil,
			new(big.Int).Lsh(big.NewInt(1), 100), map[string]float64{"m_real": 1, "m_imaginary": -2}},
		"o-memorystream":        {[]byte{1, 2, 3, 4, 5}},
		"o-drawing":             {point{3, -4}},
		"o-enum":                {time.Wednesday, int64(-1), uint8(200), uint64(4611686018427387905)},
		"o-char-array-astral":   {"x😀y", "𝄞", []rune{0, 0xffff, 'é'}},
		"o-derived-collections": {[]string{"a", "b"}, map[string]Decimal{"x": dec("1.5")}},
	} {
		values := roots(t, name)
		for i, want := range wants {
			if want == nil {
				continue
			}
			got := reflect.New(reflect.TypeOf(want))
			if err := Unmarshal(values[i], got.Interface()); err != nil {
				t.Errorf("%s %d: %v", name, i, err)
			} else if have := got.Elem().Interface(); name == "o-nullable-array" && i == 1 {
				if have := have.([]time.Time); !have[0].IsZero() || !have[1].Equal(z) {
					t.Errorf("%s %d: %v", name, i, have)
				}
			} else if !reflect.DeepEqual(have, want) {
				t.Errorf("%s %d: %#v, want %#v", name, i, have, want)
			}
		}
	}
	var joined map[string]string
	if err := Unmarshal(roots(t, "o-namevalue")[0], &joined); err != nil || !reflect.DeepEqual(joined, map[string]string{"a": "1,2", "": "nk", "B": "x"}) {
		t.Errorf("%v, %v", joined, err)
	}
}

// Every Object of the fixtures, also the synthetic ones, has a natural value, and where that is a map or slice it is no
// larger than what it was made of.
func TestUnmarshalAny(t *testing.T) {
	for i, s := range streams(t) {
		g, _, err := Decode(s.bytes, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var x any
		if err := Unmarshal(g.Root(), &x); err != nil {
			t.Errorf("%s %d: %v", s.name, i, err)
		}
		var v Value
		if err := Unmarshal(g.Root(), &v); err != nil || v != g.Root() {
			t.Errorf("%s %d: a Value is not kept", s.name, i)
		}
	}
	var order map[string]any
	if err := Unmarshal(roots(t, "o-order")[0], &order); err != nil {
		t.Fatal(err)
	}
	buyer := order["Buyer"].(map[string]any)
	if buyer["Email"] != "ada@example.org" || buyer["Person+id"] != int32(7) || order["Total"] != dec("149.90") {
		t.Errorf("%v", order)
	}
	buyer["new"] = 1
	if order["Extra"].(map[string]any)["buyer"].(map[string]any)["new"] != 1 {
		t.Error("one object became two maps")
	}
}

// Collections that no program has written.
func TestUnmarshalTampered(t *testing.T) {
	list := func(items any, size int32) *Instance { return ListType(PrimitiveInt32).New(items, size, int32(0)) }
	four := ArrayFrom([]int32{1, 2, 3, 4})
	queue := &ClassType{Name: "System.Collections.Generic.Queue`1[[System.Int32, mscorlib]]", Members: []MemberDecl{
		{"_array", ArrayType{Elem: PrimitiveInt32}}, {"_head", PrimitiveInt32}, {"_size", PrimitiveInt32}}}
	node := &ClassType{Name: "System.Collections.Specialized.ListDictionary+DictionaryNode"}
	node.Members = []MemberDecl{{"key", ObjectType}, {"value", ObjectType}, {"next", node}}
	chain := &ClassType{Name: "System.Collections.Specialized.ListDictionary", Members: []MemberDecl{{"head", node}, {"count", PrimitiveInt32}}}
	ring := node.New("a", nil, nil)
	ring.Values[2] = ring
	wrapped := &ClassType{Name: "System.Collections.ObjectModel.Collection`1[[System.Int32, mscorlib]]"}
	wrapped.Members = []MemberDecl{{"items", wrapped}}
	self := wrapped.New(nil)
	self.Values[0] = self
	bits := &ClassType{Name: "System.Collections.BitArray", Members: []MemberDecl{{"m_array", ArrayType{Elem: PrimitiveInt32}}, {"m_length", PrimitiveInt32}}}
	stream := &ClassType{Name: "System.IO.MemoryStream", Members: []MemberDecl{{"_buffer", ArrayType{Elem: PrimitiveByte}}, {"_origin", PrimitiveInt32}, {"_length", PrimitiveInt32}}}
	table := HashtableType()
	hashtable := func(keys, values *Array) *Instance {
		return table.New(float32(0.72), int32(0), nil, nil, int32(3), keys, values)
	}
	for _, c := range []struct {
		tree any
		dst  any
		want string
	}{
		{list(four, 5), new([]int32), "its _size is 5, of 4 elements"}, {list(four, -1), new([]int32), "its _size is -1, of 4 elements"},
		{list(nil, 1), new([]int32), "its _size is 1, of 0 elements"}, {list(four, 5), new(any), "its _size is 5, of 4 elements"},
		{queue.New(four, int32(4), int32(2)), new([]int32), "its _head is 4, of 4 elements"},
		{queue.New(four, int32(-1), int32(2)), new([]int32), "its _head is -1, of 4 elements"},
		{chain.New(ring, int32(3)), new(map[string]any), "its count is 3, and more nodes follow"},
		{chain.New(nil, int32(3)), new(map[string]any), "its count is 3, of 0 nodes"},
		{self, new([]int32), "System.Collections.ObjectModel.Collection`1 does not fit []int32"},
		{wrapped.New(nil), new([]int32), "the collection in it is a null"},
		{bits.New(four, int32(129)), new([]bool), "its m_length is 129, of 128 bits"},
		{stream.New(ArrayFrom([]byte{1}), int32(0), int32(2)), new([]byte), "its _length is 2 from 0 on, of 1 bytes"},
		{hashtable(ArrayOf(ObjectType, "a", "b"), ArrayOf(ObjectType, nil)), new(map[string]any), "2 keys and 1 values"},
		{hashtable(ArrayOf(ObjectType, "a", "a"), ArrayOf(ObjectType, nil, nil)), new(map[string]any), "two entries have the same key"},
		{hashtable(ArrayOf(ObjectType, "a", nil, ""), ArrayOf(ObjectType, nil, nil, nil)), new(map[string]any), "two entries have the same key"},
		{ok(Hashtable(nil, Pair{four, int32(1)})), new(map[any]any), "a key that cannot be one of a Go map: take a []Pair"},
		{four, new([3]int32), "4 elements do not fit [3]int32"},
		{&Array{Elem: PrimitiveInt32, Lengths: []int{2, 2}, Values: []int32{1, 2, 3, 4}}, new([]int32), "System.Int32[,] does not fit []int32"},
	} {
		err := Unmarshal(treeValue(t, c.tree), c.dst)
		if m, isMapping := err.(*MappingError); !isMapping || m.Reason != c.want {
			t.Errorf("%T: %v, want %s", c.dst, err, c.want)
		}
	}
	// What is not counted does not show, whatever it is.
	var got []int32
	if err := Unmarshal(treeValue(t, list(four, 2)), &got); err != nil || len(got) != 2 || cap(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestUnmarshalPaths(t *testing.T) {
	order := roots(t, "o-order")[0]
	type line struct{ Price struct{ Amount int32 } }
	for _, c := range []struct {
		dst  any
		want string
	}{
		{new(struct{ Lines []line }), "cart.Lines[0].Price.Amount: Decimal 49.95 does not fit int32"},
		{new(struct{ Extra map[string]string }), "cart.Extra[#1]: Double 1.25 does not fit string"},
		{new(struct{ Buyer struct{ Email int } }), "cart.Buyer.Email: String does not fit int"},
		{new(struct{ Buyer struct{ Tags map[string]int } }), "cart.Buyer.Tags: System.Collections.Generic.List`1 does not fit map[string]int"},
		{new(struct{ Token int }), "cart.Token: System.Guid does not fit int"},
		{new(struct {
			Nothing int `nrbf:",required"`
		}), "cart.Nothing: the member is missing"},
		{new(struct {
			Nothing int `nrbf:",maybe"`
		}), `cart: struct { Nothing int "nrbf:\",maybe\"" }.Nothing: unknown option "maybe" in its tag`},
	} {
		err := UnmarshalOptions{Root: "cart"}.Unmarshal(order, c.dst)
		if err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	err := UnmarshalOptions{Strict: true}.Unmarshal(order, new(struct{ Number int64 }))
	if err == nil || !strings.HasPrefix(err.Error(), "root.Status: no field of struct") {
		t.Errorf("strict: %v", err)
	}
	var loose struct{ Shipped, Never time.Time }
	loose.Never = time.Unix(1, 0)
	if err := Unmarshal(order, &loose); err != nil || loose.Never != time.Unix(1, 0) || loose.Shipped.Year() != 2019 {
		t.Errorf("%v, %v", loose, err)
	}
	long := any(int32(5))
	for range 40 {
		long = ArrayOf(ObjectType, nil, long)
	}
	type nest []nest
	err = Unmarshal(treeValue(t, long), new(nest))
	want := "root" + strings.Repeat("[1]", 12) + "…" + strings.Repeat("[1]", 12) + ": Int32 5 does not fit nrbf.nest"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
