package cutover

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/aspstate/aspstate/session"
)

// An old State Server shows no rows. Looking there is locking, a lock tells its age only, and it is the page's if it was
// taken before movers began, and a little: ages come in whole seconds.
const ageSlack = 2 * session.Second

// forwardVerbs serves a call in handoff.
func (c *call) forwardVerbs(k session.Key, o *op, n int) (session.Item, error) {
	s := c.s
	began, _ := c.agreed.began("old", k.ID)
	seen, err := s.new.look(c.ctx, k)
	if err != nil {
		return session.Item{}, err
	}
	ctx, cancel := c.within()
	defer cancel()
	item, err := s.old.GetExclusive(ctx, k)
	var locked *session.LockedError
	switch {
	case errors.Is(err, session.ErrNotFound):
		return c.leading(k, o)
	case errors.As(err, &locked):
		return c.heldInOld(k, o, locked, began, n)
	case err != nil:
		return session.Item{}, err
	}
	now, err := s.new.clock.now(ctx)
	if err != nil {
		return session.Item{}, err
	}
	r := session.Record{
		Key: k, Payload: item.Payload, Timeout: item.Timeout, Created: now, Expires: now.AddMinutes(item.Timeout),
		Lock: session.Lock{Cookie: item.Cookie, Since: now},
	}
	if item.Uninitialized {
		r.Flags = session.Uninitialized
	}
	out, err := s.new.write(ctx, r, seen)
	if err != nil {
		return session.Item{}, err
	}
	if out.Result == session.Conflict {
		if err := s.old.ReleaseExclusive(ctx, k, item.Cookie); !told(err) {
			return session.Item{}, err
		}
		return session.Item{}, errAgain
	}
	err = s.old.Remove(ctx, k, session.IfFree(item.Cookie))
	switch {
	case errors.As(err, &locked): // taken from us
		if _, err := s.new.remove(ctx, k, *out.Current); err != nil {
			return session.Item{}, err
		}
	case !told(err):
		return session.Item{}, err
	default:
		s.counts.moved.Add(1)
		c.app.stats.moved.Add(1)
	}
	return session.Item{}, errAgain
}

// heldInOld answers a call for a session that is locked in an old State Server.
func (c *call) heldInOld(k session.Key, o *op, locked *session.LockedError, began session.Instant, n int) (session.Item, error) {
	now, err := c.s.new.clock.now(c.ctx)
	if err != nil {
		return session.Item{}, err
	}
	age := session.At(time.Now()) - locked.Since // by this machine's clock, as Since is
	if since := now - age; since > began+ageSlack {
		if limit := c.s.o.MoveLimit + c.s.o.Margin + time.Second; age.Sub(0) > limit {
			c.s.counts.stolen.Add(1)
			if err := c.s.old.ReleaseExclusive(c.ctx, k, locked.Cookie); !told(err) {
				return session.Item{}, err
			}
			return session.Item{}, errAgain
		}
		return session.Item{}, cmp.Or(c.await(n), errAgain)
	}
	r := &session.Record{Lock: session.Lock{Locked: true, Cookie: locked.Cookie, Since: locked.Since}}
	if o.owns(r) {
		item, err := o.run(c.ctx, c.s.old, k)
		if changedMeanwhile(err) {
			err = errAgain
		}
		return item, err
	}
	_, refusal := o.refused(r) // the look has renewed it
	return session.Item{}, refusal
}

// backwardVerbs serves a call in handback. What has a row in new is looked for in old, without touching lock or mark.
func (c *call) backwardVerbs(k session.Key, o *op, began session.Instant, n int) (session.Item, error) {
	s := c.s
	fresh, err := s.new.look(c.ctx, k)
	switch {
	case err != nil:
		return session.Item{}, err
	case fresh == nil:
		return o.run(c.ctx, s.old, k)
	}
	there, err := c.isInOld(k)
	if err != nil {
		return session.Item{}, err
	}
	if there { // old's is the truth
		if _, err := s.new.remove(c.ctx, k, fresh.Fence()); err != nil {
			return session.Item{}, err
		}
		return session.Item{}, errAgain
	}
	held, err := c.settleNewVerbs(k, fresh, began, o, n)
	switch {
	case err != nil:
		return session.Item{}, err
	case held == served:
		return session.Item{}, nil
	case held == page:
		return c.refuse(s.new, k, fresh, o)
	}
	return session.Item{}, errAgain
}

// settleNewVerbs is settleNew where old cannot hold a page's lock: its owner is served in new, and the free row is moved.
func (c *call) settleNewVerbs(k session.Key, fresh *session.Record, began session.Instant, o *op, n int) (place, error) {
	s := c.s
	dead, err := s.new.clock.passed(c.ctx, fresh.Expires)
	if err != nil {
		return again, err
	}
	switch {
	case isMovers(fresh, began) || dead && !fresh.Lock.Locked, c.agreed.isDeadMovers("new", fresh):
		return c.settleNew(k, fresh, began, o, n)
	case fresh.Lock.Locked && o != nil && o.owns(fresh):
		_, err := o.run(c.ctx, s.new, k)
		if changedMeanwhile(err) {
			return again, nil
		}
		return served, err
	case dead:
		_, err := s.new.remove(c.ctx, k, fresh.Fence())
		return again, err
	case fresh.Lock.Locked:
		return page, nil
	}
	return again, c.moveBackVerbs(k, fresh, began)
}

func (c *call) moveBackVerbs(k session.Key, fresh *session.Record, began session.Instant) error {
	m := move{s: c.s, k: k, from: c.s.new, to: c.s.old, began: began, src: fresh}
	ctx, cancel := c.within()
	defer cancel()
	if err := m.lock(ctx); err != nil {
		return err
	}
	write := func() error {
		return c.s.old.SetAndRelease(ctx, k, session.Value{Payload: fresh.Payload, Timeout: fresh.Timeout}, session.IfFree(0))
	}
	if fresh.Flags&session.Uninitialized != 0 {
		write = func() error {
			return c.s.old.CreateUninitialized(ctx, k, session.Value{Payload: fresh.Payload, Timeout: fresh.Timeout})
		}
	}
	if err := write(); err != nil {
		return err // never written twice: the lock stays until the write cannot take place any more
	}
	if _, err := m.finish(ctx); err != nil {
		c.doubtful()
	}
	c.s.counts.moved.Add(1)
	c.app.stats.moved.Add(1)
	return nil
}

// bringLevelVerbs makes an old State Server follow: it is written or removed there until new stays the same meanwhile.
func (s *Store) bringLevelVerbs(ctx context.Context, k session.Key) error {
	for {
		fresh, err := s.new.look(ctx, k)
		if err != nil {
			return err
		}
		if fresh == nil {
			err = s.old.Remove(ctx, k, session.IfFree(0))
		} else {
			err = s.old.SetAndRelease(ctx, k, session.Value{Payload: fresh.Payload, Timeout: fresh.Timeout}, session.IfFree(0))
		}
		var locked *session.LockedError
		switch {
		case errors.As(err, &locked): // of a mover that is gone: pages lock in new
			if err := s.old.ReleaseExclusive(ctx, k, locked.Cookie); !told(err) {
				return err
			}
			continue
		case err != nil && !errors.Is(err, session.ErrNotFound):
			return err
		}
		now, err := s.new.look(ctx, k)
		if err != nil {
			return err
		}
		if (now == nil) == (fresh == nil) && (now == nil || now.Fence() == fresh.Fence()) {
			return nil
		}
	}
}
