package inventory

import (
	"fmt"
	"go/format"
	"go/token"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Go writes a Go file: a struct for each application with its items, and the classes that they need. The structs take
// everything that was seen, nulls included, so that aspnetser.Get, Value.Unmarshal and nrbf.Unmarshal fail on none of it;
// those of classes carry the tags by which nrbf.Marshal writes them again.
func (r *Report) Go(w io.Writer, pkg string) error {
	g := &goFile{r: r, imports: map[string]bool{}, taken: names{}}
	for _, name := range []string{"Types"} {
		g.taken.take(name)
	}
	for _, c := range r.Classes {
		g.taken.take(c.goName)
	}
	for i := range r.Apps {
		g.app(&r.Apps[i])
	}
	for _, c := range r.Classes {
		g.class(c)
	}
	g.types()
	var head strings.Builder
	fmt.Fprintf(&head, "// Made by aspstate inventory out of %s. It shows what was seen there; other sessions may hold other things.\n\npackage %s\n\n",
		counted(r.Looked, "session"), pkg)
	if len(g.imports) > 0 {
		head.WriteString("import (\n")
		for _, std := range []bool{true, false} {
			for _, path := range slices.Sorted(mapsKeys(g.imports)) {
				if std != strings.Contains(path, ".") {
					fmt.Fprintf(&head, "%q\n", path)
				}
			}
			head.WriteString("\n")
		}
		head.WriteString(")\n\n")
	}
	src, err := format.Source([]byte(head.String() + g.b.String()))
	if err != nil {
		return fmt.Errorf("inventory: the Go that was made cannot be read: %w", err) // a fault of ours
	}
	_, err = w.Write(src)
	return err
}

// IsPackageName says that a text can be the name of a Go package.
func IsPackageName(s string) bool { return token.IsIdentifier(s) && s != "_" }

// goFile is a Go file that is being written.
type goFile struct {
	r       *Report
	b       strings.Builder
	imports map[string]bool
	taken   names
}

const (
	importASPNETSer = "github.com/aspstate/aspstate/aspnetser"
	importNRBF      = "github.com/aspstate/aspstate/aspnetser/nrbf"
)

func (g *goFile) printf(f string, a ...any) { fmt.Fprintf(&g.b, f, a...) }

// uses notes what a type needs to be imported.
func (g *goFile) uses(typ string) string {
	for prefix, path := range map[string]string{"nrbf.": importNRBF, "time.": "time", "big.": "math/big"} {
		if strings.Contains(typ, prefix) {
			g.imports[path] = true
		}
	}
	return typ
}

func (g *goFile) app(a *App) {
	name := a.Name
	if name == "" {
		name = "App"
	}
	name = g.taken.take(exported(shortApp(name)))
	fields := names{"Read": true}
	type item struct{ field, key string }
	var items []item
	g.printf("// %s is what sessions of the application %s hold.\ntype %s struct {\n", name, strconv.Quote(a.Name), name)
	for _, k := range a.byName() {
		if k.Kind != KindKey {
			g.printf("// not here: %s, %s, in %s\n", k.title(), kindTitle[k.Kind], counted(k.Sessions, "session"))
			continue
		}
		field := fields.take(exported(k.Key))
		items = append(items, item{field, k.Key})
		g.printf("%s %s // %s: %s, in %s\n", field, g.uses(k.Go), strconv.Quote(k.Key), k.typeNames(), percent(k))
	}
	g.printf("}\n\n")
	if len(items) == 0 {
		return
	}
	g.imports[importASPNETSer], g.imports["errors"] = true, true
	if !g.taken.has("readItem") {
		g.taken.take("readItem")
		g.printf("// readItem reads an item, if there is one.\nfunc readItem[T any](c *aspnetser.Collection, key string, dst *T) error {\n" +
			"v, err := aspnetser.Get[T](c, key)\nif errors.Is(err, aspnetser.ErrNoItem) {\nreturn nil\n}\n*dst = v\nreturn err\n}\n\n")
	}
	g.printf("// Read reads the items of a session; those that it does not have stay as they are. The error joins those of all items.\n"+
		"func (s *%s) Read(c *aspnetser.Collection) error {\nreturn errors.Join(\n", name)
	for _, it := range items {
		g.printf("readItem(c, %s, &s.%s),\n", strconv.Quote(it.key), it.field)
	}
	g.printf(")\n}\n\n")
}

func (g *goFile) class(c *Class) {
	g.imports[importNRBF] = true
	stored := c.stored
	if c.Assembly != "" {
		stored += ", " + c.Assembly
	}
	if c.Enum != "" {
		g.printf("// %s is the enum %s.\ntype %s %s\n\n", c.goName, printable(c.Name), c.goName, goTypes["System."+c.Enum][0])
		g.printf("// NRBFEnum names the enum to nrbf.Marshal.\nfunc (%s) NRBFEnum() string { return %q }\n\n", c.goName, stored)
		return
	}
	kind, mark := "class", "nrbf.Class"
	if c.ValueType {
		kind, mark = "struct", "nrbf.Struct"
	}
	g.printf("// %s is the %s %s.", c.goName, kind, printable(c.Name))
	if c.Varies {
		g.printf(" Its instances do not all have the same members.")
	}
	g.printf("\ntype %s struct {\n_ %s %s\n", c.goName, mark, tag(stored))
	fields := names{}
	for i := range c.Members {
		m := &c.Members[i]
		if c.extends != "" && isContents(m.Name) {
			continue
		}
		if strings.ContainsAny(m.Name, ",\n") {
			g.printf("// not here: %q, which no tag can name\n", m.Name)
			continue
		}
		field := fields.take(fieldName(m.Name))
		g.printf("%s %s %s", field, g.uses(m.goType), m.tag(field))
		if m.Optional {
			g.printf(" // not in all of them")
		}
		g.printf("\n")
	}
	if c.extends != "" {
		g.printf("%s %s %s\n", fields.take("Contents"), g.uses(c.extends), tag(",contents"))
	}
	g.printf("}\n\n")
}

// tag writes a tag of package nrbf.
func tag(text string) string {
	t := "nrbf:" + strconv.Quote(text)
	if strings.Contains(t, "`") {
		return strconv.Quote(t)
	}
	return "`" + t + "`"
}

// tag names the member that a field is, "" where its name does.
func (m *Member) tag(field string) string {
	name, options := m.Name, ""
	if property, ok := backed(m.Name); ok {
		name, options = property, ",property"
	}
	if name == field {
		name = ""
	}
	if m.goOption != "" {
		options += "," + m.goOption
	}
	if name+options == "" {
		return ""
	}
	return tag(name + options)
}

// types writes the table by which values of type object become structs.
func (g *goFile) types() {
	if len(g.r.Classes) == 0 {
		return
	}
	g.imports["reflect"] = true
	g.printf("// Types are the Go types of the classes, for nrbf.UnmarshalOptions: by them values in places declared as object become\n" +
		"// structs as well.\nvar Types = map[string]reflect.Type{\n")
	for _, c := range g.r.Classes {
		if c.Enum != "" {
			continue
		}
		star := "*"
		if c.ValueType {
			star = ""
		}
		g.printf("%q: reflect.TypeFor[%s%s](),\n", c.stored, star, c.goName)
	}
	g.printf("}\n")
}
