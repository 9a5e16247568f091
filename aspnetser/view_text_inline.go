package aspnetser

import "github.com/aspstate/aspstate/aspnetser/nrbf"

const inlineBytes = 100 // of a list, map or object that is written on one line

// small writes a view if it fits into a line, and nothing otherwise.
func (t *viewWriter) small(w View) bool {
	if t.again(w) {
		return true
	}
	s, src := t.shapeOf(w)
	if src != nil {
		return false
	}
	if s.one() {
		t.head(&s, nil, 0)
		return true
	}
	before := t.state()
	t.head(&s, nil, t.mark(w))
	defer t.enter(w)()
	if t.inline(&s) {
		return true
	}
	t.restore(before)
	return false
}

type writerState struct{ dst, order, next int }

func (t *viewWriter) state() writerState { return writerState{len(t.dst), len(t.order), t.next} }

func (t *viewWriter) restore(s writerState) {
	for _, id := range t.order[s.order:] {
		delete(t.seen, id)
	}
	t.dst, t.order, t.next = t.dst[:s.dst], t.order[:s.order], s.next
}

// inline writes what is inside of a value behind its head, if it is little; it writes nothing otherwise.
func (t *viewWriter) inline(s *shape) bool {
	before := t.state()
	if t.inlined(s, len(t.dst)+inlineBytes, 0) {
		return true
	}
	t.restore(before)
	return false
}

func (t *viewWriter) inlined(s *shape, end, level int) bool {
	const most = 16 // parts
	if s.n > most || len(s.fields) > most || s.load != nil || s.row != nil || s.bare || len(s.lengths) > 1 || level > 2 {
		return false
	}
	if s.text != nil {
		return len(s.fields) == 0
	}
	part := func(i int, label string, w View) bool {
		if i > 0 {
			t.say(", ")
		}
		t.say(label)
		return t.inlinedPart(w, end, level) && len(t.dst) <= end
	}
	switch {
	case s.kind == shapeList && len(s.fields) == 0:
		if s.n == 0 {
			return true
		}
		t.say(" [")
		for i := range s.n {
			if !part(i, "", s.at(i)) {
				return false
			}
		}
		t.say("]")
	case s.kind == shapeMap && len(s.fields) == 0:
		if s.n == 0 {
			return true
		}
		t.say(" {")
		for i := range s.n {
			if !part(i, "", s.key(i)) || !part(0, ": ", s.at(i)) {
				return false
			}
		}
		t.say("}")
	case s.kind == shapeObject:
		t.say(" {")
		for i, f := range s.fields {
			if !part(i, printable(f.name, shownName)+": ", f.view) {
				return false
			}
		}
		t.say("}")
	default:
		return false
	}
	return len(t.dst) <= end
}

func (t *viewWriter) inlinedPart(w View, end, level int) bool {
	if t.again(w) {
		return true
	}
	if w.wide() {
		return false
	}
	s := w.shape()
	if s.one() {
		t.head(&s, nil, 0)
		return true
	}
	if s.load != nil {
		return false
	}
	t.head(&s, nil, t.mark(w))
	defer t.enter(w)()
	return len(t.dst) <= end && t.inlined(&s, end, level+1)
}

// wide says that a class has more members than fit into a line, which is not worth to look at in order to see it.
func (w View) wide() bool { return w.made == nil && w.v.Kind() == nrbf.KindClass && w.v.Len() > 64 }
