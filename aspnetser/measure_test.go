package aspnetser

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

// Every Object item of every fixture is a whole stream, so that its length is known from the table of ends.
func TestMeasureObjects(t *testing.T) {
	seen := 0
	for _, c := range blobs.All(t) {
		s, err := Decode(c.Bin, told(c.Compressed))
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Items {
			stream, ok := s.Items[i].Value.Object()
			if !ok {
				continue
			}
			seen++
			cur := cursor{b: append(bytes.Clone(stream), 11, 11, 11)} // what follows must not matter
			if measureObject(&cur); !cur.ok() || cur.pos != len(stream) {
				t.Errorf("%s, item %d: %d of %d bytes, %s", c.Name, i, cur.pos, len(stream), cur.f.reason())
			}
			for n := 0; n < len(stream); n += 1 + len(stream)/100 {
				if cur := (cursor{b: stream[:n:n]}); true {
					if measureObject(&cur); cur.ok() {
						t.Errorf("%s, item %d: whole after %d of %d bytes", c.Name, i, n, len(stream))
					}
				}
			}
		}
	}
	if seen < 230 {
		t.Fatalf("%d streams only", seen)
	}
}

func TestMeasureRefuses(t *testing.T) {
	i32 := func(n int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
	join := func(parts ...[]byte) []byte { return append(header(), bytes.Join(parts, nil)...) }
	array := func(n int32) []byte { return append(append([]byte{recordObjectArray}, i32(1)...), i32(n)...) }
	// A class of the core library with the members Int32, Object, Object.
	class := append(append([]byte{recordSystemClass}, i32(1)...), 1, 'C', 3, 0, 0, 0, 1, 'a', 1, 'b', 1, 'c', 0, 2, 2, 8)
	end := []byte{recordEnd}
	for name, c := range map[string]struct {
		stream []byte
		want   string
	}{
		"no header":            {append([]byte{recordEnd}, make([]byte, 16)...), "Object stream: record type 11 out of place"},
		"second header":        {join([]byte{recordHeader}), "Object stream: record type 0 out of place"},
		"record 200":           {join([]byte{200}), "Object stream: unknown record type 200"},
		"untyped class":        {join([]byte{recordSystemClassUntyped}), "Object stream: record type 2, a class without member types, cannot be read without the class"},
		"end in an array":      {join(array(1), end), "Object stream: record type 11 out of place"},
		"negative array":       {join(array(-1), end), "Object stream: array rank, length or kind that makes no sense"},
		"nulls overrun":        {join(array(3), []byte{recordNulls256, 4}, end), "Object stream: run of 4 nulls is longer than what is left of the array or class"},
		"negative nulls":       {join(array(3), []byte{recordNulls}, i32(-1), end), "Object stream: run of -1 nulls is longer than what is left of the array or class"},
		"nulls nowhere":        {join([]byte{recordNulls256, 1}, end), "Object stream: run of 1 nulls is longer than what is left of the array or class"},
		"nulls over class":     {join(class, i32(5), []byte{recordNulls256, 3}, end), "Object stream: run of 3 nulls is longer than what is left of the array or class"},
		"class id unknown":     {join(append(append([]byte{recordClassWithID}, i32(2)...), i32(9)...), end), "Object stream: no class record has id 9"},
		"primitive String":     {join([]byte{recordPrimitive, 18, 0}, end), "Object stream: unknown type code 18"},
		"primitive 4":          {join([]byte{recordPrimitive, 4, 0}, end), "Object stream: unknown type code 4"},
		"array kind 6":         {join([]byte{recordBinaryArray, 1, 0, 0, 0, 6, 1, 0, 0, 0, 1, 0, 0, 0, 2}, end), "Object stream: array rank, length or kind that makes no sense"},
		"rank 0":               {join([]byte{recordBinaryArray, 1, 0, 0, 0, 2, 0, 0, 0, 0, 2}, end), "Object stream: array rank, length or kind that makes no sense"},
		"primitive array huge": {join([]byte{recordPrimitiveArray, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 6}, end), "out of bytes in the Object stream"},
		"element type 9":       {join([]byte{recordBinaryArray, 1, 0, 0, 0, 2, 1, 0, 0, 0, 1, 0, 0, 0, 9}, end), "Object stream: unknown type code 9"},
		"astral Char":          {join([]byte{recordPrimitive, 3, 0xf0, 0x9f, 0x98, 0x80}, end), "Char of 4 bytes"},
		"no end":               {join(), "out of bytes in the Object stream"},
		"product overflow": {join([]byte{recordBinaryArray, 1, 0, 0, 0, 2, 3, 0, 0, 0}, i32(1<<30), i32(1<<30), i32(1<<30), []byte{2}, end),
			"Object stream: array rank, length or kind that makes no sense"},
	} {
		cur := cursor{b: c.stream}
		if measureObject(&cur); cur.ok() || cur.f.reason() != c.want {
			t.Errorf("%s: got %q, want %q", name, cur.f.reason(), c.want)
		}
	}
	for name, stream := range map[string][]byte{
		"one run over two members": join(class, i32(5), []byte{recordNulls256, 2}, end),
		"runs of 0 and 1":          join(array(1), []byte{recordNulls256, 0, recordNulls, 1, 0, 0, 0}, end),
		"library before a member":  join(class, i32(5), []byte{recordLibrary, 2, 0, 0, 0, 1, 'L', recordNull, recordNull}, end),
		"class by id":              join(class, i32(5), []byte{recordNulls256, 2, recordClassWithID}, i32(2), i32(1), i32(6), []byte{recordNull, recordNull}, end),
	} {
		cur := cursor{b: stream}
		if measureObject(&cur); !cur.ok() || cur.pos != len(stream) {
			t.Errorf("%s: %d of %d bytes, %s", name, cur.pos, len(stream), cur.f.reason())
		}
	}
}
