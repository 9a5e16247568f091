// Classes of an application, as the streams of the Go tests name them: assembly Contoso.Check. Fields are public where that
// keeps the comparison short; names and types are what counts.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Runtime.Serialization;

namespace Contoso.Check
{
    public enum Status { New, Paid, Sent = 5 }
    public enum AsByte : byte { None, High = 200 }
    public enum AsSByte : sbyte { Low = -100 }
    public enum AsInt16 : short { Low = -30000 }
    public enum AsUInt16 : ushort { High = 60000 }
    public enum AsUInt32 : uint { High = 4000000000 }
    public enum AsInt64 : long { High = 1L << 62 }
    public enum AsUInt64 : ulong { High = ulong.MaxValue }

    [Serializable]
    public struct Money : IComparable
    {
        public decimal Amount;
        public string Currency;

        public Money(decimal amount, string currency) { Amount = amount; Currency = currency; }
        public int CompareTo(object other) { return Amount.CompareTo(((Money)other).Amount); }
    }

    [Serializable]
    public struct Span
    {
        public Money From, To;
        public Status Status;
        public Guid Token;
    }

    [Serializable]
    public class Person
    {
        private int id;
        protected string name;
        public DateTime Born { get; set; }

        public Person(int id, string name) { this.id = id; this.name = name; }
        public int Id { get { return id; } }
    }

    [Serializable]
    public class Customer : Person
    {
        private int id;
        public string Email { get; set; }
        public List<string> Tags;
        [NonSerialized] public int Cached;

        public Customer(int id, string name, int own) : base(id, name) { this.id = own; }
        public int Own { get { return id; } }
    }

    [Serializable]
    public class Line
    {
        public string Sku;
        public int Quantity;
        public Money Price;
        public object Note;
    }

    [Serializable]
    public class Order
    {
        public long Number;
        public Status Status;
        public DateTime Placed;
        public DateTime? Shipped;
        public Guid Token;
        public Customer Buyer;
        public List<Line> Lines;
        public Dictionary<string, object> Extra;
        public TimeSpan Sla;
        public decimal Total;
    }

    [Serializable]
    public class Primitives
    {
        public bool A; public byte B; public sbyte C; public char D; public short E; public ushort F; public int G;
        public uint H; public long I; public ulong J; public float K; public double L; public decimal M; public DateTime N;
        public TimeSpan O; public string P; public object Q;
    }

    [Serializable]
    public class Maybe
    {
        public int? Int; public bool? Bool; public DateTime? Date; public decimal? Decimal; public Guid? Guid;
        public Status? Status; public Money? Money; public char? Char;
    }

    [Serializable]
    public class Loose
    {
        public IComparable Any;
        public IList List;
        public Array Array;
        public ValueType Value;
        public Person Person;
        public object[] Objects;
        public Shape[] Shapes;
        public object Box;
    }

    [Serializable]
    public abstract class Shape { public string Name; }

    [Serializable]
    public class Circle : Shape { public double R; }

    [Serializable]
    public class Square : Shape { public float Side; }

    [Serializable]
    public class Node
    {
        public string Label;
        public Node Parent, Next;
        public List<Node> Children;
        public object Any;
    }

    [Serializable]
    public class Pair<T, U>
    {
        public T First;
        public U Second;

        [Serializable]
        public class Inner { public T Value; }
    }

    [Serializable]
    public class Größe { public string Überschrift; public int 数; }

    // A key of a Dictionary that implements IEquatable, so that .NET chooses another comparer.
    [Serializable]
    public class Sku : IEquatable<Sku>
    {
        public string Code;

        public bool Equals(Sku other) { return other != null && Code == other.Code; }
        public override bool Equals(object other) { return Equals(other as Sku); }
        public override int GetHashCode() { return Code.GetHashCode(); }
    }

    // Chooses its members itself.
    [Serializable]
    public class Ticket : ISerializable
    {
        public readonly int Seat;
        public readonly string Row;
        public readonly object Extra;

        public Ticket(int seat, string row, object extra) { Seat = seat; Row = row; Extra = extra; }

        protected Ticket(SerializationInfo info, StreamingContext context)
        {
            Seat = info.GetInt32("seat");
            Row = info.GetString("row");
            Extra = info.GetValue("extra", typeof(object));
        }

        public void GetObjectData(SerializationInfo info, StreamingContext context)
        {
            info.AddValue("seat", Seat);
            info.AddValue("row", Row);
            info.AddValue("extra", Extra, typeof(object));
        }
    }
}
