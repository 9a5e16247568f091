package aspnetser

import (
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Lookup returns what a path leads to, from this view on. A path is a row of parts:
//
//	.Name  .'a.b'     a member, by the name that the view shows or by the stored one: .Email and
//	                  ["<Email>k__BackingField"], .id and .Person+id. Where there is none of the name, .Lines is _lines or
//	                  m_lines. The dot at the start of a path may be left out.
//	[3]  [1,2]        an element, in the order of the view: the first of a Queue, the top of a Stack; lower bounds count
//	["key"]  ['key']  the value of a map's entry with this text as key; a member; a column; a table of a DataSet
//	[5]  [key]        the value of a map's entry whose key is written so: a number, a Guid, an enum's number, a text
//	.Keys  .Values    those of a map, as a list
//	[3]  .Rows[3]     a row of a DataTable; [3].Name, [3]["Name"] and [3][1] are a cell of it, [3].Original the
//	                  values from before the change, [3].State the state
//	[0]  .Tables[0]   a table of a DataSet; [Orders] and .Tables[Orders] by its name
//
// Names and texts are matched exactly first and then, where only one is meant, regardless of case. In quotes a backslash
// escapes, as in the text view. What the members and elements of a known class are is what the view shows, but stored
// members can be named as well: .Lines._size. Of the XML of tables a look-up reads 32 MiB: see [ViewOptions]. Errors are
// *[PathError].
func (w View) Lookup(path string) (View, error) {
	segments, err := parsePath(path)
	if err != nil {
		return View{}, err
	}
	return w.follow(path, segments)
}

const maxLookupXML = 4 * maxViewXML // a row far down a table is found by reading the XML once more

// follow goes along a path. One budget is for all of it.
func (w View) follow(path string, segments []segment) (View, error) {
	budget := newViewBudget(maxLookupXML)
	defer budget.close()
	t := newViewWriter(ViewOptions{}, &budget)
	for i := range segments {
		next, why := t.step(w, &segments[i])
		if why != "" {
			return View{}, &PathError{Path: path, Offset: segments[i].offset, Segment: segments[i].text, Reason: why}
		}
		w = next
	}
	return w, nil
}

// step goes one part further, or says why it cannot.
func (t *viewWriter) step(w View, to *segment) (next View, why string) {
	s, src := t.shapeOf(w)
	if to.isNull() {
		return View{}, "[] is for the item with the null key only"
	}
	if s.null {
		return View{}, "the value before it is null"
	}
	if to.square {
		switch {
		case src != nil:
			return src.pick(to)
		case s.tables != nil:
			return s.tables.pick(to)
		case s.kind == shapeMap:
			return s.entry(to, t.named(&s))
		case s.kind == shapeList && to.index != nil:
			return s.element(to, t.named(&s))
		case s.kind == shapeList && !to.quoted:
			return View{}, t.named(&s) + " is a list: an index is wanted"
		case s.row != nil && to.index != nil:
			if i := to.index[0]; len(to.index) == 1 && i >= 0 && i < len(s.fields) {
				return s.fields[i].view, ""
			}
			return View{}, "the row has " + counted(len(s.fields), "column")
		case to.index != nil:
			return View{}, t.named(&s) + " is no list" + t.members(&s, nil)
		}
	}
	return t.member(w, &s, src, to.name)
}

// named is what a shape is called in errors: its head without texts.
func (t *viewWriter) named(s *shape) string {
	c := viewWriter{o: t.o}
	head := *s
	head.text, head.note, head.load = nil, "", nil
	if c.head(&head, nil, 0); len(c.dst) == 0 {
		if s.isStr {
			return "string"
		}
		return "a plain value"
	}
	return string(c.dst)
}

// element returns an element of a list.
func (s *shape) element(to *segment, name string) (View, string) {
	if s.lengths == nil || len(s.lengths) == 1 {
		i := to.index[0]
		if s.lower != nil {
			i -= s.lower[0]
		}
		if len(to.index) == 1 && i >= 0 && i < s.n {
			return s.at(i), ""
		}
		if len(to.index) > 1 {
			return View{}, name + " has one dimension"
		}
		if s.n == 0 {
			return View{}, name + " is empty"
		}
		return View{}, name + " has " + s.label(0) + " to " + s.label(s.n-1)
	}
	if len(to.index) != len(s.lengths) {
		return View{}, fmt.Sprintf("%s has %d dimensions", name, len(s.lengths))
	}
	flat := 0
	for d, i := range to.index {
		if s.lower != nil {
			i -= s.lower[d]
		}
		if i < 0 || i >= s.lengths[d] {
			if s.n == 0 {
				return View{}, name + " is empty"
			}
			return View{}, name + " has " + s.label(0) + " to " + s.label(s.n-1)
		}
		flat = flat*s.lengths[d] + i
	}
	return s.at(flat), ""
}

// entry returns the value of a map's entry.
func (s *shape) entry(to *segment, name string) (View, string) {
	folded := -1
	many := false
	for i := range s.n {
		k := s.key(i).shape()
		key := k.str
		switch {
		case k.isStr:
		case to.quoted || !k.one():
			continue
		default:
			key = string(k.text(nil, noViewLimit)) // a number, a Guid, a Boolean
		}
		switch {
		case key == to.name:
			return s.at(i), ""
		case strings.EqualFold(key, to.name):
			many = folded >= 0
			folded = i
		}
	}
	switch {
	case many:
		return View{}, name + " has several keys that differ from it by case"
	case folded >= 0:
		return s.at(folded), ""
	}
	return View{}, name + " has no such key; .Keys lists them"
}

// member returns a member by name.
func (t *viewWriter) member(w View, s *shape, src *tableSource, name string) (View, string) {
	special := t.special(s, src)
	if m, ok := w.v.Member(name); ok {
		return ViewOf(m), ""
	}
	for _, fields := range [][]fieldView{s.fields, special} {
		for _, f := range fields {
			if f.name == name {
				return f.view, ""
			}
		}
	}
	// By the name of the source, that of the class itself before those of its bases; then regardless of case; then by the
	// name of the property that the field is behind.
	for _, equal := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold, property} {
		own, bases, view := 0, 0, View{}
		for i := range w.v.Len() {
			if w.v.Kind() != nrbf.KindClass {
				break
			}
			stored := w.v.MemberName(i)
			switch base, tidy := tidyMember(stored); {
			case equal(stored, name), base == "" && equal(tidy, name):
				own++
				view = ViewOf(w.v.At(i))
			case equal(tidy, name), base != "" && equal(base+"+"+tidy, name):
				if bases++; own == 0 {
					view = ViewOf(w.v.At(i))
				}
			}
		}
		if own == 1 || own == 0 && bases == 1 {
			return view, ""
		}
		if own+bases > 0 {
			return View{}, "several members have this name; there " + are(namesOf(s.fields))
		}
	}
	var found []View
	for _, fields := range [][]fieldView{s.fields, special} {
		for _, f := range fields {
			if strings.EqualFold(f.name, name) {
				found = append(found, f.view)
			}
		}
	}
	if len(found) == 1 {
		return found[0], ""
	}
	why := "no such member: " + t.named(s) + t.members(s, special)
	if src == nil {
		src = s.tables
	}
	if src != nil && !src.single && len(src.tables) > 0 {
		why += "; as [name] there " + are(src.names())
	}
	return View{}, why
}

// property says whether a field may be the one behind a property: Lines is _lines or m_lines.
func property(field, name string) bool {
	for _, prefix := range []string{"m_", "_"} {
		if bare, ok := strings.CutPrefix(field, prefix); ok {
			return strings.EqualFold(bare, name)
		}
	}
	return false
}

// members lists the members.
func (t *viewWriter) members(s *shape, special []fieldView) string {
	names := append(namesOf(s.fields), namesOf(special)...)
	if len(names) == 0 {
		return ""
	}
	return "; there " + are(names)
}

func namesOf(fields []fieldView) (names []string) {
	for _, f := range fields {
		names = append(names, printable(f.name, 60))
	}
	return names
}

// special returns the members that a view has besides the stored ones.
func (t *viewWriter) special(s *shape, src *tableSource) []fieldView {
	switch {
	case src != nil && src.single:
		return []fieldView{{"Rows", rowsView(src.tables[0])}}
	case src != nil:
		return []fieldView{{"Tables", tablesView(src)}}
	case s.kind == shapeMap:
		return []fieldView{{"Keys", listView(s.n, s.key)}, {"Values", listView(s.n, s.at)}}
	case s.row != nil:
		return s.row.special()
	}
	return nil
}
