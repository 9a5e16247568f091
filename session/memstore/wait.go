package memstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aspstate/aspstate/session"
)

// waiters are those who wait for a session's lock, in the order in which they came. The shard's lock guards them. An
// entry has waiters only while there are some, so all methods take a nil.
type waiters struct{ queue []*waiter }

type waiter struct {
	answer chan answer // buffered: who answers does not wait, and answers once, after taking the waiter off the queue
}

// answer is what a waiter gets in the end: the lock, or an error.
type answer struct {
	item session.Item
	err  error
	wait *generation // to be on disk first
}

// push adds a waiter to the entry's queue.
func (w *waiters) push(e *entry) *waiter {
	if w == nil {
		w = new(waiters)
		e.waiters = w
	}
	one := &waiter{answer: make(chan answer, 1)}
	w.queue = append(w.queue, one)
	return one
}

// pop takes the first of the entry's queue; nil if there is none.
func (w *waiters) pop(e *entry) *waiter {
	if w == nil {
		return nil
	}
	first := w.queue[0]
	w.drop(e, 0)
	return first
}

// leave takes one off the entry's queue; false if it is not there any more.
func (w *waiters) leave(e *entry, one *waiter) bool {
	if w == nil {
		return false
	}
	i := slices.Index(w.queue, one)
	if i >= 0 {
		w.drop(e, i)
	}
	return i >= 0
}

func (w *waiters) drop(e *entry, i int) {
	if w.queue = slices.Delete(w.queue, i, i+1); len(w.queue) == 0 {
		e.waiters = nil
	}
}

// WaitExclusive implements session.Waiter. A wait of 0 or less does not wait. The waiting time is counted on the
// machine's clock, not on Options.Now. Close gives waiters ErrClosed. Who is handed the lock in the moment in which its
// time is up or its context ends gets it.
func (s *Store) WaitExclusive(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	c, err := s.enter(ctx, k)
	if err != nil {
		return session.Item{}, err
	}
	e := c.live()
	if wait <= 0 || e == nil || !e.locked {
		item, err := c.read(true)
		if err = c.leave(ctx, err); err != nil {
			return session.Item{}, err
		}
		return item, nil
	}
	c.renewed(true) // the mark is told to the caller in the end, whatever that is
	w := e.waiters.push(e)
	c.sh.mu.Unlock()

	timer := time.NewTimer(wait)
	defer timer.Stop()
	var cause error
	select {
	case a := <-w.answer:
		return a.take(ctx)
	case <-timer.C:
	case <-ctx.Done():
		cause = ctx.Err()
	case <-s.closing:
		return session.Item{}, ErrClosed
	}
	c.sh.mu.Lock()
	if !e.waiters.leave(e, w) {
		c.sh.mu.Unlock()
		a := <-w.answer
		return a.take(context.WithoutCancel(ctx))
	}
	c.now = session.At(s.now())
	refusal := c.refuseRead()
	err = c.leave(context.WithoutCancel(ctx), refusal)
	if cause != nil {
		err = fmt.Errorf("waiting for a session: %w: %w", cause, err)
	}
	return session.Item{}, err
}

func (a answer) take(ctx context.Context) (session.Item, error) {
	if a.wait != nil {
		if err := a.wait.done(ctx); err != nil {
			return session.Item{}, err
		}
	}
	return a.item, a.err
}
