package aspnetser

import (
	"encoding/binary"
	"unicode/utf8"
)

// rawValue is a value as it lies in the blob: numbers are read, text and record streams are spans. Reading one allocates
// nothing, so that Examine and Decode can share it.
type rawValue struct {
	typ    Type
	aux    uint8   // Boolean: the stored byte; IntPtr and UIntPtr: stored bytes; Char: the stored byte when it is no UTF-8
	form   lenForm // String
	lo, hi uint64  // the number; Decimal: low and middle, high and flags; Guid: the 16 bytes as two little-endian words
	text   span    // String: its bytes; Object: the record stream
	end    int     // offset of the byte after the value
}

// room is where a value may lie: it has to end at slot, and nothing is there after area.
type room struct {
	slot, area int
	pointer    int // width of IntPtr and UIntPtr; 0: what the slot allows (session-blob.md 4)
}

// missing is the fault of a value that needs n bytes at pos and does not have them within its slot.
func (r room) missing(fl field, pos, n int) fault {
	if n <= r.area-pos {
		return fault{code: faultSlot, field: fl, off: pos, n: int64(n)}
	}
	return fault{code: faultEnd, field: fl, off: pos, n: int64(n)}
}

// read reads the value at pos, which must be before r.slot. An Object takes the whole slot.
func (v *rawValue) read(b []byte, pos int, r room) fault {
	*v = rawValue{typ: Type(b[pos])}
	pos++
	p := b[pos:r.slot]
	switch v.typ {
	case TypeString:
		return v.readString(b, pos, r)
	case TypeChar:
		return v.readChar(b, pos, r)
	case TypeObject:
		if len(p) == 0 {
			return fault{code: faultObjectEmpty, field: fieldValue, off: pos}
		}
		v.text, v.end = span{pos, len(p)}, r.slot
		return fault{}
	case TypeIntPtr, TypeUIntPtr:
		return v.readPointer(b, pos, r)
	case TypeNull:
		v.end = pos
		return fault{}
	}
	if v.typ == 0 || v.typ > TypeNull {
		return fault{code: faultType, field: fieldType, off: pos - 1, n: int64(v.typ)}
	}
	size := fixedSize[v.typ]
	if len(p) < size {
		return r.missing(fieldValue, pos, size)
	}
	v.end = pos + size
	v.lo, v.hi, v.aux = loadFixed(v.typ, p[:size])
	switch v.typ {
	case TypeDateTime:
		if v.lo > maxDateTimeTicks {
			return fault{code: faultDateTime, field: fieldValue, off: pos}
		}
	case TypeDecimal:
		return checkDecimal(v.hi, pos)
	}
	return fault{}
}

// loadFixed reads the payload p of a type of fixed size: the number, of signed ones with its sign extended, and the aux
// of a Boolean.
func loadFixed(typ Type, p []byte) (lo, hi uint64, aux uint8) {
	switch len(p) {
	case 1:
		lo = uint64(p[0])
	case 2:
		lo = uint64(binary.LittleEndian.Uint16(p))
	case 4:
		lo = uint64(binary.LittleEndian.Uint32(p))
	case 8:
		lo = binary.LittleEndian.Uint64(p)
	case 16:
		lo, hi = binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])
	}
	switch typ {
	case TypeBoolean:
		aux, lo = uint8(lo), min(lo, 1)
	case TypeSByte:
		lo = uint64(int8(lo))
	case TypeInt16:
		lo = uint64(int16(lo))
	case TypeInt32:
		lo = uint64(int32(lo))
	}
	return lo, hi, aux
}

// readPlain reads the value that fills the slot b, if it is one of a fixed size or a short String and there is nothing odd
// about it.
func (v *Value) readPlain(b []byte, texts *textPool) bool {
	typ, p := Type(b[0]), b[1:]
	if typ > TypeNull {
		return false
	}
	if typ == TypeString {
		if len(p) == 0 || p[0] >= 0x80 || int(p[0]) != len(p)-1 || !utf8.Valid(p) {
			return false
		}
		v.typ, v.text = typ, texts.add(p[1:])
		return true
	}
	if len(p) == 0 || len(p) != int(fixedSize[typ]) {
		return false
	}
	lo, hi, aux := loadFixed(typ, p)
	if aux > 1 || typ == TypeDateTime && lo > maxDateTimeTicks || typ == TypeDecimal && checkDecimal(hi, 0).code != noFault {
		return false
	}
	v.typ, v.aux, v.lo, v.hi = typ, aux, lo, hi
	return true
}

// maxDateTimeTicks is DateTime.MaxValue, the last tick of the year 9999 (fixture datetime-over is one more).
const maxDateTimeTicks = 3155378975999999999

func checkDecimal(hi uint64, pos int) fault {
	flags := uint32(hi >> 32)
	if scale := flags >> 16 & 0xff; scale > 28 {
		return fault{code: faultScale, field: fieldValue, off: pos + 12, n: int64(scale)}
	}
	if flags&^0x80ff0000 != 0 {
		return fault{code: faultDecimalBits, field: fieldValue, off: pos + 12}
	}
	return fault{}
}

func (v *rawValue) readString(b []byte, pos int, r room) fault {
	c := cursor{b: b[:r.area], pos: pos}
	v.text, v.form = c.text(fieldString)
	if !c.ok() {
		return c.f
	}
	if c.pos > r.slot {
		return fault{code: faultSlot, field: fieldString, off: pos, n: int64(v.text.n)}
	}
	v.end = c.pos
	return fault{}
}

// readChar reads one UTF-8 sequence of 1 to 3 bytes. A byte that begins none reads as U+FFFD (fixtures p-char,
// char-astral; session-blob.md 4).
func (v *rawValue) readChar(b []byte, pos int, r room) fault {
	if pos >= r.slot {
		return r.missing(fieldValue, pos, 1)
	}
	n, lead := 1, b[pos]
	switch {
	case lead < 0x80:
		v.lo, v.end = uint64(lead), pos+1
		return fault{}
	case lead >= 0xf0 && lead <= 0xf4:
		return fault{code: faultCharLong, field: fieldValue, off: pos}
	case lead < 0xc2 || lead > 0xf4:
		v.lo, v.aux, v.end = utf8.RuneError, lead, pos+1
		return fault{}
	case lead < 0xe0:
		n = 2
	default:
		n = 3
	}
	have := b[pos:min(pos+n, r.area)]
	if len(have) < n && !utf8.FullRune(have) {
		return fault{code: faultEnd, field: fieldValue, off: pos, n: int64(n)}
	}
	c, size := utf8.DecodeRune(have)
	if size == 1 {
		return fault{code: faultCharBroken, field: fieldValue, off: pos}
	}
	if pos+size > r.slot {
		return r.missing(fieldValue, pos, size)
	}
	v.lo, v.end = uint64(c), pos+size
	return fault{}
}

// readPointer reads 8 bytes where the slot has them, else 4 (fixtures p-intptr, p-intptr4).
func (v *rawValue) readPointer(b []byte, pos int, r room) fault {
	size := r.pointer
	if size == 0 {
		if size = 8; r.slot-pos < 8 && r.slot-pos >= 4 {
			size = 4
		}
	}
	if r.slot-pos < size {
		return r.missing(fieldValue, pos, size)
	}
	v.aux, v.end = uint8(size), pos+size
	switch {
	case size == 8:
		v.lo = binary.LittleEndian.Uint64(b[pos:])
	case v.typ == TypeIntPtr:
		v.lo = uint64(int32(binary.LittleEndian.Uint32(b[pos:])))
	default:
		v.lo = uint64(binary.LittleEndian.Uint32(b[pos:]))
	}
	return fault{}
}
