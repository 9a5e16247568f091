package cutover

import (
	"context"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
)

// A move carries a session from one store to the other. The row that is the truth is locked first, so that it stays what
// was read; at last it is deleted. Whoever meets the lock waits, and takes it over when it is older than a move can be.
type move struct {
	s        *Store
	k        session.Key
	from, to *side
	began    session.Instant // movers' locks are later
	src      *session.Record // the row as it was seen, free or under the lock of who asks for the move
	dst      *session.Record // what the other store had before; nil: nothing
	set      *op             // the owner's write, which is moved in place of what is there; nil: none

	fence   session.Fence  // of the locked row
	written *session.Fence // of the row in the other store
}

// isMovers reports whether a lock was taken by a mover.
func isMovers(r *session.Record, began session.Instant) bool {
	return r.Lock.Locked && r.Lock.Since > began
}

// lock takes the mover's lock. Only Applied makes it ours: two movers may ask for the same lock at the same tick.
func (m *move) lock(ctx context.Context) error {
	now, err := m.from.clock.now(ctx)
	if err != nil {
		return err
	}
	r := *m.src
	r.Key = m.k
	r.Lock = session.Lock{Locked: true, Cookie: r.Lock.Cookie + 1, Since: max(now, m.began+1)}
	out, err := m.from.write(ctx, r, m.src)
	if err != nil {
		return err
	}
	if out.Result != session.Applied {
		return errAgain
	}
	m.fence = *out.Current
	return nil
}

// write puts the row into the other store, where the mover's cookie tells it from what any other mover writes.
func (m *move) write(ctx context.Context) (session.Result, error) {
	r := *m.src
	r.Key, r.Revision = m.k, 0
	r.Lock = session.Lock{Cookie: m.fence.LockCookie, Since: m.src.Lock.Since}
	if m.set != nil {
		now, err := m.to.clock.now(ctx)
		if err != nil {
			return 0, err
		}
		v := m.set.value
		if m.set.cond.Kind() == session.KindIfFree && v.Timeout != r.Timeout {
			r.Flags &^= session.Uninitialized // as SetAndRelease does
		}
		r.Payload, r.Timeout, r.Expires = v.Payload, v.Timeout, now.AddMinutes(v.Timeout)
	}
	out, err := m.to.write(ctx, r, m.dst)
	if err != nil {
		return 0, err
	}
	m.written = out.Current
	return out.Result, nil
}

// finish deletes the row that was moved, and reports whether it is gone by our hand. Refused reads may have renewed it.
func (m *move) finish(ctx context.Context) (bool, error) {
	const tries = 5
	var failed error
	for range tries {
		out, err := m.from.remove(ctx, m.k, m.fence)
		switch {
		case err == nil && out.Result != session.Conflict:
			return true, nil // gone under our lock: by us, if an answer was lost on the way
		case err == nil:
			if !m.renewed(out.Current) {
				return false, nil
			}
		case ctx.Err() != nil:
			return false, err
		default: // it may have been done: the next try tells, since the fence is nobody else's
			failed = err
		}
	}
	return false, failed
}

// unlock gives the row back as it was, but for what refused reads have renewed. An answer that is lost is not asked for again: a
// lock that stays is taken over by who meets it.
func (m *move) unlock(ctx context.Context) {
	const tries = 5
	for range tries {
		r := *m.src
		r.Key, r.Expires = m.k, m.fence.Expires
		out, err := m.from.apply(ctx, session.Change{Record: r, Expect: &m.fence})
		switch {
		case err != nil:
			m.s.log.Debug("a mover's lock stays until it is old", keySession, m.k.String(), keyError, err)
			return
		case out.Result != session.Conflict || !m.renewed(out.Current):
			return
		}
	}
}

// renewed takes the fence of the locked row as it is now, if only Expires has moved.
func (m *move) renewed(now *session.Fence) bool {
	if now == nil {
		return false
	}
	same := m.fence
	same.Expires = now.Expires
	if *now != same {
		return false
	}
	m.fence = *now
	return true
}

// within gives a step its time. It goes on when the caller goes away: what is half done makes others wait.
func (c *call) within() (context.Context, context.CancelFunc) {
	end := time.Now().Add(c.s.o.MoveLimit)
	if until := *c.s.until.Load(); until.Before(end) {
		end = until
	}
	return context.WithDeadline(context.WithoutCancel(c.ctx), end)
}

// forth moves from old to new: handoff. errAgain: it has to be looked at again.
func (m *move) forth(c *call) error {
	ctx, cancel := c.within()
	defer cancel()
	if err := m.lock(ctx); err != nil {
		return err
	}
	result, err := m.write(ctx)
	if err != nil {
		return err // the write may still take place, so the lock has to stay until it cannot
	}
	if result == session.Conflict {
		m.unlock(ctx)
		return errAgain
	}
	done, err := m.finish(ctx)
	if err != nil {
		return err
	}
	if !done { // somebody took old's row from us, and it is the truth
		if _, err := m.to.remove(ctx, m.k, *m.written); err != nil {
			return err
		}
		return errAgain
	}
	m.s.counts.moved.Add(1)
	c.app.stats.moved.Add(1)
	return nil
}

// back moves from new to old: handback. With the write in old it is done; the rest is tidying.
func (m *move) back(c *call) error {
	ctx, cancel := c.within()
	defer cancel()
	if err := m.lock(ctx); err != nil {
		return err
	}
	result, err := m.write(ctx)
	if err != nil {
		// Never written twice: in between it may have been used and removed.
		found, lookErr := m.to.look(ctx, m.k)
		if lookErr != nil || found == nil || m.set != nil {
			return err
		}
		c.doubtful()
		result = session.Conflict
	}
	if _, err := m.finish(ctx); err != nil {
		m.s.log.Debug("the moved row stays in new until somebody meets it", keySession, m.k.String(), keyError, err)
		c.doubtful()
	}
	if result == session.Conflict {
		return errAgain // old has the session, by another hand
	}
	m.s.counts.moved.Add(1)
	c.app.stats.moved.Add(1)
	return nil
}

// await waits for another's move to end, longer each time.
func (c *call) await(n int) error {
	pause := min(time.Millisecond<<min(n, 6), 50*time.Millisecond)
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.ctx.Done():
		return fmt.Errorf("waiting for a session that is being moved: %w", context.Cause(c.ctx))
	}
}

// isOld reports whether a mover's lock is older than a move can be: its mover is gone.
func (c *call) isOld(ctx context.Context, d *side, r *session.Record) (bool, error) {
	limit := session.Instant((c.s.o.MoveLimit+c.s.o.Margin).Seconds()*float64(session.Second)) + 1
	return d.clock.passed(ctx, r.Lock.Since+limit)
}

// letGo frees a row from the lock of a mover that is gone, under its fence. Its cookie stays: nobody holds it.
func (s *Store) letGo(ctx context.Context, d *side, k session.Key, r *session.Record) error {
	free := *r
	free.Key, free.Lock.Locked = k, false
	out, err := d.write(ctx, free, r)
	if err == nil && out.Result == session.Applied {
		s.counts.stolen.Add(1)
		s.log.Info("a lock of a mover that is gone was released", keySession, k.String())
	}
	return err
}
