package nrbf

import (
	"errors"
	"reflect"
	"strings"
)

// Marshal makes a new graph of a Go value and all it refers to: one that .NET's BinaryFormatter reads, and that gives an
// equal value when it is unmarshalled. Types decide, not values:
//
//	Go                                      .NET
//	bool, int8, uint8 … int64, uint64,      Boolean, SByte, Byte … Int64, UInt64, Single, Double
//	  float32, float64
//	string                                  String
//	integer types with NRBFEnum             the enum that it names, over the type of that size
//	Char, Decimal, DateTime, TimeSpan, GUID Char, Decimal, DateTime, TimeSpan, Guid
//	time.Time                               DateTime, UTC unless the Location is that of another DateTimeKind; with the option
//	                                        offset DateTimeOffset
//	time.Duration                           TimeSpan
//	struct with a Class field               an instance of that class
//	struct with a Struct field              that struct, in place
//	[]T, [n]T                               T[], nil is null. []byte is Byte[], [][]T is T[][]
//	map[K]V                                 Dictionary<K,V>, nil is null
//	*T                                      null or the T: of classes and strings the same type, of all others Nullable<T>
//	any                                     Object: null, or what is in it
//	*Instance, *Array, *StringObject        themselves, in places of type Object
//	types with MarshalNRBF                  what that returns
//
// Options in the tag of a field choose other types for that field, not for elements in it:
//
//	,list        List<T> for a slice
//	,arraylist   ArrayList for a slice
//	,rect        T[,] for a [][]T, T[,,] for a [][][]T: all rows must be of one length
//	,hashtable   Hashtable for a map
//	,guid        Guid for a [16]byte, in the order of the text (RFC 9562)
//	,offset      DateTimeOffset for a time.Time, to the minute of its offset
//
// Where there is no tag the types ListOf, ArrayListOf and HashtableOf say the same.
//
// Fields become the members of the class, in order, under the names of their tags or else their own; with the option
// property it is the backing field of the auto-property of this name. A struct that is embedded is a base class: its
// fields come behind all others, as Base+field, where Base is the name of its type or Class or its tag, unless the option
// public says that the field is not private to the base class. Fields that are not exported and those with the tag "-"
// are left out. .NET leaves fields that a class has and the graph has not at their defaults or refuses them, by
// OptionalField.
//
// Pointers, maps and slices that occur twice are one object that is mentioned twice, and there may be cycles. The entries
// of a map are sorted where keys are numbers or strings.
//
// What has no exact form is refused, with a *MappingError: int, uint and uintptr, which .NET has no equals of; structs
// without Class or Struct; interface types other than any; times with less than 100 ns or outside of the years 1 to 9999;
// strings that are not UTF-8; negative zero as a Decimal; Values. Numbers and other primitives alone are no graph: a
// session keeps them by type. Whether .NET has such classes and members only .NET knows.
func Marshal(v any) (*Graph, error) {
	m := marshaler{types: map[typeKey]Type{}, making: map[typeKey]int{}, objects: map[objectKey]any{}}
	x := reflect.ValueOf(v)
	if !x.IsValid() {
		return nil, m.fail("null alone is no graph")
	}
	if _, err := m.typeOf(x.Type(), byDefault); err != nil {
		return nil, err
	}
	root, err := m.value(x, byDefault)
	if err != nil {
		return nil, err
	}
	stream, err := EncodeStream(root)
	if built := (*BuildError)(nil); errors.As(err, &built) {
		return nil, &MappingError{Path: built.Path, Reason: built.Reason, Err: err}
	}
	g, _, err := Decode(stream, Limits{MaxMemory: -1, MaxDepth: -1, MaxExpanded: -1})
	if err != nil {
		return nil, m.failWith(err, "the stream of the new graph: %v", err)
	}
	return g, nil
}

// Marshaler is for types that make their part of a graph themselves. Of pointer types only pointers that are not nil are
// asked for values, and all others are null.
type Marshaler interface {
	// NRBFType returns the .NET type that members and elements of this Go type are declared with. It is asked of the zero
	// value.
	NRBFType() Type

	// MarshalNRBF returns a value of a new graph: nil, a string, an *Instance, an *Array, a Go value that stands for a
	// primitive. It is called wherever the value occurs, so that identity is its own business.
	MarshalNRBF() (any, error)
}

// marshaler makes the tree of one value.
type marshaler struct {
	trail
	types   map[typeKey]Type
	making  map[typeKey]int // how many times typeOf is at work on it
	objects map[objectKey]any
}

// typeKey is a Go type and the option that chooses its .NET type.
type typeKey struct {
	t   reflect.Type
	how form
}

// objectKey is what has an identity in Go: what a pointer points to, a slice, a map.
type objectKey struct {
	at  uintptr
	len int
	typeKey
}

var typeMarshaler = reflect.TypeFor[Marshaler]()

// ListOf is a slice that Marshal makes a List<T> of.
type ListOf[T any] []T

// ArrayListOf is a slice that Marshal makes an ArrayList of.
type ArrayListOf []any

// HashtableOf is a map that Marshal makes a Hashtable of.
type HashtableOf map[any]any

func (ListOf[T]) form() form   { return asList }
func (ArrayListOf) form() form { return asArrayList }
func (HashtableOf) form() form { return asHashtable }

// formOf returns how values of a Go type are written: as the tag says, or the type itself.
func formOf(t reflect.Type, how form) form {
	if kind := t.Kind(); how == byDefault && (kind == reflect.Slice || kind == reflect.Map) {
		if own, ok := reflect.Zero(t).Interface().(interface{ form() form }); ok {
			return own.form()
		}
	}
	return how
}

// asMarshaler returns the Marshaler that v is or whose address is one.
func asMarshaler(v reflect.Value) (m Marshaler, ok bool) {
	if v.Kind() == reflect.Interface {
		return nil, false
	}
	if v.Type().Implements(typeMarshaler) {
		return v.Interface().(Marshaler), true
	}
	if v.Kind() != reflect.Pointer && reflect.PointerTo(v.Type()).Implements(typeMarshaler) {
		if !v.CanAddr() {
			p := reflect.New(v.Type())
			p.Elem().Set(v)
			v = p.Elem()
		}
		return v.Addr().Interface().(Marshaler), true
	}
	return nil, false
}

// memberName is the name of the member that a field becomes.
func (f *field) memberName() string {
	name := f.tag
	if name == "" {
		name = f.name
	}
	if f.base != "" && !f.public && !strings.Contains(name, "+") {
		return f.base + "+" + name
	}
	return name
}
