package aspnetser

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

func open(t testing.TB, blob []byte, o Options) *Collection {
	t.Helper()
	c, err := Open(blob, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkCollection compares what c writes with blob; of compressed ones the inflated bytes.
func checkCollection(t *testing.T, c *Collection, blob []byte) {
	t.Helper()
	got, err := c.Append([]byte("before"))
	if err != nil {
		t.Fatal(err)
	}
	got = got[len("before"):]
	if c.Form == FormCompressed {
		o := Options{MaxInflated: -1}
		if got, err = Inflate(nil, got, o); err != nil {
			t.Fatal(err)
		}
		if blob, err = Inflate(nil, blob, o); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, blob) {
		t.Fatalf("encoded again:\n% x\nwas\n% x", got, blob)
	}
}

// Untouched, looked at one by one in any order, or all at once: the bytes are the same, and the values those of Decode.
func TestCollectionOfFixtures(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 8))
	for _, f := range blobs.All(t) {
		t.Run(f.Name, func(t *testing.T) {
			c := open(t, f.Bin, Options{})
			s, err := Decode(f.Bin, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if c.Len() != len(s.Items) || c.Form != s.Form || c.Timeout != s.Timeout || len(c.StaticObjects()) != len(s.Static) {
				t.Fatalf("%d items, %v, timeout %d", c.Len(), c.Form, c.Timeout)
			}
			checkCollection(t, c, f.Bin)
			for _, i := range r.Perm(len(s.Items)) {
				it := &s.Items[i]
				get := func() (Value, error) { return c.Get(flipCase(it.Key)) }
				if it.NullKey {
					get = c.GetNull
				}
				v, err := get()
				if err != nil {
					t.Fatal(err)
				}
				if got, want := v.appendJSON(nil), it.Value.appendJSON(nil); !bytes.Equal(got, want) {
					t.Fatalf("item %d is %s, want %s", i, got, want)
				}
				if r.IntN(8) == 0 {
					checkCollection(t, c, f.Bin)
				}
			}
			checkCollection(t, c, f.Bin)
			c, i := open(t, f.Bin, Options{}), 0
			for it, err := range c.All() {
				if err != nil || it.Key != s.Items[i].Key || it.NullKey != s.Items[i].NullKey || it.Value.Type() != s.Items[i].Value.Type() {
					t.Fatalf("item %d is %q %v, %v", i, it.Key, it.Value.Type(), err)
				}
				i++
			}
			checkCollection(t, c, f.Bin)
		})
	}
}

// flipCase changes ASCII letters only.
func flipCase(s string) string {
	b := []byte(s)
	for i, x := range b {
		if 'a' <= x && x <= 'z' || 'A' <= x && x <= 'Z' {
			b[i] = x ^ 0x20
		}
	}
	return string(b)
}

// checkOpened sees that Open, Get and Append say of a blob, sound or not, what Decode and Session.Append say.
func checkOpened(t *testing.T, blob []byte, o Options) {
	t.Helper()
	c, err := Open(blob, o)
	s, decoded := Decode(blob, o)
	if fmt.Sprint(err) != fmt.Sprint(decoded) {
		t.Fatalf("Open says %v, Decode %v", err, decoded)
	}
	if err != nil {
		return
	}
	want, refused := s.Append(nil)
	for _, when := range []string{"untouched", "looked at"} {
		got, err := c.Append(nil)
		if (err == nil) != (refused == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%s: Append gives % x, %v; that of the Session % x, %v", when, got, err, want, refused)
		}
		i := 0
		for it, err := range c.All() {
			if fmt.Sprint(err) != fmt.Sprint(s.ItemErr(i)) || !bytes.Equal(it.Value.appendJSON(nil), s.Items[i].Value.appendJSON(nil)) {
				t.Fatalf("item %d: %v, want %v", i, err, s.ItemErr(i))
			}
			i++
		}
		if i != len(s.Items) {
			t.Fatalf("%d items, want %d", i, len(s.Items))
		}
	}
}

func TestCollectionOfMalformed(t *testing.T) {
	for _, f := range malformed.All(t) {
		t.Run(f.Name, func(t *testing.T) { checkOpened(t, f.Bin, told(f.Compressed)) })
	}
}

// A broken item breaks only its own Get, survives any number of saves, and can be removed.
func TestBrokenItem(t *testing.T) {
	blob := withItems([]string{"a", "b", "c", "d"}, int32Value(1), []byte{22, 9, 9}, append([]byte{byte(TypeObject)}, 0, 1, 2), int32Value(2)).bytes()
	c := open(t, blob, Options{})
	for key, want := range map[string]string{
		"a": "", "d": "", "b": `item 1 "b": unknown type id 22 at offset 43`,
		"c": `item 2 "c": Object, SerializedStreamHeader record at offset 47: out of bytes in the root id at offset 48`,
	} {
		for range 2 {
			v, err := c.Get(key)
			if (want == "") != (err == nil) || err != nil && (err.Error() != want || v.Type() != TypeUndecodable) {
				t.Errorf("%s: %v, %v", key, v.Type(), err)
			}
		}
	}
	var inside *nrbf.MalformedError
	if _, err := c.Get("C"); !errors.As(err, &inside) || inside.Offset != 1 {
		t.Errorf("%v is no error of nrbf", err)
	}
	checkCollection(t, c, blob)
	c.Remove("a")
	if _, err := c.Get("b"); err == nil || !strings.HasPrefix(err.Error(), `item 1 "b"`) {
		t.Errorf("after a removal the error is %v", err)
	}
	c.Set("B", Int32(7))
	c.Remove("c")
	out, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	checkCollection(t, open(t, out, Options{}), withItems([]string{"b", "d"}, int32Value(7), int32Value(2)).bytes())
}

func TestCollectionFromNothing(t *testing.T) {
	var c Collection
	checkCollection(t, &c, []byte{0, 0, 0, 0, 0, 0, 0xff})
	if _, err := c.Get("a"); !errors.Is(err, ErrNoItem) || err.Error() != `item "a": no such item` {
		t.Errorf("got %v", err)
	}
	if _, err := c.GetNull(); !errors.Is(err, ErrNoItem) {
		t.Errorf("got %v", err)
	}
	c.Timeout = 20
	c.Set("Alpha", Int32(1))
	c.SetNull(Null())
	c.Set("", Int32(2))
	c.Set("ALPHA", Int32(3)) // fixture keys-case
	if v, err := c.Get(""); err != nil || c.Len() != 3 || !c.HasNull() {
		t.Errorf("%v, %v, %d items", v, err, c.Len())
	}
	if v, err := c.GetNull(); err != nil || !v.IsNull() {
		t.Errorf("%v, %v", v, err)
	}
	want := withItems([]string{"Alpha", ""}, int32Value(3), []byte{21}, int32Value(2))
	want.count, want.null = 3, 1
	checkCollection(t, &c, want.bytes())
	if !c.RemoveNull() || c.RemoveNull() || c.HasNull() || !c.Remove("aLPHA") || c.Remove("alpha") {
		t.Error("removal went wrong")
	}
	c.Set("alpha", Int32(1))
	if got := c.Keys(); !slices.Equal(got, []string{"", "alpha"}) {
		t.Errorf("keys %q", got)
	}
	c.Clear()
	checkCollection(t, &c, []byte{20, 0, 0, 0, 0, 0, 0xff})
}

// The flag goes with the last item, as Microsoft's writer does it; nothing else does.
func TestEmptiedCollection(t *testing.T) {
	for _, name := range []string{"s-has-items-count-0", "static-mixed", "null-key-only", "s-bool-2"} {
		c := open(t, caseNamed(t, name), Options{})
		statics := len(c.StaticObjects())
		for _, k := range c.Keys() {
			c.Remove(k)
		}
		c.RemoveNull()
		out, err := c.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Decode(out, Options{})
		if err != nil || len(s.Items) > 0 || s.HasItems != (name == "s-has-items-count-0") || len(s.Static) != statics {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// What is changed inside a graph is written; the rest stays as it was.
func TestChangedGraph(t *testing.T) {
	for _, name := range []string{"typical", "z-typical"} {
		blob := caseNamed(t, name)
		c := open(t, blob, Options{})
		var changed string
		for it := range c.All() {
			g, ok := it.Value.Graph()
			if !ok {
				continue
			}
			if items, ok := g.Root().Member("_items"); ok && items.Len() > 0 {
				if err := items.At(0).Set("changed"); err != nil {
					t.Fatal(err)
				}
				changed = it.Key
				break
			}
		}
		if changed == "" {
			t.Fatal("no list")
		}
		out, err := c.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, want := parsed(t, out), parsed(t, blob)
		at := slices.IndexFunc(want, func(m map[string]any) bool { return m["key"] == changed })
		if !strings.Contains(fmt.Sprint(got[at]), "changed") || reflect.DeepEqual(got[at], want[at]) {
			t.Errorf("%v", got[at])
		}
		got[at], want[at] = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("other items changed too: %v", got)
		}
	}
}

// parsed returns the items of a blob, from JSON.
func parsed(t *testing.T, blob []byte) (items []map[string]any) {
	t.Helper()
	s, err := Decode(blob, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range parseJSON(t, AppendJSON(nil, s))["items"].([]any) {
		items = append(items, it.(map[string]any))
	}
	return items
}

// The loop over All may change the Collection: it visits what was there before and is still there, once.
func TestAllWhileChanging(t *testing.T) {
	const n = 20
	filled := func() *Collection {
		var keys []string
		var values [][]byte
		for i := range n {
			keys, values = append(keys, fmt.Sprint(i)), append(values, int32Value(int32(i)))
		}
		return open(t, withItems(keys, values...).bytes(), Options{})
	}
	visit := func(c *Collection, f func(i int)) (seen []int) {
		for it, err := range c.All() {
			i, ok := it.Value.Int()
			if err != nil || !ok {
				t.Fatalf("%q: %v, %v", it.Key, it.Value.Type(), err)
			}
			seen = append(seen, int(i))
			f(int(i))
		}
		return seen
	}
	var all, even, untilTen []int
	for i := range n {
		all = append(all, i)
		if i%2 == 0 {
			even = append(even, i)
		}
		if i <= 10 {
			untilTen = append(untilTen, i)
		}
	}
	for _, x := range []struct {
		name string
		f    func(c *Collection, i int)
		want []int
		left int
	}{
		{"removing what is visited", func(c *Collection, i int) { c.Remove(fmt.Sprint(i)) }, all, 0},
		{"removing what comes next", func(c *Collection, i int) { c.Remove(fmt.Sprint(i + 1)) }, even, n / 2},
		{"removing what has been", func(c *Collection, i int) { c.Remove(fmt.Sprint(i - 1)) }, all, 1},
		{"removing from the end", func(c *Collection, i int) { c.Remove(fmt.Sprint(n - i)) }, untilTen, n / 2},
		{"adding", func(c *Collection, i int) { c.Set(fmt.Sprint("new ", i), Int32(-1)) }, all, 2 * n},
		{"moving to the end", func(c *Collection, i int) { c.Remove(fmt.Sprint(i)); c.Set(fmt.Sprint(i), Int32(-1)) }, all, n},
		{"changing the next", func(c *Collection, i int) { c.Set(fmt.Sprint(i+1), Int32(int32(i+1))) }, all, n + 1},
		{"removing and writing", func(c *Collection, i int) {
			c.Remove(fmt.Sprint(i))
			if _, err := c.Append(nil); err != nil {
				t.Fatal(err)
			}
		}, all, 0},
		{"clearing", func(c *Collection, i int) {
			if i == 10 {
				c.Clear()
				for i := range n {
					c.Set(fmt.Sprint(i), Int32(-1))
				}
			}
		}, untilTen, n},
		{"clearing in a loop inside", func(c *Collection, i int) {
			if i == 10 {
				visit(c, func(i int) { c.Remove(fmt.Sprint(i)) })
			}
		}, untilTen, 0},
	} {
		c := filled()
		if seen := visit(c, func(i int) { x.f(c, i) }); !slices.Equal(seen, x.want) || c.Len() != x.left || len(c.walks) != 0 {
			t.Errorf("%s: visited %v, %d items are left", x.name, seen, c.Len())
		}
	}
	c := filled()
	for range c.All() {
		break
	}
	if len(c.walks) != 0 {
		t.Error("a loop that was left is still under way")
	}
}

// An item that was not decoded and whose slot starts before the area is null, and is written as one.
func TestNullBeforeTheArea(t *testing.T) {
	r := withItems([]string{"a", "b", "c"}, int32Value(1), int32Value(2), int32Value(3))
	r.ends[0] = -1
	c := open(t, r.bytes(), Options{})
	if _, err := c.Append(nil); err == nil {
		t.Error("an item that has no bytes was written")
	}
	c.Set("a", Int32(7))
	checkCollection(t, c, withItems([]string{"a", "b", "c"}, int32Value(7), []byte{byte(TypeNull)}, int32Value(3)).bytes())
}
