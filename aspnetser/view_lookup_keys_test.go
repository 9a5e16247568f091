package aspnetser

import (
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Keys that are no texts are found as they are written first, and then regardless of case.
func TestLookupOfOtherKeys(t *testing.T) {
	pair := func(key, value any) any { return thing("P", "key", key, "value", value) }
	dictionary := func(pairs ...any) any {
		return thing("System.Collections.Generic.Dictionary`2", "HashSize", int32(3), "KeyValuePairs", things(pairs...))
	}
	for _, c := range []struct {
		root       any
		path, want string
	}{
		{dictionary(pair(false, "no"), pair(true, "yes")), "[True]", `"yes"`},
		{dictionary(pair(false, "no"), pair(true, "yes")), "[false]", `"no"`},
		{dictionary(pair("True", "text"), pair(true, "yes")), "[true]", `"yes"`},
		{dictionary(pair("True", "text"), pair(true, "yes")), `["true"]`, `"text"`},
		{dictionary(pair("True", "text"), pair(true, "yes")), "[TRUE]", "several keys"},
		{dictionary(pair(true, "yes")), `["true"]`, "no such key"},
		{dictionary(pair(true, "yes")), "[t]", "no such key"},
	} {
		b, err := nrbf.EncodeStream(c.root)
		if err != nil {
			t.Fatal(err)
		}
		g, _, err := nrbf.Decode(b, nrbf.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if w, err := ViewOf(g.Root()).Lookup(c.path); err != nil {
			got = err.Error()
		} else {
			got = w.Summary()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s is %s, want %s", c.path, got, c.want)
		}
	}
}
