package corejson

import (
	"errors"
	"fmt"
	"hash/maphash"
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
	return &JSONError{b.path.String(), int(b.doc.nodes[i].at), t.String() + ": " + b.doc.nodes[i].kind.String() + " that is none"}
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
	made, err := b.object(t, i, from)
	if err != nil {
		return nil, err
	}
	return made, nil
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

// list makes an array, a List or a HashSet.
func (b *builder) list(t *Type, i int32, from template) (any, error) {
	nodes := b.doc.elements(i)
	templates, err := b.match(t.of, nodes, from)
	if err != nil {
		return nil, err
	}
	values := make([]any, len(nodes))
	for at, node := range nodes {
		b.path.element(at)
		var of template
		if templates != nil {
			of = templates[at]
		}
		if values[at], err = b.value(t.of, node, of); err != nil {
			return nil, err
		}
		b.path.back()
	}
	elem := b.typ(t.of)
	switch t.kind {
	case kindArray:
		return nrbf.ArrayOf(elem, values...), nil
	case kindList:
		return nrbf.List(elem, values...), nil
	}
	n := int32(len(values))
	c := hashSetType(elem)
	comparer := b.comparer(from)
	if comparer == nil {
		comparer = nrbf.DefaultComparer(elem)
	}
	if n == 0 { // as .NET writes it
		c.Members = c.Members[:3]
		return c.New(int32(0), comparer, int32(0)), nil
	}
	return c.New(n, comparer, n, nrbf.ArrayOf(elem, values...)), nil
}

// comparer returns that of a stored dictionary or set, nil if there is none.
func (b *builder) comparer(from template) *nrbf.Instance {
	if m, ok := from.v.Member("Comparer"); ok {
		comparer, _ := b.rebuild.Value(m).(*nrbf.Instance)
		return comparer
	}
	return nil
}

// match finds the stored objects that the elements of a list were: those that are equal, then the one in the same place, if
// no element was added or taken away and it is not another's. Who changes an object and moves it in one go has it made anew.
func (b *builder) match(t *Type, nodes []int32, from template) ([]template, error) {
	if from.v.IsNull() || t.scalar() || t.kind == kindEnum || t.kind == kindBytes {
		return nil, nil
	}
	stored, why := elements(from.v)
	if why != "" {
		return nil, b.path.unconvertible(why)
	}
	olds := b.old.elements(from.node)
	found := make([]template, len(nodes))
	matched := make([]bool, len(nodes))
	taken := make([]bool, len(olds))
	take := func(i, j int) { found[i], matched[i], taken[j] = template{stored[j], olds[j]}, true, true }
	for i := range min(len(nodes), len(olds)) {
		if b.doc.equal(nodes[i], b.old, olds[i]) {
			take(i, i)
		}
	}
	seed := maphash.MakeSeed()
	free := map[uint64][]int{}
	for j := range olds {
		if !taken[j] {
			h := b.old.hash(seed, olds[j])
			free[h] = append(free[h], j)
		}
	}
	for i := range nodes {
		if matched[i] {
			continue
		}
		h := b.doc.hash(seed, nodes[i])
		if at := free[h]; len(at) > 0 && b.doc.equal(nodes[i], b.old, olds[at[0]]) {
			take(i, at[0])
			free[h] = at[1:]
		}
	}
	if len(nodes) != len(olds) {
		return found, nil
	}
	for i := range nodes {
		if !matched[i] && !taken[i] {
			take(i, i)
		}
	}
	return found, nil
}

func (b *builder) dictionary(t *Type, i int32, from template) (any, error) {
	stored := map[string]template{}
	if !from.v.IsNull() {
		at := from.node + 1 // its JSON has the entries in the same order
		_, err := entries(from.v, func(_ int, _, value nrbf.Value) error {
			stored[b.old.string(at)] = template{value, at + 1}
			at = b.old.nodes[at+1].next
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var pairs []nrbf.Pair
	places := map[string]int{}
	var failed error
	n := 0
	b.doc.members(i, func(name string, at int32) {
		if failed != nil {
			return
		}
		b.path.entry(n)
		n++
		key, ok := t.key.parseName(name)
		if !ok {
			failed = &JSONError{b.path.String(), int(b.doc.nodes[at-1].at), "a key that is no " + t.key.String()}
			return
		}
		value, err := b.value(t.of, at, stored[name])
		if err != nil {
			failed = err
			return
		}
		b.path.back()
		if first, twice := places[name]; twice { // the last counts
			pairs[first].Value = value
			return
		}
		places[name] = len(pairs)
		pairs = append(pairs, nrbf.Pair{Key: t.key.value(key), Value: value})
	})
	if failed != nil {
		return nil, failed
	}
	made, err := nrbf.Dictionary(b.typ(t.key), b.typ(t.of), b.comparer(from), pairs...)
	if err != nil {
		var e *nrbf.BuildError
		if errors.As(err, &e) {
			return nil, b.path.unconvertible(e.Reason)
		}
		return nil, b.path.unconvertible(err.Error())
	}
	return made, nil
}

// parseName reads the key of a dictionary's entry.
func (t *Type) parseName(name string) (s scalar, ok bool) {
	if t.isInteger() {
		s.bits, ok = parseInteger([]byte(name), t.kind)
		return s, ok
	}
	s, ok, _ = t.parseText(name, false)
	return s, ok
}

func (b *builder) pair(t *Type, names map[string]int32, from template) (any, error) {
	key, err := b.part("Key", t.key, names, from, "key")
	if err != nil {
		return nil, err
	}
	value, err := b.part("Value", t.of, names, from, "value")
	if err != nil {
		return nil, err
	}
	return nrbf.KeyValuePairType(b.typ(t.key), b.typ(t.of)).New(key, value), nil
}

// part returns a member; what JSON lacks is null or 0, as where nothing was assigned.
func (b *builder) part(name string, t *Type, names map[string]int32, from template, field string) (any, error) {
	b.path.member(name)
	var made any
	var err error
	if at, ok := names[name]; !ok {
		made, err = b.zero(t)
	} else {
		var of template
		if of.v, ok = from.v.Member(field); ok {
			of.node = b.old.byName(from.node)[name]
		}
		made, err = b.value(t, at, of)
	}
	if err == nil {
		b.path.back()
	}
	return made, err
}

// class makes an object of a class, of the stored one if there is one.
func (b *builder) class(t *Type, i int32, from template) (any, error) {
	names := b.doc.byName(i)
	if from.v.IsNull() {
		return b.newObject(t, names)
	}
	made := &nrbf.Instance{Class: b.rebuild.Class(from.v), Values: make([]any, from.v.Len())}
	b.keep(i, from, made)
	olds := b.old.byName(from.node)
	fields := map[string]*member{}
	for _, m := range t.class.members {
		if m.name == "" {
			continue
		}
		fields[m.field] = m
		if _, ok := from.v.Member(m.field); !ok {
			if at, ok := names[m.name]; ok && !b.doc.equal(at, b.old, olds[m.name]) {
				b.path.member(m.name)
				return nil, b.path.unconvertible("the stored object has no field for it")
			}
		}
	}
	for at := range made.Values {
		m := fields[from.v.MemberName(at)]
		if m == nil {
			b.kept = append(b.kept, keptField{made, at, from.v.At(at)})
			continue
		}
		var err error
		b.path.member(m.name)
		if node, ok := names[m.name]; ok {
			made.Values[at], err = b.value(m.typ, node, template{from.v.At(at), olds[m.name]})
		} else {
			made.Values[at], err = b.zero(m.typ)
		}
		if err != nil {
			return nil, err
		}
		b.path.back()
	}
	return made, nil
}

// newObject makes an object that is not stored yet.
func (b *builder) newObject(t *Type, names map[string]int32) (any, error) {
	layout, err := b.layout(t)
	if err != nil {
		return nil, err
	}
	made := layout.New(make([]any, len(layout.Members))...)
	for at, m := range t.class.members {
		var err error
		b.path.member(m.name)
		if node, ok := names[m.name]; ok && m.name != "" {
			made.Values[at], err = b.value(m.typ, node, template{})
		} else {
			made.Values[at], err = b.zero(m.typ)
		}
		if err != nil {
			return nil, err
		}
		b.path.back()
	}
	return made, nil
}

func (b *builder) layout(t *Type) (*nrbf.ClassType, error) {
	if !t.class.complete {
		return nil, b.path.unconvertible(fmt.Sprintf("a new object of %s, of which not all fields are known", t))
	}
	if known := b.layouts[t.class]; known != nil {
		return known, nil
	}
	c := &nrbf.ClassType{Name: t.class.name, Library: b.library(t.class), ValueType: t.class.isStruct}
	for _, m := range t.class.members {
		c.Members = append(c.Members, nrbf.MemberDecl{Name: m.field, Type: b.typ(m.typ)})
	}
	b.layouts[t.class] = c
	return c, nil
}

// zero returns what a field holds to which nothing was assigned.
func (b *builder) zero(t *Type) (any, error) {
	switch {
	case t.TakesNull():
		return nil, nil
	case t.scalar():
		return t.value(scalar{}), nil
	case t.kind == kindEnum:
		return b.typ(t).(*nrbf.ClassType).New(t.of.value(scalar{})), nil
	case t.kind == kindPair:
		return b.pair(t, nil, template{})
	}
	return b.newObject(t, nil)
}
