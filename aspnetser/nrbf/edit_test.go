package nrbf

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"
)

func mustDecode(t *testing.T, b []byte) *Graph {
	t.Helper()
	g, n, err := Decode(b, Limits{})
	if err != nil || n != len(b) {
		t.Fatalf("%d of %d bytes: %v", n, len(b), err)
	}
	return g
}

// again writes the graph and reads it.
func again(t *testing.T, g *Graph) *Graph {
	t.Helper()
	return mustDecode(t, g.Append(nil))
}

func TestSetPrimitives(t *testing.T) {
	utc := time.Date(2026, 11, 21, 8, 0, 0, 700, time.UTC)
	plus2 := time.FixedZone("", 7200)
	const ticks = 639_000_000_000_000_000
	cases := []struct {
		p    PrimitiveType
		bits uint64
		x    any
		want uint64
		err  error
	}{
		{PrimitiveBoolean, 7, false, 0, nil},
		{PrimitiveBoolean, 7, true, 1, nil},
		{PrimitiveBoolean, 0, 1, 0, ErrType},
		{PrimitiveByte, 0, 255, 255, nil},
		{PrimitiveByte, 0, 256, 0, ErrRange},
		{PrimitiveByte, 0, -1, 0, ErrRange},
		{PrimitiveSByte, 0, int8(-128), 0x80, nil},
		{PrimitiveSByte, 0, 128, 0, ErrRange},
		{PrimitiveSByte, 0, -129, 0, ErrRange},
		{PrimitiveInt16, 0, int16(-2), 0xfffe, nil},
		{PrimitiveInt16, 0, 1 << 15, 0, ErrRange},
		{PrimitiveUInt16, 0, uint16(65535), 65535, nil},
		{PrimitiveInt32, 0, int32(math.MinInt32), 1 << 31, nil},
		{PrimitiveInt32, 0, uint32(1 << 31), 0, ErrRange},
		{PrimitiveUInt32, 0, int64(math.MaxUint32), math.MaxUint32, nil},
		{PrimitiveUInt32, 0, int64(math.MaxUint32) + 1, 0, ErrRange},
		{PrimitiveInt64, 0, int64(math.MinInt64), 1 << 63, nil},
		{PrimitiveInt64, 0, uint64(1 << 63), 0, ErrRange},
		{PrimitiveUInt64, 0, uint64(math.MaxUint64), math.MaxUint64, nil},
		{PrimitiveUInt64, 0, -1, 0, ErrRange},
		{PrimitiveInt32, 0, "5", 0, ErrType},
		{PrimitiveInt32, 0, 5.0, 0, ErrType},
		{PrimitiveInt32, 0, nil, 0, ErrType},
		{PrimitiveChar, 0, 'é', 'é', nil},
		{PrimitiveChar, 0, uint16(0xd800), 0, ErrRange},
		{PrimitiveChar, 0, '😀', 0, ErrRange},
		{PrimitiveSingle, 0, float32(1.1), uint64(math.Float32bits(1.1)), nil},
		{PrimitiveSingle, 0, 0.5, uint64(math.Float32bits(0.5)), nil},
		{PrimitiveSingle, 0, 1.1, 0, ErrRange},
		{PrimitiveSingle, 0, math.Inf(1), uint64(math.Float32bits(float32(math.Inf(1)))), nil},
		{PrimitiveSingle, 0, math.NaN(), uint64(math.Float32bits(float32(math.NaN()))), nil},
		{PrimitiveDouble, 0, 1.1, math.Float64bits(1.1), nil},
		{PrimitiveTimeSpan, 0, time.Second, ticksPerSecond, nil},
		{PrimitiveTimeSpan, 0, -time.Second, ^uint64(ticksPerSecond) + 1, nil},
		{PrimitiveTimeSpan, 0, 50 * time.Nanosecond, 0, ErrRange},
		{PrimitiveDateTime, ticks | 1<<62, utc.In(plus2), uint64(utc.Unix()*ticksPerSecond+unixEpochTicks+7) | 1<<62, nil},
		{PrimitiveDateTime, ticks, utc.In(plus2), uint64((utc.Unix()+7200)*ticksPerSecond + unixEpochTicks + 7), nil},
		{PrimitiveDateTime, ticks | 3<<62, utc, uint64(utc.Unix()*ticksPerSecond+unixEpochTicks+7) | 2<<62, nil},
		{PrimitiveDateTime, ticks | 3<<62, timeOf(ticks), ticks | 3<<62, nil},
		{PrimitiveDateTime, ticks, utc.Add(1), 0, ErrRange},
		{PrimitiveDateTime, ticks, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), 0, ErrRange},
		{PrimitiveDateTime, ticks, time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), 0, ErrRange},
		{PrimitiveDateTime, ticks, time.Time{}, 0, nil},
		{PrimitiveDateTime, ticks, time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC), maxDateTicks, nil},
	}
	for _, c := range cases {
		// As a member, boxed, and as an element of a primitive array between two others.
		one := appendPrimitive(nil, c.p, c.bits)
		member := in(rec(recordSystemClass), 1, "C", 1, "a", byte(declPrimitive), byte(c.p), one)
		boxed := in(rec(recordObjectArray), 1, 1, rec(recordPrimitive), byte(c.p), one)
		packed := in(rec(recordPrimitiveArray), 1, 3, byte(c.p), one, one, one)
		for i, b := range [][]byte{member, boxed, packed} {
			g := mustDecode(t, b)
			at := i / 2 // the one in the middle
			err := g.Root().At(at).Set(c.x)
			if !errors.Is(err, c.err) {
				t.Errorf("%s set to %T %v: %v, want %v", c.p, c.x, c.x, err, c.err)
				continue
			}
			want := c.want
			if err != nil {
				want = c.bits
			}
			if got := again(t, g).Root().At(at).Bits(); got != want || g.Root().At(at).Bits() != want {
				t.Errorf("%s set to %v is %x, want %x", c.p, c.x, got, want)
			}
			if i == 2 && (g.Root().At(0).Bits() != c.bits || g.Root().At(2).Bits() != c.bits) {
				t.Errorf("%s: another element changed", c.p)
			}
		}
	}
}

// Changing back gives the first bytes, whatever the place is.
func TestSetBack(t *testing.T) {
	for _, s := range streams(t) {
		if len(s.bytes) > 50_000 {
			continue
		}
		g, n, err := Decode(s.bytes, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range leaves(g) {
			var old, other any
			switch v.Primitive() {
			case PrimitiveBoolean:
				b, _ := v.Bool()
				old, other = b, !b
			case PrimitiveDecimal:
				text, _ := v.Decimal()
				old, other = text, " "+text
			case PrimitiveInt32:
				i, _ := v.Int()
				old, other = i, i^1
			case PrimitiveDouble:
				f, _ := v.Float()
				old, other = f, 0.2578125
			case PrimitiveDateTime:
				if k, _ := v.DateTimeKind(); k == DateTimeLocalDST {
					continue
				}
				d, _ := v.Time()
				old, other = d, d.AddDate(-1, 0, 0)
				if d.Year() < 2 {
					other = d.AddDate(1, 0, 0)
				}
			default:
				continue
			}
			if err := v.Set(other); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			if bytes.Equal(g.Append(nil), s.bytes[:n]) {
				t.Errorf("%s: nothing changed", s.name)
			}
			if err := v.Set(old); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			if !bytes.Equal(g.Append(nil), s.bytes[:n]) {
				t.Errorf("%s: a %s changed and changed back gives other bytes", s.name, v.Primitive())
			}
		}
	}
}

func texts(v Value) []any {
	var out []any
	for _, e := range v.All() {
		if s, ok := e.Text(); ok {
			out = append(out, s)
		} else {
			out = append(out, nil)
		}
	}
	return out
}

// Strings that are held in several places change in one only.
func TestSetStrings(t *testing.T) {
	nulls := bytes.Repeat([]byte{recordNull}, 0)
	shared := in(rec(recordStringArray), 1, 4, rec(recordReference), 2, rec(recordString), 2, "x", rec(recordReference), 2, rec(recordNull), nulls)
	run := in(rec(recordObjectArray), 1, 5, rec(recordNulls256), byte(5))
	long := in(rec(recordObjectArray), 1, 4, rec(recordNulls), 4)
	cases := []struct {
		name  string
		bytes []byte
		at    int
		to    any
		want  []any
	}{
		{"where it stands", shared, 1, "y", []any{"x", "y", "x", nil}},
		{"a reference before", shared, 0, "y", []any{"y", "x", "x", nil}},
		{"a reference behind", shared, 2, "y", []any{"x", "x", "y", nil}},
		{"null", shared, 3, "y", []any{"x", "x", "x", "y"}},
		{"to null where it stands", shared, 1, nil, []any{"x", nil, "x", nil}},
		{"to null elsewhere", shared, 2, nil, []any{"x", "x", nil, nil}},
		{"null to null", shared, 3, nil, []any{"x", "x", "x", nil}},
		{"first of a run", run, 0, "y", []any{"y", nil, nil, nil, nil}},
		{"middle of a run", run, 2, "y", []any{nil, nil, "y", nil, nil}},
		{"last of a run", run, 4, "y", []any{nil, nil, nil, nil, "y"}},
		{"in a large run", long, 1, "y", []any{nil, "y", nil, nil}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := mustDecode(t, c.bytes)
			if err := g.Root().At(c.at).Set(c.to); err != nil {
				t.Fatal(err)
			}
			if got := texts(again(t, g).Root()); !equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}

	// Every order of changes in one graph.
	g := mustDecode(t, shared)
	for i, to := range []any{"a", nil, "b", "c"} {
		if err := g.Root().At(i).Set(to); err != nil {
			t.Fatal(err)
		}
	}
	if got := texts(again(t, g).Root()); !equal(got, []any{"a", nil, "b", "c"}) {
		t.Errorf("got %v", got)
	}
}

// A string that moves goes to the first of its mentions in the stream, which need not be the first of the cells: those of
// a struct in its place come before its holder's.
func TestSetMovesAStringForward(t *testing.T) {
	pair := KeyValuePairType(StringType, StringType)
	tuple := &ClassType{Name: GenericName("System.Tuple`3", StringType, StringType, pair), Members: []MemberDecl{
		{Name: "m_Item1", Type: StringType}, {Name: "m_Item2", Type: StringType}, {Name: "m_Item3", Type: pair}}}
	stream, err := EncodeStream(tuple.New("x", "x", pair.New("x", "x")))
	if err != nil {
		t.Fatal(err)
	}
	g := mustDecode(t, stream)
	want := []any{"x", "x", "x", "x"}
	for i, to := range []any{"new", nil} {
		if err := g.Root().At(i).Set(to); err != nil {
			t.Fatal(err)
		}
		want[i] = to
		if n := stringsAhead(g); n > 0 {
			t.Errorf("%d references stand before their string", n)
		}
		root := again(t, g).Root()
		if got := append(texts(root)[:2], texts(root.At(2))...); !equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// What stands before a place stays there: a library whose class comes later, and runs of no nulls.
func TestSetKeepsMarks(t *testing.T) {
	b := in(rec(recordObjectArray), 1, 3, rec(recordLibrary), 9, "L", rec(recordNull), rec(recordNulls256), byte(0), rec(recordString), 2, "a",
		rec(recordClass), 3, "C", 0, 9)
	for _, to := range [][2]any{{"x", "y"}, {"x", nil}, {nil, "y"}} {
		g := mustDecode(t, b)
		for i, x := range to {
			if err := g.Root().At(i).Set(x); err != nil {
				t.Fatal(err)
			}
		}
		root := again(t, g).Root()
		if got := texts(root); !equal(got[:2], to[:]) || root.At(2).Library() != "L" {
			t.Errorf("got %v", got)
		}
		if len(g.Append(nil)) < 2 || !bytes.Contains(g.Append(nil), []byte{recordNulls256, 0}) {
			t.Error("the run of no nulls is gone")
		}
	}
}

// New strings get ids that nothing has, libraries included, and lengths of the shortest form.
func TestSetIDsAndLengths(t *testing.T) {
	overlong := []byte{0x81, 0x80, 0}
	g := mustDecode(t, in(rec(recordLibrary), 7, "L", rec(recordObjectArray), 1, 3, rec(recordNull), rec(recordString), 2, overlong, []byte("a"), rec(recordReference), 2))
	for i, x := range []string{"first", string(bytes.Repeat([]byte("x"), 300)), "third"} {
		if err := g.Root().At(i).Set(x); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		if id := int32(g.cells[g.objects[0].first+int32(i)].bits); id != 2 && id <= 7 {
			t.Errorf("string %d has the id %d", i, id)
		}
	}
	if got := texts(again(t, g).Root()); !equal(got, []any{"first", string(bytes.Repeat([]byte("x"), 300)), "third"}) {
		t.Errorf("got %.40v", got)
	}
	one := mustDecode(t, in(rec(recordObjectArray), 1, 1, rec(recordString), 2, overlong, []byte("a")))
	if err := one.Root().At(0).Set("b"); err != nil {
		t.Fatal(err)
	}
	if out := one.Append(nil); !bytes.Contains(out, []byte{1, 'b', recordEnd}) {
		t.Errorf("% x", out)
	}
	number := mustDecode(t, in(rec(recordObjectArray), 1, 1, rec(recordPrimitive), byte(PrimitiveDecimal), overlong, []byte("1")))
	if err := number.Root().At(0).Set("2.50"); err != nil {
		t.Fatal(err)
	}
	if out := number.Append(nil); !bytes.Contains(out, append([]byte{4}, "2.50\x0b"...)) {
		t.Errorf("% x", out)
	}
}

func TestSetDecimals(t *testing.T) {
	for _, c := range []struct {
		x    any
		want string // "": refused
	}{
		{"-12.50", "-12.50"}, {Decimal{Lo: 125, Scale: 1}, "12.5"}, {Decimal{Lo: 1, Scale: 28}, "0.0000000000000000000000000001"},
		{Decimal{Lo: 1, Scale: 29}, ""}, {Decimal{Lo: 1, Scale: 255}, ""}, {Decimal{Negative: true}, ""}, {"-0.00", ""},
		{"79228162514264337593543950335", "79228162514264337593543950335"}, {"79228162514264337593543950335.4", ""},
		{"0.00000000000000000000000000001", ""}, {"1x", ""}, {1.5, ""},
	} {
		g := mustDecode(t, in(rec(recordObjectArray), 1, 1, rec(recordPrimitive), byte(PrimitiveDecimal), "7"))
		err := g.Root().At(0).Set(c.x)
		got, _ := again(t, g).Root().At(0).Decimal()
		if c.want == "" && (err == nil || got != "7") || c.want != "" && (err != nil || got != c.want) {
			t.Errorf("%v: %q, %v; want %q", c.x, got, err, c.want)
		}
	}
}

func equal(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestSetRefuses(t *testing.T) {
	ints := in(rec(recordSystemClass), 1, "C", 2, "array", "class", byte(declPrimitiveArray), byte(declSystemClass), byte(PrimitiveInt32), "System.Version",
		rec(recordNull), rec(recordNull))
	g := mustDecode(t, ints)
	for i := range 2 {
		if err := g.Root().At(i).Set("x"); !errors.Is(err, ErrType) {
			t.Errorf("a null place of another type takes a string: %v", err)
		}
	}
	if err := g.Root().Set("x"); !errors.Is(err, ErrType) {
		t.Errorf("an object takes a string: %v", err)
	}
	if err := (Value{}).Set("x"); !errors.Is(err, ErrType) {
		t.Errorf("the zero Value takes a string: %v", err)
	}
	root := mustDecode(t, in(rec(recordString), 1, []byte{0x81, 0}, []byte("a")))
	if err := root.Root().Set(nil); !errors.Is(err, ErrType) {
		t.Errorf("the root becomes null: %v", err)
	}
	if err := root.Root().Set("a\xff"); !errors.Is(err, ErrRange) {
		t.Errorf("text that is not UTF-8: %v", err)
	}
	if err := root.Root().Set(5); !errors.Is(err, ErrType) {
		t.Errorf("a string becomes a number: %v", err)
	}
	if err := root.Root().Set("longer than one byte can tell of"); err != nil {
		t.Fatal(err)
	}
	if s, _ := again(t, root).Root().Text(); s != "longer than one byte can tell of" {
		t.Errorf("the root is %q", s)
	}
	inside := mustDecode(t, append(made(rec(0), 2, -1, 1, 0), made(rec(recordObjectArray), 1, 2, rec(recordString), 2, "a", rec(recordReference), 2, rec(recordEnd))...))
	if err := (Value{g: inside, at: inside.objects[0].first}).Set("b"); err != nil { // its other mention keeps the text, and is the root
		t.Error(err)
	}
	if s, _ := again(t, inside).Root().Text(); s != "a" {
		t.Errorf("the root is %q", s)
	}
	for _, to := range []any{"c", nil} {
		if err := (Value{g: inside, at: inside.objects[0].first + 1}).Set(to); !errors.Is(err, ErrType) {
			t.Errorf("the place of the root becomes %v: %v", to, err)
		}
	}
	twice := mustDecode(t, in(rec(recordObjectArray), 1, 4, rec(recordReference), 2, rec(recordString), 2, "a", rec(recordString), 2, "b", rec(recordReference), 2))
	if err := twice.Root().At(2).Set("c"); !errors.Is(err, ErrType) {
		t.Errorf("a shared string of an id that is used twice: %v", err)
	}
	if err := twice.Root().At(1).Set("c"); err != nil {
		t.Error(err)
	}
	if got := texts(again(t, twice).Root()); !equal(got, []any{"b", "c", "b", "b"}) {
		t.Errorf("got %v", got)
	}
	full := mustDecode(t, in(rec(recordObjectArray), 1, 1, rec(recordString), math.MaxInt32, "a"))
	if err := full.Root().At(0).Set("b"); err != nil {
		t.Errorf("a string with the last id: %v", err) // keeps its id
	}
	full = mustDecode(t, in(rec(recordObjectArray), 1, 2, rec(recordString), math.MaxInt32, "a", rec(recordNull)))
	if err := full.Root().At(1).Set("b"); !errors.Is(err, ErrRange) {
		t.Errorf("no id is left: %v", err)
	}
	astral := mustDecode(t, in(rec(recordPrimitiveArray), 1, 3, byte(PrimitiveChar), []byte("😀a")))
	if err := astral.Root().At(0).Set('b'); !errors.Is(err, ErrRange) {
		t.Errorf("half of a pair: %v", err)
	}
	if err := astral.Root().At(2).Set('é'); err != nil {
		t.Error(err)
	}
	if s, _ := again(t, astral).Root().Packed(); s != "😀é" {
		t.Errorf("chars %q", s)
	}
}

func TestDecimals(t *testing.T) {
	cases := []struct{ in, want string }{
		{"0", "0"}, {"-0", "-0"}, {"12.50", "12.50"}, {" -1,234.5 ", "-1234.5"}, {"5-", "-5"}, {"+5", "5"}, {".5", "0.5"}, {"5.", "5"},
		{"79228162514264337593543950335", "79228162514264337593543950335"},
		{"79228162514264337593543950336", ""}, {"79228162514264337593543950335.4", "79228162514264337593543950335"},
		{"79228162514264337593543950335.5", ""},
		{"0.00000000000000000000000000005", "0.0000000000000000000000000000"},
		{"0.00000000000000000000000000015", "0.0000000000000000000000000002"},
		{"0.000000000000000000000000000050000000000000000000000000000000000000000000000001", "0.0000000000000000000000000001"},
		{"1\x00", "1"}, {"", ""}, {"-", ""}, {".", ""}, {"1x", ""}, {"--1", ""}, {"1 2", ""}, {"1e5", ""}, {"- 1", ""}, {",1", ""}, {"1.2.3", ""},
		{"00000000000000000000000000000000000000000000000000000000000000000000000000001", "1"},
	}
	for _, c := range cases {
		d, ok := ParseDecimal(c.in)
		if ok != (c.want != "") || ok && d.String() != c.want {
			t.Errorf("%q is %v %v, want %q", c.in, d, ok, c.want)
		}
	}
}
