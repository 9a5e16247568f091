package nrbf

import (
	"math"
	"strings"
	"testing"
)

// The types of scripts/nrbfcheck/Types.cs.
const (
	checkLibrary = "Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"
	twinLibrary  = "Contoso.Twin, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"
)

func checkClass(name string, members ...MemberDecl) *ClassType {
	return &ClassType{Name: "Contoso.Check." + name, Library: checkLibrary, Members: members}
}

func checkStruct(name string, members ...MemberDecl) *ClassType {
	c := checkClass(name, members...)
	c.ValueType = true
	return c
}

func checkEnum(name string, base PrimitiveType) *ClassType {
	return EnumType("Contoso.Check."+name, checkLibrary, base)
}

func openClass(name, library string) *ClassType {
	return &ClassType{Name: name, Library: library, Open: true}
}

var (
	cStatus = checkEnum("Status", PrimitiveInt32)
	cInt16  = checkEnum("AsInt16", PrimitiveInt16)
	cMoney  = checkStruct("Money", MemberDecl{"Amount", PrimitiveDecimal}, MemberDecl{"Currency", StringType})
	cSpan   = checkStruct("Span", MemberDecl{"From", cMoney}, MemberDecl{"To", cMoney}, MemberDecl{"Status", cStatus},
		MemberDecl{"Token", GuidType()})
	cPerson      = openClass("Contoso.Check.Person", checkLibrary)
	cPlainPerson = checkClass("Person", MemberDecl{"id", PrimitiveInt32}, MemberDecl{"name", StringType},
		MemberDecl{BackingField("Born"), PrimitiveDateTime})
	cCustomer = checkClass("Customer", MemberDecl{"id", PrimitiveInt32}, MemberDecl{BackingField("Email"), StringType},
		MemberDecl{"Tags", ListType(StringType)}, MemberDecl{"name", StringType}, MemberDecl{"Person+id", PrimitiveInt32}, MemberDecl{"Person+name", StringType},
		MemberDecl{"Person+" + BackingField("Born"), PrimitiveDateTime})
	cLine = checkClass("Line", MemberDecl{"Sku", StringType}, MemberDecl{"Quantity", PrimitiveInt32},
		MemberDecl{"Price", cMoney}, MemberDecl{"Note", ObjectType})
	cOrder = checkClass("Order", MemberDecl{"Number", PrimitiveInt64}, MemberDecl{"Status", cStatus},
		MemberDecl{"Placed", PrimitiveDateTime}, MemberDecl{"Shipped", NullableType{PrimitiveDateTime}},
		MemberDecl{"Token", GuidType()}, MemberDecl{"Buyer", cCustomer}, MemberDecl{"Lines", ListType(cLine)},
		MemberDecl{"Extra", DictionaryType(StringType, ObjectType)}, MemberDecl{"Sla", PrimitiveTimeSpan},
		MemberDecl{"Total", PrimitiveDecimal})
	cPrimitives = checkClass("Primitives", MemberDecl{"A", PrimitiveBoolean}, MemberDecl{"B", PrimitiveByte},
		MemberDecl{"C", PrimitiveSByte}, MemberDecl{"D", PrimitiveChar}, MemberDecl{"E", PrimitiveInt16},
		MemberDecl{"F", PrimitiveUInt16}, MemberDecl{"G", PrimitiveInt32}, MemberDecl{"H", PrimitiveUInt32},
		MemberDecl{"I", PrimitiveInt64}, MemberDecl{"J", PrimitiveUInt64}, MemberDecl{"K", PrimitiveSingle},
		MemberDecl{"L", PrimitiveDouble}, MemberDecl{"M", PrimitiveDecimal}, MemberDecl{"N", PrimitiveDateTime},
		MemberDecl{"O", PrimitiveTimeSpan}, MemberDecl{"P", StringType}, MemberDecl{"Q", ObjectType})
	cMaybe = checkClass("Maybe", MemberDecl{"Int", NullableType{PrimitiveInt32}}, MemberDecl{"Bool", NullableType{PrimitiveBoolean}},
		MemberDecl{"Date", NullableType{PrimitiveDateTime}}, MemberDecl{"Decimal", NullableType{PrimitiveDecimal}},
		MemberDecl{"Guid", NullableType{GuidType()}}, MemberDecl{"Status", NullableType{cStatus}},
		MemberDecl{"Money", NullableType{cMoney}}, MemberDecl{"Char", NullableType{PrimitiveChar}})
	cShape  = openClass("Contoso.Check.Shape", checkLibrary)
	cCircle = checkClass("Circle", MemberDecl{"R", PrimitiveDouble}, MemberDecl{"Name", StringType})
	cSquare = checkClass("Square", MemberDecl{"Side", PrimitiveSingle}, MemberDecl{"Name", StringType})
	cTwin   = &ClassType{Name: cSquare.Name, Library: twinLibrary, Members: cSquare.Members}
	cLoose  = checkClass("Loose", MemberDecl{"Any", iComparable}, MemberDecl{"List", openClass("System.Collections.IList", "")},
		MemberDecl{"Array", openClass("System.Array", "")}, MemberDecl{"Value", openClass("System.ValueType", "")},
		MemberDecl{"Person", cPerson}, MemberDecl{"Objects", ArrayType{Elem: ObjectType}},
		MemberDecl{"Shapes", ArrayType{Elem: cShape}}, MemberDecl{"Box", ObjectType})
	iComparable = openClass("System.IComparable", "")
	cNode       = checkClass("Node")
	cSku        = checkClass("Sku", MemberDecl{"Code", StringType})
	cTicket     = checkClass("Ticket", MemberDecl{"seat", PrimitiveInt32}, MemberDecl{"row", StringType},
		MemberDecl{"extra", ObjectType})
	versionType = &ClassType{Name: "System.Version", Members: []MemberDecl{{"_Major", PrimitiveInt32},
		{"_Minor", PrimitiveInt32}, {"_Build", PrimitiveInt32}, {"_Revision", PrimitiveInt32}}}
	plainObject = &ClassType{Name: "System.Object"}
)

func init() {
	cTicket.ISerializable = true
	cNode.Members = []MemberDecl{{"Label", StringType}, {"Parent", cNode}, {"Next", cNode}, {"Children", ListType(cNode)},
		{"Any", ObjectType}}
}

// pairType is Pair<T, U>.
func pairType(t, u Type) *ClassType {
	return &ClassType{Name: GenericName("Contoso.Check.Pair`2", t, u), Library: checkLibrary,
		Members: []MemberDecl{{"First", t}, {"Second", u}}}
}

// eur is Money of Contoso.Check.
func eur(amount string, currency any) *Instance { return cMoney.New(number(amount), currency) }

// spans, line and buyer are what Graphs.cs calls Spans, Lines and Buyer.
func spans(from, to string) *Instance {
	return cSpan.New(eur(from, "EUR"), eur(to, nil), cStatus.New(int32(1)), guid("0f8fad5b-d9cb-469f-a165-70867728950e"))
}

func line(sku string, n int32, price string, currency, note any) *Instance {
	return cLine.New(sku, n, eur(price, currency), note)
}

func buyer() *Instance {
	return cCustomer.New(int32(1007), "ada@example.org", List(StringType, "vip", "early"), "Ada", int32(7), "Ada",
		DateTime{572738688000000000, DateTimeUTC})
}

func anOrder(ok func(*Instance, error) *Instance) *Instance {
	by := buyer()
	return cOrder.New(int64(900719925474099), cStatus.New(int32(5)), DateTime{636927232891234567, DateTimeUTC},
		DateTime{Ticks: 636928704000000000}, guid("0f8fad5b-d9cb-469f-a165-70867728950e"), by,
		List(cLine, line("A-1", 2, "49.95", "EUR", nil), line("B-77", 1, "50.00", "EUR", "gift"),
			line("C", -1, "0", nil, int32(42))),
		ok(Dictionary(StringType, ObjectType, nil, Pair{"coupon", "SPRING"}, Pair{"weight", 1.25}, Pair{"buyer", by},
			Pair{"none", nil})),
		TimeSpan(36.5*36e9), number("149.90"))
}

func loose(values map[string]any) *Instance {
	o := cLoose.New()
	for _, m := range cLoose.Members {
		o.Values = append(o.Values, values[m.Name])
	}
	return o
}

func utf16Chars(s string) []Char {
	return packedSlice(PrimitiveChar, s, 0).([]Char)
}

// monoTrees are the graphs of scripts/nrbfcheck/Graphs.cs, by name.
func monoTrees(t *testing.T) map[string]any {
	ok := must(t)
	ints := ArrayType{Elem: PrimitiveInt32}
	texts := ArrayType{Elem: StringType}
	nan := math.Float64frombits(0xfff8 << 48) // double.NaN
	nan32 := math.Float32frombits(0xffc00000)
	x := "x"
	byText := DefaultComparer(StringType) // .NET has one for all

	var thousand []int32
	for i := range int32(1000) {
		thousand = append(thousand, i-500)
	}
	var nulls []any
	for _, n := range []int{1, 2, 255, 256, 1000} {
		nulls = append(append(nulls, make([]any, n)...), x)
	}
	var pairs500, pairs200 []Pair
	for i := range int32(500) {
		pairs500 = append(pairs500, Pair{i * 7, "v"})
	}
	for i := range int32(200) {
		pairs200 = append(pairs200, Pair{i, i * i})
	}
	circle := cCircle.New(2.0, "c")
	maybe := func(values ...any) *Instance {
		return cMaybe.New(append(values, make([]any, len(cMaybe.Members)-len(values))...)...)
	}

	sharedLine := line("s", 1, "1", "E", nil)
	sharedList := List(cLine, sharedLine, sharedLine)
	box, box2 := eur("1", "b"), eur("1", "b")
	self := cNode.New("me", nil, nil, nil, nil)
	self.Values[1], self.Values[4] = self, self
	selfDictionary := ok(Dictionary(StringType, ObjectType, nil, Pair{"self", nil}))
	selfDictionary.Values[3].(*Array).Values.([]any)[0].(*Instance).Values[1] = selfDictionary
	var chain *Instance
	for range 5000 {
		chain = cNode.New("link", nil, chain, nil, nil)
	}

	return map[string]any{
		"array-bool":   ArrayFrom([]bool{true, false, true}),
		"array-byte":   ArrayFrom([]byte{0, 1, 255}),
		"array-sbyte":  ArrayFrom([]int8{-128, 0, 127}),
		"array-int16":  ArrayFrom([]int16{math.MinInt16, 0, math.MaxInt16}),
		"array-uint16": ArrayFrom([]uint16{0, 65535}),
		"array-int32":  ArrayFrom(thousand),
		"array-uint32": ArrayFrom([]uint32{0, math.MaxUint32}),
		"array-int64":  ArrayFrom([]int64{math.MinInt64, 0, math.MaxInt64}),
		"array-uint64": ArrayFrom([]uint64{0, math.MaxUint64}),
		"array-single": ArrayFrom([]float32{0, float32(math.Copysign(0, -1)), 1.5, nan32, float32(math.Inf(1)), math.SmallestNonzeroFloat32}),
		"array-double": ArrayFrom([]float64{0, math.Copysign(0, -1), 1.5, nan, math.Inf(-1), math.MaxFloat64}),
		"array-decimal": ArrayOf(PrimitiveDecimal, number("0"), number("1.50"), number("-0.10"),
			number("79228162514264337593543950335"), number("-79228162514264337593543950335"),
			number("0.0000000000000000000000000001")),
		"array-char": ArrayFrom(utf16Chars("añ中\U0001F600z\x00\uffff")),
		"array-datetime": ArrayFrom([]DateTime{{}, {Ticks: maxDateTicks}, {637135310450000000, DateTimeUTC},
			{637135310450000001, DateTimeLocal}}),
		"array-timespan": ArrayFrom([]TimeSpan{0, math.MinInt64, math.MaxInt64, 864e9}),
		"array-string":   ArrayOf(StringType, "a", nil, "", "a", "naïve \U0001F600"),
		"array-object": ArrayOf(ObjectType, nil, "s", true, uint8(4), int8(-5), int16(3), uint16(8), int32(1), uint32(6),
			int64(2), uint64(7), Char('c'), float32(1.5), 2.5, number("3.50"), DateTime{634223022100000000, DateTimeUTC},
			TimeSpan(1), Guid([16]byte{}), ArrayFrom([]int32{1}), ArrayOf(ObjectType, nil, "inner"), ArrayFrom([]string{x}),
			dayOfWeek.New(int32(5)), eur("1.10", "EUR"), plainObject.New(), ArrayOf(ObjectType),
			&Array{Elem: PrimitiveInt32, Lengths: []int{0, 2}}),
		"array-nulls":           ArrayOf(ObjectType, append(nulls, nil, nil, nil)...),
		"array-nullable":        ArrayOf(NullableType{PrimitiveInt32}, int32(1), nil, nil, int32(-3)),
		"array-nullable-struct": ArrayOf(NullableType{cMoney}, nil, eur("1", x), nil, nil, eur("2", x)),
		"array-nullable-enum":   ArrayOf(NullableType{cStatus}, cStatus.New(int32(1)), nil),
		"array-enum":            ArrayOf(cStatus, cStatus.New(int32(0)), cStatus.New(int32(5)), cStatus.New(int32(-7))),
		"array-struct":          ArrayOf(cMoney, eur("1", "EUR"), eur("2", "EUR"), eur("0", nil)),
		"array-guid":            ArrayOf(GuidType(), Guid([16]byte{}), guid("00112233-4455-6677-8899-aabbccddeeff")),
		"array-class":           ArrayOf(cShape, circle, cSquare.New(float32(3), "q"), nil, circle),
		"array-interface":       ArrayOf(iComparable, "two", versionType.New(int32(4), int32(0), int32(-1), int32(-1)), nil),
		"array-jagged":          ArrayOf(ints, ArrayFrom([]int32{1, 2}), nil, ArrayFrom([]int32{}), ArrayFrom([]int32{3})),
		"array-jagged-3":        ArrayOf(ArrayType{Elem: texts}, ArrayOf(texts, ArrayFrom([]string{"a"}), nil), nil, nil),
		"array-jagged-of-rect": ArrayOf(ArrayType{PrimitiveInt32, 2},
			&Array{Elem: PrimitiveInt32, Lengths: []int{2, 2}, Values: []int32{1, 2, 3, 4}}, nil),
		"array-rect":        &Array{Elem: PrimitiveInt32, Lengths: []int{2, 3}, Values: []int32{1, 2, 3, 4, 5, 6}},
		"array-rect-string": &Array{Elem: StringType, Lengths: []int{2, 2, 2}, Values: []any{"a", "b", "c", nil, nil, nil, "g", "a"}},
		"array-rect-struct": &Array{Elem: cMoney, Lengths: []int{1, 2}, Values: []any{eur("1", "a"), eur("2", "b")}},
		"array-rect-char":   &Array{Elem: PrimitiveChar, Lengths: []int{2, 2}, Values: []Char{'x', 'é', '中', 0}},
		"array-rect-of-jagged": &Array{Elem: ints, Lengths: []int{1, 2},
			Values: []any{ArrayFrom([]int32{1}), nil}},
		"array-rect-empty":     &Array{Elem: PrimitiveDouble, Lengths: []int{0, 4}},
		"array-lower":          &Array{Elem: PrimitiveInt32, Lower: []int{5}, Values: []int32{50, 60, 70}},
		"array-lower-struct":   &Array{Elem: cMoney, Lower: []int{-1}, Values: []any{eur("1", "a"), eur("2", "a")}},
		"array-lower-nullable": &Array{Elem: NullableType{PrimitiveInt32}, Lower: []int{1}, Values: []any{int32(5), nil, nil}},
		"array-lower-rect":     &Array{Elem: StringType, Lengths: []int{2, 2}, Lower: []int{1, -1}, Values: []any{x, nil, nil, "y"}},

		"list-string":   List(StringType, "a", "b", "c", nil, "a"),
		"list-empty":    ListFrom[string](nil),
		"list-int":      ListFrom([]int32{1, 2, 3, 4, 5, 6}),
		"list-decimal":  List(PrimitiveDecimal, number("1.10"), number("-2")),
		"list-datetime": ListFrom([]DateTime{{637134336000000000, DateTimeUTC}}),
		"list-timespan": ListFrom([]TimeSpan{7}),
		"list-nullable": List(NullableType{PrimitiveInt32}, int32(1), nil),
		"list-guid":     List(GuidType(), guid("09163f25-b67e-60c0-3584-4ba6a1ec2bc1")),
		"list-enum":     List(cStatus, cStatus.New(int32(1))),
		"list-struct":   List(cSpan, spans("1", "2")),
		"list-object":   List(ObjectType, int32(1), "a", nil, List(ObjectType, number("2")), eur("1", "b")),
		"list-list":     List(ListType(PrimitiveInt32), ListFrom([]int32{1}), nil, ListFrom([]int32{})),
		"list-class":    List(cLine, line("s", 1, "1", "E", nil), nil),
		"dict-string-object": ok(Dictionary(StringType, ObjectType, nil, Pair{"s", x}, Pair{"i", int32(1)},
			Pair{"n", nil}, Pair{"l", ListFrom([]int32{1})}, Pair{"m", eur("1", x)})),
		"dict-empty":       ok(Dictionary(StringType, ObjectType, nil)),
		"dict-int-string":  ok(Dictionary(PrimitiveInt32, StringType, nil, Pair{int32(1), "one"}, Pair{int32(-5), "m5"})),
		"dict-guid":        ok(Dictionary(GuidType(), PrimitiveInt32, nil, Pair{guid("3a018559-c16d-5fdd-e6a0-90f37948efb8"), int32(1)})),
		"dict-byte":        ok(Dictionary(PrimitiveByte, PrimitiveBoolean, nil, Pair{byte(1), true})),
		"dict-datetime":    ok(Dictionary(PrimitiveDateTime, PrimitiveTimeSpan, nil, Pair{DateTime{Ticks: 637135200000000000}, TimeSpan(0)})),
		"dict-enum":        ok(Dictionary(cStatus, PrimitiveBoolean, nil, Pair{cStatus.New(int32(1)), true}, Pair{cStatus.New(int32(0)), false})),
		"dict-enum-int16":  ok(Dictionary(cInt16, PrimitiveInt32, nil, Pair{cInt16.New(int16(-30000)), int32(1)})),
		"dict-nullable":    ok(Dictionary(NullableType{PrimitiveInt32}, StringType, nil, Pair{int32(3), "c"})),
		"dict-struct":      ok(Dictionary(cMoney, cStatus, nil, Pair{eur("1", "a"), cStatus.New(int32(5))})),
		"dict-equatable":   ok(Dictionary(cSku, PrimitiveInt32, EquatableComparer(cSku), Pair{cSku.New("A"), int32(1)})),
		"dict-ignore-case": ok(Dictionary(StringType, StringType, OrdinalComparer(true), Pair{"Key", "v"})),
		"dict-ordinal":     ok(Dictionary(StringType, PrimitiveInt32, OrdinalComparer(false), Pair{"Key", int32(1)}, Pair{"key", int32(2)})),
		"dict-lists":       ok(Dictionary(StringType, ListType(cLine), nil, Pair{"a", List(cLine, line("s", 1, "1", "E", int32(5)))})),
		"dict-500":         ok(Dictionary(PrimitiveInt32, StringType, nil, pairs500...)),
		"dict-mixed": ArrayOf(ObjectType, ok(Dictionary(StringType, PrimitiveInt32, byText)),
			ok(Dictionary(StringType, PrimitiveInt32, byText, Pair{"a", int32(1)})),
			ok(Dictionary(StringType, PrimitiveInt32, byText, Pair{"b", int32(2)})),
			ok(Dictionary(StringType, PrimitiveInt32, byText)), ok(Dictionary(StringType, PrimitiveInt64, byText, Pair{"c", int64(3)}))),
		"hashtable-mixed": ArrayOf(ObjectType, ok(Hashtable(nil)), ok(Hashtable(OrdinalComparer(false), Pair{"a", int32(1)})), ok(Hashtable(nil)),
			ok(Hashtable(OrdinalComparer(true), Pair{"a", "b"}))),
		"hashtable": ok(Hashtable(nil, Pair{"a", int32(1)}, Pair{int32(2), "b"}, Pair{3.5, nil},
			Pair{Char('c'), eur("1", x)})),
		"hashtable-empty":       ok(Hashtable(nil)),
		"hashtable-ignore-case": ok(Hashtable(OrdinalComparer(true), Pair{"Key", int32(1)})),
		"hashtable-nested":      ok(Hashtable(nil, Pair{"inner", ok(Hashtable(nil, Pair{"list", ArrayList(int32(1), "two")}))})),
		"hashtable-200":         ok(Hashtable(nil, pairs200...)),
		"arraylist":             ArrayList(int32(1), "a", nil, 2.5, true, Char('x'), DateTime{Ticks: 630822816000000000}),
		"arraylist-empty":       ArrayList(),

		"box-struct":        eur("12.34", "USD"),
		"box-struct-nested": spans("2", "3"),
		"box-guid":          ArrayOf(ObjectType, guid("00112233-4455-6677-8899-aabbccddeeff")),
		"enum-int32":        cStatus.New(int32(5)),
		"enum-byte":         checkEnum("AsByte", PrimitiveByte).New(uint8(200)),
		"enum-sbyte":        checkEnum("AsSByte", PrimitiveSByte).New(int8(-100)),
		"enum-int16":        cInt16.New(int16(-30000)),
		"enum-uint16":       checkEnum("AsUInt16", PrimitiveUInt16).New(uint16(60000)),
		"enum-uint32":       checkEnum("AsUInt32", PrimitiveUInt32).New(uint32(4000000000)),
		"enum-int64":        checkEnum("AsInt64", PrimitiveInt64).New(int64(1 << 62)),
		"enum-uint64":       checkEnum("AsUInt64", PrimitiveUInt64).New(uint64(math.MaxUint64)),
		"enum-system":       dayOfWeek.New(int32(6)),
		"nullable-set": maybe(int32(1), true, DateTime{Ticks: 5}, number("1.5"), Guid([16]byte{}), cStatus.New(int32(1)),
			eur("1", x), Char('c')),
		"nullable-null": maybe(),
		"nullable-mixed": ArrayOf(cMaybe, maybe(), maybe(int32(7), nil, nil, nil, nil, nil, eur("2", "y")),
			maybe(nil, nil, nil, nil, nil, cStatus.New(int32(5)))),
		"nullable-generic": ArrayOf(NullableType{KeyValuePairType(StringType, cStatus)}, nil,
			KeyValuePairType(StringType, cStatus).New("k", cStatus.New(int32(1)))),
		"key-value-null": KeyValuePairType(StringType, cLine).New(nil, nil),
		"key-value-pair": KeyValuePairType(StringType, cMoney).New("k", eur("5", "EUR")),

		"primitives": cPrimitives.New(true, byte(1), int8(-2), Char('é'), int16(-3), uint16(4), int32(-5), uint32(6), int64(-7),
			uint64(8), float32(1.25), math.Copysign(0, -1), number("-0.10"), DateTime{637134336000000000, DateTimeLocal},
			TimeSpan(-1), "p", byte(9)),
		"primitives-zero": cPrimitives.New(false, byte(0), int8(0), Char(0), int16(0), uint16(0), int32(0), uint32(0),
			int64(0), uint64(0), float32(0), 0.0, Decimal{}, DateTime{}, TimeSpan(0), nil, nil),
		"customer":   buyer(),
		"order":      anOrder(ok),
		"names":      checkClass("Größe", MemberDecl{"Überschrift", StringType}, MemberDecl{"数", PrimitiveInt32}).New("ü", int32(7)),
		"loose-null": loose(nil),
		"loose-classes": loose(map[string]any{"Any": "text", "List": ArrayFrom([]int32{1, 2}),
			"Array":  &Array{Elem: PrimitiveInt32, Lengths: []int{1, 1}, Values: []int32{1}},
			"Person": buyer(), "Objects": ArrayFrom([]string{"covariant"}), "Shapes": ArrayOf(cCircle, cCircle.New(1.0, nil)),
			"Box": int32(1)}),
		"loose-structs": loose(map[string]any{"Any": eur("1", "a"), "Value": spans("3", "4"), "List": ArrayList(int32(1)),
			"Array": ArrayFrom([]string{x}), "Box": eur("2", "a")}),
		"loose-lower": loose(map[string]any{"Array": &Array{Elem: PrimitiveInt32, Lower: []int{1}, Values: []int32{7}},
			"List": &Array{Elem: cMoney, Lower: []int{1}, Values: []any{eur("0", nil)}}}),
		"loose-mixed": ArrayOf(ObjectType, loose(nil),
			loose(map[string]any{"Any": versionType.New(int32(1), int32(2), int32(-1), int32(-1))}),
			loose(map[string]any{"Any": eur("1", "a")}), loose(map[string]any{"Any": "s", "Box": ok(Hashtable(nil))})),
		"generic": pairType(PrimitiveInt32, pairType(StringType, cMoney)).New(int32(1),
			pairType(StringType, cMoney).New("f", eur("1", "m"))),
		"generic-box-twice": pairType(ObjectType, iComparable).New(box2, box2),
		"generic-nested": (&ClassType{Name: GenericName(NestedName("Contoso.Check.Pair`2", "Inner"), PrimitiveInt32, cStatus),
			Library: checkLibrary, Members: []MemberDecl{{"Value", PrimitiveInt32}}}).New(int32(5)),
		"serializes-itself": cTicket.New(int32(12), "F", cTicket.New(int32(13), "F", Char('x'))),
		"serializes-itself-in-object": ArrayOf(ObjectType,
			pairType(ObjectType, PrimitiveInt32).New(cTicket.New(int32(1), "A", nil), int32(0)),
			pairType(ObjectType, PrimitiveInt32).New(int32(5), int32(6))),
		"twin": ArrayOf(ObjectType, cSquare.New(float32(1), "ours"), cTwin.New(float32(2), "theirs")),

		"shared":           ArrayOf(ObjectType, sharedLine, sharedList, sharedList, "t", "t"),
		"shared-box":       ArrayOf(ObjectType, box, box, eur("1", "b")),
		"cycle-self":       self,
		"cycle-array":      selfArray(),
		"cycle-tree":       checkTree(),
		"cycle-dictionary": selfDictionary,
		"chain":            chain,

		"text": "hello, wörld",
		"texts": ArrayFrom([]string{"", "\x00", "\ufeff", "\ufffd", "a\r\nb", strings.Repeat("x", 127),
			strings.Repeat("y", 128), strings.Repeat("z", 16384), "\U0001F600"}),
	}
}

func checkTree() *Instance {
	root, a, a1, b := cNode.New(), cNode.New(), cNode.New(), cNode.New()
	root.Values = []any{"root", nil, nil, List(cNode, a, b), nil}
	a.Values = []any{"a", root, b, List(cNode, a1), nil}
	b.Values = []any{"b", root, root, nil, nil}
	a1.Values = []any{"a1", a, nil, nil, nil}
	return root
}
