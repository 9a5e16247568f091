package nrbf

import (
	"reflect"
	"strings"
	"testing"
)

// instanceOf returns an instance of a class with Int32 members of these names, whose values are 1, 2, 3 ….
func instanceOf(members ...string) *Instance {
	c := &ClassType{Name: "C"}
	o := c.New()
	for i, name := range members {
		c.Members = append(c.Members, MemberDecl{name, PrimitiveInt32})
		o.Values = append(o.Values, int32(i+1))
	}
	return o
}

type Base struct {
	ID    int
	Other int `nrbf:"odd"`
}

// Which member a field gets: the rules of Unmarshal, one after the other.
func TestUnmarshalMemberNames(t *testing.T) {
	type plain struct{ UserName, ID int }
	type tagged struct {
		Tagged   int `nrbf:"username"`
		UserName int
	}
	type property struct {
		Full int `nrbf:"UserName,property"`
	}
	type derived struct {
		Base
		ID int
	}
	type renamed struct {
		Base `nrbf:"Person"`
	}
	for _, c := range []struct {
		members string
		want    any
		err     string
	}{
		{"username userName <UserName>k__BackingField UserName", plain{UserName: 4}, ""},
		{"username userName <UserName>k__BackingField", plain{UserName: 3}, ""},
		{"username userName", plain{UserName: 2}, ""}, {"USERNAME _userName", plain{UserName: 2}, ""},
		{"USERNAME m_userName", plain{UserName: 2}, ""}, {"_UserName", plain{UserName: 1}, ""}, {"M_USERNAME", plain{UserName: 1}, ""},
		{"<username>k__BackingField", plain{UserName: 1}, ""}, {"user_name x", plain{}, ""}, {"id", plain{ID: 1}, ""},
		{"_userName m_userName", plain{}, "field UserName can be _userName or m_userName: its tag must say which"},
		{"USERNAME username", plain{}, "field UserName can be USERNAME or username: its tag must say which"},
		{"USERNAME username userName", plain{UserName: 3}, ""},
		{"Base+userName", plain{UserName: 1}, ""}, {"Base+userName _USERNAME", plain{UserName: 2}, ""},
		{"Base+userName Base+Root+UserName", plain{UserName: 2}, ""}, // the private field of an older base, better spelt
		{"A+userName B+userName", plain{}, "field UserName can be A+userName or B+userName: its tag must say which"},
		{"username userName", tagged{1, 2}, ""}, {"username", tagged{1, 0}, ""}, {"UserName", tagged{0, 1}, ""},
		{"UserName <UserName>k__BackingField", property{2}, ""}, {"UserName", property{}, ""},
		{"id Base+id Base+odd", derived{Base{2, 3}, 1}, ""}, {"id odd", derived{Base{0, 2}, 1}, ""},
		{"Base+id", derived{Base{1, 0}, 0}, ""}, {"Person+id odd Base+odd", renamed{Base{1, 2}}, ""},
	} {
		got := reflect.New(reflect.TypeOf(c.want))
		err := Unmarshal(treeValue(t, instanceOf(strings.Fields(c.members)...)), got.Interface())
		switch {
		case c.err != "":
			if m, isMapping := err.(*MappingError); !isMapping || m.Reason != c.err {
				t.Errorf("%s: %v, want %s", c.members, err, c.err)
			}
		case err != nil || got.Elem().Interface() != c.want:
			t.Errorf("%s: %+v, %v; want %+v", c.members, got.Elem(), err, c.want)
		}
	}
}

func TestUnmarshalContents(t *testing.T) {
	v := roots(t, "o-derived-collections")
	var list struct {
		Title string
		Items []string `nrbf:",contents"`
	}
	if err := Unmarshal(v[0], &list); err != nil || list.Title != "t" || !reflect.DeepEqual(list.Items, []string{"a", "b"}) {
		t.Errorf("%+v, %v", list, err)
	}
	var dictionary struct {
		Prices map[string]Decimal `nrbf:",contents"`
		Note   string
	}
	if err := Unmarshal(v[1], &dictionary); err != nil || dictionary.Note != "n" || dictionary.Prices["x"] != dec("1.5") {
		t.Errorf("%+v, %v", dictionary, err)
	}
}

// o-inheritance: three levels with the private field id in two of them.
func TestUnmarshalBaseClasses(t *testing.T) {
	type Person struct {
		ID   int
		Name string
		Born DateTime
	}
	type Customer struct {
		ID    int
		Email *string
		Name  string
		Person
	}
	var vip struct {
		ID     int
		Credit struct{ Amount Decimal }
		Customer
	}
	if err := Unmarshal(roots(t, "o-inheritance")[0], &vip); err != nil {
		t.Fatal(err)
	}
	want := Customer{ID: 8, Name: "Zoë", Person: Person{5, "Zoë", DateTime{Ticks: 624562272000000000}}}
	if vip.ID != 77 || vip.Credit.Amount != dec("1000") || vip.Customer != want {
		t.Errorf("%+v", vip)
	}
}

// What is one object in the graph is one in Go, and cycles end.
func TestUnmarshalIdentity(t *testing.T) {
	type node struct {
		Label    string
		Parent   *node
		Next     *node
		Children []*node
	}
	var root node
	if err := Unmarshal(roots(t, "o-cycle")[0], &root); err != nil {
		t.Fatal(err)
	}
	a, b := root.Children[0], root.Children[1]
	if a.Parent != &root || b.Parent != &root || b.Next != &root || a.Next != b || a.Children[0].Parent != a || a.Label != "a" {
		t.Errorf("%+v %+v", a, b)
	}
	// Pointers to what stands in a slice point into it.
	type held struct {
		Label    string
		Parent   *held
		Children []held
	}
	var top held
	if err := Unmarshal(roots(t, "o-cycle")[0], &top); err != nil {
		t.Fatal(err)
	}
	if first := &top.Children[0]; first.Children[0].Parent != first || first.Parent != &top {
		t.Errorf("%+v", top)
	}
	// Slices and maps can hold themselves, structs by value cannot.
	var array []any
	if err := Unmarshal(roots(t, "o-cycle-self")[1], &array); err != nil || &array[0].([]any)[0] != &array[0] {
		t.Errorf("%v", err)
	}
	var cell struct {
		V     int
		Right struct{ Left any }
	}
	if err := Unmarshal(roots(t, "o-cycle-self")[2], &cell); err != nil || cell.Right.Left.(map[string]any)["V"] != int32(1) {
		t.Errorf("%v %v", cell, err)
	}
	type looped struct{ Children []looped }
	looping := cNode.New("x", nil, nil, nil, nil)
	looping.Values[3] = List(cNode, looping)
	var l looped
	if err := Unmarshal(treeValue(t, looping), &l); err == nil || !strings.HasSuffix(err.Error(), "a cycle of nrbf.looped, which holds no pointers to it") {
		t.Errorf("%v", err)
	}
	// Two mentions by value are two copies, two of a pointer one object.
	var people []struct{ Name string }
	var pointers []*struct{ Name string }
	two := sequenceOf(t, 2)
	if err := Unmarshal(two, &people); err != nil || people[0].Name != "shared" || people[1] != people[0] {
		t.Errorf("%v %v", people, err)
	}
	if err := Unmarshal(two, &pointers); err != nil || pointers[0] != pointers[1] || pointers[0].Name != "shared" {
		t.Errorf("%v %v", pointers, err)
	}
}

// sequenceOf returns an array of the same element n times.
func sequenceOf(t *testing.T, n int) Value {
	person := personType.New(int32(1), "shared", DateTime{}, nil)
	all := make([]any, n)
	for i := range all {
		all[i] = person
	}
	return treeValue(t, ArrayOf(ObjectType, all...))
}

// Time and memory are in proportion to the graph, however its objects are mentioned.
func TestUnmarshalBounds(t *testing.T) {
	// 2^64 leaves, if every mention were converted.
	type pair struct{ First, Second any }
	var leaf, array any = "leaf", "leaf"
	for range 64 {
		leaf = pairType(ObjectType, ObjectType).New(leaf, leaf)
		array = ArrayOf(ObjectType, array, array)
	}
	type links struct{ First, Second *links }
	type strict []strict
	dag := UnmarshalOptions{Types: map[string]reflect.Type{leaf.(*Instance).Class.Name: reflect.TypeFor[pair]()}}
	for _, c := range []struct {
		tree, dst any
		want      string
	}{
		{leaf, new(any), ""}, {array, new(any), ""}, {leaf, new(pair), ""},
		{leaf, new(links), "String does not fit nrbf.links"}, {array, new(strict), "String does not fit nrbf.strict"},
	} {
		err := dag.Unmarshal(treeValue(t, c.tree), c.dst)
		if m, _ := err.(*MappingError); (c.want == "") != (err == nil) || m != nil && m.Reason != c.want {
			t.Errorf("%T: %v, want %q", c.dst, err, c.want)
		}
	}
	// Depth.
	for depth, want := range map[int]string{MaxMappingDepth: "", MaxMappingDepth + 1: "more than 10000 objects one inside another"} {
		var deep *Array
		for range depth {
			deep = &Array{Elem: ObjectType, Values: []any{deep}}
		}
		v := treeValue(t, deep)
		for _, dst := range []any{new(any), new(strict), new([1]any)} {
			err := Unmarshal(v, dst)
			if m, _ := err.(*MappingError); (want == "") != (err == nil) || m != nil && m.Reason != want {
				t.Errorf("%T, %d deep: %v", dst, depth, err)
			}
		}
		_, err := Marshal(deepSlice(depth))
		if m, _ := err.(*MappingError); (want == "") != (err == nil) || m != nil && m.Reason != want {
			t.Errorf("marshalling, %d deep: %v", depth, err)
		}
	}
	// Memory: a struct for every null.
	nulls := treeValue(t, ArrayOf(ObjectType, make([]any, 1000)...))
	var large [][100]int64
	err := UnmarshalOptions{MaxMemory: 799_999}.Unmarshal(nulls, &large)
	if err == nil || err.Error() != "root: more than 799999 bytes of slices, maps and texts (MaxMemory)" {
		t.Errorf("%v", err)
	}
	if err := (UnmarshalOptions{MaxMemory: 800_000}).Unmarshal(nulls, &large); err != nil || len(large) != 1000 {
		t.Errorf("%v", err)
	}
	type loop *loop
	var p loop
	if err := Unmarshal(treeValue(t, "x"), &p); err == nil {
		t.Error("a pointer to itself holds a String")
	}
}

func deepSlice(n int) []any {
	deep := []any{nil}
	for range n - 1 {
		deep = []any{deep}
	}
	return deep
}
