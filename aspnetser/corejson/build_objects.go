package corejson

import (
	"fmt"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

func (b *builder) pair(t *Type, names map[string]int32, from template) (any, error) {
	key, err := b.part("Key", t.key, names, from, "key")
	if err != nil {
		return nil, err
	}
	value, err := b.part("Value", t.of, names, from, "value")
	if err != nil {
		return nil, err
	}
	return nrbf.KeyValuePairType(b.typ(t.key), b.typ(t.of)).New(key, value), nil
}

// part returns a member; what JSON lacks is null or 0, as where nothing was assigned.
func (b *builder) part(name string, t *Type, names map[string]int32, from template, field string) (any, error) {
	b.path.member(name)
	var made any
	var err error
	if at, ok := names[name]; !ok {
		made, err = b.zero(t)
	} else {
		var of template
		if of.v, ok = from.v.Member(field); ok {
			of.node = b.old.byName(from.node)[name]
		}
		made, err = b.value(t, at, of)
	}
	if err == nil {
		b.path.back()
	}
	return made, err
}

// class makes an object of a class, of the stored one if there is one.
func (b *builder) class(t *Type, i int32, from template) (any, error) {
	names := b.doc.byName(i)
	if from.v.IsNull() {
		return b.newObject(t, names)
	}
	made := &nrbf.Instance{Class: b.rebuild.Class(from.v), Values: make([]any, from.v.Len())}
	b.keep(i, from, made)
	olds := b.old.byName(from.node)
	fields := map[string]*member{}
	for _, m := range t.class.members {
		if m.name == "" {
			continue
		}
		fields[m.field] = m
		if _, ok := from.v.Member(m.field); !ok {
			if at, ok := names[m.name]; ok && !b.doc.equal(at, b.old, olds[m.name]) {
				b.path.member(m.name)
				return nil, b.path.unconvertible("the stored object has no field for it")
			}
		}
	}
	for at := range made.Values {
		m := fields[from.v.MemberName(at)]
		if m == nil {
			b.kept = append(b.kept, keptField{made, at, from.v.At(at)})
			continue
		}
		var err error
		b.path.member(m.name)
		if node, ok := names[m.name]; ok {
			made.Values[at], err = b.value(m.typ, node, template{from.v.At(at), olds[m.name]})
		} else {
			made.Values[at], err = b.zero(m.typ)
		}
		if err != nil {
			return nil, err
		}
		b.path.back()
	}
	return made, nil
}

// newObject makes an object that is not stored yet.
func (b *builder) newObject(t *Type, names map[string]int32) (any, error) {
	layout, err := b.layout(t)
	if err != nil {
		return nil, err
	}
	made := layout.New(make([]any, len(layout.Members))...)
	for at, m := range t.class.members {
		var err error
		b.path.member(m.name)
		if node, ok := names[m.name]; ok && m.name != "" {
			made.Values[at], err = b.value(m.typ, node, template{})
		} else {
			made.Values[at], err = b.zero(m.typ)
		}
		if err != nil {
			return nil, err
		}
		b.path.back()
	}
	return made, nil
}

func (b *builder) layout(t *Type) (*nrbf.ClassType, error) {
	if !t.class.complete {
		return nil, b.path.unconvertible(fmt.Sprintf("a new object of %s, of which not all fields are known", t))
	}
	if known := b.layouts[t.class]; known != nil {
		return known, nil
	}
	c := &nrbf.ClassType{Name: t.class.name, Library: b.library(t.class), ValueType: t.class.isStruct}
	for _, m := range t.class.members {
		c.Members = append(c.Members, nrbf.MemberDecl{Name: m.field, Type: b.typ(m.typ)})
	}
	b.layouts[t.class] = c
	return c, nil
}

// zero returns what a field holds to which nothing was assigned.
func (b *builder) zero(t *Type) (any, error) {
	switch {
	case t.TakesNull():
		return nil, nil
	case t.scalar():
		return t.value(scalar{}), nil
	case t.kind == kindEnum:
		return b.typ(t).(*nrbf.ClassType).New(t.of.value(scalar{})), nil
	case t.kind == kindPair:
		return b.pair(t, nil, template{})
	}
	return b.newObject(t, nil)
}
