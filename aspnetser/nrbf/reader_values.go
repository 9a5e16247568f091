package nrbf

import (
	"unicode/utf8"
)

// readString reads a BinaryObjectString, [MS-NRBF] 2.5.7. Unlike objects two strings may have one id, and each is read
// where it stands (session-blob.md 5).
func (r *reader) readString() {
	at := r.pos
	id := r.i32("object id")
	if r.ok() && id == 0 {
		r.fail(at, "object id 0")
	}
	t := r.text("string")
	if !r.ok() {
		return
	}
	target, taken := r.ids.lookup(id)
	if taken && target >= 0 {
		r.fail(at, "the object id %d is used twice", id)
		return
	}
	r.g.twice = r.g.twice || taken
	i := r.newText(t)
	r.setID(&r.ids, id, textTarget(i))
	r.g.lastID = max(r.g.lastID, id)
	r.push(cell{kind: cellString, bits: uint64(uint32(id)), ref: i})
}

func (r *reader) newText(t text) int32 {
	r.spend(memoryText)
	r.g.texts = append(extend(r, r.g.texts, 1, memoryText), t)
	return int32(len(r.g.texts)) - 1
}

// readPrimitive reads a MemberPrimitiveTyped, [MS-NRBF] 2.5.1: a boxed value.
func (r *reader) readPrimitive() {
	code := r.readPrimitiveType()
	if !r.ok() {
		return
	}
	at := r.pos
	c := r.primitive(code)
	c.as = asBoxed
	if !r.ok() {
		return
	}
	if r.emit != nil {
		r.showPrimitive(at, "value", c)
	}
	r.push(c)
}

func (r *reader) readPrimitiveType() PrimitiveType {
	at := r.pos
	code := PrimitiveType(r.byte("primitive type"))
	if !r.ok() {
		return 0
	}
	if !code.valid() {
		r.fail(at, "unknown primitive type %d", code)
		return 0
	}
	if r.emit != nil {
		r.show(at, "primitive type", code.String())
	}
	return code
}

// primitive reads one value of a primitive type, [MS-NRBF] 2.1.1.
func (r *reader) primitive(code PrimitiveType) cell {
	c := cell{kind: cellPrimitive, code: code}
	switch size := primitives[code].size; {
	case code == PrimitiveChar:
		c.bits = uint64(r.char())
	case code == PrimitiveDecimal:
		at := r.pos
		t := r.text("Decimal")
		if r.ok() && !validDecimal(t.s) {
			r.pos = at
			r.fail(at, "Decimal that is no number, or too large")
		}
		if r.ok() {
			c.ref = r.newText(t)
		}
	default:
		at, ok := r.take(size, code.String())
		if !ok {
			return c
		}
		c.bits = primitiveBits(r.s[at:], size)
		if code == PrimitiveDateTime && c.bits&dateTicks > maxDateTicks {
			r.pos = at
			r.fail(at, "DateTime ticks out of range")
		}
	}
	return c
}

// primitiveBits reads a number of so many bytes.
func primitiveBits[T string | []byte](s T, size int) uint64 {
	switch size {
	case 1:
		return uint64(s[0])
	case 2:
		return uint64(le16(s))
	case 4:
		return uint64(le32(s))
	}
	return le64(s)
}

const (
	dateTicks    = 1<<62 - 1           // the part of a DateTime that is ticks
	maxDateTicks = 3155378975999999999 // DateTime.MaxValue, the last tick of the year 9999
)

// char reads one UTF-8 sequence of 1 to 3 bytes. One of 4 would be two elements (session-blob.md 5).
func (r *reader) char() rune {
	if !r.ok() {
		return 0
	}
	c, size := utf8.DecodeRuneInString(r.s[r.pos:])
	switch {
	case size == 0:
		r.missing("Char")
	case c == utf8.RuneError && size == 1:
		if !utf8.FullRuneInString(r.s[r.pos:]) {
			r.missing("Char")
		} else {
			r.fail(r.pos, "Char is not UTF-8")
		}
	case size == 4:
		r.fail(r.pos, "Char of 4 bytes")
	default:
		r.pos += size
	}
	return c
}

// chars reads the UTF-8 of n UTF-16 units and returns how many bytes it is. Where pairs are allowed 4 bytes fill two
// elements (fixture o-char-array-astral).
func (r *reader) chars(n int, pairs bool) int {
	i := r.pos
	for n > 0 {
		if i < len(r.s) && r.s[i] < utf8.RuneSelf {
			i++
			n--
			continue
		}
		c, size := utf8.DecodeRuneInString(r.s[i:])
		switch {
		case size == 0, c == utf8.RuneError && size == 1 && !utf8.FullRuneInString(r.s[i:]):
			r.missing("elements")
			return 0
		case c == utf8.RuneError && size == 1:
			r.fail(i, "Char is not UTF-8")
			return 0
		case size == 4 && !pairs:
			r.fail(i, "Char of 4 bytes")
			return 0
		case size == 4 && n < 2:
			r.fail(i, "the last Char is half of a sequence of 4 bytes")
			return 0
		case size == 4:
			n--
		}
		n--
		i += size
	}
	return i - r.pos
}

// validDecimal says whether Decimal.Parse takes s under the invariant culture: blanks, a sign before or behind, digits
// with commas, a point; and the number below 2^96.
func validDecimal(s string) bool {
	_, ok := ParseDecimal(s)
	return ok
}
