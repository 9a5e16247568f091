// The graphs, built from objects. The Go test builds the same ones from records, by name.
extern alias twin;
using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;

namespace Contoso.Check
{
    static class Graphs
    {
        public static readonly Dictionary<string, Func<object>> All = new Dictionary<string, Func<object>>
        {
            // Arrays.
            { "array-bool", () => new[] { true, false, true } },
            { "array-byte", () => new byte[] { 0, 1, 255 } },
            { "array-sbyte", () => new sbyte[] { -128, 0, 127 } },
            { "array-int16", () => new short[] { short.MinValue, 0, short.MaxValue } },
            { "array-uint16", () => new ushort[] { 0, 65535 } },
            { "array-int32", () => Enumerable.Range(-500, 1000).ToArray() },
            { "array-uint32", () => new uint[] { 0, uint.MaxValue } },
            { "array-int64", () => new[] { long.MinValue, 0, long.MaxValue } },
            { "array-uint64", () => new ulong[] { 0, ulong.MaxValue } },
            { "array-single", () => new[] { 0f, -0f, 1.5f, float.NaN, float.PositiveInfinity, float.Epsilon } },
            { "array-double", () => new[] { 0d, -0d, 1.5, double.NaN, double.NegativeInfinity, double.MaxValue } },
            { "array-decimal", () => new[] { 0m, 1.50m, -0.10m, decimal.MaxValue, decimal.MinValue,
                                             0.0000000000000000000000000001m } },
            { "array-char", () => "añ中\U0001F600z\0\uffff".ToCharArray() },
            { "array-datetime", () => new[] { DateTime.MinValue, DateTime.MaxValue,
                                              new DateTime(637135310450000000, DateTimeKind.Utc),
                                              new DateTime(637135310450000001, DateTimeKind.Local) } },
            { "array-timespan", () => new[] { TimeSpan.Zero, TimeSpan.MinValue, TimeSpan.MaxValue, TimeSpan.FromDays(1) } },
            { "array-string", () => new[] { "a", null, "", "a", "naïve \U0001F600" } },
            { "array-object", () => new object[] { null, "s", true, (byte)4, (sbyte)-5, (short)3, (ushort)8, 1, 6u, 2L, 7ul,
                'c', 1.5f, 2.5, 3.50m, new DateTime(634223022100000000, DateTimeKind.Utc), new TimeSpan(1), Guid.Empty,
                new[] { 1 }, new object[] { null, "inner" }, new[] { "x" }, DayOfWeek.Friday, new Money(1.10m, "EUR"),
                new object(), new object[0], new int[0, 2] } },
            { "array-nulls", () => Nulls(1).Concat(Nulls(2)).Concat(Nulls(255)).Concat(Nulls(256)).Concat(Nulls(1000))
                .Concat(new object[3]).ToArray() },
            { "array-nullable", () => new int?[] { 1, null, null, -3 } },
            { "array-nullable-struct", () => new Money?[] { null, new Money(1m, "x"), null, null, new Money(2m, "x") } },
            { "array-nullable-enum", () => new Status?[] { Status.Paid, null } },
            { "array-enum", () => new[] { Status.New, Status.Sent, (Status)(-7) } },
            { "array-struct", () => new[] { new Money(1m, "EUR"), new Money(2m, "EUR"), new Money() } },
            { "array-guid", () => new[] { Guid.Empty, new Guid("00112233-4455-6677-8899-aabbccddeeff") } },
            { "array-class", () => { var c = new Circle { Name = "c", R = 2 };
                                     return new Shape[] { c, new Square { Name = "q", Side = 3 }, null, c }; } },
            { "array-interface", () => new IComparable[] { "two", new Version(4, 0), null } },
            { "array-jagged", () => new[] { new[] { 1, 2 }, null, new int[0], new[] { 3 } } },
            { "array-jagged-3", () => new[] { new[] { new[] { "a" }, null }, null, null } },
            { "array-jagged-of-rect", () => new[] { new[,] { { 1, 2 }, { 3, 4 } }, null } },
            { "array-rect", () => new[,] { { 1, 2, 3 }, { 4, 5, 6 } } },
            { "array-rect-string", () => new[,,] { { { "a", "b" }, { "c", null } }, { { null, null }, { "g", "a" } } } },
            { "array-rect-struct", () => new[,] { { new Money(1m, "a"), new Money(2m, "b") } } },
            { "array-rect-char", () => new[,] { { 'x', 'é' }, { '中', '\0' } } },
            { "array-rect-of-jagged", () => new[,] { { new[] { 1 }, null } } },
            { "array-rect-empty", () => new double[0, 4] },
            { "array-lower", () => Lower(typeof(int), 5, 50, 60, 70) },
            { "array-lower-struct", () => Lower(typeof(Money), -1, new Money(1m, "a"), new Money(2m, "a")) },
            { "array-lower-nullable", () => Lower(typeof(int?), 1, 5, null, null) },
            { "array-lower-rect", () => { var a = Array.CreateInstance(typeof(string), new[] { 2, 2 }, new[] { 1, -1 });
                                          a.SetValue("x", 1, -1); a.SetValue("y", 2, 0); return a; } },

            // Collections.
            { "list-string", () => new List<string> { "a", "b", "c", null, "a" } },
            { "list-empty", () => new List<string>() },
            { "list-int", () => new List<int> { 1, 2, 3, 4, 5, 6 } },
            { "list-decimal", () => new List<decimal> { 1.10m, -2m } },
            { "list-datetime", () => new List<DateTime> { new DateTime(637134336000000000, DateTimeKind.Utc) } },
            { "list-timespan", () => new List<TimeSpan> { new TimeSpan(7) } },
            { "list-nullable", () => new List<int?> { 1, null } },
            { "list-guid", () => new List<Guid> { new Guid("09163f25-b67e-60c0-3584-4ba6a1ec2bc1") } },
            { "list-enum", () => new List<Status> { Status.Paid } },
            { "list-struct", () => new List<Span> { Spans(1) } },
            { "list-object", () => new List<object> { 1, "a", null, new List<object> { 2m }, new Money(1m, "b") } },
            { "list-list", () => new List<List<int>> { new List<int> { 1 }, null, new List<int>() } },
            { "list-class", () => new List<Line> { Lines("s", 1, 1m, "E", null), null } },
            { "dict-string-object", () => new Dictionary<string, object> { { "s", "x" }, { "i", 1 }, { "n", null },
                { "l", new List<int> { 1 } }, { "m", new Money(1m, "x") } } },
            { "dict-empty", () => new Dictionary<string, object>() },
            { "dict-int-string", () => new Dictionary<int, string> { { 1, "one" }, { -5, "m5" } } },
            { "dict-guid", () => new Dictionary<Guid, int> { { new Guid("3a018559-c16d-5fdd-e6a0-90f37948efb8"), 1 } } },
            { "dict-byte", () => new Dictionary<byte, bool> { { 1, true } } },
            { "dict-datetime", () => new Dictionary<DateTime, TimeSpan> { { new DateTime(2020, 1, 2), TimeSpan.Zero } } },
            { "dict-enum", () => new Dictionary<Status, bool> { { Status.Paid, true }, { Status.New, false } } },
            { "dict-enum-int16", () => new Dictionary<AsInt16, int> { { AsInt16.Low, 1 } } },
            { "dict-nullable", () => new Dictionary<int?, string> { { 3, "c" } } },
            { "dict-struct", () => new Dictionary<Money, Status> { { new Money(1m, "a"), Status.Sent } } },
            { "dict-equatable", () => new Dictionary<Sku, int> { { new Sku { Code = "A" }, 1 } } },
            { "dict-ignore-case", () => new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { { "Key", "v" } } },
            { "dict-ordinal", () => new Dictionary<string, int>(StringComparer.Ordinal) { { "Key", 1 }, { "key", 2 } } },
            { "dict-lists", () => new Dictionary<string, List<Line>> { { "a", new List<Line> { Lines("s", 1, 1m, "E", 5) } } } },
            { "dict-500", () => Enumerable.Range(0, 500).ToDictionary(i => i * 7, i => "v") },
            { "dict-mixed", () => new object[] { new Dictionary<string, int>(), new Dictionary<string, int> { { "a", 1 } },
                new Dictionary<string, int> { { "b", 2 } }, new Dictionary<string, int>(), new Dictionary<string, long> { { "c", 3 } } } },
            { "hashtable-mixed", () => new object[] { new Hashtable(), new Hashtable(StringComparer.Ordinal) { { "a", 1 } }, new Hashtable(),
                new Hashtable(StringComparer.OrdinalIgnoreCase) { { "a", "b" } } } },
            { "hashtable", () => new Hashtable { { "a", 1 }, { 2, "b" }, { 3.5, null }, { 'c', new Money(1m, "x") } } },
            { "hashtable-empty", () => new Hashtable() },
            { "hashtable-ignore-case", () => new Hashtable(StringComparer.OrdinalIgnoreCase) { { "Key", 1 } } },
            { "hashtable-nested", () => new Hashtable { { "inner", new Hashtable { { "list", new ArrayList { 1, "two" } } } } } },
            { "hashtable-200", () => new Hashtable(Enumerable.Range(0, 200).ToDictionary(i => i, i => i * i)) },
            { "arraylist", () => new ArrayList { 1, "a", null, 2.5, true, 'x', new DateTime(2000, 1, 1) } },
            { "arraylist-empty", () => new ArrayList() },

            // Structs, enums, nullables.
            { "box-struct", () => new Money(12.34m, "USD") },
            { "box-struct-nested", () => Spans(2) },
            { "box-guid", () => new object[] { new Guid("00112233-4455-6677-8899-aabbccddeeff") } },
            { "enum-int32", () => Status.Sent },
            { "enum-byte", () => AsByte.High },
            { "enum-sbyte", () => AsSByte.Low },
            { "enum-int16", () => AsInt16.Low },
            { "enum-uint16", () => AsUInt16.High },
            { "enum-uint32", () => AsUInt32.High },
            { "enum-int64", () => AsInt64.High },
            { "enum-uint64", () => AsUInt64.High },
            { "enum-system", () => DayOfWeek.Saturday },
            { "nullable-set", () => new Maybe { Int = 1, Bool = true, Date = new DateTime(5), Decimal = 1.5m, Guid = Guid.Empty,
                                                Status = Status.Paid, Money = new Money(1m, "x"), Char = 'c' } },
            { "nullable-null", () => new Maybe() },
            { "nullable-mixed", () => new[] { new Maybe(), new Maybe { Int = 7, Money = new Money(2m, "y") },
                                              new Maybe { Status = Status.Sent } } },
            { "nullable-generic", () => new KeyValuePair<string, Status>?[] { null, new KeyValuePair<string, Status>("k", Status.Paid) } },
            { "key-value-pair", () => new KeyValuePair<string, Money>("k", new Money(5m, "EUR")) },

            { "key-value-null", () => new KeyValuePair<string, Line>(null, null) },

            // Classes.
            { "primitives", () => new Primitives { A = true, B = 1, C = -2, D = 'é', E = -3, F = 4, G = -5, H = 6, I = -7, J = 8,
                K = 1.25f, L = -0d, M = -0.10m, N = new DateTime(637134336000000000, DateTimeKind.Local), O = new TimeSpan(-1),
                P = "p", Q = (byte)9 } },
            { "primitives-zero", () => new Primitives() },
            { "customer", () => Buyer() },
            { "order", () => Orders() },
            { "names", () => new Größe { Überschrift = "ü", 数 = 7 } },
            { "loose-null", () => new Loose() },
            { "loose-classes", () => new Loose { Any = "text", List = new[] { 1, 2 }, Array = new[,] { { 1 } }, Person = Buyer(),
                Objects = new[] { "covariant" }, Shapes = new[] { new Circle { R = 1 } }, Box = 1 } },
            { "loose-structs", () => new Loose { Any = new Money(1m, "a"), Value = Spans(3), List = new ArrayList { 1 },
                Array = new[] { "x" }, Box = new Money(2m, "a") } },
            { "loose-lower", () => new Loose { Array = Lower(typeof(int), 1, 7), List = (IList)Lower(typeof(Money), 1, new Money()) } },
            { "loose-mixed", () => new object[] { new Loose(), new Loose { Any = new Version(1, 2) },
                new Loose { Any = new Money(1m, "a") }, new Loose { Any = "s", Box = new Hashtable() } } },
            { "generic", () => new Pair<int, Pair<string, Money>> { First = 1,
                Second = new Pair<string, Money> { First = "f", Second = new Money(1m, "m") } } },
            { "generic-box-twice", () => { var box = new Money(1m, "b");
                object first = box; return new Pair<object, IComparable> { First = first, Second = (IComparable)first }; } },
            { "generic-nested", () => new Pair<int, Status>.Inner { Value = 5 } },
            { "serializes-itself", () => new Ticket(12, "F", new Ticket(13, "F", 'x')) },
            { "serializes-itself-in-object", () => new object[] { new Pair<object, int> { First = new Ticket(1, "A", null) },
                                                                  new Pair<object, int> { First = 5, Second = 6 } } },
            { "twin", () => new object[] { new Square { Side = 1, Name = "ours" },
                                           new twin::Contoso.Check.Square { Side = 2, Name = "theirs" } } },

            // One object in several places.
            { "shared", () => { var line = Lines("s", 1, 1m, "E", null); var list = new List<Line> { line, line };
                                return new object[] { line, list, list, "t", "t" }; } },
            { "shared-box", () => { object box = new Money(1m, "b"); return new object[] { box, box, new Money(1m, "b") }; } },
            { "cycle-self", () => { var n = new Node { Label = "me" }; n.Parent = n; n.Any = n; return n; } },
            { "cycle-array", () => { var a = new object[2]; a[0] = a; a[1] = "x"; return a; } },
            { "cycle-tree", () => Tree() },
            { "cycle-dictionary", () => { var d = new Dictionary<string, object>(); d["self"] = d; return d; } },
            { "chain", () => Chain(5000) },

            // Texts.
            { "text", () => "hello, wörld" },
            { "texts", () => new[] { "", "\0", "\ufeff", "\ufffd", "a\r\nb", new string('x', 127), new string('y', 128),
                                     new string('z', 16384), "\U0001F600" } },
        };

        static IEnumerable<object> Nulls(int n) { return new object[n].Concat(new object[] { "x" }); }

        static Array Lower(Type type, int lower, params object[] values)
        {
            var a = Array.CreateInstance(type, new[] { values.Length }, new[] { lower });
            for (int i = 0; i < values.Length; i++) a.SetValue(values[i], lower + i);
            return a;
        }

        static Span Spans(int n)
        {
            return new Span { From = new Money(n, "EUR"), To = new Money(n + 1, null), Status = Status.Paid,
                              Token = new Guid("0f8fad5b-d9cb-469f-a165-70867728950e") };
        }

        static Line Lines(string sku, int quantity, decimal price, string currency, object note)
        {
            return new Line { Sku = sku, Quantity = quantity, Price = new Money(price, currency), Note = note };
        }

        static Customer Buyer()
        {
            return new Customer(7, "Ada", 1007) { Email = "ada@example.org", Tags = new List<string> { "vip", "early" },
                                                  Born = new DateTime(572738688000000000, DateTimeKind.Utc) };
        }

        static Order Orders()
        {
            var buyer = Buyer();
            return new Order
            {
                Number = 900719925474099, Status = Status.Sent, Placed = new DateTime(636927232891234567, DateTimeKind.Utc),
                Shipped = new DateTime(636928704000000000), Token = new Guid("0f8fad5b-d9cb-469f-a165-70867728950e"),
                Buyer = buyer,
                Lines = new List<Line> { Lines("A-1", 2, 49.95m, "EUR", null), Lines("B-77", 1, 50.00m, "EUR", "gift"),
                                         Lines("C", -1, 0m, null, 42) },
                Extra = new Dictionary<string, object> { { "coupon", "SPRING" }, { "weight", 1.25 }, { "buyer", buyer },
                                                         { "none", null } },
                Sla = TimeSpan.FromHours(36.5), Total = 149.90m,
            };
        }

        static Node Tree()
        {
            var root = new Node { Label = "root" };
            var a = new Node { Label = "a", Parent = root };
            var b = new Node { Label = "b", Parent = root, Next = root };
            a.Next = b;
            a.Children = new List<Node> { new Node { Label = "a1", Parent = a } };
            root.Children = new List<Node> { a, b };
            return root;
        }

        static Node Chain(int n)
        {
            Node first = null;
            for (int i = 0; i < n; i++) first = new Node { Label = "link", Next = first };
            return first;
        }
    }
}
