package nrbf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// made puts a stream together: bytes as they are, int as a little-endian i32, strings with their length.
func made(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case byte:
			b = append(b, p)
		case []byte:
			b = append(b, p...)
		case int:
			b = binary.LittleEndian.AppendUint32(b, uint32(p))
		case string:
			b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
		}
	}
	return b
}

func rec(t int) byte { return byte(t) }

// head is a header that names id 1 as the root.
var head = made(rec(recordHeader), 1, -1, 1, 0)

// in puts records between a header and an end record.
func in(parts ...any) []byte { return append(append(bytes.Clone(head), made(parts...)...), recordEnd) }

// pair is a class record with two members: an Object a and an Int32 b.
func pair(id int) []byte {
	return made(rec(recordSystemClass), id, "P", 2, "a", "b", byte(declObject), byte(declPrimitive), byte(PrimitiveInt32))
}

// The rules of session-blob.md 5, and what keeps the work in proportion. An empty want means that the stream decodes and
// is written back to the same bytes.
func TestRules(t *testing.T) {
	array := func(n int) []byte { return made(rec(recordObjectArray), 1, n) }
	cases := []struct {
		name   string
		stream []byte
		want   string // part of the error
		offset int64  // where, -1: not looked at
	}{
		{"null root array", in(array(0)), "", 0},
		{"no header", in()[1:], "record type 1 where the header should be", 0},
		{"empty", nil, "out of bytes in the record type", 0},
		{"root 0", append(made(rec(0), 0, -1, 1, 0), made(array(0), rec(recordEnd))...), "root id 0", 1},
		{"root that never comes", append(made(rec(0), 7, -1, 1, 0), made(array(0), rec(recordEnd))...), "no object has the root id 7", 1},
		{"major version 2", append(made(rec(0), 1, -1, 2, 0), made(array(0), rec(recordEnd))...), "major version 2", 9},
		{"minor version 7", append(made(rec(0), 1, -1, 1, 7), made(array(0), rec(recordEnd))...), "", 0},
		{"second header", in(array(1), head), "out of place", 26},
		{"string that is not UTF-8", in(rec(recordString), 1, []byte{2, 'a', 0xff}), "string is not UTF-8", 24},
		{"surrogate", in(rec(recordString), 1, []byte{3, 0xed, 0xa0, 0x80}), "string is not UTF-8", 23},
		{"string of negative length", in(rec(recordString), 1, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}), "string length -1", 22},
		{"string length of 6 bytes", in(rec(recordString), 1, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0}), "more than 5 bytes", 22},
		{"overlong length", in(rec(recordString), 1, []byte{0x81, 0x80, 0x80, 0x80, 0x70, 'a'}), "", 0},
		{"string too long", in(rec(recordString), 1, []byte{0xff, 0xff, 0x3f, 'a'}), "out of bytes in the string", 25},
		{"root is a string", in(rec(recordString), 1, "x"), "", 0},
		{"root is a boxed number", in(rec(recordSystemClass), 1, "System.Int32", 1, "m_value", byte(declPrimitive), byte(PrimitiveInt32), 5), "", 0},
		{"reference to what never comes", in(array(1), rec(recordReference), 9), "no object has the id 9", 27},
		{"reference before the object", in(array(1), rec(recordReference), 9, rec(recordString), 9, "late"), "", 0},
		{"root last", in(rec(recordString), 2, "x", array(1), rec(recordReference), 2), "", 0},
		{"child in place of a reference", in(array(2), pair(2), rec(recordNull), 7, rec(recordReference), 2), "", 0},
		{"unused library", in(rec(recordLibrary), 5, "L", array(0)), "", 0},
		{"library before an element", in(array(1), rec(recordLibrary), 5, "L", rec(recordNull)), "", 0},
		{"library before the end", in(array(0), rec(recordLibrary), 5, "L"), "", 0},
		{"library id 0", in(rec(recordLibrary), 0, "L", array(0)), "library id 0", 18},
		{"negative library id", in(rec(recordLibrary), -3, "L", array(0)), "library id -3", 18},
		{"library that never comes", in(rec(recordClass), 1, "C", 0, 4), "no library has the id 4", 28},
		{"too many nulls", in(array(3), rec(recordNulls256), byte(4)), "a run of 4 nulls is longer", 26},
		{"negative run of nulls", in(array(3), rec(recordNulls), -1), "a run of -1 nulls", 26},
		{"run of 1", in(array(1), rec(recordNulls256), byte(1)), "", 0},
		{"large record for a small run", in(array(2), rec(recordNulls), 2), "", 0},
		{"run of 0", in(array(1), rec(recordNulls256), byte(0), rec(recordNulls), 0, rec(recordNull)), "", 0},
		{"runs side by side", in(array(5), rec(recordNulls256), byte(2), rec(recordNulls256), byte(2), rec(recordNull)), "", 0},
		{"nulls one by one", in(array(3), rec(recordNull), rec(recordNull), rec(recordNull)), "", 0},
		{"run outside of objects", in(array(0), rec(recordNulls256), byte(1)), "a run of 1 nulls", 26},
		{"run over class members", in(rec(recordSystemClass), 1, "C", 2, "a", "b", byte(declObject), byte(declString), rec(recordNulls256), byte(2)), "", 0},
		{"run over a number", in(pair(1), rec(recordNulls256), byte(2)), "covers a member that cannot be null", -1},
		{"boxed string", in(array(1), rec(recordPrimitive), byte(18), "x"), "unknown primitive type 18", 27},
		{"boxed null", in(array(1), rec(recordPrimitive), byte(17)), "unknown primitive type 17", 27},
		{"object id 0", in(rec(recordObjectArray), 0, 0), "object id 0", 18},
		{"string id 0", in(rec(recordString), 0, "x"), "object id 0", 18},
		{"object id twice", in(array(1), pair(1), rec(recordNull), 7), "the object id 1 is used twice", 27},
		{"string id twice", in(array(3), rec(recordString), 2, "a", rec(recordString), 2, "b", rec(recordReference), 2), "", 0},
		{"object and string of one id", in(array(1), rec(recordString), 1, "a"), "the object id 1 is used twice", 27},
		{"ids with gaps", in(array(3), rec(recordString), 2000000000, "a", rec(recordString), -7, "b", rec(recordReference), -7), "", 0},
		{"unknown record", in(rec(200)), "unknown record type 200", 17},
		{"record 18", in(rec(18)), "unknown record type 18", 17},
		{"method call", in(rec(recordMethodCall)), "method calls", 17},
		{"class without member types", in(rec(recordClassUntyped), 1, "C", 1, "a", 2), "cannot be read without the class", 17},
		{"system class without member types", in(rec(recordSystemClassUntyped), 1, "C", 1, "a"), "cannot be read without the class", 17},
		{"class by an id that never came", in(rec(recordClassWithID), 1, 9), "no class record has the id 9", 22},
		{"class by the id of an instance", in(array(3), pair(2), rec(recordNull), 7, rec(recordClassWithID), 3, 2, rec(recordNull), 8,
			rec(recordClassWithID), 4, 3), "no class record has the id 3", -1},
		{"class inside itself", in(pair(1), rec(recordClassWithID), 2, 1, rec(recordReference), 1, 6, 7), "", 0},
		{"unknown member type", in(rec(recordSystemClass), 1, "C", 1, "a", byte(8)), "unknown member type 8", 30},
		{"negative member count", in(rec(recordSystemClass), 1, "C", -1), "member count -1", 24},
		{"huge member count", in(rec(recordSystemClass), 1, "C", math.MaxInt32), "out of bytes in the 2147483647 members", 28},
		{"negative array length", in(array(-1)), "array length -1", 22},
		{"array of nothing but a length", in(array(math.MaxInt32)), "the end record stands inside an object", 26},
		{"primitive array past the end", in(rec(recordPrimitiveArray), 1, math.MaxInt32, byte(PrimitiveInt64)), "out of bytes in the elements", 27},
		{"primitive array of String", in(rec(recordPrimitiveArray), 1, 0, byte(18)), "unknown primitive type 18", 26},
		{"char array with two halves", in(rec(recordPrimitiveArray), 1, 2, byte(PrimitiveChar), []byte("😀")), "", 0},
		{"char array with half of it", in(rec(recordPrimitiveArray), 1, 1, byte(PrimitiveChar), []byte("😀")), "half of a sequence", 27},
		{"single char array with two halves", in(rec(recordBinaryArray), 1, byte(arraySingle), 1, 2, byte(declPrimitive), byte(PrimitiveChar), []byte("😀")), "", 0},
		{"rectangular char array with two halves", in(rec(recordBinaryArray), 1, byte(arrayRectangular), 2, 1, 2, byte(declPrimitive), byte(PrimitiveChar), []byte("😀")), "Char of 4 bytes", -1},
		{"char array that is not UTF-8", in(rec(recordPrimitiveArray), 1, 1, byte(PrimitiveChar), byte(0x80)), "Char is not UTF-8", 27},
		{"Char of 4 bytes", in(array(1), rec(recordPrimitive), byte(PrimitiveChar), []byte("😀")), "Char of 4 bytes", 28},
		{"Boolean of 7", in(array(1), rec(recordPrimitive), byte(PrimitiveBoolean), byte(7)), "", 0},
		{"Decimal array", in(rec(recordPrimitiveArray), 1, 2, byte(PrimitiveDecimal), "-12.50", "0"), "", 0},
		{"Decimal that is none", in(array(1), rec(recordPrimitive), byte(PrimitiveDecimal), "1x"), "Decimal that is no number", 28},
		{"DateTime of a kind", in(array(1), rec(recordPrimitive), byte(PrimitiveDateTime), 0, 0x40000000), "", 0},
		{"DateTime too late", in(array(1), rec(recordPrimitive), byte(PrimitiveDateTime), 0, 0x3fffffff), "DateTime ticks out of range", 28},
		{"DateTime too late in an array", in(rec(recordPrimitiveArray), 1, 1, byte(PrimitiveDateTime), 0, 0x3fffffff), "DateTime ticks out of range", 27},
		{"array kind 6", in(rec(recordBinaryArray), 1, byte(6), 1, 0, byte(declObject)), "unknown array kind 6", 22},
		{"rank 0", in(rec(recordBinaryArray), 1, byte(arrayRectangular), 0, byte(declObject)), "rank 0", 23},
		{"rank 33", in(rec(recordBinaryArray), 1, byte(arrayRectangular), 33), "rank 33", 23},
		{"jagged of rank 2", in(rec(recordBinaryArray), 1, byte(arrayJagged), 2, 0, 0, byte(declObject)), "rank 2", 23},
		{"too many elements", in(rec(recordBinaryArray), 1, byte(arrayRectangular), 2, 65536, 65536, byte(declObject)), "more than 2147483647 elements", 31},
		{"empty dimension", in(rec(recordBinaryArray), 1, byte(arrayRectangular), 2, 65536, 0, byte(declObject)), "", 0},
		{"lower bounds", in(rec(recordBinaryArray), 1, byte(arrayRectangularOffset), 2, 1, 1, -5, 3, byte(declPrimitive), byte(PrimitiveByte), byte(9)), "", 0},
		{"element library that never came", in(rec(recordBinaryArray), 1, byte(arraySingle), 1, 0, byte(declClass), "C", 3), "no library has the id 3", -1},
		{"end inside an object", in(array(1)), "the end record stands inside an object", 26},
		{"no end", bytes.TrimSuffix(in(array(0)), []byte{recordEnd}), "out of bytes in the record type", 26},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, n, err := Decode(c.stream, Limits{})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if out := g.Append(nil); n != len(c.stream) || !bytes.Equal(out, c.stream) {
					t.Fatalf("written back as % x, want % x", out, c.stream)
				}
				return
			}
			var bad *MalformedError
			if !errors.As(err, &bad) || !strings.Contains(bad.Error(), c.want) {
				t.Fatalf("got error %v, want %q", err, c.want)
			}
			if c.offset >= 0 && bad.Offset != c.offset {
				t.Errorf("offset %d, want %d: %v", bad.Offset, c.offset, err)
			}
			if bad.RecordOffset > bad.Offset || bad.Record != "" && bad.Record != recordName(c.stream[bad.RecordOffset]) {
				t.Errorf("record %q at %d", bad.Record, bad.RecordOffset)
			}
			if ended := strings.HasPrefix(bad.Reason, "out of bytes"); errors.Is(err, io.ErrUnexpectedEOF) != ended {
				t.Errorf("%v: io.ErrUnexpectedEOF %v", err, !ended)
			}
			checkTrace(t, c.stream)
		})
	}
}

// Whatever a cut leaves is refused, and nothing else of a stream is.
func TestCut(t *testing.T) {
	for _, s := range streams(t) {
		if s.name == "o-long-strings" || s.name == "o-wide" {
			continue // too many bytes to try each
		}
		_, n, err := Decode(s.bytes, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if i > 600 && i%17 != 0 {
				continue
			}
			if _, _, err := Decode(s.bytes[:i], Limits{}); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s cut at %d: %v", s.name, i, err)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	list := func(n int) []byte { return made(rec(recordObjectArray), 1, n) }
	long := strings.Repeat("x", 1000)
	var nested []byte
	for i := range 10 {
		nested = append(nested, made(rec(recordObjectArray), i+1, 1)...)
	}
	cases := []struct {
		name   string
		stream []byte
		limit  string
		most   int64 // the least that lets it pass
	}{
		{"values", in(list(3), rec(recordNull), rec(recordNull), rec(recordNull)), "MaxMemory", memoryGraph + 164},
		{"a run of nulls", in(list(3), rec(recordNulls256), byte(3)), "MaxMemory", memoryGraph + 164},
		{"libraries", in(rec(recordLibrary), 2, "L", rec(recordLibrary), 3, "L", list(0)), "MaxMemory", memoryGraph + 212},
		{"members", in(pair(1), rec(recordNull), 7), "MaxMemory", memoryGraph + 308},
		{"strings", in(list(1), rec(recordString), 2, "x"), "MaxMemory", memoryGraph + 124},
		{"Decimals", in(rec(recordPrimitiveArray), 1, 2, byte(PrimitiveDecimal), "1", "2"), "MaxMemory", memoryGraph + 180},
		{"dimensions", in(rec(recordBinaryArray), 1, byte(arrayRectangular), 2, 0, 0, byte(declObject)), "MaxMemory", memoryGraph + 172},
		{"depth", in(nested, rec(recordNull)), "MaxDepth", 10},
		{"text again", in(list(40), rec(recordString), 2, long, bytes.Repeat(made(rec(recordReference), 2), 39)), "MaxExpanded", 39_000},
		{"text before it stands", in(list(40), bytes.Repeat(made(rec(recordReference), 2), 39), rec(recordString), 2, long), "MaxExpanded", 39_000},
		{"names of classes", in(list(40), rec(recordSystemClass), 2, long, 0, manyInstances(39)), "MaxExpanded", 40_000},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			decode := func(most int64) error {
				r := newReader(string(c.stream), Limits{})
				*map[string]*int64{"MaxMemory": &r.maxMemory, "MaxDepth": &r.maxDepth, "MaxExpanded": &r.maxExpanded}[c.limit] = most
				r.run()
				return r.err
			}
			if err := decode(c.most); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			err := decode(c.most - 1)
			var over *LimitError
			if !errors.As(err, &over) || over.Limit != c.limit || over.Max != c.most-1 || over.Record == "" {
				t.Errorf("got %v, want a LimitError of %s", err, c.limit)
			}
			if _, _, err := Decode(c.stream, Limits{-1, -1, -1}); err != nil {
				t.Errorf("without limits: %v", err)
			}
		})
	}
	huge := in(list(math.MaxInt32), rec(recordNulls), math.MaxInt32)
	for _, l := range []Limits{{}, {MaxMemory: 1}, {MaxMemory: 100 << 20}} {
		var over *LimitError
		if _, _, err := Decode(huge, l); !errors.As(err, &over) || over.Limit != "MaxMemory" {
			t.Errorf("2^31 nulls of 5 bytes with %+v: %v", l, err)
		}
	}
	if _, _, err := Decode(in(nested, rec(recordNull)), Limits{MaxDepth: 9}); err == nil {
		t.Error("MaxDepth is not looked at")
	}
	if _, _, err := Decode(in(list(1), rec(recordString), 2, long), Limits{MaxMemory: 1}); err != nil {
		t.Errorf("12 times the stream: %v", err)
	}
}

func manyInstances(n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, made(rec(recordClassWithID), i+3, 2)...)
	}
	return b
}

// A stream may be as deep as it is long, without a stack of that depth.
func TestDeep(t *testing.T) {
	const depth = 300_000
	b := bytes.Clone(head)
	for i := range depth {
		b = append(b, made(rec(recordObjectArray), i+1, 1)...)
	}
	b = append(b, recordNull, recordEnd)
	g, _, err := Decode(b, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(g.Append(nil), b) {
		t.Error("written to other bytes")
	}
	if n := bytes.Count(AppendJSON(nil, g.Root()), []byte(`"array"`)); n != depth {
		t.Errorf("%d arrays in the JSON", n)
	}
	checkTrace(t, b)
}

// checkTrace sees that the ranges of a stream follow one another without a gap, and that Trace agrees with Decode.
func checkTrace(t testing.TB, b []byte) {
	t.Helper()
	at := 0
	n, err := Trace(b, Limits{}, func(r Range) {
		if r.Offset != at || r.Length <= 0 || r.Field == "" {
			t.Fatalf("range %+v, want one at %d", r, at)
		}
		at += r.Length
	})
	if n != at || n > len(b) {
		t.Errorf("Trace returns %d, the last range ends at %d", n, at)
	}
	_, end, want := Decode(b, Limits{})
	if err == nil != (want == nil) || err != nil && err.Error() != want.Error() {
		t.Errorf("Trace: %v, Decode: %v", err, want)
	}
	if err == nil && n != end {
		t.Errorf("the ranges end at %d, the stream at %d", n, end)
	}
}

func TestTraceOfFixtures(t *testing.T) {
	for _, s := range streams(t) {
		_, n, err := Decode(s.bytes, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		checkTrace(t, s.bytes[:n])
		checkTrace(t, s.bytes[:n*2/3])
	}
}
