// Package nrbf reads, shows, edits and writes the record streams of .NET's BinaryFormatter ([MS-NRBF]), which ASP.NET
// keeps in Object values of a session.
//
// [Decode] gives a [Graph]; [Graph.Root] is the [Value] that was serialized, from which members and elements are reached;
// [Graph.Append] writes the stream again. [AppendJSON] and [Trace] show one.
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
// The rules were observed by running Microsoft's reader and writer; comments name the section of that record
// (session-blob.md), of [MS-NRBF], or the fixture that shows the point (package fixtures/blobs).
package nrbf
