package cutover

import (
	"errors"

	"github.com/aspstate/aspstate/session"
)

// backward serves a call in handback. While the old row exists it is the truth; where there is none, new's is, and is moved.
func (c *call) backward(k session.Key, o *op, began session.Instant) (session.Item, error) {
	for n := 0; ; n++ {
		item, err := c.backwardOnce(k, o, began, n)
		if !errors.Is(err, errAgain) {
			return item, err
		}
	}
}

func (c *call) backwardOnce(k session.Key, o *op, began session.Instant, n int) (session.Item, error) {
	if !c.s.old.rows() {
		return c.backwardVerbs(k, o, began, n)
	}
	// New first: what it has while old's row exists may be deleted.
	fresh, err := c.s.new.look(c.ctx, k)
	if err != nil {
		return session.Item{}, err
	}
	old, err := c.s.old.look(c.ctx, k)
	switch {
	case err != nil:
		return session.Item{}, err
	case old != nil && c.agreed.isDeadMovers("old", old):
		if err := c.s.letGo(c.ctx, c.s.old, k, old); err != nil {
			return session.Item{}, err
		}
		return session.Item{}, errAgain
	case old != nil && fresh != nil && o.replaces():
		out, err := c.s.new.remove(c.ctx, k, fresh.Fence())
		if err != nil {
			return session.Item{}, err
		}
		if out.Result == session.Conflict {
			return session.Item{}, errAgain
		}
	}
	if old != nil || fresh == nil {
		return o.run(c.ctx, c.s.old, k)
	}
	held, err := c.settleNew(k, fresh, began, o, n)
	switch {
	case err != nil:
		return session.Item{}, err
	case held == served:
		return session.Item{}, nil
	case held == page:
		return c.refuse(c.s.new, k, fresh, o)
	}
	return session.Item{}, errAgain
}

// settleNew does with a row of new, whose session has none in old, what has to be done before it can be served.
func (c *call) settleNew(k session.Key, fresh *session.Record, began session.Instant, o *op, n int) (place, error) {
	s := c.s
	if isMovers(fresh, began) {
		gone, err := c.isOld(c.ctx, s.new, fresh)
		switch {
		case err != nil:
			return again, err
		case gone:
			return again, s.letGo(c.ctx, s.new, k, fresh)
		}
		return again, c.await(n)
	}
	dead, err := s.new.clock.passed(c.ctx, fresh.Expires)
	switch {
	case err != nil:
		return again, err
	case dead:
		_, err := s.new.remove(c.ctx, k, fresh.Fence())
		return again, err
	case c.agreed.isDeadMovers("new", fresh):
		return again, s.letGo(c.ctx, s.new, k, fresh)
	case o != nil && o.owns(fresh):
		return c.ownersBack(k, fresh, began, o)
	case fresh.Lock.Locked:
		return page, nil
	}
	return again, c.moveBack(k, fresh, began, nil)
}

func (c *call) moveBack(k session.Key, fresh *session.Record, began session.Instant, write *op) error {
	m := move{s: c.s, k: k, from: c.s.new, to: c.s.old, began: began, src: fresh, set: write}
	return m.back(c)
}

// ownersBack serves the page that holds the lock of new's row, or the cookie of a free one. A refusal is no answer: the
// session may have been moved meanwhile.
func (c *call) ownersBack(k session.Key, fresh *session.Record, began session.Instant, o *op) (place, error) {
	if o.verb == set {
		if err := c.moveBack(k, fresh, began, o); err != nil {
			return again, err
		}
		return served, nil
	}
	_, err := o.run(c.ctx, c.s.new, k)
	if changedMeanwhile(err) {
		return again, nil
	}
	return served, err
}
