package layout

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseApplication(t *testing.T) {
	for s, want := range map[string]Application{
		"shop=/LM/W3SVC/1/ROOT":                         {Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT"}},
		"shop = /LM/W3SVC/1/ROOT , /LM/W3SVC/2/ROOT/Ab": {Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT", "/LM/W3SVC/2/ROOT/Ab"}},
		"a=b=c": {Name: "a", AppIDs: []string{"b=c"}},
	} {
		if got, err := ParseApplication(s); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q gives %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "shop", "shop=", "=/LM/W3SVC/1/ROOT", "shop=/LM/W3SVC/1/ROOT,", "shop=a,b,a", "sh\xffop=a", "shop=\xff"} {
		if got, err := ParseApplication(s); err == nil {
			t.Errorf("%q gives %+v", s, got)
		}
	}
}

// collision finds two application ids with one suffix by a rule, and none by the others.
func collision(t *testing.T, rule IDRule) (string, string) {
	t.Helper()
	seen := map[uint32]string{}
	for i := range 1_000_000 {
		id := fmt.Sprintf("/LM/W3SVC/%d/ROOT/%c%d", i%97, 'a'+i%26, i)
		v, err := SuffixValue(rule, id)
		if err != nil {
			t.Fatal(err)
		}
		other, taken := seen[v]
		if !taken {
			seen[v] = id
			continue
		}
		alone := true
		for _, r := range suffixRules {
			alone = alone && (r == rule || Suffix(r, id) != Suffix(r, other))
		}
		if alone {
			return other, id
		}
	}
	t.Fatalf("no collision by %s", rule)
	return "", ""
}

func TestCollisionsAreRefused(t *testing.T) {
	check := func(why string, reg *Registry, a Application, rules [2]IDRule) {
		t.Helper()
		before := reg.Applications()
		err := reg.Add(a)
		var c *CollisionError
		if !errors.As(err, &c) || c.Apps != [2]string{"old", "new"} || c.Rules != rules {
			t.Errorf("%s: %v", why, err)
			return
		}
		for _, part := range []string{`"old"`, `"new"`, string(rules[0]), string(rules[1])} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error does not name %s: %v", why, part, err)
			}
		}
		if !reflect.DeepEqual(reg.Applications(), before) {
			t.Errorf("%s: the registry has changed", why)
		}
		if _, known := reg.ByName("new"); known {
			t.Errorf("%s: registered all the same", why)
		}
	}
	for _, rule := range suffixRules {
		a, b := collision(t, rule)
		check(string(rule), mustRegistry(t, Application{Name: "old", AppIDs: []string{a}}),
			Application{Name: "new", AppIDs: []string{"/LM/W3SVC/1000/ROOT", b}}, [2]IDRule{rule, rule})
	}
	old := Application{Name: "old", AppIDs: []string{"/LM/W3SVC/1/ROOT"}}
	check("the same id", mustRegistry(t, old), Application{Name: "new", AppIDs: old.AppIDs}, [2]IDRule{RuleInbox, RuleInbox})
	check("case of the id", mustRegistry(t, old), Application{Name: "new", AppIDs: []string{"/lm/w3svc/1/root"}}, [2]IDRule{RuleInbox, RuleInbox})
	check("AppId of the table", mustRegistry(t, old), Application{Name: "new", AppIDs: []string{"/x"}, InboxAppIDs: []int32{538231025}},
		[2]IDRule{RuleInbox, RuleInbox})
	check("AppId that is another's async suffix", mustRegistry(t, old),
		Application{Name: "new", AppIDs: []string{"/x"}, InboxAppIDs: []int32{-1291829628}}, [2]IDRule{RuleAsync21, RuleInbox})
	both := Application{Name: "old", AppIDs: []string{"/LM/W3SVC/1/ROOT"}, InboxAppIDs: []int32{2114076292}}
	check("a suffix that the other has by two rules", mustRegistry(t, both), Application{Name: "new", AppIDs: old.AppIDs}, [2]IDRule{RuleAsyncX64, RuleAsyncX64})
	check("the same path with a slash", mustRegistry(t, old), Application{Name: "new", AppIDs: []string{"LM/W3SVC/1/ROOT"}},
		[2]IDRule{RuleStateServer, RuleStateServer})
	if err := mustRegistry(t, old).Add(Application{Name: "old", AppIDs: []string{"/y"}}); err == nil {
		t.Error("a name is taken twice")
	}
	if err := mustRegistry(t, old).Add(Application{AppIDs: []string{"/y"}}); err == nil {
		t.Error("an application has no name")
	}
	if err := mustRegistry(t, old).Add(Application{Name: "new", AppIDs: []string{""}}); err == nil {
		t.Error("an application id is empty")
	}
}

func TestAliasesOfOneApplicationMayShareSuffixes(t *testing.T) {
	reg := mustRegistry(t, Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT/Shop", "/LM/W3SVC/1/ROOT/shop"}})
	app, rules, ok := reg.BySuffix(must(SuffixValue(RuleInbox, "/LM/W3SVC/1/ROOT/shop")))
	if !ok || app != "shop" || !reflect.DeepEqual(rules, []IDRule{RuleInbox}) {
		t.Errorf("got %q %q %v", app, rules, ok)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestTheTableWins: AppIds that an administrator has set count, and the formula does not (13.2).
func TestTheTableWins(t *testing.T) {
	const id = "/LM/W3SVC/1/ROOT"
	reg := mustRegistry(t, Application{Name: "shop", AppIDs: []string{id}, InboxAppIDs: []int32{7, -1}})
	s := must(NewSpelling(reg, RuleInbox))
	if k, err := s.Spell(key("shop", "abc"), RuleInbox); err != nil || k.ID != "abc00000007" {
		t.Errorf("spelled %q, %v", k.ID, err)
	}
	for _, stored := range []string{"abc00000007", "abcffffffff", "abcFFFFFFFF"} {
		if p, err := s.Parse(key("", stored)); err != nil || p.Key != key("shop", "abc") {
			t.Errorf("%s: %+v, %v", stored, p, err)
		}
	}
	var unknown *UnknownSuffixError
	if _, err := s.Parse(key("", "abc"+Suffix(RuleInbox, id))); !errors.As(err, &unknown) {
		t.Errorf("the formula's suffix: %v", err)
	}
}

func TestRegistryGivesCopies(t *testing.T) {
	yes := true
	a := Application{Name: "shop", AppIDs: []string{"/a"}, InboxAppIDs: []int32{1}, Compressed: &yes}
	reg := mustRegistry(t, a)
	spoil := func(a Application) { a.AppIDs[0], a.InboxAppIDs[0], *a.Compressed = "/b", 2, false }
	want := mustRegistry(t, a).Applications()
	spoil(reg.Applications()[0])
	got, _ := reg.ByName("shop")
	spoil(got)
	spoil(a)
	if !reflect.DeepEqual(reg.Applications(), want) {
		t.Errorf("got %+v, want %+v", reg.Applications(), want)
	}
}
