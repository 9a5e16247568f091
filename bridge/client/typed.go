package client

import (
	"context"
	"errors"

	"github.com/aspstate/aspstate/aspnetser"
)

// Get returns an item of the request's session as a T: see aspnetser.Get, whose errors it gives. It reads the session without
// a lock, unless it is locked already. No such item: aspnetser.ErrNoItem.
func Get[T any](ctx context.Context, key string) (x T, err error) {
	err = look(ctx, key, func(c *aspnetser.Collection, _ aspnetser.Value, err error) error {
		if err == nil {
			x, err = aspnetser.Get[T](c, key)
		}
		return err
	})
	return x, err
}

// Lookup is Get for an item that may be absent, or null: ok is false then, x the zero T, and err nil.
//
//	name, signedIn, err := client.Lookup[string](r.Context(), "UserName") // Session["UserName"] as string
func Lookup[T any](ctx context.Context, key string) (x T, ok bool, err error) {
	err = look(ctx, key, func(c *aspnetser.Collection, v aspnetser.Value, err error) error {
		switch {
		case errors.Is(err, aspnetser.ErrNoItem), err == nil && v.IsNull():
			return nil
		case err == nil:
			x, err = aspnetser.Get[T](c, key)
		}
		ok = err == nil
		return err
	})
	return x, ok, err
}

// look reads an item: c is where it is to be taken from.
func look(ctx context.Context, key string, f func(c *aspnetser.Collection, v aspnetser.Value, err error) error) error {
	s, err := FromContext(ctx)
	if err != nil {
		return err
	}
	return s.with(ctx, s.load, func() error {
		if !s.held && !s.readOnly {
			if s.reads == nil {
				s.reads = make(map[string]struct{})
			}
			s.reads[key] = struct{}{}
		}
		c := s.items
		v, err := c.Get(key)
		if err == nil && v.Type() == aspnetser.TypeObject {
			if s.view {
				c, err = s.alone(key, v)
			} else {
				s.handed = true
			}
		}
		return f(c, v, err)
	})
}

// alone is a copy of an object, for those who change nothing.
func (s *Session) alone(key string, v aspnetser.Value) (*aspnetser.Collection, error) {
	slot, err := v.AppendSlot(nil)
	if err == nil {
		v, err = aspnetser.DecodeSlot(slot, s.o.Blob)
	}
	c := new(aspnetser.Collection)
	c.Set(key, v)
	return c, err
}

// Set locks the request's session and sets an item: see Session.Set.
func Set(ctx context.Context, key string, x any) error {
	s, err := FromContext(ctx)
	if err != nil {
		return err
	}
	return s.Set(ctx, key, x)
}

// Update locks the request's session, and sets an item to what change makes of it; of the zero T where there is no such item,
// or it is null.
// An error of change is returned, and nothing is set.
func Update[T any](ctx context.Context, key string, change func(T) (T, error)) error {
	s, err := FromContext(ctx)
	if err != nil {
		return err
	}
	if err := s.Lock(ctx); err != nil {
		return err
	}
	x, _, err := Lookup[T](ctx, key)
	if err != nil {
		return err
	}
	if x, err = change(x); err != nil {
		return err
	}
	return s.Set(ctx, key, x)
}
