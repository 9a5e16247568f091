package nrbf

import (
	"bytes"
	"math"
	"testing"
)

// TestShapes builds the Objects of fixtures from the shapes that an application would use. The bytes are those of .NET's
// writer.
func TestShapes(t *testing.T) {
	ok := must(t)
	date := func(ticks int64, k DateTimeKind) DateTime { return DateTime{ticks, k} }
	array := ArrayType{Elem: PrimitiveInt32}
	for name, trees := range map[string][]any{
		"o-list-string": {
			ListFrom([]string{"a", "b", "c"}), List(StringType, "1", "2", "3", "4", "5"), List(StringType),
		},
		"o-list-int": {
			ListFrom([]int32{1, 2, 3, 4, 5, 6}), List(PrimitiveDouble, 1.5),
			List(GuidType(), guid("00000000-0000-0000-0000-000000000000"), guid("09163f25-b67e-60c0-3584-4ba6a1ec2bc1")),
			ListFrom([]DateTime{date(637134336000000000, DateTimeUTC)}),
			List(PrimitiveDecimal, number("1.10"), number("-2")), ListFrom([]bool{true}),
		},
		"o-list-nested": {
			List(ListType(PrimitiveInt32), ListFrom([]int32{1, 2}), ListFrom[int32](nil), nil),
			List(ObjectType, int32(1), "a", nil, List(ObjectType, number("2"))),
			List(ArrayType{Elem: StringType}, ArrayFrom([]string{"x"}), nil),
			List(orderLineType, orderLineType.New("s", int32(1), money("1", "E"), nil), nil),
		},
		"o-dict-string-object": {func() any {
			shared := DefaultComparer(StringType) // .NET has one for all
			inner := ok(Dictionary(StringType, ObjectType, shared, Pair{"deep", true}))
			return ok(Dictionary(StringType, ObjectType, shared, Pair{"s", "x"}, Pair{"i", int32(1)}, Pair{"n", nil},
				Pair{"l", ListFrom([]int32{1})}, Pair{"d", inner}))
		}(), ok(Dictionary(StringType, ObjectType, nil))},
		"o-dict-others": {
			ok(Dictionary(PrimitiveInt32, StringType, nil, Pair{int32(1), "one"}, Pair{int32(-5), "m5"})),
			ok(Dictionary(GuidType(), PrimitiveInt32, nil, Pair{guid("3a018559-c16d-5fdd-e6a0-90f37948efb8"), int32(1)})),
			ok(Dictionary(orderStatus, PrimitiveBoolean, nil, Pair{orderStatus.New(int32(1)), true})),
			ok(Dictionary(StringType, StringType, OrdinalComparer(true), Pair{"Key", "v"})),
			ok(Dictionary(StringType, StringType, OrdinalComparer(false), Pair{"Key", "v"})),
		},
		"o-hashtable": {
			ok(Hashtable(nil, Pair{"a", int32(1)}, Pair{int32(2), "b"}, Pair{3.5, nil})), ok(Hashtable(nil)),
		},
		"o-hashtable-nested": {
			ok(Hashtable(nil, Pair{"inner", ok(Hashtable(nil, Pair{"list",
				ArrayList(int32(1), "two", ArrayOf(ObjectType, int32(3)))}))})),
		},
		"o-arraylist": {
			ArrayList(int32(1), "a", nil, 2.5, true, Char('x'), date(630822816000000000, 0)), ArrayList(),
		},
		"o-rect": {
			&Array{Elem: PrimitiveInt32, Lengths: []int{2, 3}, Values: []int32{1, 2, 3, 4, 5, 6}},
			&Array{Elem: StringType, Lengths: []int{2, 2, 2}, Values: []any{"a", "b", "c", nil, "e", "f", nil, nil}},
			&Array{Elem: ObjectType, Lengths: []int{2, 2}, Values: []any{int32(1), "x", nil, 2.5}},
			&Array{Elem: PrimitiveInt32, Lengths: []int{0, 4}},
			&Array{Elem: PrimitiveDouble, Lengths: []int{1, 1, 1, 1}, Values: []any{1.5}},
			&Array{Elem: PrimitiveByte, Lengths: []int{2, 2}, Values: []byte{1, 2, 3, 4}},
		},
		"o-jagged": {
			ArrayOf(array, ArrayFrom([]int32{1, 2}), nil, ArrayFrom([]int32{}), ArrayFrom([]int32{3})),
			ArrayOf(ArrayType{Elem: StringType}, ArrayOf(StringType, "a", nil), ArrayFrom[string](nil), nil),
			ArrayOf(ArrayType{Elem: ObjectType}, ArrayOf(ObjectType, int32(1), "x"), nil),
			ArrayOf(ArrayType{Elem: array}, ArrayOf(array, ArrayFrom([]int32{1}), ArrayFrom([]int32{2, 3})), nil),
			ArrayOf(ArrayType{Elem: PrimitiveByte}, ArrayFrom([]byte{1, 2}), ArrayFrom([]byte{255})),
		},
		"o-lower-bounds": {
			&Array{Elem: PrimitiveInt32, Lower: []int{5}, Values: []int32{50, 60, 70}},
			&Array{Elem: StringType, Lengths: []int{2, 2}, Lower: []int{1, -1}, Values: []any{"x", nil, nil, "y"}},
		},
		"o-prim-arrays": {
			ArrayFrom([]bool{true, false, true}), ArrayFrom([]uint8{0, 1, 255}), ArrayFrom([]int8{-128, 0, 127}),
			ArrayFrom([]int16{-32768, 0, 32767}), ArrayFrom([]uint16{0, 65535}), ArrayFrom([]uint32{0, math.MaxUint32}),
			ArrayFrom([]int64{math.MinInt64, 0, math.MaxInt64}), ArrayFrom([]uint64{0, math.MaxUint64}),
			ArrayFrom([]float32{0, -1.5, math.Float32frombits(0xffc00000), float32(math.Inf(1))}),
			ArrayFrom([]float64{0, -1.5, math.Float64frombits(0xfff8 << 48), math.Inf(-1)}),
			ArrayFrom([]Decimal{number("0"), number("1.50"), number("-79228162514264337593543950335")}),
			ArrayFrom([]TimeSpan{0, math.MinInt64}), ArrayFrom([]Char{'a', 'ñ', '中', 'z'}),
		},
		"o-datetime-array": {ArrayFrom([]DateTime{{}, date(maxDateTicks, 0), date(637135310450000000, DateTimeUTC),
			date(637135310450000000, DateTimeLocal), date(637135310450000000, 0)})},
		"o-nullable-array": {
			ArrayOf(NullableType{PrimitiveInt32}, int32(1), nil, int32(3)),
			ArrayOf(NullableType{PrimitiveDateTime}, nil, date(630822816000000000, 0)),
		},
		"o-enum": {
			dayOfWeek.New(int32(3)), orderStatus.New(int32(-1)), smallEnum.New(uint8(200)), bigEnum.New(int64(1<<62 + 1)),
		},
		"o-enum-array": {
			ArrayOf(dayOfWeek, dayOfWeek.New(int32(0)), dayOfWeek.New(int32(6))),
			ArrayOf(orderStatus, orderStatus.New(int32(0)), orderStatus.New(int32(-1)), orderStatus.New(int32(99))),
			ArrayOf(smallEnum, smallEnum.New(uint8(1)), smallEnum.New(uint8(200))),
		},
		"o-struct": {money("12.34", "USD"), point3Type.New(1.0, 2.0, 3.0), money("0", nil)},
		"o-struct-array": {
			ArrayOf(moneyType, money("1.10", "EUR"), money("2.20", "EUR"), money("3", nil)),
			ArrayOf(point3Type, point3Type.New(0.0, -0.5, math.Float64frombits(0x7e37e43c8800759c)),
				point3Type.New(math.Float64frombits(0xfff8<<48), 1.0, 2.0)),
			ArrayOf(GuidType(), Guid([16]byte{}), guid("8f4b0e23-9c27-60f7-fc3d-1de6848541d6")),
			ArrayOf(KeyValuePairType(StringType, PrimitiveInt32),
				KeyValuePairType(StringType, PrimitiveInt32).New("a", int32(1)),
				KeyValuePairType(StringType, PrimitiveInt32).New(nil, int32(2))),
		},
		"o-order":      {order(ok)},
		"o-cycle":      {cyclicTree()},
		"o-cycle-self": {nil, selfArray()},
	} {
		found := 0
		for _, s := range streams(t) {
			if s.name != name {
				continue
			}
			if found < len(trees) && trees[found] != nil {
				got, err := EncodeStream(trees[found])
				if err != nil {
					t.Errorf("%s, %d: %v", name, found, err)
				} else if !bytes.HasPrefix(s.bytes, got) {
					t.Errorf("%s, %d: %s", name, found, firstDifference(got, s.bytes))
				}
			}
			found++
		}
		if found < len(trees) {
			t.Errorf("%s has %d streams", name, found)
		}
	}
}

func order(ok func(*Instance, error) *Instance) *Instance {
	boss := personType.New(int32(1), "Charles", DateTime{Ticks: 565179552000000000}, nil)
	buyer := customerType.New(int32(1007), "ada@example.org", List(StringType, "vip", "early"), "Ada Lovelace", boss,
		int32(7), "Ada Lovelace", DateTime{572738688000000000, DateTimeUTC})
	line := func(sku string, n int32, price *Instance, note any) *Instance {
		return orderLineType.New(sku, n, price, note)
	}
	return orderType.New(int64(900719925474099), orderStatus.New(int32(5)), DateTime{636927232891234567, DateTimeUTC},
		DateTime{Ticks: 636928704000000000}, guid("0f8fad5b-d9cb-469f-a165-70867728950e"), buyer,
		List(orderLineType,
			line("A-1", 2, money("49.95", "EUR"), nil),
			line("B-77", 1, money("50.00", "EUR"), "gift"),
			line("C", -1, money("0", nil), int32(42))),
		ok(Dictionary(StringType, ObjectType, nil, Pair{"coupon", "SPRING"}, Pair{"weight", 1.25}, Pair{"buyer", buyer},
			Pair{"none", nil})),
		TimeSpan(0x131f080d400), number("149.90"))
}

func cyclicTree() *Instance {
	leaf := ListType(treeNodeType).New(ArrayOf(treeNodeType), int32(0), int32(0))
	leaf2 := ListType(treeNodeType).New(leaf.Values[0], int32(0), int32(0)) // .NET has one empty array for all lists
	root, a, a1, b := treeNodeType.New(), treeNodeType.New(), treeNodeType.New(), treeNodeType.New()
	root.Values = []any{"root", nil, List(treeNodeType, a, b), nil}
	a.Values = []any{"a", root, List(treeNodeType, a1), b}
	b.Values = []any{"b", root, leaf, root}
	a1.Values = []any{"a1", a, leaf2, nil}
	return root
}

func selfArray() *Array {
	a := ArrayOf(ObjectType, nil, "x")
	a.Values.([]any)[0] = a
	return a
}

// TestSpareStructs: the spare places of a list of structs hold structs, of which the members must be known.
func TestSpareStructs(t *testing.T) {
	name := func(members ...MemberDecl) *ClassType { return checkStruct("T", members...) }
	inner := &ClassType{Name: "I", ValueType: true} // members not told
	itself := name()
	itself.Members = []MemberDecl{{"t", itself}}
	for _, c := range []struct {
		of    string
		elem  *ClassType
		value any
		want  int
	}{
		{"known members", cMoney, eur("1", "a"), 4},
		{"members known from the value", name(), name(MemberDecl{"X", PrimitiveInt32}).New(int32(5)), 4},
		{"members of a member known from the value", name(MemberDecl{"i", inner}),
			name(MemberDecl{"i", inner}).New((&ClassType{Name: "I", ValueType: true, Members: []MemberDecl{{"c", PrimitiveChar}}}).New(Char('x'))), 4},
		{"unknown members", name(MemberDecl{"i", inner}), nil, 1},
		{"no end", itself, nil, 1},
	} {
		items := List(c.elem, c.value).Values[0].(*Array)
		values := items.Values.([]any)
		if len(values) != c.want {
			t.Errorf("%s: %d places", c.of, len(values))
		}
		if c.value == nil {
			continue
		}
		if _, err := EncodeStream(items); err != nil {
			t.Errorf("%s: %v", c.of, err)
		}
		spare, used := values[3].(*Instance), values[0].(*Instance)
		if spare == used || len(spare.Values) != len(used.Values) {
			t.Errorf("%s: the spare place holds %v", c.of, spare)
		}
	}
}

func TestDefaultComparer(t *testing.T) {
	class := checkClass("C", MemberDecl{"value__", PrimitiveInt32})
	const in = "System.Collections.Generic."
	for _, c := range []struct {
		key  Type
		want string
	}{
		{StringType, GenericName(in+"GenericEqualityComparer`1", StringType)},
		{PrimitiveDecimal, GenericName(in+"GenericEqualityComparer`1", PrimitiveDecimal)},
		{PrimitiveByte, in + "ByteEqualityComparer"},
		{NullableType{cMoney}, GenericName(in+"NullableEqualityComparer`1", cMoney)},
		{GuidType(), GenericName(in+"GenericEqualityComparer`1", GuidType())},
		{cStatus, GenericName(in+"EnumEqualityComparer`1", cStatus)},
		{smallEnum, GenericName(in+"ObjectEqualityComparer`1", smallEnum)},
		{class, GenericName(in+"ObjectEqualityComparer`1", class)},
		{ObjectType, GenericName(in+"ObjectEqualityComparer`1", ObjectType)},
		{ArrayType{Elem: PrimitiveByte}, GenericName(in+"ObjectEqualityComparer`1", ArrayType{Elem: PrimitiveByte})},
		{&ClassType{Name: "System.Guid", Library: "L"}, GenericName(in+"ObjectEqualityComparer`1", &ClassType{Name: "System.Guid", Library: "L"})},
	} {
		if got := DefaultComparer(c.key); got.Class.Name != c.want || len(got.Values) != 0 || got.Class.Library != "" {
			t.Errorf("%s\nwant %s", got.Class.Name, c.want)
		}
	}
}

func TestArrayCapacityAndBuckets(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 4, 4: 4, 5: 8, 9: 16, 1 << 20: 1 << 20, 1<<20 + 1: 1 << 21} {
		if got := capacity(n); got != want {
			t.Errorf("a list of %d has %d places, not %d", n, got, want)
		}
	}
	// What tables of .NET do as entries are added one by one.
	dictionary := func(n int) int32 { return buckets(func(size int) bool { return size >= n }) }
	for n, want := range map[int]int32{1: 3, 4: 7, 90: 197, 5999471: 5999471, 5999472: 11998949, 11998950: 23997907} {
		if got := dictionary(n); got != want {
			t.Errorf("a Dictionary of %d has %d buckets, not %d", n, got, want)
		}
	}
	if got := buckets(func(int) bool { return false }); got < math.MaxInt32/2 {
		t.Errorf("%d buckets are the most", got)
	}
	for _, c := range []struct{ n, version, size int32 }{{1, 1, 3}, {2, 2, 3}, {3, 4, 7}, {6, 8, 17}, {13, 16, 37},
		{27, 31, 89}, {65, 70, 197}, {6062, 6073, 17519}, {112635, 112650, 324449}, {112634, 112648, 156437}} {
		pairs := make([]Pair, c.n)
		for i := range pairs {
			pairs[i] = Pair{int32(i), nil}
		}
		h := must(t)(Hashtable(nil, pairs...))
		if h.Values[1] != c.version || h.Values[4] != c.size {
			t.Errorf("a Hashtable of %d has version %v and %v buckets, not %d and %d", c.n, h.Values[1], h.Values[4], c.version, c.size)
		}
	}
}
