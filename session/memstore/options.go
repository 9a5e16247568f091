package memstore

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/aspstate/aspstate/session"
)

// Policy says when a change is on disk.
type Policy uint8

// The policies of a durable store. Apply is on disk when it returns under each of them.
const (
	// SyncAlways: a change is on disk before the call returns. The renewal of Expires that a read does as a side effect
	// follows within SyncEvery.
	SyncAlways Policy = iota
	// SyncInterval: a change is on disk at most SyncEvery after the call returned. Where the disk cannot keep up, calls
	// wait for it.
	SyncInterval
	// SyncOff: changes are handed to the operating system every SyncEvery, and are on disk when it likes, but at the
	// latest after a million changes (jump) and after Close. A killed process loses SyncEvery, a machine that stops more.
	SyncOff
)

var policies = [...]string{SyncAlways: "always", SyncInterval: "interval", SyncOff: "off"}

// String gives the word that ParsePolicy takes.
func (p Policy) String() string {
	if int(p) >= len(policies) {
		return fmt.Sprintf("Policy(%d)", uint8(p))
	}
	return policies[p]
}

// ParsePolicy takes always, interval or off.
func ParsePolicy(s string) (Policy, error) {
	for p, name := range policies {
		if s == name {
			return Policy(p), nil
		}
	}
	return 0, fmt.Errorf("sync policy %q is none of always, interval, off", s)
}

// DefaultSyncEvery is SyncEvery where Options leaves it 0.
const DefaultSyncEvery = time.Second

// Options set up a store. The zero value works.
type Options struct {
	Now    func() time.Time // the store's clock; nil: time.Now
	Logger *slog.Logger     // nil: discard

	FirstCookie   *int32 // of new sessions; nil: 1 (0 in some SQL layouts, sql-layouts.md 10)
	ServesExpired bool   // sessions past Expires are served until a sweep removes them, as SQL layouts do
	Quirks        Quirks

	// RenewStep is what a renewal of Expires must gain to be made: a page that is asked for many times a second need not be
	// written each time. 0: anything. Up to a second, as Microsoft's State Server has it (state-server-protocol.md 7),
	// a session may die so much early. A longer step is added to each Expires instead, and a session lives up to so much
	// longer than its timeout says.
	RenewStep time.Duration

	// SweepEvery is the period of a reaper of the store's own; 0: none, sessions stay until somebody calls Sweep.
	SweepEvery time.Duration
	// MaxBytes is a cap on payloads and bookkeeping in bytes; 0: none. Over it new sessions are refused with ErrFull;
	// those that are there stay and may be written.
	MaxBytes int64

	// The rest is for durable stores.

	Sync      Policy
	SyncEvery time.Duration // at least 10 ms; 0: DefaultSyncEvery
	FS        vfs.FS        // file layer, for crash tests; nil: the operating system's
}

// Quirks are the ways in which single layouts and servers differ from the contract's ordinary store. storetest.Rules
// names and tests each.
type Quirks struct {
	// Async provider 1.0 (sql-layouts.md 4).
	CookieFrozen        bool // an exclusive read does not raise the cookie
	UpdateKeepsExpiry   bool // SetAndRelease of an existing session does not renew
	ReleaseKeepsExpiry  bool // ReleaseExclusive does not renew
	LockedReadKeepsMark bool // a refused read leaves the uninitialized mark
	// State Server (state-server-protocol.md 6.2, 7, 8).
	RefusedReleaseRenews     bool // every lookup renews
	CreateOnExistingRenews   bool // every lookup renews
	ReleaseClearsMark        bool // T11
	ReleaseUnlockedAnyCookie bool // T10: a release of an unlocked session succeeds under any cookie
}

// StateServerQuirks are those of Microsoft's State Server.
func StateServerQuirks() Quirks {
	return Quirks{RefusedReleaseRenews: true, CreateOnExistingRenews: true, ReleaseClearsMark: true, ReleaseUnlockedAnyCookie: true}
}

// Errors that callers tell apart, besides those of package session.
var (
	ErrClosed = errors.New("memstore: store is closed")
	ErrInUse  = errors.New("memstore: directory is in use by another process") // see InUseError
	ErrFormat = errors.New("memstore: not a store of this version")
	// ErrDamaged: what is on disk contradicts itself. Nothing was changed.
	ErrDamaged = errors.New("memstore: store is damaged")
	ErrFull    = error(fullError{})
)

type fullError struct{}

func (fullError) Error() string { return "memstore: memory cap reached, no new sessions" }

// Is says that trying again is of no use before sessions have expired.
func (fullError) Is(target error) bool { return target == session.ErrRefused }

// InUseError is ErrInUse with what is known about the owner.
type InUseError struct {
	Dir   string
	Owner string // such as "process 4711 on web3 since 2026-11-21T04:46:14Z"; empty if not known
}

func (e *InUseError) Error() string {
	if e.Owner == "" {
		return fmt.Sprintf("opening store %q: another process has it open", e.Dir)
	}
	return fmt.Sprintf("opening store %q: %s has it open", e.Dir, e.Owner)
}

// Is reports that the error is ErrInUse.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }
