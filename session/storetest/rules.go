package storetest

import (
	"time"

	"github.com/aspstate/aspstate/session"
)

// Rules are the declared differences between stores. A store that declares a rule is tested to follow it, one that does
// not is tested not to. Sources: [SQL] sql-layouts.md, [SS] state-server-protocol.md, with the section.
type Rules struct {
	// FirstCookie is the cookie of a session that was never locked: 1; 0 in async 1.0 and SqlInMemory ([SQL] 10).
	FirstCookie int32
	// CookieFrozen: an exclusive read does not raise the cookie (async 1.0, [SQL] 4). Late writers are then not told
	// from the owner.
	CookieFrozen bool
	// GetTellsLock: a plain Get returns the cookie and the moment of the last lock. The State Server's answer has
	// neither ([SS] 5.2).
	GetTellsLock bool
	// SinceSlack is how far the moment of a lock, as reads and refusals tell it, may be off: 0 where it comes to the
	// tick, a second or two where an age in whole seconds is all there is ([SQL] 2.1, [SS] 5.3).
	SinceSlack time.Duration

	// ServesExpired: a session past Expires is served until it is swept (all SQL layouts but async 1.0, [SQL] 10);
	// otherwise it is as absent ([SS] 7).
	ServesExpired bool
	// Ahead is how much later than the timeout says Expires is stored, so that renewals which gain less need not be written.
	Ahead session.Instant
	// LockedReadRenews: a refused read renews (everywhere: [SQL] 10, [SS] 7).
	LockedReadRenews bool
	// RefusedIfCookieRenews: a write or removal refused under IfCookie renews (nowhere: [SQL] 3.6).
	RefusedIfCookieRenews bool
	// RefusedIfFreeRenews: one refused under IfFree renews ([SS] 7).
	RefusedIfFreeRenews bool
	// RefusedReleaseRenews: a refused release renews ([SS] 7; not [SQL] 3.6).
	RefusedReleaseRenews bool
	// UpdateRenews: SetAndRelease of an existing session renews (not async 1.0, [SQL] 10).
	UpdateRenews bool
	// ReleaseRenews: ReleaseExclusive renews (not async 1.0, [SQL] 10).
	ReleaseRenews bool
	// CreateOnExistingRenews: CreateUninitialized of a session that is there renews it ([SS] 7; not [SQL] 3.6).
	CreateOnExistingRenews bool

	// LockedReadClearsMark: a refused read clears the uninitialized mark and says so in LockedError ([SQL] 3.6; not async
	// 1.0, [SQL] 4). Only stores with Applier and Peeker can come into that state and be tested.
	LockedReadClearsMark bool
	// ReleaseClearsMark: a release clears the uninitialized mark ([SS] 16, T11).
	ReleaseClearsMark bool

	// CreateOnExistingSilent: CreateUninitialized of a session that is there gives no error ([SS] 6.2).
	CreateOnExistingSilent bool
	// AbsentIsStale: the store cannot tell an absent session, nor one locked by somebody else, from a stale cookie, and
	// reports ErrStaleCookie for all of them in SetAndRelease and Remove under IfCookie and in ReleaseExclusive (all that
	// a client of the procedures learns is that no row was counted, [SQL] 3.6).
	AbsentIsStale bool
	// ReleaseUnlockedNeedsCookie: the release of an unlocked session under another cookie is refused ([SQL] 3.6); else it
	// succeeds ([SS] 6.2, T10).
	ReleaseUnlockedNeedsCookie bool

	// KeepsRevision: records have a Revision, which rises at every payload write. Our own stores.
	KeepsRevision bool
	// CountsExactly: Count is exact.
	CountsExactly bool
	// FoldsCase: keys that differ in letter case are the same (a table under a case-insensitive collation, [SQL] 3.2).
	FoldsCase bool
	// Conditions are the kinds of condition that the store can do; it has to refuse others. The State Server has IfFree
	// only ([SS] 6.2); the procedures have Insert and IfCookie.
	Conditions []session.ConditionKind
	// RefusesEmpty: a payload of 0 bytes is refused ([SS] 4.4); else it is kept.
	RefusesEmpty bool
	// MaxPayload is the longest payload in bytes, longer ones are refused; 0: at least 1 MiB.
	MaxPayload int

	// Remote: the store is another process. Tests whose clock is synctest's are skipped: no bubble reaches over a wire.
	Remote bool

	// Alone: only one client uses the store at a time, since what it stands on here does not do what it stands on elsewhere.
	// Tests of many clients at once are skipped.
	Alone bool

	// Needs are the abilities that the store must have. One that it has beyond is tested as well.
	Needs Abilities
}

// Abilities is a set of the interfaces beside session.Store.
type Abilities uint16

// The abilities.
const (
	Peeks Abilities = 1 << iota
	Scans
	Applies
	Sweeps
	Waits
	Counts
	Controls
	Clocks

	AllAbilities = Peeks | Scans | Applies | Sweeps | Waits | Counts | Controls | Clocks
)

// AllConditions are the three kinds.
func AllConditions() []session.ConditionKind {
	return []session.ConditionKind{session.KindInsert, session.KindIfCookie, session.KindIfFree}
}

// Ordinary are the rules of a store that does what the contract says and nothing of its own: the embedded store.
func Ordinary() Rules {
	return Rules{
		FirstCookie: 1, GetTellsLock: true, LockedReadRenews: true, RefusedIfFreeRenews: true, UpdateRenews: true,
		ReleaseRenews: true, LockedReadClearsMark: true, ReleaseUnlockedNeedsCookie: true, KeepsRevision: true,
		Conditions: AllConditions(),
	}
}

func (r *Rules) can(k session.ConditionKind) bool {
	for _, c := range r.Conditions {
		if c == k {
			return true
		}
	}
	return false
}
