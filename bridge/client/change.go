package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/aspnetser"
)

// Change locks the request's session and changes several items together: see Session.Change.
func Change(ctx context.Context, change func(c *aspnetser.Collection) error) error {
	s, err := FromContext(ctx)
	if err != nil {
		return err
	}
	return s.Change(ctx, change)
}

// Change locks the session and gives change its items, and its timeout; what change does with them is saved. If change returns
// an error or panics they are again as they were, and graphs that were handed out before belong to nothing any more. Until it
// returns no other goroutine may use the session.
func (s *Session) Change(ctx context.Context, change func(c *aspnetser.Collection) error) (err error) {
	var was *savepoint
	err = s.with(ctx, s.lock, func() (err error) {
		was, err = s.savepoint()
		return err
	})
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			if e := s.goBack(was); e != nil {
				err = errors.Join(err, e)
			}
		}
	}()
	if err := change(was.items); err != nil {
		return err
	}
	if err := s.keep(was); err != nil {
		return err
	}
	done = true
	return nil
}

// savepoint is the state of a session that is locked.
type savepoint struct {
	items                    *aspnetser.Collection // themselves
	blob                     []byte                // what they were
	read                     aspnetser.Options     // to read blob by
	form                     aspnetser.Form
	itemsTimeout             int32
	timeout                  int32
	dirty, handed, abandoned bool
}

func (s *Session) savepoint() (*savepoint, error) {
	p := &savepoint{
		items: s.items, blob: s.payload, read: s.o.Blob, form: s.items.Form, itemsTimeout: s.items.Timeout,
		timeout: s.timeout, dirty: s.dirty, handed: s.handed, abandoned: s.abandoned,
	}
	if s.payload != nil && !s.dirty && !s.handed {
		return p, nil
	}
	var err error
	if p.blob, err = s.plain(); err != nil {
		return nil, fmt.Errorf("changing session %v: %w", s.key, err)
	}
	p.read = s.o.blobOf(aspnetser.CompressionNo)
	return p, nil
}

// goBack undoes what was done since.
func (s *Session) goBack(p *savepoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil || s.items != p.items { // it is over, or was discarded
		return nil
	}
	c, err := aspnetser.Open(p.blob, p.read)
	if err != nil { // what was set before is more than Blob takes
		s.end(ErrOver)
		return errors.Join(fmt.Errorf("changing session %v back: %w", s.key, err), s.unlock(s.r.Context()))
	}
	c.Form = p.form
	*s.items = *c
	s.timeout, s.dirty, s.handed, s.abandoned = p.timeout, p.dirty, p.handed, p.abandoned
	return nil
}

// keep takes over what was changed since.
func (s *Session) keep(p *savepoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over != nil:
		return s.over
	case s.items != p.items:
		return nil
	}
	s.handed = true // what it is now is compared with what it was when it is saved
	if minutes := s.items.Timeout; minutes != p.itemsTimeout {
		if err := checkTimeout(minutes); err != nil {
			return err
		}
		s.timeout, s.dirty = minutes, true
	}
	return nil
}
