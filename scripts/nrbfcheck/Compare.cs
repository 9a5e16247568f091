// Compares two graphs: values, types, and which places hold one object.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Contoso.Check
{
    class Same : IEqualityComparer<object>
    {
        public new bool Equals(object a, object b) { return ReferenceEquals(a, b); }
        public int GetHashCode(object o) { return RuntimeHelpers.GetHashCode(o); }
    }

    class Compare
    {
        // What an expected object has been matched with, and the reverse: one object must stay one and two stay two.
        readonly Dictionary<object, object> there = new Dictionary<object, object>(new Same());
        readonly Dictionary<object, object> back = new Dictionary<object, object>(new Same());
        // Work is kept in a stack: chains may be long.
        readonly Stack<Tuple<string, object, object>> todo = new Stack<Tuple<string, object, object>>();

        // Returns the first difference, null if there is none.
        public static string Graphs(object want, object got)
        {
            var c = new Compare();
            c.Push("root", want, got);
            while (c.todo.Count > 0)
            {
                var t = c.todo.Pop();
                var difference = c.Step(t.Item1, t.Item2, t.Item3);
                if (difference != null) return t.Item1 + ": " + difference;
            }
            return null;
        }

        void Push(string path, object want, object got)
        {
            if (path.Length > 120) path = path.Substring(0, 40) + "…" + path.Substring(path.Length - 60);
            todo.Push(Tuple.Create(path, want, got));
        }

        string Step(string path, object want, object got)
        {
            if (want == null || got == null)
                return want == got ? null : "want " + (want ?? "null") + ", got " + (got ?? "null");
            var type = want.GetType();
            if (type != got.GetType()) return "want a " + type + ", got a " + got.GetType();
            if (type.IsPrimitive || want is string || want is decimal || want is DateTime || want is TimeSpan || want is Enum)
                return Text(want) == Text(got) ? null : "want " + Text(want) + ", got " + Text(got);
            if (!type.IsValueType) // boxes: see Check
            {
                object known;
                if (there.TryGetValue(want, out known))
                    return ReferenceEquals(known, got) ? null : "one object became two";
                if (back.ContainsKey(got)) return "two objects became one";
                there[want] = got;
                back[got] = want;
            }
            if (want is Array) return Arrays(path, (Array)want, (Array)got);
            if (want is IDictionary) return Dictionaries(path, (IDictionary)want, (IDictionary)got);
            if (want is IList) return Lists(path, (IList)want, (IList)got);
            return Fields(path, type, want, got);
        }

        // All that makes a difference: the bits of numbers, the scale of a Decimal, the kind of a DateTime.
        static string Text(object v)
        {
            if (v is decimal) return string.Join(",", decimal.GetBits((decimal)v).Select(n => n.ToString("x8")));
            if (v is DateTime) return ((DateTime)v).Ticks + " " + ((DateTime)v).Kind;
            if (v is double) return BitConverter.DoubleToInt64Bits((double)v).ToString("x16");
            if (v is float) return BitConverter.ToInt32(BitConverter.GetBytes((float)v), 0).ToString("x8");
            if (v is TimeSpan) return ((TimeSpan)v).Ticks.ToString();
            if (v is char) return ((int)(char)v).ToString();
            if (v is Enum) return ((Enum)v).ToString("d");
            return v.ToString();
        }

        string Arrays(string path, Array want, Array got)
        {
            for (int d = 0; d < want.Rank; d++)
                if (want.GetLength(d) != got.GetLength(d) || want.GetLowerBound(d) != got.GetLowerBound(d))
                    return "other bounds in dimension " + d;
            var w = want.GetEnumerator();
            var g = got.GetEnumerator();
            for (int i = 0; w.MoveNext() && g.MoveNext(); i++) Push(path + "[" + i + "]", w.Current, g.Current);
            return null;
        }

        string Lists(string path, IList want, IList got)
        {
            if (want.Count != got.Count) return "want " + want.Count + " elements, got " + got.Count;
            for (int i = 0; i < want.Count; i++) Push(path + "[" + i + "]", want[i], got[i]);
            return null;
        }

        string Dictionaries(string path, IDictionary want, IDictionary got)
        {
            if (want.Count != got.Count) return "want " + want.Count + " entries, got " + got.Count;
            foreach (var key in want.Keys)
            {
                var same = got.Keys.Cast<object>().FirstOrDefault(k => k.Equals(key));
                if (same == null || !got.Contains(key)) return "no entry " + key;
                Push(path + ".Key", key, same); // equal, but perhaps of another kind or scale
                Push(path + "[" + key + "]", want[key], got[key]);
            }
            // Whether case counts is a matter of the comparer, of which a live one may be of another class than a stored one.
            foreach (var key in want.Keys.OfType<string>())
                foreach (var spelt in new[] { key.ToUpperInvariant(), key.ToLowerInvariant() })
                    if (want.Contains(spelt) != got.Contains(spelt)) return "keys compare otherwise: " + spelt;
            return null;
        }

        string Fields(string path, Type type, object want, object got)
        {
            for (; type != null; type = type.BaseType)
                foreach (var f in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic |
                                                 BindingFlags.DeclaredOnly))
                    if (!f.IsNotSerialized) Push(path + "." + f.Name, f.GetValue(want), f.GetValue(got));
            return null;
        }
    }
}
