package nrbf

import "math"

// array writes the record of an array and begins its elements. Those of primitives are written at once.
func (e *encoder) array(a *Array, id int32) {
	if why := typeProblem(a.Elem); why != "" {
		e.fail("array: elements of %s", why)
		return
	}
	elem := e.declared(a.Elem)
	n, ok := e.extent(a, elem)
	if !ok {
		return
	}
	e.library(elem.library)
	record, kind := a.record(elem)
	e.dst = append(e.dst, record)
	e.i32(id)
	if record == recordBinaryArray {
		e.binaryArray(a, elem, kind, n)
	} else {
		e.i32(int32(n))
	}
	if record == recordPrimitiveArray {
		e.dst = append(e.dst, byte(elem.code))
	}
	if elem.kind == declaredPrimitive {
		e.levels = append(e.levels, level{object: a, elem: elem}) // for the path of an error
		e.primitives(a, elem, record == recordPrimitiveArray)
		return
	}
	// .NET gathers nulls in these kinds only.
	gather := record != recordBinaryArray || kind == arraySingle || kind == arraySingleOffset
	e.levels = append(e.levels, level{object: a, n: n, elem: elem, gather: gather})
}

// extent returns how many elements an array has. It fails if that does not go together with its bounds.
func (e *encoder) extent(a *Array, elem *declared) (n int, ok bool) {
	n = a.count()
	if n < 0 {
		e.fail("array: elements in a Go %T", a.Values)
		return 0, false
	}
	if len(a.Lengths) > maxRank {
		e.fail("array of %d dimensions", len(a.Lengths))
		return 0, false
	}
	if len(a.Lower) != 0 && len(a.Lower) != max(len(a.Lengths), 1) {
		e.fail("array of %d dimensions with %d lower bounds", max(len(a.Lengths), 1), len(a.Lower))
		return 0, false
	}
	product := int64(1)
	for i, length := range a.lengths(n) {
		if length < 0 || length > math.MaxInt32 {
			e.fail("array: length %d", length)
			return 0, false
		}
		if i < len(a.Lower) && (a.Lower[i] < math.MinInt32 || int64(a.Lower[i])+int64(length) > math.MaxInt32) {
			e.fail("array: lower bound %d for %d elements", a.Lower[i], length)
			return 0, false
		}
		if product *= int64(length); product > math.MaxInt32 { // also where a length of 0 follows
			e.fail("array of more than %d elements", math.MaxInt32)
			return 0, false
		}
	}
	if product != int64(n) {
		e.fail("array: %d values where the lengths say %d", n, product)
		return 0, false
	}
	if a.offset() && elem.isReference() {
		e.fail("one-dimensional array of references with a lower bound, which .NET cannot write")
		return 0, false
	}
	return n, true
}

// lengths returns those of the dimensions, for n elements.
func (a *Array) lengths(n int) []int {
	if len(a.Lengths) == 0 {
		return []int{n}
	}
	return a.Lengths
}

// offset says whether the array has one dimension and begins at another index than 0: to .NET that is a type of its own.
func (a *Array) offset() bool { return len(a.Lengths) <= 1 && len(a.Lower) > 0 && a.Lower[0] != 0 }

// record returns the record of an array, and its kind where that is a BinaryArray.
func (a *Array) record(elem *declared) (record, kind byte) {
	offset := false
	for _, n := range a.Lower {
		offset = offset || n != 0
	}
	switch {
	case len(a.Lengths) > 1 && offset:
		return recordBinaryArray, arrayRectangularOffset
	case len(a.Lengths) > 1:
		return recordBinaryArray, arrayRectangular
	case elem.kind == declaredArray:
		return recordBinaryArray, arrayJagged
	case offset:
		return recordBinaryArray, arraySingleOffset
	}
	switch elem.kind {
	case declaredPrimitive:
		return recordPrimitiveArray, 0
	case declaredString:
		return recordStringArray, 0
	case declaredObject:
		return recordObjectArray, 0
	}
	return recordBinaryArray, arraySingle
}

// binaryArray writes what a BinaryArray record says between id and elements, [MS-NRBF] 2.4.3.1.
func (e *encoder) binaryArray(a *Array, elem *declared, kind byte, n int) {
	lengths := a.lengths(n)
	e.dst = append(e.dst, kind)
	e.i32(int32(len(lengths)))
	for _, length := range lengths {
		e.i32(int32(length))
	}
	if kind >= arraySingleOffset {
		for _, lower := range a.Lower {
			e.i32(int32(lower))
		}
	}
	declKind := elem.declKind(elem)
	e.dst = append(e.dst, declKind)
	e.declInfo(elem, declKind, elem)
}
