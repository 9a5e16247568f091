package compat

import (
	"context"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
)

// maxSkew is how far clocks may differ before it is worth a warning: a difference shortens or lengthens every session
// (sql-layouts.md 16.4).
const maxSkew = 2 * time.Second

// clockText asks for the server's time.
var clockText = layout.Mark(layout.OpClock) + "SELECT GETUTCDATE()"

// Skew says how far the server's clock is ahead of this machine's, give or take doubt: half the quickest of a few round
// trips.
func (s *Server) Skew(ctx context.Context) (skew, doubt time.Duration, err error) {
	const trips = 3
	for i := range trips {
		var there time.Time
		sent := time.Now()
		if err := s.db.QueryRowContext(ctx, clockText).Scan(&there); err != nil {
			return 0, 0, fmt.Errorf("reading the server's clock: %w", err)
		}
		half := time.Since(sent) / 2
		if i == 0 || half < doubt {
			skew, doubt = there.Sub(sent.Add(half)), half
		}
	}
	return skew, doubt, nil
}

func checkClock(ctx context.Context, in *inspection) (Check, error) {
	skew, doubt, err := in.server.Skew(ctx)
	if err != nil {
		return Check{}, err
	}
	return judgeClock(skew, doubt), nil
}

func judgeClock(skew, doubt time.Duration) Check {
	off, way := skew, "ahead of"
	if skew < 0 {
		off, way = -skew, "behind"
	}
	text := fmt.Sprintf("the server's clock is %s %s this machine's, give or take %s", off.Round(time.Millisecond), way, doubt.Round(time.Millisecond))
	if off-doubt > maxSkew {
		return Check{"", verdictWarning, text, "set the clocks: a difference between servers shortens or lengthens every session"}
	}
	return passed("", "%s", text)
}
