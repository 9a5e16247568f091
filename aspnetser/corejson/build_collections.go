package corejson

import (
	"errors"
	"hash/maphash"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// list makes an array, a List or a HashSet.
func (b *builder) list(t *Type, i int32, from template) (any, error) {
	nodes := b.doc.elements(i)
	templates := b.match(t, nodes, from)
	values := make([]any, len(nodes))
	for at, node := range nodes {
		b.path.element(at)
		var of template
		if templates != nil {
			of = templates[at]
		}
		made, err := b.value(t.of, node, of)
		if err != nil {
			return nil, err
		}
		values[at] = made
		b.path.back()
	}
	elem := b.typ(t.of)
	switch t.kind {
	case kindArray:
		return nrbf.ArrayOf(elem, values...), nil
	case kindList:
		return nrbf.List(elem, values...), nil
	}
	n := int32(len(values))
	c := hashSetType(elem)
	comparer := b.comparer(from)
	if comparer == nil {
		comparer = nrbf.DefaultComparer(elem)
	}
	if n == 0 { // as .NET writes it
		c.Members = c.Members[:3]
		return c.New(int32(0), comparer, int32(0)), nil
	}
	return c.New(n, comparer, n, nrbf.ArrayOf(elem, values...)), nil
}

// comparer returns that of a stored dictionary or set, nil if there is none.
func (b *builder) comparer(from template) *nrbf.Instance {
	if m, ok := from.v.Member("Comparer"); ok {
		comparer, _ := b.rebuild.Value(m).(*nrbf.Instance)
		return comparer
	}
	return nil
}

// match finds the stored objects that the elements of a list were: those that are equal, then the one in the same place, if
// no element was added or taken away and it is not another's. Who changes an object and moves it in one go has it made anew.
func (b *builder) match(list *Type, nodes []int32, from template) []template {
	if t := list.of; from.v.IsNull() || t.scalar() || t.kind == kindEnum || t.kind == kindBytes {
		return nil
	}
	stored, _ := list.elements(from.v) // which gave the old JSON
	olds := b.old.elements(from.node)
	found := make([]template, len(nodes))
	matched := make([]bool, len(nodes))
	taken := make([]bool, len(olds))
	take := func(i, j int) { found[i], matched[i], taken[j] = template{stored.at(j), olds[j]}, true, true }
	for i := range min(len(nodes), len(olds)) {
		if b.doc.equal(nodes[i], b.old, olds[i]) {
			take(i, i)
		}
	}
	seed := maphash.MakeSeed()
	free := map[uint64][]int{}
	for j := range olds {
		if !taken[j] {
			h := b.old.hash(seed, olds[j])
			free[h] = append(free[h], j)
		}
	}
	for i := range nodes {
		if matched[i] {
			continue
		}
		h := b.doc.hash(seed, nodes[i])
		if at := free[h]; len(at) > 0 && b.doc.equal(nodes[i], b.old, olds[at[0]]) {
			take(i, at[0])
			free[h] = at[1:]
		}
	}
	if len(nodes) != len(olds) {
		return found
	}
	for i := range nodes {
		if !matched[i] && !taken[i] {
			take(i, i)
		}
	}
	return found
}

func (b *builder) dictionary(t *Type, i int32, from template) (any, error) {
	stored := map[string]template{}
	if !from.v.IsNull() {
		at := from.node + 1 // its JSON has the entries in the same order
		_, err := entries(from.v, func(_ int, _, value nrbf.Value) error {
			stored[b.old.string(at)] = template{value, at + 1}
			at = b.old.nodes[at+1].next
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var pairs []nrbf.Pair
	places := map[string]int{}
	var failed error
	n := 0
	b.doc.members(i, func(name string, at int32) {
		if failed != nil {
			return
		}
		b.path.entry(n)
		n++
		key, ok := t.key.parseName(name)
		if !ok {
			failed = &JSONError{b.path.String(), int(b.doc.nodes[at-1].at), "a key that is no " + t.key.String()}
			return
		}
		value, err := b.value(t.of, at, stored[name])
		if err != nil {
			failed = err
			return
		}
		b.path.back()
		if first, twice := places[name]; twice { // the last counts
			pairs[first].Value = value
			return
		}
		places[name] = len(pairs)
		pairs = append(pairs, nrbf.Pair{Key: t.key.value(key), Value: value})
	})
	if failed != nil {
		return nil, failed
	}
	made, err := nrbf.Dictionary(b.typ(t.key), b.typ(t.of), b.comparer(from), pairs...)
	if err != nil {
		var e *nrbf.BuildError
		if errors.As(err, &e) {
			return nil, b.path.unconvertible(e.Reason)
		}
		return nil, b.path.unconvertible(err.Error())
	}
	return made, nil
}

// parseName reads the key of a dictionary's entry.
func (t *Type) parseName(name string) (s scalar, ok bool) {
	if t.isInteger() {
		s.bits, ok = parseInteger([]byte(name), t.kind)
		return s, ok
	}
	s, ok, _ = t.parseText(name, false)
	return s, ok
}
