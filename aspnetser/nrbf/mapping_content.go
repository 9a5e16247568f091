package nrbf

import (
	"fmt"
	"strings"
)

// content is what an object holds as a collection.
type content struct {
	is     contentKind
	items  sequence // of a list; of a dictionary its pairs, or its keys
	values sequence // of a dictionary without pairs
	joined bool     // a NameValueCollection
}

type contentKind uint8

const (
	noContent contentKind = iota
	listContent
	pairsContent // a dictionary whose items are instances of two members
	keysContent  // a dictionary of keys and values
)

func (c *content) isDictionary() bool { return c.is >= pairsContent }

// sequence is a stretch of an array, which may go round its end.
type sequence struct {
	array Value
	first int
	n     int
	nodes []Value // instead of an array
}

func (s *sequence) at(i int) Value {
	if s.nodes != nil {
		return s.nodes[i]
	}
	if i += s.first; i >= s.array.Len() {
		i -= s.array.Len()
	}
	return s.array.At(i)
}

// primitive is the type of the elements if all are primitives of one type, 0 if not.
func (s *sequence) primitive() PrimitiveType {
	if s.nodes != nil {
		return 0
	}
	return s.array.ElementPrimitive()
}

// entry returns an entry of a dictionary; ok is false if it is none.
func (c *content) entry(i int) (key, value Value, ok bool) {
	if c.is == keysContent {
		return c.items.at(i), c.values.at(i), true
	}
	pair := c.items.at(i)
	for _, names := range [...][2]string{{"key", "value"}, {"_key", "_value"}, {"m_key", "m_value"}} {
		key, ok = pair.Member(names[0])
		if value, ok2 := pair.Member(names[1]); ok && ok2 {
			return key, value, true
		}
	}
	return Value{}, Value{}, false
}

// maxWrappers is how many collections may be wrapped one in another. .NET's do it twice.
const maxWrappers = 8

// content returns what v holds as a collection. The error, which only collections that no program has written give, is
// one of u.
func (u *unmarshaler) content(v Value) (c content, err error) {
	asSet := false
	for range maxWrappers {
		if v.Kind() == KindArray {
			c.is, c.items = listContent, sequence{array: v, n: v.Len()}
			break
		}
		if v.Kind() != KindClass {
			return c, u.fail("the collection in it is a %s", v.Kind())
		}
		s, b := u.shape(v)
		switch s.kind {
		case wrapper, setDictionary:
			asSet = asSet || s.kind == setDictionary
			v = s.member(v, b.elements)
			continue
		case hybridDictionary:
			inner := s.member(v, b.values)
			if inner.IsNull() {
				inner = s.member(v, b.elements)
			}
			if v = inner; v.IsNull() {
				return content{is: keysContent}, nil
			}
			continue
		}
		c, err = u.collection(v, s, b)
		break
	}
	if asSet && c.is == listContent {
		c.is = pairsContent
	}
	return c, err
}

// member returns a member of the collection, null if it has none. Mono and later versions of .NET call m_x _x.
func (s shape) member(v Value, name string) Value {
	m, ok := v.Member(s.base + name)
	if !ok && strings.HasPrefix(name, "m_") {
		m, _ = v.Member(s.base + name[1:])
	}
	return m
}

func (u *unmarshaler) collection(v Value, s shape, b build) (c content, err error) {
	switch s.kind {
	case countedList, ringList:
		c.is = listContent
		c.items, err = u.sequence(v, s, b)
		if s.kind == ringList && err == nil {
			if head, _ := s.member(v, "_head").Int(); head >= 0 && head < int64(c.items.array.Len()) {
				c.items.first = int(head)
			} else if c.items.n > 0 {
				err = u.fail("its _head is %d, of %d elements", head, c.items.array.Len())
			}
		}
	case pairsDictionary:
		c.is = pairsContent
		c.items, err = u.sequence(v, s, b)
	case arraysDictionary, namedValues:
		c.is, c.joined = keysContent, s.kind == namedValues
		if c.items, err = u.sequence(v, s, b); err != nil {
			return c, err
		}
		b.elements = b.values
		c.values, err = u.sequence(v, s, b)
		if err == nil && c.items.n != c.values.n {
			err = u.fail("%d keys and %d values", c.items.n, c.values.n)
		}
	case linkedDictionary:
		c.is = pairsContent
		c.items.nodes, err = u.chain(v, s, b)
		c.items.n = len(c.items.nodes)
	case tupleClass:
		c.is, c.items.n, c.items.nodes = listContent, v.Len(), make([]Value, v.Len())
		for i := range v.Len() {
			c.items.nodes[i] = v.At(i)
		}
	}
	return c, err
}

// sequence returns the elements of a collection that count.
func (u *unmarshaler) sequence(v Value, s shape, b build) (q sequence, err error) {
	q.array = s.member(v, b.elements)
	switch q.array.Kind() {
	case KindArray:
		q.n = q.array.Len()
	case KindNull: // an empty HashSet or Dictionary has none
	default:
		return q, u.fail("its %s is a %s", b.elements, q.array.Kind())
	}
	if b.size == "" {
		return q, nil
	}
	size, ok := s.member(v, b.size).Int()
	if !ok || size < 0 || size > int64(q.n) {
		return q, u.fail("its %s is %d, of %d elements", b.size, size, q.n)
	}
	q.n = int(size)
	return q, nil
}

// chain returns the nodes of a ListDictionary.
func (u *unmarshaler) chain(v Value, s shape, b build) (nodes []Value, err error) {
	count, _ := s.member(v, b.size).Int()
	for node := s.member(v, b.elements); !node.IsNull(); node, _ = node.Member("next") {
		if node.Kind() != KindClass || int64(len(nodes)) == count {
			return nil, u.fail("its %s is %d, and more nodes follow", b.size, count)
		}
		nodes = append(nodes, node)
	}
	if int64(len(nodes)) != count {
		return nil, u.fail("its %s is %d, of %d nodes", b.size, count, len(nodes))
	}
	return nodes, nil
}

func int32Member(v Value, name string) int32 {
	m, _ := v.Member(name)
	n, _ := m.Int()
	return int32(n)
}

// classText returns the text that a class instance stands for.
func classText(v Value) (text string, ok bool) {
	switch v.ClassName() {
	case "System.Text.StringBuilder":
		m, _ := v.Member("m_StringValue")
		text, ok = m.Text()
		return text, ok || m.IsNull()
	case "System.Uri":
		m, _ := v.Member("AbsoluteUri")
		if text, ok = m.Text(); text == "" {
			m, _ = v.Member("RelativeUri")
			text, ok = m.Text()
		}
		return text, ok
	case "System.UnitySerializationHolder":
		m, _ := v.Member("Data")
		text, ok = m.Text()
		return text, ok && int32Member(v, "UnityType") == unityType
	case "System.Version":
		text = fmt.Sprintf("%d.%d", int32Member(v, "_Major"), int32Member(v, "_Minor"))
		if n := int32Member(v, "_Build"); n >= 0 {
			text += fmt.Sprintf(".%d", n)
			if n := int32Member(v, "_Revision"); n >= 0 {
				text += fmt.Sprintf(".%d", n)
			}
		}
		return text, true
	}
	return "", false
}

// What a UnitySerializationHolder gives back (fixture o-misc-system).
const (
	unityNull = 2 // DBNull.Value
	unityType = 4 // the Type that its Data names
)

// isNull says whether v is null or DBNull.
func isNull(v Value) bool {
	switch v.Kind() {
	case KindNull:
		return true
	case KindClass:
		return v.ClassName() == "System.UnitySerializationHolder" && int32Member(v, "UnityType") == unityNull
	}
	return false
}
