package aspnetser

import (
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// entries is a map whose entries are the elements of an array, each an object with a key and a value. What is no such
// object is shown whole, as the value of an entry without key.
func entries(array nrbf.Value, key, value string) shape {
	part := func(i int, name string) (nrbf.Value, bool) {
		e := array.At(i)
		_, hasKey := e.Member(key)
		_, hasValue := e.Member(value)
		if !hasKey || !hasValue {
			return e, false
		}
		v, _ := e.Member(name)
		return v, true
	}
	return shape{kind: shapeMap, n: array.Len(),
		key: func(i int) View {
			v, ok := part(i, key)
			if !ok {
				return View{made: &made{shape: scalar("", "(no key)"), json: appendNull}}
			}
			return ViewOf(v)
		},
		at: func(i int) View {
			v, _ := part(i, value)
			return ViewOf(v)
		},
	}
}

func appendNull(dst []byte) []byte { return append(dst, "null"...) }

// twoArrays is a map that keeps keys and values in arrays of their own.
func twoArrays(keys, values nrbf.Value, n int) shape {
	return shape{kind: shapeMap, n: n,
		key: func(i int) View { return ViewOf(keys.At(i)) },
		at:  func(i int) View { return ViewOf(values.At(i)) },
	}
}

// dictionaryShape: an empty one has no pairs (HashSize 0).
func dictionaryShape(m *members) (shape, bool) {
	array, ok := m.arrayOrNone("KeyValuePairs")
	if _, ok2 := m.int("HashSize"); !ok || !ok2 {
		return shape{}, false
	}
	m.skip("Version")
	s := entries(array, "key", "value")
	s.note = m.comparer("Comparer")
	return s, true
}

// concurrentDictionaryShape: m_ in .NET Framework, _ in other libraries (fixture o-concurrent).
func concurrentDictionaryShape(m *members) (shape, bool) {
	array, ok := m.array("m_serializationArray", "_serializationArray")
	if !ok {
		return shape{}, false
	}
	for _, prefix := range []string{"m_", "_"} {
		m.skip(prefix+"serializationConcurrencyLevel", prefix+"serializationCapacity")
	}
	s := entries(array, "key", "value")
	s.note = m.comparer("m_comparer", "_comparer")
	return s, true
}

func hashtableShape(m *members) (shape, bool) {
	keys, ok := m.array("Keys")
	values, ok2 := m.array("Values")
	if !ok || !ok2 || keys.Len() != values.Len() {
		return shape{}, false
	}
	m.skip("LoadFactor", "Version", "HashSize")
	s := twoArrays(keys, values, keys.Len())
	s.note = m.comparer("KeyComparer", "Comparer")
	m.skipAny("HashCodeProvider", "Comparer")
	return s, true
}

// sortedListShape: both classes of the name keep spare places at the ends of their arrays.
func sortedListShape(m *members) (shape, bool) {
	keys, ok := m.array("keys")
	values, ok2 := m.array("values")
	n, ok3 := m.int("_size")
	if !ok || !ok2 || !ok3 || n < 0 || n > keys.Len() || n > values.Len() {
		return shape{}, false
	}
	m.skip("version")
	m.skipAny("keyList", "valueList")
	s := twoArrays(keys, values, n)
	s.note = m.comparer("comparer")
	return s, true
}

// sortedDictionaryShape looks into the set of pairs that it holds (fixture o-sortedlist).
func sortedDictionaryShape(m *members) (shape, bool) {
	v, ok := m.get("_set")
	if !ok || v.Kind() != nrbf.KindClass {
		return shape{}, false
	}
	set := members{v: v}
	array, ok := set.arrayOrNone("Items")
	if n, ok2 := set.int("Count"); !ok || !ok2 || n != array.Len() {
		return shape{}, false
	}
	set.skip("Version")
	s := entries(array, "key", "value")
	s.note = set.comparer("Comparer")
	s.fields, s.moreFields = set.rest()
	return s, true
}

// listDictionaryShape is a chain of nodes, the first entry at its head.
func listDictionaryShape(m *members) (shape, bool) {
	n, ok := m.int("count")
	if !ok || n < 0 {
		return shape{}, false
	}
	return chain(m, "head", "next", n, func(s *shape, node func(i int) nrbf.Value) {
		s.kind = shapeMap
		s.key, s.at = memberOf(node, "key"), memberOf(node, "value")
		s.note = m.comparer("comparer")
		m.skip("version")
	})
}

// chain follows linked nodes, as many as are said to be: -1 means to the end. It refuses a chain that is shorter or
// longer, and one that comes back to itself.
func chain(m *members, head, next string, n int, fill func(s *shape, node func(i int) nrbf.Value)) (shape, bool) {
	at, ok := m.get(head)
	if !ok {
		return shape{}, false
	}
	var nodes []nrbf.Value
	seen := make(map[int]bool)
	for !at.IsNull() && (n < 0 || len(nodes) < n) && len(nodes) < maxChain {
		id, ok := at.ID()
		if !ok || seen[id] || at.Kind() != nrbf.KindClass {
			return shape{}, false
		}
		seen[id] = true
		nodes = append(nodes, at)
		if at, ok = at.Member(next); !ok {
			return shape{}, false
		}
	}
	if !at.IsNull() || n >= 0 && len(nodes) != n {
		return shape{}, false
	}
	s := shape{n: len(nodes)}
	fill(&s, func(i int) nrbf.Value { return nodes[i] })
	return s, true
}

// maxChain is the longest chain that is shown as a collection. A ListDictionary is meant for ten entries; a chain that
// many objects share would be followed for each.
const maxChain = 1024

func hybridDictionaryShape(m *members) (shape, bool) {
	list, ok := m.get("list")
	table, ok2 := m.get("hashtable")
	if !ok || !ok2 || !list.IsNull() && !table.IsNull() {
		return shape{}, false
	}
	s := shape{kind: shapeMap}
	if inner := list; !list.IsNull() || !table.IsNull() {
		if inner.IsNull() {
			inner = table
		}
		if s = shapeOf(inner, m.wrapped+1); s.kind != shapeMap || len(s.fields) > 0 {
			return shape{}, false
		}
	}
	s.name = ""
	if v, ok := m.get("caseInsensitive"); ok {
		if on, ok := v.Bool(); ok && on {
			s.note = "ignoring case"
		}
	}
	return s, true
}

func orderedDictionaryShape(m *members) (shape, bool) {
	array, ok := m.array("ArrayList")
	if !ok {
		return shape{}, false
	}
	m.skip("InitialCapacity")
	s := entries(array, "_key", "_value")
	s.note = m.comparer("KeyComparer")
	s.note = joinNotes(s.note, m.readOnly("ReadOnly"))
	return s, true
}

// readOnly says so where a collection refuses changes.
func (m *members) readOnly(name string) string {
	if v, ok := m.get(name); ok {
		if on, ok := v.Bool(); ok && on {
			return "read-only"
		}
	}
	return ""
}

func joinNotes(a, b string) string {
	if a != "" && b != "" {
		return a + ", " + b
	}
	return a + b
}

// nameValueShape is a NameValueCollection: a list of texts for each key, of which one may be null (fixture o-namevalue).
// Classes that are derived from its base keep other values.
func nameValueShape(m *members) (shape, bool) {
	keys, ok := m.array("Keys")
	values, ok2 := m.array("Values")
	n, ok3 := m.int("Count")
	if !ok || !ok2 || !ok3 || n != keys.Len() || n != values.Len() {
		return shape{}, false
	}
	m.skip("Version")
	m.skipAny("HashProvider", "Comparer", "KeyComparer")
	s := twoArrays(keys, values, n)
	s.note = m.readOnly("ReadOnly")
	s.at = func(i int) View {
		v := values.At(i)
		inner := shapeOf(v, 1)
		if v.ClassName() != "System.Collections.ArrayList" || inner.kind != shapeList || len(inner.fields) > 0 {
			return ViewOf(v)
		}
		inner.name = "" // the key says what it is
		return View{v: v, made: &made{shape: inner, json: func(dst []byte) []byte { return nrbf.AppendJSON(dst, v) }}}
	}
	return s, true
}

func readOnlyDictionaryShape(m *members) (shape, bool) {
	for _, name := range []string{"m_dictionary", "_dictionary"} {
		if _, ok := m.get(name); ok {
			return wrapperShape(shapeMap, name)(m)
		}
	}
	return shape{}, false
}

// pairShape is an entry of a map that stands alone.
func pairShape(key, value string) reader {
	return func(m *members) (shape, bool) {
		k, ok := m.get(key)
		v, ok2 := m.get(value)
		if !ok || !ok2 {
			return shape{}, false
		}
		return shape{kind: shapeObject, fields: []fieldView{{"Key", ViewOf(k)}, {"Value", ViewOf(v)}}}, true
	}
}

// tupleShape names the parts of a Tuple as its properties are.
func tupleShape(m *members) (shape, bool) {
	s := shape{kind: shapeObject}
	for i := range m.v.Len() {
		stored := m.v.MemberName(i)
		name, ok := strings.CutPrefix(stored, "m_")
		if !ok {
			return shape{}, false
		}
		m.skipAny(stored)
		s.fields = append(s.fields, fieldView{name, ViewOf(m.v.At(i))})
	}
	return s, true
}
