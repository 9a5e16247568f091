package layout

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/session"
)

const (
	site1, site2, site8 = "/LM/W3SVC/1/ROOT", "/LM/W3SVC/2/ROOT", "/LM/W3SVC/8/ROOT"

	raw24 = "q3m0zv5kd2xw1ea4tyh5rb0c"
)

// farm has an application with an alias, one whose in-box suffix is of digits only, and one without application ids.
func farm(t testing.TB) *Registry {
	return mustRegistry(t, Application{Name: "shop", AppIDs: []string{site1, site2}}, Application{Name: "blog", AppIDs: []string{site8}},
		Application{Name: "bare"})
}

func TestParse(t *testing.T) {
	s := must(NewSpelling(farm(t), RuleInbox, RuleAsyncX64))
	for stored, want := range map[string]Parsed{
		raw24 + "2014c0f1":         {key("shop", raw24), RuleInbox, 0},
		raw24 + "2014C0F1":         {key("shop", raw24), RuleInbox, 0}, // the value counts, not the case
		raw24 + "2014C0f1":         {key("shop", raw24), RuleInbox, 0},
		raw24 + "2b7731d2":         {key("shop", raw24), RuleInbox, 0}, // the alias
		raw24 + "7E023E84":         {key("shop", raw24), RuleAsyncX64, 1},
		raw24 + "7e023e84":         {key("shop", raw24), RuleAsyncX64, 1},
		raw24 + "15890198":         {key("blog", raw24), RuleInbox, 0}, // digits only
		"x15890198":                {key("blog", "x"), RuleInbox, 0},   // nine characters
		"é15890198":                {key("blog", "é"), RuleInbox, 0},
		"A%2fB+ÿ(1)15890198":       {key("blog", "A%2fB+ÿ(1)"), RuleInbox, 0}, // custom id managers: as it is
		raw24 + "1589019815890198": {key("blog", raw24+"15890198"), RuleInbox, 0},
	} {
		if got, err := s.Parse(key("", stored)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", stored, got, err)
		}
	}
	for _, stored := range []string{"", "1", "5890198", "15890198", raw24, raw24 + "1589019g", "é5890198", "é" + "589０198", raw24 + "+5890198", raw24 + "0x589019", "00000000\x14"} {
		_, err := s.Parse(key("", stored))
		var unsuffixed *UnsuffixedError
		if !errors.As(err, &unsuffixed) {
			t.Errorf("%q: %v", stored, err)
		}
		if len(stored) > 8 && strings.Contains(err.Error(), stored) {
			t.Errorf("the error shows the id: %v", err)
		}
	}
	var unknown *UnknownSuffixError
	if _, err := s.Parse(key("", raw24+"DEADbeef")); !errors.As(err, &unknown) || unknown.Suffix != "DEADbeef" || strings.Contains(err.Error(), raw24[:8]) {
		t.Errorf("unknown suffix: %v", err)
	}
	var unnamed *UnnamedRuleError
	if _, err := s.Parse(key("", raw24+"B3003E84")); !errors.As(err, &unnamed) || *unnamed != (UnnamedRuleError{RuleAsync21, "shop"}) {
		t.Errorf("a rule that was not named: %v", err)
	}
}

// TestOneSuffixByTwoRules: an administrator has made the AppId that which FrameworkCompat uses.
func TestOneSuffixByTwoRules(t *testing.T) {
	reg := mustRegistry(t, Application{Name: "shop", AppIDs: []string{site1}, InboxAppIDs: []int32{-1291829628}})
	for _, rules := range [][]IDRule{{RuleInbox, RuleAsync21}, {RuleAsync21, RuleInbox}, {RuleAsyncX86, RuleAsync21}} {
		s := must(NewSpelling(reg, rules...))
		want := Parsed{key("shop", raw24), rules[0], 0}
		if rules[0] == RuleAsyncX86 {
			want.Rule, want.Priority = RuleAsync21, 1
		}
		if got, err := s.Parse(key("", raw24+"b3003e84")); err != nil || got != want {
			t.Errorf("%q: %+v, %v", rules, got, err)
		}
	}
}

func TestSpell(t *testing.T) {
	s := must(NewSpelling(farm(t), RuleInbox))
	for rule, want := range map[IDRule]string{
		RuleInbox: raw24 + "2014c0f1", RuleAsyncX64: raw24 + "7E023E84", RuleAsyncX86: raw24 + "F517E97F", RuleAsync21: raw24 + "B3003E84",
		RuleStateServer: site1 + "(" + StateServerHash(site1) + ")/" + raw24,
	} {
		if got, err := s.Spell(key("shop", raw24), rule); err != nil || got != key("", want) {
			t.Errorf("%s: %v, %v", rule, got, err)
		}
		for k, rule := range map[session.Key]IDRule{key("nobody", raw24): rule, key("", raw24): rule, key("bare", raw24): rule, key("shop", raw24): RuleRaw} {
			_, err := s.Spell(k, rule)
			var unknown *UnknownApplicationError
			if !errors.As(err, &unknown) || unknown.App != k.App || unknown.Rule != rule {
				t.Errorf("%s of %q: %v", rule, k.App, err)
			}
		}
	}
	if got, err := s.Spell(key("nobody", raw24), RuleNative); err != nil || got != key("nobody", raw24) {
		t.Errorf("native: %v, %v", got, err)
	}
	all, err := s.SpellAll(key("shop", raw24), RuleInbox)
	if err != nil || !slices.Equal(all, []session.Key{key("", raw24+"2014c0f1"), key("", raw24+"2b7731d2")}) {
		t.Errorf("under every id: %v, %v", all, err)
	}
}

// TestIDThatEndsInItsOwnSuffix: the async provider does not append again, the in-box one does (13.3).
func TestIDThatEndsInItsOwnSuffix(t *testing.T) {
	s := must(NewSpelling(farm(t), RuleInbox, RuleAsync21))
	for _, c := range []struct {
		rule             IDRule
		raw, stored, now string // now: the raw id that stored is read as
	}{
		{RuleAsync21, "abcB3003E84", "abcB3003E84", "abc"}, // "abc" is stored so too: the provider takes them for one
		{RuleAsync21, "abcB3003E84B3003E84", "abcB3003E84B3003E84", "abcB3003E84B3003E84"},
		{RuleAsync21, "abcb3003e84", "abcb3003e84B3003E84", "abcb3003e84"}, // another case is no suffix of its
		{RuleAsync21, "B3003E84", "B3003E84", ""},                          // no raw id is left: not suffixed
		{RuleInbox, "abc2014c0f1", "abc2014c0f12014c0f1", "abc2014c0f1"},
		{RuleInbox, "abcB3003E84", "abcB3003E842014c0f1", "abcB3003E84"},
	} {
		k, err := s.Spell(key("shop", c.raw), c.rule)
		if err != nil || k.ID != c.stored {
			t.Errorf("%s by %s: stored as %q, %v", c.raw, c.rule, k.ID, err)
		}
		p, err := s.Parse(k)
		if c.now == "" {
			var unsuffixed *UnsuffixedError
			if !errors.As(err, &unsuffixed) {
				t.Errorf("%s by %s: %v", c.raw, c.rule, err)
			}
		} else if err != nil || p.Key != key("shop", c.now) {
			t.Errorf("%s by %s: read as %+v, %v", c.raw, c.rule, p, err)
		}
	}
}

func TestOtherRules(t *testing.T) {
	one := mustRegistry(t, Application{Name: "shop"})
	raw := must(NewSpelling(one, RuleRaw))
	for _, id := range []string{raw24, "x", "", raw24 + "B3003E84", "A%2fB"} {
		p, err := raw.Parse(key("", id))
		if err != nil || p != (Parsed{key("shop", id), RuleRaw, 0}) {
			t.Errorf("raw %q: %+v, %v", id, p, err)
		}
		if k, err := raw.Spell(p.Key, RuleRaw); err != nil || k != key("", id) {
			t.Errorf("raw %q: %v, %v", id, k, err)
		}
	}
	if k, err := raw.Spell(key("blog", raw24), RuleRaw); err == nil {
		t.Errorf("a table of one application takes another's: %v", k)
	}
	native := must(NewSpelling(nil, RuleNative))
	if p, err := native.Parse(key("any", raw24)); err != nil || p != (Parsed{key("any", raw24), RuleNative, 0}) {
		t.Errorf("native: %+v, %v", p, err)
	}
	ss := must(NewSpelling(farm(t), RuleStateServer))
	for stored, want := range map[string]session.Key{
		site2 + "(any%2bhash+=)/a+b%41":                                      key("shop", "a+b%41"), // stored decoded: nothing is decoded again
		"/LM/W3SVC/5/ROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5/HxWS854=)/abc": key("/LM/W3SVC/5/ROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5/HxWS854=)", "abc"),
	} {
		p, err := ss.Parse(key("", stored))
		if err != nil || p != (Parsed{want, RuleStateServer, 0}) {
			t.Errorf("%s: %+v, %v", stored, p, err)
		}
	}
	// What is not registered is spelled back as it came.
	own := "/LM/W3SVC/5/ROOT(" + strings.Repeat("A", 28) + ")/abc"
	p := must(ss.Parse(key("", own)))
	if k, err := ss.Spell(p.Key, RuleStateServer); err != nil || k.ID != own {
		t.Errorf("%s: %v, %v", own, k, err)
	}
	var path *PathError
	if _, err := ss.Parse(key("", raw24)); !errors.As(err, &path) {
		t.Errorf("no path: %v", err)
	}
}

func TestRulesThatDoNotGoTogether(t *testing.T) {
	one := mustRegistry(t, Application{Name: "shop"})
	for _, rules := range [][]IDRule{
		nil, {""}, {"inbox2"}, {RuleInbox, RuleInbox}, {RuleInbox, RuleRaw}, {RuleRaw, RuleInbox}, {RuleNative, RuleInbox}, {RuleInbox, RuleStateServer},
	} {
		if s, err := NewSpelling(one, rules...); err == nil {
			t.Errorf("%q gives %+v", rules, s)
		}
	}
	for _, reg := range []*Registry{nil, {}, farm(t)} {
		if _, err := NewSpelling(reg, RuleRaw); err == nil {
			t.Errorf("raw with %d applications", len(farm(t).Applications()))
		}
	}
	if _, err := NewSpelling(farm(t), RuleInbox, RuleAsyncX64, RuleAsyncX86, RuleAsync21); err != nil {
		t.Error(err)
	}
}

func TestResolve(t *testing.T) {
	reg := farm(t)
	everyone := func(first ...session.Key) []session.Key { return first }
	for typed, want := range map[string][]session.Key{
		raw24:              everyone(key("shop", raw24), key("blog", raw24), key("bare", raw24)),
		raw24 + "b3003e84": everyone(key("shop", raw24), key("shop", raw24+"b3003e84"), key("blog", raw24+"b3003e84"), key("bare", raw24+"b3003e84")),
		raw24 + "15890198": everyone(key("blog", raw24), key("blog", raw24+"15890198"), key("shop", raw24+"15890198"), key("bare", raw24+"15890198")),
		raw24 + "deadbeef": everyone(key("shop", raw24+"deadbeef"), key("blog", raw24+"deadbeef"), key("bare", raw24+"deadbeef")),
	} {
		if got := reg.Resolve(typed); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", typed, got, want)
		}
	}
	for _, path := range []string{
		"%2fLM%2fW3SVC%2f2%2fROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5%2fHxWS854%3d)%2f" + raw24,
		"/LM/W3SVC/2/ROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5/HxWS854=)/" + raw24,
		"//LM/W3SVC/2/ROOT(x)/" + raw24,
	} {
		if got := reg.Resolve(path); got[0] != key("shop", raw24) {
			t.Errorf("%s: %q", path, got)
		}
	}
	// Typed decoded, an id that looks escaped is tried both ways.
	got := reg.Resolve(site1 + "(x)/a%41")
	if got[0] != key("shop", "aA") || got[1] != key("shop", "a%41") {
		t.Errorf("got %q", got)
	}
}

func TestCandidates(t *testing.T) {
	s := must(NewSpelling(farm(t), RuleInbox, RuleAsyncX64))
	got := s.Candidates(raw24 + "B3003E84") // by a rule that is not this table's
	want := []string{raw24 + "B3003E84", raw24 + "2014c0f1", raw24 + "2b7731d2", raw24 + "7E023E84", raw24 + "7E0242C7"}
	for i, id := range want {
		if i >= len(got) || got[i] != key("", id) {
			t.Fatalf("got %q, want first %q", got, want)
		}
	}
	seen := map[session.Key]bool{}
	for _, k := range got {
		if seen[k] || k.App != "" {
			t.Errorf("%v is there twice, or not spelled", k)
		}
		seen[k] = true
	}
	native := must(NewSpelling(farm(t), RuleNative))
	if got := native.Candidates(raw24 + "15890198"); got[0] != key("blog", raw24) || got[len(got)-1] != key("", raw24+"15890198") {
		t.Errorf("native: %q", got)
	}
	raw := must(NewSpelling(mustRegistry(t, Application{Name: "shop", AppIDs: []string{site1}}), RuleRaw))
	if got := raw.Candidates(raw24 + "2014c0f1"); !reflect.DeepEqual(got, []session.Key{key("", raw24+"2014c0f1"), key("", raw24)}) {
		t.Errorf("raw: %q", got)
	}
	ss := must(NewSpelling(farm(t), RuleStateServer))
	if got := ss.Candidates(raw24 + "15890198"); got[1].ID != site8+"("+StateServerHash(site8)+")/"+raw24 {
		t.Errorf("state server: %q", got)
	}
}
