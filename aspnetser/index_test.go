package aspnetser

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

// checkIndex sees that an Index, new or used before, says what Decode says.
func checkIndex(t *testing.T, x *Index, blob []byte, o Options) {
	t.Helper()
	s, err := Decode(blob, o)
	indexed := x.Read(blob, o)
	if s == nil {
		// Equal keys are not looked for, so that more may be read than Decode reads.
		if indexed != nil && (x.Len() != 0 || x.Form() != FormUnknown) {
			t.Errorf("%v, but there is something in the Index", indexed)
		}
		return
	}
	if fmt.Sprint(err) != fmt.Sprint(indexed) || x.Form() != s.Form || x.Timeout() != s.Timeout || x.Len() != len(s.Items) {
		t.Fatalf("error %v, %v, timeout %d, %d items; want %v, %v, %d, %d", indexed, x.Form(), x.Timeout(), x.Len(), err, s.Form,
			s.Timeout, len(s.Items))
	}
	for i := range s.Items {
		if it := &s.Items[i]; string(x.Key(i)) != it.Key || (x.Key(i) == nil) != it.NullKey {
			t.Errorf("key %d is %q, want %q", i, x.Key(i), it.Key)
		}
		if slot, ok := s.Items[i].Value.Undecodable(); ok && slot != nil {
			if got := x.Slot(i); got != nil && !bytes.Equal(got, slot) {
				t.Errorf("slot %d is % x, want % x", i, got, slot)
			}
		}
	}
}

func TestIndex(t *testing.T) {
	var x Index
	for _, c := range blobs.All(t) {
		checkIndex(t, &x, c.Bin, Options{})
	}
	for _, c := range malformed.All(t) {
		checkIndex(t, &x, c.Bin, told(c.Compressed))
	}
}

// The slots of a sound blob, put together again, are its value area.
func TestIndexSlots(t *testing.T) {
	var x Index
	for _, c := range blobs.All(t) {
		if c.Compressed {
			continue
		}
		if err := x.Read(c.Bin, Options{}); err != nil {
			t.Fatal(err)
		}
		var area []byte
		for i := range x.Len() {
			area = append(area, x.Slot(i)...)
		}
		if !bytes.Contains(c.Bin, area) || x.Len() > 0 && len(area) < x.Len() {
			t.Errorf("%s: slots are not its value area", c.Name)
		}
	}
	r := withItems([]string{"a", "b", "c"}, int32Value(1), int32Value(2), int32Value(3))
	r.ends = []int32{10, 5, 15}
	if err := x.Read(r.bytes(), Options{}); err != nil {
		t.Fatal(err)
	}
	if len(x.Slot(0)) != 10 || x.Slot(1) != nil || len(x.Slot(2)) != 10 {
		t.Errorf("slots of %d, %d, %d bytes", len(x.Slot(0)), len(x.Slot(1)), len(x.Slot(2)))
	}
}

func TestIndexAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates too")
	}
	var x Index
	for _, name := range []string{"typical", "primitives", "many-1000", "null-key-middle"} {
		blob := caseNamed(t, name)
		if n := testing.AllocsPerRun(10, func() {
			if err := x.Read(blob, Options{}); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
