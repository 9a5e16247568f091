package session

import (
	"context"
	"errors"
)

// Errors of a Tracker. After either the caller looks at all rows.
var (
	// ErrUntracked: the store keeps no account of changes, or does not show it. To ask again soon is no use.
	ErrUntracked = errors.New("session: changes are not tracked")
	// ErrTooOld: what has changed since the position is not known any more, or is so much that to look at all rows costs
	// less. Another position, taken before that look, is good.
	ErrTooOld = errors.New("session: too much has changed since the position")
)

// Tracker tells which rows have changed, so that who follows a store need not look at all of them. Where a store can do so
// may depend on how it was set up: ErrUntracked.
type Tracker interface {
	// Changes returns the keys of the rows that were inserted, updated or deleted since a position that an earlier call
	// returned, and the present position. With the empty position it returns only the latter. Each change that a caller
	// could see when the position was taken lies before it; what was committed later lies behind it, or is told as well: a
	// change may be told twice, never not at all. A position outlives restarts of the store, and of its caller. It is text
	// in UTF-8, opaque, and means something to the store that gave it only.
	Changes(ctx context.Context, since string) (Changes, error)
}

// Changes is the answer of a Tracker. What a row is by now is for the caller to look at.
type Changes struct {
	Keys []Key  // each once, in no promised order
	Next string // the position to ask from next time
}
