package aspnetser

import (
	"errors"
	"strings"
	"testing"
)

// describe gives the items of a session in one line each: key, type, value or error.
func describe(s *Session) string {
	var lines []string
	for i := range s.Items {
		it := &s.Items[i]
		line := it.show() + " " + it.Value.Type().String()
		if err := s.ItemErr(i); err != nil {
			line += " " + err.Error()
		} else if it.Value.Type() != TypeNull {
			line += " " + string(it.Value.appendShown(nil))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// session-blob.md 8, what the reader makes of tables that no writer writes.
func TestSlots(t *testing.T) {
	ab := []string{"a", "b", "c"}
	one, two, three := int32Value(1), int32Value(2), int32Value(3)
	for name, c := range map[string]struct {
		ends     []int32
		values   []byte
		want     string
		writable bool
	}{
		"as it should be": {[]int32{5, 10, 15}, nil, "\"a\" Int32 1\n\"b\" Int32 2\n\"c\" Int32 3", true},
		"slack":           {[]int32{5, 10, 17}, []byte{9, 9}, "\"a\" Int32 1\n\"b\" Int32 2\n\"c\" Int32 3", true},
		"empty slot": {[]int32{5, 5, 10}, nil,
			"\"a\" Int32 1\n\"b\" Undecodable item 1 \"b\": slot of 0 bytes at offset 37\n\"c\" Int32 2", true},
		"over its slot": {[]int32{4, 9, 14}, nil, "\"a\" Undecodable item 0 \"a\": value of 4 bytes runs over its slot at offset 33\n" +
			"\"b\" Undecodable item 1 \"b\": unknown type id 0 at offset 36\n\"c\" Undecodable item 2 \"c\": unknown type id 0 at offset 41", true},
		"goes back": {[]int32{10, 5, 15}, nil, "\"a\" Int32 1\n" +
			"\"b\" Undecodable item 1 \"b\": slot ends before it starts at offset 42\n\"c\" Int32 2", false},
		"negative": {[]int32{-1, 10, 15}, nil, "\"a\" Undecodable item 0 \"a\": slot ends before it starts at offset 32\n" +
			"\"b\" Null\n\"c\" Int32 3", false},
		"past the area": {[]int32{5, 99, 15}, nil, "\"a\" Int32 1\n\"b\" Int32 2\n" +
			"\"c\" Undecodable item 2 \"c\": slot starts past the value area at offset 47", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := withItems(ab, one, two, three)
			r.ends = c.ends
			r.values = append(r.values, c.values...)
			r.values = r.values[:c.ends[2]]
			blob := r.bytes()
			s, err := Decode(blob, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(s); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if c.writable {
				checkSameBytes(t, s, blob)
			} else if _, err := s.Append(nil); err == nil {
				t.Error("slots that go back were written")
			}
		})
	}
}

// Slots to and fro over one large value: what is decoded stays within twice the value area.
func TestOverlapsAreBounded(t *testing.T) {
	const n, size = 2000, 1 << 16
	keys := make([]string, n)
	big := append(appendLen7([]byte{byte(TypeString)}, size, 0), make([]byte, size)...)
	r := withItems(nil)
	for i := range keys {
		k := string(rune(0x4e00 + i))
		r.keys = append(appendLen7(r.keys, uint32(len(k)), 0), k...)
		r.ends = append(r.ends, int32(len(big)*((i+1)%2)))
	}
	r.count, r.values = n+1, big
	r.keys = append(r.keys, 1, 'z')
	r.ends = append(r.ends, int32(len(big)))
	blob := r.bytes()
	s, err := Decode(blob, Options{})
	if err != nil {
		t.Fatal(err)
	}
	decoded, refused := 0, 0
	for i := range s.Items {
		var over *LimitError
		switch err := s.ItemErr(i); {
		case err == nil:
			decoded++
		case errors.As(err, &over):
			refused++
		}
	}
	if decoded != 2 || refused < n/2-2 {
		t.Errorf("%d decoded, %d refused", decoded, refused)
	}
	if out := AppendJSON(nil, s); len(out) > 20*len(blob) {
		t.Errorf("%d bytes of JSON for %d", len(out), len(blob))
	}
	checkMemory(t, "overlaps", blob, Options{})
}

// A Char that goes on in the next slot runs over its own, as every other value.
func TestCharOverItsSlot(t *testing.T) {
	for _, c := range [][]byte{{byte(TypeChar), 0xc3, 0xa9}, {byte(TypeChar), 0xe4, 0xb8, 0xad}} {
		r := withItems([]string{"a", "b"}, c[:2], c[2:])
		blob := r.bytes()
		s, err := Decode(blob, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ItemErr(0); err == nil || !strings.HasSuffix(err.Error(), "runs over its slot at offset 27") {
			t.Errorf("% x: %v", c, err)
		}
		checkSameBytes(t, s, blob)
	}
}
