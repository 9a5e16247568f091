package aspnetser

import "encoding/binary"

// cursor reads a blob from front to back. After its first fault it stays where it is and gives zeros, so that a decoder
// reads like the table in session-blob.md and asks once, at the end.
type cursor struct {
	b   []byte
	pos int
	f   fault
}

func (c *cursor) ok() bool { return c.f.code == noFault }

func (c *cursor) fail(code faultCode, fl field, off int, n int64) {
	if c.f.code == noFault {
		c.f = fault{code: code, field: fl, off: off, n: n}
	}
}

// take returns the next n bytes, n not negative; nil after a fault.
func (c *cursor) take(n int, fl field) []byte {
	if c.f.code != noFault {
		return nil
	}
	if n > len(c.b)-c.pos {
		c.fail(faultEnd, fl, c.pos, int64(n))
		return nil
	}
	c.pos += n
	return c.b[c.pos-n : c.pos : c.pos]
}

func (c *cursor) u8(fl field) byte {
	if b := c.take(1, fl); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) i32(fl field) int32 {
	if b := c.take(4, fl); b != nil {
		return int32(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// text reads a str (session-blob.md 1) and returns where its bytes are.
func (c *cursor) text(fl field) (s span, form lenForm) {
	at := c.pos
	n, form := c.len7(fl)
	if !c.ok() {
		return span{}, 0
	}
	if n < 0 {
		c.fail(faultLength, fl, at, int64(n))
		return span{}, 0
	}
	if int(n) > len(c.b)-c.pos {
		c.fail(faultEnd, fl, c.pos, int64(n))
		return span{}, 0
	}
	c.pos += int(n)
	return span{c.pos - int(n), int(n)}, form
}

// span is a stretch of bytes.
type span struct{ off, n int }

func (s span) of(b []byte) []byte { return b[s.off : s.off+s.n : s.off+s.n] }

// lenForm says how a len7 is stored when that is not the shortest way: bits 0-2 the number of bytes, bits 3-5 the bits
// that the fifth byte puts above bit 31, which readers drop. 0 means the shortest way (fixture s-overlong-7bit).
type lenForm uint8

// len7 reads a length of 1 to 5 bytes. The result is negative where bit 31 is set.
func (c *cursor) len7(fl field) (int32, lenForm) {
	if c.ok() && c.pos < len(c.b) && c.b[c.pos] < 0x80 {
		c.pos++
		return int32(c.b[c.pos-1]), 0
	}
	at := c.pos
	var v uint64
	for i := range 5 {
		b := c.u8(fl)
		if !c.ok() {
			return 0, 0
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			n, width, dropped := int32(uint32(v)), i+1, v>>32
			if width == len7Width(uint32(v)) && dropped == 0 {
				return n, 0
			}
			return n, lenForm(width) | lenForm(dropped<<3)
		}
	}
	c.fail(faultLen7, fl, at, 0)
	return 0, 0
}

// len7Width is the number of bytes of the shortest way to write n.
func len7Width(n uint32) int {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<14:
		return 2
	case n < 1<<21:
		return 3
	case n < 1<<28:
		return 4
	}
	return 5
}

// appendLen7 writes n as form says, or the shortest way if form is too short for it.
func appendLen7(dst []byte, n uint32, form lenForm) []byte {
	if n < 0x80 && form == 0 {
		return append(dst, byte(n))
	}
	width, v := int(form&7), uint64(n)
	if short := len7Width(n); width < short {
		width = short
	}
	if width == 5 {
		v |= uint64(form>>3) << 32
	}
	for range width - 1 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v&0x7f))
}
