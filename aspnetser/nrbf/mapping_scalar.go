package nrbf

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
)

// atom is a primitive value apart from any graph.
type atom struct {
	code PrimitiveType
	bits uint64
	text string // of a Decimal
}

// atomOf returns a primitive value. Its code is 0 for all else.
func atomOf(v Value) atom {
	s := atom{code: v.Primitive()}
	if s.code == PrimitiveDecimal {
		s.text, _ = v.Decimal()
	} else if s.code != 0 {
		s.bits = v.Bits()
	}
	return s
}

// integer returns an integer of any type as its low 64 bits, and whether it is negative.
func (s atom) integer() (n uint64, negative, ok bool) {
	switch s.code {
	case PrimitiveSByte:
		n = uint64(int8(s.bits))
	case PrimitiveInt16:
		n = uint64(int16(s.bits))
	case PrimitiveInt32:
		n = uint64(int32(s.bits))
	case PrimitiveInt64:
		n = s.bits
	case PrimitiveByte, PrimitiveUInt16, PrimitiveUInt32, PrimitiveUInt64:
		return s.bits, false, true
	default:
		return 0, false, false
	}
	return n, int64(n) < 0, true
}

// decimal returns a Decimal; ok is false for other types and for texts that are none.
func (s atom) decimal() (d Decimal, ok bool) {
	if s.code != PrimitiveDecimal {
		return Decimal{}, false
	}
	return ParseDecimal(s.text)
}

// whole returns an integer, or a Decimal without fraction.
func (s atom) whole() (n uint64, negative, ok bool) {
	d, isDecimal := s.decimal()
	if !isDecimal {
		return s.integer()
	}
	digits, fraction, _ := strings.Cut(d.String(), ".")
	if strings.Trim(fraction, "0") != "" {
		return 0, false, false
	}
	if i, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return uint64(i), i < 0, true
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, false, err == nil
}

// float returns a Single, a Double, or an integer, of which it says whether it is exact.
func (s atom) float() (f float64, exact bool) {
	switch s.code {
	case PrimitiveSingle:
		return float64(math.Float32frombits(uint32(s.bits))), true
	case PrimitiveDouble:
		return math.Float64frombits(s.bits), true
	}
	n, negative, ok := s.integer()
	if !ok {
		return 0, false
	}
	if negative {
		f = float64(int64(n))
		return f, f >= -1<<63 && int64(f) == int64(n)
	}
	f = float64(n)
	return f, f < 1<<64 && uint64(f) == n
}

func (s atom) timeSpan() TimeSpan { return TimeSpan(s.bits) }

func (s atom) dateTime() DateTime {
	return DateTime{int64(s.bits & dateTicks), DateTimeKind(s.bits >> 62)}
}

// natural returns the Go value that a primitive is when nothing else is asked for.
func (s atom) natural() any {
	switch s.code {
	case PrimitiveBoolean:
		return s.bits != 0
	case PrimitiveByte:
		return uint8(s.bits)
	case PrimitiveChar:
		return Char(s.bits)
	case PrimitiveDecimal:
		d, _ := s.decimal() // Decode and Set take no other texts
		return d
	case PrimitiveDouble:
		return math.Float64frombits(s.bits)
	case PrimitiveInt16:
		return int16(s.bits)
	case PrimitiveInt32:
		return int32(s.bits)
	case PrimitiveInt64:
		return int64(s.bits)
	case PrimitiveSByte:
		return int8(s.bits)
	case PrimitiveSingle:
		return math.Float32frombits(uint32(s.bits))
	case PrimitiveTimeSpan:
		if d, ok := s.timeSpan().Duration(); ok {
			return d
		}
		return s.timeSpan()
	case PrimitiveDateTime:
		return s.dateTime().Time()
	case PrimitiveUInt16:
		return uint16(s.bits)
	case PrimitiveUInt32:
		return uint32(s.bits)
	}
	return s.bits
}

// asText is how a primitive goes into a Go string: Char and Decimal do.
func (s atom) asText() (text string, ok bool) {
	switch s.code {
	case PrimitiveChar:
		return string(rune(s.bits)), !utf16.IsSurrogate(rune(s.bits))
	case PrimitiveDecimal:
		return s.text, true
	}
	return "", false
}

// describe names type and value, for an error: Int32 5.
func (s atom) describe() string {
	text := ""
	switch s.code {
	case PrimitiveBoolean, PrimitiveChar, PrimitiveDateTime:
		return s.code.String()
	case PrimitiveDecimal:
		d, _ := s.decimal()
		text = d.String()
	case PrimitiveTimeSpan:
		text = ShowTimeSpan(int64(s.bits))
	case PrimitiveSingle:
		text = strconv.FormatFloat(float64(math.Float32frombits(uint32(s.bits))), 'g', -1, 32)
	case PrimitiveDouble:
		text = strconv.FormatFloat(math.Float64frombits(s.bits), 'g', -1, 64)
	default:
		n, negative, _ := s.integer()
		if text = strconv.FormatUint(n, 10); negative {
			text = strconv.FormatInt(int64(n), 10)
		}
	}
	return s.code.String() + " " + text
}

// bigInt sets n to an integer or a Decimal without fraction.
func (s atom) bigInt(n *big.Int) bool {
	if d, ok := s.decimal(); ok {
		digits, fraction, _ := strings.Cut(d.String(), ".")
		if strings.Trim(fraction, "0") == "" {
			_, ok = n.SetString(digits, 10)
			return ok
		}
		return false
	}
	u, negative, ok := s.integer()
	if n.SetUint64(u); negative {
		n.SetInt64(int64(u))
	}
	return ok
}

// atomFrom returns the scalar that a Go value of a new graph is. Its code is 0 for other values.
func atomFrom(x any) atom {
	code, bits := primitiveOf(x)
	s := atom{code: code, bits: bits}
	if d, ok := x.(Decimal); ok {
		s.text = d.String()
	}
	return s
}
