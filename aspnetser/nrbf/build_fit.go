package nrbf

import "fmt"

// offsetRank is the rank of one-dimensional arrays with a lower bound, which fit no place of arrays.
const offsetRank = -1

// dropNil returns nil for null in all its forms, and v for all else.
func dropNil(v any) any {
	switch p := v.(type) {
	case *Instance:
		if p == nil {
			return nil
		}
	case *Array:
		if p == nil {
			return nil
		}
	case *StringObject:
		if p == nil {
			return nil
		}
	}
	return v
}

// describe names what a value is, without what is in it.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string, *StringObject:
		return "String"
	case *Instance:
		if v.Class == nil {
			return "instance of no class"
		}
		return "instance of " + QuoteCut(v.Class.Name, 200)
	case *Array:
		return "array"
	}
	if code, _ := primitiveOf(v); code != 0 {
		return code.String()
	}
	return fmt.Sprintf("Go %T, which stands for no .NET type,", v)
}

// fits says whether a value may stand in a place of the declared type, and returns the type it has itself: that of the
// place for null. It fails and returns nil if not.
func (e *encoder) fits(d *declared, v any, element bool) *declared {
	actual := e.typeOf(d, v)
	if actual == nil {
		return nil
	}
	switch d.kind {
	case declaredObject:
		return actual
	case declaredNullable:
		if v == nil || d.elem.is(actual) {
			return actual
		}
	case declaredPrimitive, declaredStruct:
		if v != nil && d.is(actual) {
			return actual
		}
	case declaredString, declaredClass, declaredArray:
		if v == nil || d.kind == actual.kind && d.is(actual) {
			return actual
		}
		if d.open && !actual.isReference() && (element || actual.kind == declaredPrimitive) {
			// .NET writes them without saying what they are, so that nobody can read it (fixture nrbf-interface-array), or
			// without their library; its reader takes structs in members only.
			e.fail("%s in a place of type %s, where .NET cannot write one", describe(v), d.name)
			return nil
		}
		if element && d.kind == declaredArray && actual.name != d.name && d.takes(actual) {
			// .NET writes an array of strings in an array of Object arrays, and fails to read it.
			e.fail("%s in an array of %s, which .NET writes and cannot read", actual.name, d.name)
			return nil
		}
		if d.takes(actual) {
			return actual
		}
	}
	e.fail("%s in a place of type %s", describe(v), d.name)
	return nil
}

// typeOf returns the type of a value, d for null. It fails and returns nil for what is no value.
func (e *encoder) typeOf(d *declared, v any) *declared {
	switch v := v.(type) {
	case nil:
		return d
	case string, *StringObject:
		return e.declared(StringType)
	case *Instance:
		return e.declared(v.Class)
	case *Array:
		t := e.declared(ArrayType{v.Elem, len(v.Lengths)})
		if t != nil && v.offset() {
			// A type of its own, which no C# names; .NET writes the name of the usual one.
			t = &declared{kind: declaredArray, name: t.name, library: t.library, elem: t.elem, rank: offsetRank}
		}
		return t
	}
	if code, _ := primitiveOf(v); code != 0 {
		return e.declared(code)
	}
	e.fail("%s in a place of type %s", describe(v), d.name)
	return nil
}
