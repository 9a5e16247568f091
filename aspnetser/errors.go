package aspnetser

import (
	"fmt"
	"io"
	"strconv"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// MalformedError says that a blob, or one item of it, cannot be decoded, and where. All malformed input ends in it; only
// what breaks a limit ends in a *LimitError instead.
//
// It unwraps to io.ErrUnexpectedEOF where bytes were missing, and to a *nrbf.MalformedError, whose offsets count from the
// start of the record stream, where the graph of an Object is malformed.
type MalformedError struct {
	// Offset is the position of the field in question, in bytes from the start: of the blob, or of the inflated blob when
	// Inflated is set.
	Offset   int64
	Inflated bool

	Item   int    // index of the item, -1 when none is concerned
	Static int    // index of the static object, -1 when none is concerned
	Key    string // key of the item or name of the static object, "" when it is not known or null

	Reason string // what is wrong, without the place; holds no values of the session
	cause  error
}

// Error names item and offset: item 3 "cart": string length -5 at offset 41.
func (e *MalformedError) Error() string {
	return place(e.Item, e.Static, e.Key) + e.Reason + at(e.Offset, e.Inflated)
}

// Unwrap returns io.ErrUnexpectedEOF, a *nrbf.MalformedError, or nil.
func (e *MalformedError) Unwrap() error { return e.cause }

// LimitError says that a blob breaks a limit of Options, or one that keeps work in proportion to the input. The blob may
// be sound.
type LimitError struct {
	Limit string // the fields of Options that set it, such as MaxItems or Graph.MaxDepth; "" where it cannot be set
	What  string // what is limited
	Max   int64
	Got   int64 // what the blob claims; 0 where only that it is more than Max is known

	Offset   int64 // as in MalformedError; 0 for inflated bytes
	Inflated bool
	Item     int // as in MalformedError
	Static   int
	Key      string
	cause    error
}

// Unwrap returns a *nrbf.LimitError where the graph of an Object is over a limit, else nil.
func (e *LimitError) Unwrap() error { return e.cause }

// Error names limit and figures: 200000 items are over the limit of 131072 (MaxItems) at offset 6.
func (e *LimitError) Error() string {
	s := place(e.Item, e.Static, e.Key) + "more than " + strconv.FormatInt(e.Max, 10) + " " + e.What
	if e.Got > 0 {
		s = place(e.Item, e.Static, e.Key) + fmt.Sprintf("%d %s are over the limit of %d", e.Got, e.What, e.Max)
	}
	if e.Limit != "" {
		s += " (" + e.Limit + ")"
	}
	if e.Offset > 0 {
		s += at(e.Offset, e.Inflated)
	}
	return s
}

func place(item, static int, key string) string {
	var s string
	switch {
	case item >= 0:
		s = "item " + strconv.Itoa(item)
	case static >= 0:
		s = "static object " + strconv.Itoa(static)
	default:
		return ""
	}
	if key != "" {
		s += " " + nrbf.QuoteCut(key, 40)
	}
	return s + ": "
}

func at(offset int64, inflated bool) string {
	s := " at offset " + strconv.FormatInt(offset, 10)
	if inflated {
		s += " of the inflated blob"
	}
	return s
}

// fault is an error before it is one: what a cursor keeps, small and free of allocation. The zero fault is none.
type fault struct {
	code   faultCode
	field  field
	item   int32 // one more than the index; 0: none
	static int32 // the same
	off    int
	n      int64 // the figure of the message
}

type faultCode uint8

const (
	noFault faultCode = iota
	faultEnd
	faultSlot
	faultEmptySlot
	faultSlotBack
	faultSlotStart
	faultLength
	faultLen7
	faultCount
	faultEndsNegative
	faultEndsPast
	faultTrailer
	faultDuplicate
	faultDateTime
	faultScale
	faultDecimalBits
	faultCharLong
	faultCharBroken
	faultType
	faultNullInstance
	faultObjectEmpty
	faultGraph
	faultMaxItems
	faultMaxStatics
	faultOverlap
	faultOddText
)

// field is what was being read.
type field uint8

const (
	fieldTimeout field = iota
	fieldHasItems
	fieldHasStatic
	fieldCount
	fieldNullIndex
	fieldKey
	fieldEnds
	fieldValues
	fieldTrailer
	fieldStaticCount
	fieldName
	fieldInstance
	fieldTypeName
	fieldLateBound
	fieldType
	fieldValue
	fieldString
	fieldRecord
)

var fieldNames = [...]string{
	fieldTimeout: "timeout", fieldHasItems: "hasItems flag", fieldHasStatic: "hasStaticObjects flag",
	fieldCount: "item count", fieldNullIndex: "null-key index", fieldKey: "key", fieldEnds: "table of ends",
	fieldValues: "value area", fieldTrailer: "end byte", fieldStaticCount: "static object count", fieldName: "name",
	fieldInstance: "hasInstance flag", fieldTypeName: "type name", fieldLateBound: "lateBound flag",
	fieldType: "type byte", fieldValue: "value", fieldString: "string", fieldRecord: "Object stream",
}

func (f field) String() string { return fieldNames[f] }

func (f fault) reason() string {
	switch f.code {
	case faultEnd:
		return "out of bytes in the " + f.field.String()
	case faultSlot:
		return fmt.Sprintf("%s of %d bytes runs over its slot", f.field, f.n)
	case faultEmptySlot:
		return "slot of 0 bytes"
	case faultSlotBack:
		return "slot ends before it starts"
	case faultSlotStart:
		return "slot starts past the value area"
	case faultLength:
		return fmt.Sprintf("%s length %d", f.field, f.n)
	case faultLen7:
		return f.field.String() + " length of more than 5 bytes"
	case faultCount:
		return fmt.Sprintf("%s %d needs more bytes than are left", f.field, f.n)
	case faultEndsNegative:
		return fmt.Sprintf("slot ends at byte %d of the value area", f.n)
	case faultEndsPast:
		return fmt.Sprintf("slot ends at byte %d of the value area, past the end of the blob", f.n)
	case faultTrailer:
		return fmt.Sprintf("end byte is %02x, not ff", f.n)
	case faultDuplicate:
		if f.field == fieldName {
			return fmt.Sprintf("name equals that of static object %d", f.n)
		}
		return fmt.Sprintf("key equals that of item %d", f.n)
	case faultDateTime:
		return "DateTime ticks out of range"
	case faultScale:
		return fmt.Sprintf("Decimal scale %d is over 28", f.n)
	case faultDecimalBits:
		return "Decimal flags that do not exist"
	case faultCharLong:
		return "Char of 4 bytes"
	case faultCharBroken:
		return "Char that is not UTF-8, or half of a surrogate pair"
	case faultType:
		return fmt.Sprintf("unknown type id %d", f.n)
	case faultNullInstance:
		return "static object that exists reads as null"
	case faultObjectEmpty:
		return "Object without a record stream"
	}
	return fmt.Sprintf("fault %d", f.code)
}

// err makes the error. key is that of the item or static object concerned, cause what is wrong with a graph.
func (f fault) err(key string, inflated bool, o Options, cause error) error {
	item, static, off := int(f.item)-1, int(f.static)-1, int64(f.off)
	switch f.code {
	case faultMaxItems:
		return &LimitError{Limit: "MaxItems", What: "items", Max: o.maxItems(), Got: f.n, Offset: off, Inflated: inflated,
			Item: -1, Static: -1}
	case faultMaxStatics:
		return &LimitError{Limit: "MaxStaticObjects", What: "static objects", Max: o.maxStatics(), Got: f.n, Offset: off,
			Inflated: inflated, Item: -1, Static: -1}
	case faultOddText:
		return &LimitError{What: "bytes of keys and names that are not UTF-8", Max: f.n, Offset: off, Inflated: inflated, Item: item,
			Static: int(f.static) - 1}
	case faultOverlap:
		return &LimitError{What: "bytes of overlapping slots", Max: f.n, Offset: off, Inflated: inflated, Item: item,
			Static: static, Key: key}
	case faultGraph:
		switch e := cause.(type) {
		case *nrbf.LimitError:
			return &LimitError{Limit: "Graph." + e.Limit, What: e.What, Max: e.Max, Offset: off + e.Offset, Inflated: inflated,
				Item: item, Static: static, Key: key, cause: e}
		case *nrbf.MalformedError:
			reason := "Object: " + e.Reason
			if e.Record != "" {
				reason = fmt.Sprintf("Object, %s record at offset %d: %s", e.Record, off+e.RecordOffset, e.Reason)
			}
			return &MalformedError{Offset: off + e.Offset, Inflated: inflated, Item: item, Static: static, Key: key,
				Reason: reason, cause: e}
		}
	}
	e := &MalformedError{Offset: off, Inflated: inflated, Item: item, Static: static, Key: key, Reason: f.reason()}
	if f.code == faultEnd || f.code == faultEndsPast {
		e.cause = io.ErrUnexpectedEOF
	}
	return e
}
