package inventory

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestName is how many bytes of an item's name are kept. Of a longer one it is the pattern of its beginning, and a hash.
const longestName = 256

// fold makes names equal that differ by case only, as package aspnetser compares keys: every letter becomes the first of
// those that differ from it by case only.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		first := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			first = min(first, next)
		}
		return first
	}, s)
}

// cut shortens a name that is too long to be kept.
func cut(name string) (short string, long bool) {
	if len(name) <= longestName {
		return name, false
	}
	h := fnv.New64a()
	h.Write([]byte(fold(name)))
	head := name[:64]
	for !utf8.ValidString(head) {
		head = head[:len(head)-1]
	}
	head, _, _ = pattern(head)
	return fmt.Sprintf("%s… (%d bytes, #%016x)", head, len(name), h.Sum64()), true
}

// pattern replaces in a name what looks as if a program had put it there: numbers by {n}, GUIDs by {guid}, longer
// hexadecimal numbers by {hex}, what looks like a session id or another random text by {id}, and mail addresses by {email}.
// generated says that there was such a thing; personal, that it may be an id or an address of somebody.
func pattern(name string) (p string, generated, personal bool) {
	var b strings.Builder
	for i := 0; i < len(name); {
		if n := guidAt(name[i:]); n > 0 && !alnumBefore(name, i) {
			b.WriteString("{guid}")
			i, generated = i+n, true
			continue
		}
		if n := emailAt(name[i:]); n > 0 && !alnumBefore(name, i) {
			b.WriteString("{email}")
			i, generated, personal = i+n, true, true
			continue
		}
		n := alnumAt(name[i:])
		if n == 0 {
			_, size := utf8.DecodeRuneInString(name[i:])
			b.WriteString(name[i : i+size])
			i += size
			continue
		}
		word := name[i : i+n]
		i += n
		digits, letters, hex := 0, 0, true
		for _, c := range []byte(word) {
			switch {
			case '0' <= c && c <= '9':
				digits++
			default:
				letters++
				hex = hex && strings.IndexByte("abcdefABCDEF", c) >= 0
			}
		}
		switch {
		case hex && letters > 0 && digits > 0 && len(word) >= 8:
			b.WriteString("{hex}")
			generated = true
		case letters > 0 && digits >= 3 && len(word) >= 16 && scattered(word) >= 3:
			b.WriteString("{id}")
			generated, personal = true, true
		case digits > 0:
			writeNumbers(&b, word)
			generated = true
		default:
			b.WriteString(word)
		}
	}
	return b.String(), generated, personal
}

// scattered counts the stretches of digits in a word: names that people choose have one, or two.
func scattered(word string) (n int) {
	for i := range len(word) {
		if isDigit(word[i]) && (i == 0 || !isDigit(word[i-1])) {
			n++
		}
	}
	return n
}

func writeNumbers(b *strings.Builder, word string) {
	for i := range len(word) {
		switch {
		case !isDigit(word[i]):
			b.WriteByte(word[i])
		case i == 0 || !isDigit(word[i-1]):
			b.WriteString("{n}")
		}
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

func alnumBefore(s string, i int) bool { return i > 0 && isAlnum(s[i-1]) }

func alnumAt(s string) (n int) {
	for n < len(s) && isAlnum(s[n]) {
		n++
	}
	return n
}

// guidAt returns the length of the GUID with hyphens that s begins with, else 0.
func guidAt(s string) int {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(s) < len(form) || len(s) > len(form) && isAlnum(s[len(form)]) {
		return 0
	}
	for i := range len(form) {
		if form[i] == '-' != (s[i] == '-') || form[i] == 'x' && strings.IndexByte("0123456789abcdefABCDEF", s[i]) < 0 {
			return 0
		}
	}
	return len(form)
}

// emailAt returns the length of the mail address that s begins with, else 0.
func emailAt(s string) int {
	n := 0
	for n < len(s) && (isAlnum(s[n]) || strings.IndexByte("._%+-", s[n]) >= 0) {
		n++
	}
	if n == 0 || n == len(s) || s[n] != '@' {
		return 0
	}
	dot, end := false, n+1
	for end < len(s) && (isAlnum(s[end]) || s[end] == '-' || s[end] == '.') {
		dot = dot || s[end] == '.'
		end++
	}
	if !dot {
		return 0
	}
	return end
}
