package nrbf

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"
)

// FuzzBuild grows a tree from bytes. What the encoder takes must decode to the values of the tree and be written back to
// the same bytes; what it does not take it refuses with a *BuildError.
func FuzzBuild(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("\x00\x00\x00"))
	for i := range 64 {
		var seed []byte
		for j := range 200 {
			seed = append(seed, byte(i*j*7+i+j/3))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g := grower{bytes: b, types: growTypes}
		tree := g.value(growTypes[g.pick(len(growTypes))], 0)
		stream, err := EncodeStream(tree)
		if err != nil {
			var e *BuildError
			if !errors.As(err, &e) || len(stream) > 0 {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		graph, n, err := Decode(stream, Limits{})
		if err != nil || n != len(stream) {
			t.Fatalf("decoding %q: %d of %d bytes, %v", stream, n, len(stream), err)
		}
		if again := graph.Append(nil); !bytes.Equal(again, stream) {
			t.Fatalf("%q is written back as %q", stream, again)
		}
		if why := differs(tree, graph.Root()); why != "" {
			t.Fatalf("%s in %q", why, stream)
		}
		if again, err := EncodeStream(tree); err != nil || !bytes.Equal(again, stream) {
			t.Fatalf("the second time: %v", err)
		}
	})
}

// grower makes decisions of bytes. When they run out everything is small.
type grower struct {
	bytes  []byte
	types  []Type // what stands in Object places
	proper bool   // nothing but what fits
	made   []any  // *Instance and *Array, to be mentioned again

	elements int // of all arrays, so that the tree stays in proportion
}

func (g *grower) pick(n int) int {
	if len(g.bytes) == 0 {
		return 0
	}
	b := g.bytes[0]
	g.bytes = g.bytes[1:]
	return int(b) % n
}

func (g *grower) text() string {
	if g.pick(100) == 99 {
		return "\xff"
	}
	return []string{"", "a", "b", "é", "\U0001F600", "\x00", "long enough to be something"}[g.pick(7)]
}

var growTypes = []Type{
	ObjectType, cNode, cLoose, cOrder, cTicket, ArrayType{Elem: ObjectType}, ListType(ObjectType), cLine, cMaybe, cCustomer,
	cPrimitives, ArrayType{ObjectType, 2}, ArrayType{Elem: cMoney}, ArrayType{Elem: NullableType{cSpan}}, cSpan, cStatus,
	ArrayType{Elem: cShape}, ArrayType{Elem: iComparable}, ArrayType{Elem: ArrayType{Elem: PrimitiveChar}},
	pairType(iComparable, cMoney), pairType(ObjectType, cSpan), KeyValuePairType(StringType, NullableType{cMoney}),
	DictionaryType(StringType, ObjectType), HashtableType(), StringType, PrimitiveInt32, cTwin, cSquare, GuidType(),
}

// growOpen are the types that really may stand for others.
var growOpen = map[string][]Type{
	iComparable.Name: {StringType, cMoney},
	cShape.Name:      {cCircle, cSquare},
	cPerson.Name:     {cPlainPerson},

	"System.Collections.IList": {ArrayType{Elem: PrimitiveInt32}, ArrayType{Elem: ObjectType}, ListType(cMoney)},
	"System.Array":             {ArrayType{Elem: PrimitiveInt32}, ArrayType{ObjectType, 2}, ArrayType{Elem: StringType}},
	"System.ValueType":         {cMoney, cSpan},

	"System.Collections.IComparer":         {ordinal},
	"System.Collections.IHashCodeProvider": {ordinal},

	emptyDictionaryType(StringType, ObjectType).Members[1].Type.FullName(): {ordinal},
}

var ordinal = OrdinalComparer(true).Class

// value returns a value for a place of the type; now and then one that does not fit.
func (g *grower) value(t Type, depth int) any {
	switch choice := g.pick(64); {
	case choice < 4 || depth > 40:
		return zero(t)
	case choice < 12:
		if o := g.again(t); o != nil {
			return o
		}
	case choice == 12 && !g.proper:
		t = g.types[g.pick(len(g.types))]
	case choice == 13 && !g.proper && len(g.made) > 0:
		return g.made[g.pick(len(g.made))]
	}
	switch t := t.(type) {
	case PrimitiveType:
		if t == PrimitiveDecimal {
			return Decimal{Lo: uint64(g.pick(256)), Hi: uint32(g.pick(256)), Scale: uint8(g.pick(29)), Negative: g.pick(2) > 0}
		}
		if t == PrimitiveDateTime {
			return DateTime{int64(g.pick(256)) << g.pick(64), DateTimeKind(g.pick(5))}
		}
		bits := uint64(0)
		for range 8 {
			bits = bits<<8 | uint64(g.pick(256))
		}
		return goValue(t, bits)
	case BuiltinType:
		if t == StringType {
			if g.pick(2) == 0 {
				return &StringObject{g.text()}
			}
			return g.text()
		}
		return g.value(g.types[g.pick(len(g.types))], depth+1)
	case NullableType:
		return g.value(t.Of, depth+1)
	case ArrayType:
		return g.array(t, depth)
	case *ClassType:
		if t.Open {
			fitting := growOpen[t.Name]
			return g.value(fitting[g.pick(len(fitting))], depth+1)
		}
		o := &Instance{Class: t}
		g.made = append(g.made, o)
		for _, m := range t.Members {
			o.Values = append(o.Values, g.value(m.Type, depth+1))
		}
		return o
	}
	panic(fmt.Sprintf("%T", t))
}

// again returns an object that was made before and fits.
func (g *grower) again(t Type) any {
	for range min(len(g.made), 3) {
		o := g.made[g.pick(len(g.made))]
		array, _ := o.(*Array)
		instance, _ := o.(*Instance)
		switch of, isArray := t.(ArrayType); {
		case t == ObjectType,
			instance != nil && instance.Class == t,
			array != nil && isArray && array.Elem == of.Elem && len(array.Lengths) == max(of.Rank, 1):
			return o
		}
	}
	return nil
}

func (g *grower) array(t ArrayType, depth int) any {
	a := &Array{Elem: t.Elem}
	g.made = append(g.made, a)
	n := 1
	for range max(t.Rank, 1) {
		length := g.pick(6)
		if g.pick(16) == 0 && g.elements < 1500 {
			length *= 100 // runs of nulls
		}
		if g.proper && t.Elem == PrimitiveChar {
			length++ // .NET's reader makes one object of all empty ones
		}
		g.elements += length
		a.Lengths = append(a.Lengths, length)
		if g.pick(40) == 39 {
			a.Lower = append(a.Lower, g.pick(256)-128)
		}
		if len(a.Lengths) > 1 && length > 6 {
			a.Lengths[len(a.Lengths)-1], length = 6, 6
		}
		n *= length
	}
	if t.Elem == PrimitiveInt32 && g.pick(2) == 0 {
		a.Values = make([]int32, n)
		return a
	}
	values := make([]any, n)
	a.Values = values
	for i := range values {
		if len(g.bytes) == 0 {
			values[i] = zero(t.Elem)
		} else {
			values[i] = g.value(t.Elem, depth+1)
		}
	}
	return a
}

func zero(t Type) any {
	v, _ := zeroOf(t, nil, 0)
	return v
}

// differs walks a tree and a graph, and says where the graph has another value than the tree: other names, types, values, or
// one object where the tree has two, or the reverse. Structs are only compared: which of them are boxes the tree does not
// say.
func differs(tree any, graph Value) string {
	type both struct {
		tree  any
		graph Value
	}
	todo := []both{{tree, graph}}
	ids := map[any]int{}
	pointers := map[int]any{}
	compared := map[[2]any]bool{}
	for len(todo) > 0 {
		v, got := dropNil(todo[len(todo)-1].tree), todo[len(todo)-1].graph
		todo = todo[:len(todo)-1]
		if s, ok := v.(*StringObject); ok {
			v = s.Text
		}
		id, isObject := got.ID()
		if isObject {
			if compared[[2]any{v, id}] {
				continue
			}
			compared[[2]any{v, id}] = true
		}
		o, isInstance := v.(*Instance)
		if isObject && !(isInstance && o.Class.ValueType) {
			if known, seen := ids[v]; seen && known != id {
				return "one object became two"
			}
			if known, seen := pointers[id]; seen && known != v {
				return "two objects became one"
			}
			ids[v], pointers[id] = id, v
		}
		switch v := v.(type) {
		case nil:
			if !got.IsNull() {
				return "something became of null"
			}
		case string:
			if text, ok := got.Text(); !ok || text != v {
				return fmt.Sprintf("%q became %q", v, text)
			}
		case *Instance:
			if got.Kind() != KindClass || got.ClassName() != v.Class.Name || got.Library() != v.Class.Library || got.Len() != len(v.Values) {
				return fmt.Sprintf("%s became %v %s", v.Class.Name, got.Kind(), got.ClassName())
			}
			for i, m := range v.Class.Members {
				if got.MemberName(i) != m.Name {
					return fmt.Sprintf("%s is called %s", m.Name, got.MemberName(i))
				}
				todo = append(todo, both{v.Values[i], got.At(i)})
			}
		case *Array:
			if name, library := got.ElementType(); got.Kind() != KindArray || name != v.Elem.FullName() || library != libraryOf(v.Elem) {
				return fmt.Sprintf("an array of %s became %v of %s", v.Elem.FullName(), got.Kind(), name)
			}
			if got, want := fmt.Sprint(got.Lengths()), fmt.Sprint(v.Lengths); v.Lengths != nil && got != want {
				return fmt.Sprintf("the lengths %s became %s", want, got)
			}
			if lower := fmt.Sprint(got.Lower()); got.Lower() != nil && lower != fmt.Sprint(v.Lower) {
				return fmt.Sprintf("the lower bounds %v became %s", v.Lower, lower)
			}
			if got.Len() != v.count() {
				return fmt.Sprintf("%d elements became %d", v.count(), got.Len())
			}
			for i := range v.count() {
				todo = append(todo, both{reflect.ValueOf(v.Values).Index(i).Interface(), got.At(i)})
			}
		case Decimal:
			if text, ok := got.Decimal(); !ok || text != v.String() {
				return fmt.Sprintf("%s became %q", v, text)
			}
		default:
			if code, bits := primitiveOf(v); got.Primitive() != code || got.Bits() != bits {
				return fmt.Sprintf("%v %x became %v %x", code, bits, got.Primitive(), got.Bits())
			}
		}
	}
	return ""
}
