package inventory

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// spread looks at all records without their payloads, which costs little, and then at the payloads of some.
func (c *counter) spread(ctx context.Context, sk session.Skimmer, p session.Peeker) error {
	chosen := evenly[session.Key]{most: c.o.Sample}
	for after := session.Cursor(""); ; {
		pg, err := sk.Skim(ctx, session.ScanRequest{After: after, Limit: skimRows, Bytes: pageBytes})
		if err != nil {
			return err
		}
		for i := range pg.Records {
			if c.row(&pg.Records[i]) {
				chosen.add(pg.Records[i].Key)
			}
		}
		c.damaged(pg.Damaged)
		if after = pg.Next; after == "" {
			break
		}
	}
	keys := chosen.take()
	c.report.Sample.Partial = int64(len(keys)) < chosen.seen
	for len(keys) > 0 {
		n := min(len(keys), peekRows)
		recs, err := p.Peek(ctx, keys[:n])
		if err != nil {
			return err
		}
		for _, r := range recs {
			if r != nil { // nil: it is gone meanwhile
				c.look(r)
			}
		}
		keys = keys[n:]
	}
	return nil
}

// evenly chooses a number of things out of a row whose length nobody knows, at even distances, and keeps at most twice as
// many: whenever it has so many it drops every second one, and from then on takes half as many.
type evenly[T any] struct {
	most   int
	stride int64
	seen   int64
	kept   []T
}

func (e *evenly[T]) add(x T) {
	e.stride = max(e.stride, 1)
	if e.seen%e.stride == 0 {
		if len(e.kept) == 2*e.most {
			half := e.kept[:0]
			for i := 0; i < len(e.kept); i += 2 {
				half = append(half, e.kept[i])
			}
			clear(e.kept[len(half):])
			e.kept, e.stride = half, e.stride*2
		}
		if e.seen%e.stride == 0 {
			e.kept = append(e.kept, x)
		}
	}
	e.seen++
}

// take returns those chosen: all there were, if there were not more than most.
func (e *evenly[T]) take() []T {
	n := len(e.kept)
	if n <= e.most {
		return e.kept
	}
	out := make([]T, e.most)
	for i := range out {
		out[i] = e.kept[i*n/e.most]
	}
	return out
}
