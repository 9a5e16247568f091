package aspnetser

import (
	"math"
	"time"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Value is one decoded value: of an item, or of a static object. It is made by a function of this package (Int32,
// String, …) or by Decode; the zero Value is null. A Value may be copied; it is never changed in place, but for the graph of
// an Object, which copies share.
//
// Besides the value it remembers in which of several possible ways it was stored, so that writing it again gives the same
// bytes: a Boolean byte other than 0 and 1, a length of more bytes than needed, text that is not UTF-8, bytes between the
// end of the value and the end of its slot, the width of an IntPtr.
type Value struct {
	typ    Type // 0 is Null
	aux    uint8
	form   lenForm
	id     Type // of an Undecodable: the stored type byte
	lo, hi uint64
	text   string
	graph  *nrbf.Graph
	odd    *oddity
}

// oddity is what is kept of a value that is not stored as Microsoft's writer would.
type oddity struct {
	stored []byte // String: its bytes, not UTF-8; Undecodable: the slot
	slack  []byte // bytes of the slot behind the value
	cause  error  // Undecodable: what is wrong with the graph of an Object
}

// stored returns what odd.stored says.
func (v *Value) stored() []byte {
	if v.odd == nil {
		return nil
	}
	return v.odd.stored
}

// An Undecodable keeps its fault in the number fields, so that a blob full of them costs little: aux is the code, form the
// field, lo the offset, hi the figure.
func undecodable(id Type, slot []byte, f fault, cause error) Value {
	v := Value{typ: TypeUndecodable, id: id, aux: uint8(f.code), form: lenForm(f.field), lo: uint64(f.off), hi: uint64(f.n)}
	if len(slot) > 0 {
		v.odd = &oddity{stored: slot, cause: cause}
	}
	return v
}

// err returns why an Undecodable item is one.
func (v *Value) err(item int, key string, inflated bool) error {
	var cause error
	if v.odd != nil {
		cause = v.odd.cause
	}
	return v.fault(item).err(key, inflated, Options{}, cause)
}

func (v *Value) fault(item int) fault {
	return fault{code: faultCode(v.aux), field: field(v.form), item: int32(item) + 1, off: int(v.lo), n: int64(v.hi)}
}

// Null returns the null value.
func Null() Value { return Value{typ: TypeNull} }

// String returns a String. Text that is not UTF-8 is refused when it is written.
func String(s string) Value { return Value{typ: TypeString, text: s} }

// Boolean returns a Boolean.
func Boolean(b bool) Value {
	if b {
		return Value{typ: TypeBoolean, lo: 1, aux: 1}
	}
	return Value{typ: TypeBoolean}
}

// Int32 returns an Int32.
func Int32(n int32) Value { return Value{typ: TypeInt32, lo: uint64(n)} }

// Int16 returns an Int16.
func Int16(n int16) Value { return Value{typ: TypeInt16, lo: uint64(n)} }

// Int64 returns an Int64.
func Int64(n int64) Value { return Value{typ: TypeInt64, lo: uint64(n)} }

// SByte returns an SByte.
func SByte(n int8) Value { return Value{typ: TypeSByte, lo: uint64(n)} }

// Byte returns a Byte.
func Byte(n uint8) Value { return Value{typ: TypeByte, lo: uint64(n)} }

// UInt16 returns a UInt16.
func UInt16(n uint16) Value { return Value{typ: TypeUInt16, lo: uint64(n)} }

// UInt32 returns a UInt32.
func UInt32(n uint32) Value { return Value{typ: TypeUInt32, lo: uint64(n)} }

// UInt64 returns a UInt64.
func UInt64(n uint64) Value { return Value{typ: TypeUInt64, lo: n} }

// Single returns a Single; the bits of a NaN are kept.
func Single(f float32) Value { return Value{typ: TypeSingle, lo: uint64(math.Float32bits(f))} }

// Double returns a Double; the bits of a NaN are kept.
func Double(f float64) Value { return Value{typ: TypeDouble, lo: math.Float64bits(f)} }

// Char returns a Char: one UTF-16 unit that is no half of a surrogate pair. Others are refused when they are written.
func Char(c uint16) Value { return Value{typ: TypeChar, lo: uint64(c)} }

// DateTime returns a DateTime of ticks of 100 ns since 0001-01-01. Ticks past the year 9999 and negative ones are refused
// when they are written.
func DateTime(ticks int64) Value { return Value{typ: TypeDateTime, lo: uint64(ticks)} }

// DateTimeOf returns the DateTime that a clock showing t's date and time of day shows. The zone is not stored.
func DateTimeOf(t time.Time) Value {
	_, zone := t.Zone()
	return DateTime((t.Unix()+int64(zone))*ticksPerSecond + int64(t.Nanosecond())/100 + unixEpochTicks)
}

// TimeSpan returns a TimeSpan of ticks of 100 ns.
func TimeSpan(ticks int64) Value { return Value{typ: TypeTimeSpan, lo: uint64(ticks)} }

// IntPtr returns an IntPtr as a process of 64 bits writes it.
func IntPtr(n int64) Value { return Value{typ: TypeIntPtr, lo: uint64(n), aux: 8} }

// UIntPtr returns a UIntPtr as a process of 64 bits writes it.
func UIntPtr(n uint64) Value { return Value{typ: TypeUIntPtr, lo: n, aux: 8} }

// Object returns an Object of a graph, which is not copied.
func Object(g *nrbf.Graph) Value { return Value{typ: TypeObject, graph: g} }

// Type returns the type of the value; TypeUndecodable for an item that could not be decoded.
func (v Value) Type() Type {
	if v.typ == 0 {
		return TypeNull
	}
	return v.typ
}

// IsNull says whether the value is null.
func (v Value) IsNull() bool { return v.Type() == TypeNull }

// Text returns the text of a String, always UTF-8.
func (v Value) Text() (s string, ok bool) { return v.text, v.typ == TypeString }

// Bool returns a Boolean.
func (v Value) Bool() (b, ok bool) { return v.lo != 0, v.typ == TypeBoolean }

// Int returns an SByte, Int16, Int32, Int64 or IntPtr.
func (v Value) Int() (n int64, ok bool) {
	switch v.typ {
	case TypeSByte, TypeInt16, TypeInt32, TypeInt64, TypeIntPtr:
		return int64(v.lo), true
	}
	return 0, false
}

// Uint returns a Byte, UInt16, UInt32, UInt64 or UIntPtr.
func (v Value) Uint() (n uint64, ok bool) {
	switch v.typ {
	case TypeByte, TypeUInt16, TypeUInt32, TypeUInt64, TypeUIntPtr:
		return v.lo, true
	}
	return 0, false
}

// Float returns a Single or Double.
func (v Value) Float() (f float64, ok bool) {
	switch v.typ {
	case TypeSingle:
		return float64(math.Float32frombits(uint32(v.lo))), true
	case TypeDouble:
		return math.Float64frombits(v.lo), true
	}
	return 0, false
}

// Char returns a Char: one UTF-16 unit.
func (v Value) Char() (c uint16, ok bool) { return uint16(v.lo), v.typ == TypeChar }

// Ticks returns a DateTime or TimeSpan in ticks of 100 ns; those of a DateTime count from 0001-01-01.
func (v Value) Ticks() (ticks int64, ok bool) {
	return int64(v.lo), v.typ == TypeDateTime || v.typ == TypeTimeSpan
}

// Time returns a DateTime. The zone is always UTC, since the blob does not say which it was.
func (v Value) Time() (t time.Time, ok bool) {
	if v.typ != TypeDateTime {
		return time.Time{}, false
	}
	return nrbf.DateTime{Ticks: int64(v.lo), Kind: nrbf.DateTimeUTC}.Time(), true
}

// PointerSize returns how many bytes an IntPtr or UIntPtr has in the blob, 8 or 4.
func (v Value) PointerSize() (bytes int, ok bool) {
	return int(v.aux), v.typ == TypeIntPtr || v.typ == TypeUIntPtr
}

// Graph returns the graph of an Object. To change it is to change the Value and all copies of it.
func (v Value) Graph() (g *nrbf.Graph, ok bool) { return v.graph, v.typ == TypeObject }

// Undecodable returns the bytes of the slot of an item that could not be decoded, type byte first; nil where the slot has
// no bytes or cannot be had. They must not be changed.
func (v Value) Undecodable() (slot []byte, ok bool) { return v.stored(), v.typ == TypeUndecodable }

const (
	ticksPerSecond = 10_000_000
	unixEpochTicks = 621355968000000000 // 1970-01-01
)
