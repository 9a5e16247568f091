package corejson

import (
	"strings"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// FromJSON reads the JSON that System.Text.Json writes for the type, as strictly as that reads it, and returns the value that
// is to be stored. stored is what is there now, if has is true; it is not changed. What is equal in value is stored as it is,
// and a stored object is the template of the new one: see the package comment.
//
// A text that is no JSON of the type gives a *[JSONError]. JSON that is and cannot be stored gives an *[UnconvertibleError]:
// objects for which there is no template and no Complete class, dates that need a zone, more than the limits of package
// nrbf allow to be read again.
func (t *Type) FromJSON(json []byte, stored aspnetser.Value, has bool) (aspnetser.Value, error) {
	d, err := read(json)
	if err != nil {
		return aspnetser.Value{}, err
	}
	b := builder{doc: d, types: map[*Type]nrbf.Type{}, layouts: map[*class]*nrbf.ClassType{}, libraries: map[string]string{}}
	var from template
	if has {
		// A stored value of another type is no template.
		if old, err := t.ToJSON(nil, stored); err == nil {
			if b.old, err = read(old); err == nil {
				if d.equal(0, b.old, 0) {
					return stored, nil
				}
				if g, ok := stored.Graph(); ok {
					b.rebuild, from.v = nrbf.NewRebuilder(g), g.Root()
				}
			}
		}
	}
	return b.root(t, from)
}

// builder makes the value of one document.
type builder struct {
	doc  *document
	path path

	old     *document // JSON of what is stored
	rebuild *nrbf.Rebuilder
	done    map[int]rebuilt // stored objects, by ID
	kept    []keptField     // of stored objects

	types     map[*Type]nrbf.Type
	layouts   map[*class]*nrbf.ClassType
	libraries map[string]string // full names of the assemblies of the stored graph, by simple name in lower case
}

// template is a stored value and its JSON; v is null where there is none.
type template struct {
	v    nrbf.Value
	node int32 // in old
}

// rebuilt is what became of a stored object.
type rebuilt struct {
	node int32 // in doc
	made any
}

// keptField is a field that JSON has not. What it refers to is only known when all else is made.
type keptField struct {
	of    *nrbf.Instance
	i     int
	value nrbf.Value
}

func (b *builder) wrong(t *Type, i int32) error {
	return &JSONError{b.path.String(), int(b.doc.nodes[i].at), b.doc.nodes[i].kind.String() + " that is no " + t.String()}
}

func (b *builder) root(t *Type, from template) (aspnetser.Value, error) {
	if b.doc.nodes[0].kind == isNull && t.TakesNull() {
		return aspnetser.Null(), nil
	}
	if t.kind == kindNullable {
		t = t.of
	}
	if t.scalar() && scalars[t.kind].item != 0 {
		s, ok, refused := t.parse(b.doc, 0, true)
		switch {
		case !ok:
			return aspnetser.Value{}, b.wrong(t, 0)
		case refused != "":
			return aspnetser.Value{}, b.path.unconvertible(refused)
		}
		return t.item(s), nil
	}
	made, err := b.value(t, 0, from)
	if err != nil {
		return aspnetser.Value{}, err
	}
	for _, k := range b.kept {
		k.of.Values[k.i] = b.rebuild.Value(k.value)
	}
	stream, err := nrbf.EncodeStream(made)
	if err != nil {
		return aspnetser.Value{}, &UnconvertibleError{Reason: "it cannot be written: " + err.Error()}
	}
	g, _, err := nrbf.Decode(stream, nrbf.Limits{})
	if err != nil {
		return aspnetser.Value{}, &UnconvertibleError{Reason: "it could not be read again: " + err.Error()}
	}
	return aspnetser.Object(g), nil
}

// value returns a node as a value of a new graph.
func (b *builder) value(t *Type, i int32, from template) (any, error) {
	kind := b.doc.nodes[i].kind
	if kind == isNull && t.TakesNull() {
		return nil, nil
	}
	if t.kind == kindNullable {
		t = t.of
	}
	if t.scalar() {
		s, ok, refused := t.parse(b.doc, i, false)
		switch {
		case !ok:
			return nil, b.wrong(t, i)
		case refused != "":
			return nil, b.path.unconvertible(refused)
		}
		return t.value(s), nil
	}
	if t.kind == kindEnum {
		s, ok, _ := t.of.parse(b.doc, i, false)
		if !ok {
			return nil, b.wrong(t, i)
		}
		b.learn(t, from)
		return b.typ(t).(*nrbf.ClassType).New(t.of.value(s)), nil
	}
	if want := t.json(); kind != want {
		return nil, b.wrong(t, i)
	}
	if t.kind == kindBytes {
		bytes, ok := parseBytes(b.doc.string(i))
		if !ok {
			return nil, b.wrong(t, i)
		}
		return nrbf.ArrayFrom(bytes), nil
	}
	b.learn(t, from)
	id, _ := from.v.ID()
	if done, met := b.done[id]; met && !t.isValueType() && !from.v.IsNull() {
		if b.doc.equal(i, b.doc, done.node) {
			return done.made, nil
		}
		return nil, b.path.unconvertible("an object that another place shares was changed here alone")
	}
	return b.object(t, i, from)
}

// json returns what the JSON of a type with parts is.
func (t *Type) json() nodeKind {
	switch t.kind {
	case kindBytes:
		return isString
	case kindArray, kindList, kindHashSet:
		return isArray
	}
	return isObject
}

// keep has all mentions of a stored object become what it was rebuilt as.
func (b *builder) keep(i int32, from template, made any) {
	id, ok := from.v.ID()
	if !ok {
		return
	}
	if b.done == nil {
		b.done = map[int]rebuilt{}
	}
	b.done[id] = rebuilt{i, made}
	b.rebuild.Replace(from.v, made)
}

func (b *builder) object(t *Type, i int32, from template) (made any, err error) {
	switch t.kind {
	case kindClass:
		return b.class(t, i, from)
	case kindDictionary:
		made, err = b.dictionary(t, i, from)
	case kindPair:
		made, err = b.pair(t, b.doc.byName(i), from)
	default:
		made, err = b.list(t, i, from)
	}
	if err == nil {
		b.keep(i, from, made)
	}
	return made, err
}

// typ returns the type as the graph declares it: with the assemblies that the stored graph names.
func (b *builder) typ(t *Type) nrbf.Type {
	if known := b.types[t]; known != nil {
		return known
	}
	made := t.graph(b.library)
	b.types[t] = made
	return made
}

func (b *builder) library(c *class) string {
	if full := b.libraries[simpleName(c.library)]; full != "" {
		return full
	}
	return c.library
}

func simpleName(library string) string {
	simple, _, _ := strings.Cut(library, ",")
	return strings.ToLower(strings.TrimSpace(simple))
}

// learn notes the assemblies that the type of a stored object names.
func (b *builder) learn(t *Type, from template) {
	if from.v.IsNull() {
		return
	}
	name, library := from.v.ClassName(), from.v.Library()
	if from.v.Kind() == nrbf.KindArray {
		name, library = from.v.ElementType()
	}
	if n, _, ok := parseDotNet(name); ok {
		b.learnName(&n, library)
	}
}

func (b *builder) learnName(n *dotNet, library string) {
	if simple := simpleName(library); simple != "" && b.libraries[simple] == "" {
		b.libraries[simple] = library
	}
	for i := range n.args {
		b.learnName(&n.args[i], n.args[i].library)
	}
	if n.of != nil {
		b.learnName(n.of, library)
	}
}
