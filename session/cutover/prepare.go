package cutover

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// guarded serves from old. What new has of the session is a copy, made beforehand or by a move that came to nothing; it is
// gone before old's row may be another one or none, so that it never comes to light later.
func (c *call) guarded(k session.Key, o *op) (session.Item, error) {
	if o.replaces() {
		if err := c.s.dropCopy(c.ctx, k); err != nil {
			return session.Item{}, err
		}
	}
	return o.run(c.ctx, c.s.old, k)
}

// dropCopy deletes the row of new while old serves alone.
func (s *Store) dropCopy(ctx context.Context, k session.Key) error {
	for {
		n, err := s.new.look(ctx, k)
		if n == nil || err != nil {
			return err
		}
		out, err := s.new.remove(ctx, k, n.Fence())
		if err != nil {
			return err
		}
		if out.Result != session.Conflict {
			return nil
		}
	}
}
