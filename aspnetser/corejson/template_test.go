package corejson

import (
	"errors"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/remote-session"
)

// Row class-private-field: the mapped field changes, the public one that System.Text.Json does not write stays.
func TestTemplate(t *testing.T) {
	plain := parsed(t, demo(t), "Demo.Plain")
	for _, row := range remotesession.Items(t) {
		if row.Name != "class-private-field" {
			continue
		}
		stored := valueOf(t, row.Slot)
		v, err := plain.FromJSON([]byte(`{"Name":"other","Level":9}`), stored, true)
		if err != nil {
			t.Fatal(err)
		}
		g, _ := v.Graph()
		var got struct {
			Name  string `nrbf:"m_name"`
			Level int32
		}
		if err := nrbf.Unmarshal(g.Root(), &got); err != nil || got.Name != "other" || got.Level != 3 {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := plain.FromJSON([]byte(`{"Name":"new"}`), aspnetser.Value{}, false); !errors.As(err, new(*UnconvertibleError)) {
			t.Errorf("without a template: %v", err)
		}
		if null, err := plain.FromJSON([]byte("null"), stored, true); err != nil || !null.IsNull() {
			t.Errorf("null: %v", err)
		}
		return
	}
	t.Error("no such row")
}

// A value of another type than the registered one is replaced, and lends nothing.
func TestOtherTypesAreNoTemplates(t *testing.T) {
	cart := parsed(t, demo(t), "Demo.Cart")
	for _, stored := range []aspnetser.Value{aspnetser.String("x"), aspnetser.Null(), object(t, nrbf.ArrayList("x"))} {
		v, err := cart.FromJSON([]byte(`{"Id":1,"Lines":[{"Sku":"A","Qty":1}]}`), stored, true)
		if err != nil {
			t.Fatal(err)
		}
		out, err := cart.ToJSON(nil, v)
		want := `{"Id":1,"Owner":null,"Total":0,"Opened":"0001-01-01T00:00:00","Shade":0,"Lines":[{"Sku":"A","Qty":1}]}`
		if err != nil || string(out) != want {
			t.Errorf("%s, %v", out, err)
		}
	}
}

// The assembly of what is made anew inside of a stored object is the one that the object names, whatever version the schema
// has: .NET would take two versions for two types.
func TestLibrariesOfTheStoredGraph(t *testing.T) {
	const stored = "Demo, Version=7.0.0.0, Culture=neutral, PublicKeyToken=null"
	line := &nrbf.ClassType{Name: "Demo.Line", Library: stored, Members: []nrbf.MemberDecl{
		{Name: nrbf.BackingField("Sku"), Type: nrbf.StringType}, {Name: nrbf.BackingField("Qty"), Type: nrbf.PrimitiveInt32},
	}}
	lines := parsed(t, demo(t), "List<Demo.Line>")
	v, err := lines.FromJSON([]byte(`[{"Sku":"A","Qty":1},{"Sku":"B","Qty":2}]`), object(t, nrbf.List(line, line.New("A", int32(1)))), true)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := v.Graph()
	stream := string(g.Append(nil))
	if strings.Contains(stream, "Demo, Version=0") || !strings.Contains(stream, stored) {
		t.Errorf("%q", stream)
	}
}

// A field that the stored object has not, because an older version of the class wrote it, can stay at its default.
func TestFieldsThatAreNotStored(t *testing.T) {
	line := &nrbf.ClassType{
		Name: "Demo.Line", Library: "Demo, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null",
		Members: []nrbf.MemberDecl{{Name: nrbf.BackingField("Sku"), Type: nrbf.StringType}},
	}
	typ := parsed(t, demo(t), "Demo.Line")
	stored := object(t, line.New("A"))
	if out, err := typ.ToJSON(nil, stored); err != nil || string(out) != `{"Sku":"A","Qty":0}` {
		t.Errorf("%s, %v", out, err)
	}
	v, err := typ.FromJSON([]byte(`{"Sku":"B","Qty":0}`), stored, true)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := typ.ToJSON(nil, v); err != nil || string(out) != `{"Sku":"B","Qty":0}` {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := typ.FromJSON([]byte(`{"Sku":"B","Qty":1}`), stored, true); err == nil || !strings.Contains(err.Error(), "Qty: the stored object has no field") {
		t.Errorf("%v", err)
	}
}
