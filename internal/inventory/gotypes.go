package inventory

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// goTypes are the Go types that package nrbf makes of .NET's own, and the options that their tags take so that the same
// .NET type is written again. Those of collections have %[1]s for the first argument, %[2]s for the second.
var goTypes = map[string][2]string{
	"System.String": {"string"}, "System.Boolean": {"bool"}, "System.Byte": {"uint8"}, "System.SByte": {"int8"},
	"System.Int16": {"int16"}, "System.Int32": {"int32"}, "System.Int64": {"int64"}, "System.UInt16": {"uint16"},
	"System.UInt32": {"uint32"}, "System.UInt64": {"uint64"}, "System.Single": {"float32"}, "System.Double": {"float64"},
	"System.IntPtr": {"int64"}, "System.UIntPtr": {"uint64"}, "System.Object": {"any"}, "System.Char": {"nrbf.Char"},
	"System.Decimal": {"nrbf.Decimal"}, "System.DateTime": {"time.Time"}, "System.TimeSpan": {"nrbf.TimeSpan"}, "System.Guid": {"nrbf.GUID"},
	"System.DateTimeOffset": {"time.Time", "offset"}, "System.Nullable`1": {"*%[1]s"},

	"System.Text.StringBuilder": {"string"}, "System.Uri": {"string"}, "System.Version": {"string"},
	"System.Numerics.BigInteger": {"*big.Int"}, "System.IO.MemoryStream": {"[]byte"},

	"System.Collections.Generic.List`1":                   {"[]%[1]s", "list"},
	"System.Collections.ArrayList":                        {"[]any", "arraylist"},
	"System.Collections.Queue":                            {"[]any"},
	"System.Collections.Stack":                            {"[]any"},
	"System.Collections.Generic.Queue`1":                  {"[]%[1]s"},
	"System.Collections.Generic.Stack`1":                  {"[]%[1]s"},
	"System.Collections.Generic.HashSet`1":                {"[]%[1]s"},
	"System.Collections.Generic.SortedSet`1":              {"[]%[1]s"},
	"System.Collections.Generic.TreeSet`1":                {"[]%[1]s"},
	"System.Collections.Generic.LinkedList`1":             {"[]%[1]s"},
	"System.Collections.ObjectModel.Collection`1":         {"[]%[1]s"},
	"System.Collections.ObjectModel.ReadOnlyCollection`1": {"[]%[1]s"},
	"System.Collections.Concurrent.ConcurrentQueue`1":     {"[]%[1]s"},
	"System.Collections.Concurrent.ConcurrentBag`1":       {"[]%[1]s"},
	"System.Collections.Concurrent.ConcurrentStack`1":     {"[]%[1]s"},
	"System.Collections.Specialized.StringCollection":     {"[]string"},
	"System.Collections.BitArray":                         {"[]bool"},

	"System.Collections.Generic.Dictionary`2":              {"map[%[1]s]%[2]s"},
	"System.Collections.Generic.SortedList`2":              {"map[%[1]s]%[2]s"},
	"System.Collections.Generic.SortedDictionary`2":        {"map[%[1]s]%[2]s"},
	"System.Collections.Concurrent.ConcurrentDictionary`2": {"map[%[1]s]%[2]s"},
	"System.Collections.Hashtable":                         {"map[any]any", "hashtable"},
	"System.Collections.SortedList":                        {"[]nrbf.Pair"},
	"System.Collections.Specialized.ListDictionary":        {"[]nrbf.Pair"},
	"System.Collections.Specialized.HybridDictionary":      {"[]nrbf.Pair"},
	"System.Collections.Specialized.OrderedDictionary":     {"[]nrbf.Pair"},
	"System.Collections.Specialized.StringDictionary":      {"[]nrbf.Pair"},
	"System.Collections.Specialized.NameValueCollection":   {"map[string][]string"},
	"System.Collections.Generic.KeyValuePair`2":            {"struct {\nKey %[1]s `nrbf:\"key\"`\nValue %[2]s `nrbf:\"value\"`\n}"},
}

// goType returns the Go type that a .NET type is decoded into without loss, and the option of its tag. Classes of .NET that
// package nrbf gives no form of their own stay what they are, as an nrbf.Value.
func (s *schema) goType(t *typeName) (typ, option string) {
	if t.elem != nil {
		elem, _ := s.goType(t.elem)
		if t.rank > 1 {
			option = "rect"
		}
		return strings.Repeat("[]", t.rank) + elem, option
	}
	if known, ok := goTypes[t.name]; ok {
		typ = known[0]
		if !strings.Contains(typ, "%[") {
			return typ, known[1]
		}
		args := [2]string{"any", "any"}
		for i := range min(2, len(t.args)) {
			args[i], _ = s.goType(t.args[i])
		}
		switch {
		case strings.HasPrefix(typ, "map") && !isMapKey(args[0]):
			return "[]nrbf.Pair", ""
		case strings.HasPrefix(typ, "*") && strings.HasPrefix(args[0], "*"):
			return args[0], ""
		case !strings.Contains(typ, "%[2]"):
			return fmt.Sprintf(typ, args[0]), known[1]
		}
		return fmt.Sprintf(typ, args[0], args[1]), known[1]
	}
	if c := s.classes[t.identity()]; c != nil {
		switch {
		case s.stands[t.identity()]:
			return "any", ""
		case c.ValueType:
			return s.goName(t), ""
		}
		return "*" + s.goName(t), ""
	}
	if under := s.enums[t.name]; under != "" {
		return goTypes["System."+under][0], ""
	}
	if strings.HasPrefix(t.name, "System.Tuple`") || strings.HasPrefix(t.name, "System.ValueTuple`") {
		return "[]any", ""
	}
	if t.framework() && !s.stands[t.identity()] {
		return "nrbf.Value", ""
	}
	return "any", "" // an interface, or a class that no instance was seen of
}

// isMapKey says that a Go type can be the key of a map.
func isMapKey(typ string) bool {
	return !strings.HasPrefix(typ, "[") && !strings.HasPrefix(typ, "map") && !strings.HasPrefix(typ, "struct") && !strings.HasPrefix(typ, "*") &&
		typ != "nrbf.Value"
}

// nullable says that a Go type has a form of null.
func nullable(typ string) bool {
	return strings.HasPrefix(typ, "*") || strings.HasPrefix(typ, "[]") || strings.HasPrefix(typ, "map") || typ == "any" || typ == "nrbf.Value"
}

// orNull is a Go type that can hold null.
func orNull(typ string) string {
	if nullable(typ) {
		return typ
	}
	return "*" + typ
}

// goType returns the Go type that takes all items of a key.
func (k *key) goType(s *schema) string {
	types := k.sorted()
	if len(types) != 1 || types[0].parsed == nil {
		return "any"
	}
	typ, _ := s.goType(types[0].parsed)
	if typ == "nrbf.Value" { // of an item it is the graph
		return "*nrbf.Graph"
	}
	if k.Nulls > 0 {
		typ = orNull(typ)
	}
	return typ
}

// goName returns the name of a class in Go.
func (s *schema) goName(t *typeName) string { return s.names[t.identity()] }

// nameClasses gives every class a Go name: its own, with those of the classes around it and of its arguments, and where two
// would have the same, with the last part of the namespace and then a number.
func (s *schema) nameClasses(sorted []*Class, taken names) {
	s.names = map[string]string{}
	for _, c := range sorted {
		name := goClassName(c.parsed)
		if taken.has(name) {
			outer, _, _ := strings.Cut(c.parsed.name, "+")
			if parts := strings.Split(outer, "."); len(parts) > 1 {
				name = exported(parts[len(parts)-2]) + name
			}
		}
		s.names[c.parsed.identity()] = taken.take(name)
	}
}

func goClassName(t *typeName) string {
	if t.elem != nil {
		return goClassName(t.elem) + "Array"
	}
	name := t.name[strings.LastIndexByte(t.name, '.')+1:]
	out := ""
	for part := range strings.SplitSeq(name, "+") {
		part, _, _ = strings.Cut(part, "`")
		out += exported(part)
	}
	for i, a := range t.args {
		if i == 0 {
			out += "Of"
		}
		out += goClassName(a)
	}
	return out
}

// names gives out names, each once.
type names map[string]bool

func (n names) has(name string) bool { return n[name] }

func (n names) take(name string) string {
	free := name
	for i := 2; n[free]; i++ {
		free = fmt.Sprintf("%s%d", name, i)
	}
	n[free] = true
	return free
}

// exported makes an exported Go name of any text: what cannot be in one is left out, and what follows begins with a capital.
func exported(s string) string {
	var b strings.Builder
	up := true
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			up = true
			continue
		}
		if up {
			r = unicode.ToUpper(r)
		}
		up = false
		b.WriteRune(r)
	}
	name := b.String()
	if name == "" || !unicode.IsUpper([]rune(name)[0]) {
		name = "X" + name
	}
	return name
}

// fieldName is the Go name for a member.
func fieldName(member string) string {
	base, field := cutBase(member)
	if property, ok := backed(field); ok {
		field = property
	}
	if rest, ok := strings.CutPrefix(field, "m_"); ok {
		field = rest
	}
	base, _, _ = strings.Cut(base, "`")
	if base != "" {
		return exported(base) + exported(field)
	}
	return exported(field)
}

// inner are the members by which .NET's collections serialize themselves: of a class derived from one they are its contents.
var inner = strings.Fields("Version Comparer HashSize KeyValuePairs LoadFactor Keys Values Capacity Elements ReadOnly Count " +
	"KeyComparer HashCodeProvider Items")

// isContents says that a member of a class derived from a collection belongs to the collection.
func isContents(member string) bool {
	base, _ := cutBase(member)
	if base == "" {
		return slices.Contains(inner, member)
	}
	for name := range collections {
		if of, _ := cutBase(name); of == base {
			return true
		}
	}
	return false
}
