package nrbf

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf16"
)

// Rebuilder makes the parts of a decoded graph anew, as Instances and Arrays of a new one: for who keeps most of a graph
// and changes what [Value.Set] cannot, such as the length of a list. What is made has the classes, members and declared
// types of the records, and objects that are mentioned twice are one object again.
//
// The new graph is the same to a reader, see [Equal], but not to the byte. A Rebuilder is for one goroutine at a time.
type Rebuilder struct {
	g       *Graph
	structs map[className]bool
	named   map[className]Type
	classes map[int32]*ClassType // by index of the class
	made    map[int32]any        // by index of the object
	todo    []int32              // objects that were made and have no contents yet
}

// NewRebuilder returns a Rebuilder of values of g.
func NewRebuilder(g *Graph) *Rebuilder {
	r := &Rebuilder{
		g: g, structs: map[className]bool{}, named: map[className]Type{}, classes: map[int32]*ClassType{}, made: map[int32]any{},
	}
	// Structs have negative ids where they stand in place; nothing else in the records tells them from classes.
	for i := range g.objects {
		if o := &g.objects[i]; o.isClass() && o.id < 0 {
			c := &g.classes[o.info]
			r.structs[className{c.name.s, g.library(c.lib)}] = true
		}
	}
	return r
}

// Replace has every mention of the object v become by, an *Instance or *Array, in what is made from now on.
func (r *Rebuilder) Replace(v Value, by any) {
	if _, i := v.object(); v.g == r.g && v.g != nil {
		r.made[i] = by
	}
}

// Class returns the class of an instance with the members that its record has, nil for other values. It is the same for all
// instances of one record.
func (r *Rebuilder) Class(v Value) *ClassType {
	o, _ := v.object()
	if o == nil || !o.isClass() {
		return nil
	}
	return r.class(o.info)
}

func (r *Rebuilder) class(i int32) *ClassType {
	if known := r.classes[i]; known != nil {
		return known
	}
	c := &r.g.classes[i]
	name := className{c.name.s, r.g.library(c.lib)}
	t := &ClassType{Name: name.name, Library: name.library, ValueType: r.structs[name]}
	r.classes[i] = t
	for _, m := range r.g.membersOf(c) {
		t.Members = append(t.Members, MemberDecl{m.name.s, r.member(&m.decl)})
	}
	return t
}

// member returns the type of a member. That it may be null shows only where it is: .NET declares what else stands there, and of
// primitives that are not nullable says so in another way.
func (r *Rebuilder) member(d *decl) Type {
	t := r.declared(d)
	switch of := t.(type) {
	case PrimitiveType:
		if d.kind == declSystemClass {
			return NullableType{of}
		}
	case *ClassType:
		if of.ValueType {
			return NullableType{of}
		}
	}
	return t
}

// ElementType returns the type that the elements of an array are declared with, nil for other values.
func (r *Rebuilder) ElementType(v Value) Type {
	o, _ := v.object()
	switch {
	case o == nil || o.isClass():
		return nil
	case o.record == recordStringArray:
		return StringType
	case o.record == recordObjectArray:
		return ObjectType
	case o.code != 0:
		return o.code
	}
	d := &r.g.arrays[o.info].elem
	// Arrays of arrays are told by their elements. In places of members a name will do, which takes what else may stand there.
	if name, rank, ok := cutRank(d.name.s); ok && (d.kind == declClass || d.kind == declSystemClass) {
		return ArrayType{Elem: r.byName(className{name, r.libraryOf(d)}), Rank: rank}
	}
	return r.declared(d)
}

func (r *Rebuilder) libraryOf(d *decl) string {
	if d.kind != declClass {
		return ""
	}
	return r.g.library(d.lib)
}

// cutRank cuts the last dimensions off the name of an array type.
func cutRank(name string) (elem string, rank int, ok bool) {
	open := strings.LastIndexByte(name, '[')
	if open <= 0 || !strings.HasSuffix(name, "]") || strings.Trim(name[open+1:len(name)-1], ",") != "" {
		return "", 0, false
	}
	return name[:open], len(name) - open - 1, true
}

func (r *Rebuilder) declared(d *decl) Type {
	switch d.kind {
	case declPrimitive:
		return d.code
	case declString:
		return StringType
	case declObject:
		return ObjectType
	case declObjectArray:
		return ArrayType{Elem: ObjectType}
	case declStringArray:
		return ArrayType{Elem: StringType}
	case declPrimitiveArray:
		return ArrayType{Elem: d.code}
	}
	return r.byName(className{d.name.s, r.libraryOf(d)})
}

// byName returns the type of a name. Classes are open: .NET declares a member with the class that its first value had.
func (r *Rebuilder) byName(n className) Type {
	if t := r.named[n]; t != nil {
		return t
	}
	t := r.typeNamed(n)
	r.named[n] = t
	return t
}

const nullableName = "System.Nullable`1[["

func (r *Rebuilder) typeNamed(n className) Type {
	if n.library == "" {
		switch n.name {
		case "System.String":
			return StringType
		case "System.Object":
			return ObjectType
		}
		for p := range primitives {
			if code := PrimitiveType(p); code.valid() && code.FullName() == n.name {
				return code
			}
		}
	}
	if arg, ok := strings.CutPrefix(n.name, nullableName); ok && strings.HasSuffix(arg, "]]") {
		name, library := SplitTypeName(arg[:len(arg)-2])
		if library == CoreLibrary {
			library = ""
		}
		switch of := r.typeNamed(className{name, library}).(type) {
		case PrimitiveType:
			return NullableType{of}
		case *ClassType:
			of.Open, of.ValueType = false, true
			return NullableType{of}
		}
	}
	isStruct := r.structs[n]
	return &ClassType{Name: n.name, Library: n.library, ValueType: isStruct, Open: !isStruct}
}

// Value returns the value v of the graph as one of a new graph: nil, a string, the Go value of a primitive, an *Instance or
// an *Array. A Decimal that is no number and half of a surrogate pair, which no .NET wrote, are refused when they are encoded.
func (r *Rebuilder) Value(v Value) any {
	made := r.place(v)
	for len(r.todo) > 0 {
		i := r.todo[len(r.todo)-1]
		r.todo = r.todo[:len(r.todo)-1]
		r.fill(i)
	}
	return made
}

// place returns what stands in a place, and sees to it that its contents are made.
func (r *Rebuilder) place(v Value) any {
	switch v.Kind() {
	case KindNull:
		return nil
	case KindString:
		s, _ := v.Text()
		return s
	case KindPrimitive:
		return r.primitive(v)
	}
	o, i := v.object()
	if made, ok := r.made[i]; ok {
		return made
	}
	var made any
	if o.isClass() {
		made = &Instance{Class: r.class(o.info)}
	} else {
		a := &Array{Elem: r.ElementType(v), Lower: v.Lower()}
		if lengths := v.Lengths(); len(lengths) != 1 || a.Lower != nil {
			a.Lengths = lengths
		}
		made = a
	}
	r.made[i] = made
	r.todo = append(r.todo, i)
	return made
}

func (r *Rebuilder) fill(i int32) {
	o := &r.g.objects[i]
	array, isArray := r.made[i].(*Array)
	if isArray && o.isPacked() {
		array.Values = unpack(r.g.packedOf(i), o.code)
		return
	}
	values := make([]any, o.n)
	for at := range values {
		values[at] = r.place(Value{g: r.g, at: o.first + int32(at)})
	}
	if isArray {
		array.Values = values
	} else {
		r.made[i].(*Instance).Values = values
	}
}

func (r *Rebuilder) primitive(v Value) any {
	bits := v.Bits()
	switch v.Primitive() {
	case PrimitiveBoolean:
		return bits != 0
	case PrimitiveByte:
		return uint8(bits)
	case PrimitiveChar:
		return Char(bits)
	case PrimitiveDouble:
		return math.Float64frombits(bits)
	case PrimitiveInt16:
		return int16(bits)
	case PrimitiveInt32:
		return int32(bits)
	case PrimitiveInt64:
		return int64(bits)
	case PrimitiveSByte:
		return int8(bits)
	case PrimitiveSingle:
		return math.Float32frombits(uint32(bits))
	case PrimitiveTimeSpan:
		return TimeSpan(bits)
	case PrimitiveDateTime:
		return DateTime{Ticks: int64(bits & dateTicks), Kind: DateTimeKind(bits >> 62)}
	case PrimitiveUInt16:
		return uint16(bits)
	case PrimitiveUInt32:
		return uint32(bits)
	case PrimitiveUInt64:
		return bits
	}
	text, _ := v.Decimal()
	d, ok := ParseDecimal(text)
	switch {
	case !ok:
		d.Scale = math.MaxUint8 // which the encoder refuses
	case d.Lo == 0 && d.Hi == 0:
		d.Negative = false // .NET loses the sign, too
	}
	return d
}

// unpack returns the elements of a packed array.
func unpack(packed string, code PrimitiveType) any {
	n := len(packed) / max(primitives[code].size, 1)
	var to any
	switch code {
	case PrimitiveChar:
		units := utf16.Encode([]rune(packed))
		chars := make([]Char, len(units))
		for i, u := range units {
			chars[i] = Char(u)
		}
		return chars
	case PrimitiveDateTime:
		dates := make([]DateTime, n)
		for i := range dates {
			bits := primitiveBits(packed[8*i:], 8)
			dates[i] = DateTime{Ticks: int64(bits & dateTicks), Kind: DateTimeKind(bits >> 62)}
		}
		return dates
	case PrimitiveBoolean:
		flags := make([]bool, n)
		for i := range flags {
			flags[i] = packed[i] != 0
		}
		return flags
	case PrimitiveByte:
		return []byte(packed)
	case PrimitiveDouble:
		to = make([]float64, n)
	case PrimitiveInt16:
		to = make([]int16, n)
	case PrimitiveInt32:
		to = make([]int32, n)
	case PrimitiveInt64:
		to = make([]int64, n)
	case PrimitiveSByte:
		to = make([]int8, n)
	case PrimitiveSingle:
		to = make([]float32, n)
	case PrimitiveTimeSpan:
		to = make([]TimeSpan, n)
	case PrimitiveUInt16:
		to = make([]uint16, n)
	case PrimitiveUInt32:
		to = make([]uint32, n)
	case PrimitiveUInt64:
		to = make([]uint64, n)
	}
	_, _ = binary.Decode([]byte(packed), binary.LittleEndian, to) // it has as many bytes as the elements take
	return to
}
