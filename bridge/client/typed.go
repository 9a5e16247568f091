package client

import (
	"context"
	"errors"

	"github.com/aspstate/aspstate/aspnetser"
)

// Get returns an item of the request's session as a T: see aspnetser.Get, whose errors it gives. It reads the session without
// a lock, unless it is locked already. No such item: aspnetser.ErrNoItem.
func Get[T any](ctx context.Context, key string) (x T, err error) {
	s, err := FromContext(ctx)
	if err != nil {
		return x, err
	}
	err = s.with(ctx, s.load, func() error {
		if !s.held && !s.readOnly {
			if s.reads == nil {
				s.reads = make(map[string]struct{})
			}
			s.reads[key] = struct{}{}
		}
		if v, err := s.items.Get(key); err != nil {
			return err
		} else if v.Type() == aspnetser.TypeObject {
			s.handed = true
		}
		x, err = aspnetser.Get[T](s.items, key)
		return err
	})
	return x, err
}

// Set locks the request's session and sets an item: see Session.Set.
func Set(ctx context.Context, key string, x any) error {
	s, err := FromContext(ctx)
	if err != nil {
		return err
	}
	return s.Set(ctx, key, x)
}

// Update locks the request's session, and sets an item to what change makes of it; of the zero T where there is no such item.
// An error of change is returned, and nothing is set.
func Update[T any](ctx context.Context, key string, change func(T) (T, error)) error {
	s, err := FromContext(ctx)
	if err != nil {
		return err
	}
	if err := s.Lock(ctx); err != nil {
		return err
	}
	x, err := Get[T](ctx, key)
	if err != nil && !errors.Is(err, aspnetser.ErrNoItem) {
		return err
	}
	if x, err = change(x); err != nil {
		return err
	}
	return s.Set(ctx, key, x)
}
