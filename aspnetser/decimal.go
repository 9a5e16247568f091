package aspnetser

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

// Decimal is a System.Decimal: (-1)^negative × magnitude × 10^-scale. Equal numbers of different scale are different
// Decimals, and there is a negative zero (fixture p-decimal).
type Decimal struct {
	Lo       uint64 // low 64 bits of the magnitude
	Hi       uint32 // high 32 bits
	Scale    uint8  // 0 to 28; more is refused when it is written
	Negative bool
}

// DecimalValue returns a Decimal.
func DecimalValue(d Decimal) Value {
	flags := uint64(d.Scale) << 16
	if d.Negative {
		flags |= 1 << 31
	}
	return Value{typ: TypeDecimal, lo: d.Lo, hi: uint64(d.Hi) | flags<<32}
}

// Decimal returns a Decimal.
func (v Value) Decimal() (d Decimal, ok bool) {
	flags := uint32(v.hi >> 32)
	return Decimal{Lo: v.lo, Hi: uint32(v.hi), Scale: uint8(flags >> 16), Negative: flags>>31 != 0}, v.typ == TypeDecimal
}

// String writes all digits of the scale: 1.500, -0, 0.0000000000000000000000000001.
func (d Decimal) String() string { return string(d.append(nil)) }

func (d Decimal) append(dst []byte) []byte {
	var digits [32]byte // 2^96 has 29 digits
	i := len(digits)
	hi, lo := uint64(d.Hi), d.Lo
	for hi != 0 || lo != 0 || len(digits)-i <= int(d.Scale) {
		if i == 0 {
			break // a scale that no Decimal has; what is left is zeros
		}
		var rest uint64
		hi, rest = hi/10, hi%10
		lo, rest = bits.Div64(rest, lo, 10)
		i--
		digits[i] = '0' + byte(rest)
	}
	if d.Negative {
		dst = append(dst, '-')
	}
	whole := len(digits) - i - int(d.Scale)
	if whole < 1 {
		return append(dst, digits[i:]...)
	}
	dst = append(dst, digits[i:i+whole]...)
	if d.Scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[i+whole:]...)
	}
	return dst
}

// GUID is a System.Guid as it is stored: the first group little-endian, the second and third too, then eight bytes in
// order (fixture p-guid).
type GUID [16]byte

// Guid returns a Guid.
func Guid(g GUID) Value {
	return Value{typ: TypeGuid, lo: binary.LittleEndian.Uint64(g[:]), hi: binary.LittleEndian.Uint64(g[8:])}
}

// Guid returns a Guid.
func (v Value) Guid() (g GUID, ok bool) {
	binary.LittleEndian.PutUint64(g[:], v.lo)
	binary.LittleEndian.PutUint64(g[8:], v.hi)
	return g, v.typ == TypeGuid
}

// String writes the usual form, 00112233-4455-6677-8899-aabbccddeeff.
func (g GUID) String() string { return string(g.append(nil)) }

func (g GUID) append(dst []byte) []byte {
	dst = hex.AppendEncode(dst, []byte{g[3], g[2], g[1], g[0]})
	dst = hex.AppendEncode(append(dst, '-'), []byte{g[5], g[4]})
	dst = hex.AppendEncode(append(dst, '-'), []byte{g[7], g[6]})
	dst = hex.AppendEncode(append(dst, '-'), g[8:10])
	return hex.AppendEncode(append(dst, '-'), g[10:])
}
