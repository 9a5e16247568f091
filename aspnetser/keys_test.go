package aspnetser

import (
	"fmt"
	"strings"
	"testing"
)

// session-blob.md 1: what one key leaves unfinished comes out at the start of the next.
func TestKeysShareADecoder(t *testing.T) {
	for name, c := range map[string]struct{ stored, want []string }{
		"completed by the next":    {[]string{"a\xe4\xb8", "\xadb"}, []string{"a", "中b"}},
		"completed by the third":   {[]string{"a\xe4", "", "\xb8\xadb"}, []string{"a", "", "中b"}},
		"byte by byte":             {[]string{"a\xf0", "\x9f", "\x98\x80"}, []string{"a", "", "😀"}},
		"not completed":            {[]string{"a\xe4\xb8", "b"}, []string{"a", "\ufffdb"}},
		"broken by a new lead":     {[]string{"a\xe4\xb8", "\xe4\xb8\xadb"}, []string{"a", "\ufffd中b"}},
		"broken, and held again":   {[]string{"a\xe4\xb8", "\xe4\xb8", "\xad"}, []string{"a", "\ufffd", "中"}},
		"held at the very end":     {[]string{"a", "b\xf0\x9f\x98"}, []string{"a", "b"}},
		"stray continuation":       {[]string{"\x80a", "b"}, []string{"\ufffda", "b"}},
		"one for a broken start":   {[]string{"\xe4\xb8x", "b"}, []string{"\ufffdx", "b"}},
		"surrogate halves":         {[]string{"\xed\xa0\x80", "b"}, []string{"\ufffd\ufffd\ufffd", "b"}},
		"overlong":                 {[]string{"\xc0\x80", "b"}, []string{"\ufffd\ufffd", "b"}},
		"byte order mark is a key": {[]string{"\ufeff", "b"}, []string{"\ufeff", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			values := make([][]byte, len(c.stored))
			for i := range values {
				values[i] = int32Value(int32(i))
			}
			blob := withItems(c.stored, values...).bytes()
			s, err := Decode(blob, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range c.want {
				if s.Items[i].Key != want {
					t.Errorf("key %d is %q, want %q", i, s.Items[i].Key, want)
				}
			}
			checkSameBytes(t, s, blob)
		})
	}
}

// Taking away the key that completes another would change what is read: then the text is written.
func TestStoredKeyIsDroppedWhenItReadsDifferently(t *testing.T) {
	blob := withItems([]string{"a\xe4\xb8", "\xadb", "c"}, int32Value(1), int32Value(2), int32Value(3)).bytes()
	s, err := Decode(blob, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Items = append(s.Items[:1], s.Items[2:]...)
	out, err := s.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(back), "\"a\" Int32 1\n\"c\" Int32 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The value of each item has a decoder of its own: what is unfinished at its end is gone.
func TestValuesShareNoDecoder(t *testing.T) {
	blob := withItems([]string{"a", "b"}, []byte{1, 3, 'x', 0xe4, 0xb8}, []byte{1, 2, 0xad, 'y'}).bytes()
	s, err := Decode(blob, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(s), "\"a\" String \"x\"\n\"b\" String \"\ufffdy\""; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	checkSameBytes(t, s, blob)
	s.Items[0].Value = String("x")
	if out, err := s.Append(nil); err != nil || len(out) != len(blob)-2 {
		t.Errorf("a String that was set anew still has its old bytes: % x, %v", out, err)
	}
}

func TestEqualKeys(t *testing.T) {
	long := strings.Repeat("k", 300)
	for _, c := range []struct {
		a, b  string
		equal bool
	}{
		{"a", "A", true},
		{"straße", "STRASSE", false}, // session-blob.md 3: kept apart on Mono
		{"ärger", "ÄRGER", true},
		{"σίσυφος", "ΣΊΣΥΦΟΣ", true},
		{"i", "İ", false},
		{"ı", "I", false},
		{"k", "\u212a", true}, // the Kelvin sign is canonically a K
		{"a", "ab", false},
		{"", "a", false},
		{long + "a", strings.ToUpper(long) + "A", true},
		{long + "a", long + "b", false},
		{"\xff", "\xfe", true}, // both read as U+FFFD
	} {
		blob := withItems([]string{c.a, c.b}, int32Value(1), int32Value(2)).bytes()
		_, err := Decode(blob, Options{})
		if equal := err != nil && strings.Contains(err.Error(), "key equals that of item 0"); equal != c.equal {
			t.Errorf("%q and %q: %v", c.a, c.b, err)
		}
		_, err = (&Session{Items: []Item{{Key: c.a}, {Key: c.b}}}).Append(nil)
		if equal := err != nil && strings.Contains(err.Error(), "equals that of item 0"); equal != c.equal {
			t.Errorf("%q and %q are written: %v", c.a, c.b, err)
		}
	}
}

func TestNullKey(t *testing.T) {
	s := &Session{Items: []Item{{Key: ""}, {NullKey: true}, {Key: "null"}}} // the null key may hold null here, session-blob.md 9
	blob, err := s.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(blob, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(back), "\"\" Null\nnull Null\n\"null\" Null"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.Items[2] = Item{NullKey: true}
	if _, err := s.Append(nil); err == nil {
		t.Error("two null keys were written")
	}
}

// Among many keys the one that comes twice is found, whichever it is.
func TestEqualKeysAmongMany(t *testing.T) {
	const n = 300
	items := make([]Item, n+1)
	for i := range n {
		items[i].Key = fmt.Sprintf("Key%d", i)
	}
	for i := range n {
		items[n].Key = fmt.Sprintf("kEY%d", i)
		_, err := (&Session{Items: items}).Append(nil)
		if want := fmt.Sprintf("encoding item %d: key %q equals that of item %d", n, items[n].Key, i); err == nil || err.Error() != want {
			t.Fatalf("got %v, want %s", err, want)
		}
	}
}
