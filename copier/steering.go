package copier

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Steering is how a copy is steered while it runs, and what it says about itself meanwhile. All methods may be called
// concurrently, before the run and after it too. One Steering belongs to one run.
type Steering struct {
	mu      sync.Mutex
	rate    int             // rows a second; 0: as fast as it goes
	paused  map[string]bool // by whom
	cut     bool            // CutOver was called
	hurried bool            // within the freeze: neither rate nor limits count
	next    time.Time       // when the next rows may be begun
	changed chan struct{}   // closed whenever one of the above changes
	brake   backOff
	status  Status
}

// NewSteering returns the steering of a copy of at most rate rows a second; 0 is as fast as it goes.
func NewSteering(rate int) *Steering {
	return &Steering{
		rate: max(0, rate), paused: map[string]bool{}, changed: make(chan struct{}),
		status: Status{Total: -1, Lag: Lag{Rows: -1}},
	}
}

// limit sets the limits beyond which the copy goes slower.
func (s *Steering) limit(l Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.brake.limits = l
}

// SetRate changes the number of rows a second; 0 is as fast as it goes. It holds from the next page on.
func (s *Steering) SetRate(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.next.After(now) { // what the last page has cost is counted anew
		owed := time.Duration(0)
		if n > 0 {
			owed = s.next.Sub(now) * time.Duration(max(1, s.rate)) / time.Duration(n)
		}
		s.next = now.Add(owed)
	}
	s.rate = max(0, n)
	s.tell()
}

// Pause stops the copy before its next page, until everybody who has called it has called Resume. Pages under way are
// finished.
func (s *Steering) Pause(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused[who] = true
	s.tell()
}

// Resume takes a Pause of the same name back. Without one it does nothing.
func (s *Steering) Resume(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.paused, who)
	s.tell()
}

// CutOver asks a following copy for its end: once it has caught up, the source is frozen, and the last changes are
// carried. Where nothing is followed it does nothing. It cannot be taken back.
func (s *Steering) CutOver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = true
	s.tell()
}

// Status says how far the copy is.
func (s *Steering) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Rate, st.CutOver, st.Throttle = s.rate, s.cut, s.brake.reason
	st.PausedBy = slices.Sorted(maps.Keys(s.paused))
	st.Lag.Seconds = st.Lag.since(time.Now())
	return st
}

// enter says which stage is being told; "": none.
func (s *Steering) enter(st Stage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Stage = st
}

// tell wakes everybody who waits; under mu.
func (s *Steering) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// hurry says that from now on the application is waiting for us, or no longer.
func (s *Steering) hurry(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hurried = yes
	s.tell()
}

// wait returns when n more rows may be done, or when the context ends. Rows of one page are paid for before the page is
// worked on; who comes next waits for them.
func (s *Steering) wait(ctx context.Context, n int) error {
	if n == 0 {
		return ctx.Err()
	}
	for {
		s.mu.Lock()
		now, changed := time.Now(), s.changed
		free := len(s.paused) == 0
		left := s.next.Sub(now)
		if free && (left <= 0 || s.hurried) {
			s.pay(now, n)
			s.mu.Unlock()
			return ctx.Err()
		}
		s.mu.Unlock()
		if !free {
			left = forever
		}
		if err := sleepUntil(ctx, left, changed); err != nil {
			return err
		}
	}
}

// pay puts off whoever comes next; under mu.
func (s *Steering) pay(now time.Time, n int) {
	if s.hurried {
		s.next = now
		return
	}
	if s.next.Before(now) {
		s.next = now
	}
	if s.rate > 0 {
		s.next = s.next.Add(time.Duration(n) * time.Second / time.Duration(s.rate))
	}
	s.next = s.next.Add(s.brake.next(now))
}

// idle waits for a time, but not longer than until a cut-over is asked for. It says whether one is.
func (s *Steering) idle(ctx context.Context, d time.Duration) (cut bool, err error) {
	end := time.Now().Add(d)
	for {
		s.mu.Lock()
		cut, changed, paused := s.cut, s.changed, len(s.paused) > 0
		s.mu.Unlock()
		left := time.Until(end)
		switch {
		case paused:
			left = forever
		case cut, left <= 0:
			return cut, ctx.Err()
		}
		if err := sleepUntil(ctx, left, changed); err != nil {
			return cut, err
		}
	}
}

// forever is longer than anybody waits.
const forever = 24 * time.Hour

// sleepUntil waits for a time or for something to happen.
func sleepUntil(ctx context.Context, d time.Duration, happened <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-happened:
	case <-t.C:
	}
	return ctx.Err()
}
