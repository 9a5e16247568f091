package nrbf

import (
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Errors of Value.Set.
var (
	// ErrType means that the place cannot hold such a value.
	ErrType = errors.New("nrbf: a value of another type")

	// ErrRange means that the value has no exact form in the type of the place.
	ErrRange = errors.New("nrbf: the value does not fit")
)

// Set changes a leaf: a primitive or a string. The type of the place stays:
//
//	String              string, nil
//	Boolean             bool
//	Byte … UInt64       any integer type, in range
//	Char                any integer type: one UTF-16 unit that is no half of a surrogate pair
//	Single, Double      float32, float64, without loss
//	Decimal             Decimal, and string that ParseDecimal reads without rounding; no negative zero, which .NET would not keep
//	DateTime            time.Time: the kind stays, so a UTC one takes the instant and others take what t's clock shows; only a
//	                    local one in the hour that comes twice becomes an ordinary local one when it changes
//	TimeSpan            time.Duration, a whole number of ticks of 100 ns
//	null                string, where a string may stand
//
// Only this place changes: where other places hold the same string they keep it, as strings of .NET never change. A place
// inside an object changes for all who hold the object, boxed values included. Whoever needs other changes builds a new
// graph.
//
// Errors wrap ErrType or ErrRange, and leave the graph as it was.
func (v Value) Set(x any) error {
	switch v.Kind() {
	case KindString, KindNull:
		return v.setString(x)
	case KindPrimitive:
		if v.Primitive() == PrimitiveDecimal {
			return v.setDecimal(x)
		}
		bits, err := bitsOf(v.Primitive(), v.Bits(), x)
		if err != nil {
			return fmt.Errorf("setting a %s: %w", v.Primitive(), err)
		}
		return v.setBits(bits)
	}
	return fmt.Errorf("setting a %s: it is no leaf: %w", v.Kind(), ErrType)
}

func (v Value) setBits(bits uint64) error {
	if v.element == 0 {
		v.cell().bits = bits
		return nil
	}
	g, o, i := v.g, &v.g.objects[v.at], int(v.element)-1
	if g.packed == nil {
		g.packed = map[int32][]byte{}
	}
	b, changed := g.packed[v.at]
	if !changed {
		b = []byte(g.packedOf(v.at))
	}
	if o.code == PrimitiveChar && len(b) == int(o.n) && bits < utf8.RuneSelf { // all of them ASCII
		b[i] = byte(bits)
		g.packed[v.at] = b
		return nil
	}
	if o.code == PrimitiveChar {
		units := utf16.Encode([]rune(string(b)))
		if utf16.IsSurrogate(rune(units[i])) {
			return fmt.Errorf("setting a Char: it is half of a surrogate pair: %w", ErrRange)
		}
		units[i] = uint16(bits)
		g.packed[v.at] = []byte(string(utf16.Decode(units)))
		return nil
	}
	size := primitives[o.code].size
	appendPrimitive(b[:i*size], o.code, bits)
	g.packed[v.at] = b
	return nil
}

func (v Value) setDecimal(x any) error {
	var s string
	switch x := x.(type) {
	case Decimal:
		if x.Scale > 28 {
			return fmt.Errorf("setting a Decimal: scale %d: %w", x.Scale, ErrRange)
		}
		s = x.String()
	case string:
		s = x
	default:
		return fmt.Errorf("setting a Decimal: %T: %w", x, ErrType)
	}
	d, exact, ok := parseDecimal(s)
	if !ok || !exact || d.Negative && d.Lo == 0 && d.Hi == 0 {
		return fmt.Errorf("setting a Decimal: %w", ErrRange)
	}
	c := v.cell()
	v.g.texts[c.ref] = text{s: s} // only this cell has it
	return nil
}

// bitsOf returns the bits of x as a primitive of this type; old are those that the place has.
func bitsOf(p PrimitiveType, old uint64, x any) (bits uint64, err error) {
	switch p {
	case PrimitiveBoolean:
		if b, ok := x.(bool); ok {
			if b {
				return 1, nil
			}
			return 0, nil
		}
	case PrimitiveSingle:
		switch f := x.(type) {
		case float32:
			return uint64(math.Float32bits(f)), nil
		case float64:
			if n := float32(f); float64(n) == f || f != f {
				return uint64(math.Float32bits(n)), nil
			}
			return 0, ErrRange
		}
	case PrimitiveDouble:
		switch f := x.(type) {
		case float32:
			return math.Float64bits(float64(f)), nil
		case float64:
			return math.Float64bits(f), nil
		}
	case PrimitiveDateTime:
		if t, ok := x.(time.Time); ok {
			bits, err := dateTimeOf(t, DateTimeKind(old>>62))
			if err == nil && bits&dateTicks == old&dateTicks {
				bits = old
			}
			return bits, err
		}
	case PrimitiveTimeSpan:
		if d, ok := x.(time.Duration); ok {
			if d%100 != 0 {
				return 0, ErrRange
			}
			return uint64(d / 100), nil
		}
	default:
		if n, negative, ok := integer(x); ok {
			return integerBits(p, n, negative)
		}
	}
	return 0, fmt.Errorf("%T: %w", x, ErrType)
}

// dateTimeOf returns the bits of t as a DateTime of a kind.
func dateTimeOf(t time.Time, k DateTimeKind) (uint64, error) {
	if k == DateTimeUTC {
		t = t.UTC()
	}
	if k == DateTimeLocalDST {
		k = DateTimeLocal // which of the two hours it is was true of the old value
	}
	_, zone := t.Zone()
	seconds := t.Unix() + int64(zone) + unixEpochTicks/ticksPerSecond
	if seconds < 0 || seconds > maxDateTicks/ticksPerSecond || t.Nanosecond()%100 != 0 {
		return 0, ErrRange
	}
	return uint64(seconds)*ticksPerSecond + uint64(t.Nanosecond()/100) | uint64(k)<<62, nil
}

// integer returns an integer as its low 64 bits, and whether it is negative.
func integer(x any) (n uint64, negative, ok bool) {
	signed := func(n int64) (uint64, bool, bool) { return uint64(n), n < 0, true }
	switch n := x.(type) {
	case int:
		return signed(int64(n))
	case int8:
		return signed(int64(n))
	case int16:
		return signed(int64(n))
	case int32:
		return signed(int64(n))
	case int64:
		return signed(n)
	case uint:
		return uint64(n), false, true
	case uint8:
		return uint64(n), false, true
	case uint16:
		return uint64(n), false, true
	case uint32:
		return uint64(n), false, true
	case uint64:
		return n, false, true
	}
	return 0, false, false
}

// integerBits returns the bits of an integer in an integer type or as a Char.
func integerBits(p PrimitiveType, n uint64, negative bool) (uint64, error) {
	if p == PrimitiveChar {
		if negative || n > math.MaxUint16 || utf16.IsSurrogate(rune(n)) {
			return 0, ErrRange
		}
		return n, nil
	}
	size := primitives[p].size
	width := uint(8 * size)
	switch p {
	case PrimitiveSByte, PrimitiveInt16, PrimitiveInt32, PrimitiveInt64:
		if most := uint64(1)<<(width-1) - 1; !negative && n > most || negative && ^n > most {
			return 0, ErrRange
		}
	default:
		if negative || width < 64 && n>>width != 0 {
			return 0, ErrRange
		}
	}
	if width < 64 {
		n &= 1<<width - 1
	}
	return n, nil
}

// setString puts a string or null in the place of a string or null.
func (v Value) setString(x any) error {
	s, ok := x.(string)
	switch {
	case v.g == nil:
		return fmt.Errorf("setting a value that is in no graph: %w", ErrType)
	case x != nil && !ok:
		return fmt.Errorf("setting a %s: %T: %w", v.Kind(), x, ErrType)
	case !utf8.ValidString(s) || len(s) > math.MaxInt32:
		return fmt.Errorf("setting a string: it is not UTF-8, or too long: %w", ErrRange)
	case x == nil && v.IsNull():
		return nil
	case x != nil && v.IsNull() && !v.g.editing().takesString(v.g, v.at):
		return fmt.Errorf("setting a null to a string: the place cannot hold one: %w", ErrType)
	case v.at == v.g.root:
		if x == nil {
			return fmt.Errorf("setting the root to null: %w", ErrType)
		}
		v.g.texts[-1-v.cell().ref] = text{s: s}
		return nil
	}
	return v.g.place(v.at, s, x == nil)
}
