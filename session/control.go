package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrEpoch: what was agreed has changed since it was read.
var ErrEpoch = errors.New("session: agreed otherwise meanwhile")

// Controller is a store that keeps, beside its sessions, what the programs of a cut-over must agree on: something about
// each application, leases, and dirty keys. It knows nothing of what is agreed. What is agreed, and leases, are durable when
// a method returns. A mark is durable no later than any change of the store that begins after Mark has returned, and a mark
// that was taken away is gone no earlier than any change that had returned before. Without such a change there is nothing
// to wait for, so that marking may cost next to nothing.
//
// What is longer than said here, no UTF-8, or has a U+0000, is refused with ErrRefused.
type Controller interface {
	// Agreement returns what is agreed and who holds leases, as of one moment.
	Agreement(ctx context.Context) (Agreement, error)

	// Agree replaces what is agreed on an application and raises the epoch by one, if the epoch is still the given one;
	// otherwise ErrEpoch. It returns the new epoch. An empty body takes the application out.
	Agree(ctx context.Context, app string, body []byte, epoch int64) (int64, error)

	// Lease takes or renews a lease until the store's now + d and returns what Agreement would, in one step. A lease whose time
	// is up is taken anew like any other: whether its holder may go on is the holder's to know. Lease.Until is not looked at.
	// A negative d makes a lease whose time is up.
	Lease(ctx context.Context, l Lease, d time.Duration) (Agreement, error)

	// Leave ends a lease. No such lease: nothing happens.
	Leave(ctx context.Context, holder string) error

	// Mark makes keys dirty. A key may have several marks; the same mark twice is one.
	Mark(ctx context.Context, marks ...Mark) error

	// Unmark takes marks away, each for itself. No such mark: nothing happens.
	Unmark(ctx context.Context, marks ...Mark) error

	// Marks lists at most limit marks of an application in a stable order, after a mark, which need not be there any more
	// (nil: from the first). Marks that are there throughout a listing are seen once.
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

// The most that a Controller keeps, in bytes.
const (
	MaxApp    = 400 // name of an application
	MaxHolder = 64
	MaxRole   = 16
	MaxTitle  = 128
	MaxMark   = 64   // Mark.ID
	MaxMarked = 4000 // Mark.Key.ID, in UTF-16 units, as SQL Server counts
)

// Check says what a Controller refuses of a lease.
func (l *Lease) Check() error {
	for _, c := range []limited{{"holder", l.Holder, MaxHolder}, {"role", l.Role, MaxRole}, {"title", l.Title, MaxTitle}} {
		if err := c.check(); err != nil {
			return fmt.Errorf("lease: %w", err)
		}
	}
	if l.Holder == "" {
		return fmt.Errorf("lease: %w: it has no holder", ErrRefused)
	}
	return nil
}

// Check says what a Controller refuses of a mark.
func (m *Mark) Check() error {
	err := limited{"id of the mark", m.ID, MaxMark}.check()
	if err == nil {
		err = CheckApp(m.Key.App)
	}
	if err == nil && (!isText(m.Key.ID) || len(m.Key.ID) > MaxMarked && len(utf16.Encode([]rune(m.Key.ID))) > MaxMarked) {
		err = fmt.Errorf("%w: its id is no text of at most %d characters", ErrRefused, MaxMarked)
	}
	if err != nil {
		return fmt.Errorf("mark of %v: %w", m.Key, err)
	}
	return nil
}

// CheckApp says what a Controller refuses of the name of an application.
func CheckApp(app string) error { return limited{"name of the application", app, MaxApp}.check() }

// limited is a text that may have so many bytes.
type limited struct {
	name, text string
	most       int
}

func (l limited) check() error {
	if len(l.text) > l.most || !isText(l.text) {
		return fmt.Errorf("%w: %s is no text of at most %d bytes", ErrRefused, l.name, l.most)
	}
	return nil
}

// isText refuses what not every database can keep.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// Clocked is a store whose clock can be read.
type Clocked interface {
	// Now returns the store's time: the one by which it renews.
	Now(ctx context.Context) (Instant, error)
}
