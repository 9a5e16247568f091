package client

import (
	"github.com/aspstate/aspstate/aspnetser"
)

// Discard drops what this request has set, OnStart's part too, and gives the lock back. The response goes out as it is written.
// ASP.NET does so where a page throws. Afterwards the session is one that nobody has looked at: it can be read again, and set.
// Values that were handed out before belong to nothing any more.
func (s *Session) Discard() {
	if err := s.discard(); err != nil {
		s.o.OnError(s.r, err)
	}
}

func (s *Session) discard() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		s.dirty, s.abandoned = false, false // nobody is to be told that it is lost
		return nil
	}
	s.renewed = s.renewed || s.items != nil || s.locked
	if s.watch != nil {
		s.watch()
		s.watch = nil
	}
	err := s.unlock(s.r.Context())
	s.items, s.payload, s.held = nil, nil, false
	s.forget()
	return err
}

// again drops what was read and set and keeps the lock, so that the handler can begin again.
func (s *Session) again() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over != nil:
		return s.over
	case !s.locked:
		s.items, s.payload, s.held = nil, nil, false
	default:
		c, err := aspnetser.Open(s.payload, s.o.Blob)
		if err != nil {
			return err
		}
		s.items, s.timeout, s.isNew = c, s.stored, s.started
	}
	s.forget()
	return nil
}

// forget drops what is known of a handler's doings.
func (s *Session) forget() {
	s.dirty, s.handed, s.abandoned = false, false, false
	s.reads, s.readAll, s.readNew = nil, false, false
	s.starts = s.started
}
