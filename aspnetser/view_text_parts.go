package aspnetser

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
func (t *viewWriter) fields(fields []fieldView, more, depth int) {
	shown := min(len(fields), maxViewMembers)
	for _, f := range fields[:shown] {
		if !t.line(depth) {
			return
		}
		t.say(printable(f.name, shownName), ": ")
		t.value(f.view, depth)
	}
	t.more(len(fields)-shown+more, depth)
}
