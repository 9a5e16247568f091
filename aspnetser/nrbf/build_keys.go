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
		same := sameKey(key, ignoreCase)
		if first, taken := seen[same]; taken {
			return &BuildError{of, fmt.Sprintf("pairs %d and %d have equal keys", first, i)}
		}
		seen[same] = i
	}
	return nil
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
			return structKey(k)
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

// structKey is for structs of primitives and Strings, such as Guid and enums. Others are kept apart by their pointers.
func structKey(o *Instance) any {
	var b strings.Builder
	b.WriteString(o.Class.Name)
	for _, v := range o.Values {
		code, bits := primitiveOf(v)
		text, isText := v.(string)
		if code == 0 && !isText || code == PrimitiveDecimal {
			return o
		}
		fmt.Fprintf(&b, "/%d %d %q", code, bits, text)
	}
	return structText(b.String())
}

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
