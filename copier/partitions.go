package copier

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Partitions is one source made of several: the databases among which a partition resolver has spread the sessions of a
// farm. A session is in one of them. Of an id that stands in two a live row counts, of live ones the first; the other live
// row comes as damaged: which one the application uses is for its resolver to say, not for us.
//
// It can do what all of its parts can: look, list, count.
type Partitions struct {
	Parts  []Source
	Layout *layout.Layout   // of all parts: it says when a row is dead
	Now    func() time.Time // nil: time.Now
}

func (ps Partitions) now() session.Instant {
	if ps.Now != nil {
		return session.At(ps.Now())
	}
	return session.At(time.Now())
}

// ErrOtherPartition is why a row of a partition is left out.
var ErrOtherPartition = errors.New("a partition that was named earlier has a session of the same id")

// Peek implements session.Peeker.
func (ps Partitions) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return ps.peek(ctx, keys, func(s Source) session.Peeker { return s })
}

// SkimKeys implements session.Skimmer.
func (ps Partitions) SkimKeys(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return ps.peek(ctx, keys, func(s Source) session.Peeker { return skim(s) })
}

func (ps Partitions) peek(ctx context.Context, keys []session.Key, how func(Source) session.Peeker) ([]*session.Record, error) {
	found := make([]*session.Record, len(keys))
	rest, places := keys, make([]int, len(keys))
	for i := range places {
		places[i] = i
	}
	now := ps.now()
	for n, p := range ps.Parts {
		if len(rest) == 0 {
			break
		}
		recs, err := how(p).Peek(ctx, rest)
		if err != nil {
			return nil, fmt.Errorf("partition %d: %w", n+1, err)
		}
		var missing []session.Key
		var at []int
		for i, r := range recs {
			if r != nil && found[places[i]] == nil || r != nil && !dead(r, now, ps.Layout) {
				found[places[i]] = r
			}
			if r == nil || dead(r, now, ps.Layout) {
				missing, at = append(missing, rest[i]), append(at, places[i])
			}
		}
		rest, places = missing, at
	}
	return found, nil
}

// Scan implements session.Scanner: one partition after the other.
func (ps Partitions) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return ps.scan(ctx, req, func(s Source) session.Scanner { return s })
}

// Skim implements session.Skimmer.
func (ps Partitions) Skim(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return ps.scan(ctx, req, func(s Source) session.Scanner { return skim(s) })
}

func (ps Partitions) scan(ctx context.Context, req session.ScanRequest, how func(Source) session.Scanner) (session.Page, error) {
	at := 0
	if req.After != "" {
		number, after, ok := strings.Cut(string(req.After), ":")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n < 0 || n >= len(ps.Parts) {
			return session.Page{}, fmt.Errorf("%q is no cursor of %d partitions", req.After, len(ps.Parts))
		}
		at, req.After = n, session.Cursor(after)
	}
	pg, err := how(ps.Parts[at]).Scan(ctx, req)
	if err != nil {
		return session.Page{}, fmt.Errorf("partition %d: %w", at+1, err)
	}
	if err := ps.leaveOut(ctx, &pg, at); err != nil {
		return session.Page{}, err
	}
	switch {
	case pg.Next != "":
		pg.Next = session.Cursor(strconv.Itoa(at)+":") + pg.Next
	case at+1 < len(ps.Parts):
		pg.Next = session.Cursor(strconv.Itoa(at+1) + ":")
	}
	return pg, nil
}

// leaveOut takes the rows out of a page that an earlier partition has as well.
func (ps Partitions) leaveOut(ctx context.Context, pg *session.Page, at int) error {
	if at == 0 || len(pg.Records) == 0 {
		return nil
	}
	keys := make([]session.Key, len(pg.Records))
	for i := range pg.Records {
		keys[i] = pg.Records[i].Key
	}
	before := ps
	before.Parts = ps.Parts[:at]
	earlier, err := before.SkimKeys(ctx, keys)
	if err != nil {
		return err
	}
	now := ps.now()
	kept := pg.Records[:0]
	for i, r := range earlier {
		if r != nil && !dead(r, now, ps.Layout) && !dead(&pg.Records[i], now, ps.Layout) {
			pg.Damaged = append(pg.Damaged, session.Damage{Key: keys[i], Err: ErrOtherPartition})
		} else {
			kept = append(kept, pg.Records[i])
		}
	}
	pg.Records = kept
	return nil
}

// Count implements session.Counter.
func (ps Partitions) Count(ctx context.Context) (sum int64, err error) {
	for i, p := range ps.Parts {
		n := count(ctx, p)
		if n < 0 {
			return 0, fmt.Errorf("partition %d cannot be counted", i+1)
		}
		sum += n
	}
	return sum, nil
}
