package nrbf

import "slices"

// Equal says whether two graphs are one value to a reader: the same classes with the same members in the same order, the
// same arrays, texts and primitives, and objects mentioned twice where the other graph mentions one twice. The numbers of
// objects, the spelling of records and lengths, whether a primitive is boxed, and records that nothing refers to do not
// matter.
//
// It takes memory in proportion to the graphs and time in proportion to what they are spelt out, see Limits.MaxExpanded,
// and does not recurse.
func Equal(a, b *Graph) bool {
	e := equality{partner: map[int]int{}, taken: map[int]bool{}}
	e.push(a.Root(), b.Root())
	for len(e.todo) > 0 {
		p := e.todo[len(e.todo)-1]
		e.todo = e.todo[:len(e.todo)-1]
		if !e.same(p[0], p[1]) {
			return false
		}
	}
	return true
}

// equality is a walk through two graphs side by side.
type equality struct {
	todo    [][2]Value
	partner map[int]int  // ID in b of an object of a
	taken   map[int]bool // IDs of b that are a partner
}

func (e *equality) push(a, b Value) { e.todo = append(e.todo, [2]Value{a, b}) }

// same compares two values; their members and elements are left for later.
func (e *equality) same(a, b Value) bool {
	kind := a.Kind()
	if kind != b.Kind() {
		return false
	}
	switch kind {
	case KindString:
		x, _ := a.Text()
		y, _ := b.Text()
		return x == y
	case KindPrimitive:
		return samePrimitive(a, b)
	case KindNull:
		return true
	}
	x, _ := a.ID()
	y, _ := b.ID()
	if p, met := e.partner[x]; met || e.taken[y] {
		return met && p == y
	}
	e.partner[x], e.taken[y] = y, true
	if a.Len() != b.Len() {
		return false
	}
	if kind == KindArray {
		return e.arrays(a, b)
	}
	if a.ClassName() != b.ClassName() || a.Library() != b.Library() {
		return false
	}
	for i, m := range a.All() {
		if a.MemberName(i) != b.MemberName(i) {
			return false
		}
		e.push(m, b.At(i))
	}
	return true
}

func (e *equality) arrays(a, b Value) bool {
	name, library := a.ElementType()
	otherName, otherLibrary := b.ElementType()
	if name != otherName || library != otherLibrary ||
		!slices.Equal(a.Lengths(), b.Lengths()) || !slices.Equal(a.Lower(), b.Lower()) {
		return false
	}
	elements, packed := a.Packed()
	others, otherPacked := b.Packed()
	if packed || otherPacked {
		return packed == otherPacked && elements == others
	}
	for i, m := range a.All() {
		e.push(m, b.At(i))
	}
	return true
}

func samePrimitive(a, b Value) bool {
	if a.Primitive() != b.Primitive() {
		return false
	}
	switch a.Primitive() {
	case PrimitiveDecimal:
		x, _ := a.Decimal()
		y, _ := b.Decimal()
		return x == y
	case PrimitiveBoolean: // every byte but 0 is true
		x, _ := a.Bool()
		y, _ := b.Bool()
		return x == y
	}
	return a.Bits() == b.Bits()
}
