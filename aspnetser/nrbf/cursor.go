package nrbf

import (
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// cursor reads a stream from front to back. After its first error it stays where it is and gives zeros, so that a record
// reads like its table in [MS-NRBF], and who reads asks once, at the end.
type cursor struct {
	s   string
	pos int
	err error

	record   byte // the record being read, and
	recordAt int  // where it starts; -1 before the first
	emit     func(Range)
}

func (c *cursor) ok() bool { return c.err == nil }

func (c *cursor) recordName() string {
	if c.recordAt < 0 {
		return ""
	}
	return recordName(c.record)
}

// fail makes the first error.
func (c *cursor) fail(at int, format string, args ...any) {
	if c.err == nil {
		c.err = &MalformedError{Offset: int64(at), Record: c.recordName(), RecordOffset: int64(max(c.recordAt, 0)),
			Reason: fmt.Sprintf(format, args...)}
	}
}

func (c *cursor) missing(what string) {
	if c.err == nil {
		c.err = &MalformedError{Offset: int64(c.pos), Record: c.recordName(), RecordOffset: int64(max(c.recordAt, 0)),
			Reason: "out of bytes in the " + what, cause: io.ErrUnexpectedEOF}
	}
}

func (c *cursor) tooMany(at int, limit, what string, most int64) {
	if c.err == nil {
		c.err = &LimitError{Limit: limit, What: what, Max: most, Offset: int64(at), Record: c.recordName(),
			RecordOffset: int64(max(c.recordAt, 0))}
	}
}

func (c *cursor) left() int { return len(c.s) - c.pos }

// take moves over n bytes, n not negative, and returns where they start; ok is false after an error.
func (c *cursor) take(n int, what string) (at int, ok bool) {
	if c.err != nil {
		return 0, false
	}
	if n > len(c.s)-c.pos {
		c.missing(what)
		return 0, false
	}
	c.pos += n
	return c.pos - n, true
}

// u8 reads a byte that is shown as a number.
func (c *cursor) u8(what string) byte {
	b := c.byte(what)
	if c.emit != nil && c.ok() {
		c.show(c.pos-1, what, strconv.Itoa(int(b)))
	}
	return b
}

// byte reads a byte that the caller shows.
func (c *cursor) byte(what string) byte {
	if c.err == nil && c.pos < len(c.s) {
		c.pos++
		return c.s[c.pos-1]
	}
	if at, ok := c.take(1, what); ok {
		return c.s[at]
	}
	return 0
}

func (c *cursor) i32(what string) int32 {
	if c.err == nil && c.emit == nil && len(c.s)-c.pos >= 4 {
		c.pos += 4
		return int32(le32(c.s[c.pos-4:]))
	}
	at, ok := c.take(4, what)
	if !ok {
		return 0
	}
	n := int32(le32(c.s[at:]))
	if c.emit != nil {
		c.show(at, what, strconv.Itoa(int(n)))
	}
	return n
}

func le16[T string | []byte](s T) uint16 { return uint16(s[0]) | uint16(s[1])<<8 }

func le32[T string | []byte](s T) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func le64[T string | []byte](s T) uint64 {
	_ = s[7]
	return uint64(le32(s)) | uint64(le32(s[4:]))<<32
}

// lenForm says how the length of a text is stored where that is not the shortest way: bits 0 to 2 the number of its
// bytes, bits 3 to 5 the bits of the fifth byte that are above bit 31 (session-blob.md 1). 0 is the shortest way.
type lenForm uint8

// text reads a length, 7 bits a byte, and so many bytes of UTF-8; anything else is refused here, unlike outside of record
// streams (session-blob.md 5).
func (c *cursor) text(what string) text {
	at := c.pos
	n, form := c.length(what)
	if !c.ok() {
		return text{}
	}
	if n < 0 {
		c.fail(at, "%s length %d", what, n)
		return text{}
	}
	if c.emit != nil {
		c.show(at, what+" length", strconv.Itoa(int(n)))
	}
	from, ok := c.take(int(n), what)
	if !ok {
		return text{}
	}
	s := c.s[from:c.pos]
	if !utf8.ValidString(s) {
		c.pos = from
		c.fail(from+validPrefix(s), "%s is not UTF-8", what)
		return text{}
	}
	if c.emit != nil && n > 0 {
		c.show(from, what, QuoteCut(s, 40))
	}
	return text{s, form}
}

// validPrefix is how many bytes of s are UTF-8.
func validPrefix(s string) int {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(s)
}

func (c *cursor) length(what string) (int32, lenForm) {
	if c.err == nil && c.pos < len(c.s) && c.s[c.pos] < 0x80 {
		c.pos++
		return int32(c.s[c.pos-1]), 0
	}
	var n uint32
	start := c.pos
	for i := 0; ; i++ {
		at, ok := c.take(1, what+" length")
		if !ok {
			c.pos = start
			return 0, 0
		}
		b := c.s[at]
		if i == 4 && b >= 0x80 {
			c.pos = start
			c.fail(start, "%s length of more than 5 bytes", what)
			return 0, 0
		}
		n |= uint32(b&0x7f) << (7 * i)
		if b >= 0x80 {
			continue
		}
		form := lenForm(i + 1)
		if i == 4 {
			form |= lenForm(b>>4&7) << 3
		}
		if int(form) == shortestLen(n) {
			form = 0
		}
		return int32(n), form
	}
}

// shortestLen is how many bytes the length n takes at least.
func shortestLen(n uint32) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// QuoteCut quotes s for people, cut to so many characters. The result holds no control characters.
func QuoteCut(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return strconv.Quote(s[:i]) + "…"
		}
		n++
	}
	return strconv.Quote(s)
}
