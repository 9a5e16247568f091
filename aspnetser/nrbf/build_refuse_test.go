package nrbf

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// TestRefused is what would not be read as what was meant. Nothing of it is written.
func TestRefused(t *testing.T) {
	node := checkClass("N", MemberDecl{"A", ObjectType}, MemberDecl{"B", StringType})
	inner := checkStruct("S", MemberDecl{"X", PrimitiveInt32})
	outer := checkClass("O", MemberDecl{"S", inner}, MemberDecl{"L", ListType(inner)})
	of := func(d Type, v any) *Instance { return checkClass("M", MemberDecl{"m", d}).New(v) }
	twice := checkStruct("S", MemberDecl{"X", iComparable})
	nested := twice.New(nil)
	nested.Values[0] = nested
	deep := Type(PrimitiveInt32)
	for range 200 {
		deep = ArrayType{Elem: deep}
	}
	asClass := &ClassType{Name: inner.Name, Library: inner.Library, Members: inner.Members}

	for _, c := range []struct {
		name       string
		tree       any
		path, want string
	}{
		{"null root", nil, "root", "null cannot be the root"},
		{"null pointer root", (*Array)(nil), "root", "null cannot be the root"},
		{"primitive root", int32(1), "root", "Int32 cannot be the root"},
		{"Go value root", struct{}{}, "root", "Go struct {}, which stands for no .NET type, cannot be the root"},

		{"Go int", of(PrimitiveInt32, 5), "root.m", "Go int, which stands for no .NET type, in a place of type System.Int32"},
		{"Go int in Object", of(ObjectType, 5), "root.m", "Go int, which stands for no .NET type"},
		{"Go time", of(ObjectType, time.Time{}), "root.m", "Go time.Time, which"},
		{"another primitive", of(PrimitiveInt32, int64(5)), "root.m", "Int64 in a place of type System.Int32"},
		{"null primitive", of(PrimitiveInt32, nil), "root.m", "null in a place of type System.Int32"},
		{"null struct", of(inner, (*Instance)(nil)), "root.m", "null in a place of type Contoso.Check.S"},
		{"null enum", of(cStatus, nil), "root.m", "null in a place"},
		{"number in String", of(StringType, int32(1)), "root.m", "Int32 in a place of type System.String"},
		{"string in class", of(cLine, "x"), "root.m", "String in a place of type Contoso.Check.Line"},
		{"another class", of(cLine, cCircle.New(1.0, nil)), "root.m", `instance of "Contoso.Check.Circle" in a place`},
		{"a class of another library", of(cSquare, cTwin.New(float32(1), nil)), "root.m", "in a place of type Contoso.Check.Square"},
		{"another struct", of(inner, eur("1", nil)), "root.m", "in a place of type Contoso.Check.S"},
		{"class where a struct is declared", of(inner, asClass.New(int32(1))), "root.m", "in a place of type Contoso.Check.S"},
		{"array in class", of(cLine, ArrayFrom([]int32{1})), "root.m", "array in a place"},
		{"another array", of(ArrayType{Elem: PrimitiveInt32}, ArrayFrom([]int64{1})), "root.m", "array in a place of type System.Int32[]"},
		{"array of other rank", of(ArrayType{PrimitiveInt32, 2}, ArrayFrom([]int32{1})), "root.m", "array in a place of type System.Int32[,]"},
		{"strings in an array of object arrays", ArrayOf(ArrayType{Elem: ObjectType}, ArrayFrom([]string{"a"})), "root[0]", "System.String[] in an array of System.Object[]"},
		{"primitives are not covariant", of(ArrayType{Elem: ObjectType}, ArrayFrom([]int32{1})), "root.m", "array in a place"},
		{"array with lower bound", of(ArrayType{Elem: PrimitiveInt32}, &Array{Elem: PrimitiveInt32, Lower: []int{1}, Values: []int32{1}}), "root.m", "array in a place"},
		{"nullable of another type", of(NullableType{PrimitiveInt32}, int16(1)), "root.m", "Int16 in a place of type System.Nullable`1"},
		{"primitive in interface", of(iComparable, int32(1)), "root.m", "Int32 in a place of type System.IComparable, where .NET cannot write one"},
		{"interface array of primitives", ArrayOf(iComparable, "a", int32(1)), "root[1]", "Int32 in a place of type System.IComparable, where"},
		{"interface array of structs", ArrayOf(iComparable, eur("1", nil)), "root[0]", "where .NET cannot write one"},

		{"DateTime after 9999", of(PrimitiveDateTime, DateTime{Ticks: maxDateTicks + 1}), "root.m", "DateTime ticks out of range"},
		{"DateTime below 0", of(ObjectType, DateTime{Ticks: -1}), "root.m", "DateTime ticks out of range"},
		{"DateTime kind", of(PrimitiveDateTime, DateTime{Kind: 4}), "root.m", "DateTime of an unknown kind"},
		{"DateTimeOf year 10000", of(ObjectType, DateTimeOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))), "root.m", "out of range"},
		{"DateTimeOf year 0", of(ObjectType, DateTimeOf(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))), "root.m", "out of range"},
		{"Decimal scale", of(PrimitiveDecimal, Decimal{Lo: 1, Scale: 29}), "root.m", "Decimal with a scale over 28"},
		{"negative zero", of(PrimitiveDecimal, Decimal{Negative: true, Scale: 2}), "root.m", "Decimal that is a negative zero"},
		{"half a pair", of(PrimitiveChar, Char(0xd800)), "root.m", "Char that is half of a surrogate pair"},
		{"the other half", of(PrimitiveChar, Char(0xdfff)), "root.m", "Char that is half of a surrogate pair"},
		{"half a pair in char[]", ArrayFrom([]Char{'a', 0xd83d, 'b'}), "root[1]", "half of a surrogate pair"},
		{"second half first", ArrayFrom([]Char{0xde00, 0xd83d}), "root[0]", "half of a surrogate pair"},
		{"half a pair at the end", ArrayOf(PrimitiveChar, Char('a'), Char(0xd83d)), "root[1]", "half of a surrogate pair"},
		{"pair in a table", &Array{Elem: PrimitiveChar, Lengths: []int{1, 2}, Values: []Char{0xd83d, 0xde00}}, "root[0,0]", "half of a surrogate pair"},
		{"text not UTF-8", node.New("\xff", nil), "root.A", "String that is not UTF-8"},
		{"WTF-8", node.New(nil, "\xed\xa0\x80"), "root.B", "String that is not UTF-8"},
		{"StringObject not UTF-8", ArrayOf(StringType, &StringObject{"\xff"}), "root[0]", "String that is not UTF-8"},
		{"DateTime[] out of range", ArrayFrom([]DateTime{{}, {Ticks: -1}}), "root[1]", "DateTime ticks out of range"},
		{"decimal[] with a scale", ArrayFrom([]Decimal{{Scale: 30}}), "root[0]", "Decimal with a scale over 28"},

		{"too few values", node.New("a"), "root", "1 values for the 2 members of Contoso.Check.N"},
		{"too many values", ArrayOf(ObjectType, node.New(1, 2, 3)), "root[0]", "3 values for the 2 members"},
		{"no class", ArrayOf(ObjectType, &Instance{}), "root[0]", "no class"},
		{"class without a name", (&ClassType{}).New(), "root", "class without a name"},
		{"class name not UTF-8", (&ClassType{Name: "\xff"}).New(), "root", "class with a name that is not UTF-8"},
		{"library not UTF-8", (&ClassType{Name: "A", Library: "\xff"}).New(), "root", "class with a name that is not UTF-8"},
		{"open struct", (&ClassType{Name: "A", ValueType: true, Open: true}).New(), "root", "nothing derives from structs"},
		{"member name not UTF-8", checkClass("C", MemberDecl{"\xff", ObjectType}).New(nil), "root", "the name of member 0 is not UTF-8"},
		{"two members of one name", checkClass("C", MemberDecl{"a", ObjectType}, MemberDecl{"a", ObjectType}).New(nil, nil), "root", `two members are called "a"`},
		{"member without a type", of(nil, nil), "root", "no type"},
		{"primitive type 4", of(PrimitiveType(4), nil), "root", "type 4, which is no primitive"},
		{"built-in type 9", of(BuiltinType(9), nil), "root", "type 9, which is no built-in class"},
		{"nullable String", of(NullableType{StringType}, nil), "root", "nullable type of what is no primitive and no struct"},
		{"nullable class", of(NullableType{cLine}, nil), "root", "nullable type of a class"},
		{"nullable nothing", of(NullableType{}, nil), "root", "nullable type of what is no"},
		{"a class of null", of((*ClassType)(nil), nil), "root", "no class"},
		{"rank 33", of(ArrayType{PrimitiveInt32, 33}, nil), "root", "array type of 33 dimensions"},
		{"arrays nested too deep", of(deep, nil), "root", "arrays of arrays more than 100 deep"},
		{"struct here, class there", ArrayOf(ObjectType, inner.New(int32(1)), checkClass("S", MemberDecl{"Y", PrimitiveInt32}).New(int32(1))), "root[1]", "is a struct here and a class elsewhere"},
		{"class here, struct there, of the same members", ArrayOf(ObjectType, asClass.New(int32(1)), inner.New(int32(1))), "root[1]", "is a struct here and a class elsewhere"},
		{"a struct that contains itself", nested, "root.X.X", "struct that contains itself"},

		{"elements of no type", &Array{Values: []any{1}}, "root", "elements of no type"},
		{"values of no use", &Array{Elem: PrimitiveInt32, Values: []int{1}}, "root", "elements in a Go []int"},
		{"packed elements of another type", &Array{Elem: PrimitiveInt32, Values: []int64{1}}, "root", "array of System.Int32 with elements in a Go []int64"},
		{"packed elements in object[]", &Array{Elem: ObjectType, Values: []int32{1}}, "root[0]", "Go []int32, which stands for no .NET type, in a place of type System.Object"},
		{"strings as numbers", &Array{Elem: PrimitiveInt32, Values: []string{"1"}}, "root[0]", "String in a place of type System.Int32"},
		{"one other element", ArrayOf(PrimitiveInt32, int32(1), int64(2)), "root[1]", "Int64 in a place of type System.Int32"},
		{"null element", ArrayOf(PrimitiveChar, Char('a'), nil), "root[1]", "null in a place of type System.Char"},
		{"lengths and values", &Array{Elem: ObjectType, Lengths: []int{2, 2}, Values: []any{nil}}, "root", "1 values where the lengths say 4"},
		{"negative length", &Array{Elem: ObjectType, Lengths: []int{-1}}, "root", "length -1"},
		{"negative lengths", &Array{Elem: ObjectType, Lengths: []int{-1, -1}, Values: []any{nil}}, "root", "length -1"},
		{"lengths that overflow", &Array{Elem: ObjectType, Lengths: []int{math.MaxInt32, math.MaxInt32, math.MaxInt32}}, "root", "more than 2147483647 elements"},
		{"lengths that overflow before a 0", &Array{Elem: PrimitiveByte, Lengths: []int{1 << 16, 1 << 16, 0}}, "root", "more than 2147483647 elements"},
		{"the last index is past the end", &Array{Elem: PrimitiveInt32, Lower: []int{math.MaxInt32 - 1}, Values: []int32{1, 2}}, "root", "lower bound"},
		{"lengths that overflow to 0", &Array{Elem: ObjectType, Lengths: []int{1 << 16, 1 << 16, 1 << 16, 1 << 16}}, "root", "more than 2147483647 elements"},
		{"33 dimensions", &Array{Elem: ObjectType, Lengths: make([]int, 33)}, "root", "array of 33 dimensions"},
		{"lower bounds of another rank", &Array{Elem: ObjectType, Lengths: []int{1, 1}, Lower: []int{1}, Values: []any{nil}}, "root", "array of 2 dimensions with 1 lower bounds"},
		{"lower bound too high", &Array{Elem: PrimitiveInt32, Lower: []int{math.MaxInt32}, Values: []int32{1, 2}}, "root", "lower bound 2147483647 for 2 elements"},
		{"references with a lower bound", &Array{Elem: StringType, Lower: []int{1}, Values: []any{"x"}}, "root", "one-dimensional array of references with a lower bound"},
		{"arrays with a lower bound", &Array{Elem: ArrayType{Elem: PrimitiveInt32}, Lower: []int{1}, Values: []any{nil}}, "root", "one-dimensional array of references with a lower bound"},

		{"path of a list", outer.New(inner.New(int32(1)), List(inner, inner.New(int32(1)), inner.New(int64(2)))), "root.L._items[1].X", "Int64 in a place"},
		{"path of a table", &Array{Elem: ObjectType, Lengths: []int{2, 3}, Lower: []int{-1, 5}, Values: []any{nil, nil, nil, nil, node.New(nil, int32(1)), nil}}, "root[0,6].B", "Int32 in a place of type System.String"},
		{"path with more in the queue", ArrayOf(ObjectType, node.New(nil, int32(1)), node.New(nil, nil)), "root[0].B", "Int32 in a place"},
		{"path in place", outer.New(inner.New(uint8(1)), nil), "root.S.X", "Byte in a place"},
		{"path of a second mention", func() any { n := node.New(nil, int32(1)); return ArrayOf(ObjectType, "x", n, n) }(), "root[1].B", "Int32 in a place"},
	} {
		prefix := []byte("before")
		got, err := AppendStream(prefix, c.tree)
		var e *BuildError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if e.Path != c.path && !(c.name == "a struct that contains itself" && strings.HasPrefix(e.Path, c.path)) || !strings.Contains(e.Reason, c.want) {
			t.Errorf("%s: at %q, %q; want %q, %q", c.name, e.Path, e.Reason, c.path, c.want)
		}
		if want := "building " + e.Path + ": " + e.Reason; err.Error() != want {
			t.Errorf("%s: %q", c.name, err)
		}
		if !bytes.Equal(got, prefix) {
			t.Errorf("%s: dst is now %q", c.name, got)
		}
	}
}

// TestKeys is about pairs that a Dictionary or Hashtable of .NET would not take.
func TestKeys(t *testing.T) {
	a := cSku.New("A")
	nan := math.NaN()
	textPair := KeyValuePairType(StringType, StringType)
	deepPair := KeyValuePairType(PrimitiveInt32, textPair)
	for _, c := range []struct {
		name       string
		ignoreCase bool
		keys       []any
		want       string // "" if they are distinct
	}{
		{"none", false, nil, ""},
		{"null", false, []any{"a", nil}, "the key of pair 1 is null"},
		{"null pointer", false, []any{(*Instance)(nil)}, "the key of pair 0 is null"},
		{"text", false, []any{"a", "A", "b"}, ""},
		{"equal text", false, []any{"a", "b", "a"}, "pairs 0 and 2 have equal keys"},
		{"equal text of its own", false, []any{"a", &StringObject{"a"}}, "pairs 0 and 1 have equal keys"},
		{"case", true, []any{"straße", "STRASSE", "É", "ı", "I", "\u017f", "s"}, ""},
		{"equal but for case", true, []any{"éa", "ÉA"}, "pairs 0 and 1 have equal keys"},
		{"astral letters", true, []any{"\U00010428", "\U00010400"}, ""},
		{"types", false, []any{int32(1), int64(1), uint8(1), 1.0, float32(1), "1", Char('1'), true}, ""},
		{"numbers", false, []any{int32(1), int32(2), int32(1)}, "pairs 0 and 2 have equal keys"},
		{"NaN", false, []any{nan, float32(nan), math.Float64frombits(math.Float64bits(nan) ^ 1)}, "pairs 0 and 2 have equal keys"},
		{"zero", false, []any{0.0, math.Copysign(0, -1)}, "pairs 0 and 1 have equal keys"},
		{"scale", false, []any{number("1.50"), number("1.500")}, "pairs 0 and 1 have equal keys"},
		{"whole scale", false, []any{number("10"), number("10.0"), number("1")}, "pairs 0 and 1 have equal keys"},
		{"decimals", false, []any{number("0.5"), number("-0.5"), number("10"), number("100")}, ""},
		{"kind", false, []any{DateTime{5, DateTimeUTC}, DateTime{5, DateTimeLocal}}, "pairs 0 and 1 have equal keys"},
		{"one object twice", false, []any{a, cSku.New("A"), a}, "pairs 0 and 2 have equal keys"},
		{"structs", false, []any{guid("00000000-0000-0000-0000-000000000001"), Guid([16]byte{}), cStatus.New(int32(1)), cInt16.New(int16(1))}, ""},
		{"equal structs", false, []any{Guid([16]byte{1}), Guid([16]byte{1})}, "pairs 0 and 1 have equal keys"},
		{"unhashable", false, []any{[]byte("x")}, "the key of pair 0 is a Go []uint8, which stands for no .NET type"},
		{"structs of the same", false, []any{textPair.New("a", nil), textPair.New(&StringObject{"a"}, nil)}, "pairs 0 and 1 have equal keys"},
		{"structs in structs", false, []any{deepPair.New(int32(1), textPair.New("a", "b")), deepPair.New(int32(1), textPair.New("a", "b"))}, "pairs 0 and 1 have equal keys"},
		{"structs in other structs", false, []any{deepPair.New(int32(1), textPair.New("a", "b")), deepPair.New(int32(1), textPair.New("a", "c"))}, ""},
		{"structs with Decimals", false, []any{moneyType.New(number("1.5"), "EUR"), moneyType.New(number("1.50"), "EUR")}, "pairs 0 and 1 have equal keys"},
		{"structs with objects", false, []any{checkStruct("T", MemberDecl{"a", ObjectType}).New(a), checkStruct("T", MemberDecl{"a", ObjectType}).New(cSku.New("A"))}, ""},
		{"enums of two libraries", false, []any{EnumType("E", "A", PrimitiveInt32).New(int32(1)), EnumType("E", "B", PrimitiveInt32).New(int32(1))}, ""},
		{"structs with text", false, []any{checkStruct("T", MemberDecl{"a", StringType}).New("x"), checkStruct("T", MemberDecl{"a", StringType}).New("y")}, ""},
	} {
		comparer := DefaultComparer(ObjectType)
		if c.ignoreCase {
			comparer = OrdinalComparer(true)
		}
		var pairs []Pair
		for _, k := range c.keys {
			pairs = append(pairs, Pair{k, nil})
		}
		for of, build := range map[string]func() (*Instance, error){
			"Dictionary": func() (*Instance, error) { return Dictionary(ObjectType, ObjectType, comparer, pairs...) },
			"Hashtable":  func() (*Instance, error) { return Hashtable(comparer, pairs...) },
		} {
			o, err := build()
			var e *BuildError
			switch {
			case c.want == "" && (err != nil || o == nil):
				t.Errorf("%s of %s: %v", of, c.name, err)
			case c.want != "" && (!errors.As(err, &e) || e.Path != of || e.Reason != c.want || o != nil):
				t.Errorf("%s of %s: %v", of, c.name, err)
			}
		}
	}
}

// TestErrorsHoldNoValues: what a session holds does not get into logs.
func TestErrorsHoldNoValues(t *testing.T) {
	secret := "S3CRET"
	class := checkClass("M", MemberDecl{"m", PrimitiveInt32})
	for _, tree := range []any{
		class.New(secret), ArrayOf(PrimitiveByte, secret), &Array{Elem: PrimitiveInt32, Values: []string{secret}},
		ArrayOf(StringType, secret+"\xff"), ArrayOf(cLine, &StringObject{secret}),
		ArrayOf(ObjectType, struct{ s string }{secret}),
	} {
		_, err := EncodeStream(tree)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v", err)
		}
	}
	if _, err := Dictionary(StringType, ObjectType, nil, Pair{secret, nil}, Pair{secret, nil}); err == nil ||
		strings.Contains(err.Error(), secret) {
		t.Errorf("%v", err)
	}
}
