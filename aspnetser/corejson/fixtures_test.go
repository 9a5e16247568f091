package corejson

import (
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/fixtures/blobs"
)

// fixtureItems calls f with every item of the golden blobs that can be decoded.
func fixtureItems(t testing.TB, f func(name string, v aspnetser.Value)) {
	for _, c := range blobs.All(t) {
		compressed := aspnetser.CompressionNo
		if c.Compressed {
			continue // the same sessions once more
		}
		s, err := aspnetser.Decode(c.Bin, aspnetser.Options{Compressed: compressed})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		for _, it := range s.Items {
			f(c.Name+" "+it.Key, it.Value)
		}
	}
}

// What Carries says goes both ways: by the type and the classes that it names every item of the fixtures becomes JSON, stays as
// it is where that comes back, and is made anew where all fields of its classes are known.
func TestFixturesBothWays(t *testing.T) {
	carried, written, refused := 0, 0, 0
	fixtureItems(t, func(name string, v aspnetser.Value) {
		text, ok, why := Carries(v)
		if !ok {
			if refused++; why == "" || text != "" {
				t.Errorf("%s: no reason, or a type: %q", name, text)
			}
			return
		}
		carried++
		schema, err := NewSchema(Classes(v), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		typ, err := schema.ParseType(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		json, err := typ.ToJSON([]byte("x"), v)
		if err != nil {
			if !strings.Contains(err.Error(), "zone") { // local dates, which Carries has a zone for
				t.Errorf("%s: %s: %v", name, typ, err)
			}
			return
		}
		if json = json[1:]; !Equal(json, append([]byte(" "), json...)) {
			t.Errorf("%s: %s is no JSON", name, json)
		}
		same, err := typ.FromJSON(json, v, true)
		if err != nil || !sameBytes(t, same, v) {
			t.Errorf("%s: what is equal does not stay: %v", name, err)
		}
		made, err := typ.FromJSON(json, aspnetser.Value{}, false)
		if err != nil {
			if why == "" {
				t.Errorf("%s: %s: making it anew: %v", name, typ, err)
			}
			return
		}
		written++
		again, err := typ.ToJSON(nil, made)
		if err != nil || string(again) != string(json) {
			t.Errorf("%s: %s\nbecomes %s, %v", name, json, again, err)
		}
	})
	t.Logf("%d carried, of which %d made anew, %d refused", carried, written, refused)
	if carried < 400 || written < 300 || refused < 100 {
		t.Errorf("only %d carried, %d made anew, %d refused", carried, written, refused)
	}
}

func sameBytes(t testing.TB, a, b aspnetser.Value) bool {
	return string(slotOf(t, a)) == string(slotOf(t, b))
}
