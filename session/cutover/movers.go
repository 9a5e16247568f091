package cutover

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// eachOf calls f with each key of a page, for several at once, and returns the first error; no key is begun after it. A row is moved by
// a dozen calls to the stores, one after the other, so a single mover mostly waits. Movers do not know of each other: what
// keeps two of one farm apart keeps two of one bridge apart.
func (s *Store) eachOf(ctx context.Context, keys []session.Key, f func(session.Key) error) error {
	if s.o.Movers == 1 {
		for _, k := range keys {
			if err := f(k); err != nil {
				return err
			}
		}
		return nil
	}
	var (
		next   atomic.Int64
		all    sync.WaitGroup
		mu     sync.Mutex
		failed error
	)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range min(s.o.Movers, len(keys)) {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(keys)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := f(keys[i]); err != nil {
					mu.Lock()
					defer mu.Unlock()
					if failed == nil {
						failed = err
					}
					cancel()
					return
				}
			}
		})
	}
	all.Wait()
	if failed == nil {
		return context.Cause(ctx)
	}
	return failed
}

// paces are the moments at which rows of the background may be begun.
type paces struct {
	mu   sync.Mutex
	next time.Time
}

// late is how much of a delay is made up for: timers are coarse.
const late = 20 * time.Millisecond

// pace keeps the background, all movers together, to its rate, so that calls come first.
func (s *Store) pace(ctx context.Context) error {
	now := time.Now()
	s.paces.mu.Lock()
	due := s.paces.next
	if earliest := now.Add(-late); due.Before(earliest) {
		due = earliest
	}
	s.paces.next = due.Add(time.Second / time.Duration(s.o.Rate))
	s.paces.mu.Unlock()
	if !due.After(now) {
		return ctx.Err()
	}
	return sleep(ctx, due.Sub(now))
}
