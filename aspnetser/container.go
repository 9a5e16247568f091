package aspnetser

import (
	"encoding/binary"
	"unicode/utf8"
)

// container is the index of a plain blob: where everything is, no values. The tables it refers to are in a scratch.
type container struct {
	blob                []byte
	timeout             int32
	hasItems, hasStatic byte
	count               int32 // as stored; 0 when hasItems is not set
	nullIndex           int32 // as stored; -1 when count <= 0
	staticCount         int32 // as stored; 0 when hasStatic is not set
	endsAt              int   // offset of the table of ends
	area                span  // the value area
	end                 int   // offset of the byte after the trailer
	decoded             int   // bytes of slots that item has read, to bound overlaps
}

// items is the number of items: a count that is negative means none (fixture count-negative).
func (c *container) items() int { return max(int(c.count), 0) }

// open indexes the container of blob and sees that no two keys and no two names are equal.
func (c *container) open(blob []byte, o Options, sc *scratch) fault {
	if f := c.index(blob, o, sc); f.code != noFault || sc.unchecked {
		return f
	}
	if i, j, dup := sc.duplicate(blob, sc.keys); dup {
		return fault{code: faultDuplicate, field: fieldKey, item: int32(j) + 1, off: sc.keys[j].raw.off, n: int64(i)}
	}
	if i, j, dup := sc.duplicateStatic(blob); dup {
		return fault{code: faultDuplicate, field: fieldName, static: int32(j) + 1, off: sc.statics[j].name.raw.off, n: int64(i)}
	}
	return fault{}
}

// index finds out where everything is (session-blob.md 2, 3 and 6). It allocates nothing but what sc lacks; keys are in
// sc.keys and static objects in sc.statics afterwards. Bytes after the trailer are left alone.
func (c *container) index(blob []byte, o Options, sc *scratch) fault {
	*c = container{blob: blob, nullIndex: -1}
	sc.reset()
	cur := cursor{b: blob}
	c.timeout = cur.i32(fieldTimeout)
	c.hasItems = cur.u8(fieldHasItems)
	c.hasStatic = cur.u8(fieldHasStatic)
	var names textDecoder
	if c.hasItems != 0 {
		c.readTables(&cur, o, sc, &names)
	}
	if c.hasStatic != 0 && cur.ok() {
		c.staticCount = sc.readStatics(&cur, o, &names)
	}
	at := cur.pos
	if b := cur.u8(fieldTrailer); cur.ok() && b != trailer {
		cur.fail(faultTrailer, fieldTrailer, at, int64(b))
	}
	c.end = cur.pos
	return cur.f
}

// trailer ends every blob, and pads compressed ones (fixtures no-trailer, trailer-00).
const trailer = 0xff

func (c *container) readTables(cur *cursor, o Options, sc *scratch, names *textDecoder) {
	at := cur.pos
	c.count = cur.i32(fieldCount)
	if !cur.ok() || c.count <= 0 {
		return
	}
	n := int(c.count)
	if int64(n) > o.maxItems() {
		// Each item has an end of 4 bytes, and all but the one with the null key a key of at least one byte (fixture
		// count-huge).
		code := faultMaxItems
		if 4+5*int64(n)-1 > int64(len(cur.b)-cur.pos) {
			code = faultCount
		}
		cur.fail(code, fieldCount, at, int64(n))
		return
	}
	c.nullIndex = cur.i32(fieldNullIndex)
	if !cur.ok() || !c.plainKeys(cur, sc) && !c.anyKeys(cur, sc, names) {
		return
	}
	c.endsAt = cur.pos
	if left := len(cur.b) - cur.pos; left/4 < n {
		cur.fail(faultEnd, fieldEnds, cur.pos+left/4*4, 4)
		cur.f.item = int32(left/4) + 1
		return
	}
	cur.pos += 4 * n
	size := int(c.stored(n - 1))
	if left := len(cur.b) - cur.pos; size < 0 || size > left {
		c.misfit(cur, left)
		return
	}
	c.area = span{cur.pos, size}
	cur.pos += size
}

// plainKeys reads the keys if each has a length of one byte and is UTF-8, as nearly all have; else it reads nothing. Such
// lengths are ASCII, so that the keys can be checked all at once: no character reaches from one into the next.
func (c *container) plainKeys(cur *cursor, sc *scratch) bool {
	b, pos := cur.b, cur.pos
	if cap(sc.keys) == 0 {
		sc.keys = make([]rawText, 0, min(int(c.count), len(b)-pos))
	}
	keys := sc.keys[:0]
	for i := range c.count {
		if i == c.nullIndex {
			keys = append(keys, rawText{null: true})
			continue
		}
		if pos >= len(b) {
			return false
		}
		n := int(b[pos])
		pos++
		if n >= 0x80 || n > len(b)-pos {
			return false
		}
		keys = append(keys, rawText{raw: span{pos, n}})
		pos += n
	}
	if !utf8.Valid(b[cur.pos:pos]) {
		return false
	}
	sc.keys, cur.pos = keys, pos
	return true
}

// anyKeys reads the keys one by one.
func (c *container) anyKeys(cur *cursor, sc *scratch, names *textDecoder) bool {
	for i := range c.count {
		if i == c.nullIndex {
			sc.keys = append(sc.keys, rawText{null: true})
			continue
		}
		sc.keys = append(sc.keys, sc.readText(cur, fieldKey, names))
		if !cur.ok() {
			cur.f.item = i + 1
			return false
		}
	}
	return true
}

// misfit tells why the value area does not fit: the first item that ends past the blob is the one concerned. left is what
// stands behind the table (fixtures offset-last-negative, offset-past-end, cut-in-value).
func (c *container) misfit(cur *cursor, left int) {
	last := int(c.count) - 1
	code, i := faultEndsNegative, last
	if c.stored(last) >= 0 {
		code = faultEndsPast
		for i = 0; int(c.stored(i)) <= left; i++ {
		}
	}
	cur.fail(code, fieldEnds, c.endsAt+4*i, int64(c.stored(i)))
	cur.f.item = int32(i) + 1
}

// stored is entry i of the table of ends.
func (c *container) stored(i int) int32 {
	return int32(binary.LittleEndian.Uint32(c.blob[c.endsAt+4*i:]))
}

// slot returns where item i starts and ends in the value area, as stored: neither need make sense.
func (c *container) slot(i int) (start, end int) {
	if i > 0 {
		start = int(c.stored(i - 1))
	}
	return start, int(c.stored(i))
}

// item reads the value of item i. Microsoft's reader looks at the start of a slot only (session-blob.md 8); here the slot
// counts too, so that no byte is taken for two values:
//
//   - A value that runs over its slot, and a slot of no bytes, is a fault.
//   - A slot that ends past the value area is cut there.
//   - A slot that starts before the value area makes the item null, as it does for Microsoft.
//
// lost says that the bytes of the slot cannot be had; else slot is where they are in the blob.
func (c *container) item(i int, v *rawValue) (slot span, lost bool, f fault) {
	start, end := c.slot(i)
	if start < 0 || end <= start || end > c.area.n || !c.budget(end-start) {
		slot, lost, f = c.oddItem(v, start, end)
	} else {
		slot = span{c.area.off + start, end - start}
		f = v.read(c.blob, slot.off, room{slot: slot.off + slot.n, area: c.area.off + c.area.n})
	}
	if f.code != noFault {
		f.item = int32(i) + 1
	}
	return slot, lost, f
}

// plainItem is item and value for what nearly all items are, and nothing is to be said about: numbers and short texts that
// fill their slot. Of any other it says false and leaves it alone.
func (c *container) plainItem(i int, v *Value, texts *textPool) bool {
	start, end := c.slot(i)
	if start < 0 || end <= start || end > c.area.n {
		return false
	}
	b := c.blob[c.area.off+start : c.area.off+end]
	if c.decoded+len(b) > 2*c.area.n || !v.readPlain(b, texts) {
		return false
	}
	c.decoded += len(b)
	return true
}

// budget says whether a slot of n bytes may still be decoded. Slots follow one another, so together they are longer than
// the area only where the table goes back. Without a bound a table that goes to and fro would have one large value
// decoded any number of times.
func (c *container) budget(n int) bool {
	c.decoded += n
	return c.decoded <= 2*c.area.n
}

// oddItem is item for a slot that is not a stretch of the value area, or one too many.
func (c *container) oddItem(v *rawValue, start, end int) (slot span, lost bool, f fault) {
	at := c.area.off + start
	*v = rawValue{typ: TypeNull, end: at}
	switch {
	case start < 0:
		return span{c.area.off, 0}, true, fault{}
	case start > c.area.n:
		return span{c.area.off + c.area.n, 0}, true, fault{code: faultSlotStart, field: fieldValue, off: c.area.off + c.area.n}
	case end < start:
		return span{at, 0}, true, fault{code: faultSlotBack, field: fieldValue, off: at}
	}
	end = min(end, c.area.n)
	slot = span{at, end - start}
	switch {
	case slot.n == 0:
		return slot, false, fault{code: faultEmptySlot, field: fieldValue, off: at}
	case !c.budget(slot.n):
		return span{at, 0}, true, fault{code: faultOverlap, field: fieldValue, off: at, n: 2 * int64(c.area.n)}
	}
	return slot, false, v.read(c.blob, at, room{slot: at + slot.n, area: c.area.off + c.area.n})
}
