package layout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/session"
)

// Spelling is how one table spells ids: the rules that occur in it, the one that wins first, and the applications.
// NewSpelling makes it; the fields must not be changed.
type Spelling struct {
	Rules    []IDRule
	Registry *Registry
}

// Parsed is a stored key taken apart.
type Parsed struct {
	Key      session.Key // application and raw id
	Rule     IDRule      // by which it is spelled
	Priority int         // place of Rule among Spelling.Rules; 0 wins
}

// NewSpelling checks that the rules go together: suffix rules with each other, raw, stateserver and native alone, and raw
// with exactly one application. A nil registry is an empty one.
func NewSpelling(reg *Registry, rules ...IDRule) (*Spelling, error) {
	if reg == nil {
		reg = &Registry{}
	}
	if len(rules) == 0 {
		return nil, fmt.Errorf("spelling ids: no id rule")
	}
	for i, r := range rules {
		if _, err := ParseIDRule(string(r)); err != nil {
			return nil, fmt.Errorf("spelling ids: %w", err)
		}
		if slices.Contains(rules[:i], r) {
			return nil, fmt.Errorf("spelling ids: rule %s is named twice", r)
		}
		if !r.Suffixed() && len(rules) > 1 {
			return nil, fmt.Errorf("spelling ids: rule %s cannot be together with others in one table", r)
		}
		if n := len(reg.apps); r == RuleRaw && n != 1 {
			return nil, fmt.Errorf("spelling ids: by rule %s one table is for exactly one application, and %d are named", r, n)
		}
	}
	return &Spelling{slices.Clone(rules), reg}, nil
}

// Parse says whose session a stored key is. A suffix counts by its value, not by the case of its letters
// (sql-layouts.md 13.5.2). The raw id is kept as it is. Errors: *UnsuffixedError, *UnknownSuffixError, *UnnamedRuleError,
// and *PathError by rule stateserver.
func (s *Spelling) Parse(stored session.Key) (Parsed, error) {
	switch rule := s.Rules[0]; rule {
	case RuleNative:
		return Parsed{Key: stored, Rule: rule}, nil
	case RuleRaw:
		return Parsed{Key: session.Key{App: s.Registry.apps[0].Name, ID: stored.ID}, Rule: rule}, nil
	case RuleStateServer:
		k, err := s.Registry.StateServerKey(EscapeTarget(stored.ID)) // stored decoded
		return Parsed{Key: k, Rule: rule}, err
	}
	raw, suffix, v, ok := splitSuffix(stored.ID)
	if !ok {
		return Parsed{}, &UnsuffixedError{session.Mask(stored.ID)}
	}
	o, known := s.Registry.owners[v]
	if !known {
		return Parsed{}, &UnknownSuffixError{suffix}
	}
	name := s.Registry.apps[o.app].Name
	for i, rule := range s.Rules {
		if slices.Contains(o.rules, rule) {
			return Parsed{session.Key{App: name, ID: unspell(rule, raw, v)}, rule, i}, nil
		}
	}
	return Parsed{}, &UnnamedRuleError{o.rules[0], name}
}

// splitSuffix takes the last eight characters off an id that has at least nine (13.1), and reads them.
func splitSuffix(id string) (raw, suffix string, v uint32, ok bool) {
	n := len(id) - 8
	if n < 1 {
		return "", "", 0, false
	}
	for i := n; i < len(id); i++ {
		digit, ok := hexDigit(id[i])
		if !ok {
			return "", "", 0, false
		}
		v = v<<4 | digit
	}
	return id[:n], id[n:], v, true
}

// hexDigit returns the value of a hexadecimal digit in either letter case.
func hexDigit(c byte) (v uint32, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint32(c - '0'), true
	case 'a' <= c && c <= 'f':
		return uint32(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return uint32(c-'A') + 10, true
	}
	return 0, false
}

// spell appends a suffix. The async provider leaves an id alone that ends with it already, the in-box one does not
// (13.3). (The comparison is .NET's of the current culture; for hexadecimal digits that is the ordinal one.)
func spell(rule IDRule, raw, suffix string) string {
	if rule != RuleInbox && strings.HasSuffix(raw, suffix) {
		return raw
	}
	return raw + suffix
}

// unspell returns the raw id that is stored as raw + suffix. That is raw, unless the async provider would not have
// appended to it; then the only id that is stored so is the whole one.
func unspell(rule IDRule, raw string, v uint32) string {
	if rule == RuleInbox {
		return raw
	}
	if suffix := spellSuffix(rule, v); strings.HasSuffix(raw, suffix) {
		return raw + suffix
	}
	return raw
}

// Spell returns the key under which a session is stored by a rule: by its application's first id, or first AppId
// (RuleInbox). The rule need not be among Rules. What the rule cannot spell gives an *UnknownApplicationError.
//
// By the async rules "abc" and "abc" + suffix are stored as one id; that is the provider's doing, and Parse reads it as
// "abc".
func (s *Spelling) Spell(k session.Key, rule IDRule) (session.Key, error) {
	all, err := s.SpellAll(k, rule)
	if err != nil {
		return session.Key{}, err
	}
	return all[0], nil
}

// SpellAll returns every key under which a session may be stored by a rule: under each id of its application, the one of
// Spell first. The hash of a State Server's path is that of ASP.NET 4.5.
func (s *Spelling) SpellAll(k session.Key, rule IDRule) ([]session.Key, error) {
	if rule == RuleNative {
		return []session.Key{k}, nil
	}
	a := s.Registry.find(k.App)
	var keys []session.Key
	switch {
	case rule == RuleStateServer && a == nil:
		// An application of its own is spelled back as it came.
		if _, err := s.Registry.ParsePath(EscapeTarget(k.App + "/" + k.ID)); err == nil {
			keys = append(keys, session.Key{ID: k.App + "/" + k.ID})
		}
	case a == nil:
	case rule == RuleStateServer:
		for _, id := range a.AppIDs {
			keys = append(keys, session.Key{ID: StateServerPath{rooted(id), StateServerHash(id), k.ID}.String()})
		}
	case rule == RuleRaw && len(s.Registry.apps) == 1:
		keys = append(keys, session.Key{ID: k.ID})
	case rule.Suffixed():
		keys = make([]session.Key, 0, len(a.suffixes[rule]))
		for _, suffix := range a.suffixes[rule] {
			keys = append(keys, session.Key{ID: spell(rule, k.ID, suffix)})
		}
	}
	if len(keys) == 0 {
		return nil, &UnknownApplicationError{k.App, rule}
	}
	return keys, nil
}
