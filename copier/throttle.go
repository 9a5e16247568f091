package copier

import (
	"fmt"
	"slices"
	"time"
)

// Limits are what a copy must not take its ends beyond. It goes slower, by itself, as long as it sees one exceeded, and
// says why. The zero value has none.
type Limits struct {
	SourceLatency time.Duration // that nine of ten of the copy's last calls to the source keep to; 0: any
	TargetLatency time.Duration // the same of the target
	Errors        float64       // share of calls, 0 to 1, that had to be made again (Steering.Retried); 0: any
}

// backOff decides how much slower a copy goes. It looks at the last calls only: they are what the next ones will meet.
type backOff struct {
	limits Limits
	source gauge
	target gauge
	again  []retried
	delay  time.Duration // between two pages
	reason string        // "" while there is no delay
}

// The memory and the reach of a backOff.
const (
	gaugeCalls  = 32              // calls that are looked at
	gaugeWindow = 5 * time.Second // as far as they are not older
	leastCalls  = 4               // of fewer nothing can be said
	leastDelay  = 20 * time.Millisecond
	mostDelay   = 2 * time.Second
)

type retried struct {
	at   time.Time
	what string
}

// gauge keeps how long the last calls took.
type gauge struct {
	at   [gaugeCalls]time.Time
	took [gaugeCalls]time.Duration
	n    int
}

func (g *gauge) add(now time.Time, d time.Duration) {
	g.at[g.n%gaugeCalls], g.took[g.n%gaugeCalls] = now, d
	g.n++
}

// high is what nine of ten of the last calls kept to, and how many calls that was.
func (g *gauge) high(now time.Time) (time.Duration, int) {
	var took [gaugeCalls]time.Duration
	n := 0
	for i := range min(g.n, gaugeCalls) {
		if now.Sub(g.at[i]) <= gaugeWindow {
			took[n] = g.took[i]
			n++
		}
	}
	if n == 0 {
		return 0, 0
	}
	slices.Sort(took[:n])
	return took[(n-1)*9/10], n
}

// over says which limit is exceeded, "" if none is.
func (b *backOff) over(now time.Time) string {
	for _, side := range []struct {
		name  string
		g     *gauge
		limit time.Duration
	}{{"source", &b.source, b.limits.SourceLatency}, {"target", &b.target, b.limits.TargetLatency}} {
		if high, n := side.g.high(now); side.limit > 0 && n >= leastCalls && high > side.limit {
			return fmt.Sprintf("%s latency %s > %s", side.name, short(high), short(side.limit))
		}
	}
	b.again = slices.DeleteFunc(b.again, func(r retried) bool { return now.Sub(r.at) > gaugeWindow })
	_, from := b.source.high(now)
	_, to := b.target.high(now)
	if calls := from + to; b.limits.Errors > 0 && len(b.again) > 0 {
		if share := float64(len(b.again)) / float64(calls+len(b.again)); share > b.limits.Errors {
			return fmt.Sprintf("%.0f %% of calls had to be made again > %.0f %% (last: %s)", 100*share, 100*b.limits.Errors, b.again[len(b.again)-1].what)
		}
	}
	return ""
}

// next is how long the next page is to wait.
func (b *backOff) next(now time.Time) time.Duration {
	if why := b.over(now); why != "" {
		b.reason, b.delay = why, min(mostDelay, max(leastDelay, 2*b.delay))
		return b.delay
	}
	if b.delay /= 2; b.delay < leastDelay {
		b.reason, b.delay = "", 0
	}
	return b.delay
}

// load is how much of what a call may take the slower end's calls take: above 1 pages should be smaller.
func (b *backOff) load(now time.Time) float64 {
	from, _ := b.source.high(now)
	to, _ := b.target.high(now)
	return max(float64(from)/float64(aim(b.limits.SourceLatency)), float64(to)/float64(aim(b.limits.TargetLatency)))
}

// aim is how long a call should take at most: others wait for it.
func aim(limit time.Duration) time.Duration {
	if limit > 0 {
		return limit * 3 / 4
	}
	return 100 * time.Millisecond
}

func short(d time.Duration) time.Duration {
	if d > 10*time.Millisecond {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}

// Retried notes that a call had to be made again, and why: "deadlock", "lock timeout". Stores that try again by
// themselves are to be told to call it.
func (s *Steering) Retried(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const most = 1000
	if len(s.brake.again) < most {
		s.brake.again = append(s.brake.again, retried{time.Now(), what})
	}
}

// called notes how long a call took.
func (s *Steering) called(target bool, began time.Time) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &s.brake.source
	if target {
		g = &s.brake.target
	}
	g.add(now, now.Sub(began))
}
