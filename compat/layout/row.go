package layout

import "github.com/aspstate/aspstate/session"

// ShortLimit is the greatest length in bytes of SessionItemShort, of Item and of a chunk. A payload of exactly this
// length is short (sql-layouts.md 16.3 S, K).
const ShortLimit = 7000

// MaxPayload is the greatest length in bytes of image and varbinary(max).
const MaxPayload = 1<<31 - 1

// Row is a session as the columns of a layout hold it. Fields that a layout has no column for stay zero.
//
// Times are the column's own wall clock: the Instant whose UTC reading is what the column shows. In all layouts but fx7
// that is the instant itself; in fx7, and in LockDateLocal of every layout, it is the server's local time.
//
// Of the byte columns nil is NULL; empty and not nil is an empty value.
type Row struct {
	SessionID   string
	Created     session.Instant
	Expires     session.Instant
	LockDate    session.Instant
	LockCookie  int32
	Timeout     int32 // minutes
	Locked      bool
	Flags       int32 // all but sqlinmemory
	Initialized bool  // sqlinmemory: the opposite of Flags bit 0x1

	LockDateLocal session.Instant // where there is such a column

	Short    []byte  // SessionItemShort
	Long     []byte  // SessionItemLong
	Item     []byte  // SessionItem (v1.0), Item (sqlinmemory)
	ItemSize int64   // sqlinmemory
	Chunks   []Chunk // sqlinmemory, rows of SessionItems; in any order
}

// Chunk is a row of sqlinmemory's SessionItems.
type Chunk struct {
	ID   int32 // SessionItemId: 1, 2, 3, …
	Item []byte
}

// Note tells what a conversion had to decide. It is no error: the record is good.
type Note struct {
	Kind NoteKind
	Text string // for people; no id, no payload
}

// NoteKind tells notes apart, and is fit for counting.
type NoteKind string

// The kinds of notes.
const (
	// NoteTrimmedTail: the unused end of async 1.0's buffer was left out.
	NoteTrimmedTail NoteKind = "trimmed-tail"
	// NoteKeptTail: where the payload ends in async 1.0's buffer is not certain, so the whole buffer is the payload.
	NoteKeptTail NoteKind = "kept-tail"
	// NoteBothColumns: Short and Long were both set. Long counts, as it does for every provider (sql-layouts.md 7.1).
	NoteBothColumns NoteKind = "both-columns"
	// NoteMisplacedLong: at most 7000 bytes stood in Long. No provider does that, and its next short write would go
	// unseen (7.1).
	NoteMisplacedLong NoteKind = "misplaced-long"
	// NoteAmbiguousHour: a local time that occurs twice; the later moment was taken.
	NoteAmbiguousHour NoteKind = "ambiguous-hour"
	// NoteSkippedHour: a local time that the clock never shows, such as the end of a timeout that runs over the change;
	// the time was counted on without the change.
	NoteSkippedHour NoteKind = "skipped-hour"
)
