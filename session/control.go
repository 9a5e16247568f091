package session

import (
	"context"
	"errors"
	"time"
)

// ErrEpoch: what was agreed has changed since it was read.
var ErrEpoch = errors.New("session: agreed otherwise meanwhile")

// Controller is a store that keeps, beside its sessions, what the programs of a cut-over must agree on: something about
// each application, leases, and dirty keys. It knows nothing of what is agreed. All of it is durable when a method returns,
// as far as the store's changes are, and in the order of the calls.
type Controller interface {
	// Agreement returns what is agreed and who holds leases, as of one moment.
	Agreement(ctx context.Context) (Agreement, error)

	// Agree replaces what is agreed on an application and raises the epoch by one, if the epoch is still the given one;
	// otherwise ErrEpoch. It returns the new epoch. An empty body takes the application out.
	Agree(ctx context.Context, app string, body []byte, epoch int64) (int64, error)

	// Lease takes or renews a lease until the store's now + d and returns what Agreement would, in one step. A lease whose time
	// is up is taken anew like any other: whether its holder may go on is the holder's to know. Lease.Until is not looked at.
	Lease(ctx context.Context, l Lease, d time.Duration) (Agreement, error)

	// Leave ends a lease. No such lease: nothing happens.
	Leave(ctx context.Context, holder string) error

	// Mark makes keys dirty. A key may have several marks; the same mark twice is one.
	Mark(ctx context.Context, marks ...Mark) error

	// Unmark takes marks away, each for itself. No such mark: nothing happens.
	Unmark(ctx context.Context, marks ...Mark) error

	// Marks lists at most limit marks of an application in a stable order, after a mark (nil: from the first).
	Marks(ctx context.Context, app string, after *Mark, limit int) ([]Mark, error)
}

// Agreement is what the programs of a cut-over agree on.
type Agreement struct {
	Epoch  int64    // rises by one with each Agree, of whatever application; 0: nothing was ever agreed
	Apps   []Agreed // by name
	Leases []Lease  // by holder; those whose time is up included, until they are taken away a day later
	Now    Instant  // the store's clock
}

// Agreed is what is agreed on one application.
type Agreed struct {
	App   string
	Epoch int64  // at which it was agreed
	Body  []byte // JSON, of whoever agrees
}

// Lease says that a program takes part, and up to which epoch it has followed.
type Lease struct {
	Holder string // at most 64 bytes, another for each run of a program
	Role   string // at most 16 bytes: "bridge", "copier"
	Title  string // for people: host and process id; at most 128 bytes
	Epoch  int64  // the holder acts by this epoch, and nothing that it began under an earlier one is under way
	Until  Instant
}

// Mark says that a key may differ between two stores. ID tells apart who marked it, and when: at most 64 bytes.
type Mark struct {
	Key Key
	ID  string
}

// Clocked is a store whose clock can be read.
type Clocked interface {
	// Now returns the store's time: the one by which it renews.
	Now(ctx context.Context) (Instant, error)
}
