package compat

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
)

// Retry says how often and how patiently something is done again. The zero value does it once.
type Retry struct {
	Attempts  int           // in all; 0 is 1
	Base, Max time.Duration // the first wait after a conflict, and the longest; a wait is twice the one before it
	// Sleep waits, or returns the context's error; nil: it really waits.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter returns a number from 0 to 1: how much of the second half of a wait is waited; nil: by chance.
	Jitter func() float64
	// Noted hears of each attempt that is made again, and why in a word or two: "deadlock"; nil: nobody. It may be called by several
	// goroutines at once.
	Noted func(what string)
}

// After what is no conflict but a lost connection or a server that cannot take more, waits are at least these
// (sql-layouts.md 11: class >= 20, 4060 and -2 wait 1000 ms). Eleven attempts then outlast the 30 s that Microsoft
// names for a failover of Azure SQL.
const (
	lostBase = time.Second
	lostMax  = 5 * time.Second
)

// providerRetry are the attempts and waits of the providers after conflicts (sql-layouts.md 11), by the layout's id in
// sql-layouts.md 1. "10 times" of the async providers are ten after the first. Where the providers go on without end
// (async10, sqlinmem) or not at all (in-box, as a rule), it is as in the others.
var providerRetry = map[string]Retry{
	"fx7":           {Attempts: 11, Base: 100 * time.Millisecond, Max: time.Second},
	"fx8":           {Attempts: 11, Base: 100 * time.Millisecond, Max: time.Second},
	"async10":       {Attempts: 11, Base: time.Millisecond, Max: time.Second},
	"async11":       {Attempts: 11, Base: 100 * time.Millisecond, Max: time.Second},
	"async2-sql":    {Attempts: 11, Base: 100 * time.Millisecond, Max: time.Second},
	"async11-mem":   {Attempts: 11, Base: time.Millisecond, Max: 200 * time.Millisecond},
	"async2-mem":    {Attempts: 11, Base: time.Millisecond, Max: 200 * time.Millisecond},
	"async2-memdur": {Attempts: 11, Base: time.Millisecond, Max: 200 * time.Millisecond},
	"sample-mem":    {Attempts: 10, Base: time.Millisecond, Max: 200 * time.Millisecond},
	"sqlinmem":      {Attempts: 11, Base: 100 * time.Millisecond, Max: 100 * time.Millisecond},
}

// retryOf is how patient a Table of a layout is.
func retryOf(l *layout.Layout) Retry { return providerRetry[l.Reference] }

// Do calls f until it succeeds, gives up, or has been called often enough. What is certain not to have been done is
// always done again; what may have been done (Unknown) only if it is idempotent: a read, or a write whose repetition the
// caller has shown to be harmless. A write that is not, and whose outcome is unknown, ends as an *OutcomeError. After an
// idempotent one that failed for good, Classify tells whether its last attempt may have been done.
func (r Retry) Do(ctx context.Context, idempotent bool, f func(ctx context.Context) error) error {
	for n := 1; ; n++ {
		err := f(ctx)
		if err == nil {
			return nil
		}
		switch class := Classify(err); {
		case class == GiveUp:
			return quiet(err)
		case class == Unknown && !idempotent:
			return &OutcomeError{err}
		case ctx.Err() != nil:
			return err
		case n >= r.Attempts:
			if n == 1 {
				return err
			}
			return fmt.Errorf("in %d attempts: %w", n, err)
		}
		if r.Noted != nil {
			r.Noted(whyAgain(err))
		}
		if stopped := r.sleep(ctx, r.wait(n, err)); stopped != nil {
			return errors.Join(err, stopped)
		}
	}
}

// whyAgain says why an attempt is made again, without the server's text, which may quote a row.
func whyAgain(err error) string {
	switch n := Number(err); {
	case n == 1205:
		return "deadlock"
	case n == 1222:
		return "lock timeout"
	case isConflict(err):
		return "conflict"
	case n != 0:
		return fmt.Sprintf("error %d", n)
	}
	return "lost connection"
}

// wait is how long to wait after the n-th attempt.
func (r Retry) wait(n int, err error) time.Duration {
	base, most := r.Base, r.Max
	if !isConflict(err) {
		base, most = max(base, lostBase), max(most, lostMax)
	}
	d := base
	for ; n > 1 && d < most; n-- {
		d *= 2
	}
	jitter := rand.Float64
	if r.Jitter != nil {
		jitter = r.Jitter
	}
	half := min(d, most) / 2
	return half + time.Duration(float64(half)*jitter())
}

func (r Retry) sleep(ctx context.Context, d time.Duration) error {
	if r.Sleep != nil {
		return r.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
