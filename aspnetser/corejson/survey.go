package corejson

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser"
)

// Survey finds out which classes a [Schema] needs for the values of many sessions, of which each shows its own part: a class gets
// the members that any of its objects has. Members whose types differ are left out, and with them whatever they alone lead to,
// so that each value that was carried when it was added has JSON under the Schema of all. It keeps names, never values.
//
// It is not safe for concurrent use.
type Survey struct {
	room    func() bool
	classes map[string]*surveyed // by full name
}

// NewSurvey makes a Survey. room is asked before another class is taken in, of which it keeps a few hundred bytes a member; a class for
// which there is no room is known to none of the types that need it.
func NewSurvey(room func() bool) *Survey {
	return &Survey{room: room, classes: map[string]*surveyed{}}
}

// Carried is what a Survey says of one value.
type Carried struct {
	Type string // under which it is carried, as C# spells it; "" under none
	Why  string // as of Carries

	// Local says that it has local dates in its graph, which a Schema does not convert without the zone of the web servers.
	Local bool
}

// Limits of what is kept of a class.
const (
	maxSurveyedMembers = 256
	maxSurveyedType    = 512 // bytes of a member's type
)

// surveyed is what was seen of a class.
type surveyed struct {
	name, library string
	over          string // of an enum
	isStruct      bool
	seen          bool // an object of it was; else its members are not known
	refused       string
	versions      bool // of its assembly, several

	members []*surveyedMember
	varies  bool   // not all objects have the same members, or not in the same order
	missing string // why new objects cannot be written, "" if they can
}

type surveyedMember struct {
	name, field, typ string
	null, filled     bool   // in some object
	leftOut          string // why, "" if it is not
	some             bool   // not all objects have it
}

// Add says how a value is carried, and takes its classes in if it is.
func (s *Survey) Add(v aspnetser.Value) Carried {
	in := newInference(v)
	t, why := in.carries(v)
	if t == nil {
		return Carried{Why: why}
	}
	s.nullable(t)
	for _, c := range in.order {
		s.class(in, c)
	}
	return Carried{strings.Clone(t.String()), strings.Clone(why), *in.zone.asked}
}

// class takes a class in as a value shows it.
func (s *Survey) class(in *inference, c *class) {
	was := s.classes[c.name]
	if was == nil {
		if !s.room() {
			return
		}
		was = &surveyed{name: strings.Clone(c.name), library: strings.Clone(c.library)}
		s.classes[was.name] = was
	}
	if !sameLibrary(was.library, c.library) {
		was.refuse("it is in " + assembly(was.library) + " and in " + assembly(c.library))
		return
	}
	was.versions = was.versions || was.library != c.library
	was.isStruct = was.isStruct || c.isStruct
	object := in.objects[typeName{c.name, c.library}]
	if object.IsNull() {
		return
	}
	first := !was.seen
	was.seen = true
	over := ""
	if c.over != nil {
		over = c.over.String()
	}
	if !first && was.over != over {
		was.refuse("it is an enum in some sessions and none in others, or over another type")
		return
	}
	was.over = over
	if was.missing == "" {
		was.missing = strings.Clone(in.missing[c])
	}
	s.members(in, c, was, first)
}

// members takes the members of a class in.
func (s *Survey) members(in *inference, c *class, was *surveyed, first bool) {
	known := make(map[string]*surveyedMember, len(was.members))
	for _, m := range was.members {
		known[m.name] = m
	}
	was.varies = was.varies || !first && len(c.members) != len(was.members)
	for i, m := range c.members {
		at := field{typeName{c.name, c.library}, m.field}
		s.nullable(m.typ)
		k := known[m.name]
		if k == nil {
			if len(was.members) == maxSurveyedMembers {
				was.refuse(fmt.Sprintf("it has more than %d members", maxSurveyedMembers))
				return
			}
			k = &surveyedMember{name: strings.Clone(m.name), field: strings.Clone(m.field), some: !first}
			was.members = append(was.members, k)
			known[k.name] = k
			if !utf8.ValidString(k.name) || !utf8.ValidString(k.field) {
				k.leaveOut("its name is no text")
			}
		}
		was.varies = was.varies || was.members[min(i, len(was.members)-1)] != k
		if k.field != m.field {
			k.leaveOut("it is stored in two places")
		}
		k.take(m.typ.String(), in.nulls[at], in.filled[at])
		delete(known, m.name)
	}
	for _, k := range known { // those that it lacks
		k.some = true
	}
}

// nullable notes that a class is a struct where it is nullable: its object, in a place of its own, does not show it.
func (s *Survey) nullable(t *Type) {
	for ; t != nil; t = t.of {
		if t.key != nil {
			s.nullable(t.key)
		}
		if t.kind != kindNullable || t.of.kind != kindClass {
			continue
		}
		t.of.class.isStruct = true
		if was := s.classes[t.of.class.name]; was != nil {
			was.isStruct = true
		}
	}
}

func (c *surveyed) refuse(why string) {
	if c.refused == "" {
		c.refused = why
	}
}

func (m *surveyedMember) leaveOut(why string) {
	if m.leftOut == "" {
		m.leftOut = why
	}
}

// take brings the type of a member together with what it was so far. Where all objects of a value have null there, any type will do
// that takes null; .NET declares what is not null with its own class.
func (m *surveyedMember) take(typ string, null, filled bool) {
	m.null = m.null || null
	switch was, isNull := strings.TrimSuffix(m.typ, "?"), strings.TrimSuffix(typ, "?"); {
	case len(typ) > maxSurveyedType:
		m.leaveOut("the name of its type is too long")
	case m.typ == "", filled && !m.filled && was != isNull:
		m.typ = strings.Clone(typ)
	case was == isNull && len(typ) > len(m.typ): // the nullable of it
		m.typ = strings.Clone(typ)
	case was != isNull && filled:
		m.leaveOut("it is " + m.typ + " in some sessions, and " + strings.Clone(typ) + " in others")
	}
	m.filled = m.filled || filled
}

// assembly names one for people.
func assembly(library string) string {
	if library == "" {
		return "the core library"
	}
	name, _, _ := strings.Cut(library, ",")
	return shownName(name)
}
