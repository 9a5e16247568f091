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

// dump blob --format json says of every golden blob what its description says, whether it is told about compression or
// not; what was decoded encodes to the same bytes, for compressed ones to the same inflated bytes.
func TestDumpEveryGoldenBlob(t *testing.T) {
	all := blobs.All(t)
	if len(all) != 133 {
		t.Errorf("%d blobs", len(all))
	}
	for _, c := range all {
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
}

var namesOffset = regexp.MustCompile(`offset \d+`)

// What Microsoft's reader rejects ends with 3 and names the offset, and the item where it is one, but for what it rejects
// because of a type; what it accepts is shown, or shown but for an item that makes no sense to us.
func TestDumpEveryMalformedBlob(t *testing.T) {
	// Rejected because of a .NET type, which we never load.
	types := map[string]bool{"nrbf-unknown-type": true}
	// Accepted, and refused here: why, and by which error.
	refused := map[string]string{
		"z-bomb-string":          "MaxInflated",                      // a limit of ours
		"type-0":                 "unknown type id 0",                // Microsoft's reader takes the item for null
		"type-22":                "unknown type id 22",               //
		"type-255":               "unknown type id 255",              //
		"value-longer-than-slot": "runs over its slot",               //
		"nrbf-untyped-members":   "cannot be read without the class", // it has the class
	}
	tried := 0
	for _, c := range malformed.All(t) {
		if c.Sure != nil && !*c.Sure {
			continue
		}
		tried++
		compressed := map[bool]string{true: "yes", false: "no"}[c.Compressed]
		r := command(t, string(c.Bin), "dump", "blob", "-", "--json", "--compressed", compressed)
		why, isRefused := refused[c.Name]
		switch {
		case types[c.Name]:
			if r.code != exitDone {
				t.Errorf("%s: exit %d: %s", c.Name, r.code, r.err)
			}
		case c.MS == "rejects":
			if r.code != exitMalformed || !namesOffset.MatchString(r.err) || c.Stage == "item" && !strings.Contains(r.err, "item ") {
				t.Errorf("%s: exit %d: %s", c.Name, r.code, r.err)
			}
		case isRefused:
			if r.code != exitMalformed || !strings.Contains(r.err, why) || why != "MaxInflated" && !strings.Contains(r.out, `"type":"Undecodable"`) {
				t.Errorf("%s: exit %d: %s%s", c.Name, r.code, r.out, r.err)
			}
		case r.code != exitDone:
			t.Errorf("%s: exit %d: %s", c.Name, r.code, r.err)
		case c.HasJSON:
			if !reflect.DeepEqual(parsed(t, c.Name, []byte(r.out)), parsed(t, c.Name, c.JSON)) {
				t.Errorf("%s: other JSON than Microsoft's reader sees: %.300s", c.Name, r.out)
			}
		}
	}
	if tried < 55 {
		t.Errorf("only %d blobs tried", tried)
	}
}
