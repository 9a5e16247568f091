package cutover

import "errors"

// ErrNoLease: this program has no lease that it could serve under. Nothing is wrong with the session.
var ErrNoLease = errors.New("cutover: the lease of this bridge is over")

// errAgain: what was seen was not so any more when it was acted on; it has to be looked at again.
var errAgain = errors.New("cutover: changed meanwhile")

// RefusedError says that a change of phase must not be made, and what a person could do about it. Nothing was changed.
type RefusedError struct {
	App    string
	Reason string
	Remedy string
}

func (e *RefusedError) Error() string { return "application " + e.App + ": " + e.Reason }

// errUnreadable: there is a row that nobody can read. It is not moved, and nothing is put in its place.
var errUnreadable = errors.New("its row cannot be read")
