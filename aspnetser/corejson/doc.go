// Package corejson converts the value of one session item between ASP.NET's binary form, [aspnetser.Value], and the JSON
// that System.Text.Json of .NET reads and writes, with default options, for a .NET type: the values of the System.Web
// adapters' remote session (remote-session-protocol.md sections 8, 10, 11 and 13; fixtures/remote-session).
//
// A [Type] is the .NET type under which a key is registered. ParseType reads one as C# writes it; classes of the
// application need a [Schema], which says what members they have and where these are stored:
//
//	schema, err := corejson.NewSchema([]corejson.Class{{
//		Name: "Demo.Cart", Library: "Demo, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null",
//		Members: []corejson.Member{{Name: "Id", Type: "int"}, {Name: "Owner", Type: "string", Field: "m_owner"}},
//	}}, nil)
//	cart, err := schema.ParseType("List<Demo.Cart>")
//	json, err := cart.ToJSON(nil, value)
//	value, err = cart.FromJSON(json, value, true)
//
// # What goes into what
//
//	bool, byte … ulong, float, double   true, numbers, each with its own range; 1.0 and 1e2 are no integers
//	decimal                             a number, the scale of which is kept: 1.10
//	string, char                        a string; what is not ASCII, and " & ' + < > `, is written as \uXXXX
//	DateTime                            "2024-01-02T03:04:05.678", in graphs with Z for UTC and an offset for local times
//	DateTimeOffset                      "2024-01-02T03:04:05+05:30"
//	TimeSpan, Guid, Uri, Version        "1.02:03:04.5000000", "00112233-4455-6677-8899-aabbccddeeff", text
//	byte[]                              base64
//	T[], List<T>, HashSet<T>            an array
//	Dictionary<K, T>                    an object; K is string, an integer, Guid or char
//	KeyValuePair<K, T>                  {"Key":…,"Value":…}
//	enum(Demo.Color, Demo)              a number; enum<byte>(…) over another type than int
//	T?                                  null, or the T
//	classes and structs of a Schema     an object of the members that have a name
//
// A value has to be of exactly the registered type, inside of graphs too. Whatever cannot be converted gives an
// *[UnconvertibleError]: IntPtr, NaN, cycles, object members, instances of derived classes. JSON that is none, or not that
// of the type, gives a *[JSONError]. Neither holds a value.
//
// # Back into a graph
//
// What is equal in value to what is stored, see [Equal], stays what is stored. Else the stored object is the template: it
// keeps its class and all fields that the schema does not name, and so does every object in it. What the template has no
// object for is made anew, which takes a class that is Complete. An object that two places share may change in both alike;
// what would tear it apart is refused.
//
// # What it does not do
//
// JSON loses the comparers of dictionaries and sets that were made anew, the spare places and versions of lists, and who
// shares what; a string that is no Unicode text does not survive either side. What a constructor sets is not known: members
// that the JSON lacks are null or 0. Custom converters, attributes of System.Text.Json and interfaces are not known either.
// Nothing recurses deeper than System.Text.Json, which is 64 levels.
package corejson
