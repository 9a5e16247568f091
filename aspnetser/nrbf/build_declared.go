package nrbf

import (
	"strconv"
	"unicode/utf8"
)

// declared is what the encoder has found out about a Type.
type declared struct {
	kind          declaredKind
	code          PrimitiveType // of a primitive
	name, library string        // library: "" for the core library
	open          bool          // of a class
	elem          *declared     // of an array, of a nullable
	rank          int           // of an array
}

type declaredKind uint8

const (
	declaredPrimitive declaredKind = iota
	declaredString
	declaredObject
	declaredClass
	declaredStruct
	declaredArray
	declaredNullable
)

// maxArrayDepth is how deep arrays of arrays may be declared, so that the length of their names does not multiply.
const maxArrayDepth = 100

// declared looks a type up. It fails and returns nil if it is none.
func (e *encoder) declared(t Type) *declared {
	if d := e.types[t]; d != nil {
		return d
	}
	if why := typeProblem(t); why != "" {
		e.fail("%s", why)
		return nil
	}
	d := &declared{name: t.FullName(), library: libraryOf(t)}
	e.types[t] = d
	switch t := t.(type) {
	case PrimitiveType:
		d.kind, d.code = declaredPrimitive, t
	case BuiltinType:
		d.kind = declaredObject
		if t == StringType {
			d.kind = declaredString
		}
	case *ClassType:
		d.kind, d.open = declaredClass, t.Open
		if t.ValueType {
			d.kind = declaredStruct
		}
	case NullableType:
		d.kind, d.elem = declaredNullable, e.declared(t.Of)
	case ArrayType:
		d.kind, d.elem, d.rank = declaredArray, e.declared(t.Elem), max(t.Rank, 1)
	}
	return d
}

// libraryOf returns the library of a type as records have it: "" for the core library.
func libraryOf(t Type) string {
	if name := t.Assembly(); name != CoreLibrary {
		return name
	}
	return ""
}

// typeProblem says what is wrong with a type, "" if nothing is. The members of a class do not matter here.
func typeProblem(t Type) string {
	for depth := 0; ; depth++ {
		a, ok := t.(ArrayType)
		if !ok {
			break
		}
		if a.Rank < 0 || a.Rank > maxRank {
			return "array type of " + strconv.Itoa(a.Rank) + " dimensions"
		}
		if depth == maxArrayDepth {
			return "arrays of arrays more than " + strconv.Itoa(maxArrayDepth) + " deep"
		}
		t = a.Elem
	}
	if n, ok := t.(NullableType); ok {
		switch of := n.Of.(type) {
		case PrimitiveType:
			t = of
		case *ClassType:
			if of != nil && !of.ValueType {
				return "nullable type of a class"
			}
			t = of
		default:
			return "nullable type of what is no primitive and no struct"
		}
	}
	switch t := t.(type) {
	case PrimitiveType:
		if !t.valid() {
			return "type " + strconv.Itoa(int(t)) + ", which is no primitive"
		}
	case BuiltinType:
		if t != StringType && t != ObjectType {
			return "type " + strconv.Itoa(int(t)) + ", which is no built-in class"
		}
	case *ClassType:
		return classProblem(t)
	default:
		return "no type"
	}
	return ""
}

func classProblem(c *ClassType) string {
	switch {
	case c == nil:
		return "no class"
	case c.Name == "":
		return "class without a name"
	case !utf8.ValidString(c.Name) || !utf8.ValidString(c.Library):
		return "class with a name that is not UTF-8"
	case c.ValueType && c.Open:
		return "struct " + c.Name + " that is open: nothing derives from structs"
	}
	return ""
}

// is says whether both are the same type to .NET.
func (d *declared) is(other *declared) bool {
	for d.elem != nil && other.elem != nil {
		if d.kind != other.kind || d.rank != other.rank {
			return false
		}
		d, other = d.elem, other.elem
	}
	return d == other || d.kind == other.kind && d.name == other.name && d.library == other.library
}

// isReference says whether places of the type hold references, so that arrays of it are covariant.
func (d *declared) isReference() bool {
	switch d.kind {
	case declaredString, declaredObject, declaredClass, declaredArray:
		return true
	}
	return false
}

// takes says whether an object of the type other may stand in a place of type d, as far as can be known.
func (d *declared) takes(other *declared) bool {
	for d.kind == declaredArray && other.kind == declaredArray && d.rank == other.rank &&
		d.elem.isReference() && other.elem.isReference() {
		d, other = d.elem, other.elem
	}
	return d.is(other) || d.kind == declaredObject || d.open
}
