package cli

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

func parsed(t *testing.T, name string, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// hasObject says whether an item or static object of the fixture's JSON is an Object: its inside is another issue.
func hasObject(c blobs.Case) bool { return bytes.Contains(c.JSON, []byte(`"type":"Object"`)) }

// dump blob --format json says of every golden blob without Object values what its description says, whether it is told
// about compression or not; what was decoded encodes to the same bytes, for compressed ones to the same inflated bytes.
func TestDumpEveryGoldenBlob(t *testing.T) {
	tried := 0
	for _, c := range blobs.All(t) {
		if hasObject(c) {
			if r := command(t, string(c.Bin), "dump", "blob", "-", "--json"); r.code != 0 {
				t.Errorf("%s: exit %d: %s", c.Name, r.code, r.err)
			}
			continue
		}
		tried++
		told := map[bool]string{true: "yes", false: "no"}[c.Compressed]
		for _, compressed := range []string{"auto", told} {
			r := command(t, string(c.Bin), "dump", "blob", "-", "--format", "json", "--compressed", compressed)
			if r.code != 0 || !reflect.DeepEqual(parsed(t, c.Name, []byte(r.out)), parsed(t, c.Name, c.JSON)) {
				t.Errorf("%s, --compressed %s: exit %d, other JSON than its description\n%.300s\n%s", c.Name, compressed, r.code, r.out, r.err)
			}
		}
		s, err := aspnetser.Decode(c.Bin, aspnetser.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		again, err := s.Append(nil)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		want := c.Bin
		if c.Compressed {
			if again[len(again)-1] != 0xFF {
				t.Errorf("%s: no FF behind the deflate data", c.Name)
			}
			if want, err = aspnetser.Inflate(nil, c.Bin, aspnetser.Options{}); err != nil {
				t.Fatal(err)
			}
			if again, err = aspnetser.Inflate(nil, again, aspnetser.Options{}); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
		if !bytes.Equal(again, want) {
			t.Errorf("%s: encodes to other bytes", c.Name)
		}
	}
	if tried < 40 {
		t.Errorf("only %d blobs without Object values", tried)
	}
}

var namesOffset = regexp.MustCompile(`offset \d+`)

// Broken blobs that concern the container: what Microsoft's reader rejects ends with 3 and names the offset, and the item
// where it is one; what it accepts is shown, or shown but for an item that makes no sense to us.
func TestDumpEveryMalformedBlob(t *testing.T) {
	for _, c := range malformed.All(t) {
		if c.Sure != nil && !*c.Sure {
			continue
		}
		compressed := map[bool]string{true: "yes", false: "no"}[c.Compressed]
		r := command(t, string(c.Bin), "dump", "blob", "-", "--json", "--compressed", compressed)
		inside := strings.HasPrefix(c.Name, "nrbf-") || c.Name == "object-empty" // the inside of an Object value
		switch {
		case c.MS == "rejects" && inside && c.Stage == "item":
			if r.code != exitDone && r.code != exitMalformed {
				t.Errorf("%s: exit %d: %s", c.Name, r.code, r.err)
			}
		case c.MS == "rejects":
			if r.code != exitMalformed || !namesOffset.MatchString(r.err) || c.Stage == "item" && !strings.Contains(r.err, "item ") {
				t.Errorf("%s: exit %d: %s", c.Name, r.code, r.err)
			}
		case r.code == exitDone:
			if c.HasJSON && !bytes.Contains(c.JSON, []byte(`"type":"Object"`)) && !reflect.DeepEqual(parsed(t, c.Name, []byte(r.out)), parsed(t, c.Name, c.JSON)) {
				t.Errorf("%s: other JSON than Microsoft's reader sees: %.300s", c.Name, r.out)
			}
		case r.code == exitMalformed: // a limit of ours, or an item shown as Undecodable
			limit := c.Name == "z-bomb-string"
			if !limit && !strings.Contains(r.out, `"type":"Undecodable"`) {
				t.Errorf("%s: exit 3 without an item that says why: %s%s", c.Name, r.out, r.err)
			}
		default:
			t.Errorf("%s: exit %d: %s", c.Name, r.code, r.err)
		}
	}
}
