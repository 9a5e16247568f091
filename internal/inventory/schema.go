package inventory

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// schema is what is known of the classes of the applications.
type schema struct {
	classes map[string]*Class // by identity
	seed    maphash.Seed
	seeded  bool
	limit   func(format string, a ...any)

	stands map[string]bool   // declared types, by identity, for which instances of other classes stand
	enums  map[string]string // .NET's own enums, and the types under them
	names  map[string]string // of the classes in Go, by identity
}

// observe takes an instance in, and says what would break.
func (s *schema) observe(v nrbf.Value) (found breaks) {
	t := parseType(v.ClassName(), v.Library())
	id := t.identity()
	c := s.classes[id]
	if c == nil {
		if len(s.classes) >= maxClasses {
			s.limit("more than %d classes: of the others no members are known", maxClasses)
			return 0
		}
		c = &Class{stored: strings.Clone(v.ClassName()), Name: t.full(), Assembly: t.assembly, index: map[string]int{}, forms: map[uint64]bool{}, parsed: t, Members: []Member{}}
		s.classes[id] = c
	}
	c.Instances++
	if t.assembly != c.Assembly && len(c.Versions) < maxVersions {
		if len(c.Versions) == 0 {
			c.Versions = []string{c.Assembly}
		}
		if !slices.Contains(c.Versions, t.assembly) {
			c.Versions = append(c.Versions, t.assembly)
		}
	}
	if v.InPlace() {
		c.ValueType = true
	}
	if isEnum(v) {
		c.ValueType, c.Enum = true, v.At(0).Primitive().String()
		return 0
	}
	if s.form(c, v) {
		found |= breakVaries.set()
	}
	for i, m := range v.All() {
		found |= s.member(c, v, i, m)
	}
	if c.extends == "" {
		c.extends = extends(v)
	}
	if c.extends != "" {
		found |= breakDerived.set()
	}
	return found
}

// form says whether the instance has other members than the first one of its class.
func (s *schema) form(c *Class, v nrbf.Value) bool {
	if !s.seeded {
		s.seed, s.seeded = maphash.MakeSeed(), true
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	for i := range v.Len() {
		h.WriteString(v.MemberName(i))
		h.WriteByte(0)
	}
	sum := h.Sum64()
	if len(c.forms) == 0 {
		c.forms[sum] = true // the first
	} else if !c.forms[sum] {
		c.Varies = true
		return true
	}
	return false
}

func (s *schema) member(c *Class, v nrbf.Value, i int, value nrbf.Value) (found breaks) {
	name := v.MemberName(i)
	at, known := c.index[name]
	declared, library := v.MemberType(i)
	if !known {
		if len(c.Members) >= maxMembers {
			s.limit("more than %d members of one class: the others are left out", maxMembers)
			return 0
		}
		name = strings.Clone(name)
		t := parseType(declared, library)
		at = len(c.Members)
		c.index[name] = at
		c.Members = append(c.Members, Member{Name: name, Type: t.csharp(true), declared: t})
	}
	m := &c.Members[at]
	m.seen++
	if value.IsNull() {
		m.Nulls = true
		m.guessed = m.guessed || !known
	} else {
		found |= m.declare(declared, library)
	}
	if value.Kind() == nrbf.KindClass && value.ClassName() != declared && !strings.HasPrefix(declared, nullablePrefix) {
		m.disagrees = true
	}
	_, field := cutBase(name)
	switch _, property := backed(field); {
	case property:
	case !isIdentifier(field):
		found |= breakSelf.set()
	default:
		found |= breakPrivate.set()
	}
	return found
}

const nullablePrefix = "System.Nullable`1"

// declare takes in what a member is declared with, of a value that is not null. .NET writes the type of the first value of a
// stream, and that of the field only where this is null: so what a null was declared with counts until there is another.
func (m *Member) declare(declared, library string) (found breaks) {
	if m.declared.name == declared && !m.guessed {
		return 0
	}
	t := parseType(declared, library)
	was := m.declared
	switch {
	case was.name == nullablePrefix && len(was.args) == 1 && was.args[0].identity() == t.identity(): // a T? that has a value
		m.guessed = false
	case m.guessed && was.name != "System.Object":
		m.declared, m.Type, m.guessed = t, t.csharp(true), false
	case t.name == nullablePrefix && len(t.args) == 1 && t.args[0].identity() == was.identity():
		m.declared, m.Type = t, t.csharp(true)
	case was.identity() != t.identity():
		m.disagrees = true
		found |= breakObject.set()
	}
	return found
}

// enum notes an enum of .NET.
func (s *schema) enum(v nrbf.Value) {
	if s.enums == nil {
		s.enums = map[string]string{}
	}
	if len(s.enums) < maxMembers {
		s.enums[strings.Clone(v.ClassName())] = v.At(0).Primitive().String()
	}
}

// standsFor notes that instances of another class stand where a type is declared.
func (s *schema) standsFor(declared, library string) {
	if len(s.stands) >= maxClasses {
		return
	}
	if s.stands == nil {
		s.stands = map[string]bool{}
	}
	s.stands[parseType(declared, library).identity()] = true
}

func (s *schema) finish() []*Class {
	all := []*Class{}
	for _, c := range s.classes {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Class) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Assembly, b.Assembly)) })
	s.nameClasses(all, names{"Types": true})
	for _, c := range all {
		c.goName = s.goName(c.parsed)
		for i := range c.Members {
			m := &c.Members[i]
			m.Optional = m.seen < c.Instances
			m.goType, m.goOption = s.goType(m.declared)
			if m.disagrees {
				m.goType, m.goOption = "any", ""
			}
			if m.Nulls {
				m.goType = orNull(m.goType)
			}
		}
	}
	return all
}

const backingSuffix = ">k__BackingField"

// backed returns the property that a member backs.
func backed(member string) (property string, ok bool) {
	if strings.HasPrefix(member, "<") && strings.HasSuffix(member, backingSuffix) {
		return member[1 : len(member)-len(backingSuffix)], true
	}
	return "", false
}

// cutBase takes the name of the base class off that .NET puts in front of its private fields.
func cutBase(member string) (base, field string) {
	if i := strings.LastIndexByte(member, '+'); i > 0 {
		return member[:i], member[i+1:]
	}
	return "", member
}

// collections are .NET's collections by the members that classes derived from them have of them, and what they become in Go.
var collections = map[string]string{
	"List`1+_items": "[]any", "ArrayList+_items": "[]any", "Collection`1+items": "[]any", "ReadOnlyCollection`1+list": "[]any",
	"CollectionBase+list": "[]any", "ReadOnlyCollectionBase+list": "[]any", "Queue`1+_array": "[]any", "Stack`1+_array": "[]any",
	"Queue+_array": "[]any", "Stack+_array": "[]any", "DictionaryBase+hashtable": "[]nrbf.Pair",
	"SortedList`2+keys": "[]nrbf.Pair", "SortedList+keys": "[]nrbf.Pair", "SortedDictionary`2+_set": "[]nrbf.Pair",
}

// signatures are the members of .NET's collections that serialize themselves, and so do classes derived from them.
var signatures = []struct{ members, becomes string }{
	{"Version Comparer HashSize", "[]nrbf.Pair"},
	{"LoadFactor Version HashSize Keys Values", "[]nrbf.Pair"},
	{"Version Comparer Capacity", "[]any"},
	{"ReadOnly Count Keys Values Version", "map[string][]string"},
}

// extends says what Go type takes the contents of a class that derives from a collection; "" where it derives from none.
func extends(v nrbf.Value) string {
	for i := range v.Len() {
		if becomes := collections[v.MemberName(i)]; becomes != "" {
			return becomes
		}
	}
next:
	for _, s := range signatures {
		for name := range strings.SplitSeq(s.members, " ") {
			if !has(v, name) {
				continue next
			}
		}
		return s.becomes
	}
	return ""
}
