package nrbf

import (
	"math"
	"slices"
)

// Decode decodes the stream at the start of b and returns it with the offset behind its end record; what follows is not
// looked at. The input is copied.
//
// Every record of [MS-NRBF] 2.1.2.1 that serialized objects consist of is read. Class records without member types (2, 3)
// cannot be read by anyone who lacks the class and are refused, as are method calls. No type is loaded and no name looked
// up: a stream that names classes which do not exist decodes.
//
// Errors are *MalformedError or *LimitError.
func Decode(b []byte, l Limits) (g *Graph, n int, err error) {
	r := newReader(string(b), l)
	r.run()
	if r.err != nil {
		return nil, 0, r.err
	}
	return r.g, r.pos, nil
}

// reader turns records into cells and objects. It keeps its own stack of unfinished classes and arrays, and the cells of
// unfinished ones on another; a finished one's cells move to the graph in one piece.
type reader struct {
	cursor
	g       *Graph
	frames  []frame
	stack   []cell
	pending []placedMark // in the order of the stream, at places on the stack
	ids     idTable      // objects and strings
	classes idTable      // class records, which record 1 may name
	libs    idTable

	forward bool // some reference came before what it names
	ended   bool

	maxMemory, maxDepth, maxExpanded int64
	memory, expanded                 int64
	highest                          int // of the stack
}

// frame is a class instance or array of which members or elements are still to come.
type frame struct {
	object int32 // -1: the records outside all others
	base   int32 // where its cells start on the stack
	left   int32 // how many are to come
	class  int32 // index of the class whose members they are; -1: elements, all of one kind
	next   int32 // the member that comes next
}

// placedMark is a mark before the cell at.
type placedMark struct {
	at int32
	mark
}

func newReader(s string, l Limits) *reader {
	r := &reader{g: &Graph{}}
	r.setLimits(l, len(s))
	r.reset(s)
	return r
}

// setLimits sets the limits for input of so many bytes, of which nothing has been read.
func (r *reader) setLimits(l Limits, size int) {
	r.maxMemory = limit(l.MaxMemory, DefaultMaxMemory, 12*size)
	r.maxDepth = limit(l.MaxDepth, DefaultMaxDepth, 0)
	r.maxExpanded = limit(l.MaxExpanded, DefaultMaxExpanded, 32*size)
	r.memory, r.expanded, r.highest = 0, 0, 0
}

// reset makes ready for a stream. The memory of the one before is used again; what it took of the limits stays taken.
func (r *reader) reset(s string) {
	r.cursor = cursor{s: s, recordAt: -1}
	r.frames, r.stack, r.pending = r.frames[:0], r.stack[:0], r.pending[:0]
	r.ids.reset()
	r.classes.reset()
	r.libs.reset()
	r.forward, r.ended = false, false
	g := r.g
	*g = Graph{stream: s, cells: g.cells[:0], objects: g.objects[:0], arrays: g.arrays[:0], texts: g.texts[:0],
		classes: g.classes[:0], members: g.members[:0], libs: g.libs[:0], marks: g.marks[:0]}
}

// run reads the whole stream.
func (r *reader) run() {
	if len(r.s) > math.MaxInt32 {
		r.fail(0, "stream of more than %d bytes", math.MaxInt32) // of which .NET could not make an array
	}
	r.spend(memoryGraph)
	r.readHeader()
	r.frames = append(extend(r, r.frames, 1, memoryObject), frame{object: -1, left: math.MaxInt32, class: -1})
	for r.err == nil && !r.ended {
		f := &r.frames[len(r.frames)-1]
		switch {
		case f.left == 0:
			r.finish()
		case f.class >= 0:
			r.readMember(f)
		default:
			r.readRecord()
		}
	}
	if r.err == nil {
		r.finish()
		r.resolve()
		r.g.stream = r.s[:r.pos]
	}
}

// readHeader reads the SerializedStreamHeader, [MS-NRBF] 2.6.1.
func (r *reader) readHeader() {
	at := r.pos
	t := r.byte("record type")
	if r.ok() && t != recordHeader {
		r.fail(at, "record type %d where the header should be", t)
		return
	}
	r.start(t, at)
	for i, what := range [...]string{"root id", "header id", "major version", "minor version"} {
		at := r.pos
		n := r.i32(what)
		r.g.header[i] = n
		switch {
		case !r.ok():
			return
		case i == 0 && n == 0:
			r.fail(at, "root id 0")
		case i == 2 && n != 1:
			r.fail(at, "major version %d", n)
		}
	}
}

// start notes that a record of type t begins at offset at.
func (r *reader) start(t byte, at int) {
	if r.err == nil {
		r.record, r.recordAt = t, at
		if r.emit != nil {
			r.showRecord()
		}
	}
}

// spend counts bytes of memory that the graph is going to take.
func (r *reader) spend(bytes int64) {
	if r.memory += bytes; r.memory > r.maxMemory {
		r.tooMany(r.pos, "MaxMemory", "bytes of memory", r.maxMemory)
	}
}

// setID enters an id.
func (r *reader) setID(t *idTable, id, target int32) {
	if t.set(id, target) {
		r.spend(memorySparse)
	}
}

// extend makes room for n more in s. How far the stream has been read tells about how many there will be: growing step by
// step would leave a multiple of s behind as garbage. size is what one is counted as: no more room is made than may be
// filled.
func extend[T any](r *reader, s []T, n, size int) []T {
	need := len(s) + n
	if need <= cap(s) {
		return s
	}
	most := need + need/4 + 8
	if n > need/4 && n > 4096 {
		most = need // as a run of nulls
	} else if r.pos > 4096 {
		most = max(most, min(int(1.05*float64(need)*float64(len(r.s))/float64(r.pos)), 8*need))
		most = max(min(most, need+int((r.maxMemory-r.memory)/int64(size))), need)
	}
	return slices.Grow(s, most-len(s))
}

// push puts a value in its place.
func (r *reader) push(c cell) {
	bytes := int64(memoryValue)
	if len(r.stack) >= r.highest {
		r.highest = len(r.stack) + 1
		bytes *= 2
	}
	if r.spend(bytes); r.err != nil {
		return
	}
	if n := len(r.pending); n > 0 && int(r.pending[n-1].at) == len(r.stack) {
		c.mark = true
	}
	r.stack = append(extend(r, r.stack, 1, 2*memoryValue), c)
	f := &r.frames[len(r.frames)-1]
	f.left--
	f.next++
}

// open begins a class instance or array whose n members or elements follow. Its own place has been filled.
func (r *reader) open(object, n, class int32) {
	if r.err != nil {
		return
	}
	if int64(len(r.frames)) > r.maxDepth {
		r.tooMany(r.recordAt, "MaxDepth", "objects one inside another", r.maxDepth)
		return
	}
	r.frames = append(extend(r, r.frames, 1, memoryObject), frame{object: object, base: int32(len(r.stack)), left: n, class: class})
}

// largeArray is how many cells are worth a stack of their own.
const largeArray = 4096

// finish takes the innermost class instance or array off the stack.
func (r *reader) finish() {
	f := r.frames[len(r.frames)-1]
	r.frames = r.frames[:len(r.frames)-1]
	g := r.g
	first := int32(len(g.cells))
	from := len(r.pending)
	for from > 0 && r.pending[from-1].at >= f.base {
		from--
	}
	g.marks = extend(r, g.marks, len(r.pending)-from, memoryMark)
	for _, p := range r.pending[from:] {
		p.at += first - f.base
		g.marks = append(g.marks, p)
	}
	r.pending = r.pending[:from]
	if n := len(r.stack) - int(f.base); n > largeArray && len(g.cells) == 0 {
		g.cells, r.stack = r.stack[f.base:], append(make([]cell, 0, f.base+64), r.stack[:f.base]...) // twice would be once too often
	} else {
		g.cells = append(extend(r, g.cells, len(r.stack)-int(f.base), memoryValue), r.stack[f.base:]...)
	}
	r.stack = r.stack[:f.base]
	if f.object >= 0 {
		g.objects[f.object].first = first
	} else {
		g.top = span{first, int32(len(g.cells)) - first}
	}
}

// readMember reads the next member of a class instance, and the primitive ones after it.
func (r *reader) readMember(f *frame) {
	members := r.g.membersOf(&r.g.classes[f.class])
	for f.left > 0 && r.err == nil {
		m := &members[f.next]
		if m.decl.kind != declPrimitive {
			r.readRecord()
			return
		}
		at := r.pos
		c := r.primitive(m.decl.code)
		if r.emit != nil && r.ok() {
			r.showPrimitive(at, m.name.s, c)
		}
		if r.ok() {
			r.push(c)
		}
	}
}

// readRecord reads one record.
func (r *reader) readRecord() {
	at := r.pos
	r.recordAt = -1
	t := r.byte("record type")
	if !r.ok() {
		return
	}
	if recordName(t) == "" {
		r.fail(at, "unknown record type %d", t)
		return
	}
	r.start(t, at)
	switch t {
	case recordLibrary:
		r.readLibrary()
	case recordClassWithID:
		r.readClassWithID()
	case recordSystemClass, recordClass:
		r.readClass()
	case recordString:
		r.readString()
	case recordPrimitive:
		r.readPrimitive()
	case recordReference:
		r.readReference()
	case recordNull:
		r.push(cell{})
	case recordNulls256:
		r.readNulls(at, int32(r.u8("count")))
	case recordNulls:
		r.readNulls(at, r.i32("count"))
	case recordBinaryArray:
		r.readBinaryArray()
	case recordPrimitiveArray:
		r.readPrimitiveArray()
	case recordObjectArray, recordStringArray:
		r.readObjectArray()
	case recordEnd:
		if len(r.frames) > 1 {
			r.fail(at, "the end record stands inside an object")
		}
		r.ended = true
	case recordSystemClassUntyped, recordClassUntyped:
		r.fail(at, "a class without member types cannot be read without the class")
	case recordMethodCall, recordMethodReturn:
		r.fail(at, "method calls are not part of serialized objects")
	default:
		r.fail(at, "record out of place")
	}
}

// readLibrary reads a BinaryLibrary, [MS-NRBF] 2.6.2. It may stand before any value (fixture o-struct-other-lib).
func (r *reader) readLibrary() {
	at := r.pos
	id := r.i32("library id")
	name := r.text("library name")
	if r.ok() && id <= 0 {
		r.fail(at, "library id %d", id)
	}
	if !r.ok() {
		return
	}
	if r.spend(memoryLibrary); r.err != nil {
		return
	}
	i := int32(len(r.g.libs))
	r.g.libs = append(extend(r, r.g.libs, 1, memoryLibrary), library{id, name})
	r.setID(&r.libs, id, i)
	r.mark(mark{recordLibrary, i})
}

// mark keeps a record that is no value.
func (r *reader) mark(m mark) {
	if r.spend(memoryMark); r.err == nil {
		r.pending = append(extend(r, r.pending, 1, memoryMark), placedMark{int32(len(r.stack)), m})
	}
}

// readLibraryID reads the id of a library that must have come.
func (r *reader) readLibraryID() int32 {
	at := r.pos
	id := r.i32("library id")
	i, known := r.libs.lookup(id)
	if r.ok() && !known {
		r.fail(at, "no library has the id %d", id)
	}
	return i
}

// readNulls reads a run of nulls, which may cover several members of a class, [MS-NRBF] 2.5.5 and 2.5.6.
func (r *reader) readNulls(at int, n int32) {
	if !r.ok() {
		return
	}
	f := &r.frames[len(r.frames)-1]
	if n < 0 || f.object < 0 || n > f.left {
		r.fail(at, "a run of %d nulls is longer than what is left of the array or class", n)
		return
	}
	if n == 0 {
		r.mark(mark{record: r.record})
		return
	}
	if f.class >= 0 {
		for _, m := range r.g.membersOf(&r.g.classes[f.class])[f.next : f.next+n] {
			if m.decl.kind == declPrimitive {
				r.fail(at, "a run of %d nulls covers a member that cannot be null", n)
				return
			}
		}
	}
	if r.memory+2*memoryValue*int64(n) <= r.maxMemory {
		r.stack = extend(r, r.stack, int(n), 2*memoryValue)
	}
	first := cell{as: asNulls256}
	if r.record == recordNulls {
		first.as = asNulls
	}
	r.push(first)
	for i := int32(1); i < n && r.err == nil; i++ {
		r.push(cell{as: asMoreNulls, ref: int32(first.as)})
	}
}

// readReference reads a MemberReference, [MS-NRBF] 2.5.3. What it names may come later.
func (r *reader) readReference() {
	at := r.pos
	id := r.i32("id of the object")
	if !r.ok() {
		return
	}
	c := cell{kind: cellRef, bits: uint64(uint32(id))}
	if target, known := r.ids.lookup(id); known {
		c.ref = target
		r.mention(target, at)
	} else {
		// Where it stands, for the error if it never comes.
		c.as, c.ref, r.forward = asUnresolved, int32(at), true
	}
	r.push(c)
}

// mention counts what it takes to spell out a text again.
func (r *reader) mention(target int32, at int) {
	if target < 0 {
		r.expand(int64(len(r.g.texts[-1-target].s)), at)
	}
}

func (r *reader) expand(n int64, at int) {
	if r.expanded += n; r.expanded > r.maxExpanded {
		r.tooMany(at, "MaxExpanded", "bytes of names and texts", r.maxExpanded)
	}
}

// newObject enters an object under the id that was read at offset at.
func (r *reader) newObject(o object, at int) int32 {
	if !r.ok() {
		return 0
	}
	i := int32(len(r.g.objects))
	if o.id == 0 {
		r.fail(at, "object id 0")
		return 0
	}
	if _, taken := r.ids.lookup(o.id); taken {
		r.fail(at, "the object id %d is used twice", o.id)
		return 0
	}
	if r.spend(memoryObject); r.err != nil {
		return 0
	}
	r.setID(&r.ids, o.id, objectTarget(i))
	r.g.lastID = max(r.g.lastID, o.id)
	r.g.objects = append(extend(r, r.g.objects, 1, memoryObject), o)
	return i
}

// resolve connects the references that came before what they name, and finds the root.
func (r *reader) resolve() {
	g := r.g
	if r.forward {
		for i := range g.cells {
			c := &g.cells[i]
			if c.kind != cellRef || c.as != asUnresolved {
				continue
			}
			at := int(c.ref)
			target, known := r.ids.lookup(int32(c.bits))
			if !known {
				r.record, r.recordAt = recordReference, at-1
				r.fail(at, "no object has the id %d", int32(c.bits))
				return
			}
			c.ref, c.as = target, asUsual
			if r.mention(target, at); r.err != nil {
				return
			}
		}
	}
	for i := range g.libs {
		g.lastID = max(g.lastID, g.libs[i].id)
	}
	root := g.header[0]
	target, known := r.ids.lookup(root)
	if !known {
		r.record, r.recordAt = recordHeader, 0
		r.fail(1, "no object has the root id %d", root)
		return
	}
	g.root = int32(len(g.cells))
	g.cells = append(g.cells, cell{kind: cellRef, bits: uint64(uint32(root)), ref: target})
}
