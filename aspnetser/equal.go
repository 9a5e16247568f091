package aspnetser

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Equal says whether two sessions are one to a reader: the same timeout, the same keys in the same order with the same
// typed values, and the same static objects in any order. How they are stored does not matter: compression, lengths of
// more bytes than needed, flags and Booleans that are neither 0 nor 1, bytes behind a value or behind the end, the numbers
// of objects in a graph.
//
// It is on the careful side. Text that is not UTF-8 is compared by its bytes, though a reader sees U+FFFD for all of them;
// an IntPtr of 4 bytes differs from one of 8, since not every reader can read both; an Undecodable value equals nothing,
// itself included, since nobody knows what it says. It takes time and memory as decoding does.
func Equal(a, b *Session) bool {
	if a.Timeout != b.Timeout || len(a.Items) != len(b.Items) || len(a.Static) != len(b.Static) {
		return false
	}
	for i := range a.Items {
		x, y := &a.Items[i], &b.Items[i]
		if x.NullKey != y.NullKey || !sameText(x.Key, x.oddKey, y.Key, y.oddKey) || !sameValue(&x.Value, &y.Value) {
			return false
		}
	}
	return slices.EqualFunc(byName(a.Static), byName(b.Static), sameStatic)
}

// byName returns the static objects in the order of their names, of which no two are equal.
func byName(all []StaticObject) []*StaticObject {
	sorted := make([]*StaticObject, len(all))
	for i := range all {
		sorted[i] = &all[i]
	}
	slices.SortFunc(sorted, func(a, b *StaticObject) int { return cmp.Compare(a.Name, b.Name) })
	return sorted
}

func sameStatic(a, b *StaticObject) bool {
	if a.HasInstance != b.HasInstance || !sameText(a.Name, a.oddName, b.Name, b.oddName) {
		return false
	}
	if a.HasInstance {
		return sameValue(&a.Value, &b.Value) && sameText("", a.oddStr, "", b.oddStr)
	}
	return a.LateBound == b.LateBound && sameText(a.ObjectType, a.oddType, b.ObjectType, b.oddType)
}

// sameText compares text, and the stored bytes of what is not stored as it reads.
func sameText(a string, oddA *oddText, b string, oddB *oddText) bool {
	if (oddA == nil) != (oddB == nil) {
		return false
	}
	return a == b && (oddA == nil || bytes.Equal(oddA.stored, oddB.stored))
}

func sameValue(a, b *Value) bool {
	t := a.Type()
	if t != b.Type() {
		return false
	}
	switch t {
	case TypeString:
		return a.text == b.text && bytes.Equal(a.stored(), b.stored())
	case TypeObject:
		return nrbf.Equal(a.graph, b.graph)
	case TypeBoolean: // aux is the byte that stands for true
		return a.lo == b.lo
	case TypeUndecodable:
		return false
	}
	return a.lo == b.lo && a.hi == b.hi && a.aux == b.aux
}
