package aspnetser

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// textPool makes strings that lie side by side in memory, so that a session takes one allocation for all of its text.
type textPool struct{ b strings.Builder }

// grow makes room for n bytes.
func (p *textPool) grow(n int) { p.b.Grow(n) }

// add returns the text of b, from the room that is left if it fits there.
func (p *textPool) add(b []byte) string {
	at := p.b.Len()
	if len(b) > p.b.Cap()-at {
		return string(b)
	}
	p.b.Write(b)
	return p.b.String()[at:]
}

// textDecoder turns stored bytes into text as Microsoft's reader does (session-blob.md 1): what is not UTF-8 becomes
// U+FFFD, one for each longest beginning of a sequence (fixture utf8-invalid-key), and an unfinished sequence at the end is held
// back for the next text of the same decoder. All keys and static-object names of a blob share one; so do, since the
// same reader reads them, type names and String values of static objects. Every item's value has one of its own.
type textDecoder struct {
	held [utf8.UTFMax]byte
	n    int
}

// plain says that raw is its own decoding, and leaves nothing behind.
func (d *textDecoder) plain(raw []byte) bool { return d.n == 0 && utf8.Valid(raw) }

// appendText appends the decoding of raw. It is at most three times as long as what goes in.
func (d *textDecoder) appendText(dst, raw []byte) []byte {
	if d.n > 0 {
		// Complete the held sequence byte by byte; it grows to four bytes at most.
		for len(raw) > 0 && d.n > 0 && !utf8.FullRune(d.held[:d.n]) {
			d.held[d.n] = raw[0]
			if d.n++; !utf8.FullRune(d.held[:d.n]) || utf8.Valid(d.held[:d.n]) {
				raw = raw[1:]
				continue
			}
			d.n = 0 // the new byte does not belong to it and stays in raw
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
		if d.n > 0 && !utf8.FullRune(d.held[:d.n]) {
			return dst
		}
		dst = append(dst, d.held[:d.n]...)
		d.n = 0
	}
	dst = slices.Grow(dst, len(raw))
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		if r == utf8.RuneError && size == 1 {
			if !utf8.FullRune(raw) {
				d.n = copy(d.held[:], raw)
				return dst
			}
			size = brokenLen(raw)
		}
		dst = utf8.AppendRune(dst, r)
		raw = raw[size:]
	}
	return dst
}

// brokenLen is the length of the longest beginning of a sequence that raw starts with, at least 1.
func brokenLen(raw []byte) int {
	n := 1
	for n < len(raw) && !utf8.FullRune(raw[:n+1]) {
		n++
	}
	return n
}
