package corejson

import (
	"slices"
	"strings"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Type is the .NET type that a key is registered with. It is made by [ParseType] or [Schema.ParseType], never changes, and
// may be used concurrently.
type Type struct {
	kind  kind
	of    *Type  // of elements, values, what is nullable, what an enum is over
	key   *Type  // of a Dictionary or KeyValuePair
	class *class // of a class, struct or enum
	zone  *zone
}

type kind uint8

const (
	kindBool kind = iota
	kindByte
	kindSByte
	kindShort
	kindUShort
	kindInt
	kindUInt
	kindLong
	kindULong
	kindFloat
	kindDouble
	kindDecimal
	kindChar
	kindDateTime
	kindTimeSpan
	kindString
	kindGuid
	kindDateTimeOffset
	kindUri
	kindVersion

	lastScalar = kindVersion
)

const (
	kindEnum kind = lastScalar + 1 + iota
	kindBytes
	kindNullable
	kindArray
	kindList
	kindHashSet
	kindDictionary
	kindPair
	kindClass
)

// scalars are the types without parts: by what C# writes, what .NET calls them, what the item has as type and what the
// graph has; 0 is none.
var scalars = [...]struct {
	name, full string
	item       aspnetser.Type
	primitive  nrbf.PrimitiveType
}{
	kindBool:           {"bool", "System.Boolean", aspnetser.TypeBoolean, nrbf.PrimitiveBoolean},
	kindByte:           {"byte", "System.Byte", aspnetser.TypeByte, nrbf.PrimitiveByte},
	kindSByte:          {"sbyte", "System.SByte", aspnetser.TypeSByte, nrbf.PrimitiveSByte},
	kindShort:          {"short", "System.Int16", aspnetser.TypeInt16, nrbf.PrimitiveInt16},
	kindUShort:         {"ushort", "System.UInt16", aspnetser.TypeUInt16, nrbf.PrimitiveUInt16},
	kindInt:            {"int", "System.Int32", aspnetser.TypeInt32, nrbf.PrimitiveInt32},
	kindUInt:           {"uint", "System.UInt32", aspnetser.TypeUInt32, nrbf.PrimitiveUInt32},
	kindLong:           {"long", "System.Int64", aspnetser.TypeInt64, nrbf.PrimitiveInt64},
	kindULong:          {"ulong", "System.UInt64", aspnetser.TypeUInt64, nrbf.PrimitiveUInt64},
	kindFloat:          {"float", "System.Single", aspnetser.TypeSingle, nrbf.PrimitiveSingle},
	kindDouble:         {"double", "System.Double", aspnetser.TypeDouble, nrbf.PrimitiveDouble},
	kindDecimal:        {"decimal", "System.Decimal", aspnetser.TypeDecimal, nrbf.PrimitiveDecimal},
	kindChar:           {"char", "System.Char", aspnetser.TypeChar, nrbf.PrimitiveChar},
	kindDateTime:       {"DateTime", "System.DateTime", aspnetser.TypeDateTime, nrbf.PrimitiveDateTime},
	kindTimeSpan:       {"TimeSpan", "System.TimeSpan", aspnetser.TypeTimeSpan, nrbf.PrimitiveTimeSpan},
	kindString:         {"string", "System.String", aspnetser.TypeString, 0},
	kindGuid:           {"Guid", "System.Guid", aspnetser.TypeGuid, 0},
	kindDateTimeOffset: {"DateTimeOffset", "System.DateTimeOffset", 0, 0},
	kindUri:            {"Uri", "System.Uri", 0, 0},
	kindVersion:        {"Version", "System.Version", 0, 0},
}

func (t *Type) scalar() bool { return t.kind <= lastScalar }

// generics are the types with arguments, by their .NET names.
var generics = map[string]struct {
	name string
	kind kind
	args int
}{
	"System.Nullable`1":                         {"Nullable", kindNullable, 1},
	"System.Collections.Generic.List`1":         {"List", kindList, 1},
	"System.Collections.Generic.HashSet`1":      {"HashSet", kindHashSet, 1},
	"System.Collections.Generic.Dictionary`2":   {"Dictionary", kindDictionary, 2},
	"System.Collections.Generic.KeyValuePair`2": {"KeyValuePair", kindPair, 2},
}

// String spells the type as C# does: Dictionary<string, List<int?>>. Classes have their namespaces.
func (t *Type) String() string {
	if t.scalar() {
		return scalars[t.kind].name
	}
	switch t.kind {
	case kindEnum, kindClass:
		return strings.ReplaceAll(t.class.name, "+", ".")
	case kindBytes:
		return "byte[]"
	case kindNullable:
		return t.of.String() + "?"
	case kindArray:
		return t.of.String() + "[]"
	}
	for _, g := range generics {
		if g.kind == t.kind && g.args == 2 {
			return g.name + "<" + t.key.String() + ", " + t.of.String() + ">"
		} else if g.kind == t.kind {
			return g.name + "<" + t.of.String() + ">"
		}
	}
	return ""
}

// TakesNull says whether null is a value of the type: of T? and of all classes.
func (t *Type) TakesNull() bool { return !t.isValueType() || t.kind == kindNullable }

// isValueType says whether the type is one of those that .NET keeps in place.
func (t *Type) isValueType() bool {
	switch t.kind {
	case kindString, kindUri, kindVersion, kindBytes, kindArray, kindList, kindHashSet, kindDictionary:
		return false
	case kindClass:
		return t.class.isStruct
	}
	return true
}

// graph returns the type as new graphs declare it; library gives the full name of the assembly of a class.
func (t *Type) graph(library func(*class) string) nrbf.Type {
	if t.scalar() && scalars[t.kind].primitive != 0 {
		return scalars[t.kind].primitive
	}
	of := func(t *Type) nrbf.Type { return t.graph(library) }
	switch t.kind {
	case kindString:
		return nrbf.StringType
	case kindGuid:
		return nrbf.GuidType()
	case kindDateTimeOffset:
		return offsetType
	case kindUri:
		return uriType
	case kindVersion:
		return versionType
	case kindEnum:
		return nrbf.EnumType(t.class.name, library(t.class), scalars[t.of.kind].primitive)
	case kindClass:
		return &nrbf.ClassType{Name: t.class.name, Library: library(t.class), ValueType: t.class.isStruct}
	case kindBytes:
		return nrbf.ArrayType{Elem: nrbf.PrimitiveByte}
	case kindNullable:
		return nrbf.NullableType{Of: of(t.of)}
	case kindArray:
		return nrbf.ArrayType{Elem: of(t.of)}
	case kindList:
		return nrbf.ListType(of(t.of))
	case kindHashSet:
		return hashSetType(of(t.of))
	case kindDictionary:
		return nrbf.DictionaryType(of(t.key), of(t.of))
	}
	return nrbf.KeyValuePairType(of(t.key), of(t.of))
}

// Classes of the framework that package nrbf only writes as parts of others (fixtures o-misc-system and o-hashset).
var (
	offsetType = &nrbf.ClassType{
		Name: "System.DateTimeOffset", ValueType: true, ISerializable: true,
		Members: []nrbf.MemberDecl{{Name: "DateTime", Type: nrbf.PrimitiveDateTime}, {Name: "OffsetMinutes", Type: nrbf.PrimitiveInt16}},
	}
	uriType = &nrbf.ClassType{
		Name: "System.Uri", Library: "System, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089", ISerializable: true,
		Members: []nrbf.MemberDecl{{Name: "AbsoluteUri", Type: nrbf.StringType}},
	}
	relativeUriType = &nrbf.ClassType{
		Name: uriType.Name, Library: uriType.Library, ISerializable: true,
		Members: append(slices.Clone(uriType.Members), nrbf.MemberDecl{Name: "RelativeUri", Type: nrbf.StringType}),
	}
	versionType = &nrbf.ClassType{
		Name: "System.Version",
		Members: []nrbf.MemberDecl{
			{Name: "_Major", Type: nrbf.PrimitiveInt32}, {Name: "_Minor", Type: nrbf.PrimitiveInt32},
			{Name: "_Build", Type: nrbf.PrimitiveInt32}, {Name: "_Revision", Type: nrbf.PrimitiveInt32},
		},
	}
)

func hashSetType(elem nrbf.Type) *nrbf.ClassType {
	comparer := &nrbf.ClassType{Name: nrbf.GenericName("System.Collections.Generic.IEqualityComparer`1", elem), Open: true}
	return &nrbf.ClassType{
		Name:          nrbf.GenericName("System.Collections.Generic.HashSet`1", elem),
		Library:       "System.Core, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
		ISerializable: true,
		Members: []nrbf.MemberDecl{
			{Name: "Version", Type: nrbf.PrimitiveInt32}, {Name: "Comparer", Type: comparer},
			{Name: "Capacity", Type: nrbf.PrimitiveInt32}, {Name: "Elements", Type: nrbf.ArrayType{Elem: elem}},
		},
	}
}
