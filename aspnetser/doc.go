// Package aspnetser reads and writes the session blob of ASP.NET: what the State Server, SQL Server and the providers
// built on the same helper keep for one session.
//
// A program that reads a few items, and perhaps changes some, opens a [Collection]: [Open], [Get], [Collection.Set],
// [Collection.Append]. Items come as Go values: a string, an int32, a time.Time, a []string for a List<string>, a struct for
// a class of the application. Whoever wants the whole of a session decodes it: [Decode] gives a [Session] of values,
// [Session.Append] writes one. [Index] tells where the items are and decodes none, [Examine] only says whether a blob can be
// decoded and how it is stored, [Equal] compares two sessions whatever form they are stored in, and [AppendText],
// [AppendJSON] and [AppendOffsets] show one. [Inflate] and [Deflate] are the
// outer layer of compressed blobs.
//
// What is no string, number or date in a session is an Object, the record stream of .NET's BinaryFormatter. Package nrbf
// decodes it to a graph: see [Value.Graph], [Value.Unmarshal] and [Collection.Lookup].
//
// # What it promises
//
// What was decoded and not changed is encoded to the same bytes (of compressed blobs, the same inflated bytes and FF),
// graphs of Objects included. What Microsoft's reader tolerates is kept and told as a warning, what it refuses is an error,
// with three exceptions: values of unknown type, which that reader takes for null, values that run over their slot, where it
// takes bytes for something they are not, and graphs whose records lack the types of members, which only the owner of the
// class can read. They make an item Undecodable. Nothing is ever repaired, and no broken item spoils another. What
// Microsoft's reader refuses in a graph because of a type, which it has to load, is read here.
//
// All malformed input ends in a [*MalformedError] with its offset, or in a [*LimitError]. No input makes the package
// panic, recurse, or take time or memory out of proportion to its size; see [Options] for the limits.
//
// # What it does not do
//
// Nothing is ever instantiated. Keys are compared by Unicode simple case folding, not by the collation of the invariant
// culture, so that composed and decomposed letters differ here and soft hyphens count. How many U+FFFD stand for text that
// is not UTF-8 differs between versions of .NET; here it is one for each longest beginning of a character.
//
// # The format
//
// Numbers are little-endian. A name in angle brackets is described further down, * means repeated, [] means only if.
//
//	blob:
//		timeout(i32, minutes) hasItems(u8) hasStatic(u8) [<items>] [<statics>] FF
//	compressed blob:
//		RFC 1951 data of a blob, then FF
//	items:
//		count(i32), and if that is over 0:
//		nullIndex(i32) key(str)* end(i32)* <value>*
//	statics:
//		count(i32) <static>*
//	static:
//		name(str) 00 typeName(str) lateBound(u8)
//		name(str) 01 <value>
//	value:
//		type(u8) payload, by type:
//		 1 String   str                     12 Int64    i64
//		 2 Int32    i32                     13 UInt16   u16
//		 3 Boolean  u8                      14 UInt32   u32
//		 4 DateTime i64, ticks of 100 ns    15 UInt64   u64
//		 5 Decimal  low, middle, high,      16 TimeSpan i64, ticks of 100 ns
//		            flags (4 × i32)         17 Guid     16 bytes
//		 6 Byte     u8                      18 IntPtr   i64, or i32 of a 32-bit process
//		 7 Char     one UTF-8 sequence      19 UIntPtr  u64, or u32
//		 8 Single   f32                     20 Object   record stream, see package nrbf
//		 9 Double   f64                     21 Null     nothing
//		10 SByte    i8
//		11 Int16    i16
//	str:
//		length(7 bits a byte, low bits first, top bit set on all but the last) UTF-8
//
// The key with the index nullIndex is null and takes no bytes; −1 means that there is none. Entry i of the ends is where
// value i ends, counted from the first value; the stretch between two entries is the slot of an item. The last entry is
// the size of all values. Static objects have no such table.
//
// One session with a null key and a static object, as AppendOffsets shows it:
//
//	offset    length  bytes                      field                             value
//	     0         4  14 00 00 00                timeout                           20
//	     4         1  01                         hasItems flag                     true
//	     5         1  01                         hasStaticObjects flag             true
//	     6         4  03 00 00 00                item count                        3
//	    10         4  01 00 00 00                null-key index                    1
//	    14         1  04                         item 0 key length                 4
//	    15         4  6e 61 6d 65                item 0 key                        "name"
//	    19         1  04                         item 2 key length                 4
//	    20         4  64 61 74 65                item 2 key                        "date"
//	    24         4  06 00 00 00                item 0 end                        6 in the value area
//	    28         4  08 00 00 00                item 1 end                        8 in the value area
//	    32         4  11 00 00 00                item 2 end                        17 in the value area
//	    36         1  01                         item 0 "name"                     type String
//	    37         1  04                         string length                     4
//	    38         4  c5 bd 61 6b                string                            "Žak"
//	    42         1  03                         item 1 null                       type Boolean
//	    43         1  01                         value                             true
//	    44         1  04                         item 2 "date"                     type DateTime
//	    45         8  00 00 4e 19 75 47 c4 08    value                             2002-10-22T00:00:00
//	    53         4  01 00 00 00                static object count               1
//	    57         1  03                         static object 0 name length       3
//	    58         3  6c 6f 67                   static object 0 name              "log"
//	    61         1  00                         hasInstance flag                  false
//	    62         1  0a                         type name length                  10
//	    63        10  41 70 70 2e 4c 6f 67 67 …  type name                         "App.Logger"
//	    73         1  00                         lateBound flag                    false
//	    74         1  ff                         end byte
//
// The rules, and what Microsoft's reader makes of everything that breaks them, were observed by running it; comments name
// the section of that record (session-blob.md) or the fixture that shows the point (packages fixtures/blobs and
// fixtures/malformed).
package aspnetser
