package aspnetser

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// arrayShape is an array: elements in stored order, indices with their lower bounds (fixture o-lower-bounds). Bytes and
// characters are one line.
func arrayShape(v nrbf.Value) shape {
	lengths, lower := v.Lengths(), v.Lower()
	elem, _ := v.ElementType()
	s := shape{
		kind: shapeList,
		name: tidyType(elem + "[" + strings.Repeat(",", max(len(lengths)-1, 0)) + "]"),
		n:    v.Len(),
		at:   func(i int) View { return ViewOf(v.At(i)) },
	}
	if lower != nil || len(lengths) != 1 {
		s.lengths, s.lower = lengths, lower
	}
	packed, ok := v.Packed()
	switch {
	case ok && v.ElementPrimitive() == nrbf.PrimitiveByte:
		s.text = bytesText(packed)
	case ok && v.ElementPrimitive() == nrbf.PrimitiveChar:
		s.text = func(dst []byte, most int) []byte { return appendCut(dst, packed, most) }
	}
	return s
}

// bytesText writes the first bytes.
func bytesText(b string) func(dst []byte, most int) []byte {
	return func(dst []byte, most int) []byte {
		if b == "" {
			return append(dst, "empty"...)
		}
		n := min(len(b), max(most/3, 1))
		dst = fmt.Appendf(dst, "% x", b[:n])
		if n < len(b) {
			dst = append(dst, " …"...)
		}
		return dst
	}
}

// sequence is a list of elements of an array: from first on, beginning anew at its end; backwards for a Stack.
func sequence(array nrbf.Value, first, n, step int) shape {
	size := array.Len()
	return shape{kind: shapeList, n: n, at: func(i int) View {
		return ViewOf(array.At((first + step*i%size + size) % size))
	}}
}

// listShape is a list that keeps its elements at the start of an array (fixture o-list-string).
func listShape(items, size string) reader {
	return func(m *members) (shape, bool) {
		array, ok := m.array(items)
		n, ok2 := m.int(size)
		if !ok || !ok2 || n < 0 || n > array.Len() {
			return shape{}, false
		}
		m.skip("_version")
		return sequence(array, 0, n, 1), true
	}
}

// queueShape begins with the element that has waited longest (fixture o-queue-stack: qg is wrapped around).
func queueShape(m *members) (shape, bool) {
	array, ok := m.array("_array")
	head, ok2 := m.int("_head")
	n, ok3 := m.int("_size")
	if !ok || !ok2 || !ok3 || n < 0 || n > array.Len() || head < 0 || head >= max(array.Len(), 1) {
		return shape{}, false
	}
	m.skip("_tail", "_growFactor", "_version")
	return sequence(array, head, n, 1), true
}

// stackShape begins with the element that was pushed last, as its enumerator does.
func stackShape(m *members) (shape, bool) {
	array, ok := m.array("_array")
	n, ok2 := m.int("_size")
	if !ok || !ok2 || n < 0 || n > array.Len() {
		return shape{}, false
	}
	m.skip("_version")
	s := sequence(array, n-1, n, -1)
	s.note = "top first"
	return s, true
}

// hashSetShape: the elements are missing where there are none (fixture o-hashset).
func hashSetShape(m *members) (shape, bool) {
	array, ok := m.arrayOrNone("Elements")
	if _, ok2 := m.int("Capacity"); !ok || !ok2 {
		return shape{}, false
	}
	m.skip("Version")
	s := sequence(array, 0, array.Len(), 1)
	s.note = m.comparer("Comparer")
	return s, true
}

func sortedSetShape(m *members) (shape, bool) {
	array, ok := m.arrayOrNone("Items")
	if n, ok2 := m.int("Count"); !ok || !ok2 || n != array.Len() {
		return shape{}, false
	}
	m.skip("Version")
	s := sequence(array, 0, array.Len(), 1)
	s.note = m.comparer("Comparer")
	return s, true
}

func linkedListShape(m *members) (shape, bool) {
	array, ok := m.arrayOrNone("Data")
	if n, ok2 := m.int("Count"); !ok || !ok2 || n != array.Len() {
		return shape{}, false
	}
	m.skip("Version")
	return sequence(array, 0, array.Len(), 1), true
}

// concurrentListShape: .NET Framework copies the elements into an array; a ConcurrentStack of other libraries is a chain.
func concurrentListShape(m *members) (shape, bool) {
	if array, ok := m.array("m_serializationArray", "_serializationArray", "serializationArray"); ok {
		return sequence(array, 0, array.Len(), 1), true
	}
	return chain(m, "_head", "_next", -1, func(s *shape, node func(i int) nrbf.Value) {
		s.kind, s.note = shapeList, "top first"
		s.at = memberOf(node, "_value")
	})
}

// wrapperShape is a collection that holds nothing but another one. The other has to be a list or map, and nothing more.
func wrapperShape(kind shapeKind, inner string) reader {
	return func(m *members) (shape, bool) {
		v, ok := m.get(inner)
		if !ok {
			return shape{}, false
		}
		s := shapeOf(v, m.wrapped+1)
		if s.kind != kind || s.text != nil || len(s.fields) > 0 || s.lengths != nil {
			return shape{}, false
		}
		// What a SyncArrayList inherits and leaves empty, and the guard of an ObservableCollection against changes while it
		// tells of one.
		if array, ok := m.v.Member("ArrayList+_items"); ok && array.Len() == 0 {
			m.skipAny("ArrayList+_items")
		}
		m.skip("ArrayList+_size", "ArrayList+_version")
		m.skipAny("_root")
		m.skipClass("System.Collections.ObjectModel.ObservableCollection`1+SimpleMonitor")
		s.name = ""
		return s, true
	}
}

// bitArrayShape: 32 bits an element, the lowest first.
func bitArrayShape(m *members) (shape, bool) {
	array, ok := m.array("m_array")
	n, ok2 := m.int("m_length")
	packed, ok3 := array.Packed()
	if !ok || !ok2 || !ok3 || array.ElementPrimitive() != nrbf.PrimitiveInt32 || n < 0 || n > 32*array.Len() {
		return shape{}, false
	}
	m.skip("_version")
	return shape{kind: shapeList, n: n, at: func(i int) View {
		bit := strconv.FormatBool(bitOf(packed, i))
		return View{made: &made{
			shape: scalar("", bit),
			json:  func(dst []byte) []byte { return append(dst, `{"prim":"Boolean","value":"`+bit+`"}`...) },
		}}
	}}, true
}

// bitOf is bit i of the elements of an int[].
func bitOf(packed string, i int) bool {
	return i >= 0 && i/8 < len(packed) && packed[i/8]>>(i%8)&1 != 0 // little-endian
}

// appendCut quotes a text, and gives the size of one that is cut.
func appendCut(dst []byte, s string, most int) []byte {
	if len(s) <= most {
		return strconv.AppendQuote(dst, s)
	}
	n := utf8.RuneCountInString(s)
	if n <= most {
		return strconv.AppendQuote(dst, s)
	}
	return fmt.Appendf(append(dst, nrbf.QuoteCut(s, most)...), " (%s characters, %s bytes)", group(n), group(len(s)))
}

// memberOf gives one member of each node of a chain.
func memberOf(node func(i int) nrbf.Value, name string) func(i int) View {
	return func(i int) View {
		v, _ := node(i).Member(name)
		return ViewOf(v)
	}
}
