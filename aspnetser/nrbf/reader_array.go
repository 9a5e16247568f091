package nrbf

import (
	"math"
	"slices"
)

// readObjectArray reads an ArraySingleObject or ArraySingleString, [MS-NRBF] 2.4.3.2 and 2.4.3.4.
func (r *reader) readObjectArray() {
	at := r.pos
	id := r.i32("object id")
	n := r.readLength()
	r.elements(object{id: id, record: r.record, n: n}, at)
}

// elements begins an array of references.
func (r *reader) elements(o object, at int) {
	i := r.newObject(o, at)
	if !r.ok() {
		return
	}
	r.push(cell{kind: cellObject, ref: i})
	r.open(i, o.n, -1)
}

// readLength reads the length of an array. Nothing is allocated for it: elements have to be there.
func (r *reader) readLength() int32 {
	at := r.pos
	n := r.i32("length")
	if r.ok() && n < 0 {
		r.fail(at, "array length %d", n)
	}
	return n
}

// readPrimitiveArray reads an ArraySinglePrimitive, [MS-NRBF] 2.4.3.3.
func (r *reader) readPrimitiveArray() {
	at := r.pos
	id := r.i32("object id")
	n := r.readLength()
	code := r.readPrimitiveType()
	r.primitiveElements(object{id: id, record: recordPrimitiveArray, code: code, n: n}, at)
}

// primitiveElements reads the elements of an array of primitives. Decimals become cells, others stay as they lie.
func (r *reader) primitiveElements(o object, at int) {
	code := o.code
	if !r.ok() {
		return
	}
	if code == PrimitiveDecimal {
		r.decimalElements(o, at)
		return
	}
	from := r.pos
	if code == PrimitiveChar {
		// Others than one-dimensional arrays from 0 up are read element by element.
		pairs := o.record == recordPrimitiveArray || r.g.arrays[o.info].kind == arraySingle
		o.size = int32(r.chars(int(o.n), pairs))
	} else {
		size := primitives[code].size
		if int64(o.n)*int64(size) > int64(r.left()) {
			r.missing("elements")
			return
		}
		o.size = o.n * int32(size)
	}
	if !r.ok() {
		return
	}
	if code == PrimitiveDateTime {
		for i := 0; i < int(o.size); i += 8 {
			if le64(r.s[from+i:])&dateTicks > maxDateTicks {
				r.fail(from+i, "DateTime ticks out of range")
				return
			}
		}
	}
	o.first = int32(from)
	i := r.newObject(o, at)
	r.take(int(o.size), "elements")
	if r.emit != nil && r.ok() {
		r.showElements(from, code, int(o.n))
	}
	if r.ok() {
		r.push(cell{kind: cellObject, ref: i})
	}
}

func (r *reader) decimalElements(o object, at int) {
	i := r.newObject(o, at)
	if !r.ok() {
		return
	}
	r.push(cell{kind: cellObject, ref: i})
	r.open(i, o.n, -1)
	if int64(o.n) > int64(r.left()) {
		r.missing("elements")
	}
	if r.memory+(2*memoryValue+memoryText)*int64(o.n) > r.maxMemory {
		r.spend(r.maxMemory)
	}
	if !r.ok() {
		return
	}
	r.g.texts = slices.Grow(r.g.texts, int(o.n))
	r.stack = slices.Grow(r.stack, int(o.n))
	for range o.n {
		at := r.pos
		c := r.primitive(PrimitiveDecimal)
		if !r.ok() {
			return
		}
		if r.emit != nil {
			r.showPrimitive(at, "element", c)
		}
		r.push(c)
	}
}

// readBinaryArray reads a BinaryArray, [MS-NRBF] 2.4.3.1: any rank, any lower bounds, any element type.
func (r *reader) readBinaryArray() {
	at := r.pos
	id := r.i32("object id")
	a := array{kind: r.readArrayKind()}
	rankAt := r.pos
	rank := r.i32("rank")
	if !r.ok() {
		return
	}
	rectangular := a.kind == arrayRectangular || a.kind == arrayRectangularOffset
	if rank < 1 || rank > maxRank || rank > 1 && !rectangular {
		r.fail(rankAt, "rank %d of an array of kind %s", rank, arrayNames[a.kind])
		return
	}
	r.spend(memoryArray + memoryBound*int64(rank))
	total := int64(1)
	a.lengths = make([]int32, rank)
	for i := range a.lengths {
		at := r.pos
		n := r.readLength()
		a.lengths[i] = n
		if total *= int64(n); total > math.MaxInt32 {
			r.fail(at, "more than %d elements", math.MaxInt32)
			return
		}
	}
	if a.kind >= arraySingleOffset {
		a.lower = make([]int32, rank)
		for i := range a.lower {
			a.lower[i] = r.i32("lower bound")
		}
	}
	a.elem.kind = r.readDeclKind("element type")
	r.readDeclInfo(&a.elem)
	if !r.ok() {
		return
	}
	o := object{id: id, record: recordBinaryArray, info: int32(len(r.g.arrays)), n: int32(total)}
	r.g.arrays = append(extend(r, r.g.arrays, 1, memoryArray), a)
	r.expand(int64(len(a.elem.name.s)), at)
	if a.elem.kind == declPrimitive {
		o.code = a.elem.code
		r.primitiveElements(o, at)
		return
	}
	r.elements(o, at)
}

func (r *reader) readArrayKind() uint8 {
	at := r.pos
	kind := r.byte("array kind")
	if r.ok() && int(kind) >= len(arrayNames) {
		r.fail(at, "unknown array kind %d", kind)
		return 0
	}
	if r.emit != nil && r.ok() {
		r.show(at, "array kind", arrayNames[kind])
	}
	return kind
}
