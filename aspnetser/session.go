package aspnetser

// Session is a decoded blob. It may be changed and written with Append.
//
// A Session is for one goroutine at a time once it is changed.
type Session struct {
	Form    Form  // whether Append compresses; FormUnknown is written plain
	Timeout int32 // minutes; any value, 0 and negative ones included

	// HasItems and HasStatic are the flags of the blob. Append sets them where there are items or static objects; they
	// matter only where there are none (fixtures s-has-items-count-0, s-static-empty).
	HasItems, HasStatic bool

	Items  []Item         // in stored order
	Static []StaticObject // in stored order, which means nothing

	// Oddities are the ways in which the container differs from what Microsoft's writer would have written.
	Oddities Oddities

	// Warnings tells what is odd in this blob and tolerated, at most MaxWarnings of them. MoreWarnings counts the others.
	Warnings     []Warning
	MoreWarnings int
}

// MaxWarnings is how many warnings are kept.
const MaxWarnings = 100

// Item is one entry of a session.
type Item struct {
	Key     string // UTF-8; keys that differ by case only are equal
	NullKey bool   // the key is null, which differs from ""; Key is "" then
	keyForm lenForm
	gone    bool  // of a Collection: there is no item here
	at      int32 // of a Collection: index in the blob
	Value   Value

	oddKey *oddText
}

// oddText is text that is not stored as it reads.
type oddText struct {
	text   string // what it reads as
	stored []byte // its bytes
}

// StaticObject is an object that global.asax declares with session scope.
type StaticObject struct {
	Name        string
	HasInstance bool
	Value       Value // the object, when it has been created; never null

	ObjectType string // when not: full type name without assembly
	LateBound  bool   // when not

	nameForm, typeForm       lenForm
	instanceByte, lateByte   uint8 // as stored; 0 unless other than 0 and 1
	oddName, oddType, oddStr *oddText
}

// Oddities of a container. The zero value has none.
type Oddities struct {
	HasItems, HasStatic uint8 // the flag byte where it is neither 0 nor 1, which means true (fixture s-bool-2)

	// Count is the stored item count of a session that has the flag and no items, and StaticCount the same for static
	// objects: 0 or negative (fixtures s-has-items-count-0, count-negative).
	Count, StaticCount int32

	// NullIndex is the stored null-key index where no item has the null key and it is not -1 (fixture
	// s-null-index-out-of-range). 0 is -1.
	NullIndex int32

	// Trailing are the bytes after the end byte, which no reader looks at (fixture trailing-garbage).
	Trailing []byte
}

// Warning is something that Microsoft's writer would not have written and its reader tolerates.
type Warning struct {
	Item   int    // index of the item, -1 when none is concerned
	Static int    // index of the static object, -1 when none is concerned
	Offset int64  // in bytes, in the inflated blob where the blob is compressed
	Text   string // holds no values of the session
}

func (s *Session) warn(item, static, offset int, text string) {
	if len(s.Warnings) >= MaxWarnings {
		s.MoreWarnings++
		return
	}
	s.Warnings = append(s.Warnings, Warning{Item: item, Static: static, Offset: int64(offset), Text: text})
}

// ItemErr returns why item i is Undecodable: a *MalformedError or *LimitError, which unwraps to an error of package nrbf
// where the graph of an Object is concerned. It is nil for every other item.
func (s *Session) ItemErr(i int) error {
	it := &s.Items[i]
	if it.Value.typ != TypeUndecodable {
		return nil
	}
	return it.Value.err(i, it.Key, s.Form == FormCompressed)
}

// Err returns the error of the first Undecodable item, nil when there is none.
func (s *Session) Err() error {
	for i := range s.Items {
		if err := s.ItemErr(i); err != nil {
			return err
		}
	}
	return nil
}

// String returns the warning with its place: item 3: Boolean byte 80 at offset 41.
func (w Warning) String() string { return place(w.Item, w.Static, "") + w.Text + at(w.Offset, false) }
