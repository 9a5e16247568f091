package cutover

import (
	"context"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
)

// mostSkew is how far the clocks may be apart for a change to be waited for while calls wait.
const mostSkew = 100 * time.Millisecond

// times are the clocks of both stores.
func (s *Store) times(ctx context.Context) (old, fresh session.Instant, err error) {
	if fresh, err = s.new.clock.now(ctx); err != nil {
		return 0, 0, err
	}
	if !s.old.rows() { // what it tells of its locks is their age
		return fresh, fresh, nil
	}
	old, err = s.old.clock.now(ctx)
	return old, fresh, err
}

// ready looks whether the clocks are where they can be dealt with while everybody holds: a Began has to be later than all
// before it.
func (c *change) ready(ctx context.Context) error {
	old, fresh, err := c.s.times(ctx)
	if err != nil {
		return err
	}
	behind := session.Instant(c.now.Noted).Sub(min(old, fresh))
	switch {
	case behind <= mostSkew:
		return nil
	case behind > time.Minute:
		return c.refuse("the clocks of the stores are %v apart", "set the clocks", behind)
	}
	return fmt.Errorf("the clocks of the stores are %v apart: waiting", behind)
}

// settle makes the next phase the present one, while everybody holds.
func (c *change) settle(ctx context.Context) error {
	s, next := c.s, *c.now
	ctx, cancel := context.WithTimeout(ctx, s.o.HoldLimit)
	defer cancel()
	if c.now.Phase == Mirror && c.now.Next.Phase == Handback {
		if err := c.level(ctx); err != nil {
			return c.back(err)
		}
	}
	old, fresh, err := s.times(ctx)
	if err != nil {
		return c.back(err)
	}
	began := c.spans(&next, old, fresh)
	if began != 0 {
		if err := c.pass(ctx, c.now.Next.Phase, began); err != nil {
			return c.back(err)
		}
	}
	if c.now.Next.Phase == Prepare {
		next.Clean = false
	}
	next.Phase, next.Percent, next.Next, next.Stage = c.now.Next.Phase, c.now.Next.Percent, nil, settled
	return s.agree(ctx, c.app, &next, c.g)
}

// spans ends and begins the times of movers. A span ends by the clock that is behind: no lock of a page is later taken for a
// dead mover's. It begins later than all that was noted; 0: none begins.
func (c *change) spans(next *agreed, old, fresh session.Instant) (began session.Instant) {
	to := *c.now.Next
	noted := session.Instant(c.now.Noted)
	next.Noted = moment(max(old, fresh, noted))
	next.Spans = nil
	if to.Phase == Proxy {
		return 0
	}
	grows := c.now.Phase == Handoff && to.Phase == Handoff
	for _, sp := range c.now.Spans {
		if to.Phase == Mirror && sp.Store == "old" {
			continue // old has no row, so no dead mover's lock; those of pages that new's rows will bring are of any time
		}
		if sp.Ended == 0 && !grows {
			sp.Ended = moment(min(old, fresh))
		}
		next.Spans = append(next.Spans, sp)
	}
	one := span{Below: to.Percent}
	switch to.Phase {
	case Handoff:
		one.Store, began = "old", max(old, noted+1)
		if grows {
			one.From = c.now.Percent
		}
	case Handback:
		one.Store, one.Below, began = "new", 100, max(fresh, noted+1)
	default:
		return 0
	}
	one.Began = moment(began)
	next.Noted = max(next.Noted, one.Began)
	next.Spans = append(next.Spans, one)
	return began
}

// pass waits until the clock by which movers lock has passed the moment at which they begin.
func (c *change) pass(ctx context.Context, p Phase, began session.Instant) error {
	for {
		old, fresh, err := c.s.times(ctx)
		if err != nil {
			return err
		}
		now := old
		if p == Handback {
			now = fresh
		}
		if now > began {
			return nil
		}
		if err := sleep(ctx, max(began.Sub(now), 0)+4*time.Millisecond); err != nil {
			return err
		}
	}
}

// back gives the holding up. It is held again after a while in which calls are served.
func (c *change) back(why error) error {
	c.now.Stage = announced
	ctx, cancel := context.WithTimeout(context.Background(), c.s.o.HoldLimit)
	defer cancel()
	if err := c.s.agree(ctx, c.app, c.now, c.g); err != nil {
		return err
	}
	return fmt.Errorf("going back from the holding: %v", why) // not a refusal: it may do a moment later
}

// level drains all marks while everybody holds.
func (c *change) level(ctx context.Context) error {
	gone := func(string) bool { return true } // everybody has confirmed: nothing is under way
	c.s.marks.mu.Lock()
	clear(c.s.marks.under)
	c.s.marks.mu.Unlock()
	_, err := c.s.drain(ctx, c.app, gone, func(one func(context.Context, *agreed) error) error { return one(ctx, c.now) })
	if err != nil || c.s.old.rows() {
		return err
	}
	locked, err := c.s.lockedInNew(ctx, c.app)
	if err == nil && locked > 0 {
		c.why = c.refuse("%d sessions are locked, and the old store cannot hold their locks", "try again when fewer pages run, or release locks that pages have left", locked)
		err = c.why
	}
	return err
}
