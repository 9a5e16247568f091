package nrbf

import (
	"unicode/utf8"
)

// className tells classes apart.
type className struct{ name, library string }

// layout is what the encoder has found out about a ClassType of which there are instances.
type layout struct {
	class   *ClassType
	self    *declared
	members []*declared
	record  int32 // id of the class record, once there is one that instances can name
}

// layout looks a class up. It fails and returns nil if it is none.
func (e *encoder) layout(c *ClassType) *layout {
	if l := e.classes[c]; l != nil {
		return l
	}
	l := &layout{class: c, self: e.declared(c), members: make([]*declared, len(c.Members))}
	if l.self == nil {
		return nil
	}
	seen := make(map[string]bool, len(c.Members))
	for i, m := range c.Members {
		if !utf8.ValidString(m.Name) {
			e.fail("class %s: the name of member %d is not UTF-8", c.Name, i)
			return nil
		}
		if seen[m.Name] {
			e.fail("class %s: two members are called %s", c.Name, QuoteCut(m.Name, 40))
			return nil
		}
		seen[m.Name] = true
		if l.members[i] = e.declared(m.Type); l.members[i] == nil {
			return nil
		}
	}
	e.classes[c] = l
	return l
}

// same says whether instances of both can share a class record.
func (l *layout) same(other *layout) bool {
	if len(l.members) != len(other.members) {
		return false
	}
	for i, m := range l.members {
		if !m.is(other.members[i]) || l.class.Members[i].Name != other.class.Members[i].Name {
			return false
		}
	}
	return true
}

// instance writes the record of an instance and begins its members.
func (e *encoder) instance(o *Instance, id int32) {
	l := e.layout(o.Class)
	if l == nil {
		return
	}
	if len(o.Values) != len(l.members) {
		e.fail("%d values for the %d members of %s", len(o.Values), len(l.members), o.Class.Name)
		return
	}
	e.levels = append(e.levels, level{object: o, n: len(l.members), members: l.members})
	e.library(l.self.library)
	if !e.values(o, l) {
		return
	}
	if e.template(l); l.record == 0 {
		e.class(o, l, id)
		return
	}
	e.dst = append(e.dst, recordClassWithID)
	e.i32(id)
	e.i32(l.record)
}

// values sees to it that the values fit, and that the libraries of their types stand before the instance.
func (e *encoder) values(o *Instance, l *layout) bool {
	e.actual = e.actual[:0]
	top := &e.levels[len(e.levels)-1]
	for i, d := range l.members {
		top.next = i + 1 // for the path of an error
		actual := e.fits(d, dropNil(o.Values[i]), false)
		if actual == nil {
			return false
		}
		e.actual = append(e.actual, actual)
		if d.kind != declaredPrimitive && d.kind != declaredString {
			e.library(actual.library)
		}
	}
	top.next = 0
	return true
}

// template looks for a class record that instances of this layout can name. It is the first of the class or none: .NET
// remembers no second one, and writes the class again where the first has other members.
func (e *encoder) template(l *layout) {
	if l.record != 0 {
		return
	}
	first := e.written[className{l.self.name, l.self.library}]
	switch {
	case first == nil:
	case first.self.kind != l.self.kind:
		e.fail("%s is a struct here and a class elsewhere, or the reverse", l.self.name)
	case first.same(l):
		l.record = first.record
	}
}

// class writes a class record, [MS-NRBF] 2.3.2.1 and 2.3.2.3.
func (e *encoder) class(o *Instance, l *layout, id int32) {
	name := className{l.self.name, l.self.library}
	if e.written[name] == nil {
		e.written[name] = l
		l.record = id
	}
	record := byte(recordClass)
	if l.self.library == "" {
		record = recordSystemClass
	}
	e.dst = append(e.dst, record)
	e.i32(id)
	e.string(l.self.name)
	e.i32(int32(len(l.members)))
	for i := range o.Class.Members {
		e.string(o.Class.Members[i].Name)
	}
	for i, d := range l.members {
		e.dst = append(e.dst, e.declKind(d, i, o))
	}
	for i, d := range l.members {
		e.declInfo(d, e.declKind(d, i, o), e.actual[i])
	}
	if l.self.library != "" {
		e.i32(e.libraryID(l.self.library))
	}
}

// declKind returns the kind under which .NET declares member i of the class record that it writes for o: of members of
// classes and interfaces the class that the value has, not the one that the field has.
func (e *encoder) declKind(d *declared, i int, o *Instance) byte {
	if d.kind == declaredObject {
		if v, ok := o.Values[i].(*Instance); ok && v != nil && v.Class.ISerializable {
			return e.actual[i].classKind()
		}
	}
	return d.declKind(e.actual[i])
}

// declKind returns the kind under which members and elements of the type are declared; actual is the type of the value.
func (d *declared) declKind(actual *declared) byte {
	switch d.kind {
	case declaredPrimitive:
		return declPrimitive
	case declaredString:
		return declString
	case declaredObject:
		return declObject
	case declaredArray:
		if d.rank != 1 {
			break
		}
		switch d.elem.kind {
		case declaredString:
			return declStringArray
		case declaredObject:
			return declObjectArray
		case declaredPrimitive:
			// Not for those that are no primitives to the CLR (fixture o-list-int).
			switch d.elem.code {
			case PrimitiveDecimal, PrimitiveDateTime, PrimitiveTimeSpan:
			default:
				return declPrimitiveArray
			}
		}
	}
	return actual.classKind()
}

func (d *declared) classKind() byte {
	if d.library == "" {
		return declSystemClass
	}
	return declClass
}

// declInfo writes what a declaration of this kind says besides the kind.
func (e *encoder) declInfo(d *declared, kind byte, actual *declared) {
	switch kind {
	case declPrimitive:
		e.dst = append(e.dst, byte(d.code))
	case declPrimitiveArray:
		e.dst = append(e.dst, byte(d.elem.code))
	case declSystemClass:
		e.string(actual.name)
	case declClass:
		e.string(actual.name)
		e.i32(e.libraryID(actual.library))
	}
}

// inPlace writes a struct where it stands.
func (e *encoder) inPlace(o *Instance) {
	if n := len(e.levels); n >= 64 && n&(n-1) == 0 && e.nestsItself() {
		e.fail("struct that contains itself")
		return
	}
	e.instance(o, -e.countID())
}

// nestsItself says whether a struct stands inside of itself, which only places of an interface make possible.
func (e *encoder) nestsItself() bool {
	seen := make(map[any]bool, len(e.levels))
	for i := range e.levels {
		if seen[e.levels[i].object] {
			return true
		}
		seen[e.levels[i].object] = true
	}
	return false
}
