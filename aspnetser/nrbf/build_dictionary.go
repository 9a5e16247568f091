package nrbf

// Pair is an entry of a Dictionary or Hashtable.
type Pair struct{ Key, Value any }

// DictionaryType is System.Collections.Generic.Dictionary<TKey, TValue>, the type of what Dictionary returns.
func DictionaryType(key, value Type) *ClassType {
	c := emptyDictionaryType(key, value)
	c.Members = append(c.Members, MemberDecl{"KeyValuePairs", ArrayType{Elem: KeyValuePairType(key, value)}})
	return c
}

// emptyDictionaryType is the same as a Dictionary writes itself to which nothing was ever added.
func emptyDictionaryType(key, value Type) *ClassType {
	comparer := &ClassType{Name: GenericName("System.Collections.Generic.IEqualityComparer`1", key), Open: true}
	return &ClassType{
		Name:          GenericName("System.Collections.Generic.Dictionary`2", key, value),
		ISerializable: true,
		Members: []MemberDecl{
			{"Version", PrimitiveInt32},
			{"Comparer", comparer},
			{"HashSize", PrimitiveInt32},
		},
	}
}

// KeyValuePairType is the struct System.Collections.Generic.KeyValuePair<TKey, TValue>.
func KeyValuePairType(key, value Type) *ClassType {
	return &ClassType{
		Name:      GenericName("System.Collections.Generic.KeyValuePair`2", key, value),
		ValueType: true,
		Members:   []MemberDecl{{"key", key}, {"value", value}},
	}
}

// Dictionary returns a Dictionary<TKey, TValue> to which the pairs have been added one after the other (fixtures
// o-dict-string-object, o-dict-others). A nil comparer is the DefaultComparer of the keys.
//
// It fails with a *BuildError if a key is null, or equal to another as far as can be known: .NET could not read the
// dictionary. Keys of classes of the application are taken to be equal if they are one object, structs if all members are.
func Dictionary(key, value Type, comparer *Instance, pairs ...Pair) (*Instance, error) {
	if comparer == nil {
		comparer = DefaultComparer(key)
	}
	if err := distinct("Dictionary", ignoresCase(comparer), pairs); err != nil {
		return nil, err
	}
	n := int32(len(pairs))
	if n == 0 {
		return emptyDictionaryType(key, value).New(int32(0), comparer, int32(0)), nil
	}
	pair := KeyValuePairType(key, value)
	all := make([]any, n)
	for i, p := range pairs {
		all[i] = pair.New(p.Key, p.Value)
	}
	size := buckets(func(size int) bool { return size >= len(pairs) })
	return DictionaryType(key, value).New(n, comparer, size, ArrayOf(pair, all...)), nil
}

// DefaultComparer returns the comparer that a Dictionary with such keys has when none was given to it. Where that depends
// on what the class of the keys implements it is one that calls Equals(object): see EquatableComparer.
//
// .NET has one object of each, which two dictionaries of one graph share; this returns a new one every time.
func DefaultComparer(key Type) *Instance {
	switch t := key.(type) {
	case PrimitiveType:
		if t == PrimitiveByte {
			return comparer("System.Collections.Generic.ByteEqualityComparer")
		}
		return EquatableComparer(key)
	case BuiltinType:
		if t == StringType {
			return EquatableComparer(key)
		}
	case NullableType:
		return comparer(GenericName("System.Collections.Generic.NullableEqualityComparer`1", t.Of))
	case *ClassType:
		if t.FullName() == "System.Guid" && libraryOf(t) == "" {
			return EquatableComparer(key)
		}
		if enumBase(t) == PrimitiveInt32 { // .NET writes those of other bases like the rest
			return comparer(GenericName("System.Collections.Generic.EnumEqualityComparer`1", key))
		}
	}
	return comparer(GenericName("System.Collections.Generic.ObjectEqualityComparer`1", key))
}

// EquatableComparer returns the comparer that .NET chooses for keys of a type that implements IEquatable of itself.
func EquatableComparer(key Type) *Instance {
	return comparer(GenericName("System.Collections.Generic.GenericEqualityComparer`1", key))
}

func comparer(name string) *Instance { return (&ClassType{Name: name}).New() }

const ordinalComparer = "System.OrdinalComparer"

// OrdinalComparer returns StringComparer.Ordinal or, ignoring case, StringComparer.OrdinalIgnoreCase, for keys that are
// Strings.
func OrdinalComparer(ignoreCase bool) *Instance {
	c := &ClassType{Name: ordinalComparer, Members: []MemberDecl{{"_ignoreCase", PrimitiveBoolean}}}
	return c.New(ignoreCase)
}

// ignoresCase says whether a comparer is OrdinalIgnoreCase.
func ignoresCase(comparer *Instance) bool {
	return comparer.Class != nil && comparer.Class.Name == ordinalComparer && len(comparer.Values) == 1 &&
		comparer.Values[0] == true
}
