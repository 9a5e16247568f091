package aspnetser

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

// A path leads to the same in a Collection as in a Session.
func TestCollectionLookup(t *testing.T) {
	seen := 0
	for _, f := range blobs.All(t) {
		s, err := Decode(f.Bin, Options{})
		if err != nil {
			t.Fatal(err)
		}
		c := open(t, f.Bin, Options{})
		for i := range s.Items {
			seen++
			path := fmt.Sprintf("[%q]", s.Items[i].Key)
			if s.Items[i].NullKey {
				path = "[]"
			}
			for _, path := range []string{path, path + "[0]", path + ".Count", path + ".x[", path + "no"} {
				want, wantErr := s.Lookup(path)
				got, err := c.Lookup(path)
				if fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Fatalf("%s, %s: %v, want %v", f.Name, path, err, wantErr)
				}
				if a, b := string(got.AppendText(nil, ViewOptions{})), string(want.AppendText(nil, ViewOptions{})); err == nil && a != b {
					t.Fatalf("%s, %s: %s, want %s", f.Name, path, a, b)
				}
			}
		}
		for _, path := range []string{"", "log", "nothing.at[all]", "LOG.m_StringValue"} {
			_, wantErr := s.Lookup(path)
			if _, err := c.Lookup(path); fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("%s, %q: %v, want %v", f.Name, path, err, wantErr)
			}
		}
	}
	if seen < 1000 {
		t.Errorf("%d items only", seen)
	}
	c := open(t, withItems([]string{"a", "b"}, int32Value(1), []byte{22}).bytes(), Options{})
	c.Remove("a")
	var bad *MalformedError
	if _, err := c.Lookup("b.x"); !errors.As(err, &bad) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Lookup("a"); err == nil || err.Error() == "" {
		t.Error("a removed item was found")
	}
}

// A leaf that is found by its path can be changed.
func TestCollectionLookupAndSet(t *testing.T) {
	c := open(t, caseNamed(t, "o-order"), Options{})
	sku, err := c.Lookup("order.Lines[1].Sku")
	if err != nil {
		t.Fatal(err)
	}
	v, ok := sku.Value()
	if !ok {
		t.Fatal("no value")
	}
	if err := v.Set("Z-9"); err != nil {
		t.Fatal(err)
	}
	out, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	type line struct{ Sku string }
	order, err := Get[struct{ Lines []line }](open(t, out, Options{}), "order")
	if err != nil || fmt.Sprint(order.Lines) != "[{A-1} {Z-9} {C}]" {
		t.Errorf("%v, %v", order, err)
	}
}
