package aspnetser

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Blobs that are made to cost much. Everything allocated counts, garbage included.
func TestHostileMemory(t *testing.T) {
	many := func(n int, value []byte, ends func(i int) int32) []byte {
		r := withItems(nil)
		r.count = int32(n)
		for i := range n {
			k := fmt.Sprintf("%x", i)
			r.keys = append(append(r.keys, byte(len(k))), k...)
			r.values = append(r.values, value...)
			r.ends = append(r.ends, ends(i))
		}
		return r.bytes()
	}
	one := func(i int) int32 { return int32(i) + 1 }
	two := func(i int) int32 { return 2 * (int32(i) + 1) }
	none := func(int) int32 { return 0 }
	for name, blob := range map[string][]byte{
		"nulls":                     many(DefaultMaxItems, []byte{byte(TypeNull)}, one),
		"empty slots":               many(DefaultMaxItems, nil, none),
		"unknown types":             many(DefaultMaxItems, []byte{200}, one),
		"cut values":                many(DefaultMaxItems, []byte{byte(TypeDouble)}, one),
		"slack":                     many(DefaultMaxItems, []byte{byte(TypeNull), 0}, two),
		"one item over the limit":   many(DefaultMaxItems+1, []byte{byte(TypeNull)}, one),
		"keys that are not UTF-8":   oddKeys(100_000),
		"one long key, not UTF-8":   withItems([]string{strings.Repeat("\xff", 8<<20)}, []byte{21}).bytes(),
		"static objects":            staticInts(DefaultMaxStaticObjects),
		"static object, classes":    staticStream(bigStream(200_000, classRecord)),
		"static object, depth":      staticStream(bigStream(200_000, arrayRecord)),
		"static object, null runs":  staticStream(nullRuns(2000)),
		"static object, huge array": staticStream(append(header(), hugeArray...)),
		"static object, many":       manyStreams(1000),
	} {
		t.Run(name, func(t *testing.T) { checkMemory(t, name, blob, Options{Compressed: CompressionNo}) })
	}
}

func oddKeys(n int) []byte {
	r := withItems(nil)
	r.count = int32(n)
	for i := range n {
		k := fmt.Sprintf("%x\xff", i)
		r.keys = append(append(r.keys, byte(len(k))), k...)
		r.values = append(r.values, byte(TypeNull))
		r.ends = append(r.ends, int32(len(r.values)))
	}
	return r.bytes()
}

func staticInts(n int) []byte {
	var b []byte
	for i := range n {
		name := fmt.Sprintf("%x", i)
		b = append(append(append(b, byte(len(name))), name...), 1, byte(TypeByte), 7)
	}
	return withStatics(int32(n), b).bytes()
}

func header() []byte { return append(make([]byte, 1), make([]byte, 16)...) }

func staticStream(stream []byte) []byte {
	return withStatics(1, append([]byte{1, 'o', 1, byte(TypeObject)}, stream...)).bytes()
}

func manyStreams(n int) []byte {
	var b []byte
	for i := range n {
		name := fmt.Sprintf("%x", i)
		b = append(append(append(b, byte(len(name))), name...), 1, byte(TypeObject))
		b = append(append(b, header()...), recordEnd)
	}
	return withStatics(int32(n), b).bytes()
}

// classRecord is a class of the core library without members.
func classRecord(b []byte, id int) []byte {
	b = binary.LittleEndian.AppendUint32(append(b, recordSystemClass), uint32(id))
	return append(b, 0, 0, 0, 0, 0)
}

// arrayRecord is an array of one object, open for the next record.
func arrayRecord(b []byte, id int) []byte {
	b = binary.LittleEndian.AppendUint32(append(b, recordObjectArray), uint32(id))
	return append(b, 1, 0, 0, 0)
}

var hugeArray = []byte{recordObjectArray, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f}

func bigStream(n int, record func([]byte, int) []byte) []byte {
	b := header()
	for i := range n {
		b = record(b, i+1)
	}
	return append(b, recordEnd)
}

// nullRuns is a class of many members and many instances of it, each filled by one run of nulls.
func nullRuns(instances int) []byte {
	const members = 100_000
	b := append(header(), recordSystemClass, 1, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, members)
	b = append(b, make([]byte, members)...) // names of no bytes
	for range members {
		b = append(b, 2) // Object
	}
	run := binary.LittleEndian.AppendUint32([]byte{recordNulls}, members)
	b = append(b, run...)
	for i := range instances {
		b = binary.LittleEndian.AppendUint32(append(b, recordClassWithID), uint32(i+2))
		b = append(append(b, 1, 0, 0, 0), run...)
	}
	return append(b, recordEnd)
}

func TestLimits(t *testing.T) {
	three := withItems([]string{"a", "b", "c"}, int32Value(1), int32Value(2), int32Value(3)).bytes()
	statics := staticInts(3)
	long := withItems([]string{"a"}, append([]byte{1, 0xe8, 7}, strings.Repeat("a", 1000)...)).bytes()
	packed, err := Deflate(nil, three)
	if err != nil {
		t.Fatal(err)
	}
	packedLong, err := Deflate(nil, long)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		blob []byte
		o    Options
		want string
	}{
		"items at the limit":     {three, Options{MaxItems: 3}, ""},
		"items over the limit":   {three, Options{MaxItems: 2}, "3 items are over the limit of 2 (MaxItems) at offset 6"},
		"items without a limit":  {three, Options{MaxItems: -1}, ""},
		"statics at the limit":   {statics, Options{MaxStaticObjects: 3}, ""},
		"statics over the limit": {statics, Options{MaxStaticObjects: 2}, "3 static objects are over the limit of 2 (MaxStaticObjects) at offset 6"},
		"inflated at the limit":  {packedLong, Options{MaxInflated: int64(len(long)), MaxRatio: 1}, ""},
		"inflated over the limit": {packedLong, Options{MaxInflated: int64(len(long)) - 1, MaxRatio: 1},
			"more than 1023 inflated bytes (MaxInflated, MaxRatio)"},
		"inflated within the ratio":      {packedLong, Options{MaxInflated: 1, MaxRatio: 1000}, ""},
		"inflated without a limit":       {packedLong, Options{MaxInflated: 1, MaxRatio: -1}, ""},
		"items over the limit, inflated": {packed, Options{MaxItems: 2}, "3 items are over the limit of 2 (MaxItems) at offset 6 of the inflated blob"},
	} {
		_, err := Decode(c.blob, c.o)
		var over *LimitError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!errors.As(err, &over) || err.Error() != c.want):
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if _, examined := Examine(c.blob, c.o); fmt.Sprint(examined) != fmt.Sprint(err) {
			t.Errorf("%s: Examine says %v", name, examined)
		}
	}
}
