package corejson

import (
	"fmt"
	"strings"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// inference finds out what types the values of a graph have.
type inference struct {
	zone    *zone
	rebuild *nrbf.Rebuilder
	objects map[typeName]nrbf.Value // the first of each class
	nulls   map[field]bool          // that are null in some object
	filled  map[field]bool          // that are not in some
	known   map[typeName]*class
	order   []*class
	missing map[*class]string // why a class is not complete
	depth   int
}

type typeName struct{ name, library string }

type field struct {
	of   typeName
	name string
}

func newInference(v aspnetser.Value) *inference {
	in := &inference{
		zone: &zone{web: time.UTC, asked: new(bool)}, objects: map[typeName]nrbf.Value{}, nulls: map[field]bool{}, filled: map[field]bool{},
		known: map[typeName]*class{}, missing: map[*class]string{},
	}
	g, ok := v.Graph()
	if !ok || g == nil {
		return in
	}
	in.rebuild = nrbf.NewRebuilder(g)
	met := make([]bool, g.Objects()+1)
	for todo := []nrbf.Value{g.Root()}; len(todo) > 0; {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		id, ok := v.ID()
		if _, packed := v.Packed(); !ok || met[id] || packed {
			continue
		}
		met[id] = true
		name := typeName{v.ClassName(), v.Library()}
		if v.Kind() == nrbf.KindClass && in.objects[name].IsNull() {
			in.objects[name] = v
		}
		for i, part := range v.All() {
			if _, ok := part.ID(); ok {
				todo = append(todo, part)
			}
			switch {
			case v.Kind() != nrbf.KindClass:
			case part.IsNull():
				in.nulls[field{name, v.MemberName(i)}] = true
			default:
				in.filled[field{name, v.MemberName(i)}] = true
			}
		}
	}
	return in
}

func (in *inference) item(v aspnetser.Value) (t *Type, why string) {
	switch v.Type() {
	case aspnetser.TypeNull:
		return nil, "null, which says nothing of a type"
	case aspnetser.TypeUndecodable:
		return nil, "it cannot be decoded"
	case aspnetser.TypeIntPtr, aspnetser.TypeUIntPtr:
		return nil, v.Type().String() + ", which System.Text.Json refuses"
	case aspnetser.TypeObject:
		if in.rebuild == nil {
			return nil, "an Object without a graph"
		}
		g, _ := v.Graph()
		return in.value(g.Root())
	}
	for k := range scalars {
		if scalars[k].item == v.Type() {
			return in.typ(Type{kind: kind(k)}), ""
		}
	}
	return nil, "an unknown type"
}

func (in *inference) typ(t Type) *Type {
	t.zone = in.zone
	return &t
}

// value returns the type of an object.
func (in *inference) value(v nrbf.Value) (*Type, string) {
	switch v.Kind() {
	case nrbf.KindArray:
		name, library := v.ElementType()
		if len(v.Lengths()) != 1 || v.Lower() != nil {
			return nil, "an array of several dimensions or with a lower bound"
		}
		return in.stored(name+"[]", library)
	case nrbf.KindString:
		return in.typ(Type{kind: kindString}), ""
	case nrbf.KindClass:
		return in.stored(v.ClassName(), v.Library())
	}
	return nil, "an Object that no .NET writes"
}

func (in *inference) stored(name, library string) (*Type, string) {
	n, rest, ok := parseDotNet(name)
	if !ok || rest != "" {
		return nil, nrbf.QuoteCut(name, 80) + ", which is no type that C# can name"
	}
	if library == nrbf.CoreLibrary {
		library = ""
	}
	return in.named(&n, library)
}

// maxInferred is how many classes of the application may be declared one in another.
const maxInferred = 100

// named returns the type of a stored name.
func (in *inference) named(n *dotNet, library string) (*Type, string) {
	if n.of != nil {
		if n.rank != 1 {
			return nil, "an array of several dimensions"
		}
		of, why := in.named(n.of, library)
		switch {
		case why != "":
			return nil, why
		case of.kind == kindByte:
			return in.typ(Type{kind: kindBytes}), ""
		}
		return in.typ(Type{kind: kindArray, of: of}), ""
	}
	for k := range scalars {
		if scalars[k].full == n.name {
			return in.typ(Type{kind: kind(k)}), ""
		}
	}
	if g, ok := generics[n.name]; ok && len(n.args) == g.args {
		t := Type{kind: g.kind}
		for i := range n.args {
			arg, why := in.stored(n.args[i].stored(), n.args[i].library)
			if why != "" {
				return nil, why
			}
			t.key, t.of = t.of, arg
		}
		if t.kind == kindDictionary && !t.key.isKey() {
			return nil, "a Dictionary whose keys are of type " + t.key.String()
		}
		return in.typ(t), ""
	}
	if library == "" || isFramework(library) || n.args != nil {
		return in.framework(n, library)
	}
	return in.class(typeName{n.name, library})
}

// stored spells a name as it was.
func (n *dotNet) stored() string {
	if n.of != nil {
		return n.of.stored() + "[" + strings.Repeat(",", n.rank-1) + "]"
	}
	if n.args == nil {
		return n.name
	}
	args := make([]string, len(n.args))
	for i := range n.args {
		if args[i] = n.args[i].stored(); n.args[i].library != "" {
			args[i] += ", " + n.args[i].library
		}
		args[i] = "[" + args[i] + "]"
	}
	return n.name + "[" + strings.Join(args, ",") + "]"
}

// framework refuses what .NET itself brings and JSON does not carry, but for its enums.
func (in *inference) framework(n *dotNet, library string) (*Type, string) {
	name := typeName{n.name, library}
	if v := in.objects[name]; n.args == nil && isEnum(v) {
		return in.class(name)
	}
	if n.name == "System.Object" {
		return nil, "object, which System.Text.Json reads back as a JsonElement"
	}
	return nil, shortName(n.stored()) + ", which System.Text.Json or this program does not carry"
}

// isFramework says whether an assembly has one of the keys that Microsoft signs .NET with.
func isFramework(library string) bool {
	for _, token := range []string{"b77a5c561934e089", "b03f5f7f11d50a3a", "31bf3856ad364e35", "cc7b13ffcd2ddd51", "7cec85d7bea7798e"} {
		if strings.Contains(library, token) {
			return true
		}
	}
	return false
}

func isEnum(v nrbf.Value) bool { return v.Len() == 1 && v.MemberName(0) == "value__" }

// class returns the type of a class of the application, with the members of the first object of it.
func (in *inference) class(name typeName) (*Type, string) {
	if c := in.known[name]; c != nil {
		return in.typ(c.ofClass()), ""
	}
	if in.depth == maxInferred || len(in.order) == maxInferred {
		return nil, fmt.Sprintf("more than %d classes", maxInferred)
	}
	in.depth++
	defer func() { in.depth-- }()
	c := &class{name: name.name, library: name.library}
	if dotted := strings.ReplaceAll(c.name, "+", "."); isTaken(dotted) {
		return nil, dotted + ", whose name has another type to this program"
	}
	in.known[name] = c
	in.order = append(in.order, c)
	v := in.objects[name]
	switch {
	case v.IsNull():
		in.missing[c] = "there is no object of it"
		return in.typ(c.ofClass()), ""
	case isEnum(v):
		over, why := in.named(&dotNet{name: v.At(0).Primitive().FullName()}, "")
		if why != "" || !over.isInteger() {
			return nil, "an enum over no integer type"
		}
		c.over = over
		return in.typ(c.ofClass()), ""
	}
	if isCollection(v) {
		return nil, strings.ReplaceAll(c.name, "+", ".") + ", which derives from a collection"
	}
	c.complete = true
	declared := in.rebuild.Class(v)
	c.isStruct = declared.ValueType
	names := map[string]bool{}
	for _, m := range declared.Members {
		property, isProperty := property(m.Name)
		if !isProperty { // nor is its type looked at: what refuses that need not refuse the object
			if c.complete {
				c.complete, in.missing[c] = false, "its field "+shownName(m.Name)+" is no auto-property"
			}
			continue
		}
		t, why := in.member(m.Type, in.nulls[field{name, m.Name}])
		switch {
		case why != "":
			return nil, shownName(property) + ": " + why
		case names[property]:
			return nil, "two properties are called " + shownName(property)
		}
		names[property] = true
		c.members = append(c.members, &member{property, m.Name, append(appendString(nil, property), ':'), t})
	}
	if len(c.members) == 0 && len(declared.Members) > 0 {
		return nil, strings.ReplaceAll(c.name, "+", ".") + " has fields and no auto-properties: which properties show them is not stored"
	}
	return in.typ(c.ofClass()), ""
}

// isTaken says whether ParseType would take the name of a class for that of another type.
func isTaken(name string) bool {
	for k := range scalars {
		if s := &scalars[k]; name == s.name || name == s.full {
			return true
		}
	}
	for full, g := range generics {
		if definition, _, _ := strings.Cut(full, "`"); name == g.name || name == definition {
			return true
		}
	}
	return name == "enum"
}

// isCollection says whether an object is one to package nrbf: of a class that derives from one.
func isCollection(v nrbf.Value) bool {
	var elements []nrbf.Value
	var entries []nrbf.Pair
	return nrbf.Unmarshal(v, &elements) == nil || nrbf.Unmarshal(v, &entries) == nil
}

// shownName is a stored name of a member for errors.
func shownName(name string) string {
	if len(name) > 80 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
		return nrbf.QuoteCut(name, 80)
	}
	return name
}

// property returns the name of the auto-property behind a member, which may be inherited.
func property(field string) (name string, ok bool) {
	open := strings.IndexByte(field, '<')
	if open < 0 || open > 0 && field[open-1] != '+' {
		return "", false
	}
	name, ok = strings.CutSuffix(field[open+1:], ">k__BackingField")
	return name, ok && name != ""
}

// member returns the type of a member: as it is declared, but for structs, which may be null where one is.
func (in *inference) member(declared nrbf.Type, null bool) (*Type, string) {
	if n, ok := declared.(nrbf.NullableType); ok {
		if c, ok := n.Of.(*nrbf.ClassType); ok && !null {
			declared = c
		}
	}
	return in.stored(declared.FullName(), declared.Assembly())
}
