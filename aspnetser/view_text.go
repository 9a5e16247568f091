package aspnetser

import (
	"strconv"
	"strings"
	"unicode/utf8"

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
	return newViewWriter(o, &viewBudget{left: maxViewXML}).appendText(dst, w)
}

// Summary returns the first line of AppendText without what is inside: List<string> (3).
func (w View) Summary() string {
	t := newViewWriter(ViewOptions{}, &viewBudget{left: maxViewXML})
	s, src := t.shapeOf(w)
	t.head(&s, src, 0)
	return string(t.dst)
}

const inlineBytes = 100 // of a list, map or object that is written on one line

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
	case s.text != nil && s.kind == shapeList:
	case s.kind == shapeList:
		t.list(&s, depth+1)
	case s.kind == shapeMap:
		t.entries(&s, depth+1)
	}
	t.fields(s.fields, depth+1)
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

// wide says that a class has more members than fit into a line, which is not worth to look at in order to see it.
func (w View) wide() bool { return w.made == nil && w.v.Kind() == nrbf.KindClass && w.v.Len() > 64 }

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
		say(quoteCut(src.name, 60))
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

func (t *viewWriter) more(left int, depth int) {
	if left > 0 && t.line(depth) {
		t.say("… and ", group(left), " more")
	}
}

// list writes elements line by line, short scalars several to a line, and four nulls and more as one.
func (t *viewWriter) list(s *shape, depth int) {
	const width = 100
	row := 0 // elements of one row of a rectangular array: each has a line of its own
	if n := len(s.lengths); n > 1 {
		row = max(s.lengths[n-1], 1)
	}
	var begun int // where the line that is being filled began, 0 for none
	var small []byte
	i := 0
	for pieces := 0; i < s.n && pieces < t.o.MaxElements; pieces++ {
		at := i
		e := s.at(i)
		i++
		var es shape
		if id, ok := e.id(); !ok || !t.has(id) { // what is only mentioned need not be looked at
			es = e.shape()
		}
		if s.bare || es.text == nil || !es.one() {
			begun = 0
			if !t.line(depth) {
				return
			}
			if !s.bare {
				t.say(s.label(at), " ")
			}
			t.value(e, depth)
			continue
		}
		piece := viewWriter{o: t.o, dst: small[:0]}
		piece.head(&es, nil, 0)
		small = piece.dst
		if n := s.nulls(at); row == 0 && n >= 4 {
			small = append(small, " × "+group(n)...)
			i += n - 1
		}
		if begun > 0 && len(small) <= 40 && len(t.dst)-begun+len(small) < width && (row == 0 || at%row != 0) {
			t.say(", ")
			t.dst = append(t.dst, small...)
			continue
		}
		if !t.line(depth) {
			return
		}
		begun = len(t.dst)
		t.say(s.label(at), " ")
		if t.dst = append(t.dst, small...); len(small) > 40 {
			begun = 0
		}
	}
	t.more(s.n-i, depth)
}

// nulls is how many elements are null from i on, as far as it looks.
func (s *shape) nulls(i int) (n int) {
	const most = 4096
	for n < most && i+n < s.n {
		if e := s.at(i + n); e.made != nil || !e.v.IsNull() {
			break
		}
		n++
	}
	return n
}

// entries writes the entries of a map.
func (t *viewWriter) entries(s *shape, depth int) {
	shown := min(s.n, t.o.MaxElements)
	for i := range shown {
		if !t.line(depth) {
			return
		}
		key := s.key(i)
		if t.small(key) {
			t.say(": ")
			t.value(s.at(i), depth)
			continue
		}
		t.say("key: ")
		t.value(key, depth)
		if t.line(depth) {
			t.say("value: ")
			t.value(s.at(i), depth)
		}
	}
	t.more(s.n-shown, depth)
}

// fields writes members.
func (t *viewWriter) fields(fields []fieldView, depth int) {
	shown := min(len(fields), maxViewMembers)
	for _, f := range fields[:shown] {
		if !t.line(depth) {
			return
		}
		t.say(printable(f.name, shownName), ": ")
		t.value(f.view, depth)
	}
	t.more(len(fields)-shown, depth)
}

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
	if s.n > most || len(s.fields) > most || s.load != nil || s.bare || len(s.lengths) > 1 || level > 2 {
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

// padded is text with blanks up to a width in characters.
func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}
