package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/session"
)

// maxTimeout is the longest timeout that ASP.NET takes, in minutes: a year.
const maxTimeout = 525600

// Session is the session of one request. Goroutines of the handler may share it.
//
// Its methods take a context for their waiting. That a session is not there is no error: it is new then, and empty. Errors of
// the Store are passed on: *session.LockedError says that the lock was not free in time.
type Session struct {
	*shared
	view bool // this one changes nothing: it belongs to a ReadOnly within a Handler
}

// shared is what the handlers of one request have together.
type shared struct {
	o        *settings
	r        *http.Request // for its context, which tells when the client goes away
	readOnly bool          // nobody changes anything
	known    bool          // the browser has the id: others may use it

	mu  sync.Mutex
	key session.Key // without an id as long as nobody wants a new one

	over  error // why it is of no use any more
	begun bool  // part of the response is on its way
	made  bool  // a session that is new to the browser is in the store

	items   *aspnetser.Collection // nil: not looked at
	payload []byte                // that items were read from; nil: the store had none
	timeout int32                 // minutes
	isNew   bool
	started bool  // the store has told us that the session is ours to start
	starts  bool  // OnStart is to be called
	stored  int32 // minutes, in the store
	renewed bool  // it was looked at before Discard

	held   bool // it may be changed: under the store's lock, or because nobody else knows it
	locked bool // the store's lock is ours
	cookie int32
	watch  func() bool // ends the watch for the client's going away

	dirty     bool // something was set
	handed    bool // something was handed out that can be changed in place
	abandoned bool

	reads   map[string]struct{} // keys that were read before it was held
	readAll bool                // so was everything
	readNew bool                // so was that it is new
}

// ID returns the session id. The browser may not know it yet, and will not if nothing is set.
func (s *Session) ID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ensureID()
}

func (s *Session) ensureID() string {
	if s.key.ID == "" {
		s.key.ID = s.o.NewID()
	}
	return s.key.ID
}

// IsNew says whether the session starts with this request: the store had none, or one that nobody has started.
func (s *Session) IsNew(ctx context.Context) (isNew bool, err error) {
	err = s.with(ctx, s.load, func() error {
		isNew, s.readNew = s.isNew, s.readNew || !s.held
		return nil
	})
	return isNew, err
}

// Timeout returns after how many minutes without a request the session ends.
func (s *Session) Timeout(ctx context.Context) (minutes int32, err error) {
	err = s.with(ctx, s.load, func() error { minutes = s.timeout; return nil })
	return minutes, err
}

// SetTimeout locks the session and changes after how many minutes it ends: 1 to 525600, a year.
func (s *Session) SetTimeout(ctx context.Context, minutes int32) error {
	if err := checkTimeout(minutes); err != nil {
		return err
	}
	return s.with(ctx, s.lock, func() error {
		s.dirty = s.dirty || s.timeout != minutes
		s.timeout, s.items.Timeout = minutes, minutes
		return nil
	})
}

func checkTimeout(minutes int32) error {
	if minutes < 1 || minutes > maxTimeout {
		return fmt.Errorf("setting the timeout of a session: %d minutes are not between 1 and %d", minutes, maxTimeout)
	}
	return nil
}

// Lock locks the session until the handler returns, and reads it anew; it waits for whoever else has it. It does nothing where
// the session is locked already. See ErrChanged.
func (s *Session) Lock(ctx context.Context) error {
	return s.with(ctx, s.lock, func() error { return nil })
}

// Keys returns the keys of all items but the one with the null key, in order.
func (s *Session) Keys(ctx context.Context) (keys []string, err error) {
	err = s.with(ctx, s.load, func() error {
		s.readAll = s.readAll || !s.held
		keys = s.items.Keys()
		return nil
	})
	return keys, err
}

// Collection returns the items as they are stored, to look at all or to follow paths (aspnetser.Collection.Lookup). What is
// changed in it is saved if the session was locked before (Lock). It is for one goroutine at a time, and nobody else may use
// the session meanwhile.
func (s *Session) Collection(ctx context.Context) (c *aspnetser.Collection, err error) {
	err = s.with(ctx, s.load, func() error {
		s.readAll = s.readAll || !s.held
		if s.view {
			c, err = s.copied()
			return err
		}
		c, s.handed = s.items, true
		return nil
	})
	return c, err
}

// copied is a copy of the items, for those who change nothing.
func (s *Session) copied() (*aspnetser.Collection, error) {
	blob, err := s.plain()
	if err != nil {
		return nil, fmt.Errorf("copying session %v: %w", s.key, err)
	}
	c, err := aspnetser.Open(blob, s.o.blobOf(aspnetser.CompressionNo))
	if err != nil {
		return nil, fmt.Errorf("copying session %v: %w", s.key, err)
	}
	c.Form = s.items.Form
	return c, nil
}

// Set locks the session and sets an item to the value of a Go value: see aspnetser.ValueOf.
func (s *Session) Set(ctx context.Context, key string, x any) error {
	v, err := aspnetser.ValueOf(x)
	if err != nil {
		return fmt.Errorf("setting item %.40q: %w", key, err)
	}
	return s.with(ctx, s.lock, func() error {
		s.items.Set(key, v)
		s.dirty = true
		return nil
	})
}

// Remove locks the session and removes an item, if there is such a one.
func (s *Session) Remove(ctx context.Context, key string) error {
	return s.with(ctx, s.lock, func() error {
		s.dirty = s.items.Remove(key) || s.dirty
		return nil
	})
}

// Clear locks the session and removes all items.
func (s *Session) Clear(ctx context.Context) error {
	return s.with(ctx, s.lock, func() error {
		s.items.Clear()
		s.dirty = true
		return nil
	})
}

// Abandon locks the session, if there is one, and removes it when the handler has returned. What is set meanwhile is lost. The
// browser keeps its cookie, and the next request starts a new session under the same id, as in ASP.NET.
func (s *Session) Abandon(ctx context.Context) error {
	return s.with(ctx, s.lockIfThere, func() error {
		s.abandoned = true
		return nil
	})
}

// with calls f under the mutex, once enter has made the session ready for it and OnStart has been called, if the session
// starts by that.
func (s *Session) with(ctx context.Context, enter func(context.Context) error, f func() error) error {
	starts, err := s.enter(ctx, enter, f)
	if !starts {
		return err
	}
	if err := s.o.OnStart(s.whole(ctx)); err != nil {
		return fmt.Errorf("starting session: %w", err)
	}
	if err != nil {
		return err
	}
	_, err = s.enter(ctx, enter, f)
	return err
}

// whole is the session as OnStart changes it, with its context.
func (s *Session) whole(ctx context.Context) (context.Context, *Session) {
	if !s.view {
		return ctx, s
	}
	w := &Session{shared: s.shared}
	return context.WithValue(ctx, contextKey{}, w), w
}

// enter does with's work where the session does not start; where it does, f is not called.
func (s *Session) enter(ctx context.Context, enter func(context.Context) error, f func() error) (starts bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = enter(ctx)
	starts, s.starts = s.starts && s.o.OnStart != nil, false
	if starts || err != nil {
		return starts, err
	}
	return false, f()
}

// load reads the session without a lock, if nobody has read it yet.
func (s *Session) load(ctx context.Context) error {
	switch {
	case s.over != nil:
		return s.over
	case s.items != nil:
		return nil
	case !s.known:
		s.absent()
		return nil
	}
	item, err := s.persist(ctx, false)
	switch {
	case errors.Is(err, session.ErrNotFound):
		s.absent()
		return nil
	case err != nil:
		return err
	}
	return s.adopt(item)
}

// absent makes the session a new one.
func (s *Session) absent() {
	s.items, s.payload, s.timeout, s.isNew = s.empty(), nil, s.o.Timeout, true
}

// empty is a new session without items. Its form is found when it is written.
func (s *Session) empty() *aspnetser.Collection { return &aspnetser.Collection{Timeout: s.o.Timeout} }

// adopt makes the session what the store has. What was read before stays decoded if the store has the same still.
func (s *Session) adopt(item session.Item) error {
	s.marked(item.Uninitialized)
	if s.payload == nil || !bytes.Equal(s.payload, item.Payload) {
		c, err := aspnetser.Open(item.Payload, s.o.Blob)
		if err != nil {
			return fmt.Errorf("reading session %v: %w", s.key, err)
		}
		s.items, s.payload, s.handed = c, item.Payload, false
	}
	s.timeout, s.stored, s.isNew = item.Timeout, item.Timeout, s.started
	return nil
}

// marked notes that the store has told us of the uninitialized mark, which it tells once.
func (s *Session) marked(told bool) {
	if told {
		s.started, s.starts = true, true
	}
}

// hasChanged says whether something that was read before the lock was had is not as it was.
func (s *Session) hasChanged(payload []byte, isNew bool) bool {
	if s.readNew && isNew != s.isNew {
		return true
	}
	if !s.readAll && len(s.reads) == 0 || bytes.Equal(payload, s.payload) {
		return false
	}
	if s.readAll {
		return true
	}
	was, is := s.slots(payload), s.slots(s.payload)
	if was == nil || is == nil {
		return true
	}
	for key := range s.reads {
		if !bytes.Equal(slot(was, key), slot(is, key)) {
			return true
		}
	}
	return false
}

// slots finds the items of a payload; nil where it cannot be read.
func (s *Session) slots(payload []byte) *aspnetser.Index {
	x := new(aspnetser.Index)
	if payload == nil {
		return x
	}
	if x.Read(payload, s.o.Blob) != nil {
		return nil
	}
	return x
}

// slot returns the bytes of an item; nil where there is none.
func slot(x *aspnetser.Index, key string) []byte {
	for i := range x.Len() {
		if k := x.Key(i); k != nil && strings.EqualFold(string(k), key) {
			return x.Slot(i)
		}
	}
	return nil
}
