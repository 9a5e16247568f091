package nrbf

// Type is a .NET type that a member or the elements of an array are declared with: a [PrimitiveType], [StringType],
// [ObjectType], a [*ClassType], an [ArrayType] or a [NullableType]. There are no others.
//
// Declared types matter: .NET spells an int in an Int32 member other than an int in an Object member, and sets the field
// of a class only to what its type takes.
type Type interface {
	// FullName returns the name as .NET writes it in records: System.Int32[], generic arguments with their assemblies.
	FullName() string

	// Assembly returns the full name of the assembly that the type is in, CoreLibrary for types of the core library. An
	// array is in the assembly of its elements.
	Assembly() string

	isType()
}

// CoreLibrary is the core library of .NET Framework 4 and later, the assembly of System.Int32 and List<T>.
const CoreLibrary = "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"

// BuiltinType is a class that records have a code for, as they have for primitives.
type BuiltinType uint8

// The built-in classes.
const (
	StringType BuiltinType = iota + 1
	ObjectType             // System.Object: takes every value, and primitives and structs as boxes
)

// ClassType is a class, struct, enum or interface.
//
// As the type of values it must list all members that .NET serializes: the fields of the class as they are declared,
// auto-properties as their BackingField, fields marked NonSerialized left out; then the public and protected fields of its
// base classes; then the fields of these that are not public, protected ones once more, as "Base+field" (fixture
// o-inheritance). Names matter to who reads, their order does not, and fields that are missing stay null or 0. As a
// declared type alone Name and Library, ValueType and Open are enough.
//
// It must not be changed while streams are being encoded. It may be shared by any number of goroutines.
type ClassType struct {
	Name    string // full name, see GenericName and NestedName: Contoso.Shop.Order
	Library string // full name of its assembly; "" or CoreLibrary for the core library
	Members []MemberDecl

	// ValueType marks structs and enums: they are not null, and stand in place where their type is declared.
	ValueType bool

	// Open marks a declared type for which others may stand: an interface, an abstract class, a class with subclasses.
	// Whether they really derive from it is not known here. Where it is not set, only instances of the very class are taken.
	Open bool

	// ISerializable marks classes that choose their members themselves, by GetObjectData, like Dictionary. .NET declares
	// object members by such a first value; its readers do not care.
	ISerializable bool
}

// MemberDecl is a member as its class declares it.
type MemberDecl struct {
	Name string
	Type Type
}

// ArrayType is the type of arrays of so many dimensions; rank 0 means 1. int[][] is an ArrayType of an ArrayType.
type ArrayType struct {
	Elem Type
	Rank int
}

// NullableType is Nullable<T>, for members and elements: T is a primitive, a struct or an enum. Its values are nil and those
// of T.
type NullableType struct{ Of Type }

func (PrimitiveType) isType() {}
func (BuiltinType) isType()   {}
func (*ClassType) isType()    {}
func (ArrayType) isType()     {}
func (NullableType) isType()  {}

// Assembly returns CoreLibrary.
func (PrimitiveType) Assembly() string { return CoreLibrary }

// Assembly returns CoreLibrary.
func (BuiltinType) Assembly() string { return CoreLibrary }

// Assembly returns CoreLibrary.
func (NullableType) Assembly() string { return CoreLibrary }

// Assembly returns the library, CoreLibrary if it is empty.
func (c *ClassType) Assembly() string {
	if c.Library == "" {
		return CoreLibrary
	}
	return c.Library
}

// Assembly returns the assembly of the innermost elements.
func (a ArrayType) Assembly() string {
	for {
		inner, ok := a.Elem.(ArrayType)
		if !ok {
			return a.Elem.Assembly()
		}
		a = inner
	}
}
