// The classes of a shop, as an ASP.NET application keeps them in a session: auto-properties, and state that no property shows.
using System;
using System.Collections.Generic;

namespace Demo.Shop
{
    public enum Colour { Red, Green = 5 }
    public enum Level : byte { Low, High = 200 }

    [Serializable]
    public struct Money
    {
        public decimal Amount { get; set; }
        public string Currency { get; set; }
    }

    [Serializable]
    public class Line
    {
        private string m_note; // behind Note
        private int weight = 1; // shown nowhere

        public string Sku { get; set; }
        public int Qty { get; set; }
        public Money Price { get; set; }
        public string Note { get { return m_note; } set { m_note = value; } }
        public int Weight() { return weight; }
        public void Weigh(int grams) { weight = grams; }
    }

    [Serializable]
    public class Tag // nothing hidden
    {
        public string Name { get; set; }
        public Colour? Shade { get; set; }
    }

    [Serializable]
    public class Basket
    {
        public string owner; // a field: not in JSON
        private int created;
        public long Id { get; set; }
        public int Created() { return created; }
        public Basket() { created = 7; }
    }

    [Serializable]
    public class Cart : Basket
    {
        public DateTime Opened { get; set; }
        public DateTime? Closed { get; set; }
        public DateTimeOffset Seen { get; set; }
        public Colour Shade { get; set; }
        public Level Level { get; set; }
        public Guid Token { get; set; }
        public TimeSpan Idle { get; set; }
        public List<Line> Lines { get; set; }
        public Line[] Gifts { get; set; }
        public Dictionary<string, Line> BySku { get; set; }
        public HashSet<string> Words { get; set; }
        public int?[] Marks { get; set; }
        public byte[] Blob { get; set; }
        public List<Tag> Tags { get; set; }
        public Money? Voucher { get; set; }
        public Uri Home { get; set; }
        public Version Client { get; set; }
        public Line Selected { get; set; }
        public Cart Parent { get; set; }

        [NonSerialized] public int Cached;
        public Line hidden; // the same object as a line
    }
}
