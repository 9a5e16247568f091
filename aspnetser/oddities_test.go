package aspnetser

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

// Each oddity that Microsoft's reader tolerates is one warning, and comes out again as it was.
func TestOdditiesAreKept(t *testing.T) {
	item := func(key []byte, value ...byte) []byte {
		r := rawBlob{flags: [2]byte{1, 0}, count: 1, null: -1, keys: key, ends: []int32{int32(len(value))}, values: value}
		return r.bytes()
	}
	a := []byte{1, 'a'}
	flags := func(items, statics byte) []byte {
		b := item(a, int32Value(5)...)
		b[4], b[5] = items, statics
		if statics != 0 {
			b = append(b[:len(b)-1], 0, 0, 0, 0, trailer)
		}
		return b
	}
	nullIndex := func(n int32) []byte {
		return rawBlob{flags: [2]byte{1, 0}, count: 1, null: n, keys: a, ends: []int32{5}, values: int32Value(5)}.bytes()
	}
	for name, c := range map[string]struct {
		blob []byte
		want string // item, type and value; then the warning
	}{
		"hasItems 2":           {flags(2, 0), "\"a\" Int32 5; hasItems flag is 02, read as true at offset 4"},
		"hasItems 0x80":        {flags(0x80, 0), "\"a\" Int32 5; hasItems flag is 80, read as true at offset 4"},
		"count 0":              {rawBlob{flags: [2]byte{1, 0}}.bytes(), "; hasItems flag is set and the item count is 0 at offset 6"},
		"count -5":             {rawBlob{flags: [2]byte{1, 0}, count: -5}.bytes(), "; hasItems flag is set and the item count is -5 at offset 6"},
		"null index -2":        {nullIndex(-2), "\"a\" Int32 5; null-key index -2 of 1 items: no item has the null key at offset 10"},
		"null index 1":         {nullIndex(1), "\"a\" Int32 5; null-key index 1 of 1 items: no item has the null key at offset 10"},
		"static count 0":       {withStatics(0).bytes(), "; hasStaticObjects flag is set and the count is 0 at offset 6"},
		"static count -1":      {withStatics(-1).bytes(), "; hasStaticObjects flag is set and the count is -1 at offset 6"},
		"after the end":        {append(item(a, 21), 0xff), "\"a\" Null; 1 byte after the end byte at offset 22"},
		"key length, 2 bytes":  {item([]byte{0x81, 0, 'a'}, 21), "\"a\" Null; item 0: key length takes more bytes than needed at offset 16"},
		"key length, bit 32":   {item([]byte{0x81, 0x80, 0x80, 0x80, 0x10, 'a'}, 21), "\"a\" Null; item 0: key length takes more bytes than needed at offset 19"},
		"key not UTF-8":        {item([]byte{1, 0xff}, 21), "\"\ufffd\" Null; item 0: key is not UTF-8 at offset 15"},
		"text length, 3 bytes": {item(a, 1, 0x81, 0x80, 0, 'x'), "\"a\" String \"x\"; item 0: string length takes more bytes than needed at offset 21"},
		"text not UTF-8":       {item(a, 1, 1, 0xc0), "\"a\" String \"\ufffd\"; item 0: string is not UTF-8 at offset 22"},
		"Boolean 2":            {item(a, 3, 2), "\"a\" Boolean true; item 0: Boolean byte is neither 0 nor 1, read as true at offset 21"},
		"Char continuation":    {item(a, 7, 0x80), "\"a\" Char '\ufffd'; item 0: Char is not UTF-8, read as U+FFFD at offset 21"},
		"Char FF":              {item(a, 7, 0xff), "\"a\" Char '\ufffd'; item 0: Char is not UTF-8, read as U+FFFD at offset 21"},
		"slack":                {item(a, 21, 7), "\"a\" Null; item 0: 1 byte of the slot is behind the value at offset 21"},
		"4-byte IntPtr":        {item(a, 18, 0xff, 0xff, 0xff, 0xff), "\"a\" IntPtr -1 (4 bytes); item 0: IntPtr of a 32-bit process, which a 64-bit one cannot read at offset 20"},
		"IntPtr in 7 bytes":    {item(a, 18, 1, 0, 0, 0, 7, 7, 7), "\"a\" IntPtr 1 (4 bytes); item 0: 3 bytes of the slot are behind the value at offset 25; item 0: IntPtr of a 32-bit process, which a 64-bit one cannot read at offset 20"},
		"4-byte UIntPtr":       {item(a, 19, 0xff, 0xff, 0xff, 0xff), "\"a\" UIntPtr 4294967295 (4 bytes); item 0: UIntPtr of a 32-bit process, which a 64-bit one cannot read at offset 20"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Decode(c.blob, Options{Compressed: CompressionNo})
			if err != nil {
				t.Fatal(err)
			}
			var warnings []string
			for _, w := range s.Warnings {
				warnings = append(warnings, w.String())
			}
			if got := describe(s) + "; " + strings.Join(warnings, "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			checkSameBytes(t, s, c.blob)
		})
	}
}

// Static objects have the same oddities.
func TestStaticOddities(t *testing.T) {
	blob := withStatics(5,
		[]byte{0x81, 0, 'a', 2, 3, 9},                     // overlong name, hasInstance 2, Boolean 9
		[]byte{2, 'b', 0xe4, 0, 3, 0xb8, 0xad, 'T', 0x80}, // the type name completes the name's last character; lateBound 128
		[]byte{1, 'c', 1, 1, 1, 0xff},                     // a String that is not UTF-8
		[]byte{1, 'd', 1, 18, 1, 0, 0, 0},                 // an IntPtr of 4 bytes: 8 would run into the trailer
		[]byte{1, 'e', 1, 7, 0xe4, 0xb8, 0xad},
	).bytes()
	s, err := Decode(blob, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range s.Static {
		o := &s.Static[i]
		if o.HasInstance {
			got = append(got, o.Name+" "+o.Value.Type().String()+" "+string(o.Value.appendShown(nil)))
		} else {
			got = append(got, o.Name+" not "+o.ObjectType)
		}
	}
	want := "a Boolean true; b not 中T; c String \"\ufffd\"; d IntPtr 1 (4 bytes); e Char '中'"
	if got := strings.Join(got, "; "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(s.Warnings) != 8 {
		t.Errorf("%d warnings: %v", len(s.Warnings), s.Warnings)
	}
	checkSameBytes(t, s, blob)
	if form, err := Examine(blob, Options{}); form != FormPlain || err != nil {
		t.Errorf("Examine: %v, %v", form, err)
	}
}

func TestWarningsAreBounded(t *testing.T) {
	r := withItems(nil)
	const n = MaxWarnings + 50
	for i := range n {
		r.keys = append(r.keys, 2, byte('a'+i/26), byte('a'+i%26))
		r.values = append(r.values, byte(TypeBoolean), 7)
		r.ends = append(r.ends, int32(len(r.values)))
	}
	r.count = n
	s, err := Decode(r.bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Warnings) != MaxWarnings || s.MoreWarnings != 50 {
		t.Errorf("%d warnings and %d more", len(s.Warnings), s.MoreWarnings)
	}
}

func TestPaddingBehindDeflateData(t *testing.T) {
	for _, c := range blobs.All(t) {
		if !c.Compressed {
			continue
		}
		bare := c.Bin[:len(c.Bin)-1]
		for name, blob := range map[string][]byte{
			"none": bare, "other": append(bytes.Clone(bare), 0), "two": append(bytes.Clone(c.Bin), 0xff),
		} {
			s, err := Decode(blob, Options{})
			if err != nil || s.Form != FormCompressed {
				t.Fatalf("%s, padding %s: %v", c.Name, name, err)
			}
			if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0].Text, "behind the deflate data") {
				t.Errorf("%s, padding %s: warnings %v", c.Name, name, s.Warnings)
			}
			checkSameBytes(t, s, blob)
		}
	}
}
