package aspnetser

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Get returns the item with this key of c as a T:
//
//	name, err := aspnetser.Get[string](c, "name")
//	lines, err := aspnetser.Get[[]string](c, "lines") // a string[] or a List<string>
//	cart, err := aspnetser.Get[Cart](c, "cart")       // a class of the application into a struct
//
// What goes into what is told at [nrbf.Unmarshal]; it is the same for values inside and outside of Objects. An Int32 goes
// into any integer type that it fits, and into any as an int32; a number that does not fit exactly is an error. A DateTime
// item has no kind and becomes a time.Time whose clock shows it, in a location of its own: see [nrbf.DateTimeKind.Location].
// An IntPtr is an Int64 here and a UIntPtr a UInt64. T may be Value as well, which takes whatever the item is, and
// *nrbf.Graph, which takes an Object, or null as nil; no *Value, and no nrbf.Graph, which cannot be copied.
//
// The error is ErrNoItem where c has no such item; a *MalformedError or *LimitError where the item cannot be decoded; and a
// *nrbf.MappingError, which names the path, where a T cannot hold it.
func Get[T any](c *Collection, key string) (T, error) {
	var x, none T
	v, err := c.Get(key)
	if err != nil {
		return none, err
	}
	if err := v.Unmarshal(&x, nrbf.UnmarshalOptions{Root: key}); err != nil {
		return none, err
	}
	return x, nil
}

// Unmarshal converts the value to the Go value that dst points to; see [Get]. Of an Undecodable the error is why it is one.
func (v Value) Unmarshal(dst any, o nrbf.UnmarshalOptions) error {
	switch dst := dst.(type) {
	case *Value:
		*dst = v
		return nil
	case *nrbf.Graph:
		return refuse(o, "a nrbf.Graph cannot be copied: take a *nrbf.Graph")
	case **nrbf.Graph:
		if v.hasGraph() {
			*dst = v.graph
			return nil
		}
	}
	switch {
	case v.typ == TypeUndecodable:
		return v.err(-1, "", false)
	case v.typ != TypeObject:
		return o.Assign(v.natural(), dst)
	case !v.hasGraph():
		return refuse(o, errNoGraph.Error())
	}
	return o.Unmarshal(v.graph.Root(), dst)
}

// errNoGraph is of Object(nil), and of an Object of the zero Graph.
var errNoGraph = errors.New("an Object without a graph")

// hasGraph says whether an Object has a graph that something can be read from.
func (v Value) hasGraph() bool { return v.graph != nil && v.graph.Root() != nrbf.Value{} }

// refuse returns the error of a conversion that is not begun.
func refuse(o nrbf.UnmarshalOptions, reason string) error {
	path := o.Root
	if path == "" {
		path = "root"
	}
	return &nrbf.MappingError{Path: path, Reason: reason}
}

// natural returns the Go value that stands for a scalar in package nrbf.
func (v Value) natural() any {
	switch v.Type() {
	case TypeNull:
		return nil
	case TypeString:
		return v.text
	case TypeBoolean:
		return v.lo != 0
	case TypeChar:
		return nrbf.Char(v.lo)
	case TypeSByte:
		return int8(v.lo)
	case TypeInt16:
		return int16(v.lo)
	case TypeInt32:
		return int32(v.lo)
	case TypeInt64, TypeIntPtr:
		return int64(v.lo)
	case TypeByte:
		return uint8(v.lo)
	case TypeUInt16:
		return uint16(v.lo)
	case TypeUInt32:
		return uint32(v.lo)
	case TypeUInt64, TypeUIntPtr:
		return v.lo
	case TypeSingle:
		f, _ := v.Float()
		return float32(f)
	case TypeDouble:
		f, _ := v.Float()
		return f
	case TypeDateTime:
		return nrbf.DateTime{Ticks: int64(v.lo)}
	case TypeTimeSpan:
		return nrbf.TimeSpan(v.lo)
	case TypeDecimal:
		d, _ := v.Decimal()
		return d
	}
	g, _ := v.Guid()
	return g
}

// ValueOf returns the value of a Go value, to be set in a Collection or a Session. The .NET type is that of the Go type:
//
//	nil                                          Null
//	bool, string                                 Boolean, String
//	int8 … int64, uint8 … uint64                 SByte, Int16 … Int64, Byte, UInt16 … UInt64
//	float32, float64                             Single, Double
//	nrbf.Char, Decimal, GUID                     Char, Decimal, Guid
//	time.Time                                    DateTime of what its clock shows; no zone, no kind (session-blob.md 4)
//	nrbf.DateTime                                DateTime without its kind
//	time.Duration, nrbf.TimeSpan                 TimeSpan
//	types whose kind is bool, string or number   the same, unless nrbf.Marshal knows them better: an nrbf.Enum
//	pointers to these                            the same, Null where nil
//	Value                                        itself
//	*nrbf.Graph                                  Object
//	*nrbf.Instance, *nrbf.Array                  Object of a new graph
//	slices, maps, structs, pointers to them      Object that [nrbf.Marshal] makes, Null where nil
//
// A []string becomes a String[], and an nrbf.ListOf[string] a List<string>; a struct needs an nrbf.Class that says which
// class of the application it is.
//
// Refused are times that are no whole number of ticks of 100 ns, which t.Truncate(100) is, and those that .NET cannot
// count; int and uint, since .NET has none that is 32 bits wide here and 64 there (who reads it as an int needs an int32);
// an Object without a graph; and what nrbf.Marshal refuses.
func ValueOf(x any) (Value, error) {
	switch x := x.(type) {
	case nil:
		return Null(), nil
	case Value:
		if x.typ == TypeObject && !x.hasGraph() {
			return Value{}, errNoGraph
		}
		return x, nil
	case bool:
		return Boolean(x), nil
	case string:
		return String(x), nil
	case int8:
		return SByte(x), nil
	case int16:
		return Int16(x), nil
	case int32:
		return Int32(x), nil
	case int64:
		return Int64(x), nil
	case uint8:
		return Byte(x), nil
	case uint16:
		return UInt16(x), nil
	case uint32:
		return UInt32(x), nil
	case uint64:
		return UInt64(x), nil
	case float32:
		return Single(x), nil
	case float64:
		return Double(x), nil
	case nrbf.Char:
		return Char(uint16(x)), nil
	case Decimal:
		return DecimalValue(x), nil
	case GUID:
		return Guid(x), nil
	case time.Time:
		if y := x.Year(); y < 1 || y > 9999 || x.Nanosecond()%100 != 0 {
			return Value{}, errors.New("value of a time.Time: not a whole number of ticks of 100 ns in the years 1 to 9999")
		}
		return DateTimeOf(x), nil
	case nrbf.DateTime:
		return DateTime(x.Ticks), nil
	case nrbf.TimeSpan:
		return TimeSpan(int64(x)), nil
	case time.Duration:
		if x%100 != 0 {
			return Value{}, errors.New("value of a time.Duration: not a whole number of ticks of 100 ns")
		}
		return TimeSpan(int64(x / 100)), nil
	case *nrbf.Graph:
		if x != nil {
			return ValueOf(Object(x))
		}
	case *nrbf.Instance, *nrbf.Array:
		return newObject(x)
	}
	return valueOfKind(x)
}

// valueOfKind is ValueOf for types that are not known by name.
func valueOfKind(x any) (Value, error) {
	v := reflect.ValueOf(x)
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return Null(), nil
		}
	}
	switch x.(type) {
	case nrbf.Enum, nrbf.Marshaler:
		return marshalled(x)
	}
	switch v.Kind() {
	case reflect.Bool:
		return Boolean(v.Bool()), nil
	case reflect.String:
		return String(v.String()), nil
	case reflect.Int8:
		return SByte(int8(v.Int())), nil
	case reflect.Int16:
		return Int16(int16(v.Int())), nil
	case reflect.Int32:
		return Int32(int32(v.Int())), nil
	case reflect.Int64:
		return Int64(v.Int()), nil
	case reflect.Uint8:
		return Byte(uint8(v.Uint())), nil
	case reflect.Uint16:
		return UInt16(uint16(v.Uint())), nil
	case reflect.Uint32:
		return UInt32(uint32(v.Uint())), nil
	case reflect.Uint64:
		return UInt64(v.Uint()), nil
	case reflect.Float32:
		return Single(float32(v.Float())), nil
	case reflect.Float64:
		return Double(v.Float()), nil
	case reflect.Int, reflect.Uint, reflect.Uintptr:
		return Value{}, fmt.Errorf("value of type %T: .NET has no number whose size is not known; use an int32 or its like", x)
	case reflect.Pointer:
		if isScalar(v.Type().Elem()) {
			return ValueOf(v.Elem().Interface())
		}
	}
	return marshalled(x)
}

// isScalar says whether values of a type are no Objects.
func isScalar(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[nrbf.DateTime](), reflect.TypeFor[Decimal](), reflect.TypeFor[GUID](),
		reflect.TypeFor[Value]():
		return true
	}
	return t.Kind() <= reflect.Float64 || t.Kind() == reflect.String
}

// marshalled makes an Object of a new graph.
func marshalled(x any) (Value, error) {
	g, err := nrbf.Marshal(x)
	if err != nil {
		return Value{}, err
	}
	return Object(g), nil
}

// Set sets an item of c to the value of a Go value, or makes the item: see [ValueOf] and [Collection.Set].
func Set(c *Collection, key string, x any) error {
	v, err := ValueOf(x)
	if err != nil {
		return fmt.Errorf("setting item %s: %w", nrbf.QuoteCut(key, 40), err)
	}
	c.Set(key, v)
	return nil
}

// newObject encodes a new graph and reads it, which is what an Object consists of.
func newObject(root any) (Value, error) {
	stream, err := nrbf.EncodeStream(root)
	if err != nil {
		return Value{}, err
	}
	g, _, err := nrbf.Decode(stream, nrbf.Limits{MaxMemory: -1, MaxDepth: -1, MaxExpanded: -1})
	if err != nil {
		return Value{}, err
	}
	return Object(g), nil
}
