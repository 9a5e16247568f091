package nrbf

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestBuildDeep: nothing recurses over objects, however they hang together.
func TestBuildDeep(t *testing.T) {
	const depth = 300_000
	inPlace := checkStruct("S", MemberDecl{"X", iComparable})
	var chain, structs *Instance
	var arrays *Array
	for range depth {
		chain = cNode.New("link", nil, chain, nil, nil)
		structs = inPlace.New(structs)
		arrays = ArrayOf(ObjectType, arrays)
	}
	for name, tree := range map[string]any{"chain": chain, "structs in place": structs, "arrays": arrays} {
		b, err := EncodeStream(tree)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		g, n, err := Decode(b, Limits{})
		if err != nil || n != len(b) || g.Objects() != depth {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if why := differs(tree, g.Root()); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	}
}

// TestLongPaths: the path of an error stays readable.
func TestLongPaths(t *testing.T) {
	o := cNode.New("end", nil, nil, nil, Char(0xd800))
	for range 100_000 {
		o = cNode.New("link", nil, o, nil, nil)
	}
	_, err := EncodeStream(ArrayOf(ObjectType, nil, o))
	var e *BuildError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if want := "root[1]" + strings.Repeat(".Next", 11) + "…" + strings.Repeat(".Next", 11) + ".Any"; e.Path != want {
		t.Errorf("%s\nwant %s", e.Path, want)
	}
}

// TestIdentity: Go strings are one object if they are equal, and pointers if they are the same.
func TestIdentity(t *testing.T) {
	a, shared := "a", &StringObject{"a"}
	for _, c := range []struct {
		name   string
		values []any
		want   []byte
	}{
		{"Go strings", []any{"a", strings.Clone(a)}, made(rec(recordString), 2, "a", rec(recordReference), 2)},
		{"one StringObject", []any{shared, shared}, made(rec(recordString), 2, "a", rec(recordReference), 2)},
		{"two StringObjects", []any{shared, &StringObject{"a"}}, made(rec(recordString), 2, "a", rec(recordString), 3, "a")},
		{"a Go string and a StringObject", []any{a, shared}, made(rec(recordString), 2, "a", rec(recordString), 3, "a")},
		// .NET has one empty string.
		{"empty", []any{"", &StringObject{}, &StringObject{}},
			made(rec(recordString), 2, "", rec(recordReference), 2, rec(recordReference), 2)},
		// A mention uses up an id, unless the same object was mentioned last (fixture o-order).
		{"ids", []any{"a", "b", "a", "a", "c"}, made(rec(recordString), 2, "a", rec(recordString), 3, "b",
			rec(recordReference), 2, rec(recordReference), 2, rec(recordString), 5, "c")},
		{"null pointers", []any{(*StringObject)(nil), (*Instance)(nil), (*Array)(nil)}, made(rec(recordNulls256), byte(3))},
	} {
		got, err := EncodeStream(ArrayOf(ObjectType, c.values...))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if want := in(rec(recordObjectArray), 1, len(c.values), c.want); !bytes.Equal(got, want) {
			t.Errorf("%s: %s", c.name, firstDifference(got, want))
		}
	}
}

// TestClassesByName: a class is its name and library, not a pointer.
func TestClassesByName(t *testing.T) {
	build := func(class func() *ClassType) []byte {
		var lines []any
		for range 3 {
			lines = append(lines, class().New("s", int32(1), eur("1", "E"), nil))
		}
		b, err := EncodeStream(List(class(), lines...))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	got := build(func() *ClassType { c := *cLine; return &c })
	if want := build(func() *ClassType { return cLine }); !bytes.Equal(got, want) {
		t.Error(firstDifference(got, want))
	}
	if n := bytes.Count(got, []byte("Quantity")); n != 1 {
		t.Errorf("the class stands %d times in the stream", n)
	}

	explicit := &ClassType{Name: "System.DayOfWeek", Library: CoreLibrary, ValueType: true, Members: dayOfWeek.Members}
	got, err := EncodeStream(ArrayOf(dayOfWeek, explicit.New(int32(3))))
	if err != nil || bytes.Contains(got, []byte("mscorlib")) {
		t.Errorf("the core library by its name: %q, %v", got, err)
	}
}

func TestAppendStream(t *testing.T) {
	want, err := EncodeStream(ArrayFrom([]int32{1}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := AppendStream([]byte("before"), ArrayFrom([]int32{1}))
	if err != nil || string(got) != "before"+string(want) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestBuildConcurrently: trees and classes are only read.
func TestBuildConcurrently(t *testing.T) {
	tree := anOrder(must(t))
	want, err := EncodeStream(tree)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := EncodeStream(tree); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
}

func TestIDsRunOut(t *testing.T) {
	e := encoder{next: math.MaxInt32 - 1, ids: map[any]int32{}}
	if id, first := e.id("a"); id != math.MaxInt32-1 || !first || e.err != nil {
		t.Errorf("%d %v %v", id, first, e.err)
	}
	if e.id("b"); e.err == nil || e.err.Reason != "more than 2,147,483,646 objects" {
		t.Errorf("%v", e.err)
	}
}

func TestDateTimeOf(t *testing.T) {
	for _, c := range []struct {
		t    time.Time
		want int64
	}{
		{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), 0},
		{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), maxDateTicks},
		{time.Date(2020, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600)), 637135274450000006},
		{time.Unix(0, 0), 621355968000000000},
		{time.Unix(-1, 999999999), 621355967999999999},
	} {
		got := DateTimeOf(c.t)
		if got != (DateTime{c.want, DateTimeUTC}) {
			t.Errorf("%v is %v", c.t, got)
		}
		if back := timeOf(got.Ticks); !back.Equal(c.t.Truncate(100)) {
			t.Errorf("%v comes back as %v", c.t, back)
		}
	}
}

func TestNames(t *testing.T) {
	core := ", " + CoreLibrary
	for want, of := range map[string]Type{
		"System.Int32":         PrimitiveInt32,
		"System.String":        StringType,
		"System.Object":        ObjectType,
		"System.Char[]":        ArrayType{Elem: PrimitiveChar},
		"System.Int32[,][]":    ArrayType{Elem: ArrayType{PrimitiveInt32, 2}}, // int[][,] in C#
		"System.Object[][,,]":  ArrayType{ArrayType{Elem: ObjectType}, 3},
		"Contoso.Check.Status": cStatus,
		"System.Nullable`1[[System.Int32" + core + "]]":                                                  NullableType{PrimitiveInt32},
		"System.Nullable`1[[System.Int32" + core + "]][]":                                                ArrayType{Elem: NullableType{PrimitiveInt32}},
		"System.Collections.Generic.List`1[[System.String[]" + core + "]]":                               ListType(ArrayType{Elem: StringType}),
		"System.Collections.Generic.List`1[[Contoso.Check.Line, " + checkLibrary + "]]":                  ListType(cLine),
		"A.B`1+C[[System.Byte" + core + "]]":                                                             &ClassType{Name: GenericName(NestedName("A.B`1", "C"), PrimitiveByte)},
		"System.Collections.Generic.KeyValuePair`2[[System.Char" + core + "],[A.B, L]]":                  KeyValuePairType(PrimitiveChar, &ClassType{Name: "A.B", Library: "L"}),
		"System.Collections.Generic.Dictionary`2[[System.Object" + core + "],[System.Guid" + core + "]]": DictionaryType(ObjectType, GuidType()),
	} {
		if got := of.FullName(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	for _, c := range []struct {
		of   Type
		want string
	}{
		{PrimitiveByte, CoreLibrary}, {StringType, CoreLibrary}, {NullableType{cMoney}, CoreLibrary}, {cMoney, checkLibrary},
		{GuidType(), CoreLibrary}, {ArrayType{Elem: ArrayType{cMoney, 2}}, checkLibrary}, {ListType(cMoney), CoreLibrary},
	} {
		if got := c.of.Assembly(); got != c.want {
			t.Errorf("%s is in %s", c.of.FullName(), got)
		}
	}
	if got := BackingField("Email"); got != "<Email>k__BackingField" {
		t.Error(got)
	}
}
