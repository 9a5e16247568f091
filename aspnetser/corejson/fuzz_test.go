package corejson

import (
	"errors"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/remote-session"
)

// fuzzTypes are those that FuzzFromJSON reads: every kind.
var fuzzTypes = []string{
	"string", "int", "bool", "double", "float", "decimal", "long", "ulong", "char", "DateTime", "TimeSpan", "Guid", "int?", "byte[]",
	"int[]", "string[]", "List<string>", "HashSet<int>", "Dictionary<string, int>", "Dictionary<int, List<string>>", "Demo.Cart", "Demo.Line[]",
	"Demo.Plain", "List<DateTimeOffset>", "Uri[]", "Version[]", "KeyValuePair<string, Guid?>", "enum(Demo.Colour, Demo)", "List<Demo.Cart>",
	"decimal[]", "DateTime?[]", "char[]", "Dictionary<Guid, Demo.Line>",
}

// What FromJSON gives can be written, and becomes JSON that is equal to the JSON of what comes of that; with a template as
// well. Nothing panics.
func FuzzFromJSON(f *testing.F) {
	schema := demo(f)
	var stored []aspnetser.Value
	for _, row := range remotesession.Items(f) {
		stored = append(stored, valueOf(f, row.Slot))
		for i := range fuzzTypes {
			if row.JSON != nil {
				f.Add(uint8(i), uint8(len(stored)-1), []byte(*row.JSON))
			}
		}
	}
	var types []*Type
	for _, text := range fuzzTypes {
		types = append(types, parsed(f, schema, text))
	}
	f.Fuzz(func(t *testing.T, which, old uint8, json []byte) {
		typ := types[int(which)%len(types)]
		v, err := typ.FromJSON(json, stored[int(old)%len(stored)], old%2 == 0)
		if err != nil {
			var bad *JSONError
			var refused *UnconvertibleError
			if !errors.As(err, &bad) && !errors.As(err, &refused) {
				t.Fatalf("error of another type: %v", err)
			}
			return
		}
		written := valueOf(t, slotOf(t, v))
		out, err := typ.ToJSON(nil, written)
		if err != nil {
			t.Fatalf("%s from %q cannot be shown: %v", typ, json, err)
		}
		back, err := typ.FromJSON(out, aspnetser.Value{}, false)
		if err != nil {
			if errors.As(err, new(*UnconvertibleError)) {
				return // of a class that is not Complete
			}
			t.Fatalf("%s: %s cannot be read: %v", typ, out, err)
		}
		if again, err := typ.ToJSON(nil, back); err != nil || !Equal(out, again) {
			t.Fatalf("%s: %s becomes %s, %v", typ, out, again, err)
		}
	})
}

// Equal is reflexive and symmetric, and white space does not matter.
func FuzzEqual(f *testing.F) {
	for _, row := range remotesession.Items(f) {
		if row.JSON != nil {
			f.Add([]byte(*row.JSON), []byte(*row.JSON))
		}
	}
	f.Add([]byte(`{"a":1e1000000000}`), []byte(`{"a":10e999999999,"a":1}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if !Equal(a, a) || Equal(a, b) != Equal(b, a) {
			t.Fatal("not reflexive or not symmetric")
		}
		spaced := append(append([]byte(" "), a...), '\n')
		if _, err := read(a); err == nil && !Equal(a, spaced) {
			t.Fatal("white space matters")
		}
	})
}

// Whatever graph comes, finding its type, writing JSON and reading that back does not panic, and what was written is JSON that
// the type reads.
func FuzzGraph(f *testing.F) {
	fixtureItems(f, func(_ string, v aspnetser.Value) {
		if g, ok := v.Graph(); ok && g.Size() < 4096 {
			f.Add(g.Append(nil))
		}
	})
	f.Fuzz(func(t *testing.T, stream []byte) {
		g, n, err := nrbf.Decode(stream, nrbf.Limits{})
		if err != nil || n != len(stream) {
			return
		}
		v := aspnetser.Object(g)
		if json, exact := Natural(v); exact && !Equal(json, append(json, ' ')) {
			t.Fatalf("%s is no JSON", json)
		}
		text, ok, _ := Carries(v)
		if !ok {
			return
		}
		schema, err := NewSchema(Classes(v), nil)
		if err != nil {
			return // classes of the same name, structs in themselves: no program wrote this
		}
		typ, err := schema.ParseType(text)
		if err != nil {
			return
		}
		out, err := typ.ToJSON(nil, v)
		if err != nil {
			return // a local date; a name that means another class to C#
		}
		if same, err := typ.FromJSON(out, v, true); err != nil || !sameBytes(t, same, v) {
			t.Fatalf("%s: what is equal does not stay: %v", typ, err)
		}
		// Change something where there is something, with the template.
		for i, c := range out {
			if c >= '1' && c <= '8' {
				out[i]++
				break
			}
		}
		if changed, err := typ.FromJSON(out, v, true); err == nil {
			slotOf(t, changed)
		}
	})
}

// Whatever two graphs come, NewSchema takes what a Survey of both says, and by it what was carried and is not refused becomes JSON
// and stays what it is.
func FuzzSurvey(f *testing.F) {
	var streams [][]byte
	fixtureItems(f, func(_ string, v aspnetser.Value) {
		if g, ok := v.Graph(); ok && g.Size() < 4096 {
			streams = append(streams, g.Append(nil))
		}
	})
	for i, stream := range streams {
		f.Add(stream, streams[(i+1)%len(streams)])
	}
	for _, pair := range surveyPairs(f) {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		s := NewSurvey(func() bool { return true })
		var values []aspnetser.Value
		var types []string
		for _, stream := range [][]byte{a, b} {
			g, _, err := nrbf.Decode(stream, nrbf.Limits{})
			if err != nil {
				continue
			}
			if c := s.Add(aspnetser.Object(g)); c.Type != "" {
				values, types = append(values, aspnetser.Object(g)), append(types, c.Type)
			}
		}
		found, refused := s.Schema(types)
		var classes []Class
		for _, c := range found {
			classes = append(classes, c.Class)
		}
		schema, err := NewSchema(classes, time.UTC)
		if err != nil {
			t.Fatalf("%+v: %v", classes, err)
		}
		for i, v := range values {
			if refused[types[i]] != "" {
				continue
			}
			typ, err := schema.ParseType(types[i])
			if err != nil {
				t.Fatalf("%s: %v, of %+v", types[i], err, classes)
			}
			json, err := typ.ToJSON(nil, v)
			if err != nil {
				t.Fatalf("%s: %v, of %+v", types[i], err, classes)
			}
			if same, err := typ.FromJSON(json, v, true); err != nil || !sameBytes(t, same, v) {
				t.Fatalf("%s: what is equal does not stay: %v", typ, err)
			}
		}
	})
}

// surveyPairs are streams of classes with properties, of which each pair differs.
func surveyPairs(t testing.TB) (pairs [][2][]byte) {
	money := struct_(instance("S.M", "S", prop{name: "A", typ: nrbf.PrimitiveInt32, value: int32(1)}))
	colour := nrbf.EnumType("S.C", "S", nrbf.PrimitiveByte)
	of := func(props ...prop) *nrbf.Instance { return instance("S.L", "S", props...) }
	stream := func(root any) []byte {
		b, err := nrbf.EncodeStream(root)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one := prop{name: "P", typ: nrbf.PrimitiveInt32, value: int32(1)}
	for _, p := range [][2]any{
		{of(one), of(prop{name: "P", typ: nrbf.StringType, value: "x"})},
		{of(one), of(one, prop{name: "Q", typ: nrbf.NullableType{Of: money.Class}})},
		{of(prop{name: "P", typ: nrbf.NullableType{Of: money.Class}, value: money}), of(prop{name: "P", typ: nrbf.NullableType{Of: money.Class}})},
		{of(prop{name: "P", typ: colour, value: colour.New(byte(1))}), colour.New(byte(2))},
		{of(prop{name: "P", typ: money.Class, value: money}), money},
		{nrbf.List(of(one).Class, of(one)), of(prop{name: "P", typ: of(one).Class, value: of(prop{name: "P", typ: of(one).Class})})},
	} {
		pairs = append(pairs, [2][]byte{stream(p[0]), stream(p[1])})
	}
	return pairs
}
