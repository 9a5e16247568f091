package nrbf

import (
	"encoding/binary"
	"math"
)

// EncodeStream encodes a new graph as the record stream that .NET's BinaryFormatter reads; see AppendStream.
func EncodeStream(root any) ([]byte, error) { return AppendStream(nil, root) }

// AppendStream encodes a new graph and appends its stream to dst. root is an *Instance, an *Array or a string. A session
// keeps strings and primitives by type byte and not as streams; .NET writes no other primitives as roots.
//
// The records are those that the BinaryFormatter of .NET Framework writes for the same objects, to the byte: libraries
// before what needs them, objects behind references in the order in which they are first mentioned, structs in their
// places, ids counted up as .NET counts. Nothing recurses over the graph, which may have cycles and be deep.
//
// The values of members and elements are, in Go:
//
//	nil                                    null
//	string, *StringObject                  String
//	bool                                   Boolean
//	uint8, uint16, uint32, uint64          Byte, UInt16, UInt32, UInt64
//	int8, int16, int32, int64              SByte, Int16, Int32, Int64
//	float32, float64                       Single, Double
//	Char, Decimal, DateTime, TimeSpan      Char, Decimal, DateTime, TimeSpan
//	*Instance                              an instance of a class, a struct, an enum
//	*Array                                 an array
//
// int and uint are none: their size is not that of any .NET type.
//
// What .NET would not write, not read again, or read as something else is refused with a *BuildError; dst is then returned
// as it was. Whether a class exists and has such fields only .NET knows.
func AppendStream(dst []byte, root any) ([]byte, error) {
	e := encoder{
		dst:     dst,
		ids:     map[any]int32{},
		next:    1,
		types:   map[Type]*declared{},
		classes: map[*ClassType]*layout{},
		written: map[className]*layout{},
	}
	e.run(root)
	if e.err == nil && len(e.dst)-len(dst) > math.MaxInt32 {
		e.fail("stream of more than 2,147,483,647 bytes")
	}
	if e.err != nil {
		return dst, e.err
	}
	return e.dst, nil
}

// encoder turns a tree into records. Like the reader it keeps its own stack.
type encoder struct {
	dst []byte
	err *BuildError

	queue  []queued // objects that references name, in the order of their first mention, which is that of their records
	head   int      // index of the one being written
	levels []level  // what is being written: queue[head], and structs in place inside of it
	steps  []int32  // see queued

	ids    map[any]int32 // of what has an identity: pointers, strings, libraries
	next   int32         // id
	last   any           // what an id was asked for last, and its id
	lastID int32
	nulls  int // elements that are null and not yet written

	types   map[Type]*declared
	classes map[*ClassType]*layout
	written map[className]*layout // the first of each class
	actual  []*declared           // types of the values of one instance, for its class record
}

// queued is an object that has been mentioned and not yet written. The steps to it, from the object that mentions it
// first, end where those of the next one in the queue begin.
type queued struct {
	object any // *Instance or *Array
	id     int32
	parent int32 // index in the queue
	step   int32 // index in steps
}

// level is an instance or array of which members or elements are still to be written.
type level struct {
	object  any // *Instance or *Array
	next, n int
	members []*declared // of an instance
	elem    *declared   // of an array
	gather  bool        // nulls become runs
}

func (e *encoder) run(root any) {
	e.dst = append(e.dst, recordHeader)
	for _, n := range [...]int32{1, -1, 1, 0} { // ids of root and headers, version
		e.i32(n)
	}
	switch root := dropNil(root).(type) {
	case string, *StringObject:
		e.text(root)
	case *Instance, *Array:
		id, _ := e.id(root)
		e.queue = append(e.queue, queued{object: root, id: id})
	default:
		e.fail("%s cannot be the root of a stream", describe(root))
	}
	for ; e.head < len(e.queue) && e.err == nil; e.head++ {
		q := e.queue[e.head]
		switch o := q.object.(type) {
		case *Instance:
			e.instance(o, q.id)
		case *Array:
			e.array(o, q.id)
		}
		for len(e.levels) > 0 && e.err == nil {
			e.step()
		}
	}
	e.dst = append(e.dst, recordEnd)
}

// step writes the next member or element of the innermost level.
func (e *encoder) step() {
	l := &e.levels[len(e.levels)-1]
	if l.next == l.n {
		e.flushNulls()
		e.levels = e.levels[:len(e.levels)-1]
		return
	}
	i := l.next
	l.next++
	if l.elem == nil {
		e.place(l.members[i], dropNil(l.object.(*Instance).Values[i]))
		return
	}
	v := l.object.(*Array).value(i)
	if e.fits(l.elem, v, true) == nil {
		return
	}
	if v == nil && l.gather {
		e.nulls++
		return
	}
	e.flushNulls()
	e.place(l.elem, v)
}

// place writes a value, which fits, in the place of a member or element of the declared type.
func (e *encoder) place(d *declared, v any) {
	switch v := v.(type) {
	case nil:
		e.dst = append(e.dst, recordNull)
	case string, *StringObject:
		e.text(v)
	case *Array:
		e.mention(v)
	case *Instance:
		// Structs are boxed in places of type Object and stand in place everywhere else, also where an interface is declared,
		// unless the same box is what was mentioned last.
		boxed := d.kind == declaredObject || d.open && e.last == any(v)
		if v.Class.ValueType && !boxed {
			e.inPlace(v)
			return
		}
		e.mention(v)
	default:
		code, bits := primitiveOf(v)
		if d.kind != declaredPrimitive {
			e.dst = append(e.dst, recordPrimitive, byte(code))
		}
		e.primitive(v, code, bits)
	}
}

// mention writes a reference, and queues what is mentioned for the first time.
func (e *encoder) mention(object any) {
	id, first := e.id(object)
	if first {
		step := int32(len(e.steps))
		for i := range e.levels {
			e.steps = append(e.steps, int32(e.levels[i].next-1))
		}
		e.queue = append(e.queue, queued{object, id, int32(e.head), step})
	}
	e.dst = append(e.dst, recordReference)
	e.i32(id)
}

// flushNulls writes the elements that are null and have been held back (fixture o-nulls).
func (e *encoder) flushNulls() {
	switch n := e.nulls; {
	case n == 0:
		return
	case n == 1:
		e.dst = append(e.dst, recordNull)
	case n < 256:
		e.dst = append(e.dst, recordNulls256, byte(n))
	default:
		e.dst = append(e.dst, recordNulls)
		e.i32(int32(n))
	}
	e.nulls = 0
}

func (e *encoder) i32(n int32) { e.dst = binary.LittleEndian.AppendUint32(e.dst, uint32(n)) }
