package layout

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

func TestCensus(t *testing.T) {
	c := NewCensus(farm(t), 2)
	add := func(n int, id string) {
		for i := range n {
			c.Add(key("", fmt.Sprintf("raw%d%s", i, id)))
		}
	}
	add(3, "2014c0f1")
	add(2, "2B7731D2") // the alias, in the other case
	add(4, "7E023E84")
	add(1, "b3003e84")
	add(5, "15890198")
	add(2, "deadbeef")
	add(2, "CAFEBABE")
	add(1, "DEADBEEF") // the same value
	add(7, "00000001") // no room left
	add(3, "ghijklmn")
	c.Add(key("", "15890198"))
	want := CensusReport{
		Rows:    31,
		Known:   []KnownIDs{{"shop", RuleInbox, 5}, {"shop", RuleAsyncX64, 4}, {"shop", RuleAsync21, 1}, {"blog", RuleInbox, 5}},
		Unknown: []UnknownIDs{{"DEADBEEF", 3}, {"CAFEBABE", 2}}, Others: 7, Unsuffixed: 4,
	}
	for range 3 { // a map's order must not show
		if got := c.Report(); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	}
	if got := want.Rules(); !slices.Equal(got, []IDRule{RuleInbox, RuleAsyncX64, RuleAsync21}) {
		t.Errorf("rules %q", got)
	}
	tie := CensusReport{Known: []KnownIDs{{"a", RuleAsync21, 2}, {"a", RuleInbox, 1}, {"b", RuleInbox, 1}, {"b", RuleAsyncX86, 9}}}
	if got := tie.Rules(); !slices.Equal(got, []IDRule{RuleAsyncX86, RuleInbox, RuleAsync21}) {
		t.Errorf("rules %q", got)
	}
}

func TestCensusOfAStoreWithApplications(t *testing.T) {
	c := NewCensus(farm(t), 3)
	for i := range 100 {
		c.Add(key(fmt.Sprintf("/LM/W3SVC/%02d/ROOT(x)", i%10), raw24))
		c.Add(key("blog", raw24))
	}
	want := CensusReport{
		Rows: 200, Others: 70,
		Known: []KnownIDs{{"blog", RuleNative, 100}, {"/LM/W3SVC/00/ROOT(x)", RuleNative, 10}, {"/LM/W3SVC/01/ROOT(x)", RuleNative, 10}, {"/LM/W3SVC/02/ROOT(x)", RuleNative, 10}},
	}
	if got := c.Report(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestCensusIsBounded(t *testing.T) {
	c := NewCensus(nil, 64)
	for i := range 20_000 {
		c.Add(key("", fmt.Sprintf("%s%08x", raw24, i)))
		c.Add(key(fmt.Sprint(i), raw24))
	}
	if len(c.unknown) != 64 || len(c.known) != 64 {
		t.Errorf("%d suffixes and %d applications are kept", len(c.unknown), len(c.known))
	}
	if rep := c.Report(); rep.Rows != 40_000 || rep.Others != 40_000-128 {
		t.Errorf("%d rows, %d others", rep.Rows, rep.Others)
	}
}
