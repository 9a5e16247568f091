package nrbf

import "math"

// libraryKey is what a library is kept as among the ids, which it shares with objects and strings.
type libraryKey string

// id returns the id of a pointer, a Go string or a libraryKey, and whether it is a new one.
//
// Ids are counted as .NET counts: one is used up by every mention, also by one that gets the id of the first; only a
// mention of what was mentioned last uses none (fixtures o-order, o-poly-array).
func (e *encoder) id(of any) (id int32, first bool) {
	if of == e.last {
		return e.lastID, false
	}
	id = e.countID()
	if old, known := e.ids[of]; known {
		id = old
	} else {
		e.ids[of] = id
		first = true
	}
	e.last, e.lastID = of, id
	return id, first
}

// countID uses up an id.
func (e *encoder) countID() int32 {
	if e.next == math.MaxInt32 {
		e.fail("more than 2,147,483,646 objects")
		return e.next
	}
	e.next++
	return e.next - 1
}

// library writes the record of a library that is mentioned for the first time. The core library has none.
func (e *encoder) library(name string) {
	if name == "" {
		return
	}
	if _, known := e.ids[libraryKey(name)]; known {
		return // does not count as a mention
	}
	id, _ := e.id(libraryKey(name))
	e.dst = append(e.dst, recordLibrary)
	e.i32(id)
	e.string(name)
}

func (e *encoder) libraryID(name string) int32 { return e.ids[libraryKey(name)] }
