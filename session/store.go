package session

import "context"

// Store keeps sessions and answers the seven verbs of ASP.NET's session-state providers.
//
// # Rules for all stores
//
// Atomic: each call is one step for its session, whoever else calls. Calls for different sessions do not wait for each
// other. All methods may be called concurrently.
//
// Errors: the outcomes of the contract are [ErrNotFound], [ErrExists], [ErrStaleCookie] and [*LockedError]; test with
// errors.Is and errors.As. Any other error means that the store could not do its work, and whether it did is unknown
// unless the error says so.
//
// Times: Timeout is in minutes. "Renews" means that Expires becomes now + the record's Timeout. The clock is the store's.
//
// Expiry: a session whose Expires lies before now is dead. A store may still serve it until a sweep removes it, and then
// must declare so (storetest.Rules.ServesExpired); otherwise it is as absent.
//
// Slices: a payload handed to a store belongs to the store from then on; a payload that a store returns may be kept, but
// not changed. Payloads may be shared among callers.
//
// Lock cookie: a session has one lock with a number. GetExclusive adds one and hands out the new number; who holds the
// number owns the lock. A number that was handed out never comes back for the same session, not after a crash either.
//
// Context: a call that ends because its context ended returns an error that wraps the context's. Whether a write then
// took place is unknown.
type Store interface {
	// Get reads a session that nobody has locked. It renews, and it clears the uninitialized mark and reports it in
	// Item.Uninitialized (one reader of many is told). A locked session gives a *LockedError and no payload; that too
	// renews. Get never changes the lock.
	Get(ctx context.Context, k Key) (Item, error)

	// GetExclusive does the same and takes the lock: the cookie rises by one and is returned in Item.Cookie, Since is
	// now. A session locked by anybody gives a *LockedError, renews, and changes nothing about the lock.
	GetExclusive(ctx context.Context, k Key) (Item, error)

	// SetAndRelease writes payload and timeout, releases the lock and renews by the new timeout. Cookie, Created and
	// LockDate stay, and so does the uninitialized mark. Whether it writes is up to the condition:
	//
	//	Insert      only if absent, else ErrExists. The new session is unlocked, its mark clear, Created and LockDate
	//	            are now, its cookie is the store's first.
	//	IfCookie    only if the row's cookie equals the given one, locked or not; else ErrStaleCookie; absent: ErrNotFound.
	//	            What SQL Server's procedures do. A refused call renews nothing.
	//	IfFree      only if unlocked, or locked under the given cookie; else *LockedError; absent: creates as Insert does.
	//	            What the State Server does. A refused call renews. A new Timeout also clears the uninitialized mark
	//	            (the State Server then replaces its entry).
	SetAndRelease(ctx context.Context, k Key, v Value, cond Condition) error

	// ReleaseExclusive gives the lock back and renews, if the row's cookie equals the given one, locked or not. Another
	// cookie gives *LockedError where the session is locked and ErrStaleCookie where it is not; absent: ErrNotFound.
	ReleaseExclusive(ctx context.Context, k Key, cookie int32) error

	// Remove deletes a session under IfCookie or IfFree (refusals as for SetAndRelease; Insert is an error). Absent:
	// ErrNotFound.
	Remove(ctx context.Context, k Key, cond Condition) error

	// ResetTimeout renews, locked or not. It touches neither lock nor mark. Absent: ErrNotFound.
	ResetTimeout(ctx context.Context, k Key) error

	// CreateUninitialized inserts a session with the uninitialized mark, otherwise as SetAndRelease under Insert. A
	// session that is there already, locked or not, stays as it is: ErrExists.
	CreateUninitialized(ctx context.Context, k Key, v Value) error
}

// Value is what a caller writes into a session.
type Value struct {
	Payload []byte
	Timeout int32 // minutes
}

// Item is what a read returns.
type Item struct {
	Payload       []byte
	Timeout       int32   // minutes, as stored beside the payload
	Cookie        int32   // of the lock just taken (GetExclusive), or of the last one handed out (Get)
	Since         Instant // moment of that lock
	Uninitialized bool    // this read cleared the uninitialized mark: Session_Start has to run
}

// Condition says when a SetAndRelease or a Remove may take place. The zero Condition is none: stores refuse it.
type Condition struct {
	kind   ConditionKind
	cookie int32
}

// ConditionKind tells the three conditions apart.
type ConditionKind uint8

// The kinds, explained at Store.SetAndRelease.
const (
	KindInsert ConditionKind = iota + 1
	KindIfCookie
	KindIfFree
)

// Insert lets a write take place only if there is no such session.
func Insert() Condition { return Condition{kind: KindInsert} }

// IfCookie lets a change take place if the row's cookie is the given one, locked or not (SQL Server).
func IfCookie(cookie int32) Condition { return Condition{KindIfCookie, cookie} }

// IfFree lets a change take place if the session is unlocked, or locked under the given cookie (State Server). Cookie 0
// means "I hold no lock".
func IfFree(cookie int32) Condition { return Condition{KindIfFree, cookie} }

// Kind returns which condition it is; 0 for the zero Condition.
func (c Condition) Kind() ConditionKind { return c.kind }

// Cookie returns the cookie of IfCookie and IfFree.
func (c Condition) Cookie() int32 { return c.cookie }
