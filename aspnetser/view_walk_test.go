package aspnetser

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

// viewWalk visits what a view shows, with the path of each part as a reader of the text would write it.
type viewWalk struct {
	t     *viewWriter
	left  int // views that may still be visited
	visit func(path string, w View)
}

func (k *viewWalk) walk(path string, w View, depth int) {
	if k.left--; k.left < 0 || depth == 0 {
		return
	}
	k.visit(path, w)
	s, src := k.t.shapeOf(w)
	const most = 12
	if src != nil && src.single {
		for i := range min(src.tables[0].rows, most) {
			row, why := rowAt(src.tables[0], i)
			if why == "" {
				k.walk(path+"["+strconv.Itoa(i)+"]", row, depth-1)
			}
		}
	} else if src != nil {
		for i, t := range src.tables[:min(len(src.tables), most)] {
			k.walk(path+"["+strconv.Itoa(i)+"]", tableView(t), depth-1)
		}
	}
	for i := range min(s.n, most) {
		if s.kind == shapeList {
			k.walk(path+s.label(i), s.at(i), depth-1)
			continue
		}
		if key := s.key(i).shape(); key.isStr {
			k.walk(path+"["+strconv.Quote(key.str)+"]", s.at(i), depth-1)
		} else if key.one() {
			k.walk(path+"["+string(key.text(nil, noViewLimit))+"]", s.at(i), depth-1)
		}
	}
	for _, f := range s.fields[:min(len(s.fields), most)] {
		if strings.ContainsAny(f.name, ".[\"'") || f.name == "" {
			k.walk(path+"["+strconv.Quote(f.name)+"]", f.view, depth-1)
			continue
		}
		k.walk(path+"."+f.name, f.view, depth-1)
	}
}

func newWalk(left int, visit func(path string, w View)) *viewWalk {
	return &viewWalk{visit: visit, left: left, t: newViewWriter(ViewOptions{}, &viewBudget{most: maxViewXML, left: maxViewXML})}
}

// Whatever a view shows can be looked up by the path that its text suggests, and is the same there.
func TestEveryPathOfFixtures(t *testing.T) {
	paths := 0
	for _, c := range blobs.All(t) {
		if c.Compressed || !slices.Contains([]string{"arrays", "collections", "system types", "classes", "sessions"}, c.Group) {
			continue
		}
		s, err := Decode(c.Bin, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Items {
			key := "[" + strconv.Quote(s.Items[i].Key) + "]"
			newWalk(400, func(path string, w View) {
				paths++
				got, err := s.Lookup(path)
				if err != nil {
					t.Errorf("%s: %v", c.Name, err)
					return
				}
				a, b := string(w.AppendText(nil, ViewOptions{})), string(got.AppendText(nil, ViewOptions{}))
				if a != b {
					t.Errorf("%s: %s is %s, want %s", c.Name, path, b, a)
				}
				if a, b := string(w.AppendJSON(nil)), string(got.AppendJSON(nil)); a != b {
					t.Errorf("%s: JSON of %s is %s, want %s", c.Name, path, b, a)
				}
			}).walk(key, viewOfItem(&s.Items[i].Value), 6)
		}
	}
	if paths < 1000 {
		t.Errorf("%d paths", paths)
	}
}

const viewSlack = 16 << 10 // bytes of the line that reaches the limit

// FuzzView decodes streams and shows them. Nothing panics, the text keeps to its limits, and what a list shows is found
// under its index.
func FuzzView(f *testing.F) {
	for _, c := range blobs.All(f) {
		s, err := Decode(c.Bin, Options{})
		if err != nil || len(c.Bin) > 20000 {
			continue
		}
		for i := range s.Items {
			if g, ok := s.Items[i].Value.Graph(); ok {
				f.Add(g.Append(nil), uint8(3), "[0].a")
			}
		}
	}
	for _, name := range []string{"xml", "bin", "setxml", "setbin", "nested", "simple", "misc", "exc", "agg"} {
		b, err := os.ReadFile(filepath.Join("testdata", "view", "made-"+name+".nrbf"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint8(5), `["x"][1,2]`)
	}
	f.Fuzz(func(t *testing.T, stream []byte, small uint8, path string) {
		g, _, err := nrbf.Decode(stream, nrbf.Limits{})
		if err != nil {
			return
		}
		root := ViewOf(g.Root())
		for _, o := range []ViewOptions{{}, {MaxElements: 1 + int(small), MaxBytes: 100 * int(small), MaxDepth: 1 + int(small%8),
			MaxText: 1 + int(small)}} {
			text := root.AppendText(nil, o)
			if most := o.filled().MaxBytes + viewSlack; len(text) > most {
				t.Fatalf("%d bytes, more than %d", len(text), most)
			}
			if bytes.Contains(text, []byte("see #0")) && !bytes.Contains(stream, []byte("see #0")) {
				t.Fatalf("a mention of nothing: %s", text)
			}
			for _, c := range string(text) {
				if c < ' ' && c != '\n' || c == 0x7f || c == 0x202e {
					t.Fatalf("control character %U", c)
				}
			}
		}
		if w, err := root.Lookup(path); err == nil {
			w.Summary()
			w.AppendJSON(nil)
		}
		newWalk(60, func(path string, w View) {
			got, err := root.Lookup(path)
			if err != nil || w.made != nil {
				return // members of one name, keys that are equal
			}
			if strings.HasSuffix(path, "]") && !strings.HasSuffix(path, `"]`) && w.Summary() == got.Summary() {
				return
			}
			got.Summary()
		}).walk("", root, 4)
	})
}

// showHostile decodes and shows, and fails where that gives more bytes than are allowed.
func showHostile(t *testing.T, name string, stream []byte) string {
	t.Helper()
	g, _, err := nrbf.Decode(stream, nrbf.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	began := time.Now()
	text := AppendGraphText(nil, g.Root(), ViewOptions{})
	if len(text) > defaultViewBytes+viewSlack {
		t.Errorf("%s: %d bytes of text", name, len(text))
	}
	t.Logf("%s: %d bytes shown in %v as %d", name, len(stream), time.Since(began), len(text))
	return string(text)
}

// FuzzPath takes paths apart: the parts put together are the path, and errors name a part of it.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"cart.Lines[0].Sku", `["a.b"].x`, `'it\'s'[1, 2]`, "[]", "a..b", "[", `["\u00e9\x00"]`, "a]b", "a[b]c"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		segments, err := parsePath(path)
		var e *PathError
		if errors.As(err, &e) {
			if e.Path != path || e.Offset < 0 || e.Offset+len(e.Segment) > len(path) || path[e.Offset:e.Offset+len(e.Segment)] != e.Segment {
				t.Fatalf("%q: %+v", path, e)
			}
			return
		}
		whole := ""
		for _, s := range segments {
			if s.offset != len(whole) {
				t.Fatalf("%q: part %q at %d", path, s.text, s.offset)
			}
			whole += s.text
		}
		if err != nil || whole != path {
			t.Fatalf("%q: parts of %q, %v", path, whole, err)
		}
	})
}

// Blobs that are broken on purpose are shown as far as they can be decoded.
func TestViewOfMalformedFixtures(t *testing.T) {
	shown := 0
	for _, c := range malformed.All(t) {
		s, err := Decode(c.Bin, Options{})
		if err != nil {
			continue
		}
		if text := AppendText(nil, s); len(text) > sessionViewBytes {
			t.Errorf("%s: %d bytes of text", c.Name, len(text))
		}
		for i := range s.Items {
			newWalk(50, func(string, View) { shown++ }).walk("", viewOfItem(&s.Items[i].Value), 5)
		}
	}
	if shown < 30 {
		t.Errorf("%d values", shown)
	}
}
