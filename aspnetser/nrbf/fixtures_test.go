package nrbf

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

// stream is one Object of a fixture: its record stream and the JSON that it stands for.
type stream struct {
	name  string
	bytes []byte
	json  any
}

// header returns where the first stream of b begins: behind a type byte 20 (session-blob.md 5), with any root id.
func header(b []byte) int {
	tail := made(-1, 1, 0)
	for at := 0; ; {
		i := bytes.Index(b[at:], tail)
		if i < 0 {
			return -1
		}
		if at += i; at >= 6 && b[at-6] == 20 && b[at-5] == recordHeader {
			return at - 5
		}
		at++
	}
}

// streams returns all Objects of the fixtures that are not compressed.
func streams(t testing.TB) []stream {
	var out []stream
	for _, c := range blobs.All(t) {
		if c.Compressed {
			continue
		}
		var doc struct {
			Items, StaticObjects []struct {
				Type  string
				Value any
			}
		}
		if err := json.Unmarshal(c.JSON, &doc); err != nil {
			t.Fatal(err)
		}
		b := c.Bin
		for _, it := range append(doc.Items, doc.StaticObjects...) {
			if it.Type != "Object" {
				continue
			}
			at := header(b)
			if at < 0 {
				t.Fatalf("%s: no header", c.Name)
			}
			b = b[at:]
			out = append(out, stream{c.Name, b, it.Value})
			b = b[1:]
		}
	}
	return out
}

func TestFixtures(t *testing.T) {
	all := streams(t)
	for _, s := range all {
		g, n, err := Decode(s.bytes, Limits{})
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if out := g.Append(nil); !bytes.Equal(out, s.bytes[:n]) {
			t.Errorf("%s: encoded to other bytes", s.name)
		}
		var got any
		if err := json.Unmarshal(AppendJSON(nil, g.Root()), &got); err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if !reflect.DeepEqual(got, s.json) {
			t.Errorf("%s: JSON differs", s.name)
		}
	}
	if len(all) < 229 {
		t.Fatalf("only %d streams found", len(all))
	}
}
