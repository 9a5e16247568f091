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

// streams returns all Objects of the fixtures. To find them, the offset of a header is enough: a stream begins behind a
// type byte 20 (session-blob.md 5), and Decode says where it ends.
func streams(t testing.TB) []stream {
	var out []stream
	header := []byte{20, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0}
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
			at := bytes.Index(b, header)
			if at < 0 {
				t.Logf("%s: no usual header", c.Name)
				break
			}
			b = b[at+1:]
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
	if len(all) < 228 {
		t.Fatalf("only %d streams found", len(all))
	}
}
