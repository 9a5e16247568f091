package memstore

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// Get implements session.Store.
func (s *Store) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return s.read(ctx, k, false)
}

// GetExclusive implements session.Store.
func (s *Store) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return s.read(ctx, k, true)
}

func (s *Store) read(ctx context.Context, k session.Key, exclusive bool) (session.Item, error) {
	c, err := s.enter(ctx, k)
	if err != nil {
		return session.Item{}, err
	}
	item, err := c.read(exclusive)
	if err = c.leave(ctx, err); err != nil {
		return session.Item{}, err
	}
	return item, nil
}

func (c *call) read(exclusive bool) (session.Item, error) {
	e := c.live()
	if e == nil {
		return session.Item{}, c.absent()
	}
	if e.locked {
		return session.Item{}, c.refuseRead()
	}
	if exclusive {
		item := c.grant()
		c.changed(hard)
		return item, nil
	}
	if e.flags&session.Uninitialized == 0 {
		c.renewed(true)
		return e.item(false), nil
	}
	e.flags &^= session.Uninitialized
	c.renew()
	c.changed(hard)
	return e.item(true), nil
}

// refuseRead is a read of a locked session.
func (c *call) refuseRead() error {
	refusal := c.e.lockedError()
	if c.e.flags&session.Uninitialized == 0 || c.s.quirks.LockedReadKeepsMark {
		c.renewed(true)
		return refusal
	}
	c.e.flags &^= session.Uninitialized
	refusal.Uninitialized = true
	c.renew()
	c.changed(hard)
	return refusal
}

// SetAndRelease implements session.Store.
func (s *Store) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	c, err := s.enter(ctx, k)
	if err != nil {
		return err
	}
	return c.leave(ctx, c.set(v, cond))
}

func (c *call) set(v session.Value, cond session.Condition) error {
	e := c.live()
	switch {
	case cond.Kind() == session.KindInsert && e != nil:
		c.unchanged()
		return session.ErrExists
	case cond.Kind() == session.KindInsert, cond.Kind() == session.KindIfFree && e == nil:
		return c.create(v, 0)
	}
	if err := c.allowed("set", cond); err != nil {
		return err
	}
	if cond.Kind() == session.KindIfFree && v.Timeout != e.timeout {
		e.flags &^= session.Uninitialized // a new entry there (state-server-protocol.md 6.4)
	}
	c.write(v.Payload)
	e.timeout = v.Timeout
	e.revision = c.s.revision.Add(1)
	if !c.s.quirks.UpdateKeepsExpiry {
		c.renew()
	}
	c.unlock(newData)
	return nil
}

// allowed decides a change under IfCookie or IfFree.
func (c *call) allowed(verb string, cond session.Condition) error {
	e := c.live()
	switch cond.Kind() {
	case session.KindIfCookie:
		switch {
		case e == nil:
			return c.absent()
		case cond.Cookie() != e.cookie:
			c.unchanged()
			return session.ErrStaleCookie
		}
		return nil
	case session.KindIfFree:
		switch {
		case e == nil:
			return c.absent()
		case e.locked && (cond.Cookie() != e.cookie || cond.Cookie() == 0):
			c.renewed(true)
			return e.lockedError()
		}
		return nil
	}
	return badCondition(verb, cond)
}

// ReleaseExclusive implements session.Store.
func (s *Store) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	c, err := s.enter(ctx, k)
	if err != nil {
		return err
	}
	return c.leave(ctx, c.release(cookie))
}

func (c *call) release(cookie int32) error {
	e, q := c.live(), &c.s.quirks
	if e == nil {
		return c.absent()
	}
	cleared := q.ReleaseClearsMark && e.flags&session.Uninitialized != 0
	if cleared {
		e.flags &^= session.Uninitialized
	}
	if cookie == e.cookie || !e.locked && q.ReleaseUnlockedAnyCookie {
		if !q.ReleaseKeepsExpiry {
			c.renew()
		}
		c.unlock(0)
		return nil
	}
	c.renewed(q.RefusedReleaseRenews)
	if cleared {
		c.changed(hard)
	}
	if e.locked {
		return e.lockedError()
	}
	return session.ErrStaleCookie
}

// Remove implements session.Store.
func (s *Store) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	c, err := s.enter(ctx, k)
	if err != nil {
		return err
	}
	err = c.allowed("remove", cond)
	if err == nil {
		c.drop(hard)
	}
	return c.leave(ctx, err)
}

// ResetTimeout implements session.Store.
func (s *Store) ResetTimeout(ctx context.Context, k session.Key) error {
	c, err := s.enter(ctx, k)
	if err != nil {
		return err
	}
	if c.live() == nil {
		return c.leave(ctx, c.absent())
	}
	if c.renew() {
		c.changed(hard)
	} else {
		c.unchanged()
	}
	return c.leave(ctx, nil)
}

// CreateUninitialized implements session.Store.
func (s *Store) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	c, err := s.enter(ctx, k)
	if err != nil {
		return err
	}
	if c.live() == nil {
		return c.leave(ctx, c.create(v, session.Uninitialized))
	}
	c.renewed(s.quirks.CreateOnExistingRenews)
	return c.leave(ctx, session.ErrExists)
}
