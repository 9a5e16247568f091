package corejson

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// prop is an auto-property, or with a field the member that is stored.
type prop struct {
	name  string
	typ   nrbf.Type
	value any
	field string
}

func instance(name, library string, props ...prop) *nrbf.Instance {
	c := &nrbf.ClassType{Name: name, Library: library, Open: true}
	i := &nrbf.Instance{Class: c}
	for _, p := range props {
		if p.field == "" {
			p.field = nrbf.BackingField(p.name)
		}
		c.Members = append(c.Members, nrbf.MemberDecl{Name: p.field, Type: p.typ})
		i.Values = append(i.Values, p.value)
	}
	return i
}

func struct_(i *nrbf.Instance) *nrbf.Instance {
	i.Class.Open, i.Class.ValueType = false, true
	return i
}

const shopV1, shopV2 = "Shop, Version=1.0.0.0", "Shop, Version=2.0.0.0"

// What values of several sessions show of classes is one Schema, by which each of them has JSON and stays what it is.
func TestSurvey(t *testing.T) {
	id := func(n int32) prop { return prop{name: "Id", typ: nrbf.PrimitiveInt32, value: n} }
	name := prop{name: "Name", typ: nrbf.StringType, value: "x"}
	line := func(props ...prop) *nrbf.Instance { return instance("Shop.Line", shopV1, props...) }
	dog, cat := instance("Shop.Dog", shopV1, id(1)), instance("Shop.Cat", shopV1, id(1))
	animal := &nrbf.ClassType{Name: "Shop.Animal", Library: shopV1, Open: true}
	pet := func(of *nrbf.Instance) *nrbf.Instance {
		if of == nil {
			return instance("Shop.Owner", shopV1, id(1), prop{name: "Pet", typ: animal})
		}
		return instance("Shop.Owner", shopV1, id(1), prop{name: "Pet", typ: of.Class, value: of})
	}
	money := struct_(instance("Shop.Money", shopV1, prop{name: "Amount", typ: nrbf.PrimitiveDecimal, value: mustDecimal("1.10")}))
	colour := nrbf.EnumType("Shop.Colour", shopV1, nrbf.PrimitiveByte)
	box := func(of any) *nrbf.Instance {
		return instance("Shop.Box", shopV1, prop{name: "Price", typ: nrbf.NullableType{Of: money.Class}, value: of})
	}
	local := instance("Shop.Visit", shopV1, prop{name: "At", typ: nrbf.PrimitiveDateTime, value: nrbf.DateTime{Kind: nrbf.DateTimeLocal}})
	wrapped := func(of *nrbf.Instance) *nrbf.Instance {
		return instance("Shop.Wrap", shopV1, prop{name: "Only", typ: of.Class, value: of})
	}

	for what, c := range map[string]struct {
		roots   []any
		typ     string // of the last value
		classes string // as show writes them
		refused string // part of the reason
		local   bool
	}{
		"scalar":          {[]any{nrbf.List(nrbf.PrimitiveInt32, int32(1))}, "List<int>", "", "", false},
		"one":             {[]any{line(id(1), name)}, "Shop.Line", "Shop.Line complete {Id int, Name string}", "", false},
		"the same again":  {[]any{line(id(1), name), line(id(2), name)}, "Shop.Line", "Shop.Line complete {Id int, Name string}", "", false},
		"more members":    {[]any{line(id(1)), line(id(2), name)}, "Shop.Line", "Shop.Line {Id int, Name string} not all objects have Name: what is not there is null or 0 in JSON, and no new objects are written", "", false},
		"fewer members":   {[]any{line(id(1), name), line(id(2))}, "Shop.Line", "Shop.Line {Id int, Name string} not all objects have Name: what", "", false},
		"others":          {[]any{line(id(1)), line(name)}, "Shop.Line", "Shop.Line {Id int, Name string} not all objects have Id, Name: what", "", false},
		"another order":   {[]any{line(id(1), name), line(name, id(1))}, "Shop.Line", "Shop.Line {Id int, Name string} the order of its members differs: ", "", false},
		"a field":         {[]any{line(id(1)), line(id(1), prop{field: "m_x", typ: nrbf.PrimitiveInt32, value: int32(1)})}, "Shop.Line", "Shop.Line {Id int} no new objects are written: its field m_x is no auto-property", "", false},
		"a base's":        {[]any{line(prop{name: "Id", field: "Base+<Id>k__BackingField", typ: nrbf.PrimitiveInt32, value: int32(1)})}, "Shop.Line", "Shop.Line complete {Id int Base+<Id>k__BackingField}", "", false},
		"two places":      {[]any{line(id(1), name), line(prop{name: "Id", field: "Base+<Id>k__BackingField", typ: nrbf.PrimitiveInt32, value: int32(1)}, name)}, "Shop.Line", "Shop.Line {Name string} Id is left out: it is stored in two places", "", false},
		"two types":       {[]any{pet(dog), pet(cat)}, "Shop.Owner", "Shop.Owner {Id int} Pet is left out: it is Shop.Dog in some sessions, and Shop.Cat in others", "", false},
		"null first":      {[]any{pet(nil), pet(dog)}, "Shop.Owner", "Shop.Dog complete {Id int}; Shop.Owner complete {Id int, Pet Shop.Dog}", "", false},
		"null last":       {[]any{pet(dog), pet(nil)}, "Shop.Owner", "Shop.Dog complete {Id int}; Shop.Owner complete {Id int, Pet Shop.Dog}", "", false},
		"null only":       {[]any{pet(nil)}, "Shop.Owner", "Shop.Owner {Id int} Pet is left out: Shop.Animal: no object of it was seen, so that its members are not known", "", false},
		"an empty list":   {[]any{nrbf.List(animal)}, "List<Shop.Animal>", "", "Shop.Animal: no object of it was seen", false},
		"a list of what":  {[]any{nrbf.List(dog.Class), dog}, "Shop.Dog", "Shop.Dog complete {Id int}", "", false},
		"versions":        {[]any{line(id(1)), instance("Shop.Line", shopV2, id(1))}, "Shop.Line", "Shop.Line complete {Id int} there are several versions of its assembly", "", false},
		"assemblies":      {[]any{instance("UserPrefs", "App_Code.a1, Version=0.0.0.0", id(1)), instance("UserPrefs", "App_Code.b2, Version=0.0.0.0", id(1))}, "UserPrefs", "", "UserPrefs: it is in App_Code.a1 and in App_Code.b2", false},
		"nullable, null":  {[]any{box(nil)}, "Shop.Box", "", "Shop.Box: none of its members can be told", false},
		"nullable":        {[]any{box(nil), box(money)}, "Shop.Box", "Shop.Box complete {Price Shop.Money?}; Shop.Money struct complete {Amount decimal}", "", false},
		"nullable, first": {[]any{box(money), box(nil)}, "Shop.Box", "Shop.Box complete {Price Shop.Money?}; Shop.Money struct complete {Amount decimal}", "", false},
		"an enum":         {[]any{nrbf.List(colour, colour.New(byte(1)))}, "List<Shop.Colour>", "Shop.Colour enum byte", "", false},
		"an enum inside":  {[]any{instance("Shop.Brush", shopV1, prop{name: "Colour", typ: colour, value: colour.New(byte(1))})}, "Shop.Brush", "Shop.Brush complete {Colour Shop.Colour}; Shop.Colour enum byte", "", false},
		"an enum of .NET": {[]any{nrbf.EnumType("System.DayOfWeek", "", nrbf.PrimitiveInt32).New(int32(2))}, "System.DayOfWeek", "System.DayOfWeek enum int", "", false},
		"enum and class":  {[]any{colour.New(byte(1)), instance("Shop.Colour", shopV1, id(1))}, "Shop.Colour", "", "it is an enum in some sessions", false},
		"local dates":     {[]any{local}, "Shop.Visit", "Shop.Visit complete {At DateTime}", "", true},
		"a spelling":      {[]any{instance("Shop.A+B", shopV1, id(1)), instance("Shop.A.B", shopV1, id(1))}, "Shop.A.B", "", "C# spells another class as it", false},
		"nothing left":    {[]any{wrapped(dog), wrapped(cat)}, "Shop.Wrap", "", "none of its members can be told", false},
		"and outside":     {[]any{wrapped(cat), instance("Shop.Outer", shopV1, prop{name: "Wrap", typ: wrapped(dog).Class, value: wrapped(dog)})}, "Shop.Outer", "", "Shop.Outer: none of its members can be told", false},
		"unneeded":        {[]any{line(id(1)), dog}, "Shop.Dog", "Shop.Dog complete {Id int}", "", false},
	} {
		s := NewSurvey(func() bool { return true })
		var values []aspnetser.Value
		var got Carried
		for _, root := range c.roots {
			v := object(t, root)
			if got = s.Add(v); got.Type == "" {
				t.Errorf("%s: not carried: %s", what, got.Why)
			}
			values = append(values, v)
		}
		if got.Type != c.typ || got.Local != c.local {
			t.Errorf("%s: %+v, want %s", what, got, c.typ)
		}
		classes, refused := s.Schema([]string{got.Type})
		if shown := show(classes); c.classes != shown && (!strings.HasPrefix(shown, c.classes) || len(classes[len(classes)-1].Notes) == 0) {
			t.Errorf("%s:\n got %s\nwant %s", what, shown, c.classes)
		}
		if why := refused[got.Type]; (why == "") != (c.refused == "") || !strings.Contains(why, c.refused) {
			t.Errorf("%s: refused: %q, want %q", what, why, c.refused)
		}
		if c.refused == "" {
			roundTrips(t, what, classes, got.Type, values)
		}
	}
}

func mustDecimal(text string) nrbf.Decimal {
	d, ok := nrbf.ParseDecimal(text)
	if !ok {
		panic(text)
	}
	return d
}

// show writes classes in one line.
func show(classes []Found) string {
	var all []string
	for _, c := range classes {
		text := c.Name
		if c.Struct {
			text += " struct"
		}
		if c.Enum != "" {
			text += " enum " + c.Enum
		}
		if c.Complete && c.Enum == "" {
			text += " complete"
		}
		var members []string
		for _, m := range c.Members {
			members = append(members, strings.TrimRight(m.Name+" "+m.Type+" "+m.Field, " "))
		}
		if members != nil {
			text += " {" + strings.Join(members, ", ") + "}"
		}
		if len(c.Notes) > 0 {
			text += " " + strings.Join(c.Notes, "; ")
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// roundTrips sees that a Schema takes the classes, and that under it values of the type become JSON and stay as they are.
func roundTrips(t *testing.T, what string, found []Found, text string, values []aspnetser.Value) {
	t.Helper()
	var classes []Class
	for _, f := range found {
		classes = append(classes, f.Class)
	}
	schema, err := NewSchema(classes, time.UTC)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	typ, err := schema.ParseType(text)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	for i, v := range values {
		if own, _, _ := Carries(v); own != text {
			continue
		}
		json, err := typ.ToJSON(nil, v)
		if err != nil || strings.Contains(string(json), "{}") != strings.HasSuffix(text, ".Empty") && strings.HasPrefix(text, "Shop.") {
			t.Errorf("%s: value %d: %s, %v", what, i, json, err)
			continue
		}
		if back, err := typ.FromJSON(json, v, true); err != nil || !sameBytes(t, back, v) {
			t.Errorf("%s: value %d: %s goes back to something else: %v", what, i, json, err)
		}
	}
}

// All fixtures in one Survey: whatever it does not refuse round-trips, though some of them have other objects of the same classes.
func TestSurveyOfFixtures(t *testing.T) {
	s := NewSurvey(func() bool { return true })
	values := map[string][]aspnetser.Value{}
	fixtureItems(t, func(name string, v aspnetser.Value) {
		c := s.Add(v)
		if text, _, why := Carries(v); text != c.Type || why != c.Why {
			t.Errorf("%s: %+v, Carries says %s, %s", name, c, text, why)
		}
		if c.Type != "" {
			values[c.Type] = append(values[c.Type], v)
		}
	})
	var types []string
	for text := range values {
		types = append(types, text)
	}
	slices.Sort(types)
	classes, refused := s.Schema(types)
	for _, text := range types {
		if refused[text] == "" {
			roundTrips(t, text, classes, text, values[text])
		} else {
			t.Logf("refused: %s: %s", text, refused[text])
		}
	}
	t.Logf("%s", show(classes))
	if len(types) < 60 || len(refused) > 12 || len(classes) < 8 {
		t.Errorf("%d types, %d refused, %d classes", len(types), len(refused), len(classes))
	}
}

// Classes for which there is no room, and members without end, are not kept.
func TestSurveyIsBounded(t *testing.T) {
	left := 2
	s := NewSurvey(func() bool { left--; return left >= 0 })
	var types []string
	for i := range 4 {
		types = append(types, s.Add(object(t, instance(fmt.Sprintf("Shop.C%d", i), "Shop", prop{name: "Id", typ: nrbf.PrimitiveInt32, value: int32(i)}))).Type)
	}
	if classes, refused := s.Schema(types); len(classes) != 2 || len(refused) != 2 || !strings.Contains(refused["Shop.C3"], "no type") {
		t.Errorf("%s, refused %v", show(classes), refused)
	}

	s = NewSurvey(func() bool { return true })
	for i := range maxSurveyedMembers + 1 {
		s.Add(object(t, instance("Shop.Wide", "Shop", prop{name: fmt.Sprintf("P%d", i), typ: nrbf.PrimitiveInt32, value: int32(i)})))
	}
	if _, refused := s.Schema([]string{"Shop.Wide"}); !strings.Contains(refused["Shop.Wide"], "more than 256 members") || len(s.classes["Shop.Wide"].members) != maxSurveyedMembers {
		t.Errorf("%v", refused)
	}
}
