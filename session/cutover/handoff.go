package cutover

import (
	"cmp"
	"errors"

	"github.com/aspstate/aspstate/session"
)

// forward serves a call in handoff. While the old row exists it is the truth.
func (c *call) forward(k session.Key, o *op, began session.Instant) (session.Item, error) {
	for n := 0; ; n++ {
		item, err := c.forwardOnce(k, o, began, n)
		if !errors.Is(err, errAgain) {
			return item, err
		}
	}
}

func (c *call) forwardOnce(k session.Key, o *op, began session.Instant, n int) (session.Item, error) {
	if !c.s.old.rows() {
		return c.forwardVerbs(k, o, n)
	}
	old, err := c.s.old.look(c.ctx, k)
	switch {
	case err != nil:
		return session.Item{}, err
	case old == nil:
		return c.leading(k, o)
	}
	held, err := c.settleOld(k, old, began, o, n)
	switch {
	case err != nil:
		return session.Item{}, err
	case held == direct:
		return c.beside(k, old, o)
	case held == served:
		return session.Item{}, nil
	case held == page:
		return c.refuse(c.s.old, k, old, o)
	}
	return session.Item{}, errAgain
}

// place says what became of a row that was looked at.
type place uint8

const (
	again  place = iota // something was done: look again
	page                // a page holds its lock
	direct              // it was made by a node without a bridge
	served              // the verb was done with it
)

// beside serves a session that a node without a bridge made in old, by the rules of prepare.
func (c *call) beside(k session.Key, old *session.Record, o *op) (session.Item, error) {
	if o.replaces() {
		if still, err := c.dropBeside(k, old); err != nil || !still {
			return session.Item{}, cmp.Or(err, errAgain)
		}
	}
	item, err := o.run(c.ctx, c.s.old, k)
	if errors.Is(err, session.ErrNotFound) {
		err = errAgain
	}
	return item, err
}

// settleOld does with a row of old what has to be done before its session can be served. o is nil in the background.
func (c *call) settleOld(k session.Key, old *session.Record, began session.Instant, o *op, n int) (place, error) {
	s := c.s
	if isMovers(old, began) && old.Created <= began {
		gone, err := c.isOld(c.ctx, s.old, old)
		switch {
		case err != nil:
			return again, err
		case gone:
			return again, s.letGo(c.ctx, s.old, k, old)
		}
		return again, c.await(n)
	}
	dead, err := s.old.clock.passed(c.ctx, old.Expires)
	switch {
	case err != nil:
		return again, err
	case dead:
		return again, c.bury(k, old)
	case old.Created > began:
		s.reportDirect(c.app, k)
		return direct, nil
	case c.agreed.isDeadMovers("old", old):
		return again, s.letGo(c.ctx, s.old, k, old)
	case o != nil && o.owns(old):
		return c.ownersForth(k, old, began, o)
	case old.Lock.Locked:
		return page, nil
	}
	return again, c.moveForth(k, old, began, nil)
}

// moveForth moves a row of old that is free, or whose owner writes. New is looked at before old is locked: what a mover
// that was away too long saw is then not there any more.
func (c *call) moveForth(k session.Key, old *session.Record, began session.Instant, write *op) error {
	seen, err := c.s.new.look(c.ctx, k)
	if err != nil {
		return err
	}
	m := move{s: c.s, k: k, from: c.s.old, to: c.s.new, began: began, src: old, dst: seen, set: write}
	return m.forth(c)
}

// ownersForth serves the page that holds the lock of old's row, or the cookie of a free one.
func (c *call) ownersForth(k session.Key, old *session.Record, began session.Instant, o *op) (place, error) {
	switch o.verb {
	case set:
		if err := c.moveForth(k, old, began, o); err != nil {
			return again, err
		}
		return served, nil
	case remove:
		still, err := c.dropBeside(k, old)
		if err != nil || !still {
			return again, err
		}
	}
	_, err := o.run(c.ctx, c.s.old, k)
	if changedMeanwhile(err) {
		return again, nil
	}
	return served, err
}

// changedMeanwhile reports whether a store's refusal contradicts what was just seen there.
func changedMeanwhile(err error) bool {
	return err != nil && told(err) && !errors.Is(err, session.ErrRefused)
}

// dropBeside deletes the row of new that lies beside one of old, and reports whether old's is still as it was seen. New is
// looked at first: what it held while old's row existed was never the truth, what it holds later may be.
func (c *call) dropBeside(k session.Key, old *session.Record) (bool, error) {
	n, err := c.s.new.look(c.ctx, k)
	if err != nil {
		return false, err
	}
	now, err := c.s.old.look(c.ctx, k)
	if err != nil || now == nil || now.Fence() != old.Fence() {
		return false, err
	}
	if n == nil {
		return true, nil
	}
	out, err := c.s.new.remove(c.ctx, k, n.Fence())
	return err == nil && out.Result != session.Conflict, err
}

// bury removes a dead session, in new first.
func (c *call) bury(k session.Key, old *session.Record) error {
	still, err := c.dropBeside(k, old)
	if err != nil || !still {
		return err
	}
	_, err = c.s.old.remove(c.ctx, k, old.Fence())
	return err
}

// refuse answers a call for a session whose lock another page holds, in the store where it does.
func (c *call) refuse(d *side, k session.Key, r *session.Record, o *op) (session.Item, error) {
	renews, refusal := o.refused(r)
	if renews {
		switch err := d.ResetTimeout(c.ctx, k); {
		case changedMeanwhile(err):
			return session.Item{}, errAgain
		case err != nil:
			return session.Item{}, err
		}
	}
	return session.Item{}, refusal
}

// leading sends a verb to new, where a mover of handback that is gone may have left its lock.
func (c *call) leading(k session.Key, o *op) (session.Item, error) {
	item, err := o.run(c.ctx, c.s.new, k)
	if !c.agreed.hasPast("new") {
		return item, err
	}
	var locked *session.LockedError
	if !errors.As(err, &locked) && !errors.Is(err, session.ErrStaleCookie) {
		return item, err
	}
	n, lookErr := c.s.new.look(c.ctx, k)
	if lookErr != nil || n == nil || !c.agreed.isDeadMovers("new", n) {
		return item, err
	}
	if err := c.s.letGo(c.ctx, c.s.new, k, n); err != nil {
		return session.Item{}, err
	}
	return session.Item{}, errAgain
}
