package cutover

import (
	"context"
	"errors"
	"time"

	"github.com/aspstate/aspstate/session"
)

// work does in the background what brings a phase to its end, until Close. One bridge does it, the one that leads; marks of
// its own each bridge drains itself.
func (s *Store) work() {
	timer := time.NewTimer(s.o.Idle)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-timer.C:
		}
		if err := s.round(s.ctx); err != nil && s.ctx.Err() == nil && !errors.Is(err, ErrNoLease) {
			s.log.Warn("moving sessions in the background: it is tried again", keyError, err)
		}
		timer.Reset(s.o.Idle)
	}
}

// round goes once through what there is to do.
func (s *Store) round(ctx context.Context) error {
	return errors.Join(s.drainAll(ctx), s.passOld(ctx), s.passNew(ctx))
}

// phaseOf are the rules of applications that are settled in one of some phases.
func (s *Store) phaseOf(some ...Phase) map[string]*rules {
	in := map[string]*rules{}
	for name, a := range *s.apps.Load() {
		r := a.now.Load()
		for _, p := range some {
			if r.agreed.Phase == p && !r.held {
				in[name] = r
			}
		}
	}
	return in
}

// drainAll drains marks: each bridge its own, and the one that leads those of bridges that are gone.
func (s *Store) drainAll(ctx context.Context) error {
	in := s.phaseOf(Mirror)
	if len(in) == 0 || s.oldIsDown() {
		return nil
	}
	s.mu.Lock()
	g := s.seen
	s.mu.Unlock()
	holders, leads := s.holders(g), s.leads()
	gone := func(holder string) bool { return leads && !holders[holder] }
	var failed error
	for _, a := range s.sorted() {
		if in[a.name] == nil {
			continue
		}
		left, err := s.drain(ctx, a.name, gone, func(one func(context.Context, *agreed) error) error {
			return s.step(ctx, a.name, Mirror, func(c *call) error { return one(c.ctx, c.agreed) })
		})
		if err == nil {
			a.stats.marked.Store(int64(left))
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// step does something in the background as a call of its own, unless the application has left the phase.
func (s *Store) step(ctx context.Context, name string, p Phase, f func(c *call) error) error {
	c, err := s.begin(ctx, name)
	if err != nil {
		return err
	}
	if c.agreed.Phase != p {
		return c.end(nil)
	}
	return c.end(f(&c))
}

// passOld moves what is left in old, of all applications in handoff, and counts it.
func (s *Store) passOld(ctx context.Context) error {
	in := s.phaseOf(Handoff)
	if len(in) == 0 || !s.old.rows() || !s.leads() {
		return nil
	}
	left := map[string]int64{}
	err := s.old.each(ctx, func(page []session.Record) error {
		keys := keysIn(page, in)
		for _, k := range keys {
			left[k.App]++
		}
		return s.eachOf(ctx, keys, func(k session.Key) error {
			return s.push(ctx, k, Handoff, func(c *call) error { return c.pushForth(k) })
		})
	})
	if err != nil {
		return err
	}
	for name, r := range in {
		r.app.stats.leftInOld.Store(left[name] + 1)
	}
	return nil
}

// keysIn are the keys of a page that are of some applications.
func keysIn(page []session.Record, in map[string]*rules) []session.Key {
	var keys []session.Key
	for i := range page {
		if in[page[i].Key.App] != nil {
			keys = append(keys, page[i].Key)
		}
	}
	return keys
}

// push does something with a row that a pass has come to, when the rate allows it.
func (s *Store) push(ctx context.Context, k session.Key, p Phase, f func(c *call) error) error {
	if err := s.pace(ctx); err != nil {
		return err
	}
	if err := s.step(ctx, k.App, p, f); err != nil && !s.passesBy(k, err) {
		return err
	}
	return nil
}

// passesBy reports whether a pass goes on after an error: one row that nobody can read does not keep the others.
func (s *Store) passesBy(k session.Key, err error) bool {
	if !errors.Is(err, errUnreadable) {
		return false
	}
	if a := (*s.apps.Load())[k.App]; a != nil && a.stats.report(k, "unreadable") {
		s.log.Warn("a session cannot be moved", keyApp, k.App, keySession, k.String(), keyError, err)
	}
	return true
}

// pushForth moves one session, if nobody stands in the way.
func (c *call) pushForth(k session.Key) error {
	began, in := c.agreed.began("old", k.ID)
	if !in {
		return nil
	}
	old, err := c.s.old.look(c.ctx, k)
	if old == nil || err != nil {
		return err
	}
	if fresh := isMovers(old, began); fresh {
		if gone, err := c.isOld(c.ctx, c.s.old, old); err != nil || !gone {
			return err
		}
	}
	_, err = c.settleOld(k, old, began, nil, 0)
	if errors.Is(err, errAgain) {
		return nil
	}
	return err
}

// passNew moves back what is in new, of applications in handback, and copies back what is, of those in mirror.
func (s *Store) passNew(ctx context.Context) error {
	in := s.phaseOf(Handback, Mirror)
	for name, r := range in {
		if r.agreed.Phase == Mirror && (r.app.stats.copiedUnder.Load() == r || s.oldIsDown()) {
			delete(in, name)
		}
	}
	if len(in) == 0 || !s.leads() {
		return nil
	}
	for name := range in {
		in[name].app.stats.allCopied.Store(false)
	}
	err := s.new.each(ctx, func(page []session.Record) error {
		return s.eachOf(ctx, keysIn(page, in), func(k session.Key) error {
			p := in[k.App].agreed.Phase
			return s.push(ctx, k, p, func(c *call) error {
				if p == Mirror {
					return c.copyBack(k)
				}
				return c.pushBack(k)
			})
		})
	})
	if err != nil {
		return err
	}
	for _, r := range in {
		if r.agreed.Phase == Mirror {
			r.app.stats.copiedUnder.Store(r)
			r.app.stats.allCopied.Store(true)
		}
	}
	return nil
}

// pushBack moves one session back, or deletes what lies beside old's row.
func (c *call) pushBack(k session.Key) error {
	s := c.s
	began, _ := c.agreed.began("new", k.ID)
	fresh, err := s.new.look(c.ctx, k)
	if fresh == nil || err != nil {
		return err
	}
	there, err := c.isInOld(k)
	switch {
	case err != nil:
		return err
	case there:
		_, err = s.new.remove(c.ctx, k, fresh.Fence())
		return err
	case isMovers(fresh, began):
		if gone, err := c.isOld(c.ctx, s.new, fresh); err != nil || !gone {
			return err
		}
	}
	if !s.old.rows() {
		_, err = c.settleNewVerbs(k, fresh, began, nil, 0)
	} else {
		_, err = c.settleNew(k, fresh, began, nil, 0)
	}
	if errors.Is(err, errAgain) {
		return nil
	}
	return err
}

// isInOld reports whether old has a row of the session.
func (c *call) isInOld(k session.Key) (bool, error) {
	if c.s.old.rows() {
		old, err := c.s.old.look(c.ctx, k)
		return old != nil, err
	}
	err := c.s.old.ResetTimeout(c.ctx, k)
	if errors.Is(err, session.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// copyBack brings one session level.
func (c *call) copyBack(k session.Key) error {
	_, err := c.marked(k, func() error { return nil })
	if err == nil {
		c.app.stats.copied.Add(1)
	}
	return err
}
