package aspnetser

import (
	"encoding/binary"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Decimal is a System.Decimal. Equal numbers of different scale are different Decimals, and there is a negative zero
// (fixture p-decimal).
type Decimal = nrbf.Decimal

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

// GUID is a System.Guid as it is stored: the first group little-endian, the second and third too, then eight bytes in
// order (fixture p-guid).
type GUID = nrbf.GUID

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
