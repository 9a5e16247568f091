package nrbf

import (
	"errors"
	"reflect"
)

// Unmarshal converts a value of a graph, and all it refers to, to the Go value that dst points to.
//
// What goes into what:
//
//	.NET                                    Go
//	SByte, Byte … Int64, UInt64, enums,     any integer type, big.Int; float32 and float64. What does not fit
//	  IntPtr, UIntPtr                       exactly is an error
//	Single, Double                          float32, float64; no loss
//	Boolean                                 bool
//	Char                                    Char, uint16, rune, string
//	String                                  string
//	Decimal                                 Decimal, string; without fraction also integers and big.Int. No floats, which
//	                                        have no 0.10
//	DateTime                                time.Time, DateTime
//	DateTimeOffset                          time.Time in a zone of that offset
//	TimeSpan                                time.Duration of up to 292 years, TimeSpan
//	Guid                                    GUID, string; other [16]byte types in the order of the text (RFC 9562)
//	StringBuilder, Uri, Version, Type,      string
//	  Char[]
//	BigInteger                              big.Int, int64, uint64
//	DBNull                                  as null
//	T[], List<T>, ArrayList, Queue, Stack,  slice; Go array of the same length. A Stack's top comes last. Of lists, only the
//	  HashSet, SortedSet, LinkedList,       elements that they have. All but BitArray also into map[T]bool
//	  Collection and what derives from      and map[T]struct{}, if no element comes twice
//	  them, StringCollection,
//	  ConcurrentQueue, BitArray, Tuple
//	T[,] and more dimensions                slices of slices. Lower bounds do not show
//	MemoryStream                            []byte
//	Dictionary, Hashtable, SortedList,      map; []Pair in stored order
//	  SortedDictionary, ListDictionary,
//	  HybridDictionary, OrderedDictionary,
//	  StringDictionary,
//	  ConcurrentDictionary
//	NameValueCollection                     map[string][]string; map[string]string with commas between the values, as .NET's
//	                                        indexer gives them. Its null key, here and in other maps, becomes ""
//	other classes and structs, Tuple,       struct, see below; map with string keys, of all members
//	  KeyValuePair
//	null                                    nil; zero in types that have no nil
//	any of these                            a pointer to any of these, any, Value
//
// A Value keeps the place itself. Types with UnmarshalNRBF convert themselves. Types with UnmarshalText
// (encoding.TextUnmarshaler) that no line above names take whatever goes into a string: those of many packages for decimal
// numbers and UUIDs do.
//
// Any, and every other interface type that it implements, gets the natural value: nil, string, bool, uint8, int32 …,
// float64, Char, Decimal, time.Time, time.Duration (TimeSpan where that is too short), GUID, *big.Int; of enums the number;
// string for StringBuilder, Uri, Version and Type. Arrays and lists of primitives are slices of them, such as []byte,
// []int32, []time.Time (but []TimeSpan); others are []any, and [][]int32 or [][]any with two dimensions. Dictionaries are
// map[string]any when all keys are Strings (a NameValueCollection map[string][]string), map[any]any when all are of one
// primitive type, one enum, or Guids, and []Pair else. All other objects are map[string]any, by UnmarshalOptions.Types
// something else. Of classes that derive from a collection only that is seen.
//
// # Structs
//
// A field gets the member that its tag names, as it is in the stream:
//
//	Price nrbf.Decimal `nrbf:"_price"`
//
// Without a name in the tag it gets the first of these that the object has, for a field called Name:
//
//  1. the member Name
//  2. <Name>k__BackingField, where the auto-property Name is kept
//  3. name, _name or m_name
//  4. any of these in other case
//
// Two members on the same line are an error: a tag must say which. Members named by the tag of a field are not looked at
// for others.
//
// .NET calls the private fields of a base class Base+field, and those of the object's own class and inherited ones that
// are not private by their name alone. A struct that is embedded stands for a base class, which is called like its type,
// or like its Class, or as the tag of the embedded field says; its fields are looked for behind Base+ first and then by
// their name alone. Fields outside of embedded structs are looked for behind the names of other base classes last.
//
// A field whose member is missing stays as it is. Members without a field are ignored. But a struct that has unexported
// fields only, and no Class, is refused, since nothing could ever go into it; so are Instance and Array, which are for new
// graphs. Options, behind the name and a comma:
//
//	,required    that the member is missing is an error
//	,contents    the field gets what the object holds as a collection: for classes that derive from one
//	,property    the name is that of an auto-property: the member is its backing field
//
// The other options are for Marshal. A field with the tag "-" is left out.
//
// # Identity
//
// An object that is mentioned in two places is converted once for every Go type that it becomes, so that time and memory
// are in proportion to the graph: pointers to it are equal, maps and slices of it are the same, structs are copied.
// Pointers to an object that stands by value in an array, a slice or a struct point into that if it was met there first, and
// by a reference, which is how .NET writes instances of classes; else they point to a copy. Cycles become cycles of
// pointers, maps or slices; one that goes through structs by value alone is an error.
//
// Everything is made anew: what pointers, maps and slices in dst held before is not reused.
//
// All errors are *MappingError; dst then holds what was converted before.
func Unmarshal(v Value, dst any) error { return UnmarshalOptions{}.Unmarshal(v, dst) }

// Unmarshaler is for types that convert themselves. The Value may be null, but not when the destination is a pointer, which
// is then nil. An Unmarshaler that calls Unmarshal for parts of the Value must expect that they lead back to it.
type Unmarshaler interface{ UnmarshalNRBF(Value) error }

// UnmarshalOptions are the options of Unmarshal. The zero value are those of the function.
type UnmarshalOptions struct {
	// Strict makes errors of members for which a struct has no field, and of nulls for numbers, bools, times and structs.
	Strict bool

	// Types are the Go types of classes, by their full name as Value.ClassName returns it, for destinations of interface
	// type: Contoso.Shop.Circle: reflect.TypeFor[*Circle]().
	Types map[string]reflect.Type

	// Root is what the paths of errors begin with, such as the key of a session's item; "" is root.
	Root string

	// MaxMemory is the most bytes that slices, maps and texts that are put together may take, not counting what their elements
	// refer to; 0 is DefaultMappingMemory. A stream of few bytes can hold a million nulls, each of which is a struct when a
	// slice of structs is asked for.
	MaxMemory int64
}

// DefaultMappingMemory is the default of UnmarshalOptions.MaxMemory.
const DefaultMappingMemory = 1 << 28

// Unmarshal is the function Unmarshal with these options.
func (o UnmarshalOptions) Unmarshal(v Value, dst any) error {
	u, to, err := o.start(dst)
	if err != nil {
		return err
	}
	if id, ok := v.ID(); ok {
		u.results[resultKey{id, to.Addr().Type()}] = &result{value: to.Addr()}
	}
	return u.value(v, to)
}

// Assign converts a value that is in no graph, by the rules of Unmarshal: nil, a string, a GUID, or one of the Go types that
// stand for primitives in new graphs (bool, int32, Char, DateTime …).
func (o UnmarshalOptions) Assign(x, dst any) error {
	u, to, err := o.start(dst)
	if err != nil {
		return err
	}
	switch x := x.(type) {
	case nil:
		return u.null(to)
	case string:
		return u.text(x, "String", to)
	case GUID:
		return u.guid(x, to)
	}
	s := atomFrom(x)
	if s.code == 0 {
		return u.fail("%T stands for no .NET type", x)
	}
	return u.scalar(s, to)
}

func (o UnmarshalOptions) start(dst any) (u *unmarshaler, to reflect.Value, err error) {
	u = &unmarshaler{UnmarshalOptions: o, trail: trail{root: o.Root}, results: map[resultKey]*result{}, plans: map[planKey]*plan{},
		shapes: map[*class]shaped{}, naturals: map[int]reflect.Type{}, memory: o.MaxMemory}
	if u.memory == 0 {
		u.memory = DefaultMappingMemory
	}
	p := reflect.ValueOf(dst)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return nil, p, u.fail("the destination is a %T and not a pointer to something", dst)
	}
	return u, p.Elem(), nil
}

// unmarshaler converts one value and all it refers to.
type unmarshaler struct {
	UnmarshalOptions
	trail
	results  map[resultKey]*result
	plans    map[planKey]*plan
	shapes   map[*class]shaped
	naturals map[int]reflect.Type // of objects, by id
	memory   int64                // bytes that slices may still take
}

// resultKey is an object and a Go type that it was converted to.
type resultKey struct {
	id int
	t  reflect.Type
}

// result is what became of an object: a map, a slice, or a pointer.
type result struct {
	value reflect.Value
	busy  bool // a struct to which value points, whose fields are being converted
}

// value converts v into dst, which is addressable and zero or what the caller gave.
func (u *unmarshaler) value(v Value, dst reflect.Value) error {
	t := dst.Type()
	if t == typeValue {
		dst.Set(reflect.ValueOf(v))
		return nil
	}
	hooks := hooksOf(t)
	if hooks&hookUnmarshaler != 0 {
		return u.hook(v, dst)
	}
	if isNull(v) {
		return u.null(dst)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return u.pointer(v, dst)
	case reflect.Interface:
		return u.iface(v, dst)
	}
	switch v.Kind() {
	case KindString:
		s, _ := v.Text()
		return u.text(s, "String", dst)
	case KindPrimitive:
		return u.scalar(atomOf(v), dst)
	}
	return u.object(v, dst)
}

// hook lets a type convert itself: once for every object, like all else.
func (u *unmarshaler) hook(v Value, dst reflect.Value) error {
	if id, ok := v.ID(); ok {
		key := resultKey{id, reflect.PointerTo(dst.Type())}
		r := u.results[key]
		if r != nil && r.value.Pointer() != dst.Addr().Pointer() {
			dst.Set(r.value.Elem())
			return nil
		}
		u.results[key] = &result{value: dst.Addr()}
	}
	err := dst.Addr().Interface().(Unmarshaler).UnmarshalNRBF(v)
	if err == nil {
		return nil
	}
	if inner := (*MappingError)(nil); errors.As(err, &inner) {
		return u.failWith(err, "%s: %s", dst.Type(), inner.Reason)
	}
	return u.failWith(err, "%s: %v", dst.Type(), err)
}

// null puts null into dst.
func (u *unmarshaler) null(dst reflect.Value) error {
	if u.Strict {
		switch dst.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice, reflect.String:
		default:
			return u.fail("null does not fit %s", dst.Type())
		}
	}
	dst.SetZero()
	return nil
}

// pointer makes dst point to what v becomes, which is one for all mentions of an object.
func (u *unmarshaler) pointer(v Value, dst reflect.Value) error {
	t := dst.Type()
	id, isObject := v.ID()
	if isObject {
		if m := u.results[resultKey{id, t}]; m != nil {
			dst.Set(m.value)
			return nil
		}
	}
	if t.Elem().Kind() == reflect.Pointer { // which may be a type that leads back to itself
		if err := u.enter(); err != nil {
			return err
		}
		defer u.leave()
	}
	p := reflect.New(t.Elem())
	if isObject {
		u.results[resultKey{id, t}] = &result{value: p}
	}
	if err := u.value(v, p.Elem()); err != nil {
		return err
	}
	dst.Set(p)
	return nil
}

// object converts a class instance or an array.
func (u *unmarshaler) object(v Value, dst reflect.Value) error {
	if err := u.enter(); err != nil {
		return err
	}
	defer u.leave()
	if done, err := u.system(v, dst); done || err != nil {
		return err
	}
	switch dst.Kind() {
	case reflect.Struct:
		if v.Kind() == KindClass && !isScalar(dst.Type()) {
			return u.structure(v, dst)
		}
	case reflect.Map:
		return u.mapping(v, dst)
	case reflect.Slice:
		return u.slice(v, dst)
	case reflect.Array:
		return u.array(v, dst)
	}
	return u.mismatch(v, dst)
}

func (u *unmarshaler) mismatch(v Value, dst reflect.Value) error {
	return u.fail("%s does not fit %s", describeValue(v), dst.Type())
}

// claim takes memory for n elements of a slice.
func (u *unmarshaler) claim(n int, elem reflect.Type) error {
	if size := int64(max(elem.Size(), 1)); int64(n) > u.memory/size {
		return u.fail("more than %d bytes of slices, maps and texts (MaxMemory)", u.limit())
	}
	u.memory -= int64(n) * int64(elem.Size())
	return nil
}

func (u *unmarshaler) limit() int64 {
	if u.MaxMemory == 0 {
		return DefaultMappingMemory
	}
	return u.MaxMemory
}
