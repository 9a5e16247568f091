package corejson

import (
	"encoding/base64"
	"slices"

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
