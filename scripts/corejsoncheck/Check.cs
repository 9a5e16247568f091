// corejsoncheck proves that .NET reads the objects that package aspnetser/corejson writes, and the reverse.
//
//     corejsoncheck.exe write DIR    serializes a cart, an empty one, and a list of tags to DIR/NAME.bin
//     corejsoncheck.exe show FILE…   deserializes each file and prints all that is in it, a line each
//
// The Go tests of aspnetser/corejson compile and run it.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.Serialization.Formatters.Binary;

namespace Demo.Shop
{
    static class Check
    {
        static int Main(string[] args)
        {
            if (args.Length == 2 && args[0] == "write")
            {
                Write(args[1], "cart", Full());
                Write(args[1], "empty", new Cart());
                Write(args[1], "tags", new List<Tag> { new Tag { Name = "new", Shade = Colour.Green }, new Tag() });
                return 0;
            }
            if (args.Length > 1 && args[0] == "show")
            {
                foreach (var file in args.Skip(1))
                    using (var f = File.OpenRead(file)) Console.WriteLine(Show(new BinaryFormatter().Deserialize(f)));
                return 0;
            }
            Console.Error.WriteLine("usage: corejsoncheck.exe write DIR | show FILE…");
            return 2;
        }

        static Cart Full()
        {
            var first = new Line { Sku = "A-1", Qty = 2, Note = "gift", Price = new Money { Amount = 1.10m, Currency = "EUR" } };
            var second = new Line { Sku = "B-2", Qty = 1 };
            first.Weigh(10);
            second.Weigh(20);
            return new Cart
            {
                owner = "Ada", Id = 9007199254740993, Opened = new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc),
                Seen = new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.FromMinutes(330)), Shade = Colour.Green, Level = Level.High,
                Token = new Guid("00112233-4455-6677-8899-aabbccddeeff"), Idle = TimeSpan.FromSeconds(90),
                Lines = new List<Line> { first, second }, Gifts = new[] { first, null },
                BySku = new Dictionary<string, Line>(StringComparer.OrdinalIgnoreCase) { { "a-1", first } },
                Words = new HashSet<string> { "x", "y" }, Marks = new int?[] { 1, null }, Blob = new byte[] { 1, 2, 3 },
                Tags = new List<Tag> { new Tag { Name = "new" } }, Voucher = new Money { Amount = 5m },
                Home = new Uri("https://example.org/p?q=1"), Client = new Version(1, 2, 3), Selected = second, hidden = second,
                Parent = new Cart { Id = 1 },
            };
        }

        static void Write(string dir, string name, object graph)
        {
            using (var f = File.Create(Path.Combine(dir, name + ".bin"))) new BinaryFormatter().Serialize(f, graph);
        }

        static string Show(object o)
        {
            var cart = o as Cart;
            var line = o as Line;
            var tag = o as Tag;
            if (o == null) return "-";
            if (cart != null)
                return "cart " + Show(cart.Id) + " of " + Show(cart.owner) + " made " + cart.Created() + ": " + string.Join(" ", new object[]
                {
                    cart.Opened, cart.Closed, cart.Seen, cart.Shade, cart.Level, cart.Token, cart.Idle, cart.Lines, cart.Gifts, cart.BySku, cart.Words,
                    cart.Marks, cart.Blob, cart.Tags, cart.Voucher, cart.Home, cart.Client,
                }.Select(Show)) + " selected " + Show(cart.Selected) + " hidden " + Place(cart, cart.hidden) + " ignoring case " +
                    (cart.BySku != null && cart.BySku.Count > 0 && cart.BySku.ContainsKey(cart.BySku.Keys.First().ToUpperInvariant())) +
                    " parent " + Show(cart.Parent);
            if (line != null) return "line(" + Show(line.Sku) + " " + line.Qty + " " + Show(line.Price) + " " + Show(line.Note) + " " + line.Weight() + "g)";
            if (tag != null) return "tag(" + Show(tag.Name) + " " + Show(tag.Shade) + ")";
            if (o is Money) return ((Money)o).Amount.ToString(CultureInfo.InvariantCulture) + Show(((Money)o).Currency);
            if (o is DateTime) return ((DateTime)o).ToString("s") + "/" + ((DateTime)o).Kind;
            if (o is DateTimeOffset) return ((DateTimeOffset)o).ToString("o");
            if (o is string) return "'" + o + "'";
            var lines = o as Dictionary<string, Line>;
            if (lines != null) return "{" + string.Join(",", lines.Select(e => Show(e.Key) + ":" + Show(e.Value))) + "}";
            if (o is IEnumerable) return "[" + string.Join(",", ((IEnumerable)o).Cast<object>().Select(Show)) + "]";
            return Convert.ToString(o, CultureInfo.InvariantCulture);
        }

        // Place says which of the lines an object is.
        static string Place(Cart cart, Line line)
        {
            return line == null ? "-" : cart.Lines == null ? "?" : cart.Lines.FindIndex(l => ReferenceEquals(l, line)).ToString();
        }
    }
}
