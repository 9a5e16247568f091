package compat

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// clockKept is how long, where Options do not say, what was found out about the server's clock counts: clocks drift by much less in it than the way
// to the server takes.
const clockKept = 5 * time.Second

// serverClock is how far the server's clock is ahead of this machine's.
type serverClock struct {
	mu     sync.Mutex
	ahead  time.Duration
	asked  time.Time
	kept   time.Duration
	asking func(ctx context.Context) (time.Time, error)
}

// now asks the server, or goes on from its last answer for a few seconds.
func (c *serverClock) now(ctx context.Context) (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked.IsZero() || time.Since(c.asked) > c.kept {
		sent := time.Now()
		there, err := c.asking(ctx)
		if err != nil {
			return time.Time{}, err
		}
		back := time.Now()
		c.ahead, c.asked = there.Sub(sent.Add(back.Sub(sent)/2)), back
	}
	return time.Now().Add(c.ahead), nil
}

// Now implements session.Clocked: the server's UTC, but of v1.0, whose rows have the time of the web servers, this
// machine's. The server is asked again after Options.ClockKept only, so a clock that is set shows so late; and what it says is off by up
// to half of the time that the answer took.
func (t *Table) Now(ctx context.Context) (session.Instant, error) {
	if t.layout.Clock == layout.ClockWebUTC {
		return session.At(t.o.Now()), nil
	}
	now, err := t.clock.now(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the server's clock: %w", err)
	}
	return session.At(now), nil
}

// askClock is one question, asked again where that may help.
func (t *Table) askClock(ctx context.Context) (there time.Time, err error) {
	err = t.o.Retry.Do(ctx, true, func(ctx context.Context) error {
		return t.server.db.QueryRowContext(ctx, clockText).Scan(&there)
	})
	return there, err
}
