package corejson

import (
	"fmt"
	"strings"
	"time"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Class is a class, struct or enum of the application, as its assembly for .NET Framework has it.
type Class struct {
	Name    string // full .NET name: Demo.Cart, Demo.Cart+Line
	Library string // full name of its assembly, as streams have it: Demo, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null

	// Members are those in JSON, in the order in which they are written, and with an empty Name others that are stored.
	Members []Member

	// Complete says that Members are all fields that .NET serializes, in its order, so that new objects can be written. Where
	// it is not set only stored objects can be changed.
	Complete bool

	Struct bool   // a struct
	Enum   string // of an enum the type it is over, int as a rule; it has no Members
}

// Member is a property of a Class, and where it is stored.
type Member struct {
	Name  string // in JSON: the name of the property; "" for a field that JSON has not, which keeps what is stored
	Type  string // as ParseType reads it
	Field string // the stored member, such as m_name or Base+m_name; by default the backing field of an auto-property
}

// Schema is what is known of the classes of an application. It never changes and may be used concurrently.
type Schema struct {
	classes []*class
	byName  map[string][]*class // full names, also with . for +, and the last part alone
	zone    *zone
}

type class struct {
	name, library string
	members       []*member
	complete      bool
	isStruct      bool
	over          *Type // of an enum
}

type member struct {
	name, field string
	json        []byte // "name":
	typ         *Type
}

// NewSchema checks classes and makes a Schema of them. Members may be of any class in it. The zone is that of the clocks of the
// web servers, by which local DateTimes in graphs get an offset and dates with an offset a place; nil if it is not known,
// and then these are not converted.
func NewSchema(classes []Class, webServers *time.Location) (*Schema, error) {
	s := &Schema{byName: map[string][]*class{}, zone: &zone{web: webServers}}
	for _, c := range classes {
		if err := s.add(c); err != nil {
			return nil, fmt.Errorf("class %q: %w", c.Name, err)
		}
	}
	for i, c := range classes { // before there are members that are such enums
		if err := s.classes[i].enum(c.Enum); err != nil {
			return nil, fmt.Errorf("class %q: %w", c.Name, err)
		}
	}
	for i, c := range classes {
		if err := s.fill(s.classes[i], c); err != nil {
			return nil, fmt.Errorf("class %q: %w", c.Name, err)
		}
	}
	for _, c := range s.classes {
		if c.isStruct && c.holds(c, map[*class]bool{}) {
			return nil, fmt.Errorf("class %q: a struct that contains itself", c.name)
		}
	}
	return s, nil
}

func (s *Schema) add(c Class) error {
	n, rest, ok := parseDotNet(c.Name)
	switch {
	case !ok || rest != "" || n.args != nil || n.rank != 0 || strings.Contains(c.Name, "`"):
		return fmt.Errorf("no full name of a class that is not generic")
	case isTaken(strings.ReplaceAll(c.Name, "+", ".")):
		return fmt.Errorf("its name is that of another type")
	case c.Enum != "" && (c.Members != nil || c.Struct):
		return fmt.Errorf("an enum with members")
	}
	for _, other := range s.classes {
		if other.name == c.Name {
			return fmt.Errorf("it is there twice")
		}
	}
	known := &class{name: c.Name, library: c.Library, complete: c.Complete, isStruct: c.Struct}
	s.classes = append(s.classes, known)
	dotted := strings.ReplaceAll(c.Name, "+", ".")
	names := []string{c.Name}
	if dotted != c.Name {
		names = append(names, dotted)
	}
	if last := dotted[strings.LastIndexByte(dotted, '.')+1:]; last != dotted {
		names = append(names, last)
	}
	for _, name := range names {
		s.byName[name] = append(s.byName[name], known)
	}
	return nil
}

// enum makes the class one over a type, unless that is "".
func (c *class) enum(over string) error {
	if over == "" {
		return nil
	}
	t, err := ParseType(over)
	if err == nil && !t.isInteger() {
		err = fmt.Errorf("an enum over %s", t)
	}
	c.over = t
	return err
}

func (s *Schema) fill(known *class, c Class) error {
	fields, names := map[string]bool{}, map[string]bool{}
	for _, m := range c.Members {
		t, err := s.ParseType(m.Type)
		if err != nil {
			return fmt.Errorf("member %q: %w", m.Name+m.Field, err)
		}
		field := m.Field
		if field == "" && m.Name != "" {
			field = nrbf.BackingField(m.Name)
		}
		switch {
		case field == "":
			return fmt.Errorf("a member without a name")
		case fields[field] || m.Name != "" && names[m.Name]:
			return fmt.Errorf("member %q is there twice", m.Name+m.Field)
		}
		fields[field], names[m.Name] = true, true
		known.members = append(known.members, &member{m.Name, field, append(appendString(nil, m.Name), ':'), t})
	}
	return nil
}

// holds says whether a struct has a field of another, in place; seen are those that were looked into.
func (c *class) holds(what *class, seen map[*class]bool) bool {
	for _, m := range c.members {
		t := m.typ
		if t.kind == kindNullable {
			t = t.of
		}
		switch {
		case t.kind != kindClass || !t.class.isStruct:
		case t.class == what:
			return true
		case !seen[t.class]:
			seen[t.class] = true
			if t.class.holds(what, seen) {
				return true
			}
		}
	}
	return false
}

// find returns the class of a name, with the assembly that it has to be in unless that is "".
func (s *Schema) find(name, library string) (*class, error) {
	var found []*class
	if s != nil {
		for _, c := range s.byName[name] {
			if library == "" || sameLibrary(c.library, library) {
				found = append(found, c)
			}
			if c.name == name && library == "" {
				return c, nil // the full name wins over the last part of others
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no type %q is known", name)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%q may be %s or %s", name, found[0].name, found[1].name)
}

// sameLibrary compares assemblies by their simple names: which version a type comes from is for the binder of .NET to say.
func sameLibrary(a, b string) bool {
	a, _, _ = strings.Cut(a, ",")
	b, _, _ = strings.Cut(b, ",")
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
