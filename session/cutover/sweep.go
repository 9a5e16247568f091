package cutover

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// sweepAhead refuses early what the sweep would refuse: rows of new that are neither copies nor in old.
func (c *change) sweepAhead(ctx context.Context) error {
	unknown, err := c.sweepRows(ctx, false)
	if err == nil && unknown > 0 {
		err = c.unknown(unknown)
	}
	return err
}

// sweep makes sure, once prepare is settled, that new has no live row alone. What it finds out is agreed on.
func (c *change) sweep(ctx context.Context) error {
	unknown, err := c.sweepRows(ctx, true)
	switch {
	case err != nil:
		return err
	case unknown > 0:
		return c.unknown(unknown)
	}
	c.now.Clean = true
	return c.s.agree(ctx, c.app, c.now, c.g)
}

func (c *change) unknown(n int) error {
	return c.refuse("%d live sessions in the new store are neither copies nor in the old one", "find out who made them, and remove them", n)
}

// sweepRows looks at each row of new, then at old, deletes what must not come to light later, and counts what nobody knows.
func (c *change) sweepRows(ctx context.Context, deletes bool) (unknown int, err error) {
	s := c.s
	err = s.new.each(ctx, func(page []session.Record) error {
		var keys []session.Key
		var seen []*session.Record
		for i := range page {
			if page[i].Key.App == c.app {
				keys, seen = append(keys, page[i].Key), append(seen, &page[i])
			}
		}
		if len(keys) == 0 {
			return nil
		}
		old, err := s.inOld(ctx, keys)
		if err != nil {
			return err
		}
		for i, r := range seen {
			dead, err := s.new.clock.passed(ctx, r.Expires)
			if err != nil {
				return err
			}
			if !dead && old[i] != nil && old[i].Expires >= r.Expires {
				continue
			}
			ours := dead
			if !dead && s.o.Ours != nil {
				if ours, err = s.o.Ours(ctx, *r); err != nil {
					return err
				}
			}
			switch {
			case ours && deletes:
				if _, err := s.new.remove(ctx, keys[i], r.Fence()); err != nil {
					return err
				}
			case !ours && old[i] == nil:
				unknown++
				if a, err := s.app(c.app); err == nil {
					a.stats.report(keys[i], "unknown")
				}
			}
		}
		return nil
	})
	return unknown, err
}

// inOld returns what old has of some keys. A store that shows no rows has nothing that was copied.
func (s *Store) inOld(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	switch {
	case !s.old.rows():
		return make([]*session.Record, len(keys)), nil
	case s.old.skimmer != nil:
		return s.old.skimmer.SkimKeys(ctx, keys)
	}
	return s.old.peeker.Peek(ctx, keys)
}

// forgetMarks takes away what is marked when old does not matter any more.
func (c *change) forgetMarks(ctx context.Context) error {
	for {
		page, err := c.s.control.Marks(ctx, c.app, nil, pageRows)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := c.s.control.Unmark(ctx, page...); err != nil {
			return err
		}
	}
}
