package nrbf

// Record types, [MS-NRBF] 2.1.2.1. Method calls and returns (21, 22) do not occur in serialized objects.
const (
	recordHeader             = 0
	recordClassWithID        = 1
	recordSystemClassUntyped = 2
	recordClassUntyped       = 3
	recordSystemClass        = 4
	recordClass              = 5
	recordString             = 6
	recordBinaryArray        = 7
	recordPrimitive          = 8
	recordReference          = 9
	recordNull               = 10
	recordEnd                = 11
	recordLibrary            = 12
	recordNulls256           = 13
	recordNulls              = 14
	recordPrimitiveArray     = 15
	recordObjectArray        = 16
	recordStringArray        = 17
	recordMethodCall         = 21
	recordMethodReturn       = 22
)

var recordNames = [...]string{
	recordHeader: "SerializedStreamHeader", recordClassWithID: "ClassWithId",
	recordSystemClassUntyped: "SystemClassWithMembers", recordClassUntyped: "ClassWithMembers",
	recordSystemClass: "SystemClassWithMembersAndTypes", recordClass: "ClassWithMembersAndTypes",
	recordString: "BinaryObjectString", recordBinaryArray: "BinaryArray", recordPrimitive: "MemberPrimitiveTyped",
	recordReference: "MemberReference", recordNull: "ObjectNull", recordEnd: "MessageEnd", recordLibrary: "BinaryLibrary",
	recordNulls256: "ObjectNullMultiple256", recordNulls: "ObjectNullMultiple",
	recordPrimitiveArray: "ArraySinglePrimitive", recordObjectArray: "ArraySingleObject",
	recordStringArray: "ArraySingleString", recordMethodCall: "MethodCall", recordMethodReturn: "MethodReturn",
}

func recordName(t byte) string {
	if int(t) < len(recordNames) && recordNames[t] != "" {
		return recordNames[t]
	}
	return ""
}

// PrimitiveType is the type of a primitive value, [MS-NRBF] 2.1.2.3. 0 is none.
type PrimitiveType uint8

// The primitive types. 17 (Null) and 18 (String) of the specification stand for no primitive value and are refused
// (session-blob.md 5).
const (
	PrimitiveBoolean  PrimitiveType = 1
	PrimitiveByte     PrimitiveType = 2
	PrimitiveChar     PrimitiveType = 3 // one UTF-8 sequence of 1 to 3 bytes
	PrimitiveDecimal  PrimitiveType = 5 // text
	PrimitiveDouble   PrimitiveType = 6
	PrimitiveInt16    PrimitiveType = 7
	PrimitiveInt32    PrimitiveType = 8
	PrimitiveInt64    PrimitiveType = 9
	PrimitiveSByte    PrimitiveType = 10
	PrimitiveSingle   PrimitiveType = 11
	PrimitiveTimeSpan PrimitiveType = 12 // ticks of 100 ns
	PrimitiveDateTime PrimitiveType = 13 // ticks of 100 ns in the low 62 bits, the kind in the top two
	PrimitiveUInt16   PrimitiveType = 14
	PrimitiveUInt32   PrimitiveType = 15
	PrimitiveUInt64   PrimitiveType = 16
)

var primitives = [...]struct {
	name string
	size int // bytes; -1: not fixed
}{
	PrimitiveBoolean: {"Boolean", 1}, PrimitiveByte: {"Byte", 1}, PrimitiveChar: {"Char", -1},
	PrimitiveDecimal: {"Decimal", -1}, PrimitiveDouble: {"Double", 8}, PrimitiveInt16: {"Int16", 2},
	PrimitiveInt32: {"Int32", 4}, PrimitiveInt64: {"Int64", 8}, PrimitiveSByte: {"SByte", 1},
	PrimitiveSingle: {"Single", 4}, PrimitiveTimeSpan: {"TimeSpan", 8}, PrimitiveDateTime: {"DateTime", 8},
	PrimitiveUInt16: {"UInt16", 2}, PrimitiveUInt32: {"UInt32", 4}, PrimitiveUInt64: {"UInt64", 8},
}

func (p PrimitiveType) valid() bool { return int(p) < len(primitives) && primitives[p].size != 0 }

// String returns the name of the .NET type without its namespace: Int32.
func (p PrimitiveType) String() string {
	if !p.valid() {
		return "none"
	}
	return primitives[p].name
}

// Kinds of a declared type, [MS-NRBF] 2.1.2.2.
const (
	declPrimitive      = 0
	declString         = 1
	declObject         = 2
	declSystemClass    = 3
	declClass          = 4
	declObjectArray    = 5
	declStringArray    = 6
	declPrimitiveArray = 7
)

var declNames = [...]string{
	declPrimitive: "Primitive", declString: "String", declObject: "Object", declSystemClass: "SystemClass",
	declClass: "Class", declObjectArray: "ObjectArray", declStringArray: "StringArray",
	declPrimitiveArray: "PrimitiveArray",
}

// Kinds of a BinaryArray record, [MS-NRBF] 2.4.1.1.
const (
	arraySingle            = 0
	arrayJagged            = 1
	arrayRectangular       = 2
	arraySingleOffset      = 3
	arrayJaggedOffset      = 4
	arrayRectangularOffset = 5
)

var arrayNames = [...]string{"Single", "Jagged", "Rectangular", "SingleOffset", "JaggedOffset", "RectangularOffset"}

// maxRank is the most dimensions that a .NET array can have.
const maxRank = 32
