// # Views and paths
//
// A [View] is a value as a person sees it: lists with their elements in order, dictionaries with their entries, dates,
// GUIDs, exceptions and tables as what they are, classes of the application member by member, instead of the members of
// .NET's own classes that the record stream has. [Session.Lookup] and [View.Lookup] follow a path to a part of it, and
// [AppendText] shows whole sessions so:
//
//	cart.Lines[0].Sku               the SKU of the first order line of the item cart
//	["user.name"]                   the item user.name, whose key has a dot
//	[]                              the item with the null key
//	prefs.Filters["status"]         the value of a dictionary's entry
//	prefs.ByYear[2024]              also where the keys are numbers, GUIDs or enums
//	grid[1,2]                       an element of a rectangular array
//	results[3].Name                 a cell of a DataTable
//	results[3].Original["Name"]     what it was before the row was changed or deleted
//	orders[Customer][0].Id          a table of a DataSet by name, a row, a column
//
// A path begins with a key: letters up to the next dot or bracket, or a text in quotes or in brackets and quotes, with the
// escapes of Go. After it come members (.Name or ["Name"]) and indices ([0], ["key"]). Names are those that the text shows,
// without <…>k__BackingField; stored names do as well. What is written exactly so wins; otherwise case does not matter, nor
// does the underscore before a field. A path that leads nowhere gives a [*PathError] that says what there is instead.
//
// What stands for .NET's classes was read from the fixtures, from streams that Mono wrote with Microsoft's System.Data, and
// from the documentation of the serialized forms. An instance that has not the members of its class, because of another
// version or because somebody made it so, is shown member by member, with nothing left out. Of classes that are known, what
// only their implementation needs is left out: version counters, spare places, hash sizes. [nrbf.AppendJSON] has all.
package aspnetser
