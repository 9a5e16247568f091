package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
)

// lock makes the session one that may be changed.
func (s *Session) lock(ctx context.Context) error { return s.acquire(ctx, true) }

// lockIfThere does so too, but makes none.
func (s *Session) lockIfThere(ctx context.Context) error { return s.acquire(ctx, false) }

func (s *Session) acquire(ctx context.Context, create bool) error {
	switch {
	case s.over != nil:
		return s.over
	case s.readOnly, s.view:
		return ErrReadOnly
	case s.held, s.abandoned:
		return nil
	case !s.known && s.begun && create:
		return ErrTooLate
	case !s.known: // nobody else can have it
		if s.items == nil {
			s.absent()
		}
		s.held, s.starts = create, create
		return nil
	}
	again := s.o.pace()
	for first := true; ; first = false {
		item, err := s.persist(ctx, true)
		switch {
		case err == nil:
			return s.hold(item)
		case !errors.Is(err, session.ErrNotFound):
			return err
		case !create:
			s.absent()
			return nil
		}
		if !first { // it was removed at once, or the store does not show what is in the way
			if err := sleep(ctx, again.next()); err != nil {
				return fmt.Errorf("locking session %v: %w", s.key, err)
			}
		}
		if err := s.create(ctx); err != nil && !errors.Is(err, session.ErrExists) {
			return err
		}
	}
}

// create makes an empty session, to be locked by whoever comes first, as ASP.NET does: requests that come at once with the id
// of a session that has ended take turns.
func (s *Session) create(ctx context.Context) error {
	blob, err := s.encodeNew(ctx, s.empty())
	if err == nil {
		c, cancel := s.o.detached(ctx)
		defer cancel()
		err = s.o.Store.CreateUninitialized(c, s.key, session.Value{Payload: blob, Timeout: s.o.Timeout})
	}
	if err != nil {
		return fmt.Errorf("making session %v: %w", s.key, err)
	}
	return nil
}

// hold takes over a session that was locked for us.
func (s *Session) hold(item session.Item) error {
	read, was, wasNew := s.items != nil, s.payload, s.isNew
	if err := s.adopt(item); err != nil {
		return errors.Join(err, s.release(s.r.Context(), item.Cookie))
	}
	s.took(item.Cookie)
	changed := read && s.hasChanged(was, wasNew)
	s.reads, s.readAll, s.readNew = nil, false, false
	if changed {
		return ErrChanged
	}
	return nil
}

// took notes that the store's lock is ours, and watches for the client's going away.
func (s *Session) took(cookie int32) {
	s.held, s.locked, s.cookie = true, true, cookie
	if !s.o.KeepGone {
		s.watch = context.AfterFunc(s.r.Context(), func() { s.drop(ErrGone) })
	}
}

// persist reads the session, and takes its lock if exclusive. While somebody else has the lock it waits, and asks again as
// ASP.NET's module does (state-server-protocol.md 10.2); a lock that is too old it breaks.
func (s *Session) persist(ctx context.Context, exclusive bool) (session.Item, error) {
	deadline := time.Now().Add(s.o.Wait)
	var broken session.LockedError
	var ages lockAges
	again := s.o.pace()
	item, err := s.try(ctx, exclusive)
	for {
		var held *session.LockedError
		if !errors.As(err, &held) {
			return item, err
		}
		s.marked(held.Uninitialized)
		if ctx.Err() != nil {
			return session.Item{}, fmt.Errorf("waiting for session %v: %w: %w", s.key, ctx.Err(), held)
		}
		left := time.Until(deadline)
		if s.o.ExecutionTimeout > 0 {
			age, aerr := ages.of(ctx, s.o, err, held)
			if aerr != nil {
				return session.Item{}, fmt.Errorf("waiting for session %v: %w", s.key, aerr)
			}
			if due := s.o.ExecutionTimeout - age; due > 0 {
				left = min(left, due)
			} else if broken.Cookie != held.Cookie || broken.Since != held.Since {
				broken = *held
				if err := s.release(ctx, held.Cookie); err != nil && !lostSession(err) {
					return session.Item{}, err
				}
				item, err = s.try(ctx, exclusive)
				continue
			}
		}
		if time.Until(deadline) <= 0 {
			return session.Item{}, fmt.Errorf("waiting for session %v: %w", s.key, err)
		}
		item, err = s.pause(ctx, exclusive, max(left, time.Millisecond), &again)
	}
}

// pause waits until the session may be free, but not longer than left, and reads it.
func (s *Session) pause(ctx context.Context, exclusive bool, left time.Duration, again *pace) (session.Item, error) {
	if !exclusive || s.o.waiter == nil {
		if err := sleep(ctx, min(again.next(), left)); err != nil {
			return session.Item{}, fmt.Errorf("waiting for session %v: %w", s.key, err)
		}
		return s.try(ctx, exclusive)
	}
	began := time.Now()
	item, err := s.o.waiter.WaitExclusive(ctx, s.key, left)
	var held *session.LockedError
	poll := min(s.o.Poll, left)
	if waited := time.Since(began); errors.As(err, &held) && waited < poll { // sent away: too many wait
		_ = sleep(ctx, poll-waited) // persist looks at ctx
	}
	return item, err
}

// try reads once. An exclusive read is not cut off: whether it has the lock, nobody would know.
func (s *Session) try(ctx context.Context, exclusive bool) (session.Item, error) {
	if !exclusive {
		return s.o.Store.Get(ctx, s.key)
	}
	if err := ctx.Err(); err != nil {
		return session.Item{}, fmt.Errorf("locking session %v: %w", s.key, err)
	}
	c, cancel := s.o.detached(ctx)
	defer cancel()
	return s.o.Store.GetExclusive(c, s.key)
}

// release gives a lock back: ours, or one that is too old.
func (s *Session) release(ctx context.Context, cookie int32) error {
	c, cancel := s.o.detached(ctx)
	defer cancel()
	if err := s.o.Store.ReleaseExclusive(c, s.key, cookie); err != nil {
		return fmt.Errorf("releasing session %v: %w", s.key, err)
	}
	return nil
}

// pace is how often somebody asks who waits: soon at first, since most locks are held for some milliseconds, and then as seldom
// as ASP.NET's module does. In its first second it asks 8 times where that asks twice, and then as often.
type pace struct{ wait, most time.Duration }

const firstPoll = 4 * time.Millisecond

func (o *settings) pace() pace { return pace{firstPoll, o.Poll} }

// next is how long to wait now.
func (p *pace) next() time.Duration {
	d := min(p.wait, p.most)
	p.wait = 2 * d
	return d
}

// detached is for calls that have to come to an end, whoever goes away.
func (o *settings) detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), o.SaveTimeout)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tooOld is from when on ASP.NET takes the age of a lock for 0, and does not break it (sql-layouts.md 2.3).
const tooOld = 365 * 24 * time.Hour

// lockAges tells the age of locks by the clock of the store, which it looks at once.
type lockAges struct {
	ahead time.Duration // the store's clock before ours
	asked bool
}

// aged is an error that knows the age of the lock that it tells of.
type aged interface{ LockAge() time.Duration }

func (l *lockAges) of(ctx context.Context, o *settings, err error, held *session.LockedError) (time.Duration, error) {
	var a aged
	if errors.As(err, &a) {
		return ageOf(a.LockAge()), nil
	}
	if o.clocked != nil && !l.asked {
		now, err := o.clocked.Now(ctx)
		if err != nil {
			return 0, err
		}
		l.ahead, l.asked = now.Time().Sub(o.Now()), true
	}
	return ageOf(o.Now().Add(l.ahead).Sub(held.Since.Time())), nil
}

func ageOf(d time.Duration) time.Duration {
	if d > tooOld {
		return 0
	}
	return d
}
