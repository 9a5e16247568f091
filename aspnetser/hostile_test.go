package aspnetser

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// hostile are blobs that are made to cost much.
func hostile() map[string]func() []byte {
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
	object := func(stream []byte) []byte {
		return withItems([]string{"o"}, append([]byte{byte(TypeObject)}, stream...)).bytes()
	}
	array := append([]byte{byte(TypeObject)}, emptyArray()...)
	nulls := append([]byte{byte(TypeObject)}, nullRun(1<<20)...)
	return map[string]func() []byte{
		"nulls":                   func() []byte { return many(DefaultMaxItems, []byte{byte(TypeNull)}, one) },
		"empty slots":             func() []byte { return many(DefaultMaxItems, nil, none) },
		"unknown types":           func() []byte { return many(DefaultMaxItems, []byte{200}, one) },
		"cut values":              func() []byte { return many(DefaultMaxItems, []byte{byte(TypeDouble)}, one) },
		"slack":                   func() []byte { return many(DefaultMaxItems, []byte{byte(TypeNull), 0}, two) },
		"one item over the limit": func() []byte { return many(DefaultMaxItems+1, []byte{byte(TypeNull)}, one) },
		"keys that are not UTF-8": func() []byte { return oddKeys(100_000) },
		"one long key, not UTF-8": func() []byte { return withItems([]string{strings.Repeat("\xff", 8<<20)}, []byte{21}).bytes() },
		"control characters": func() []byte {
			return withItems([]string{"k"}, append([]byte{1, 0x80, 0x80, 0x80, 4}, make([]byte, 8<<20)...)).bytes()
		},
		"static objects":           func() []byte { return staticInts(DefaultMaxStaticObjects) },
		"many arrays":              func() []byte { return many(50_000, array, func(i int) int32 { return int32(len(array) * (i + 1)) }) },
		"many runs of nulls":       func() []byte { return many(1000, nulls, func(i int) int32 { return int32(len(nulls) * (i + 1)) }) },
		"Object, classes":          func() []byte { return object(bigStream(200_000, classRecord)) },
		"Object, depth":            func() []byte { return object(bigStream(200_000, arrayRecord)) },
		"Object, null runs":        func() []byte { return object(nullRuns(2000)) },
		"static Object, classes":   func() []byte { return staticStream(bigStream(200_000, classRecord)) },
		"static Object, depth":     func() []byte { return staticStream(bigStream(200_000, arrayRecord)) },
		"static Object, null runs": func() []byte { return staticStream(nullRuns(2000)) },
		"static Object, array":     func() []byte { return staticStream(append(header(), hugeArray...)) },
		"static Objects":           func() []byte { return manyStreams(1000) },
	}
}

const peakCase = "ASPSTATE_PEAK" // environment: what this process does, and the file that it does it with

// All that is done with a hostile blob stays within 64 MB and 20 times its size, compressed or not, counted as what the
// process has from the system. Each case has a process of its own.
func TestHostileMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates too")
	}
	if do, file, ok := strings.Cut(os.Getenv(peakCase), " "); ok {
		blob, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cost(t, do, blob)
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Printf("peak %d of %d\n", m.Sys, 64<<20+20*len(blob))
		return
	}
	for name, build := range hostile() {
		plain := build()
		packed, err := Deflate(nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		for form, blob := range map[string][]byte{"plain": plain, "packed": packed} {
			file := t.TempDir() + "/blob"
			if err := os.WriteFile(file, blob, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, do := range []string{"json", "offsets"} {
				if testing.Short() && (do != "json" || form != "packed") {
					continue
				}
				t.Run(name+", "+form+" to "+do, func(t *testing.T) { peak(t, do+" "+file) })
			}
		}
	}
}

// peak runs this test in another process.
func peak(t *testing.T, what string) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestHostileMemory$")
	cmd.Env = append(os.Environ(), peakCase+"="+what)
	out, err := cmd.CombinedOutput()
	var got, most int
	if _, scanErr := fmt.Sscanf(string(out), "peak %d of %d", &got, &most); err != nil || scanErr != nil {
		t.Fatalf("%v, %v: %s", err, scanErr, out)
	}
	t.Logf("%d of %d MB", got>>20, most>>20)
	if got > most {
		t.Errorf("%d bytes, over %d", got, most)
	}
}

// cost does what dump blob does.
func cost(t *testing.T, do string, blob []byte) {
	if do == "offsets" {
		WriteOffsets(io.Discard, blob, Options{})
		return
	}
	Detect(blob, Options{})
	if s, err := Decode(blob, Options{}); err == nil {
		s.Err()
		if err := WriteJSON(io.Discard, s); err != nil {
			t.Error(err)
		}
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

func staticStream(stream []byte) []byte {
	return withStatics(1, append([]byte{1, 'o', 1, byte(TypeObject)}, stream...)).bytes()
}

func manyStreams(n int) []byte {
	var b []byte
	for i := range n {
		name := fmt.Sprintf("%x", i)
		b = append(append(append(b, byte(len(name))), name...), 1, byte(TypeObject))
		b = append(b, emptyArray()...)
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

// nullRun is the stream of an array of n nulls.
func nullRun(n int) []byte {
	b := binary.LittleEndian.AppendUint32(append(header(), recordObjectArray, 1, 0, 0, 0), uint32(n))
	b = binary.LittleEndian.AppendUint32(append(b, recordNulls), uint32(n))
	return append(b, recordEnd)
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
