package session

import (
	"errors"
	"fmt"
)

// Outcomes that callers tell apart.
var (
	// ErrNotFound: there is no such session (a State Server's 404, SQL outputs that stay NULL).
	ErrNotFound = errors.New("session: not found")
	// ErrExists: the session is there already (SQL Server's error 2627).
	ErrExists = errors.New("session: exists already")
	// ErrStaleCookie: the cookie is not the row's (SQL Server: no row counted). A store that cannot tell a stale cookie
	// from an absent row reports this for both, and declares so (storetest.Rules.AbsentIsStale).
	ErrStaleCookie = errors.New("session: stale lock cookie")
)

// ErrRefused is what an error is, besides what it is otherwise, after which nothing was done and the same would not be done a
// second time either: the store is full, or has no place for what it was given. Any other failure may be over in a moment.
var ErrRefused = errors.New("session: refused")

// LockedError says that the session is locked by somebody else, and by whom.
type LockedError struct {
	Cookie int32   // of the lock that is held; whoever knows it may release it
	Since  Instant // when it was taken; the age is the store's now less Since
	// Uninitialized says that the refused read cleared the mark (SQL Server's procedures do, and still report it).
	Uninitialized bool
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("session: locked since %v under cookie %d", e.Since, e.Cookie)
}
