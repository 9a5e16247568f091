package aspnetser

import (
	"bytes"
	"errors"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

// The slots of all fixtures, one by one, come back as they were.
func TestSlotByItself(t *testing.T) {
	n := 0
	for _, c := range blobs.All(t) {
		s, err := Decode(c.Bin, Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		for i := range s.Items {
			slot, err := s.Items[i].Value.AppendSlot(nil)
			if err != nil {
				t.Fatalf("%s, item %d: %v", c.Name, i, err)
			}
			v, err := DecodeSlot(slot, Options{})
			if (err == nil) != (s.ItemErr(i) == nil) || v.Type() != s.Items[i].Value.Type() {
				t.Errorf("%s, item %d: %v, %v", c.Name, i, v.Type(), err)
			}
			again, err := v.AppendSlot(nil)
			if err != nil || !bytes.Equal(again, slot) {
				t.Errorf("%s, item %d: % .40x gives % .40x, %v", c.Name, i, slot, again, err)
			}
			n++
		}
	}
	if n < 1000 {
		t.Fatalf("%d slots", n)
	}
}

func TestBrokenSlots(t *testing.T) {
	for _, slot := range [][]byte{{}, {0}, {22, 1}, {2, 1, 2}, {1, 5, 'a'}, {20}, {20, 1, 2}, {7, 0xc3}} {
		v, err := DecodeSlot(slot, Options{})
		var malformed *MalformedError
		if !errors.As(err, &malformed) || v.Type() != TypeUndecodable || malformed.Offset > int64(len(slot)) {
			t.Errorf("% x: %v, %v", slot, v.Type(), err)
		}
		if again, err := v.AppendSlot(nil); err != nil || !bytes.Equal(again, slot) {
			t.Errorf("% x gives % x, %v", slot, again, err)
		}
	}
}
