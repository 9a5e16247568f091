// Package nrbf reads, shows, edits and writes the record streams of .NET's BinaryFormatter ([MS-NRBF]), which ASP.NET
// keeps in Object values of a session.
//
// [Decode] gives a [Graph]; [Graph.Root] is the [Value] that was serialized, from which members and elements are reached;
// [Value.Set] changes a leaf; [Graph.Append] writes the stream again. [AppendJSON] and [Trace] show one. [Unmarshal] turns
// values into Go ones, and [Marshal] Go values into a new graph. Whoever needs a graph that no Go value stands for builds it
// from [ClassType], [Instance] and [Array] and the shapes made of them, such as [List] and [Dictionary], and [EncodeStream]
// writes it; a [Rebuilder] makes parts of a decoded graph anew for it.
//
// # What it promises
//
// A graph that was read and not changed is written to the same bytes. All malformed input ends in a [*MalformedError] with
// offset and record, or in a [*LimitError]; see [Limits]. No input makes the package panic, recurse, or take time or
// memory out of proportion to its size. Nothing is ever instantiated: names of types are text.
//
// # What it does not do
//
// It does not know what types mean to .NET: a List<string> is a class instance with the members _items, _size and
// _version. What Microsoft's reader refuses because of a type (unknown, not serializable, a member of another type) decodes
// here.
//
// # The format
//
// Numbers are little-endian. A name in angle brackets is described further down, * means repeated, | or.
//
//	stream:
//		00 rootId(i32) headerId(i32) 1(i32) minor(i32) <record>* 0B
//	record, one that may stand in any place but that of a primitive member:
//		01 id(i32) classId(i32) <member value>*              as the class record that has the id classId
//		04 id(i32) <class> <member value>*                   a class of the core library
//		05 id(i32) <class> libraryId(i32) <member value>*    any other class
//		06 id(i32) str                                       a string
//		07 id(i32) kind(u8) rank(i32) length(i32)* [lowerBound(i32)*] <type> <element>*
//		08 primitive(u8) <primitive value>                   a boxed primitive
//		09 id(i32)                                           what has this id, before or behind
//		0A                                                   null
//		0C id(i32) str                                       a library: stands before a record and is no value
//		0D n(u8) | 0E n(i32)                                 n nulls
//		0F id(i32) length(i32) primitive(u8) <primitive value>*
//		10 id(i32) length(i32) <record>*                     Object[]
//		11 id(i32) length(i32) <record>*                     String[]
//	class:
//		name(str) count(i32) memberName(str)* typeKind(u8)* <type detail>*
//	type:
//		typeKind(u8) <type detail>
//	type detail, by kind:
//		0 Primitive      primitive(u8)      4 Class           name(str) libraryId(i32)
//		1 String         nothing            5 ObjectArray     nothing
//		2 Object         nothing            6 StringArray     nothing
//		3 SystemClass    name(str)          7 PrimitiveArray  primitive(u8)
//	member value, element:
//		<primitive value> where the type is Primitive, else <record>
//	str:
//		length(7 bits a byte, low bits first, top bit set on all but the last) UTF-8
//
// The codes of primitives are the PrimitiveType constants. A List<string> of "red", null and "red", as Trace shows it:
//
//	  0     1  00                         record              SerializedStreamHeader
//	  1     4  01 00 00 00                root id             1
//	  5     4  ff ff ff ff                header id           -1
//	  9     4  01 00 00 00                major version       1
//	 13     4  00 00 00 00                minor version       0
//	 17     1  04                         record              SystemClassWithMembersAndTypes
//	 18     4  01 00 00 00                object id           1
//	 22     1  7f                         class name length   127
//	 23   127  53 79 73 74 65 6d 2e 43 …  class name          "System.Collections.Generic.List`1[[Syste"…
//	150     4  03 00 00 00                member count        3
//	154     1  06                         member name length  6
//	155     6  5f 69 74 65 6d 73          member name         "_items"
//	161     1  05                         member name length  5
//	162     5  5f 73 69 7a 65             member name         "_size"
//	167     1  08                         member name length  8
//	168     8  5f 76 65 72 73 69 6f 6e    member name         "_version"
//	176     1  06                         member type         StringArray
//	177     1  00                         member type         Primitive
//	178     1  00                         member type         Primitive
//	179     1  08                         primitive type      Int32
//	180     1  08                         primitive type      Int32
//	181     1  09                         record              MemberReference
//	182     4  02 00 00 00                id of the object    2
//	186     4  03 00 00 00                _size               Int32 3
//	190     4  03 00 00 00                _version            Int32 3
//	194     1  11                         record              ArraySingleString
//	195     4  02 00 00 00                object id           2
//	199     4  04 00 00 00                length              4
//	203     1  06                         record              BinaryObjectString
//	204     4  03 00 00 00                object id           3
//	208     1  03                         string length       3
//	209     3  72 65 64                   string              "red"
//	212     1  0a                         record              ObjectNull
//	213     1  09                         record              MemberReference
//	214     4  03 00 00 00                id of the object    3
//	218     1  0a                         record              ObjectNull
//	219     1  0b                         record              MessageEnd
//
// The rules were observed by running Microsoft's reader and writer; comments name the section of that record
// (session-blob.md), of [MS-NRBF], or the fixture that shows the point (package fixtures/blobs).
package nrbf
