package memstore

import (
	"context"
	"fmt"
	"unique"

	"github.com/aspstate/aspstate/session"
)

// call is one step of the store for one session, under the lock of its shard.
type call struct {
	s    *Store
	sh   *shard
	hash uint64
	k    session.Key
	e    *entry // nil: absent
	now  session.Instant
	wait *generation // to be on disk before the caller is answered; nil: nothing
}

// leave ends the call with its outcome, once what the outcome tells is on disk, as far as the policy says so.
func (c *call) leave(ctx context.Context, outcome error) error {
	c.sh.mu.Unlock()
	if c.wait != nil {
		if err := c.wait.done(ctx); err != nil {
			return err
		}
	}
	return outcome
}

// live returns the session if it exists for callers of the verbs.
func (c *call) live() *entry {
	if c.e != nil && c.e.expires < c.now && !c.s.servesExpired {
		return nil
	}
	return c.e
}

// absent is the outcome where live gives nil.
func (c *call) absent() error {
	if w := c.s.writer; w != nil && w.policy == SyncAlways {
		c.wait = c.sh.gone
	}
	return session.ErrNotFound
}

// renew moves Expires, if that gains enough, and says whether it did. It moves it back where the timeout has become shorter.
func (c *call) renew() bool {
	t, e := c.s.expiry(c.now, c.e.timeout), c.e
	if t == e.expires || t > e.expires && t-e.expires < c.s.renewStep {
		return false
	}
	e.expires = t
	c.sh.due.moved(e)
	return true
}

// changed notes that the entry was changed in a way that matters to somebody (hard, newData) or was just renewed by a
// read (0).
func (c *call) changed(how state) {
	if w := c.s.writer; w != nil {
		c.wait = w.note(c.e, how|queued)
	}
}

// unchanged notes that the caller learns the entry's state.
func (c *call) unchanged() {
	if w := c.s.writer; w != nil {
		c.wait = w.note(c.e, 0)
	}
}

// renewed does the renewal of a read or of a refused call.
func (c *call) renewed(renews bool) {
	if renews && c.renew() {
		c.changed(0)
	} else {
		c.unchanged()
	}
}

// create makes the session. A dead one in its place is gone then.
func (c *call) create(v session.Value, flags session.Flags) error {
	e := &entry{
		hash: c.hash, app: unique.Make(c.k.App), id: c.k.ID, payload: v.Payload, timeout: v.Timeout, flags: flags,
		created: c.now, since: c.now, expires: c.s.expiry(c.now, v.Timeout), cookie: c.s.firstCookie,
	}
	if err := c.add(e); err != nil {
		return err
	}
	e.revision = c.s.revision.Add(1)
	c.changed(hard | newData)
	return nil
}

// add puts e in the place of c.e.
func (c *call) add(e *entry) error {
	if limit := c.s.maxBytes; limit > 0 && c.s.bytes.Load()+e.size() > limit {
		return ErrFull
	}
	if c.e != nil {
		c.drop(0)
	}
	c.sh.add(e)
	c.e = e
	c.s.count.Add(1)
	c.s.bytes.Add(e.size())
	return nil
}

// drop removes the session and tells those who wait for it.
func (c *call) drop(how state) {
	e := c.e
	c.sh.remove(e)
	c.s.count.Add(-1)
	c.s.bytes.Add(-e.size())
	e.state |= gone
	c.changed(how)
	if how&hard != 0 {
		c.sh.gone = c.wait
	}
	for w := e.waiters.pop(e); w != nil; w = e.waiters.pop(e) {
		w.answer <- answer{err: session.ErrNotFound, wait: c.wait}
	}
	c.e = nil
}

// write replaces the payload.
func (c *call) write(payload []byte) {
	c.s.bytes.Add(int64(len(payload) - len(c.e.payload)))
	c.e.payload = payload
}

// unlock releases the lock, or hands it to who waits longest, and notes the change.
func (c *call) unlock(how state) {
	e := c.e
	e.locked = false
	w := e.waiters.pop(e)
	if w == nil {
		c.changed(how | hard)
		return
	}
	item := c.grant()
	c.changed(how | hard)
	w.answer <- answer{item: item, wait: c.wait}
}

// grant does what an exclusive read of an unlocked session does.
func (c *call) grant() session.Item {
	e := c.e
	told := e.flags&session.Uninitialized != 0
	e.flags &^= session.Uninitialized
	e.take(c.s.epoch, c.s.quirks.CookieFrozen, c.now)
	c.renew()
	return e.item(told)
}

func badCondition(verb string, cond session.Condition) error {
	return fmt.Errorf("%s: condition of kind %d cannot be used", verb, cond.Kind())
}
