package session

import (
	"context"
	"time"
)

// Peeker looks without touching: nothing is renewed, no mark is cleared, no lock is taken. Dump, inspect, verify and the
// copier read through it.
type Peeker interface {
	// Peek returns one record a key, in order, nil where there is none. Locked sessions are shown, and expired ones that
	// the store still has. A row whose payload nobody can read has a nil one; an empty payload is not nil. Each record is one atomic look; the keys of one call are not looked at in one instant.
	Peek(ctx context.Context, keys []Key) ([]*Record, error)
}

// PeekOne looks at one session. Absent: ErrNotFound.
func PeekOne(ctx context.Context, p Peeker, k Key) (*Record, error) {
	rs, err := p.Peek(ctx, []Key{k})
	if err != nil {
		return nil, err
	}
	if rs[0] == nil {
		return nil, ErrNotFound
	}
	return rs[0], nil
}

// Cursor is a place in a Scanner's order. It is opaque, printable, and means something to the store that gave it only;
// the empty Cursor is the beginning. It stays good over a restart.
type Cursor string

// ScanRequest asks for the next records after a cursor.
type ScanRequest struct {
	After Cursor
	Limit int // most records of the page, at least 1
	Bytes int // the page ends with the record that brings its payloads to this many bytes; 0: no such bound
}

// Page is a piece of a scan.
type Page struct {
	Records []Record
	Damaged []Damage // rows that nobody can make a record of
	Next    Cursor   // where to go on; empty at the end
}

// Damage is a row that nobody can read. It is no reason to end a scan: the others are fine.
type Damage struct {
	Key Key
	Err error
}

// Scanner lists records in an order of the store's own. The order is stable: records that exist throughout a scan are
// seen once, records that come or go meanwhile may or may not be. Nothing is touched. Expired records that the store
// still has are listed. Orders of two stores must not be compared.
type Scanner interface {
	Scan(ctx context.Context, req ScanRequest) (Page, error)
}

// Skimmer looks at everything but payloads, where that costs less than looking at all.
type Skimmer interface {
	// Skim is Scan with records whose Payload is nil. Its cursors are those of Scan.
	Skim(ctx context.Context, req ScanRequest) (Page, error)
	// SkimKeys is Peek with records whose Payload is nil.
	SkimKeys(ctx context.Context, keys []Key) ([]*Record, error)
}

// Counter tells how many records a store has, expired ones included. The figure may be approximate.
type Counter interface {
	Count(ctx context.Context) (int64, error)
}

// Change is one row to be written or deleted as it is.
type Change struct {
	Record Record // what shall be there; for a deletion only the Key counts
	Delete bool
	Expect *Fence // the row's fence as last seen; nil: there was no row
}

// Result says what became of a Change.
type Result uint8

// Results of a Change.
const (
	Applied  Result = iota + 1 // written or deleted
	Already                    // the row was already just so, payload included (or already gone)
	Conflict                   // the row was not as expected; nothing was done
)

// Outcome is the answer to one Change.
type Outcome struct {
	Result  Result
	Current *Fence // the row's fence after the call; nil where there is no row
}

// Applier writes rows as they are: Created, Expires, Timeout, Flags and the lock keep the values they are given.
type Applier interface {
	// Apply does each change whose row is still as expected, one outcome a change, in order. The changes of a call must
	// name different keys. Each is atomic; all that were applied are durable when Apply returns without error. Applying
	// the same changes again does nothing more (Already).
	//
	// A Record with Revision 0 is given the store's next; another is taken as it is, and the store's next one is higher.
	Apply(ctx context.Context, changes []Change) ([]Outcome, error)

	// After returns the fence that the row of c will have once c has been applied by this store. The store may round or
	// drop what it cannot hold. c.Record.Revision must not be 0 where the store keeps revisions.
	After(c Change) Fence
}

// Sweeper removes dead sessions.
type Sweeper interface {
	// Sweep removes at most limit sessions whose Expires lies before now, and says how many. Fewer than limit means
	// that none is left.
	Sweep(ctx context.Context, limit int) (int, error)
}

// Waiter waits for locks.
type Waiter interface {
	// WaitExclusive is GetExclusive, but waits up to the given time while the session is locked. Waiters of one session
	// are served first come, first served; one whose context ends or whose time is up gives its place away and gets the
	// *LockedError of that moment (wrapped with the context's error, if it was that). A session that is removed while
	// somebody waits gives ErrNotFound.
	WaitExclusive(ctx context.Context, k Key, wait time.Duration) (Item, error)
}
