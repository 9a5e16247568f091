package nrbf

// Graph is a decoded stream: its objects, and the order and spelling of its records, so that writing it again gives the
// same bytes.
//
// A Graph is for one goroutine at a time while it is changed; it may be read concurrently.
type Graph struct {
	stream string // a copy of the input; texts and packed elements are parts of it
	header [4]int32

	cells   []cell
	top     span // the cells of the records that stand outside all others
	objects []object
	arrays  []array
	texts   []text
	classes []class
	members []member
	libs    []library

	// marks are the records that are no value, by the cell before which they stand; those before the end record under the
	// number of cells at decoding.
	marks []placedMark // in the order of the cells

	twice bool  // some string has the id of another
	root  int32 // cell of a reference to the root, which no record is; the last cell

	// For edits.
	lastID int32            // no greater id is in use
	packed map[int32][]byte // elements of packed arrays that were changed, by object
	edits  *edits           // nil before the first edit of a string
}

// cell is one place: a member, an element, or a record outside all others.
type cell struct {
	bits uint64 // a primitive's bits, as wide as its type; the id of a string or reference
	ref  int32  // cellString, Decimal: index of the text; cellObject: index of the object; cellRef: see below; asMoreNulls: as of the first
	kind cellKind
	code PrimitiveType // of a primitive
	as   uint8         // how it is spelt
	mark bool          // marks stand before it
}

type cellKind uint8

const (
	cellNull cellKind = iota
	cellPrimitive
	cellString // the record of a string
	cellObject // the record of a class instance or an array
	cellRef    // a reference to a string or an object
)

// How a cell is spelt.
const (
	asUsual      = 0
	asBoxed      = 1 // a primitive with its type, record 8
	asNulls256   = 2 // first null of a record 13
	asNulls      = 3 // first null of a record 14
	asMoreNulls  = 4 // null of the same run as the one before
	asUnresolved = 5 // a reference whose id has not come yet
)

// A reference's target: an object's index, or, below 0, the index of a text from -1 down.
func objectTarget(i int32) int32 { return i }
func textTarget(i int32) int32   { return -1 - i }

// object is a class instance or an array.
type object struct {
	id     int32
	record uint8
	code   PrimitiveType // of an array of primitives
	info   int32         // class instance: index of its class; record 7: index of its array
	first  int32         // cell of the first member or element; of a packed array: offset in the stream
	n      int32         // members or elements
	size   int32         // packed: bytes
}

// isPacked says that the elements are bytes of the stream: primitives other than Decimals.
func (o *object) isPacked() bool { return o.code != 0 && o.code != PrimitiveDecimal }

func (o *object) isClass() bool {
	return o.record == recordClassWithID || o.record == recordSystemClass || o.record == recordClass
}

// array is what record 7 says of an array besides its elements.
type array struct {
	kind    uint8
	elem    decl
	lengths []int32
	lower   []int32 // nil in kinds without lower bounds
}

// class is what a class record says about all instances.
type class struct {
	id      int32
	name    text
	lib     int32 // index of its library, -1 for the core library
	members span
	cost    int64 // bytes of names that one instance mentions
}

type member struct {
	name text
	decl decl
}

// decl is a declared type: of a member, or of elements.
type decl struct {
	kind uint8
	code PrimitiveType // Primitive, PrimitiveArray
	lib  int32         // Class: index of the library
	name text          // SystemClass, Class
}

type library struct {
	id   int32
	name text
}

// text is a string and the way its length is stored, see lenForm.
type text struct {
	s    string
	form lenForm
}

// mark is a record that is no value.
type mark struct {
	record uint8 // Library, or a run of 0 nulls
	lib    int32 // Library: index
}

// span is a stretch of cells or members.
type span struct{ first, n int32 }

// membersOf returns the members of a class.
func (g *Graph) membersOf(c *class) []member {
	return g.members[c.members.first : c.members.first+c.members.n]
}

// packedOf returns the elements of a packed array, as they are stored.
func (g *Graph) packedOf(i int32) string {
	if b, changed := g.packed[i]; changed {
		return string(b)
	}
	o := &g.objects[i]
	return g.stream[o.first : o.first+o.size]
}

// library returns the name of a library, "" for the core library.
func (g *Graph) library(i int32) string {
	if i < 0 {
		return ""
	}
	return g.libs[i].name.s
}
