package aspnetser

import (
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// shapeKind is what a value is to a person.
type shapeKind uint8

const (
	shapeScalar shapeKind = iota // one line, nothing inside
	shapeList
	shapeMap
	shapeObject // fields
	shapeTable
	shapeSet // of tables
)

// shape is a value as it is seen. It is made anew whenever it is needed, and costs little: nothing in it grows with the
// number of elements, but for the names of an object's members.
type shape struct {
	kind shapeKind
	name string // the type, as C# writes it; "" where the text says all
	note string // what else there is to say on the line

	// text writes what stands on the line behind the type, cut after most characters. Scalars have it, and lists that are
	// shown so: byte[], char[].
	text func(dst []byte, most int) []byte

	// str is the text of a string, which the keys of maps are compared with.
	str   string
	isStr bool

	n       int              // elements or entries
	at      func(i int) View // element, or value of an entry; 0 ≤ i < n
	key     func(i int) View // of an entry
	bare    bool             // the elements are the lines of a text: no indices
	lengths []int            // of an array of more dimensions than one
	lower   []int            // lower bounds, nil if 0

	// fields are the members of an object. Other shapes have those that are not part of what the list, map or text says:
	// the members of a class that is derived from a collection.
	fields     []fieldView
	moreFields int // that are not in fields, of a class with more members than anybody has

	null   bool         // it is null
	row    *rowShape    // of a row of a table
	tables *tableSource // of the list of a DataSet's tables, which have names

	// load reads the tables of a DataTable or DataSet, or says why it cannot: they are shown member by member then.
	load func(b *viewBudget) (tableSource, string)
}

type fieldView struct {
	name string
	view View
}

// one says that the shape is one line whatever stands around it, and has no contents that could be shared.
func (s *shape) one() bool { return s.kind == shapeScalar && len(s.fields) == 0 }

// text returns a scalar that says s.
func scalar(name, s string) shape {
	return shape{name: name, text: func(dst []byte, _ int) []byte { return append(dst, s...) }}
}

// shape returns what the view is seen as.
func (w View) shape() shape {
	switch {
	case w.made != nil:
		return w.made.shape
	case w.item != nil:
		return itemShape(w.item)
	}
	return shapeOf(w.v, 0)
}

// maxWrapped is how many collections are looked through that do nothing but hold another: a ReadOnlyCollection of a
// Collection of a List.
const maxWrapped = 8

func shapeOf(v nrbf.Value, wrapped int) shape {
	switch v.Kind() {
	case nrbf.KindNull:
		s := scalar("", "null")
		s.null = true
		return s
	case nrbf.KindString:
		s, _ := v.Text()
		return textShape("", s)
	case nrbf.KindPrimitive:
		return primitiveShape(v)
	case nrbf.KindArray:
		return arrayShape(v)
	}
	if wrapped < maxWrapped {
		if s, ok := knownShape(v, wrapped); ok {
			return s
		}
	}
	return objectShape(v)
}

// reader makes the shape of a class, or says that the instance has not the members that it takes: the class of another
// version or framework, or tampered data. It is shown member by member then.
type reader func(m *members) (shape, bool)

// readers are the classes that are known by their full name.
var readers map[string]reader

// bases are the classes by the names that they give their members in classes derived from them (session-blob.md 5: the
// name without namespace; fixture o-derived-collections).
var bases map[string]reader

func init() { // not an initial value: the readers look through what they hold
	readers = map[string]reader{
		"System.Collections.Generic.List`1":                    listShape("_items", "_size"),
		"System.Collections.ArrayList":                         listShape("_items", "_size"),
		"System.Collections.Generic.Queue`1":                   queueShape,
		"System.Collections.Queue":                             queueShape,
		"System.Collections.Generic.Stack`1":                   stackShape,
		"System.Collections.Stack":                             stackShape,
		"System.Collections.Generic.HashSet`1":                 hashSetShape,
		"System.Collections.Generic.SortedSet`1":               sortedSetShape,
		"System.Collections.Generic.TreeSet`1":                 sortedSetShape,
		"System.Collections.Generic.LinkedList`1":              linkedListShape,
		"System.Collections.ObjectModel.Collection`1":          wrapperShape(shapeList, "items"),
		"System.Collections.ObjectModel.ReadOnlyCollection`1":  wrapperShape(shapeList, "list"),
		"System.Collections.ArrayList+SyncArrayList":           wrapperShape(shapeList, "_list"),
		"System.Collections.ArrayList+ReadOnlyArrayList":       wrapperShape(shapeList, "_list"),
		"System.Collections.ArrayList+FixedSizeArrayList":      wrapperShape(shapeList, "_list"),
		"System.Collections.Specialized.StringCollection":      wrapperShape(shapeList, "data"),
		"System.Collections.Concurrent.ConcurrentQueue`1":      concurrentListShape,
		"System.Collections.Concurrent.ConcurrentBag`1":        concurrentListShape,
		"System.Collections.Concurrent.ConcurrentStack`1":      concurrentListShape,
		"System.Collections.BitArray":                          bitArrayShape,
		"System.Collections.Generic.Dictionary`2":              dictionaryShape,
		"System.Collections.Concurrent.ConcurrentDictionary`2": concurrentDictionaryShape,
		"System.Collections.Generic.SortedList`2":              sortedListShape,
		"System.Collections.SortedList":                        sortedListShape,
		"System.Collections.Generic.SortedDictionary`2":        sortedDictionaryShape,
		"System.Collections.Hashtable":                         hashtableShape,
		"System.Data.PropertyCollection":                       hashtableShape,
		"System.Collections.Specialized.ListDictionary":        listDictionaryShape,
		"System.Collections.ListDictionaryInternal":            listDictionaryShape,
		"System.Collections.Specialized.HybridDictionary":      hybridDictionaryShape,
		"System.Collections.Specialized.OrderedDictionary":     orderedDictionaryShape,
		"System.Collections.Specialized.NameValueCollection":   nameValueShape,
		"System.Collections.Specialized.StringDictionary":      wrapperShape(shapeMap, "contents"),
		"System.Collections.ObjectModel.ReadOnlyDictionary`2":  readOnlyDictionaryShape,
		"System.Collections.Generic.KeyValuePair`2":            pairShape("key", "value"),
		"System.Collections.DictionaryEntry":                   pairShape("_key", "_value"),
		"System.Guid":                                          guidShape,
		"System.Decimal":                                       decimalShape,
		"System.DateTime":                                      dateTimeShape,
		"System.TimeSpan":                                      timeSpanShape,
		"System.DateTimeOffset":                                dateTimeOffsetShape,
		"System.Version":                                       versionShape,
		"System.Uri":                                           uriShape,
		"System.Numerics.BigInteger":                           bigIntegerShape,
		"System.Text.StringBuilder":                            stringBuilderShape,
		"System.IO.MemoryStream":                               memoryStreamShape,
		"System.UnitySerializationHolder":                      unityShape,
		"System.Data.DataTable":                                dataTableShape,
		"System.Data.DataSet":                                  dataSetShape,
		"System.Globalization.CultureInfo":                     cultureShape,
		"System.TimeZoneInfo":                                  timeZoneShape,
	}
	bases = map[string]reader{
		"List`1":                 readers["System.Collections.Generic.List`1"],
		"ArrayList":              readers["System.Collections.ArrayList"],
		"Queue`1":                queueShape,
		"Queue":                  queueShape,
		"Stack`1":                stackShape,
		"Stack":                  stackShape,
		"Collection`1":           wrapperShape(shapeList, "items"),
		"ReadOnlyCollection`1":   wrapperShape(shapeList, "list"),
		"CollectionBase":         wrapperShape(shapeList, "list"),
		"ReadOnlyCollectionBase": wrapperShape(shapeList, "list"),
		"StringCollection":       wrapperShape(shapeList, "data"),
		"DictionaryBase":         wrapperShape(shapeMap, "hashtable"),
		"SortedList`2":           sortedListShape,
		"SortedList":             sortedListShape,
		"SortedDictionary`2":     sortedDictionaryShape,
		"ListDictionary":         listDictionaryShape,
		"HybridDictionary":       hybridDictionaryShape,
		"StringDictionary":       wrapperShape(shapeMap, "contents"),
		"ReadOnlyDictionary`2":   readOnlyDictionaryShape,
	}
}

// knownShape is the shape of an instance of a class that .NET brings, or of one derived from it.
func knownShape(v nrbf.Value, wrapped int) (shape, bool) {
	name := v.ClassName()
	m := members{v: v, wrapped: wrapped}
	read := readers[definition(name)]
	switch {
	case read != nil:
	case strings.HasPrefix(name, "System.Tuple`"):
		read = tupleShape
	default:
		read = m.derived()
	}
	if read == nil {
		return shape{}, false
	}
	s, ok := read(&m)
	if !ok {
		return shape{}, false
	}
	if s.name == "" {
		s.name = tidyType(name)
	}
	fields, more := m.rest()
	s.fields, s.moreFields = append(s.fields, fields...), s.moreFields+more
	return s, true
}

// derived guesses what a class derives from by the members that the base writes. Classes that serialize themselves write
// theirs without a prefix, for their descendants too.
func (m *members) derived() reader {
	var has uint32
	n := m.v.Len()
	for i := range n {
		name := m.v.MemberName(i)
		if plus := strings.LastIndexByte(name, '+'); plus > 0 {
			if read, ok := bases[name[:plus]]; ok {
				m.prefix = name[:plus+1]
				return read
			}
			continue
		}
		if at, ok := telling[name]; ok {
			has |= at
		}
	}
	all := func(flags uint32) bool { return has&flags == flags }
	switch {
	case all(hasValue) && n == 1:
		return enumShape
	case all(hasSetVersion):
		return dataSetShape
	case all(hasTableVersion):
		return dataTableShape
	case all(hasClassName | hasMessage | hasStackTrace):
		return exceptionShape
	case all(hasKeyValuePairs | hasHashSize), all(hasComparer|hasHashSize|hasVersion) && has&hasKeys == 0:
		return dictionaryShape
	case all(hasLoadFactor | hasHashSize | hasKeys | hasValues):
		return hashtableShape
	case all(hasReadOnly | hasCount | hasKeys | hasValues):
		return nameValueShape
	case all(hasComparer | hasCapacity | hasVersion):
		return hashSetShape
	case all(hasComparer | hasCount | hasItems | hasVersion):
		return sortedSetShape
	}
	return nil
}

const (
	hasValue uint32 = 1 << iota
	hasSetVersion
	hasTableVersion
	hasClassName
	hasMessage
	hasStackTrace
	hasKeyValuePairs
	hasHashSize
	hasLoadFactor
	hasKeys
	hasValues
	hasReadOnly
	hasCount
	hasComparer
	hasCapacity
	hasVersion
	hasItems
)

var telling = map[string]uint32{
	"value__": hasValue, "DataSet.RemotingVersion": hasSetVersion, "DataTable.RemotingVersion": hasTableVersion,
	"ClassName": hasClassName, "Message": hasMessage, "StackTraceString": hasStackTrace,
	"KeyValuePairs": hasKeyValuePairs, "HashSize": hasHashSize, "LoadFactor": hasLoadFactor, "Keys": hasKeys,
	"Values": hasValues, "ReadOnly": hasReadOnly, "Count": hasCount, "Comparer": hasComparer, "Capacity": hasCapacity,
	"Version": hasVersion, "Items": hasItems,
}
