package nrbf

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// distinct fails if a key is null or equal to another.
func distinct(of string, ignoreCase bool, pairs []Pair) error {
	seen := make(map[any]int, len(pairs))
	for i, p := range pairs {
		key := dropNil(p.Key)
		if key == nil {
			return &BuildError{of, fmt.Sprintf("the key of pair %d is null", i)}
		}
		if !isValue(key) {
			return &BuildError{of, fmt.Sprintf("the key of pair %d is a Go %T, which stands for no .NET type", i, key)}
		}
		same := sameKey(key, ignoreCase)
		if first, taken := seen[same]; taken {
			return &BuildError{of, fmt.Sprintf("pairs %d and %d have equal keys", first, i)}
		}
		seen[same] = i
	}
	return nil
}

// isValue says whether v stands for a .NET value.
func isValue(v any) bool {
	switch v.(type) {
	case string, *StringObject, *Instance, *Array:
		return true
	}
	code, _ := primitiveOf(v)
	return code != 0
}

// sameKey returns a value that is the same for keys that .NET's Equals calls equal.
func sameKey(key any, ignoreCase bool) any {
	switch k := key.(type) {
	case *StringObject:
		return sameKey(k.Text, ignoreCase)
	case string:
		if ignoreCase {
			return upper(k)
		}
	case float32:
		if k != k { // NaN equals NaN here
			return nanSingle
		}
	case float64:
		if k != k {
			return nanDouble
		}
	case DateTime: // the kind does not count
		return DateTime{Ticks: k.Ticks}
	case Decimal: // nor do zeros behind the point
		text := k.String()
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		return decimalKey(text)
	case *Instance:
		if k.Class != nil && k.Class.ValueType {
			return structKey(k, 0)
		}
	}
	return key
}

type (
	decimalKey string
	nanKey     uint8
)

const (
	nanSingle nanKey = iota
	nanDouble
)

// structKey is the same for structs whose members are the same, as ValueType.Equals has it: strings by their text, objects
// by identity. Structs that stand deeper in one another are kept apart by their pointers.
func structKey(o *Instance, depth int) any {
	if depth > maxStructDepth {
		return o
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q", o.Class.Name, libraryOf(o.Class))
	for _, v := range o.Values {
		if v = dropNil(v); v != nil && !isValue(v) {
			return o
		}
		var k any
		if inner, ok := v.(*Instance); ok && inner.Class != nil && inner.Class.ValueType {
			k = structKey(inner, depth+1)
		} else {
			k = sameKey(v, false)
		}
		switch k := k.(type) {
		case string, structText:
			fmt.Fprintf(&b, "/%q", k)
		case *Instance, *Array:
			fmt.Fprintf(&b, "/%p", k)
		default:
			fmt.Fprintf(&b, "/%T %v", k, k)
		}
	}
	return structText(b.String())
}

const maxStructDepth = 4

type structText string

// upper spells a text as OrdinalIgnoreCase compares it: each unit on its own, so that astral letters keep their case, and
// nothing becomes ASCII that is not.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if u := unicode.ToUpper(r); r <= 0xffff && (r < utf8.RuneSelf || u >= utf8.RuneSelf) {
			return u
		}
		return r
	}, s)
}
