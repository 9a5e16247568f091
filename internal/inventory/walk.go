package inventory

import (
	"errors"
	"strings"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// inStream says that an error is about the record stream of an Object.
func inStream(err error) bool {
	var m *nrbf.MalformedError
	return errors.As(err, &m)
}

// item returns the type of a value and what would break; nil of null. Graphs are walked without recursion, every object
// once.
func (w *walker) item(v aspnetser.Value) (*typeName, breaks) {
	switch t := v.Type(); t {
	case aspnetser.TypeNull, aspnetser.TypeUndecodable:
		return nil, 0
	case aspnetser.TypeIntPtr, aspnetser.TypeUIntPtr:
		return simple("System." + t.String()), breakPointer.set()
	case aspnetser.TypeObject:
		g, _ := v.Graph()
		return typeOf(g.Root()), w.graph(g)
	default:
		return simple("System." + t.String()), 0
	}
}

// typeOf returns the type of a value of a graph, nil of null.
func typeOf(v nrbf.Value) *typeName {
	switch v.Kind() {
	case nrbf.KindString:
		return simple("System.String")
	case nrbf.KindPrimitive:
		return simple(v.Primitive().FullName())
	case nrbf.KindArray:
		name, library := v.ElementType()
		return arrayOf(parseType(name, library), max(1, len(v.Lengths())))
	case nrbf.KindClass:
		t := parseType(v.ClassName(), v.Library())
		t.enum = isEnum(v)
		return t
	}
	return nil
}

func isEnum(v nrbf.Value) bool { return v.Len() == 1 && v.MemberName(0) == "value__" }

// walker walks graphs. It uses its memory again.
type walker struct {
	schema *schema
	state  []uint8 // of objects, by ID
	stack  []place
}

// place is an object that is being walked, and the next member or element.
type place struct {
	v    nrbf.Value
	next int
}

// States of an object.
const (
	unseen uint8 = iota
	inside       // the walk is inside of it: who meets it now has met a cycle
	done
)

// graph looks at every object of a graph.
func (w *walker) graph(g *nrbf.Graph) (found breaks) {
	if n := g.Objects() + 1; cap(w.state) < n {
		w.state = make([]uint8, n)
	} else {
		w.state = w.state[:n]
		clear(w.state)
	}
	w.stack = w.stack[:0]
	found |= w.enter(g.Root())
	for len(w.stack) > 0 {
		top := &w.stack[len(w.stack)-1]
		if top.next == top.v.Len() {
			id, _ := top.v.ID()
			w.state[id] = done
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		i := top.next
		top.next++
		outer, v := top.v, top.v.At(i)
		if v.IsNull() {
			continue
		}
		found |= w.declaredAs(outer, i, v)
		found |= w.enter(v)
	}
	if cap(w.state) > 1<<20 { // of one huge session; others need not carry it along
		w.state, w.stack = nil, nil
	}
	return found
}

// enter looks at a value, and puts it on the stack if there is something inside.
func (w *walker) enter(v nrbf.Value) (found breaks) {
	id, isObject := v.ID()
	if !isObject {
		if k, ok := v.DateTimeKind(); ok && k >= nrbf.DateTimeLocal {
			found |= breakLocal.set()
		}
		return found
	}
	switch w.state[id] {
	case inside:
		return breakCycle.set()
	case done:
		if sharable(v) {
			found |= breakShared.set()
		}
		return found
	}
	if v.Kind() == nrbf.KindClass {
		f, inside := w.class(v)
		if found |= f; !inside {
			w.state[id] = done
			return found
		}
	} else if code := v.ElementPrimitive(); code != 0 && code != nrbf.PrimitiveDateTime {
		w.state[id] = done
		return found
	}
	w.state[id] = inside
	w.stack = append(w.stack, place{v: v})
	return found
}

// class looks at an instance and says whether what is inside of it matters.
func (w *walker) class(v nrbf.Value) (found breaks, inside bool) {
	name := v.ClassName()
	switch {
	case name == "System.IntPtr", name == "System.UIntPtr":
		return breakPointer.set(), false
	case strings.HasPrefix(name, "System.DelegateSerializationHolder"):
		return breakDelegate.set(), false
	case isEnum(v):
		if frameworkClass(v) {
			w.schema.enum(v)
			return 0, false
		}
		return w.schema.observe(v), false
	case has(v, "DataSet.RemotingVersion"), has(v, "DataTable.RemotingVersion"), has(v, "XmlSchema") && has(v, "XmlDiffGram"):
		return breakTables.set(), false
	case has(v, "ClassName") && has(v, "StackTraceString"): // an exception
		return breakSelf.set(), true
	}
	if frameworkClass(v) {
		return 0, true
	}
	return w.schema.observe(v), true
}

func has(v nrbf.Value, member string) bool {
	_, ok := v.Member(member)
	return ok
}

// frameworkClass says that a value is an instance of one of .NET's own classes, or an array.
func frameworkClass(v nrbf.Value) bool {
	if v.Kind() == nrbf.KindArray {
		return true
	}
	t := typeName{name: v.ClassName(), assembly: v.Library()}
	return t.framework()
}

// sharable says that it matters to a program that an object is mentioned twice: it is no value, and not one of the
// comparers that collections share.
func sharable(v nrbf.Value) bool {
	if v.Kind() == nrbf.KindArray {
		return true
	}
	if isEnum(v) {
		return false
	}
	name := v.ClassName()
	return !frameworkClass(v) || strings.HasPrefix(name, "System.Collections.") && !strings.Contains(name, "Compare")
}

// declaredAs says whether a value stands where another type is declared: object, an interface, or a base class. Of .NET's own
// classes only the pairs of a dictionary are looked at, whose types the application has chosen.
func (w *walker) declaredAs(outer nrbf.Value, i int, v nrbf.Value) breaks {
	var declared, library string
	if outer.Kind() == nrbf.KindArray {
		if outer.ElementPrimitive() != 0 {
			return 0
		}
		declared, library = outer.ElementType()
	} else {
		if frameworkClass(outer) && !strings.HasPrefix(outer.ClassName(), "System.Collections.Generic.KeyValuePair`2") {
			return 0
		}
		declared, library = outer.MemberType(i)
	}
	if declared == "System.Object" {
		return breakObject.set()
	}
	if v.Kind() != nrbf.KindClass || declared == v.ClassName() || strings.HasPrefix(declared, nullablePrefix) {
		return 0
	}
	if t := (typeName{name: declared, assembly: library}); t.framework() && !frameworkClass(v) || !t.framework() {
		if frameworkClass(outer) { // the elements of an array, or the values of a dictionary
			w.schema.standsFor(declared, library)
		}
		return breakObject.set()
	}
	return 0
}
