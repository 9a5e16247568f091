package cutover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// marks are the dirty marks of this bridge that may be there: those under way, and those whose call ended in doubt.
type marks struct {
	mu    sync.Mutex
	last  uint64
	under map[string]time.Time // by ID; until when nobody may take the mark away. Zero: its call is under way
}

// take makes a mark that was never made before.
func (s *Store) takeMark(k session.Key) session.Mark {
	m := &s.marks
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	id := s.o.Holder + "." + strconv.FormatUint(m.last, 36)
	m.under[id] = time.Time{}
	return session.Mark{Key: k, ID: id}
}

// leaveMark says that the mark's call is over; in doubt, what it did may still take place.
func (s *Store) leaveMark(id string, doubt bool) {
	m := &s.marks
	m.mu.Lock()
	defer m.mu.Unlock()
	if doubt {
		m.under[id] = time.Now().Add(s.o.Margin)
	} else {
		delete(m.under, id)
	}
}

// mine reports whether a mark is this bridge's own.
func (s *Store) mine(id string) bool { return holderOf(id) == s.o.Holder }

func holderOf(id string) string { return id[:max(strings.LastIndexByte(id, '.'), 0)] }

// mayDrain reports whether nothing is under way any more for which a mark was made. Of another bridge's that is known when
// its lease is lost: gone says so of a holder.
func (s *Store) mayDrain(id string, gone func(holder string) bool) bool {
	m := &s.marks
	m.mu.Lock()
	defer m.mu.Unlock()
	until, there := m.under[id]
	if there && !until.IsZero() && !time.Now().Before(until) {
		delete(m.under, id)
		there = false
	}
	return !there && (s.mine(id) || gone(holderOf(id)))
}

// mirrored serves a call in mirror: new leads, and old is made to follow. That old does not answer is no reason to fail:
// the mark stays, and old follows later.
func (c *call) mirrored(k session.Key, o *op) (session.Item, error) {
	var item session.Item
	answer, err := c.marked(k, func() (err error) {
		item, err = c.leading(k, o)
		for errors.Is(err, errAgain) {
			item, err = c.leading(k, o)
		}
		return err
	})
	if err != nil {
		return session.Item{}, err
	}
	return item, answer
}

// marked changes a session of new under a mark of its own, and brings it level in old. err: nothing was done.
func (c *call) marked(k session.Key, change func() error) (answer, err error) {
	s := c.s
	mark := s.takeMark(k)
	if err := s.control.Mark(c.ctx, mark); err != nil {
		s.leaveMark(mark.ID, true)
		return nil, fmt.Errorf("marking session %v: %w", k, err)
	}
	answer = change()
	ctx, cancel := c.within()
	defer cancel()
	doubt := !told(answer)
	switch {
	case doubt: // what new will have is not known yet
	case s.oldIsDown():
		c.app.stats.dirty.Add(1)
	default:
		if err := s.bringLevel(ctx, c.agreed, k); err != nil {
			s.oldFailed(c.app, k, err)
			c.doubtful()
			doubt = true
			break
		}
		if err := s.control.Unmark(ctx, mark); err != nil {
			doubt = true
		}
	}
	s.leaveMark(mark.ID, doubt)
	return answer, nil
}

// bringLevel makes old's row what new's is. Old is looked at first: what is seen equal then was so at one moment. A lock that a mover of
// handback has left in new is no page's: old, where nobody would know it for that, must not get it.
func (s *Store) bringLevel(ctx context.Context, a *agreed, k session.Key) error {
	if !s.old.rows() {
		return s.bringLevelVerbs(ctx, k)
	}
	const races = 1000
	for range races {
		old, err := s.old.look(ctx, k)
		if err != nil {
			return err
		}
		fresh, err := s.new.look(ctx, k)
		if err != nil {
			return err
		}
		if fresh != nil && a.isDeadMovers("new", fresh) {
			if err := s.letGo(ctx, s.new, k, fresh); err != nil {
				return err
			}
			continue
		}
		if s.isLevel(old, fresh) {
			return nil
		}
		if fresh == nil {
			_, err = s.old.remove(ctx, k, old.Fence())
		} else {
			r := *fresh
			r.Key, r.Revision = k, 0
			_, err = s.old.write(ctx, r, old)
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("session %v: it changes faster than the old store can follow", k)
}

// isLevel compares what old has with what it would have of new's row. Revisions are each store's own.
func (s *Store) isLevel(old, fresh *session.Record) bool {
	if old == nil || fresh == nil {
		return old == nil && fresh == nil
	}
	r := *fresh
	r.Key, r.Revision = old.Key, max(old.Revision, 1)
	want, has := s.old.applier.After(session.Change{Record: r}), old.Fence()
	want.Revision = has.Revision
	return want == has && bytes.Equal(old.Payload, fresh.Payload)
}

// pauseOld is how long old is left alone after it has failed: calls must not wait for it one after the other.
const pauseOld = time.Second

func (s *Store) oldIsDown() bool { return time.Now().UnixNano() < s.counts.oldDown.Load() }

func (s *Store) oldFailed(a *app, k session.Key, err error) {
	a.stats.dirty.Add(1)
	s.counts.oldDown.Store(time.Now().Add(pauseOld).UnixNano())
	s.log.Warn("the old store does not follow; what it lacks is marked", keyApp, a.name, keySession, k.String(), keyError, err)
}

// drain brings level what is marked and not under way, of one application, and says how many marks stay. each does one step.
func (s *Store) drain(ctx context.Context, name string, gone func(holder string) bool, each func(func(context.Context, *agreed) error) error) (left int, err error) {
	var after *session.Mark
	for {
		page, err := s.control.Marks(ctx, name, after, pageRows)
		if err != nil {
			return left, fmt.Errorf("listing the marks of application %q: %w", name, err)
		}
		for i := range page {
			if !s.mayDrain(page[i].ID, gone) {
				left++
				continue
			}
			if err := each(func(ctx context.Context, a *agreed) error { return s.drainOne(ctx, a, page[i]) }); err != nil {
				return left, fmt.Errorf("draining the marks of application %q: %w", name, err)
			}
		}
		if len(page) < pageRows {
			return left, nil
		}
		after = &page[len(page)-1]
	}
}

// drainOne brings level what a mark stands for. What another bridge has marked is marked by this one too: others may find
// that mark as well, and take it away while a write of ours is still on its way. A mark whose write has failed is left alone until
// that write cannot take place any more.
func (s *Store) drainOne(ctx context.Context, a *agreed, mark session.Mark) error {
	own := mark
	if !s.mine(mark.ID) {
		own = s.takeMark(mark.Key)
		if err := s.control.Mark(ctx, own); err != nil {
			s.leaveMark(own.ID, true)
			return err
		}
	}
	err := s.bringLevel(ctx, a, mark.Key)
	if err == nil {
		err = s.control.Unmark(ctx, mark, own)
	}
	s.leaveMark(own.ID, err != nil)
	return err
}

// holders are those whose leases are not lost, as of an agreement.
func (s *Store) holders(g session.Agreement) map[string]bool {
	m := map[string]bool{}
	for i := range g.Leases {
		if s.live(&g.Leases[i], g.Now) {
			m[g.Leases[i].Holder] = true
		}
	}
	return m
}
