package compat

import (
	"context"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Now implements session.Clocked: the server's UTC, but of v1.0, whose rows have the time of the web servers, this
// machine's. The server is asked each time, and what it says is not corrected for the way: the moments of a cut-over must be
// later than all that the server has written before, and none may be ahead of what it writes later (docs/cutover.md, Clocks).
func (t *Table) Now(ctx context.Context) (session.Instant, error) {
	if t.layout.Clock == layout.ClockWebUTC {
		return session.At(t.o.Now()), nil
	}
	var there time.Time
	err := t.o.Retry.Do(ctx, true, func(ctx context.Context) error {
		return t.server.db.QueryRowContext(ctx, clockText).Scan(&there)
	})
	if err != nil {
		return 0, fmt.Errorf("reading the server's clock: %w", err)
	}
	return session.At(there), nil
}
