package copier

import (
	"context"
	"sync"
	"time"
)

// pacer keeps a run at most at a number of rows a second, evenly. Rows of one page are paid for before the page is
// worked on.
type pacer struct {
	rate int // rows a second; 0: as fast as it goes

	mu   sync.Mutex
	next time.Time // when the next row may start
}

// wait returns when n more rows may be done, or when the context ends.
func (p *pacer) wait(ctx context.Context, n int) error {
	if p.rate <= 0 || n == 0 {
		return ctx.Err()
	}
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	start := p.next
	p.next = p.next.Add(time.Duration(n) * time.Second / time.Duration(p.rate))
	p.mu.Unlock()
	if start.Equal(now) {
		return ctx.Err()
	}
	t := time.NewTimer(start.Sub(now))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
