package aspnetser

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

func decoded(t testing.TB, blob []byte) *Session {
	t.Helper()
	s, err := Decode(blob, Options{Compressed: CompressionNo})
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every fixture equals itself, compressed or not, and no other that says something else.
func TestEqualOfAllFixtures(t *testing.T) {
	type one struct {
		name  string
		s     *Session
		shown string
	}
	var all []one
	for _, c := range blobs.All(t) {
		s, err := Decode(c.Bin, told(c.Compressed))
		if err != nil || s.Err() != nil {
			continue
		}
		again, err := Decode(bytes.Clone(c.Bin), told(c.Compressed))
		if err != nil || !Equal(s, again) {
			t.Errorf("%s differs from itself (%v)", c.Name, err)
		}
		other := *again
		if other.Form = FormCompressed; s.Form == FormCompressed {
			other.Form = FormPlain
		}
		stored, err := other.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if turned, err := Decode(stored, told(s.Form != FormCompressed)); err != nil || !Equal(s, turned) {
			t.Errorf("%s differs from itself in the other form (%v)", c.Name, err)
		}
		s.Form, s.HasItems, s.HasStatic = FormPlain, len(s.Items) > 0, len(s.Static) > 0 // what Equal does not look at
		all = append(all, one{c.Name, s, string(AppendJSON(nil, s))})
	}
	if len(all) < 80 {
		t.Fatalf("%d fixtures only", len(all))
	}
	for i, a := range all {
		for _, b := range all[:i] {
			if Equal(a.s, b.s) && a.shown != b.shown {
				t.Errorf("%s and %s are equal and show\n%.300s\n%.300s", a.name, b.name, a.shown, b.shown)
			}
		}
	}
}

// What the forms of one value are, and which values are not one.
func TestEqualOfForms(t *testing.T) {
	item := func(value ...byte) []byte { return withItems([]string{"k"}, value).bytes() }
	static := func(name string, rest ...byte) []byte {
		return append(append([]byte{byte(len(name))}, name...), rest...)
	}
	null := func(at int32) []byte {
		b := withItems([]string{"a", "b"}, []byte{21}, []byte{21})
		b.null = at
		return b.bytes()
	}
	for _, c := range []struct {
		what string
		a, b []byte
		same bool
	}{
		{"a length of two bytes", item(1, 1, 'x'), item(1, 0x81, 0, 'x'), true},
		{"another byte for true", item(3, 1), item(3, 7), true},
		{"true and false", item(3, 1), item(3, 0), false},
		{"bytes behind the value", item(21), item(21, 9, 9), true},
		{"bytes behind the end", item(21), append(item(21), 1, 2), true},
		{"another timeout", item(21), append([]byte{21}, item(21)[1:]...), false},
		{"numbers of two types", item(2, 5, 0, 0, 0), item(14, 5, 0, 0, 0), false},
		{"numbers", item(2, 5, 0, 0, 0), item(2, 6, 0, 0, 0), false},
		{"pointers of two widths", item(18, 5, 0, 0, 0, 0, 0, 0, 0), item(18, 5, 0, 0, 0), false},
		{"texts", item(1, 1, 'x'), item(1, 1, 'y'), false},
		{"two texts that are not UTF-8 and read as one", item(1, 1, 0xff), item(1, 1, 0xfe), false},
		{"U+FFFD and what reads as it", item(1, 1, 0xff), item(1, 3, 0xef, 0xbf, 0xbd), false},
		{"characters that read as one", item(7, 0xff), item(7, 0xfe), false},
		{"case of a key", item(21), withItems([]string{"K"}, []byte{21}).bytes(), false},
		{"keys that are not UTF-8", withItems([]string{"\xff"}, []byte{21}).bytes(), withItems([]string{"\xfe"}, []byte{21}).bytes(), false},
		{"a null index that nothing has", null(-1), null(7), true},
		{
			"order of items", withItems([]string{"a", "b"}, []byte{6, 1}, []byte{6, 2}).bytes(),
			withItems([]string{"b", "a"}, []byte{6, 2}, []byte{6, 1}).bytes(), false,
		},
		{"one more item", item(21), withItems([]string{"k", "l"}, []byte{21}, []byte{21}).bytes(), false},
		{"a flag without items", []byte{20, 0, 0, 0, 0, 0, trailer}, []byte{20, 0, 0, 0, 1, 0, 0, 0, 0, 0, trailer}, true},
		{
			"order of static objects", withStatics(2, static("a", 1, 6, 1), static("b", 1, 6, 2)).bytes(),
			withStatics(2, static("b", 1, 6, 2), static("a", 1, 6, 1)).bytes(), true,
		},
		{"values of static objects", withStatics(1, static("a", 1, 6, 1)).bytes(), withStatics(1, static("a", 1, 6, 2)).bytes(), false},
		{"types of static objects", withStatics(1, static("a", 0, 1, 'T', 0)).bytes(), withStatics(1, static("a", 0, 1, 'U', 0)).bytes(), false},
		{"late binding", withStatics(1, static("a", 0, 1, 'T', 0)).bytes(), withStatics(1, static("a", 0, 1, 'T', 1)).bytes(), false},
		{"a static object made and not made", withStatics(1, static("a", 0, 1, 'T', 0)).bytes(), withStatics(1, static("a", 1, 1, 1, 'T')).bytes(), false},
	} {
		a, b := decoded(t, c.a), decoded(t, c.b)
		if Equal(a, b) != c.same || Equal(b, a) != c.same {
			t.Errorf("%s: %v", c.what, !c.same)
		}
		if !Equal(a, decoded(t, c.a)) || !Equal(b, decoded(t, c.b)) {
			t.Errorf("%s: not equal to itself", c.what)
		}
	}
	broken := withItems([]string{"k"}, []byte{99})
	x, _ := Decode(broken.bytes(), Options{Compressed: CompressionNo})
	if Equal(x, x) {
		t.Error("what nobody can read is called equal")
	}
}

// objectsStream is an object[] of the elements given: records.
func objectsStream(n byte, elements ...byte) []byte {
	b := append(header(), recordObjectArray, 1, 0, 0, 0, n, 0, 0, 0)
	return append(append(b, elements...), recordEnd)
}

func TestEqualOfGraphs(t *testing.T) {
	text := func(id byte, s string) []byte { return append([]byte{6, id, 0, 0, 0, byte(len(s))}, s...) }
	inner := func(id byte) []byte { return []byte{recordObjectArray, id, 0, 0, 0, 0, 0, 0, 0} }
	ref := func(id byte) []byte { return []byte{9, id, 0, 0, 0} }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		what string
		a, b []byte
		same bool
	}{
		{"numbers of objects", objectsStream(1, inner(2)...), objectsStream(1, inner(9)...), true},
		{"a text mentioned twice or there twice", objectsStream(2, join(text(2, "x"), ref(2))...), objectsStream(2, join(text(2, "x"), text(3, "x"))...), true},
		{"an object mentioned twice or there twice", objectsStream(2, join(inner(2), ref(2))...), objectsStream(2, join(inner(2), inner(3))...), false},
		{"itself or another", objectsStream(1, ref(1)...), objectsStream(1, inner(2)...), false},
		{"nulls one by one or in a run", objectsStream(2, recordNull, recordNull), objectsStream(2, recordNulls, 2, 0, 0, 0), true},
		{"lengths", objectsStream(1, recordNull), objectsStream(2, recordNull, recordNull), false},
		{"texts", objectsStream(1, text(2, "x")...), objectsStream(1, text(2, "y")...), false},
		{"text and null", objectsStream(1, text(2, "x")...), objectsStream(1, recordNull), false},
		{"primitives", objectsStream(1, 8, 2, 5), objectsStream(1, 8, 2, 6), false},
		{"types of primitives", objectsStream(1, 8, 2, 1), objectsStream(1, 8, 10, 1), false},
		{"bytes for true", objectsStream(1, 8, 1, 1), objectsStream(1, 8, 1, 9), true},
	} {
		wrap := func(stream []byte) *Session {
			return decoded(t, withItems([]string{"k"}, append([]byte{byte(TypeObject)}, stream...)).bytes())
		}
		a, b := wrap(c.a), wrap(c.b)
		if Equal(a, b) != c.same || Equal(b, a) != c.same {
			t.Errorf("%s: %v", c.what, !c.same)
		}
	}
}

func FuzzEqual(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, blob []byte, compression uint8) {
		o := fuzzed(compression)
		s, err := Decode(blob, o)
		if err != nil || s.Err() != nil {
			return
		}
		again, err := Decode(bytes.Clone(blob), o)
		if err != nil || !Equal(s, again) {
			t.Fatalf("a session differs from itself (%v)", err)
		}
		again.Form = FormPlain
		if s.Form == FormPlain {
			again.Form = FormCompressed
		}
		stored, err := again.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		other := Options{Compressed: told(again.Form == FormCompressed).Compressed, MaxInflated: -1}
		if turned, err := Decode(stored, other); err != nil || !Equal(s, turned) || !Equal(turned, s) {
			t.Fatalf("a session differs from itself in the other form (%v)", err)
		}
		checkUnequal(t, s, again)
	})
}

// checkUnequal changes one thing after the other in again, which equals s.
func checkUnequal(t *testing.T, s, again *Session) {
	again.Timeout++
	if Equal(s, again) {
		t.Fatal("another timeout is not seen")
	}
	again.Timeout--
	for i := range again.Items {
		kept := again.Items[i].Value
		other := Int32(int32(i))
		if kept.typ == TypeInt32 {
			other = Int32(int32(kept.lo) + 1)
		}
		again.Items[i].Value = other
		if Equal(s, again) {
			t.Fatalf("another value of item %d is not seen", i)
		}
		again.Items[i].Value = kept
		if i > 8 {
			break
		}
	}
	if n := len(again.Items); n > 0 {
		again.Items = again.Items[:n-1]
		if Equal(s, again) {
			t.Fatal("a missing item is not seen")
		}
	}
}

// A graph that mentions a long text very often is compared as fast as it is decoded.
func TestEqualOfHostileGraphs(t *testing.T) {
	var b []byte
	const mentions, long = 20000, 3000 // 60 MB when spelt out
	b = append(header(), recordObjectArray, 1, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, mentions+1)
	b = append(b, 6, 2, 0, 0, 0, 0x80|long&0x7f, long>>7)
	b = append(b, bytes.Repeat([]byte{'x'}, long)...)
	b = append(b, bytes.Repeat([]byte{9, 2, 0, 0, 0}, mentions)...)
	b = append(b, recordEnd)
	blob := withItems([]string{"k"}, append([]byte{byte(TypeObject)}, b...)).bytes()
	if !Equal(decoded(t, blob), decoded(t, blob)) {
		t.Error("not equal to itself")
	}
	bomb := append(header(), bytes.Repeat([]byte{recordObjectArray, 0, 0, 0, 0, 1, 0, 0, 0}, 50000)...)
	for i := range 50000 {
		binary.LittleEndian.PutUint32(bomb[len(header())+9*i+1:], uint32(i+1))
	}
	bomb = append(bomb, recordNull, recordEnd)
	deep := withItems([]string{"k"}, append([]byte{byte(TypeObject)}, bomb...)).bytes()
	if !Equal(decoded(t, deep), decoded(t, deep)) {
		t.Error("a deep graph is not equal to itself")
	}
}
