package cutover

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// allowed looks whether the stores are such that the phase may be entered.
func (c *change) allowed(ctx context.Context) error {
	s := c.s
	switch c.req.Phase {
	case Prepare:
		return c.sweepAhead(ctx)
	case Handoff:
		if c.now.Phase == Prepare && !c.now.Clean {
			if err := c.sweep(ctx); err != nil {
				return err
			}
			return session.ErrEpoch // what is agreed has changed: from the beginning
		}
	case Mirror:
		return c.emptied(ctx)
	case Proxy:
		if c.now.Phase != Handback {
			return nil
		}
		left, err := s.count(ctx, s.new, c.app, nil)
		if err == nil && left > 0 {
			err = c.refuse("%d sessions are in the new store alone", "wait until all have been moved back", left)
		}
		if err != nil {
			return err
		}
		return c.freeOld(ctx)
	case Handback:
		if c.now.Phase == Mirror && !s.old.rows() {
			return nil // the holding waits for a moment without a lock
		}
	}
	return nil
}

// emptied refuses mirror while old has sessions that new has not.
func (c *change) emptied(ctx context.Context) error {
	s := c.s
	if c.now.Percent < 100 {
		return c.refuse("only %d percent of the sessions are handed off", "hand off all first", c.now.Percent)
	}
	if s.old.rows() {
		left, err := s.count(ctx, s.old, c.app, nil)
		if err == nil && left > 0 {
			err = c.refuse("%d sessions are left in the old store", "wait until all have been moved; one that a page holds moves when the page ends, and if that has died, when its user comes back or it expires", left)
		}
		return err
	}
	minutes := max(c.req.OldTimeout, c.now.OldTimeout)
	if minutes <= 0 {
		return c.refuse("the old store cannot list its sessions", "say how long the longest of them live without a request")
	}
	var last session.Instant
	for i := range c.now.Spans {
		last = max(last, session.Instant(c.now.Spans[i].Began))
	}
	now, err := s.new.clock.now(ctx)
	if err == nil && now <= last.AddMinutes(minutes) {
		err = c.refuse("sessions that nobody has asked for since the hand-over may still be in the old store", "wait until their time is over: "+last.AddMinutes(minutes).String())
	}
	return err
}

// count counts the rows of an application that f is true for; nil: all.
func (s *Store) count(ctx context.Context, d *side, app string, f func(*session.Record) bool) (int, error) {
	n := 0
	err := d.each(ctx, func(page []session.Record) error {
		for i := range page {
			if page[i].Key.App == app && (f == nil || f(&page[i])) {
				n++
			}
		}
		return nil
	})
	return n, err
}

func (s *Store) lockedInNew(ctx context.Context, app string) (int, error) {
	now, err := s.new.clock.now(ctx)
	if err != nil {
		return 0, err
	}
	return s.count(ctx, s.new, app, func(r *session.Record) bool { return r.Lock.Locked && r.Expires >= now })
}

// freeOld releases locks that movers which are gone have left in old: in proxy nobody would know them.
func (c *change) freeOld(ctx context.Context) error {
	s := c.s
	if !s.old.rows() || !c.now.hasPast("old") {
		return nil
	}
	return s.old.each(ctx, func(page []session.Record) error {
		for i := range page {
			if page[i].Key.App != c.app || !c.now.isDeadMovers("old", &page[i]) {
				continue
			}
			k := page[i].Key
			r, err := s.old.look(ctx, k)
			if err != nil {
				return err
			}
			if r != nil && c.now.isDeadMovers("old", r) {
				if err := s.letGo(ctx, s.old, k, r); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
