package corejson

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

func object(t testing.TB, root any) aspnetser.Value {
	t.Helper()
	stream, err := nrbf.EncodeStream(root)
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := nrbf.Decode(stream, nrbf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return aspnetser.Object(g)
}

// appNode is a class of the application with auto-properties.
func appNode() *nrbf.ClassType {
	c := &nrbf.ClassType{Name: "App.Node", Library: "App", Open: true}
	c.Members = []nrbf.MemberDecl{{Name: nrbf.BackingField("Name"), Type: nrbf.StringType}, {Name: nrbf.BackingField("Next"), Type: c}}
	return c
}

func TestCarriesAndNatural(t *testing.T) {
	n := appNode()
	loop := n.New("loop", nil)
	loop.Values[1] = loop
	other := &nrbf.ClassType{Name: "App.Special", Library: "App", Members: n.Members}
	inner := nrbf.List(nrbf.PrimitiveInt32, int32(1))
	twice := nrbf.List(nrbf.ListType(nrbf.PrimitiveInt32), inner, inner)
	// A class that derives from a list, behind a field that nobody sees, and behind a property.
	bag := (&nrbf.ClassType{Name: "App.Bag", Library: "App", Open: true, Members: []nrbf.MemberDecl{
		{Name: "List`1+_items", Type: nrbf.ArrayType{Elem: nrbf.StringType}}, {Name: "List`1+_size", Type: nrbf.PrimitiveInt32},
		{Name: "List`1+_version", Type: nrbf.PrimitiveInt32}}}).New(nrbf.ArrayFrom([]string{"a"}), int32(1), int32(1))
	holder := func(members ...string) *nrbf.Instance {
		c := &nrbf.ClassType{Name: "App.Holder", Library: "App"}
		i := &nrbf.Instance{Class: c}
		for _, m := range members {
			c.Members = append(c.Members, nrbf.MemberDecl{Name: m, Type: bag.Class})
			i.Values = append(i.Values, bag)
		}
		c.Members = append(c.Members, nrbf.MemberDecl{Name: nrbf.BackingField("Id"), Type: nrbf.PrimitiveInt32})
		i.Values = append(i.Values, int32(7))
		return i
	}
	words, err := nrbf.Dictionary(nrbf.StringType, nrbf.PrimitiveInt32, nil, nrbf.Pair{Key: "a", Value: int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	ignoring, err := nrbf.Dictionary(nrbf.StringType, nrbf.PrimitiveInt32, nrbf.OrdinalComparer(true), nrbf.Pair{Key: "a", Value: int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		v                aspnetser.Value
		typ, why, nature string // why of what is not carried, or cannot be written
	}{
		"null":                  {aspnetser.Null(), "", "null", ""},
		"int":                   {aspnetser.Int32(5), "int", "", "5"},
		"decimal":               {dec("1.10"), "decimal", "", "1.10"},
		"NaN":                   {aspnetser.Double(math.NaN()), "", "no JSON", ""},
		"IntPtr":                {aspnetser.IntPtr(5), "", "IntPtr", ""},
		"dictionary":            {object(t, words), "Dictionary<string, int>", "", `{"a":1}`},
		"ignoring case":         {object(t, ignoring), "Dictionary<string, int>", "", ""},
		"a list twice":          {object(t, twice), "List<List<int>>", "", ""},
		"local dates":           {object(t, nrbf.ArrayFrom([]nrbf.DateTime{{Kind: nrbf.DateTimeLocal}})), "DateTime[]", "", ""},
		"dates in UTC":          {object(t, nrbf.ArrayFrom([]nrbf.DateTime{{Kind: nrbf.DateTimeUTC}})), "DateTime[]", "", `["0001-01-01T00:00:00Z"]`},
		"two dimensions":        {object(t, &nrbf.Array{Elem: nrbf.PrimitiveInt32, Lengths: []int{1, 1}, Values: []int32{1}}), "", "several dimensions", ""},
		"objects":               {object(t, nrbf.ArrayOf(nrbf.ObjectType, "a")), "", "object", ""},
		"ArrayList":             {object(t, nrbf.ArrayList("a")), "", "System.Collections.ArrayList", ""},
		"a class":               {object(t, n.New("a", n.New("b", nil))), "App.Node", "", ""},
		"a cycle":               {object(t, loop), "", "inside of itself", ""},
		"a derived class":       {object(t, n.New("a", n.New("b", other.New("c", nil)))), "", "App.Special, not App.Node", ""},
		"a field":               {object(t, (&nrbf.ClassType{Name: "App.F", Library: "App", Members: []nrbf.MemberDecl{{Name: "f", Type: nrbf.PrimitiveInt32}}}).New(int32(1))), "", "no auto-properties", ""},
		"no members":            {object(t, (&nrbf.ClassType{Name: "App.E", Library: "App"}).New()), "App.E", "", ""},
		"a hidden list":         {object(t, holder("m_bag")), "App.Holder", "its field m_bag is no auto-property", ""},
		"a list, hidden, shown": {object(t, holder("m_bag", nrbf.BackingField("Bag"))), "", "derives from a collection", ""},
		"a taken name":          {object(t, (&nrbf.ClassType{Name: "Version", Library: "App_Code.x1"}).New()), "", "whose name has another type", ""},
		"a list without":        {object(t, nrbf.List(&nrbf.ClassType{Name: "App.E", Library: "App"})), "List<App.E>", "there is no object of it", ""},
		"DayOfWeek":             {object(t, nrbf.EnumType("System.DayOfWeek", "", nrbf.PrimitiveInt32).New(int32(2))), "System.DayOfWeek", "", ""},
		"keys of an enum":       {object(t, nrbf.List(nrbf.DictionaryType(nrbf.EnumType("App.C", "App", nrbf.PrimitiveInt32), nrbf.StringType))), "", "there is no", ""},
		"a type of nothing":     {object(t, (&nrbf.ClassType{Name: "System.Weird[", Library: ""}).New()), "", "no type that C# can name", ""},
	} {
		typ, ok, why := Carries(c.v)
		if typ != c.typ || ok != (typ != "") {
			t.Errorf("%s: %q, %v, %q", name, typ, ok, why)
		}
		if name != "keys of an enum" && (c.why == "" && why != "" || !strings.Contains(why, c.why)) {
			t.Errorf("%s: %q; want %q", name, why, c.why)
		}
		if json, exact := Natural(c.v); string(json) != c.nature || exact != (c.nature != "") {
			t.Errorf("%s: plain %s, %v", name, json, exact)
		}
	}
}

// A graph of a few hundred bytes that mentions everything twice would be JSON of 2^60 lists.
func TestSharingDoesNotMultiply(t *testing.T) {
	typ, name := nrbf.Type(nrbf.PrimitiveInt32), "int"
	list := nrbf.List(typ, int32(1))
	for range 14 {
		typ, name = nrbf.ListType(typ), "List<"+name+">"
		list = nrbf.List(typ, list, list, list, list, list, list, list, list)
	}
	v := object(t, list)
	if _, err := parsed(t, nil, "List<"+name+">").ToJSON(nil, v); !errors.As(err, new(*UnconvertibleError)) || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v", err)
	}
	if _, _, why := Carries(v); !strings.Contains(why, "too large") {
		t.Errorf("%s", why)
	}

	deep := appNode()
	chain := deep.New("end", nil)
	for range MaxDepth {
		chain = deep.New("n", chain)
	}
	if _, _, why := Carries(object(t, chain)); !strings.Contains(why, "more than 64") {
		t.Errorf("%s", why)
	}
	if _, ok, why := Carries(object(t, chain.Values[1])); !ok {
		t.Errorf("64 levels: %s", why)
	}
}

// Errors name types and places, never what stands there.
func TestErrorsHoldNoValues(t *testing.T) {
	secret := "s3cret"
	typ := parsed(t, nil, "Dictionary<string, List<int>>")
	for _, json := range []string{`{"s3cret":5}`, `{"s3cret":["s3cret"]}`, `["s3cret"]`, `"s3cret"`, `{"s3cret":[1.5]}`, `{"a":"s3cret`, `s3cret`} {
		_, err := typ.FromJSON([]byte(json), aspnetser.String(secret), true)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", json, err)
		}
	}
	if _, err := typ.ToJSON(nil, aspnetser.String(secret)); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("%v", err)
	}
}
