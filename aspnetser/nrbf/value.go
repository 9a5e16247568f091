package nrbf

import (
	"iter"
	"math"
	"slices"
	"time"
)

// Kind is what a Value is.
type Kind uint8

// The kinds of values.
const (
	KindNull      Kind = iota
	KindString         // a System.String
	KindPrimitive      // a primitive, boxed or not; see Value.Primitive
	KindClass          // an instance of a class or struct, enums included
	KindArray
)

// String returns null, string, primitive, class or array.
func (k Kind) String() string {
	return [...]string{"null", "string", "primitive", "class", "array"}[min(k, KindArray)]
}

// Value is a place in a Graph and what stands there: a member, an element, or the root. References are followed, so that
// an object reads the same wherever it is mentioned. The zero Value is null.
//
// A Value stays valid while its Graph is; what it says changes with the Graph.
type Value struct {
	g       *Graph
	at      int32 // its cell
	element int32 // of a packed array: at is the object's index, and this the index of the element and 1
}

// Root returns the root of the graph: what was serialized. Of the zero Graph it is the zero Value; Append writes a stream of
// that without a root, which no reader takes.
func (g *Graph) Root() Value {
	if g == nil || len(g.cells) == 0 {
		return Value{}
	}
	return Value{g: g, at: g.root}
}

func (v Value) cell() *cell { return &v.g.cells[v.at] }

// object returns the object that the value is or refers to, and its index.
func (v Value) object() (*object, int32) {
	if v.g == nil || v.element > 0 {
		return nil, 0
	}
	c := v.cell()
	if c.kind == cellObject || c.kind == cellRef && c.ref >= 0 {
		return &v.g.objects[c.ref], c.ref
	}
	return nil, 0
}

// Kind returns what the value is.
func (v Value) Kind() Kind {
	if v.g == nil {
		return KindNull
	}
	if v.element > 0 {
		return KindPrimitive
	}
	switch c := v.cell(); c.kind {
	case cellPrimitive:
		return KindPrimitive
	case cellString:
		return KindString
	case cellRef:
		if c.ref < 0 {
			return KindString
		}
	case cellNull:
		return KindNull
	}
	if o, _ := v.object(); o.isClass() {
		return KindClass
	}
	return KindArray
}

// IsNull says whether the value is null.
func (v Value) IsNull() bool { return v.Kind() == KindNull }

// ID tells objects apart: it is the same for every mention of one class instance or array, and differs between two. It
// counts from 1 in the order of the stream. ok is false for values that have no identity; strings are such.
func (v Value) ID() (id int, ok bool) {
	o, i := v.object()
	return int(i) + 1, o != nil
}

// Objects returns how many class instances and arrays the graph has: the greatest ID.
func (g *Graph) Objects() int { return len(g.objects) }

// Text returns a string.
func (v Value) Text() (s string, ok bool) {
	if v.g == nil || v.element > 0 {
		return "", false
	}
	switch c := v.cell(); {
	case c.kind == cellString:
		return v.g.texts[c.ref].s, true
	case c.kind == cellRef && c.ref < 0:
		return v.g.texts[-1-c.ref].s, true
	}
	return "", false
}

// Primitive returns the type of a primitive value, 0 for others.
func (v Value) Primitive() PrimitiveType {
	switch {
	case v.g == nil:
		return 0
	case v.element > 0:
		return v.g.objects[v.at].code
	}
	return v.cell().code
}

// Bits returns the bits of a primitive value as they are stored, the upper ones 0: of numbers and Booleans, of a Char its
// UTF-16 unit, of TimeSpan and DateTime the ticks (DateTime: the kind in the top two bits). It is 0 for a Decimal, which
// is text.
func (v Value) Bits() uint64 {
	switch {
	case v.g == nil:
		return 0
	case v.element > 0:
		return v.packedBits()
	}
	if c := v.cell(); c.kind == cellPrimitive {
		return c.bits
	}
	return 0
}

func (v Value) packedBits() uint64 {
	o, i := &v.g.objects[v.at], int(v.element)-1
	b, changed := v.g.packed[v.at]
	size := primitives[o.code].size
	switch {
	case o.code != PrimitiveChar:
		if changed {
			return primitiveBits(b[i*size:], size)
		}
		return primitiveBits(v.g.stream[int(o.first)+i*size:], size)
	case changed && len(b) == int(o.n): // all of them ASCII
		return uint64(b[i])
	case !changed && o.size == o.n:
		return uint64(v.g.stream[int(o.first)+i])
	}
	return uint64(unit(v.g.packedOf(v.at), i))
}

// Bool returns a Boolean; every byte but 0 is true.
func (v Value) Bool() (b, ok bool) { return v.Bits() != 0, v.Primitive() == PrimitiveBoolean }

// Int returns an SByte, Int16, Int32 or Int64.
func (v Value) Int() (n int64, ok bool) {
	switch bits := v.Bits(); v.Primitive() {
	case PrimitiveSByte:
		return int64(int8(bits)), true
	case PrimitiveInt16:
		return int64(int16(bits)), true
	case PrimitiveInt32:
		return int64(int32(bits)), true
	case PrimitiveInt64:
		return int64(bits), true
	}
	return 0, false
}

// Uint returns a Byte, UInt16, UInt32 or UInt64.
func (v Value) Uint() (n uint64, ok bool) {
	switch v.Primitive() {
	case PrimitiveByte, PrimitiveUInt16, PrimitiveUInt32, PrimitiveUInt64:
		return v.Bits(), true
	}
	return 0, false
}

// Float returns a Single or Double.
func (v Value) Float() (f float64, ok bool) {
	switch v.Primitive() {
	case PrimitiveSingle:
		return float64(math.Float32frombits(uint32(v.Bits()))), true
	case PrimitiveDouble:
		return math.Float64frombits(v.Bits()), true
	}
	return 0, false
}

// Char returns a Char: one UTF-16 unit.
func (v Value) Char() (c uint16, ok bool) { return uint16(v.Bits()), v.Primitive() == PrimitiveChar }

// Decimal returns the text of a Decimal as it is stored; ParseDecimal reads it.
func (v Value) Decimal() (text string, ok bool) {
	if v.Primitive() != PrimitiveDecimal {
		return "", false
	}
	return v.g.texts[v.cell().ref].s, true
}

// Ticks returns a TimeSpan or DateTime in ticks of 100 ns; those of a DateTime count from 0001-01-01.
func (v Value) Ticks() (ticks int64, ok bool) {
	switch v.Primitive() {
	case PrimitiveTimeSpan:
		return int64(v.Bits()), true
	case PrimitiveDateTime:
		return int64(v.Bits() & dateTicks), true
	}
	return 0, false
}

// DateTimeKind says what the ticks of a DateTime count.
type DateTimeKind uint8

// The kinds of a DateTime.
const (
	DateTimeUnspecified DateTimeKind = iota
	DateTimeUTC
	DateTimeLocal    // of the machine that wrote it
	DateTimeLocalDST // local, in the hour that comes twice: the first time
)

func (k DateTimeKind) suffix() string {
	return [...]string{"", " utc", " local", " local-dst"}[k&3]
}

// DateTimeKind returns the kind of a DateTime.
func (v Value) DateTimeKind() (k DateTimeKind, ok bool) {
	return DateTimeKind(v.Bits() >> 62), v.Primitive() == PrimitiveDateTime
}

// Time returns a DateTime. The zone is UTC whatever the kind is: the stream does not say which zone local was.
func (v Value) Time() (t time.Time, ok bool) {
	if v.Primitive() != PrimitiveDateTime {
		return time.Time{}, false
	}
	return timeOf(int64(v.Bits() & dateTicks)), true
}

// ClassName returns the full type name of a class instance as it is stored, generic arguments and all; "" for others.
func (v Value) ClassName() string {
	if c := v.class(); c != nil {
		return c.name.s
	}
	return ""
}

// Library returns the full name of the assembly of a class instance; "" for the core library and for other values.
func (v Value) Library() string {
	if c := v.class(); c != nil {
		return v.g.library(c.lib)
	}
	return ""
}

func (v Value) class() *class {
	if o, _ := v.object(); o != nil && o.isClass() {
		return &v.g.classes[o.info]
	}
	return nil
}

// Len returns how many members a class instance has, or how many elements an array, all dimensions multiplied.
func (v Value) Len() int {
	if o, _ := v.object(); o != nil {
		return int(o.n)
	}
	return 0
}

// At returns member or element i of a class instance or array, 0 ≤ i < Len; elements in stored order, the last index
// running fastest. A Char of an array that holds other characters than ASCII takes time in proportion to i; see Packed.
func (v Value) At(i int) Value {
	o, index := v.object()
	if o == nil || i < 0 || i >= int(o.n) {
		panic("nrbf: At out of range")
	}
	if o.isPacked() {
		return Value{g: v.g, at: index, element: int32(i) + 1}
	}
	return Value{g: v.g, at: o.first + int32(i)}
}

// All iterates over the members or elements.
func (v Value) All() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		for i := range v.Len() {
			if !yield(i, v.At(i)) {
				return
			}
		}
	}
}

// MemberName returns the name of member i of a class instance, 0 ≤ i < Len; "" for other values, whatever i is.
func (v Value) MemberName(i int) string {
	c := v.class()
	if c == nil {
		return ""
	}
	return v.g.membersOf(c)[i].name.s
}

// Member returns the member of this name of a class instance. Of members of one name the last counts, as it does for
// Microsoft's reader.
func (v Value) Member(name string) (m Value, ok bool) {
	c := v.class()
	if c == nil {
		return Value{}, false
	}
	for i, m := range slices.Backward(v.g.membersOf(c)) {
		if m.name.s == name {
			return v.At(i), true
		}
	}
	return Value{}, false
}

// Lengths returns the length of each dimension of an array, nil for other values.
func (v Value) Lengths() []int {
	o, _ := v.object()
	if o == nil || o.isClass() {
		return nil
	}
	if o.record != recordBinaryArray {
		return []int{int(o.n)}
	}
	return ints(v.g.arrays[o.info].lengths)
}

// Lower returns the lower bounds of an array, nil if all are 0.
func (v Value) Lower() []int {
	o, _ := v.object()
	if o == nil || o.record != recordBinaryArray {
		return nil
	}
	for _, n := range v.g.arrays[o.info].lower {
		if n != 0 {
			return ints(v.g.arrays[o.info].lower)
		}
	}
	return nil
}

func ints(a []int32) []int {
	out := make([]int, len(a))
	for i, n := range a {
		out[i] = int(n)
	}
	return out
}

// ElementType returns the full name of an array's element type, and the name of its library, "" for the core library.
func (v Value) ElementType() (name, library string) {
	o, _ := v.object()
	if o == nil || o.isClass() {
		return "", ""
	}
	switch o.record {
	case recordPrimitiveArray:
		return "System." + o.code.String(), ""
	case recordStringArray:
		return "System.String", ""
	case recordObjectArray:
		return "System.Object", ""
	}
	return v.g.declared(&v.g.arrays[o.info].elem)
}

// MemberType returns the type that member i of a class instance is declared with, and the name of its library, "" for the
// core library, 0 ≤ i < Len; "" for other values, whatever i is. Classes that serialize themselves declare what the member
// held when the first of them was written.
func (v Value) MemberType(i int) (name, library string) {
	c := v.class()
	if c == nil {
		return "", ""
	}
	return v.g.declared(&v.g.membersOf(c)[i].decl)
}

// InPlace says that an object stands in the place itself, as .NET writes structs and enums whose type is declared, and not
// behind a reference.
func (v Value) InPlace() bool { return v.g != nil && v.element == 0 && v.cell().kind == cellObject }

// declared returns the full name of a declared type, and that of its library, "" for the core library.
func (g *Graph) declared(d *decl) (name, library string) {
	switch d.kind {
	case declClass:
		return d.name.s, g.library(d.lib)
	case declSystemClass:
		return d.name.s, ""
	case declString:
		return "System.String", ""
	case declObject:
		return "System.Object", ""
	case declObjectArray:
		return "System.Object[]", ""
	case declStringArray:
		return "System.String[]", ""
	case declPrimitiveArray:
		return "System." + d.code.String() + "[]", ""
	default:
		return "System." + d.code.String(), ""
	}
}

// ElementPrimitive returns the element type of an array of primitives, 0 for other values.
func (v Value) ElementPrimitive() PrimitiveType {
	if o, _ := v.object(); o != nil && !o.isClass() {
		return o.code
	}
	return 0
}

// Packed returns the elements of an array of primitives other than Decimal as they are stored: numbers little-endian,
// one after the other, Chars as UTF-8.
func (v Value) Packed() (elements string, ok bool) {
	o, i := v.object()
	if o == nil || !o.isPacked() {
		return "", false
	}
	return v.g.packedOf(i), true
}
