package remoteapp

import (
	"slices"
	"sync"

	"github.com/aspstate/aspstate/session"
)

// hold is a session whose lock a client holds by a GET, and has until its PUT.
type hold struct {
	*load
	claimed bool          // somebody ends it: a PUT, or the GET itself; holds.mu guards it
	done    chan struct{} // closed when a PUT has ended it
}

// holds are those of this process. A PUT names nothing but the session.
type holds struct {
	mu  sync.Mutex
	all map[session.Key][]*hold // usually one; more where a lock was taken from its holder, or one is just about to end
}

func (s *holds) add(l *load) *hold {
	held := &hold{load: l, done: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[session.Key][]*hold{}
	}
	s.all[l.key] = append(s.all[l.key], held)
	return held
}

func (s *holds) remove(held *hold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := slices.DeleteFunc(s.all[held.key], func(h *hold) bool { return h == held })
	if s.all[held.key] = left; len(left) == 0 {
		delete(s.all, held.key)
	}
}

// claim makes the caller the one who ends a hold; false: somebody else is.
func (s *holds) claim(held *hold) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := held.claimed
	held.claimed = true
	return !was
}

// take claims the hold that a PUT belongs to. Where a lock was taken from a holder whose request still runs, a PUT may be of
// either, and written under the younger lock the older one's would be the lost update that the lock is there to prevent: then
// both are ended and neither writes. The holds that are returned are the caller's to end.
func (s *holds) take(k session.Key) ([]*hold, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []*hold
	for _, held := range s.all[k] {
		if !held.claimed {
			held.claimed = true
			open = append(open, held)
		}
	}
	switch {
	case len(open) > 1:
		return open, refused(ambiguous)
	case len(open) == 1:
		return open, nil
	case len(s.all[k]) > 0:
		return nil, refused(alreadyDone)
	}
	return nil, refused(noSession)
}

func (s *holds) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, of := range s.all {
		n += len(of)
	}
	return n
}
