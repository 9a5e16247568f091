package nrbf

import "encoding/binary"

// packable are the Go types whose slices hold elements of arrays: those that stand for primitives, and string.
type packable interface {
	bool | uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64 | float32 | float64 |
		Char | TimeSpan | DateTime | Decimal | string
}

// ArrayOf returns a one-dimensional array of any elements.
func ArrayOf(elem Type, values ...any) *Array { return &Array{Elem: elem, Values: values} }

// ArrayFrom returns a one-dimensional array of the type that T stands for: an Int32[] from an []int32, a String[] without
// nulls from a []string. The slice is not copied.
func ArrayFrom[T packable](values []T) *Array {
	var zero T
	if code, _ := primitiveOf(zero); code != 0 {
		return &Array{Elem: code, Values: values}
	}
	return &Array{Elem: StringType, Values: values}
}

// packed returns the element type and the length of a slice of primitives; the type is 0 for all else.
func packed(values any) (code PrimitiveType, n int) {
	switch v := values.(type) {
	case []bool:
		return PrimitiveBoolean, len(v)
	case []uint8:
		return PrimitiveByte, len(v)
	case []uint16:
		return PrimitiveUInt16, len(v)
	case []uint32:
		return PrimitiveUInt32, len(v)
	case []uint64:
		return PrimitiveUInt64, len(v)
	case []int8:
		return PrimitiveSByte, len(v)
	case []int16:
		return PrimitiveInt16, len(v)
	case []int32:
		return PrimitiveInt32, len(v)
	case []int64:
		return PrimitiveInt64, len(v)
	case []float32:
		return PrimitiveSingle, len(v)
	case []float64:
		return PrimitiveDouble, len(v)
	case []Char:
		return PrimitiveChar, len(v)
	case []TimeSpan:
		return PrimitiveTimeSpan, len(v)
	case []DateTime:
		return PrimitiveDateTime, len(v)
	case []Decimal:
		return PrimitiveDecimal, len(v)
	}
	return 0, 0
}

// count returns how many elements there are, -1 if Values is no slice of elements.
func (a *Array) count() int {
	switch v := a.Values.(type) {
	case nil:
		return 0
	case []any:
		return len(v)
	case []string:
		return len(v)
	}
	code, n := packed(a.Values)
	if code == 0 {
		return -1
	}
	return n
}

// value returns an element of a type other than the primitives. A slice of primitives holds none of them; the element
// serves to say so.
func (a *Array) value(i int) any {
	switch v := a.Values.(type) {
	case []any:
		return dropNil(v[i])
	case []string:
		return v[i]
	}
	return a.Values
}

// primitives writes the elements of an array of primitives: as a whole or, which makes a difference to Chars, one by one.
func (e *encoder) primitives(a *Array, elem *declared, whole bool) {
	code, _ := packed(a.Values)
	if code != 0 && code != elem.code {
		e.fail("array of %s with elements in a Go %T", elem.name, a.Values)
		return
	}
	switch v := a.Values.(type) {
	case []Char:
		if whole {
			e.chars(len(v), func(i int) Char { return v[i] })
			return
		}
		oneByOne(e, elem, v)
	case []TimeSpan:
		oneByOne(e, elem, v)
	case []DateTime:
		oneByOne(e, elem, v)
	case []Decimal:
		oneByOne(e, elem, v)
	case []string:
		oneByOne(e, elem, v)
	case []any:
		if whole && elem.code == PrimitiveChar && allChars(v) {
			e.chars(len(v), func(i int) Char { return v[i].(Char) })
			return
		}
		oneByOne(e, elem, v)
	case nil:
	default:
		e.dst, _ = binary.Append(e.dst, binary.LittleEndian, v) // fails on types that packed does not know
	}
}

func allChars(values []any) bool {
	for _, v := range values {
		if _, ok := v.(Char); !ok {
			return false
		}
	}
	return true
}

func oneByOne[T any](e *encoder, elem *declared, values []T) {
	for i, v := range values {
		code, bits := primitiveOf(v)
		if code != elem.code {
			e.failAt(i, "%s in a place of type %s", describe(dropNil(v)), elem.name)
		} else if why := valueProblem(v); why != "" {
			e.failAt(i, "%s", why)
		} else {
			e.primitive(v, code, bits)
			continue
		}
		return
	}
}
