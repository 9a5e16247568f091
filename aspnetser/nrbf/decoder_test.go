package nrbf

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// One Decoder says of every stream what Decode says, whatever it decoded before.
func TestDecoderAgreesWithDecode(t *testing.T) {
	d := NewDecoder(Limits{-1, -1, -1}, 0)
	defer d.Close()
	all := streams(t)
	for i, s := range all {
		_, n, err := Decode(s.bytes, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{s.bytes[:n], s.bytes[:n/2], append(s.bytes[:n:n], 1, 2, 3)} {
			g, n, err := Decode(b, Limits{})
			got, gotN, gotErr := d.Decode(string(b))
			if n != gotN || !reflect.DeepEqual(err, gotErr) {
				t.Fatalf("%s: %d bytes, %v; want %d, %v", s.name, gotN, gotErr, n, err)
			}
			if checked, err := d.Check(string(b)); checked != n || !reflect.DeepEqual(err, gotErr) {
				t.Fatalf("%s: Check says %d, %v; Decode %d, %v", s.name, checked, err, n, gotErr)
			}
			var want, ranges []Range
			wantN, _ := Trace(b, Limits{}, func(r Range) { want = append(want, r) })
			if n, err := d.Trace(string(b), func(r Range) { ranges = append(ranges, r) }); n != wantN ||
				!reflect.DeepEqual(ranges, want) || !reflect.DeepEqual(err, gotErr) {
				t.Fatalf("%s: ranges %v up to %d, %v; want %v", s.name, ranges, n, err, want)
			}
			if err != nil {
				continue
			}
			// The graph stays what it is while others are decoded.
			if _, err := d.Check(string(all[(i+1)%len(all)].bytes)); err != nil {
				t.Fatal(err)
			}
			if out := got.Append(nil); !bytes.Equal(out, b[:n]) || got.Size() != n {
				t.Fatalf("%s: other bytes", s.name)
			}
			if a, b := AppendJSON(nil, got.Root()), AppendJSON(nil, g.Root()); !bytes.Equal(a, b) {
				t.Fatalf("%s: %s, want %s", s.name, a, b)
			}
		}
	}
	if len(all) < 200 {
		t.Fatalf("%d streams only", len(all))
	}
}

// The limits count for all streams of a Decoder together.
func TestDecoderLimits(t *testing.T) {
	five := in(rec(recordSystemClass), 1, "C", 1, "a", rec(int(declObject)), rec(recordNull)) // a class with a member
	nulls := in(rec(recordObjectArray), 1, 3, rec(recordNulls256), rec(3))
	for name, c := range map[string]struct {
		l      Limits
		stream []byte
		most   int // streams
	}{
		"memory":   {Limits{MaxMemory: 2000}, nulls, 4},
		"expanded": {Limits{MaxExpanded: 9}, five, 4},
		"depth":    {Limits{MaxDepth: 1}, five, 100}, // of each stream
	} {
		d := NewDecoder(c.l, 0)
		n := 0
		var err error
		for ; err == nil && n < 100; n++ {
			_, err = d.Check(string(c.stream))
		}
		var over *LimitError
		switch {
		case c.most == 100:
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case !errors.As(err, &over) || n-1 != c.most || over.Max != int64(c.l.MaxMemory+c.l.MaxExpanded):
			t.Errorf("%s: %v after %d streams", name, err, n-1)
		}
		d.Close()
		// The next one begins anew.
		d = NewDecoder(c.l, 0)
		if _, err := d.Check(string(c.stream)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d.Close()
	}
}

// Checking allocates nothing but the tables, once.
func TestCheckAllocatesNothing(t *testing.T) {
	d := NewDecoder(Limits{-1, -1, -1}, 0)
	defer d.Close()
	for _, s := range streams(t) {
		text := string(s.bytes)
		if n := testing.AllocsPerRun(3, func() { d.Check(text) }); n > 0 && s.name != "s-nrbf-big-ids" && !marked(d.r.g) {
			t.Errorf("%s: %v allocations", s.name, n)
		}
	}
}

// marked says that the graph has library records or bounds of arrays.
func marked(g *Graph) bool { return len(g.marks) > 0 || len(g.arrays) > 0 }

// Any number of records that are no value may stand in one place. This takes seconds if each is put before the others.
func TestManyMarksInOnePlace(t *testing.T) {
	parts := append(bytes.Clone(head), made(rec(recordObjectArray), 1, 1)...)
	for range 150_000 {
		parts = append(parts, recordNulls256, 0)
	}
	parts = append(parts, recordNull, recordEnd)
	g, _, err := Decode(parts, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(g.Append(nil), parts) {
		t.Error("other bytes")
	}
}
