// Package storetest is the conformance suite of session.Store. A store joins with one short test:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Subject {
//			clock := storetest.NewClock()
//			return storetest.Subject{Store: memstore.New(memstore.Options{Now: clock.Now}), Clock: clock}
//		}, storetest.Ordinary())
//	}
//
// It tests the seven verbs in every state of a session, locks, marks, expiry, concurrent clients, and each ability that
// the store has. What stores may do differently is in Rules; each rule is tested in both directions. Nothing of the
// store is used but its interfaces, so the suite runs over a wire as well. A store with a real clock is tested with times
// moved by its Applier instead; what needs more than it has is skipped with a message.
package storetest

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Subject is the store under test.
type Subject struct {
	// Store is empty at first, and nobody else uses it.
	Store session.Store
	// Clock is the store's clock; nil if it is a real one.
	Clock *Clock
	// Reopen closes the store in order and opens it again; nil if nothing survives that.
	Reopen func() session.Store
	// Key spells a key; nil: the application and the id as they are. A store with spelled ids needs its own. Ids are of
	// at most 80 characters, the longest that ASP.NET takes.
	Key func(app, id string) session.Key
}

// TB is what the suite needs of a *testing.T.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	Context() context.Context
}

// Run tests the stores that open gives. It opens one for each test, and leaves closing them to open's t.Cleanup. Tests of
// Waiter run in a synctest bubble, open within.
func Run(t *testing.T, open func(t *testing.T) Subject, r Rules) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if c.many && r.Alone {
				t.Skip("the store is tested with one client at a time")
			}
			if c.bubble && r.Remote {
				t.Skip("needs a synctest bubble, and the store is another process")
			}
			c.in(t, func(t *testing.T) { c.run(newHarness(t, open(t), r)) })
		})
	}
}

// check is a test of the suite.
type check struct {
	name   string
	bubble bool
	many   bool // clients at once
	run    func(h *harness)
}

// in calls f in the surroundings that the check needs.
func (c *check) in(t *testing.T, f func(t *testing.T)) {
	if c.bubble {
		synctest.Test(t, f)
	} else {
		f(t)
	}
}

var checks = func() []check {
	var all []check
	for _, some := range [][]check{
		verbChecks, changeChecks, lockChecks, markChecks, expiryChecks, payloadChecks, keyChecks, concurrencyChecks, peekChecks, scanChecks,
		applyChecks, sweepChecks, waitChecks, controlChecks, dirtyChecks, clockChecks,
	} {
		all = append(all, some...)
	}
	return all
}()

// Clock is a clock that stands still until it is advanced. It may be used concurrently.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows a moment of 2026 in between two ticks.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 11, 21, 4, 46, 14, 123456789, time.UTC)}
}

// Now is for Options.Now of the store.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
