package nrbf

import (
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnit appends a UTF-16 unit as UTF-8. Half of a surrogate pair has none and becomes U+FFFD.
func appendUnit(dst []byte, c uint16) []byte { return utf8.AppendRune(dst, rune(c)) }

// unit returns UTF-16 unit i of s.
func unit(s string, i int) uint16 {
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if size == 4 {
			if hi, lo := utf16.EncodeRune(r); i < 2 {
				return uint16([2]rune{hi, lo}[i])
			}
			i--
		} else if i == 0 {
			return uint16(r)
		}
		i--
		s = s[size:]
	}
	return 0
}
