package nrbf

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Append encodes the graph and appends the stream to dst, end record included. A graph that was decoded and not changed
// gives the same bytes.
func (g *Graph) Append(dst []byte) []byte {
	dst = slices.Grow(dst, len(g.stream))
	w := writer{g: g, dst: append(dst, recordHeader)}
	for _, n := range g.header {
		w.i32(n)
	}
	w.open(g.top, nil)
	for len(w.frames) > 0 {
		f := &w.frames[len(w.frames)-1]
		switch {
		case f.next == f.end:
			w.frames = w.frames[:len(w.frames)-1]
		case f.members != nil:
			w.members(f)
		default:
			i := f.next
			f.next++
			w.cell(i)
		}
	}
	w.marks(g.top.first + g.top.n)
	return append(w.dst, recordEnd)
}

// writer turns cells back into records. Like the reader it keeps its own stack.
type writer struct {
	g      *Graph
	dst    []byte
	frames []writing
}

// writing is a class instance or array of which cells are still to be written.
type writing struct {
	next, end int32    // cells
	members   []member // what the cells are, of a class instance with members
}

func (w *writer) i32(n int32) { w.dst = binary.LittleEndian.AppendUint32(w.dst, uint32(n)) }

func (w *writer) open(s span, members []member) {
	w.frames = append(w.frames, writing{s.first, s.first + s.n, members})
}

// text writes a length, as it was stored, and the bytes.
func (w *writer) text(t text) {
	n, form := uint32(len(t.s)), t.form
	last := int(form & 7)
	if last == 0 {
		last = shortestLen(n)
	}
	for i := range last {
		b := byte(n >> (7 * i) & 0x7f)
		if i == 4 {
			b |= byte(form>>3&7) << 4
		}
		if i < last-1 {
			b |= 0x80
		}
		w.dst = append(w.dst, b)
	}
	w.dst = append(w.dst, t.s...)
}

// marks writes the records that stand before cell i.
func (w *writer) marks(i int32) {
	marks := w.g.marks
	from, _ := slices.BinarySearchFunc(marks, i, func(m placedMark, at int32) int { return cmp.Compare(m.at, at) })
	for _, m := range marks[from:] {
		if m.at != i {
			return
		}
		w.dst = append(w.dst, m.record)
		switch m.record {
		case recordLibrary:
			lib := &w.g.libs[m.lib]
			w.i32(lib.id)
			w.text(lib.name)
		case recordNulls256:
			w.dst = append(w.dst, 0)
		case recordNulls:
			w.i32(0)
		}
	}
}

// members writes the next member of a class instance, and the primitive ones after it.
func (w *writer) members(f *writing) {
	for f.next < f.end {
		i, m := f.next, &f.members[0]
		f.next++
		f.members = f.members[1:]
		if m.decl.kind != declPrimitive {
			w.cell(i)
			return
		}
		w.primitive(&w.g.cells[i])
	}
}

// cell writes the record of one cell.
func (w *writer) cell(i int32) {
	g := w.g
	c := &g.cells[i]
	if c.mark {
		w.marks(i)
	}
	switch c.kind {
	case cellNull:
		w.null(i)
	case cellPrimitive:
		if c.as == asBoxed {
			w.dst = append(w.dst, recordPrimitive, byte(c.code))
		}
		w.primitive(c)
	case cellString:
		w.dst = append(w.dst, recordString)
		w.i32(int32(c.bits))
		w.text(g.texts[c.ref])
	case cellRef:
		w.dst = append(w.dst, recordReference)
		w.i32(int32(c.bits))
	case cellObject:
		w.object(c.ref)
	}
}

// null writes the run of nulls that begins at cell i, if one does.
func (w *writer) null(i int32) {
	c := &w.g.cells[i]
	switch c.as {
	case asMoreNulls:
		return
	case asUsual:
		w.dst = append(w.dst, recordNull)
		return
	}
	end := w.frames[len(w.frames)-1].end
	n := int32(1)
	for i+n < end && w.g.cells[i+n].kind == cellNull && w.g.cells[i+n].as == asMoreNulls {
		n++
	}
	if c.as == asNulls256 {
		w.dst = append(w.dst, recordNulls256, byte(n))
		return
	}
	w.dst = append(w.dst, recordNulls)
	w.i32(n)
}

func (w *writer) primitive(c *cell) {
	if c.code == PrimitiveDecimal {
		w.text(w.g.texts[c.ref])
		return
	}
	w.dst = appendPrimitive(w.dst, c.code, c.bits)
}

// appendPrimitive appends a primitive value that is not a Decimal.
func appendPrimitive(dst []byte, code PrimitiveType, bits uint64) []byte {
	switch primitives[code].size {
	case 1:
		return append(dst, byte(bits))
	case 2:
		return binary.LittleEndian.AppendUint16(dst, uint16(bits))
	case 4:
		return binary.LittleEndian.AppendUint32(dst, uint32(bits))
	case 8:
		return binary.LittleEndian.AppendUint64(dst, bits)
	}
	return appendUnit(dst, uint16(bits))
}

// object writes the record of an object and begins its members or elements.
func (w *writer) object(i int32) {
	g := w.g
	o := &g.objects[i]
	w.dst = append(w.dst, o.record)
	w.i32(o.id)
	switch o.record {
	case recordClassWithID:
		c := &g.classes[o.info]
		w.i32(c.id)
		w.open(span{o.first, o.n}, g.membersOf(c))
		return
	case recordSystemClass, recordClass:
		c := &g.classes[o.info]
		w.class(o.record, c)
		w.open(span{o.first, o.n}, g.membersOf(c))
		return
	case recordBinaryArray:
		w.array(&g.arrays[o.info])
	case recordPrimitiveArray:
		w.i32(o.n)
		w.dst = append(w.dst, byte(o.code))
	default:
		w.i32(o.n)
	}
	if o.isPacked() {
		w.dst = append(w.dst, g.packedOf(i)...)
		return
	}
	w.open(span{o.first, o.n}, nil)
}

func (w *writer) class(record uint8, c *class) {
	w.text(c.name)
	members := w.g.membersOf(c)
	w.i32(int32(len(members)))
	for i := range members {
		w.text(members[i].name)
	}
	for i := range members {
		w.dst = append(w.dst, members[i].decl.kind)
	}
	for i := range members {
		w.declInfo(&members[i].decl)
	}
	if record == recordClass {
		w.i32(w.g.libs[c.lib].id)
	}
}

func (w *writer) declInfo(d *decl) {
	switch d.kind {
	case declPrimitive, declPrimitiveArray:
		w.dst = append(w.dst, byte(d.code))
	case declSystemClass:
		w.text(d.name)
	case declClass:
		w.text(d.name)
		w.i32(w.g.libs[d.lib].id)
	}
}

func (w *writer) array(a *array) {
	w.dst = append(w.dst, a.kind)
	w.i32(int32(len(a.lengths)))
	for _, n := range a.lengths {
		w.i32(n)
	}
	for _, n := range a.lower {
		w.i32(n)
	}
	w.dst = append(w.dst, a.elem.kind)
	w.declInfo(&a.elem)
}
