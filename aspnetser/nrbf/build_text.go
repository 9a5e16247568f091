package nrbf

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// text writes a string or *StringObject: its record where it is first mentioned, a reference everywhere else.
func (e *encoder) text(v any) {
	s, plain := v.(string)
	if !plain {
		if s = v.(*StringObject).Text; s == "" {
			v = s // of empty strings .NET has one
		}
	}
	id, first := e.id(v)
	if !first {
		e.dst = append(e.dst, recordReference)
		e.i32(id)
		return
	}
	if !utf8.ValidString(s) {
		e.fail("String that is not UTF-8")
		return
	}
	e.dst = append(e.dst, recordString)
	e.i32(id)
	e.string(s)
}

// string writes a length and so many bytes of UTF-8.
func (e *encoder) string(s string) {
	e.dst = append(binary.AppendUvarint(e.dst, uint64(len(s))), s...)
}

// primitive writes a primitive value without its type.
func (e *encoder) primitive(v any, code PrimitiveType, bits uint64) {
	if why := valueProblem(v); why != "" {
		e.fail("%s", why)
		return
	}
	if code == PrimitiveDecimal {
		e.string(v.(Decimal).String())
		return
	}
	e.dst = appendPrimitive(e.dst, code, bits)
}

// chars writes the elements of a one-dimensional array of Chars, in which a surrogate pair is one sequence of 4 bytes
// (fixture o-char-array-astral).
func (e *encoder) chars(n int, at func(i int) Char) {
	for i := 0; i < n; i++ {
		c := rune(at(i))
		if utf16.IsSurrogate(c) {
			var low rune
			if i+1 < n {
				low = rune(at(i + 1))
			}
			if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
				e.failAt(i, "Char that is half of a surrogate pair")
				return
			}
			i++
		}
		e.dst = utf8.AppendRune(e.dst, c)
	}
}
