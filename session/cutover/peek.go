package cutover

import (
	"context"
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/session"
)

// ErrNoPeek: an old State Server has verbs alone, and to read is to renew there. It is an errors.ErrUnsupported.
var ErrNoPeek = fmt.Errorf("cutover: the old store cannot be looked into: %w", errors.ErrUnsupported)

// Peek implements session.Peeker: it shows what is the truth of a session in the present phase, where that is. A lock that a mover holds for a
// moment is shown as it is.
func (s *Store) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	found := make([]*session.Record, len(keys))
	for i, k := range keys {
		c, err := s.begin(ctx, k.App)
		if err != nil {
			return nil, err
		}
		r, err := c.peek(k)
		if errors.Is(err, ErrNoPeek) {
			return nil, errors.Join(c.end(nil), err)
		}
		if err = c.end(err); err != nil {
			return nil, err
		}
		found[i] = r
	}
	return found, nil
}

func (c *call) peek(k session.Key) (*session.Record, error) {
	if c.agreed.Phase == Mirror || c.agreed.Phase == Done {
		return c.s.new.look(c.ctx, k)
	}
	if !c.s.old.rows() {
		return nil, ErrNoPeek
	}
	moves := c.agreed.Phase == Handback
	if c.agreed.Phase == Handoff {
		_, moves = c.agreed.began("old", k.ID)
	}
	for {
		old, err := c.s.old.look(c.ctx, k)
		if err != nil || old != nil || !moves {
			return old, err
		}
		fresh, err := c.s.new.look(c.ctx, k)
		if err != nil || fresh != nil {
			return fresh, err
		}
		if old, err = c.s.old.look(c.ctx, k); err != nil || old == nil { // moved back between the two looks, or made meanwhile
			return nil, err
		}
	}
}
