package aspnetser

import "unicode/utf8"

// primitiveSize is the stored size of each primitive, [MS-NRBF] 2.1.2.3; 0: there is none of this code; -1: not fixed.
var primitiveSize = [...]int8{
	1: 1 /* Boolean */, 2: 1 /* Byte */, 3: -1 /* Char */, 5: -1 /* Decimal, as text */, 6: 8 /* Double */, 7: 2, /* Int16 */
	8: 4 /* Int32 */, 9: 8 /* Int64 */, 10: 1 /* SByte */, 11: 4 /* Single */, 12: 8 /* TimeSpan */, 13: 8, /* DateTime */
	14: 2 /* UInt16 */, 15: 4 /* UInt32 */, 16: 8, /* UInt64 */
}

// primitives reads n values of one primitive type.
func (m *meter) primitives(code byte, n int64) {
	cur := &m.cur
	if !cur.ok() {
		return
	}
	if int(code) >= len(primitiveSize) || primitiveSize[code] == 0 {
		cur.fail(faultTypeCode, fieldRecord, cur.pos-1, int64(code))
		return
	}
	size := int64(primitiveSize[code])
	if size > 0 {
		if left := int64(len(cur.b) - cur.pos); n > left/size {
			cur.fail(faultEnd, fieldRecord, cur.pos, size)
			return
		}
		cur.take(int(n*size), fieldRecord)
		return
	}
	for n > 0 && cur.ok() {
		if code == 5 {
			cur.text(fieldRecord)
			n--
			continue
		}
		n -= m.char(n)
	}
}

// char reads one UTF-8 sequence and returns how many elements it fills: four bytes fill two (fixture
// o-char-array-astral).
func (m *meter) char(most int64) int64 {
	cur := &m.cur
	if cur.pos == len(cur.b) {
		cur.fail(faultEnd, fieldRecord, cur.pos, 1)
		return 0
	}
	_, size := utf8.DecodeRune(cur.b[cur.pos:])
	at := cur.pos
	cur.pos += size
	if size < utf8.UTFMax {
		return 1
	}
	if most < 2 {
		cur.fail(faultCharLong, fieldRecord, at, 0)
	}
	return 2
}
