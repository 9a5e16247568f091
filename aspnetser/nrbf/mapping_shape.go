package nrbf

import "strings"

// shape says what a class is to the mapping: a collection of a certain build, one of the system types with a Go form, or
// none of them.
type shape struct {
	kind shapeKind
	base string // what stands before the names of its members, where the class derives from the collection
}

type shapeKind uint8

const (
	plainClass shapeKind = iota

	guidClass
	enumClass
	pointerClass // IntPtr, UIntPtr
	offsetClass  // DateTimeOffset
	bigIntClass
	textClass // StringBuilder, Uri, Version, Type
	bitsClass // BitArray
	tupleClass
	streamClass // MemoryStream

	// Lists: elements in an array, and how many of them count.
	countedList // all, or the first so many
	ringList    // a queue

	// Dictionaries.
	pairsDictionary  // an array of KeyValuePair or DictionaryEntry
	arraysDictionary // an array of keys and one of values
	linkedDictionary // a chain of nodes
	hybridDictionary
	setDictionary // a set of KeyValuePair
	namedValues   // NameValueCollection

	wrapper // another collection in a member
)

// build is how a collection is kept: the members that hold the elements or the keys, their number if not all count, and
// the values.
type build struct {
	kind                   shapeKind
	elements, size, values string
	signature              string // members by which a class that derives from it and serializes itself like it is known
}

const (
	generic     = "System.Collections.Generic."
	specialized = "System.Collections.Specialized."
	concurrent  = "System.Collections.Concurrent."
	objectModel = "System.Collections.ObjectModel."
)

// builds are the collections by their names without generic arguments. The members are those of the fixtures in group
// collections.
var builds = map[string]build{
	generic + "List`1":                          {countedList, "_items", "_size", "", ""},
	"System.Collections.ArrayList":              {countedList, "_items", "_size", "", ""},
	"System.Collections.Stack":                  {countedList, "_array", "_size", "", ""},
	generic + "Stack`1":                         {countedList, "_array", "_size", "", ""},
	"System.Collections.Queue":                  {ringList, "_array", "_size", "", ""},
	generic + "Queue`1":                         {ringList, "_array", "_size", "", ""},
	generic + "HashSet`1":                       {countedList, "Elements", "", "", "Version Comparer Capacity"},
	generic + "SortedSet`1":                     {countedList, "Items", "", "", ""},
	generic + "TreeSet`1":                       {countedList, "Items", "", "", ""},
	generic + "LinkedList`1":                    {countedList, "Data", "", "", ""},
	concurrent + "ConcurrentQueue`1":            {countedList, "m_serializationArray", "", "", ""},
	concurrent + "ConcurrentStack`1":            {countedList, "m_serializationArray", "", "", ""},
	concurrent + "ConcurrentBag`1":              {countedList, "m_serializationArray", "", "", ""},
	objectModel + "Collection`1":                {wrapper, "items", "", "", ""},
	objectModel + "ReadOnlyCollection`1":        {wrapper, "list", "", "", ""},
	specialized + "StringCollection":            {wrapper, "data", "", "", ""},
	"System.Collections.CollectionBase":         {wrapper, "list", "", "", ""},
	"System.Collections.ReadOnlyCollectionBase": {wrapper, "list", "", "", ""},

	generic + "Dictionary`2":                 {pairsDictionary, "KeyValuePairs", "", "", "Version Comparer HashSize"},
	concurrent + "ConcurrentDictionary`2":    {pairsDictionary, "m_serializationArray", "", "", ""},
	specialized + "OrderedDictionary":        {pairsDictionary, "ArrayList", "", "", "KeyComparer ReadOnly InitialCapacity ArrayList"},
	"System.Collections.Hashtable":           {arraysDictionary, "Keys", "", "Values", "LoadFactor Version HashSize Keys Values"},
	"System.Collections.SortedList":          {arraysDictionary, "keys", "_size", "values", ""},
	generic + "SortedList`2":                 {arraysDictionary, "keys", "_size", "values", ""},
	generic + "SortedDictionary`2":           {setDictionary, "_set", "", "", ""},
	specialized + "ListDictionary":           {linkedDictionary, "head", "count", "", ""},
	specialized + "HybridDictionary":         {hybridDictionary, "list", "", "hashtable", ""},
	specialized + "StringDictionary":         {wrapper, "contents", "", "", ""},
	"System.Collections.DictionaryBase":      {wrapper, "hashtable", "", "", ""},
	specialized + "NameValueCollection":      {namedValues, "Keys", "Count", "Values", "ReadOnly Count Keys Values Version"},
	specialized + "NameObjectCollectionBase": {namedValues, "Keys", "Count", "Values", ""},
}

// systemClasses are the classes of the framework that have a Go form of their own, and the members that it is made of.
var systemClasses = map[string]struct {
	kind    shapeKind
	members string
}{
	"System.Guid":                     {guidClass, "_a _b _c _d _e _f _g _h _i _j _k"},
	"System.IntPtr":                   {pointerClass, "value"},
	"System.UIntPtr":                  {pointerClass, "value"},
	"System.DateTimeOffset":           {offsetClass, "DateTime OffsetMinutes"},
	"System.Numerics.BigInteger":      {bigIntClass, "_sign _bits"},
	"System.Text.StringBuilder":       {textClass, "m_StringValue"},
	"System.Uri":                      {textClass, "AbsoluteUri"},
	"System.Version":                  {textClass, "_Major _Minor _Build _Revision"},
	"System.UnitySerializationHolder": {textClass, "Data UnityType"},
	"System.Collections.BitArray":     {bitsClass, "m_array m_length"},
	"System.IO.MemoryStream":          {streamClass, "_buffer _origin _length"},
}

// derivable are the builds by the name that stands before their members in classes that derive from them.
var derivable = func() map[string]build {
	by := map[string]build{}
	for name, b := range builds {
		by[name[strings.LastIndexByte(name, '.')+1:]] = b
	}
	return by
}()

// shape says what the class of v is.
func (u *unmarshaler) shape(v Value) (shape, build) {
	c := v.class()
	if c == nil {
		return shape{}, build{}
	}
	known, ok := u.shapes[c]
	if !ok {
		known.shape, known.build = shapeOf(v)
		u.shapes[c] = known
	}
	return known.shape, known.build
}

// shaped is what is known of a class.
type shaped struct {
	shape shape
	build build
}

func shapeOf(v Value) (shape, build) {
	name := v.ClassName()
	if i := strings.Index(name, "[["); i > 0 {
		name = name[:i]
	}
	if b, ok := builds[name]; ok {
		return shape{kind: b.kind}, b
	}
	if s, ok := systemClasses[name]; ok && hasMembers(v, s.members) {
		return shape{kind: s.kind}, build{}
	}
	if v.Len() == 1 && v.MemberName(0) == "value__" {
		return shape{kind: enumClass}, build{}
	}
	if strings.HasPrefix(name, "System.Tuple`") || strings.HasPrefix(name, "System.ValueTuple`") {
		return shape{kind: tupleClass}, build{}
	}
	for i := range v.Len() {
		base, field := cutBase(v.MemberName(i))
		if b, ok := derivable[base]; ok && b.elements == field {
			return shape{b.kind, base + "+"}, b
		}
	}
	for _, b := range builds {
		if b.signature != "" && hasMembers(v, b.signature) {
			return shape{kind: b.kind}, b
		}
	}
	return shape{}, build{}
}

func hasMembers(v Value, names string) bool {
	for name := range strings.SplitSeq(names, " ") {
		if _, ok := v.Member(name); !ok {
			return false
		}
	}
	return true
}
