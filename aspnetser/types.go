package aspnetser

import (
	"fmt"
	"strconv"
)

// Type is the type byte of a value (session-blob.md 4, fixture p-all).
type Type uint8

// The 21 types that Microsoft's writer knows, and one of ours.
const (
	TypeString   Type = 1
	TypeInt32    Type = 2
	TypeBoolean  Type = 3
	TypeDateTime Type = 4
	TypeDecimal  Type = 5
	TypeByte     Type = 6
	TypeChar     Type = 7
	TypeSingle   Type = 8
	TypeDouble   Type = 9
	TypeSByte    Type = 10
	TypeInt16    Type = 11
	TypeInt64    Type = 12
	TypeUInt16   Type = 13
	TypeUInt32   Type = 14
	TypeUInt64   Type = 15
	TypeTimeSpan Type = 16
	TypeGuid     Type = 17
	TypeIntPtr   Type = 18
	TypeUIntPtr  Type = 19
	TypeObject   Type = 20
	TypeNull     Type = 21

	// TypeUndecodable is never stored: it marks an item that could not be decoded and whose bytes are kept.
	TypeUndecodable Type = 255
)

var typeNames = [...]string{
	TypeString: "String", TypeInt32: "Int32", TypeBoolean: "Boolean", TypeDateTime: "DateTime", TypeDecimal: "Decimal",
	TypeByte: "Byte", TypeChar: "Char", TypeSingle: "Single", TypeDouble: "Double", TypeSByte: "SByte",
	TypeInt16: "Int16", TypeInt64: "Int64", TypeUInt16: "UInt16", TypeUInt32: "UInt32", TypeUInt64: "UInt64",
	TypeTimeSpan: "TimeSpan", TypeGuid: "Guid", TypeIntPtr: "IntPtr", TypeUIntPtr: "UIntPtr", TypeObject: "Object",
	TypeNull: "Null",
}

// String returns the .NET name of the type, as the JSON form spells it.
func (t Type) String() string {
	switch {
	case t == TypeUndecodable:
		return "Undecodable"
	case t == 0 || int(t) >= len(typeNames):
		return "Type(" + strconv.Itoa(int(t)) + ")"
	}
	return typeNames[t]
}

// fixedSize is the payload size of a type in bytes; 0 where it is not fixed or there is none.
var fixedSize = [TypeNull + 1]int{
	TypeInt32: 4, TypeBoolean: 1, TypeDateTime: 8, TypeDecimal: 16, TypeByte: 1, TypeSingle: 4, TypeDouble: 8,
	TypeSByte: 1, TypeInt16: 2, TypeInt64: 8, TypeUInt16: 2, TypeUInt32: 4, TypeUInt64: 8, TypeTimeSpan: 8, TypeGuid: 16,
}

// Compression says how a blob is to be read. Nothing in the bytes says whether they are compressed; ASP.NET is told by
// its configuration (compressionEnabled).
type Compression uint8

// How to read a blob.
const (
	CompressionAuto Compression = iota // find out, see Detect
	CompressionYes                     // deflate data and a padding byte
	CompressionNo                      // plain
)

// ParseCompression reads auto, yes or no, the values of the command's --compressed flags.
func ParseCompression(s string) (Compression, error) {
	switch s {
	case "auto":
		return CompressionAuto, nil
	case "yes":
		return CompressionYes, nil
	case "no":
		return CompressionNo, nil
	}
	return 0, fmt.Errorf("compression %q: want auto, yes or no", s)
}

// String returns auto, yes or no.
func (c Compression) String() string {
	switch c {
	case CompressionYes:
		return "yes"
	case CompressionNo:
		return "no"
	}
	return "auto"
}

// Form is how a blob was found to be stored.
type Form uint8

// The forms. In FormUnknown neither reading makes sense.
const (
	FormUnknown Form = iota
	FormPlain
	FormCompressed
)

// String returns unknown, plain or compressed.
func (f Form) String() string {
	switch f {
	case FormPlain:
		return "plain"
	case FormCompressed:
		return "compressed"
	}
	return "unknown"
}
