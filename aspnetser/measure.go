package aspnetser

import "math"

// measureObject finds the end of the record stream ([MS-NRBF]) that starts at cur, and returns the stream. Only static
// objects need it: they stand one behind the other without a table (session-blob.md 6). It knows how long each record is
// and nothing of what it means: references and names are not looked at.
//
// It neither recurses nor allocates what the stream claims: a stack of unfinished classes and arrays grows by records
// that are really there.
func measureObject(cur *cursor) span {
	m := meter{cur: *cur, classes: map[int32][]run{}} // a cursor of its own keeps the caller's off the heap
	at := cur.pos
	if t := m.cur.u8(fieldRecord); m.cur.ok() && t != recordHeader {
		m.cur.fail(faultRecordPlace, fieldRecord, at, int64(t))
	}
	m.cur.take(16, fieldRecord)
	for m.cur.ok() && !m.ended {
		m.advance()
	}
	*cur = m.cur
	return span{at, cur.pos - at}
}

// Record types, [MS-NRBF] 2.1.2.1.
const (
	recordHeader             = 0
	recordClassWithID        = 1
	recordSystemClassUntyped = 2
	recordClassUntyped       = 3
	recordSystemClass        = 4
	recordClass              = 5
	recordString             = 6
	recordBinaryArray        = 7
	recordPrimitive          = 8
	recordReference          = 9
	recordNull               = 10
	recordEnd                = 11
	recordLibrary            = 12
	recordNulls256           = 13
	recordNulls              = 14
	recordPrimitiveArray     = 15
	recordObjectArray        = 16
	recordStringArray        = 17
)

// run is a number of members or elements of one kind: primitives of a code, or records (code 0).
type run struct {
	n    int64
	code byte
}

// frame is a class or array that is not complete yet.
type frame struct {
	now  run   // what comes next
	rest []run // of a class: what comes after that
}

type meter struct {
	cur     cursor
	classes map[int32][]run
	stack   []frame
	ended   bool
}

// advance reads what comes next: primitive members, or a record.
func (m *meter) advance() {
	for len(m.stack) > 0 {
		top := &m.stack[len(m.stack)-1]
		switch {
		case top.now.n == 0 && len(top.rest) == 0:
			m.stack = m.stack[:len(m.stack)-1]
		case top.now.n == 0:
			top.now, top.rest = top.rest[0], top.rest[1:]
		case top.now.code != 0:
			n := top.now.n
			top.now.n = 0
			m.primitives(top.now.code, n)
			return
		default:
			m.record()
			return
		}
	}
	m.record()
}

// filled counts n places of the innermost class or array as filled. A run of nulls may cover several members of a class.
func (m *meter) filled(n int64, at int) {
	if len(m.stack) == 0 {
		return
	}
	top := &m.stack[len(m.stack)-1]
	if n > top.now.n {
		m.cur.fail(faultNulls, fieldRecord, at, n)
		return
	}
	top.now.n -= n
}

func (m *meter) record() {
	cur := &m.cur
	at := cur.pos
	t := cur.u8(fieldRecord)
	if !cur.ok() {
		return
	}
	switch t {
	case recordLibrary:
		cur.i32(fieldRecord)
		cur.text(fieldRecord)
		return // stands before a value too, and is none (fixture o-struct-other-lib)
	case recordEnd:
		if len(m.stack) > 0 {
			cur.fail(faultRecordPlace, fieldRecord, at, int64(t))
		}
		m.ended = true
		return
	case recordNulls256, recordNulls:
		n := int64(0)
		if t == recordNulls256 {
			n = int64(cur.u8(fieldRecord))
		} else {
			n = int64(cur.i32(fieldRecord))
		}
		if n < 0 || len(m.stack) == 0 {
			cur.fail(faultNulls, fieldRecord, at, n)
			return
		}
		m.filled(n, at)
		return
	}
	m.filled(1, at)
	switch t {
	case recordClassWithID:
		cur.i32(fieldRecord)
		id := cur.i32(fieldRecord)
		c, known := m.classes[id]
		if cur.ok() && !known {
			cur.fail(faultClassID, fieldRecord, at, int64(id))
			return
		}
		m.push(frame{rest: c})
	case recordSystemClass, recordClass:
		m.class(t)
	case recordString:
		cur.i32(fieldRecord)
		cur.text(fieldRecord)
	case recordBinaryArray:
		m.binaryArray()
	case recordPrimitive:
		m.primitives(cur.u8(fieldRecord), 1)
	case recordReference:
		cur.i32(fieldRecord)
	case recordNull:
	case recordPrimitiveArray:
		n := m.arrayLength()
		m.primitives(cur.u8(fieldRecord), n)
	case recordObjectArray, recordStringArray:
		m.push(frame{now: run{n: m.arrayLength()}})
	case recordSystemClassUntyped, recordClassUntyped:
		cur.fail(faultUntyped, fieldRecord, at, int64(t))
	case recordHeader:
		cur.fail(faultRecordPlace, fieldRecord, at, int64(t))
	default:
		cur.fail(faultRecord, fieldRecord, at, int64(t))
	}
}

func (m *meter) push(f frame) {
	if m.cur.ok() {
		m.stack = append(m.stack, f)
	}
}

// class reads a class record with its member types, [MS-NRBF] 2.3.1 and 2.3.2.
func (m *meter) class(t byte) {
	cur := &m.cur
	id := cur.i32(fieldRecord)
	cur.text(fieldRecord)
	at := cur.pos
	n := int64(cur.i32(fieldRecord))
	if n < 0 || n*2 > int64(len(cur.b)-cur.pos) { // a member takes a name and a type at least
		cur.fail(faultArray, fieldRecord, at, n)
	}
	for i := int64(0); i < n && cur.ok(); i++ {
		cur.text(fieldRecord)
	}
	if !cur.ok() {
		return
	}
	kinds := cur.take(int(n), fieldRecord)
	var members []run
	for _, kind := range kinds {
		code := m.memberType(kind)
		if last := len(members) - 1; last >= 0 && members[last].code == code {
			members[last].n++
			continue
		}
		members = append(members, run{1, code})
	}
	if t == recordClass {
		cur.i32(fieldRecord)
	}
	m.classes[id] = members
	m.push(frame{rest: members})
}

// memberType reads what follows a type of [MS-NRBF] 2.1.2.2, and returns the primitive's code or 0.
func (m *meter) memberType(kind byte) byte {
	cur := &m.cur
	switch kind {
	case 0: // Primitive
		code := cur.u8(fieldRecord)
		if cur.ok() && (code == 0 || int(code) >= len(primitiveSize) || primitiveSize[code] == 0) {
			cur.fail(faultTypeCode, fieldRecord, cur.pos-1, int64(code))
		}
		return code
	case 1, 2, 5, 6: // String, Object, ObjectArray, StringArray
	case 3: // SystemClass
		cur.text(fieldRecord)
	case 4: // Class
		cur.text(fieldRecord)
		cur.i32(fieldRecord)
	case 7: // PrimitiveArray
		cur.u8(fieldRecord)
	default:
		cur.fail(faultTypeCode, fieldRecord, cur.pos, int64(kind))
	}
	return 0
}

func (m *meter) arrayLength() int64 {
	cur := &m.cur
	cur.i32(fieldRecord)
	at := cur.pos
	n := int64(cur.i32(fieldRecord))
	if n < 0 {
		cur.fail(faultArray, fieldRecord, at, n)
		return 0
	}
	return n
}

// binaryArray reads an array of any rank, [MS-NRBF] 2.4.3.1.
func (m *meter) binaryArray() {
	cur := &m.cur
	at := cur.pos
	cur.i32(fieldRecord)
	kind := cur.u8(fieldRecord)
	rank := int64(cur.i32(fieldRecord))
	if kind > 5 || rank < 1 || rank*4 > int64(len(cur.b)-cur.pos) {
		cur.fail(faultArray, fieldRecord, at, rank)
	}
	total, none := int64(1), false
	for i := int64(0); i < rank && cur.ok(); i++ {
		switch n := int64(cur.i32(fieldRecord)); {
		case n < 0:
			cur.fail(faultArray, fieldRecord, at, n)
		case n == 0:
			none = true
		case total > math.MaxInt64/n:
			cur.fail(faultArray, fieldRecord, at, n)
		default:
			total *= n
		}
	}
	if none {
		total = 0
	}
	if kind >= 3 { // kinds with lower bounds
		cur.take(int(min(rank*4, math.MaxInt32)), fieldRecord)
	}
	elements := cur.u8(fieldRecord)
	if !cur.ok() {
		return
	}
	if code := m.memberType(elements); code != 0 {
		m.primitives(code, total)
		return
	}
	m.push(frame{now: run{n: total}})
}
