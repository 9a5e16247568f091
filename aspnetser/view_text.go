package aspnetser

import (
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// AppendText appends the value for people: its type and, on the lines that follow, what is inside of it. It ends without
// a line break.
//
//	Order
//	  Number: 900719925474099
//	  Status: OrderStatus 5
//	  Placed: 2019-05-04T11:34:49.1234567 utc
//	  Buyer: Customer (#1)
//	    Email: "ada@example.org"
//	    Tags: List<string> (2) ["vip", "early"]
//	  Lines: List<OrderLine> (1)
//	    [0] OrderLine {Sku: "A-1", Quantity: 2, Note: null}
//	  Extra: Dictionary<string, object> (2)
//	    "coupon": "SPRING"
//	    "buyer": see #1
//
// An object that is met a second time is named by its number, and said to be a cycle where it is inside of itself. What
// is small stands on one line. A class that has not the members that .NET gives it is shown member by member. Control
// characters are escaped.
func (w View) AppendText(dst []byte, o ViewOptions) []byte {
	budget := newViewBudget(maxViewXML)
	defer budget.close()
	return newViewWriter(o, &budget).appendText(dst, w)
}

// Summary returns the first line of AppendText without what is inside: List<string> (3).
func (w View) Summary() string {
	budget := newViewBudget(maxViewXML)
	defer budget.close()
	t := newViewWriter(ViewOptions{}, &budget)
	s, src := t.shapeOf(w)
	t.head(&s, src, 0)
	return string(t.dst)
}

type viewWriter struct {
	o      ViewOptions
	dst    []byte
	start  int
	full   bool
	budget *viewBudget
	loaded map[int]loadedTables

	seen   map[int]int  // objects that have been written, by id: their number, 0 for none
	open   map[int]bool // those that the present one is inside of
	order  []int        // of seen
	next   int          // the last number
	shared map[int]bool // objects that are met again
}

type loadedTables struct {
	src *tableSource
	why string
}

func newViewWriter(o ViewOptions, budget *viewBudget) *viewWriter {
	return &viewWriter{o: o.filled(), budget: budget, loaded: make(map[int]loadedTables)}
}

func (t *viewWriter) appendText(dst []byte, w View) []byte {
	start := len(dst)
	if dst = t.write(dst, w); len(t.shared) > 0 {
		dst = t.write(dst[:start], w) // now that it is known what is met again
	}
	return dst
}

func (t *viewWriter) write(dst []byte, w View) []byte {
	t.dst, t.start, t.full, t.next, t.order = dst, len(dst), false, 0, t.order[:0]
	t.seen, t.open = make(map[int]int), make(map[int]bool)
	t.value(w, 0)
	return t.dst
}

// shapeOf returns what the view is seen as, and the tables where it is some. Tables that cannot be read are objects.
func (t *viewWriter) shapeOf(w View) (shape, *tableSource) {
	s := w.shape()
	if s.load == nil {
		return s, nil
	}
	id, has := w.id()
	l, ok := t.loaded[id]
	if !has || !ok {
		src, why := s.load(t.budget)
		if l = (loadedTables{src: &src, why: why}); has {
			t.loaded[id] = l
		}
	}
	if l.why != "" {
		s = objectShape(w.v)
		s.note = "not shown as a table: " + l.why
		return s, nil
	}
	return s, l.src
}

// line begins a line, unless there are enough.
func (t *viewWriter) line(depth int) bool {
	if t.full {
		return false
	}
	t.dst = append(t.dst, '\n')
	for range t.o.Indent + 2*depth {
		t.dst = append(t.dst, ' ')
	}
	if len(t.dst)-t.start > t.o.MaxBytes {
		t.dst = append(t.dst, "… cut: more than "+group(t.o.MaxBytes)+" bytes"...)
		t.full = true
		return false
	}
	return true
}

func (t *viewWriter) say(s ...string) {
	for _, s := range s {
		t.dst = append(t.dst, s...)
	}
}

// value writes a view behind its label.
func (t *viewWriter) value(w View, depth int) {
	if t.again(w) {
		return
	}
	s, src := t.shapeOf(w)
	if s.one() {
		t.head(&s, nil, 0)
		return
	}
	t.head(&s, src, t.mark(w))
	defer t.enter(w)()
	if t.inline(&s) {
		return
	}
	if depth >= t.o.MaxDepth {
		t.say(" … deeper")
		return
	}
	switch {
	case src != nil:
		t.tables(src, depth+1)
	case s.row != nil:
		t.grid(s.row.table, []dataRow{*s.row.row}, depth+1)
		return
	case s.text != nil && s.kind == shapeList:
	case s.kind == shapeList:
		t.list(&s, depth+1)
	case s.kind == shapeMap:
		t.entries(&s, depth+1)
	}
	t.fields(s.fields, s.moreFields, depth+1)
}

// enter notes that what follows is inside of an object, until leave is called.
func (t *viewWriter) enter(w View) (leave func()) {
	id, ok := w.id()
	if !ok {
		return func() {}
	}
	t.open[id] = true
	return func() { delete(t.open, id) }
}

// again writes a mention of an object that has been written.
func (t *viewWriter) again(w View) bool {
	id, ok := w.id()
	if !ok {
		return false
	}
	number, ok := t.seen[id]
	if !ok {
		return false
	}
	if t.shared == nil {
		t.shared = make(map[int]bool)
	}
	t.shared[id] = true
	t.say("see #", strconv.Itoa(number))
	if t.open[id] {
		t.say(" (cycle)")
	}
	return true
}

func (t *viewWriter) has(id int) bool {
	_, ok := t.seen[id]
	return ok
}

// mark notes that an object is being written, and returns its number if it is met again.
func (t *viewWriter) mark(w View) (number int) {
	id, ok := w.id()
	if !ok {
		return 0
	}
	if t.shared[id] {
		t.next++
		number = t.next
	}
	t.seen[id] = number
	t.order = append(t.order, id)
	return number
}

// head writes the type, the size, and what there is on one line.
func (t *viewWriter) head(s *shape, src *tableSource, number int) {
	before := len(t.dst)
	say := func(what string) {
		if len(t.dst) > before {
			t.say(" ")
		}
		t.say(what)
	}
	if s.name != "" {
		say(s.name)
	}
	if number > 0 {
		say("(#" + strconv.Itoa(number) + ")")
	}
	switch {
	case src != nil && src.single:
		t.tableHead(src.tables[0])
	case src != nil:
		say(nrbf.QuoteCut(src.name, 60))
		t.say(", ", counted(len(src.tables), "table"))
	case s.bare:
		say(counted(s.n, "line"))
	case s.kind == shapeList || s.kind == shapeMap:
		say("(" + joinNotes(s.size(), printableNote(s.note)) + ")")
	}
	if s.text != nil {
		if mark := len(t.dst); mark > before {
			t.say(" ")
			if t.dst = s.text(t.dst, t.o.MaxText); len(t.dst) == mark+1 {
				t.dst = t.dst[:mark]
			}
		} else {
			t.dst = s.text(t.dst, t.o.MaxText)
		}
	}
	if s.note != "" && (s.kind == shapeScalar || s.kind == shapeObject) {
		say("(" + printableNote(s.note) + ")")
	}
}

func printableNote(s string) string {
	if s == "" {
		return ""
	}
	return printable(s, 200)
}

// size is 3 for a list, 2 × 3 for a rectangular array, "3, from [5]" for one with a lower bound.
func (s *shape) size() string {
	text := group(s.n)
	if len(s.lengths) > 1 {
		parts := make([]string, len(s.lengths))
		for i, n := range s.lengths {
			parts[i] = group(n)
		}
		text = strings.Join(parts, " × ")
	}
	if s.lower != nil {
		text += ", from " + s.label(0)
	}
	return text
}

// label is the index of element i as a path has it: [3], [1,2].
func (s *shape) label(i int) string {
	if s.lengths == nil {
		return "[" + strconv.Itoa(i) + "]"
	}
	index := make([]int, len(s.lengths))
	for d := len(index) - 1; d >= 0; d-- {
		n := max(s.lengths[d], 1)
		index[d] = i % n
		i /= n
		if s.lower != nil {
			index[d] += s.lower[d]
		}
	}
	var b strings.Builder
	for d, n := range index {
		if d == 0 {
			b.WriteByte('[')
		} else {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String() + "]"
}
