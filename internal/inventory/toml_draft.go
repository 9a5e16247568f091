package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/corejson"
)

// drafts writes, as comments, tables of the classes that the application's other keys need: somebody who has their source can
// put the names of properties in.
func (r *Report) drafts(b *strings.Builder, a *App) {
	known := map[string]*Class{}
	for _, c := range r.Classes {
		known[c.parsed.identity()] = c
	}
	d := draft{known: known, met: map[*Class]bool{}}
	for _, k := range a.byName() {
		if k.Carried == "" && k.Kind == KindKey && k.parsed != nil {
			d.meet(k.parsed)
		}
	}
	d.classes = slices.DeleteFunc(d.classes, func(c *Class) bool {
		return slices.ContainsFunc(a.classes, func(f corejson.Found) bool { return f.Name == c.Name })
	})
	if len(d.classes) == 0 {
		return
	}
	slices.SortFunc(d.classes, func(a, b *Class) int { return strings.Compare(a.Name, b.Name) })
	fmt.Fprintf(b, "\n# Drafts: with the names of the properties that show the fields, these classes can be taken in, and their keys.\n")
	schema := d.schema(a)
	for i, c := range d.classes {
		if i == 0 || c.Name != d.classes[i-1].Name {
			c.draft(b, tomlKey(a.Name), schema)
		}
	}
}

// draft is a walk over the classes that types lead to.
type draft struct {
	known   map[string]*Class // by identity
	met     map[*Class]bool
	classes []*Class
}

// meet takes in a class that a type names, and all that its members do. What derives from a collection has no table.
func (d *draft) meet(t *typeName) {
	for todo := []*typeName{t}; len(todo) > 0; {
		t := todo[len(todo)-1]
		todo = append(todo[:len(todo)-1], t.args...)
		if t.elem != nil {
			todo = append(todo, t.elem)
			continue
		}
		c := d.known[t.identity()]
		if c == nil || d.met[c] || c.extends != "" {
			continue
		}
		d.met[c] = true
		if _, err := corejson.NewSchema([]corejson.Class{{Name: c.Name, Library: c.Assembly}}, nil); err == nil {
			d.classes = append(d.classes, c)
		}
		for i := range c.Members {
			todo = append(todo, c.Members[i].declared)
		}
	}
}

// schema has the names of all classes, so that types can be tried.
func (d *draft) schema(a *App) *corejson.Schema {
	named := map[string]corejson.Class{}
	for _, f := range a.classes {
		named[f.Name] = corejson.Class{Name: f.Name, Library: f.Library, Struct: f.Struct, Enum: f.Enum}
	}
	for _, c := range d.classes {
		named[c.Name] = corejson.Class{Name: c.Name, Library: c.Assembly, Struct: c.ValueType && c.Enum == "", Enum: keywords["System."+c.Enum]}
	}
	var all []corejson.Class
	for _, c := range named {
		all = append(all, c)
	}
	schema, err := corejson.NewSchema(all, nil)
	if err != nil { // an enum over no integers, which no .NET writes
		schema, _ = corejson.NewSchema(nil, nil)
	}
	return schema
}

// draft writes one class. Members whose types a bridge does not take are comments within the comment.
func (c *Class) draft(b *strings.Builder, app string, schema *corejson.Schema) {
	fmt.Fprintf(b, "# [remoteapp.%s.class.%s]\n# library = %s\n", app, tomlKey(c.Name), tomlString(c.Assembly))
	if c.Enum != "" {
		fmt.Fprintf(b, "# enum = %s\n", tomlString(keywords["System."+c.Enum]))
		return
	}
	if c.ValueType {
		b.WriteString("# struct = true\n")
	}
	b.WriteString("# members = [\n")
	for i := range c.Members {
		m := &c.Members[i]
		_, field := cutBase(m.Name)
		name, _ := backed(field)
		t, err := schema.ParseType(m.Type)
		self := c.ValueType && m.declared.identity() == c.parsed.identity() // declared as object, in truth
		if err != nil || m.disagrees || self {
			fmt.Fprintf(b, "#   # %s is left out: %s\n", printable(field), printable(m.Type))
			continue
		}
		text := m.Type
		if m.Nulls && !t.TakesNull() {
			text += "?"
		}
		fmt.Fprintf(b, "#   { name = %s, type = %s", tomlString(name), tomlString(text))
		if _, property := backed(m.Name); !property {
			fmt.Fprintf(b, ", field = %s", tomlString(m.Name))
		}
		b.WriteString(" },\n")
	}
	b.WriteString("# ]\n")
}
