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

// read returns a member that is as wanted, and marks it as read. Of members of one name the last counts.
func (m *members) read(name string, wanted func(v nrbf.Value) bool) (nrbf.Value, bool) {
	i := m.find(name)
	if i < 0 || !wanted(m.v.At(i)) {
		return nrbf.Value{}, false
	}
	if m.index == nil {
		if m.used == nil {
			m.used = make([]bool, m.v.Len())
		}
		m.used[i] = true
	}
	return m.v.At(i), true
}

func (m *members) find(name string) int {
	if m.index != nil {
		if i, ok := m.index[m.prefix+name]; ok {
			return i
		}
		return -1
	}
	for i := m.v.Len() - 1; i >= 0; i-- {
		if stored := m.v.MemberName(i); len(stored) == len(m.prefix)+len(name) && strings.HasPrefix(stored, m.prefix) &&
			stored[len(m.prefix):] == name {
			return i
		}
	}
	return -1
}

func anything(nrbf.Value) bool  { return true }
func isArray(v nrbf.Value) bool { return v.Kind() == nrbf.KindArray }

func (m *members) get(name string) (nrbf.Value, bool) { return m.read(name, anything) }

// one returns the member of whichever of the names there is.
func (m *members) one(names ...string) (v nrbf.Value, ok bool) {
	for _, name := range names {
		if v, ok = m.get(name); ok {
			break
		}
	}
	return v, ok
}

// array returns the member of whichever of the names is an array.
func (m *members) array(names ...string) (v nrbf.Value, ok bool) {
	for _, name := range names {
		if v, ok = m.read(name, isArray); ok {
			break
		}
	}
	return v, ok
}

// arrayOrNone returns an array; an empty one where the member is missing or null, as collections leave it when they are
// empty. The zero Value has length 0.
func (m *members) arrayOrNone(name string) (v nrbf.Value, ok bool) {
	v, ok = m.read(name, func(v nrbf.Value) bool { return v.IsNull() || isArray(v) })
	return v, ok || m.find(name) < 0
}

func (m *members) int(name string) (n int, ok bool) {
	_, ok = m.read(name, func(v nrbf.Value) bool {
		wide, ok := v.Int()
		n = int(wide)
		return ok && wide == int64(n)
	})
	return n, ok
}

func (m *members) text(name string) (text string, ok bool) {
	_, ok = m.read(name, func(v nrbf.Value) (ok bool) {
		text, ok = v.Text()
		return ok
	})
	return text, ok
}

// skip marks members as read that say nothing to a person, version counters and hash sizes, unless they are more than a
// number.
func (m *members) skip(names ...string) {
	for _, name := range names {
		m.read(name, func(v nrbf.Value) bool { return v.IsNull() || v.Kind() == nrbf.KindPrimitive })
	}
}

// skipAny marks members as read that say nothing to a person, although they may be objects.
func (m *members) skipAny(names ...string) {
	for _, name := range names {
		m.get(name)
	}
}

// skipNull marks members as read that are null.
func (m *members) skipNull(names ...string) {
	for _, name := range names {
		m.read(name, nrbf.Value.IsNull)
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
	if m.used == nil {
		m.used = make([]bool, m.v.Len())
	}
	for i, v := range m.v.All() {
		m.used[i] = m.used[i] || v.Kind() == nrbf.KindClass && definition(v.ClassName()) == name
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
