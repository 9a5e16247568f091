package nrbf

import (
	"math"
	"time"
)

// Char is a System.Char, a UTF-16 unit. Half of a surrogate pair cannot be written on its own.
type Char uint16

// TimeSpan is a System.TimeSpan in ticks of 100 ns. One day is 864,000,000,000.
type TimeSpan int64

// DateTime is a System.DateTime.
type DateTime struct {
	Ticks int64 // of 100 ns since 0001-01-01; at most those of the year 9999
	Kind  DateTimeKind
}

// DateTimeOf returns the UTC DateTime of an instant, cut to ticks. Instants outside of the years 1 to 9999 give one that is
// refused when it is written.
func DateTimeOf(t time.Time) DateTime {
	const (
		perSecond = 10_000_000
		unixEpoch = 62_135_596_800 // seconds from 0001-01-01 to 1970-01-01
	)
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return DateTime{Ticks: -1, Kind: DateTimeUTC}
	}
	return DateTime{(t.Unix()+unixEpoch)*perSecond + int64(t.Nanosecond())/100, DateTimeUTC}
}

// StringObject is a String with an identity of its own. Of Go strings equal ones are one object, which is written once and
// then referred to, as .NET does with strings from a program's text; of StringObjects each is an object, as .NET's are that
// come out of a database. To who reads them there is no difference.
type StringObject struct{ Text string }

// Instance is an object of a class, a struct or an enum. The pointer is its identity: an Instance that stands in two
// places is one object that is mentioned twice, and it may refer to itself. Structs in places of their own type are
// copied, as everywhere in .NET; in Object places they are boxes with an identity.
type Instance struct {
	Class  *ClassType
	Values []any // one for each member of Class
}

// New returns an Instance of the class. Values are those of the members, in order.
func (c *ClassType) New(values ...any) *Instance { return &Instance{Class: c, Values: values} }

// Array is an array. The pointer is its identity, see Instance.
type Array struct {
	Elem Type

	// Lengths are those of the dimensions; nil for one dimension with all Values.
	Lengths []int

	// Lower are the lower bounds of the dimensions, nil if all are 0. One-dimensional arrays of references cannot have any:
	// .NET does not write such.
	Lower []int

	// Values are the elements, the last index running fastest: a []any, or, for elements of a primitive type or String, a
	// slice of the Go type that stands for it, such as []int32 or []string.
	Values any
}

// primitiveOf returns type and bits, as Value.Bits has them, of a primitive value; a Decimal has none. The type is 0 if v
// is no primitive value.
func primitiveOf(v any) (code PrimitiveType, bits uint64) {
	switch v := v.(type) {
	case bool:
		if v {
			bits = 1
		}
		return PrimitiveBoolean, bits
	case uint8:
		return PrimitiveByte, uint64(v)
	case uint16:
		return PrimitiveUInt16, uint64(v)
	case uint32:
		return PrimitiveUInt32, uint64(v)
	case uint64:
		return PrimitiveUInt64, v
	case int8:
		return PrimitiveSByte, uint64(uint8(v))
	case int16:
		return PrimitiveInt16, uint64(uint16(v))
	case int32:
		return PrimitiveInt32, uint64(uint32(v))
	case int64:
		return PrimitiveInt64, uint64(v)
	case float32:
		return PrimitiveSingle, uint64(math.Float32bits(v))
	case float64:
		return PrimitiveDouble, math.Float64bits(v)
	case Char:
		return PrimitiveChar, uint64(v)
	case TimeSpan:
		return PrimitiveTimeSpan, uint64(v)
	case DateTime:
		return PrimitiveDateTime, uint64(v.Kind)<<62 | uint64(v.Ticks)&dateTicks
	case Decimal:
		return PrimitiveDecimal, 0
	}
	return 0, 0
}

// valueProblem says why a primitive value cannot be written, "" if it can.
func valueProblem(v any) string {
	switch v := v.(type) {
	case Char:
		if v >= 0xd800 && v < 0xe000 {
			return "Char that is half of a surrogate pair"
		}
	case DateTime:
		if v.Ticks < 0 || v.Ticks > maxDateTicks {
			return "DateTime ticks out of range"
		}
		if v.Kind > DateTimeLocalDST {
			return "DateTime of an unknown kind"
		}
	case Decimal:
		if v.Scale > 28 {
			return "Decimal with a scale over 28"
		}
		if v.Negative && v.Lo == 0 && v.Hi == 0 {
			return "Decimal that is a negative zero, which loses its sign" // session-blob.md 5
		}
	}
	return ""
}
