package cutover

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// do serves a call. Where one store serves all, nothing is looked at.
func (s *Store) do(ctx context.Context, k session.Key, o op) (session.Item, error) {
	if o.value.Payload == nil {
		o.value.Payload = []byte{} // no bytes are not the same as none that can be read
	}
	c, err := s.begin(ctx, k.App)
	if err != nil {
		return session.Item{}, err
	}
	if c.plain != nil {
		item, err := o.run(c.ctx, c.plain, k)
		c.shadow(k, &o, item, err)
		return item, c.end(err)
	}
	item, err := c.serve(k, &o)
	c.shadow(k, &o, item, err)
	return item, c.end(err)
}

// serve serves a call by the rules of a phase in which both stores matter.
func (c *call) serve(k session.Key, o *op) (session.Item, error) {
	if !o.isCall() {
		return o.run(c.ctx, c.s.new, k)
	}
	switch c.agreed.Phase {
	case Handoff:
		if began, in := c.agreed.began("old", k.ID); in {
			return c.forward(k, o, began)
		}
	case Handback:
		began, _ := c.agreed.began("new", k.ID)
		return c.backward(k, o, began)
	case Mirror:
		return c.mirrored(k, o)
	}
	return c.guarded(k, o)
}

// Get implements session.Store.
func (s *Store) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return s.do(ctx, k, op{verb: get})
}

// GetExclusive implements session.Store.
func (s *Store) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return s.do(ctx, k, op{verb: getExclusive})
}

// SetAndRelease implements session.Store.
func (s *Store) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	_, err := s.do(ctx, k, op{verb: set, value: v, cond: cond})
	return err
}

// ReleaseExclusive implements session.Store.
func (s *Store) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	_, err := s.do(ctx, k, op{verb: release, cookie: cookie})
	return err
}

// Remove implements session.Store.
func (s *Store) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	_, err := s.do(ctx, k, op{verb: remove, cond: cond})
	return err
}

// ResetTimeout implements session.Store.
func (s *Store) ResetTimeout(ctx context.Context, k session.Key) error {
	_, err := s.do(ctx, k, op{verb: reset})
	return err
}

// CreateUninitialized implements session.Store.
func (s *Store) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	_, err := s.do(ctx, k, op{verb: create, value: v})
	return err
}
