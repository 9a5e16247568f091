package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/session"
)

// drop ends the session without saving it, and gives its lock back.
func (s *Session) drop(reason error) {
	if err := s.dropped(reason); err != nil {
		s.o.OnError(s.r, err)
	}
}

func (s *Session) dropped(reason error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return nil
	}
	s.end(reason)
	return s.unlock(s.r.Context())
}

func (s *Session) end(reason error) {
	s.over = reason
	if s.watch != nil {
		s.watch()
	}
}

// finish ends the session, saves what has changed, and gives its lock back. cookie is what the browser has to be told.
func (s *Session) finish() (cookie *http.Cookie, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := s.held && (s.dirty || s.abandoned)
	if s.over != nil {
		if s.over == ErrGone && lost {
			err = ErrGone
		}
		return nil, err
	}
	ctx := s.r.Context()
	if ctx.Err() != nil && !s.o.KeepGone {
		s.end(ErrGone)
		err = s.unlock(ctx)
		if lost {
			err = errors.Join(ErrGone, err)
		}
		return nil, err
	}
	s.end(ErrOver)
	if err := s.save(ctx); err != nil {
		return nil, err
	}
	if s.made && !s.begun {
		cookie = s.o.cookie(s.key.ID)
	}
	return cookie, nil
}

// head is called when the response begins before the handler has returned. A new session is made and locked at that moment,
// so that a browser that comes back with its id waits for what is still to be set (EnsureSessionStateLockedOnFlush of
// ASP.NET, state-server-protocol.md 10.1).
func (s *Session) head() (*http.Cookie, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
	if s.over != nil || s.known || !s.held || s.abandoned {
		return nil, nil
	}
	s.ensureID()
	if err := s.create(s.r.Context()); err != nil {
		return nil, err
	}
	item, err := s.try(s.r.Context(), true)
	if err != nil {
		return nil, err
	}
	s.took(item.Cookie)
	s.known, s.started = true, true
	return s.o.cookie(s.key.ID), nil
}

// save does what is left to do in the store.
func (s *Session) save(ctx context.Context) error {
	if s.items == nil && !s.held {
		return s.touch(ctx)
	}
	if s.abandoned {
		return s.remove(ctx)
	}
	blob, err := s.encode(ctx)
	switch {
	case err != nil:
		return errors.Join(err, s.unlock(ctx))
	case blob == nil:
		return harmless(s.unlock(ctx))
	}
	cond := session.Insert()
	switch {
	case s.locked && s.o.OnlyIfFree:
		cond = session.IfFree(s.cookie)
	case s.locked:
		cond = session.IfCookie(s.cookie)
	case s.o.OnlyIfFree:
		cond = session.IfFree(0)
	}
	s.ensureID()
	c, cancel := s.o.detached(ctx)
	defer cancel()
	if err := s.o.Store.SetAndRelease(c, s.key, session.Value{Payload: blob, Timeout: s.timeout}, cond); err != nil {
		if !lostSession(err) { // whether it was written is not known, and so whether the lock is ours still
			err = errors.Join(err, s.unlock(ctx))
		}
		return fmt.Errorf("saving session %v: %w", s.key, err)
	}
	s.made = !s.known
	return nil
}

// touch renews a session that nobody has looked at.
func (s *Session) touch(ctx context.Context) error {
	if !s.known || s.renewed || s.o.NoTouch {
		return nil
	}
	c, cancel := s.o.detached(ctx)
	defer cancel()
	if err := s.o.Store.ResetTimeout(c, s.key); err != nil && !errors.Is(err, session.ErrNotFound) {
		return harmless(fmt.Errorf("renewing session %v: %w", s.key, err))
	}
	return nil
}

// harmlessError is an error by which nothing is lost that the handler has set: it spoils no response.
type harmlessError struct{ error }

func (e *harmlessError) Unwrap() error { return e.error }

func harmless(err error) error {
	if err == nil {
		return nil
	}
	return &harmlessError{err}
}

// unlock gives our lock back. That it is not ours any more does not matter: nothing was to be written under it.
func (s *Session) unlock(ctx context.Context) error {
	if !s.locked {
		return nil
	}
	s.locked = false
	if err := s.release(ctx, s.cookie); err != nil && !lostSession(err) {
		return err
	}
	return nil
}

func (s *Session) remove(ctx context.Context) error {
	if !s.locked {
		return nil
	}
	cond := session.IfCookie(s.cookie)
	if s.o.OnlyIfFree {
		cond = session.IfFree(s.cookie)
	}
	c, cancel := s.o.detached(ctx)
	defer cancel()
	if err := s.o.Store.Remove(c, s.key, cond); err != nil && !errors.Is(err, session.ErrNotFound) {
		return fmt.Errorf("removing session %v: %w", s.key, err)
	}
	return nil
}

// encode returns what is to be written; nil where nothing has changed.
func (s *Session) encode(ctx context.Context) ([]byte, error) {
	blob, err := s.encoded(ctx)
	if err != nil {
		return nil, fmt.Errorf("writing session %v: %w", s.key, err)
	}
	return blob, nil
}

func (s *Session) encoded(ctx context.Context) ([]byte, error) {
	switch {
	case !s.held:
		return nil, nil
	case s.dirty:
		return s.encodeNew(ctx, s.items)
	case !s.handed:
		return nil, nil
	}
	plain, err := s.plain()
	if err != nil {
		return nil, err
	}
	was, form := s.payload, s.items.Form
	switch {
	case was == nil && s.items.Len() == 0 && !s.items.HasNull():
		return nil, nil
	case was != nil && form == aspnetser.FormCompressed:
		was, err = aspnetser.Inflate(nil, was, s.o.Blob)
	}
	if err != nil || bytes.Equal(plain, was) {
		return nil, err
	}
	if form == aspnetser.FormPlain {
		return plain, nil
	}
	return s.encodeNew(ctx, s.items)
}

// encodeNew writes items in their form, or in that of new sessions if they have none yet.
func (s *Session) encodeNew(ctx context.Context, c *aspnetser.Collection) (_ []byte, err error) {
	if c.Form == aspnetser.FormUnknown {
		ctx, cancel := s.o.detached(ctx)
		defer cancel()
		if c.Form, err = s.o.form(ctx); err != nil {
			return nil, err
		}
	}
	return c.Append(nil)
}

// plain writes the items without compressing them.
func (s *Session) plain() ([]byte, error) {
	form := s.items.Form
	s.items.Form = aspnetser.FormPlain
	b, err := s.items.Append(nil)
	s.items.Form = form
	return b, err
}
