package memstore

import (
	"bytes"
	"context"
	"fmt"
	"unique"

	"github.com/aspstate/aspstate/session"
)

// maxRevision leaves room for the store's own after one that was given.
const maxRevision = 1 << 62

// After implements session.Applier: the store keeps every field of a record as it is.
func (s *Store) After(c session.Change) session.Fence { return c.Record.Fence() }

// Apply implements session.Applier. Sessions that are past Expires and not swept yet are rows like others. It waits for
// the disk under every policy. Revisions above 2^62 are refused. If it fails midway, the changes before that one have
// been made.
func (s *Store) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	seen := make(map[session.Key]struct{}, len(changes))
	for i := range changes {
		r := &changes[i].Record
		if _, twice := seen[r.Key]; twice {
			return nil, fmt.Errorf("applying change %d: %v is in the call twice", i, r.Key)
		}
		seen[r.Key] = struct{}{}
		if r.Revision > maxRevision {
			return nil, fmt.Errorf("applying change %d: revision %d is too high", i, r.Revision)
		}
	}
	outcomes := make([]session.Outcome, len(changes))
	for i := range changes {
		c, err := s.enter(ctx, changes[i].Record.Key)
		if err != nil {
			return nil, fmt.Errorf("applying change %d: %w", i, err)
		}
		outcomes[i], err = c.apply(&changes[i])
		c.sh.mu.Unlock() // the disk is waited for once, at the end
		if err != nil {
			return nil, fmt.Errorf("applying change %d: %w", i, err)
		}
	}
	if len(changes) > 0 {
		if err := s.Flush(ctx); err != nil {
			return nil, fmt.Errorf("applying %d changes: %w", len(changes), err)
		}
	}
	return outcomes, nil
}

func (c *call) apply(ch *session.Change) (session.Outcome, error) {
	var current *session.Fence
	if c.e != nil {
		f := c.e.fence()
		current = &f
	}
	switch {
	case ch.Delete && c.e == nil, !ch.Delete && c.e != nil && c.isAlready(&ch.Record):
		return session.Outcome{Result: session.Already, Current: current}, nil
	case (ch.Expect == nil) != (current == nil), current != nil && *ch.Expect != *current:
		return session.Outcome{Result: session.Conflict, Current: current}, nil
	case ch.Delete:
		c.drop(hard)
		return session.Outcome{Result: session.Applied}, nil
	}
	if err := c.put(ch.Record); err != nil {
		return session.Outcome{}, err
	}
	f := c.e.fence()
	c.handOver() // after the fence was taken: what waiters do is theirs
	return session.Outcome{Result: session.Applied, Current: &f}, nil
}

// isAlready reports whether the row is just as r. A Revision that the store was to choose may be any.
func (c *call) isAlready(r *session.Record) bool {
	f := r.Fence()
	if f.Revision == 0 {
		f.Revision = c.e.revision
	}
	return c.e.fence() == f && bytes.Equal(c.e.payload, r.Payload)
}

// put makes the row as r.
func (c *call) put(r session.Record) error {
	if c.e == nil {
		e := &entry{hash: c.hash, app: unique.Make(c.k.App), id: c.k.ID, payload: r.Payload, expires: r.Expires}
		if err := c.add(e); err != nil {
			return err
		}
	} else {
		c.write(r.Payload)
	}
	e := c.e
	e.timeout, e.created, e.expires, e.flags = r.Timeout, r.Created, r.Expires, r.Flags
	e.locked, e.cookie, e.since = r.Lock.Locked, r.Lock.Cookie, r.Lock.Since
	c.sh.due.moved(e)
	e.revision = c.s.claimRevision(r.Revision)
	c.changed(hard | newData)
	return nil
}

// handOver gives the lock to who waits longest, if the session was made unlocked.
func (c *call) handOver() {
	if e := c.e; !e.locked && e.waiters != nil {
		c.unlock(0)
	}
}

// claimRevision returns the next revision for 0. Another is returned as it is, and the next is higher.
func (s *Store) claimRevision(given uint64) uint64 {
	if given == 0 {
		return s.revision.Add(1)
	}
	for {
		last := s.revision.Load()
		if given <= last || s.revision.CompareAndSwap(last, given) {
			return given
		}
	}
}
