package aspnetser

import (
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// members reads the members of a class instance by name and keeps which were read: the others are shown besides.
type members struct {
	v       nrbf.Value
	prefix  string // of the names, in a class derived from the one that is read
	wrapped int    // how many collections this one is inside of, as the only thing that they hold
	used    []bool

	index map[string]int // of names, in place of used, for whoever asks for many
}

// indexed returns the members for reading many of them.
func indexed(v nrbf.Value) members {
	index := make(map[string]int, v.Len())
	for i := range v.Len() {
		if v.Kind() == nrbf.KindClass {
			index[v.MemberName(i)] = i
		}
	}
	return members{v: v, index: index}
}

// under returns the members whose names begin so, by the rest of their names.
func (m members) under(prefix string) *members {
	m.prefix = prefix
	return &m
}

// get returns a member. Of members of one name the last counts.
func (m *members) get(name string) (nrbf.Value, bool) {
	if m.index != nil {
		i, ok := m.index[m.prefix+name]
		if !ok {
			return nrbf.Value{}, false
		}
		return m.v.At(i), true
	}
	for i := m.v.Len() - 1; i >= 0; i-- {
		if stored := m.v.MemberName(i); len(stored) == len(m.prefix)+len(name) && strings.HasPrefix(stored, m.prefix) &&
			stored[len(m.prefix):] == name {
			if m.used == nil {
				m.used = make([]bool, m.v.Len())
			}
			m.used[i] = true
			return m.v.At(i), true
		}
	}
	return nrbf.Value{}, false
}

// one returns the member of whichever of the names there is.
func (m *members) one(names ...string) (nrbf.Value, bool) {
	for _, name := range names {
		if v, ok := m.get(name); ok {
			return v, true
		}
	}
	return nrbf.Value{}, false
}

func (m *members) array(names ...string) (nrbf.Value, bool) {
	v, ok := m.one(names...)
	return v, ok && v.Kind() == nrbf.KindArray
}

// arrayOrNone returns an array; an empty one where the member is missing or null, as collections leave it when they are
// empty. The zero Value has length 0.
func (m *members) arrayOrNone(name string) (nrbf.Value, bool) {
	v, ok := m.get(name)
	return v, !ok || v.IsNull() || v.Kind() == nrbf.KindArray
}

func (m *members) int(name string) (int, bool) {
	v, ok := m.get(name)
	if !ok {
		return 0, false
	}
	n, ok := v.Int()
	if !ok || n != int64(int(n)) {
		return 0, false
	}
	return int(n), true
}

func (m *members) text(name string) (string, bool) {
	v, ok := m.get(name)
	if !ok {
		return "", false
	}
	return v.Text()
}

// skip marks members as read that say nothing to a person: version counters, hash sizes.
func (m *members) skip(names ...string) {
	for _, name := range names {
		m.get(name)
	}
}

// skipNull marks members as read that are null.
func (m *members) skipNull(names ...string) {
	for _, name := range names {
		if v, ok := m.v.Member(m.prefix + name); ok && v.IsNull() {
			m.skip(name)
		}
	}
}

// skipPrefix marks members as read whose names begin so.
func (m *members) skipPrefix(prefixes ...string) {
	if m.used == nil {
		m.used = make([]bool, m.v.Len())
	}
	for i := range m.used {
		for _, p := range prefixes {
			m.used[i] = m.used[i] || strings.HasPrefix(m.v.MemberName(i), p)
		}
	}
}

// skipClass marks members of a class as read, whatever their name is.
func (m *members) skipClass(name string) {
	for i, v := range m.v.All() {
		if definition(v.ClassName()) == name {
			m.used[i] = true
		}
	}
}

// comparer says how a collection compares, where it is not as usual.
func (m *members) comparer(names ...string) string {
	v, ok := m.one(names...)
	if inner, wraps := v.Member("keyComparer"); wraps { // of the pairs of a SortedDictionary
		v = inner
	}
	if !ok || v.Kind() != nrbf.KindClass {
		return ""
	}
	switch definition(v.ClassName()) {
	case "System.Collections.Generic.GenericEqualityComparer`1", "System.Collections.Generic.GenericComparer`1",
		"System.Collections.Generic.ObjectEqualityComparer`1", "System.Collections.Generic.ObjectComparer`1",
		"System.Collections.Generic.EnumEqualityComparer`1", "System.Collections.Generic.ByteEqualityComparer",
		"System.Collections.Generic.NonRandomizedStringEqualityComparer", "System.Collections.Comparer":
		return ""
	}
	if ignore, ok := v.Member("_ignoreCase"); ok {
		if on, ok := ignore.Bool(); ok && on {
			return tidyType(v.ClassName()) + " ignoring case"
		}
	}
	return tidyType(v.ClassName())
}

// maxTidied is how many members of a class are looked at as a programmer's. Classes with more are made to cost much.
const maxTidied = 4096

// rest returns the members that have not been read, and how many there are besides.
func (m *members) rest() (fields []fieldView, more int) {
	if m.used == nil {
		m.used = make([]bool, m.v.Len())
	}
	names := memberNames(m.v)
	for i, used := range m.used {
		switch {
		case used:
		case len(fields) == maxTidied:
			more++
		default:
			fields = append(fields, fieldView{name: names(i), view: ViewOf(m.v.At(i))})
		}
	}
	return fields, more
}

// memberNames gives the names to show: those of the source where they tell the members apart, and the base class before
// those of a base where not.
func memberNames(v nrbf.Value) func(i int) string {
	var count map[string]int
	if v.Len() > maxTidied {
		return v.MemberName
	}
	for i := range v.Len() {
		if strings.ContainsAny(v.MemberName(i), "+<@") {
			count = make(map[string]int)
			break
		}
	}
	if count == nil {
		return v.MemberName
	}
	for i := range v.Len() {
		base, name := tidyMember(v.MemberName(i))
		count[name]++
		count[base+"+"+name]++
	}
	return func(i int) string {
		stored := v.MemberName(i)
		base, name := tidyMember(stored)
		full := base + "+" + name
		switch {
		case count[name] == 1, base == "" && count[full] == 1:
			return name
		case base != "" && count[full] == 1:
			return full
		}
		return stored
	}
}

// objectShape is an instance member by member.
func objectShape(v nrbf.Value) shape {
	m := members{v: v}
	s := shape{kind: shapeObject, name: tidyType(v.ClassName())}
	s.fields, s.moreFields = m.rest()
	return s
}
