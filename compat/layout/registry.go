package layout

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Application is one logical web application: one set of sessions, under whatever names its nodes have.
type Application struct {
	Name string
	// AppIDs are its AppDomainAppIds (/LM/W3SVC/1/ROOT), case kept. Ids are recognised under all of them and spelled under
	// the first.
	AppIDs []string
	// InboxAppIDs are its AppIds in ASPStateTempApplications. If there are any, they alone count for RuleInbox, whatever
	// the formula says; ids are spelled under the first. They belong to one table: two tables that disagree need a
	// registry each.
	InboxAppIDs []int32
	// Compressed says whether its nodes write compressed payloads; nil: not known.
	Compressed *bool
}

// values returns the suffix values of an application under a rule, the one to spell with first, each once.
func (a *Application) values(rule IDRule) []uint32 {
	var vs []uint32
	add := func(v uint32) {
		if !slices.Contains(vs, v) {
			vs = append(vs, v)
		}
	}
	if rule == RuleInbox && len(a.InboxAppIDs) > 0 {
		for _, id := range a.InboxAppIDs {
			add(uint32(id))
		}
		return vs
	}
	for _, id := range a.AppIDs {
		if v, err := SuffixValue(rule, id); err == nil {
			add(v)
		}
	}
	return vs
}

func (a *Application) clone() Application {
	c := *a
	c.AppIDs, c.InboxAppIDs = slices.Clone(a.AppIDs), slices.Clone(a.InboxAppIDs)
	if a.Compressed != nil {
		compressed := *a.Compressed
		c.Compressed = &compressed
	}
	return c
}

// ParseApplication reads NAME=APPID[,APPID…], the form of the flag --app. An application id with a comma in it cannot be
// given this way.
func ParseApplication(s string) (Application, error) {
	name, ids, found := strings.Cut(s, "=")
	if !found {
		return Application{}, fmt.Errorf("reading application %q: it must be NAME=APPID[,APPID…]", s)
	}
	a := Application{Name: strings.TrimSpace(name)}
	for id := range strings.SplitSeq(ids, ",") {
		a.AppIDs = append(a.AppIDs, strings.TrimSpace(id))
	}
	if err := a.check(); err != nil {
		return Application{}, fmt.Errorf("reading application %q: %w", s, err)
	}
	return a, nil
}

func (a *Application) check() error {
	if a.Name == "" {
		return fmt.Errorf("the name is empty")
	}
	for i, s := range append([]string{a.Name}, a.AppIDs...) {
		switch {
		case s == "":
			return fmt.Errorf("application id %d is empty", i)
		case !utf8.ValidString(s):
			return fmt.Errorf("%q is not UTF-8", s)
		case i > 0 && slices.Contains(a.AppIDs[:i-1], s):
			return fmt.Errorf("application id %q is named twice", s)
		}
	}
	return nil
}

// Registry knows the applications, and tells from a suffix or a State Server path whose session an id is. The zero value
// is empty and ready. Add must be done before a Registry is shared; all other methods may be called concurrently.
type Registry struct {
	apps   []registered
	owners map[uint32]owner
	paths  map[string]int // application by State Server path
}

// registered is an application with its suffixes: a copy spells millions of ids.
type registered struct {
	Application
	suffixes map[IDRule][]string // as the rules spell them, the one to spell with first
}

// owner says whose a suffix value is. Registration sees to it that there is one owner only.
type owner struct {
	app   int
	rules []IDRule // in the order of suffixRules
}

// NewRegistry registers applications, in order.
func NewRegistry(apps ...Application) (*Registry, error) {
	r := &Registry{}
	for _, a := range apps {
		if err := r.Add(a); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Add registers one more application. A *CollisionError refuses one whose ids could not be told from those of another,
// be it by different rules: nothing that has a suffix may have two owners. An error leaves the registry as it was.
func (r *Registry) Add(a Application) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("registering application %q: %w", a.Name, err)
	}
	if _, known := r.ByName(a.Name); known {
		return fmt.Errorf("registering application %q: there is one of this name already", a.Name)
	}
	for _, rule := range suffixRules {
		for _, v := range a.values(rule) {
			if o, taken := r.owners[v]; taken {
				return &CollisionError{spellSuffix(rule, v), [2]string{r.apps[o.app].Name, a.Name}, [2]IDRule{closest(o.rules, rule), rule}}
			}
		}
	}
	for _, id := range a.AppIDs {
		if o, taken := r.paths[rooted(id)]; taken {
			return &CollisionError{rooted(id), [2]string{r.apps[o].Name, a.Name}, [2]IDRule{RuleStateServer, RuleStateServer}}
		}
	}
	r.index(a.clone())
	return nil
}

// closest prefers the rule itself, so that an error speaks of one rule where it can.
func closest(rules []IDRule, rule IDRule) IDRule {
	if slices.Contains(rules, rule) {
		return rule
	}
	return rules[0]
}

func (r *Registry) index(a Application) {
	if r.owners == nil {
		r.owners, r.paths = map[uint32]owner{}, map[string]int{}
	}
	n := len(r.apps)
	suffixes := map[IDRule][]string{}
	for _, rule := range suffixRules {
		for _, v := range a.values(rule) {
			r.owners[v] = owner{n, append(r.owners[v].rules, rule)}
			suffixes[rule] = append(suffixes[rule], spellSuffix(rule, v))
		}
	}
	r.apps = append(r.apps, registered{a, suffixes})
	for _, id := range a.AppIDs {
		r.paths[rooted(id)] = n
	}
}

// Applications returns copies of the applications, in the order of registration.
func (r *Registry) Applications() []Application {
	apps := make([]Application, len(r.apps))
	for i := range r.apps {
		apps[i] = r.apps[i].clone()
	}
	return apps
}

// ByName returns a copy of the application with this name, case-sensitively.
func (r *Registry) ByName(name string) (Application, bool) {
	if a := r.find(name); a != nil {
		return a.clone(), true
	}
	return Application{}, false
}

func (r *Registry) find(name string) *registered {
	for i := range r.apps {
		if r.apps[i].Name == name {
			return &r.apps[i]
		}
	}
	return nil
}

// BySuffix says whose a suffix value is, and by which rules; a few rules may give one application the same suffix.
func (r *Registry) BySuffix(v uint32) (app string, rules []IDRule, ok bool) {
	o, ok := r.owners[v]
	if !ok {
		return "", nil, false
	}
	return r.apps[o.app].Name, slices.Clone(o.rules), true
}
