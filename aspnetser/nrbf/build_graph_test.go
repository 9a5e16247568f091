package nrbf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestBuildFixtures takes every stream of the fixtures apart into a tree and builds it again. The streams of real ones are
// what .NET Framework's writer made of live objects; what the encoder makes of the trees must be the same bytes.
func TestBuildFixtures(t *testing.T) {
	built := 0
	for i, s := range streams(t) {
		if strings.HasPrefix(s.name, "s-") {
			continue // synthetic: .NET would not spell them so
		}
		g, n, err := Decode(s.bytes, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		got, err := EncodeStream(treeOf(g))
		if err != nil {
			t.Errorf("%s, stream %d: %v", s.name, i, err)
			continue
		}
		if want := s.bytes[:n]; !bytes.Equal(got, want) {
			t.Errorf("%s, stream %d: %s", s.name, i, firstDifference(got, want))
			continue
		}
		built++
	}
	if built < 220 {
		t.Errorf("%d streams built", built)
	}
}

// firstDifference shows where two streams part.
func firstDifference(got, want []byte) string {
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	from := max(0, at-40)
	return fmt.Sprintf("%d bytes for %d, other ones from %d on:\n got …%q\nwant …%q", len(got), len(want), at,
		got[from:min(len(got), at+80)], want[from:min(len(want), at+80)])
}

// treeOf turns a graph into a tree. The stream does not say how fields are declared: where it says only which class the
// first value has, the field is taken for one of a type that other classes may stand for.
func treeOf(g *Graph) any {
	b := backward{g: g, pointers: make([]any, len(g.objects)), strings: make([]*StringObject, len(g.texts)),
		classes: make([]*ClassType, len(g.classes)), structs: map[className]bool{}}
	for i := range g.objects {
		if o := &g.objects[i]; o.isClass() {
			b.pointers[i] = &Instance{}
			if o.id < 0 {
				b.structs[b.name(o.info)] = true
			}
		} else {
			b.pointers[i] = &Array{}
		}
	}
	for i := range g.texts {
		b.strings[i] = &StringObject{g.texts[i].s}
	}
	for i := range g.classes {
		b.classes[i] = &ClassType{Name: g.classes[i].name.s, Library: g.library(g.classes[i].lib),
			ValueType: b.structs[b.name(int32(i))]}
	}
	places := make([][]*cell, len(g.classes)) // of each class the members of all instances
	for i := range g.objects {
		if o := &g.objects[i]; o.isClass() {
			for c := range g.cellsOf(o) {
				places[o.info] = append(places[o.info], &g.cellsOf(o)[c])
			}
		}
	}
	for i := range g.classes {
		c := &g.classes[i]
		for m, decl := range g.membersOf(c) {
			var column []*cell
			for at := m; at < len(places[i]); at += int(c.members.n) {
				column = append(column, places[i][at])
			}
			b.classes[i].Members = append(b.classes[i].Members, MemberDecl{decl.name.s, b.declaredAs(&decl.decl, column)})
		}
	}
	for i := range g.objects {
		b.fill(&g.objects[i], int32(i))
	}
	return b.pointers[g.cells[g.root].ref]
}

type backward struct {
	g        *Graph
	pointers []any
	strings  []*StringObject
	classes  []*ClassType
	structs  map[className]bool
}

func (b *backward) name(class int32) className {
	return className{b.g.classes[class].name.s, b.g.library(b.g.classes[class].lib)}
}

func (b *backward) fill(o *object, i int32) {
	g := b.g
	if o.isClass() {
		p := b.pointers[i].(*Instance)
		p.Class = b.classes[o.info]
		for c := range g.cellsOf(o) {
			p.Values = append(p.Values, b.value(&g.cellsOf(o)[c]))
		}
		return
	}
	p := b.pointers[i].(*Array)
	switch o.record {
	case recordPrimitiveArray:
		p.Elem = o.code
	case recordStringArray:
		p.Elem = StringType
	case recordObjectArray:
		p.Elem = ObjectType
	default:
		a := &g.arrays[o.info]
		p.Lengths, p.Lower = ints(a.lengths), ints(a.lower)
		var column []*cell
		if !o.isPacked() {
			for c := range g.cellsOf(o) {
				column = append(column, &g.cellsOf(o)[c])
			}
		}
		p.Elem = b.declaredAs(&a.elem, column)
	}
	if o.isPacked() {
		p.Values = packedSlice(o.code, g.packedOf(i), int(o.n))
		return
	}
	values := []any{}
	for c := range g.cellsOf(o) {
		values = append(values, b.value(&g.cellsOf(o)[c]))
	}
	p.Values = values
}

// declaredAs makes a type of a declaration and of what stands in places that are declared so.
func (b *backward) declaredAs(d *decl, places []*cell) Type {
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
	library := ""
	if d.kind == declClass {
		library = b.g.library(d.lib)
	}
	t := b.named(d.name.s, library)
	var nulls, inPlace bool
	for _, c := range places {
		switch {
		case c.kind == cellNull:
			nulls = true
		case c.kind == cellObject:
			inPlace = true
		case c.kind == cellPrimitive && t == Type(c.code):
			return NullableType{t} // .NET names what the first value is
		case c.kind == cellPrimitive, c.kind == cellRef && c.ref >= 0 && b.isStruct(c.ref):
			if _, nullable := t.(NullableType); nullable {
				return t
			}
			b.serializesItself(places[0])
			return ObjectType
		}
	}
	if c, ok := t.(*ClassType); ok {
		c.ValueType = inPlace
		c.Open = !inPlace
		if inPlace && nulls {
			return NullableType{c}
		}
	}
	return t
}

func (b *backward) isStruct(object int32) bool {
	o := &b.g.objects[object]
	return o.isClass() && b.structs[b.name(o.info)]
}

// serializesItself marks the class of the first value of an Object member that .NET declares by it.
func (b *backward) serializesItself(c *cell) {
	if c.kind == cellRef && c.ref >= 0 && b.g.objects[c.ref].isClass() {
		b.classes[b.g.objects[c.ref].info].ISerializable = true
	}
}

// named makes a type of a name.
func (b *backward) named(name, library string) Type {
	if open := strings.LastIndexByte(name, '['); strings.HasSuffix(name, "]") && !strings.HasSuffix(name, "]]") {
		t := ArrayType{b.named(name[:open], library), len(name) - open - 1}
		if d := (&encoder{types: map[Type]*declared{}}).declared(t); d.declKind(d) != d.classKind() {
			return &ClassType{Name: name, Open: true} // fields of this type have a kind of their own: the field has another
		}
		return t
	}
	if arg, ok := strings.CutPrefix(name, "System.Nullable`1[["); ok {
		of, in, _ := strings.Cut(strings.TrimSuffix(arg, "]]"), ", ")
		t := b.named(of, strings.TrimPrefix(in, CoreLibrary))
		if c, ok := t.(*ClassType); ok {
			c.ValueType, c.Open = true, false
		}
		return NullableType{t}
	}
	switch name {
	case "System.String":
		return StringType
	case "System.Object":
		return ObjectType
	}
	for code := range primitives {
		if p := PrimitiveType(code); p.valid() && name == p.FullName() {
			return p
		}
	}
	return &ClassType{Name: name, Library: library, ValueType: b.structs[className{name, library}],
		Open: !b.structs[className{name, library}]}
}

func (b *backward) value(c *cell) any {
	switch c.kind {
	case cellString:
		return b.strings[c.ref]
	case cellObject:
		return b.pointers[c.ref]
	case cellRef:
		if c.ref < 0 {
			return b.strings[-1-c.ref]
		}
		return b.pointers[c.ref]
	case cellPrimitive:
		if c.code == PrimitiveDecimal {
			d, _ := ParseDecimal(b.g.texts[c.ref].s)
			return d
		}
		return goValue(c.code, c.bits)
	}
	return nil
}

// goValue is the reverse of primitiveOf.
func goValue(code PrimitiveType, bits uint64) any {
	switch code {
	case PrimitiveChar:
		return Char(bits)
	case PrimitiveTimeSpan:
		return TimeSpan(bits)
	case PrimitiveDateTime:
		return DateTime{int64(bits & dateTicks), DateTimeKind(bits >> 62)}
	}
	stored := binary.LittleEndian.AppendUint64(nil, bits)
	switch code {
	case PrimitiveBoolean:
		return decoded[bool](stored)
	case PrimitiveByte:
		return decoded[uint8](stored)
	case PrimitiveUInt16:
		return decoded[uint16](stored)
	case PrimitiveUInt32:
		return decoded[uint32](stored)
	case PrimitiveUInt64:
		return decoded[uint64](stored)
	case PrimitiveSByte:
		return decoded[int8](stored)
	case PrimitiveInt16:
		return decoded[int16](stored)
	case PrimitiveInt32:
		return decoded[int32](stored)
	case PrimitiveInt64:
		return decoded[int64](stored)
	case PrimitiveSingle:
		return decoded[float32](stored)
	case PrimitiveDouble:
		return decoded[float64](stored)
	}
	panic("no primitive")
}

func decoded[T any](stored []byte) (v T) {
	if _, err := binary.Decode(stored, binary.LittleEndian, &v); err != nil {
		panic(err)
	}
	return v
}

// packedSlice makes a slice of the elements of a packed array.
func packedSlice(code PrimitiveType, stored string, n int) any {
	switch code {
	case PrimitiveBoolean:
		return packedSliceOf[bool](code, stored, n)
	case PrimitiveByte:
		return packedSliceOf[uint8](code, stored, n)
	case PrimitiveUInt16:
		return packedSliceOf[uint16](code, stored, n)
	case PrimitiveUInt32:
		return packedSliceOf[uint32](code, stored, n)
	case PrimitiveUInt64:
		return packedSliceOf[uint64](code, stored, n)
	case PrimitiveSByte:
		return packedSliceOf[int8](code, stored, n)
	case PrimitiveInt16:
		return packedSliceOf[int16](code, stored, n)
	case PrimitiveInt32:
		return packedSliceOf[int32](code, stored, n)
	case PrimitiveInt64:
		return packedSliceOf[int64](code, stored, n)
	case PrimitiveSingle:
		return packedSliceOf[float32](code, stored, n)
	case PrimitiveDouble:
		return packedSliceOf[float64](code, stored, n)
	case PrimitiveChar:
		out := []Char{}
		for _, unit := range utf16.Encode([]rune(stored)) {
			out = append(out, Char(unit))
		}
		return out
	}
	out := []any{} // the other way to give elements
	for i := range n {
		out = append(out, goValue(code, primitiveBits(stored[i*8:], 8)))
	}
	return out
}

func packedSliceOf[T any](code PrimitiveType, stored string, n int) []T {
	out, size := make([]T, n), primitives[code].size
	for i := range out {
		out[i] = decoded[T]([]byte(stored[i*size : (i+1)*size]))
	}
	return out
}

// cellsOf returns the members or elements of an object that is not packed.
func (g *Graph) cellsOf(o *object) []cell { return g.cells[o.first : o.first+o.n] }
