package corejson

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// ToJSON appends the JSON that System.Text.Json writes for v under the type, escapes included. All errors are
// *[UnconvertibleError]; dst is then returned as it was.
//
// The JSON of a graph takes at most 64 KiB and 32 times the stream, which no graph comes near that does not mention large
// objects again and again.
func (t *Type) ToJSON(dst []byte, v aspnetser.Value) ([]byte, error) {
	w := writer{dst: dst, start: len(dst)}
	if err := w.root(t, v); err != nil {
		return dst, err
	}
	return w.dst, nil
}

// writer writes the JSON of one value.
type writer struct {
	dst   []byte
	start int
	most  int // bytes behind start
	path  path
	open  []int // IDs of the objects around
	known map[typeOf]bool

	// once refuses what JSON alone would lose: an object that is mentioned twice, a comparer of the application's choice.
	once map[int]bool
}

// typeOf is a question that has been answered: is this name, stored in that library, the name of the type?
type typeOf struct {
	t             *Type
	name, library string
}

const (
	minJSON    = 64 << 10
	jsonPerRaw = 32
)

func (w *writer) fail(reason string) error { return w.path.unconvertible(reason) }

func (w *writer) root(t *Type, v aspnetser.Value) error {
	if t.kind == kindNullable && !v.IsNull() {
		t = t.of // a box of a T? is one of a T
	}
	if g, ok := v.Graph(); ok && g != nil {
		w.most = minJSON + jsonPerRaw*g.Size()
		if root := g.Root(); root.Kind() == nrbf.KindPrimitive || root.Kind() == nrbf.KindNull {
			return w.fail("an Object that no .NET writes")
		}
		return w.value(t, g.Root())
	}
	switch {
	case v.IsNull() && t.TakesNull():
		w.dst = append(w.dst, "null"...)
		return nil
	case v.IsNull():
		return w.fail("null, which " + t.String() + " cannot be")
	case !t.scalar() || scalars[t.kind].item != v.Type():
		return w.fail(t.notA(v.Type().String()))
	}
	return w.scalar(t, t.ofItem(v), "")
}

// scalar writes a scalar, unless there is something wrong with it.
func (w *writer) scalar(t *Type, s scalar, why string) error {
	if why == "" {
		w.dst, why = t.append(w.dst, s)
	}
	if why != "" {
		return w.fail(why)
	}
	return w.check()
}

// check refuses what grows out of proportion.
func (w *writer) check() error {
	if w.most > 0 && len(w.dst)-w.start > w.most {
		return w.fail("it mentions so much so often that its JSON would be too large")
	}
	return nil
}

// not says what a value is instead of the type.
func (t *Type) not(v nrbf.Value) string {
	switch v.Kind() {
	case nrbf.KindNull:
		return "null, which " + t.String() + " cannot be"
	case nrbf.KindString:
		return t.notA("String")
	case nrbf.KindPrimitive:
		return t.notA(v.Primitive().String())
	case nrbf.KindArray:
		name, _ := v.ElementType()
		return t.notA(shortName(name) + "[" + strings.Repeat(",", len(v.Lengths())-1) + "]")
	}
	return t.notA(shortName(v.ClassName()))
}

func (t *Type) notA(what string) string { return "a value of type " + what + ", not " + t.String() }

// shortName is a stored name for errors: without assemblies, and cut.
func shortName(stored string) string {
	n, rest, ok := parseDotNet(stored)
	if !ok || rest != "" {
		return nrbf.QuoteCut(stored, 80)
	}
	short := n.short()
	if len(short) > 200 || strings.ToValidUTF8(short, "") != short {
		return nrbf.QuoteCut(short, 80)
	}
	return short
}

func (n *dotNet) short() string {
	if n.of != nil {
		return n.of.short() + "[" + strings.Repeat(",", n.rank-1) + "]"
	}
	if n.args == nil {
		return n.name
	}
	name, _, _ := strings.Cut(n.name, "`")
	args := make([]string, len(n.args))
	for i := range n.args {
		args[i] = n.args[i].short()
	}
	return name + "<" + strings.Join(args, ", ") + ">"
}

// value writes a value of a graph.
func (w *writer) value(t *Type, v nrbf.Value) error {
	if v.IsNull() && t.TakesNull() {
		return w.raw("null")
	}
	if t.kind == kindNullable {
		t = t.of
	}
	if t.scalar() {
		s, why := t.ofGraph(v)
		return w.scalar(t, s, why)
	}
	if !w.is(t, v) {
		return w.fail(t.not(v))
	}
	switch t.kind {
	case kindEnum:
		n, _ := v.Member("value__")
		s, why := t.of.ofGraph(n)
		return w.scalar(t.of, s, why)
	case kindBytes:
		packed, _ := v.Packed()
		w.dst = append(w.dst, '"')
		w.dst = base64.StdEncoding.AppendEncode(w.dst, []byte(packed))
		return w.raw(`"`)
	}
	id, _ := v.ID()
	if err := w.enter(id); err != nil {
		return err
	}
	var err error
	switch t.kind {
	case kindArray, kindList, kindHashSet:
		err = w.list(t, v)
	case kindDictionary:
		err = w.dictionary(t, v)
	case kindPair:
		err = w.pair(t, v)
	case kindClass:
		err = w.class(t, v)
	}
	w.open = w.open[:len(w.open)-1]
	return err
}

func (w *writer) raw(text string) error {
	w.dst = append(w.dst, text...)
	return w.check()
}

// enter begins an array or object.
func (w *writer) enter(id int) error {
	switch {
	case len(w.open) == MaxDepth:
		return w.fail("more than 64 arrays and objects one inside another")
	case id == noObject:
	case slices.Contains(w.open, id):
		return w.fail("an object that is inside of itself")
	case w.once[id]:
		return w.fail("an object that is mentioned twice")
	case w.once != nil:
		w.once[id] = true
	}
	w.open = append(w.open, id)
	return nil
}

// is says whether a value is an instance of the very class, or an array of it.
func (w *writer) is(t *Type, v nrbf.Value) bool {
	q := typeOf{t, v.ClassName(), v.Library()}
	switch v.Kind() {
	case nrbf.KindArray:
		if len(v.Lengths()) != 1 || v.Lower() != nil {
			return false
		}
		q.name, q.library = v.ElementType()
		q.name += "[]"
	case nrbf.KindClass:
	default:
		return false
	}
	is, answered := w.known[q]
	if !answered {
		n, rest, ok := parseDotNet(q.name)
		is = ok && rest == "" && t.matches(&n, q.library)
		if w.known == nil {
			w.known = map[typeOf]bool{}
		}
		w.known[q] = is
	}
	return is
}

// elements returns what a list, array or set has.
func elements(v nrbf.Value) (all []nrbf.Value, why string) {
	if err := nrbf.Unmarshal(v, &all); err != nil {
		return nil, "a collection whose members contradict each other"
	}
	return all, ""
}

func (w *writer) list(t *Type, v nrbf.Value) error {
	if t.of.kind == kindChar { // of which At counts the characters before it
		var chars []nrbf.Char
		if err := nrbf.Unmarshal(v, &chars); err != nil {
			return w.fail("a collection whose members contradict each other")
		}
		return w.elements(len(chars), func(i int) error { return w.scalar(t.of, scalar{bits: uint64(chars[i])}, "") })
	}
	if t.kind == kindHashSet && w.once != nil && !isDefault(v) {
		return w.fail("a comparer that JSON would lose")
	}
	all, why := elements(v)
	if why != "" {
		return w.fail(why)
	}
	return w.elements(len(all), func(i int) error { return w.value(t.of, all[i]) })
}

func (w *writer) elements(n int, element func(i int) error) error {
	w.dst = append(w.dst, '[')
	for i := range n {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.path.element(i)
		if err := element(i); err != nil {
			return err
		}
		w.path.back()
	}
	return w.raw("]")
}

// isDefault says whether the comparer of a dictionary or set is that of its keys, which has no members.
func isDefault(v nrbf.Value) bool {
	c, _ := v.Member("Comparer")
	return c.IsNull() || c.Len() == 0 && strings.HasPrefix(c.ClassName(), "System.Collections.Generic.")
}

// entries calls f with each entry of a Dictionary. An empty one has no pairs.
func entries(v nrbf.Value, f func(i int, key, value nrbf.Value) error) (sound bool, err error) {
	pairs, _ := v.Member("KeyValuePairs")
	if pairs.Kind() != nrbf.KindArray {
		return pairs.IsNull(), nil
	}
	for i, p := range pairs.All() {
		key, ok := p.Member("key")
		value, ok2 := p.Member("value")
		if !ok || !ok2 {
			return false, nil
		}
		if err := f(i, key, value); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (w *writer) dictionary(t *Type, v nrbf.Value) error {
	if w.once != nil && !isDefault(v) {
		return w.fail("a comparer that JSON would lose")
	}
	w.dst = append(w.dst, '{')
	sound, err := entries(v, func(i int, key, value nrbf.Value) error {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.path.entry(i)
		s, why := t.key.ofGraph(key)
		if why == "" {
			w.dst, why = t.key.appendName(w.dst, s)
		}
		if why != "" {
			return w.fail(why)
		}
		if err := w.value(t.of, value); err != nil {
			return err
		}
		w.path.back()
		return nil
	})
	if err == nil && !sound {
		err = w.fail("a collection whose members contradict each other")
	}
	if err != nil {
		return err
	}
	return w.raw("}")
}

// appendName writes the key of a dictionary's entry.
func (t *Type) appendName(dst []byte, s scalar) (_ []byte, why string) {
	if !t.isInteger() {
		dst, why = t.append(dst, s)
		return append(dst, ':'), why
	}
	dst, why = t.append(append(dst, '"'), s)
	return append(dst, '"', ':'), why
}

func (w *writer) pair(t *Type, v nrbf.Value) error {
	w.dst = append(w.dst, `{"Key":`...)
	if err := w.part("Key", t.key, v, "key"); err != nil {
		return err
	}
	w.dst = append(w.dst, `,"Value":`...)
	if err := w.part("Value", t.of, v, "value"); err != nil {
		return err
	}
	return w.raw("}")
}

func (w *writer) class(t *Type, v nrbf.Value) error {
	w.dst = append(w.dst, '{')
	first := true
	for _, m := range t.class.members {
		if m.name == "" {
			continue
		}
		if !first {
			w.dst = append(w.dst, ',')
		}
		first = false
		w.dst = append(w.dst, m.json...)
		if err := w.part(m.name, m.typ, v, m.field); err != nil {
			return err
		}
	}
	return w.raw("}")
}

// part writes a member.
func (w *writer) part(name string, t *Type, v nrbf.Value, field string) (err error) {
	w.path.member(name)
	if m, ok := v.Member(field); ok {
		err = w.value(t, m)
	} else {
		err = w.zero(t) // an older version of the class has not had the field
	}
	if err == nil {
		w.path.back()
	}
	return err
}

// zero writes what a field holds to which nothing was assigned.
func (w *writer) zero(t *Type) error {
	switch {
	case t.TakesNull():
		return w.raw("null")
	case t.scalar():
		return w.scalar(t, scalar{}, "")
	case t.kind == kindEnum:
		return w.raw("0")
	case t.kind == kindPair:
		return w.pair(t, nrbf.Value{})
	}
	if err := w.enter(noObject); err != nil {
		return err
	}
	err := w.class(t, nrbf.Value{})
	w.open = w.open[:len(w.open)-1]
	return err
}

// noObject is the ID of structs that are not stored.
const noObject = 0
