package corejson

import (
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// sequence is the elements of an array, a List or a HashSet.
type sequence struct {
	array nrbf.Value
	n     int
}

func (q sequence) at(i int) nrbf.Value { return q.array.At(i) }

// elements returns what an array, a List or a HashSet has. package nrbf would do it, too; here it costs nothing for each of
// many small lists.
func (t *Type) elements(v nrbf.Value) (q sequence, sound bool) {
	switch t.kind {
	case kindArray:
		return sequence{v, v.Len()}, true
	case kindList:
		size, _ := v.Member("_size")
		n, ok := size.Int()
		q.array, _ = v.Member("_items")
		q.n = int(n)
		return q, ok && q.array.Kind() == nrbf.KindArray && n >= 0 && n <= int64(q.array.Len())
	}
	q.array, _ = v.Member("Elements") // none where the set is empty
	q.n = q.array.Len()
	return q, q.array.IsNull() || q.array.Kind() == nrbf.KindArray
}

// contradictory is said of collections that no program wrote.
const contradictory = "a collection whose members contradict each other"

func (w *writer) list(t *Type, v nrbf.Value) error {
	if t.of.kind == kindChar { // of which At counts the characters before it
		var chars []nrbf.Char
		if err := nrbf.Unmarshal(v, &chars); err != nil {
			return w.fail(contradictory)
		}
		return w.elements(len(chars), func(i int) error { return w.scalar(t.of, scalar{bits: uint64(chars[i])}, "") })
	}
	if t.kind == kindHashSet && w.once != nil && !isDefault(v) {
		return w.fail("a comparer that JSON would lose")
	}
	all, sound := t.elements(v)
	if !sound {
		return w.fail(contradictory)
	}
	return w.elements(all.n, func(i int) error { return w.value(t.of, all.at(i)) })
}

func (w *writer) elements(n int, element func(i int) error) error {
	w.dst = append(w.dst, '[')
	for i := range n {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.path.element(i)
		if err := element(i); err != nil {
			return err
		}
		w.path.back()
	}
	return w.raw("]")
}

// isDefault says whether the comparer of a dictionary or set is that of its keys, which has no members.
func isDefault(v nrbf.Value) bool {
	c, _ := v.Member("Comparer")
	return c.IsNull() || c.Len() == 0 && strings.HasPrefix(c.ClassName(), "System.Collections.Generic.")
}

// entries calls f with each entry of a Dictionary. An empty one has no pairs.
func entries(v nrbf.Value, f func(i int, key, value nrbf.Value) error) (sound bool, err error) {
	pairs, _ := v.Member("KeyValuePairs")
	if pairs.Kind() != nrbf.KindArray {
		return pairs.IsNull(), nil
	}
	for i, p := range pairs.All() {
		key, ok := p.Member("key")
		value, ok2 := p.Member("value")
		if !ok || !ok2 {
			return false, nil
		}
		if err := f(i, key, value); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (w *writer) dictionary(t *Type, v nrbf.Value) error {
	if w.once != nil && !isDefault(v) {
		return w.fail("a comparer that JSON would lose")
	}
	w.dst = append(w.dst, '{')
	sound, err := entries(v, func(i int, key, value nrbf.Value) error {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.path.entry(i)
		s, why := t.key.ofGraph(key)
		if why == "" {
			w.dst, why = t.key.appendName(w.dst, s)
		}
		if why != "" {
			return w.fail(why)
		}
		if err := w.value(t.of, value); err != nil {
			return err
		}
		w.path.back()
		return nil
	})
	if err == nil && !sound {
		err = w.fail(contradictory)
	}
	if err != nil {
		return err
	}
	return w.raw("}")
}

// appendName writes the key of a dictionary's entry.
func (t *Type) appendName(dst []byte, s scalar) (_ []byte, why string) {
	if !t.isInteger() {
		dst, why = t.append(dst, s)
		return append(dst, ':'), why
	}
	dst, why = t.append(append(dst, '"'), s)
	return append(dst, '"', ':'), why
}

func (w *writer) pair(t *Type, v nrbf.Value) error {
	w.dst = append(w.dst, `{"Key":`...)
	if err := w.part("Key", t.key, v, "key"); err != nil {
		return err
	}
	w.dst = append(w.dst, `,"Value":`...)
	if err := w.part("Value", t.of, v, "value"); err != nil {
		return err
	}
	return w.raw("}")
}

func (w *writer) class(t *Type, v nrbf.Value) error {
	w.dst = append(w.dst, '{')
	first := true
	for _, m := range t.class.members {
		if m.name == "" {
			continue
		}
		if !first {
			w.dst = append(w.dst, ',')
		}
		first = false
		w.dst = append(w.dst, m.json...)
		if err := w.part(m.name, m.typ, v, m.field); err != nil {
			return err
		}
	}
	return w.raw("}")
}

// part writes a member.
func (w *writer) part(name string, t *Type, v nrbf.Value, field string) (err error) {
	w.path.member(name)
	if m, ok := v.Member(field); ok {
		err = w.value(t, m)
	} else {
		err = w.zero(t) // an older version of the class has not had the field
	}
	if err == nil {
		w.path.back()
	}
	return err
}

// zero writes what a field holds to which nothing was assigned.
func (w *writer) zero(t *Type) error {
	switch {
	case t.TakesNull():
		return w.raw("null")
	case t.scalar():
		return w.scalar(t, scalar{}, "")
	case t.kind == kindEnum:
		return w.raw("0")
	case t.kind == kindPair:
		return w.pair(t, nrbf.Value{})
	}
	if err := w.enter(noObject); err != nil {
		return err
	}
	err := w.class(t, nrbf.Value{})
	w.open = w.open[:len(w.open)-1]
	return err
}

// noObject is the ID of structs that are not stored.
const noObject = 0
