package nrbf

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/aspstate/aspstate/fixtures/malformed"
)

func seed(f *testing.F) {
	n := 0
	for _, s := range streams(f) {
		if len(s.bytes) < 20_000 {
			f.Add(s.bytes)
			n++
		}
	}
	if n < 100 {
		f.Fatalf("only %d seeds", n)
	}
	for _, c := range malformed.All(f) {
		if i := bytes.Index(c.Bin, head[:5]); i >= 0 && len(c.Bin) < 20_000 {
			f.Add(c.Bin[i:])
		}
	}
}

// What decodes is written back to the same bytes and shown as sound JSON; what does not says where; Trace agrees.
func FuzzDecode(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		checkTrace(t, b)
		g, n, err := Decode(b, Limits{})
		if err != nil {
			var bad *MalformedError
			var over *LimitError
			switch {
			case errors.As(err, &bad):
				if bad.Offset < 0 || bad.Offset > int64(len(b)) || bad.RecordOffset > bad.Offset {
					t.Fatalf("%+v in %d bytes", bad, len(b))
				}
			case !errors.As(err, &over):
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if out := g.Append(nil); !bytes.Equal(out, b[:n]) {
			t.Fatalf("% x is written back as % x", b[:n], out)
		}
		if _, _, err := Decode(b[:n-1], Limits{}); err == nil {
			t.Fatal("one byte less decodes too")
		}
		text := AppendJSON(nil, g.Root())
		if len(text) > 100*len(b)+6*DefaultMaxExpanded {
			t.Fatalf("%d bytes of JSON from %d", len(text), len(b))
		}
		if !json.Valid(text) && len(b) < 9000 { // encoding/json stops at a depth of 10,000
			t.Fatalf("JSON: %s", text)
		}
	})
}

// After any edits the stream decodes to what the graph says.
func FuzzEdit(f *testing.F) {
	n := 0
	for _, s := range streams(f) {
		if len(s.bytes) < 3_000 {
			f.Add(s.bytes, []byte{1, 2, 3, 200, 7, 9})
			n++
		}
	}
	if n < 100 {
		f.Fatalf("only %d seeds", n)
	}
	f.Fuzz(func(t *testing.T, b, edits []byte) {
		if len(edits) > 64 {
			return
		}
		g, _, err := Decode(b, Limits{})
		if err != nil {
			return
		}
		ahead := stringsAhead(g)
		places := leaves(g)
		for i, e := range edits {
			if len(places) > 0 {
				_ = places[(int(e)*31+i)%len(places)].Set(edit(e))
			}
		}
		want := AppendJSON(nil, g.Root())
		out := g.Append(nil)
		if now := stringsAhead(g); now > ahead {
			t.Fatalf("after edits %v: %d references stand before their string, there were %d", edits, now, ahead)
		}
		again, n, err := Decode(out, Limits{MaxExpanded: -1})
		if err != nil || n != len(out) {
			t.Fatalf("after edits %v: %v", edits, err)
		}
		if got := AppendJSON(nil, again.Root()); !bytes.Equal(got, want) {
			t.Fatalf("after edits %v: %s, want %s", edits, got, want)
		}
	})
}

// stringsAhead counts the references that stand before the string that they name. .NET does not read all of them.
func stringsAhead(g *Graph) (n int) {
	stands := make([]bool, len(g.texts))
	g.inOrder(func(i int32) {
		switch c := &g.cells[i]; {
		case c.kind == cellString:
			stands[c.ref] = true
		case c.kind == cellRef && c.ref < 0 && !stands[-1-c.ref]:
			n++
		}
	})
	return n
}

func edit(e byte) any {
	return []any{nil, "new", "", true, int32(7), int64(-1), uint16('x'), 1.5, float32(2.5), Decimal{Lo: uint64(e)}}[e%10]
}

// leaves returns all places that hold no object.
func leaves(g *Graph) []Value {
	var out []Value
	for i := range g.objects {
		o := &g.objects[i]
		for j := range o.n {
			v := Value{g: g, at: o.first + j}
			if o.isPacked() {
				v = Value{g: g, at: int32(i), element: j + 1}
			}
			if v.Kind() < KindClass {
				out = append(out, v)
			}
		}
	}
	return out
}
