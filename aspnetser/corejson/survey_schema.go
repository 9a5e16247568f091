package corejson

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Found is a class that a [Survey] has found.
type Found struct {
	Class
	Notes []string // for people: what of it is not known or left out, and why
}

// Schema returns the classes that a Schema needs for types, in the order of their names, and why others have none. NewSchema takes
// the classes, and what it makes of them parses all types that are not refused. Reasons name types and members.
func (s *Survey) Schema(types []string) (classes []Found, refused map[string]string) {
	d := s.draft()
	refused = map[string]string{}
	needed := map[*class]bool{}
	for _, text := range types {
		t, err := d.schema.ParseType(text)
		if err != nil {
			refused[text] = err.Error()
			continue
		}
		if c := d.bad(t); c != nil {
			refused[text] = shownClass(c) + ": " + d.refused[c]
			continue
		}
		need(t, needed)
	}
	for c := range needed {
		classes = append(classes, d.found(c))
	}
	slices.SortFunc(classes, func(a, b Found) int { return strings.Compare(a.Name, b.Name) })
	return classes, refused
}

func shownClass(c *class) string { return strings.ReplaceAll(shownName(c.name), "+", ".") }

// draft is a Schema that is being made of a Survey.
type draft struct {
	schema  *Schema
	of      map[*class]*surveyed
	refused map[*class]string
	left    map[*class][]string // what was left out of a class
	users   map[*class][]*class // by what they have members of
}

// draft makes a Schema of all classes, and then takes out what cannot be in it.
func (s *Survey) draft() *draft {
	d := &draft{
		schema: &Schema{byName: map[string][]*class{}, zone: noZone}, of: map[*class]*surveyed{}, refused: map[*class]string{},
		left: map[*class][]string{}, users: map[*class][]*class{},
	}
	for _, name := range slices.Sorted(maps.Keys(s.classes)) {
		was := s.classes[name]
		if d.schema.add(Class{Name: was.name, Library: was.library, Struct: was.isStruct && was.over == ""}) != nil {
			continue // no type has such a name, and so none leads there
		}
		c := d.schema.classes[len(d.schema.classes)-1]
		d.of[c] = was
		c.enum(was.over)
	}
	for _, c := range d.schema.classes {
		d.fill(c)
	}
	var bad []*class
	refuse := func(c *class, why string) {
		if d.refused[c] == "" {
			d.refused[c] = why
			bad = append(bad, c)
		}
	}
	for _, c := range d.schema.classes {
		if was := d.of[c]; was.refused != "" {
			refuse(c, was.refused)
		} else if !utf8.ValidString(c.name) || !utf8.ValidString(c.library) {
			refuse(c, "its name is no text")
		} else if other, err := d.schema.find(strings.ReplaceAll(c.name, "+", "."), ""); err != nil || other != c {
			refuse(c, "C# spells another class as it")
			if err == nil {
				refuse(other, "C# spells another class as it")
			}
		} else if !was.seen {
			refuse(c, "no object of it was seen, so that its members are not known")
		} else if len(c.members) == 0 && len(was.members) > 0 {
			refuse(c, "none of its members can be told")
		} else if c.isStruct && c.holds(c, map[*class]bool{}) {
			refuse(c, "a struct that contains itself")
		}
	}
	for len(bad) > 0 { // who has members of it goes without them, and may have none then
		c := bad[0]
		bad = bad[1:]
		for _, user := range d.users[c] {
			if d.without(user, c); len(user.members) == 0 {
				refuse(user, "none of its members can be told")
			}
		}
	}
	return d
}

// fill gives a class the members whose types are known.
func (d *draft) fill(c *class) {
	for _, m := range d.of[c].members {
		t, err := d.schema.ParseType(m.typ)
		why := m.leftOut
		if why == "" && err != nil {
			why = "no class that can be told is its type"
		}
		if why != "" {
			d.leave(c, m.name, why)
			continue
		}
		if m.null && !t.TakesNull() { // no .NET writes this
			t = &Type{kind: kindNullable, of: t, zone: noZone}
		}
		c.members = append(c.members, &member{name: m.name, field: m.field, typ: t})
		t.classes(func(of *class) {
			if u := d.users[of]; len(u) == 0 || u[len(u)-1] != c {
				d.users[of] = append(u, c)
			}
		})
	}
}

func (d *draft) leave(c *class, member, why string) {
	d.left[c] = append(d.left[c], shownName(member)+" is left out: "+why)
}

// without takes the members out that lead to a class.
func (d *draft) without(c, bad *class) {
	c.members = slices.DeleteFunc(c.members, func(m *member) bool {
		leads := false
		m.typ.classes(func(of *class) { leads = leads || of == bad })
		if leads {
			d.leave(c, m.name, shownClass(bad)+": "+d.refused[bad])
		}
		return leads
	})
}

// classes calls f with the classes that a type names.
func (t *Type) classes(f func(*class)) {
	for ; t != nil; t = t.of {
		if t.key != nil {
			t.key.classes(f)
		}
		if t.class != nil {
			f(t.class)
		}
	}
}

// bad returns a class of a type that is refused, nil if there is none.
func (d *draft) bad(t *Type) (bad *class) {
	t.classes(func(c *class) {
		if d.refused[c] != "" {
			bad = c
		}
	})
	return bad
}

// need adds the classes that a type leads to.
func need(t *Type, needed map[*class]bool) {
	t.classes(func(c *class) {
		if needed[c] {
			return
		}
		needed[c] = true
		for _, m := range c.members {
			need(m.typ, needed)
		}
	})
}

// found is a class with what is to be said of it.
func (d *draft) found(c *class) Found {
	was := d.of[c]
	f := Found{Class: Class{Name: c.name, Library: c.library, Struct: c.isStruct, Enum: was.over}, Notes: []string{}}
	if was.over != "" {
		return f
	}
	var some []string
	for _, m := range was.members {
		if m.some {
			some = append(some, shownName(m.name))
		}
	}
	switch {
	case len(some) > 0:
		f.Notes = append(f.Notes, "not all objects have "+strings.Join(some, ", ")+": what is not there is null or 0 in JSON, and no new objects are written")
	case was.varies:
		f.Notes = append(f.Notes, "the order of its members differs: no new objects are written")
	case was.missing != "":
		f.Notes = append(f.Notes, "no new objects are written: "+was.missing)
	}
	f.Notes = append(f.Notes, d.left[c]...)
	f.Complete = len(f.Notes) == 0
	if was.versions {
		f.Notes = append(f.Notes, "there are several versions of its assembly: this one was seen first")
	}
	for _, m := range c.members {
		at := ""
		if m.field != nrbf.BackingField(m.name) {
			at = m.field
		}
		f.Members = append(f.Members, Member{m.name, m.typ.String(), at})
	}
	return f
}
