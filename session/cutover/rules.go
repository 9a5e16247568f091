package cutover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// app is an application as this bridge serves it.
type app struct {
	name   string
	now    atomic.Pointer[rules]
	agreed atomic.Pointer[agreed] // the latest; rules follow it where it makes a difference for calls
	stats  stats
}

// rules are what calls of an application go by. They are replaced, never changed.
type rules struct {
	app    *app
	agreed *agreed
	plain  session.Store // which serves all calls; nil: it depends
	held   bool          // no call may begin
	over   chan struct{} // closed when the rules are replaced

	calls   atomic.Int64
	retired atomic.Bool
	doubt   atomic.Int64 // Unix nanoseconds until which a call whose answer was lost may still take place
}

func (s *Store) rulesFor(a *app, g *agreed) *rules {
	r := &rules{app: a, agreed: g, over: make(chan struct{}), held: g.Stage == holding}
	switch g.Phase {
	case Proxy:
		r.plain = s.old
	case Done:
		r.plain = s.new
	}
	return r
}

// quiet reports whether nothing that began under the rules can still take place.
func (r *rules) quiet(now time.Time) bool {
	return r.calls.Load() == 0 && r.doubt.Load() <= now.UnixNano()
}

// app returns an application, and makes it known at first sight.
func (s *Store) app(name string) (*app, error) {
	if a := (*s.apps.Load())[name]; a != nil {
		return a, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.appLocked(name)
}

func (s *Store) appLocked(name string) (*app, error) {
	known := *s.apps.Load()
	if a := known[name]; a != nil {
		return a, nil
	}
	g, err := readAgreed(name, s.bodies[name], s.o.Initial)
	if err != nil {
		return nil, err
	}
	a := &app{name: name}
	a.agreed.Store(g)
	a.now.Store(s.rulesFor(a, g))
	more := make(map[string]*app, len(known)+1)
	for n, b := range known {
		more[n] = b
	}
	more[name] = a
	s.apps.Store(&more)
	return a, nil
}

// adopt makes an agreement what this bridge goes by. An application whose body it cannot read is not served any more.
func (s *Store) adopt(g session.Agreement) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.Epoch < s.seen.Epoch {
		return nil
	}
	s.seen = g
	var failed error
	bodies := make(map[string][]byte, len(g.Apps))
	for i := range g.Apps {
		bodies[g.Apps[i].App] = g.Apps[i].Body
	}
	for name := range *s.apps.Load() {
		if _, has := bodies[name]; !has && s.bodies[name] != nil {
			failed = errors.Join(failed, s.adoptOne(name, nil))
		}
	}
	for name, body := range bodies {
		if !bytes.Equal(body, s.bodies[name]) {
			failed = errors.Join(failed, s.adoptOne(name, body))
		}
	}
	s.bodies = bodies
	return failed
}

func (s *Store) adoptOne(name string, body []byte) error {
	a, err := s.appLocked(name)
	if err != nil {
		return err
	}
	g, err := readAgreed(name, body, s.o.Initial)
	if err != nil {
		was := *a.now.Load().agreed
		was.Stage, g = holding, &was
	}
	a.agreed.Store(g)
	if r := s.rulesFor(a, g); r.held || a.now.Load().differs(r) {
		s.replace(a, r)
	}
	return err
}

// differs reports whether calls are to be served otherwise: what is only announced makes no difference.
func (r *rules) differs(next *rules) bool {
	a, b := r.agreed, next.agreed
	return r.held != next.held || a.Phase != b.Phase || a.Percent != b.Percent || !slices.Equal(a.Spans, b.Spans)
}

// replace gives an application other rules. Calls under the old ones are waited for before anything is confirmed.
func (s *Store) replace(a *app, r *rules) {
	was := a.now.Swap(r)
	was.retired.Store(true)
	close(was.over)
	s.draining = append(s.draining, was)
}

func (s *Store) retireAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range *s.apps.Load() {
		s.replace(a, a.now.Load().heldCopy())
	}
}

func (r *rules) heldCopy() *rules {
	return &rules{app: r.app, agreed: r.agreed, held: true, over: make(chan struct{})}
}

// drained forgets rules under which nothing is under way, and reports whether that were all that were replaced.
func (s *Store) drained() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	left := s.draining[:0]
	for _, r := range s.draining {
		if !r.quiet(now) {
			left = append(left, r)
		}
	}
	clear(s.draining[len(left):])
	s.draining = left
	return len(left) == 0
}

// call is a call under way, or a step in the background.
type call struct {
	*rules
	s      *Store
	ctx    context.Context
	cancel context.CancelFunc
}

// begin lets a call of an application begin, once nobody holds it. Its context ends before the lease does.
func (s *Store) begin(ctx context.Context, name string) (call, error) {
	a, err := s.app(name)
	if err != nil {
		return call{}, err
	}
	if err := ctx.Err(); err != nil {
		return call{}, fmt.Errorf("application %q: %w", name, err)
	}
	for {
		until := *s.until.Load()
		if !time.Now().Before(until) {
			return call{}, ErrNoLease
		}
		r := a.now.Load()
		if r.held {
			if err := s.wait(ctx, r, until); err != nil {
				return call{}, err
			}
			continue
		}
		r.calls.Add(1)
		if a.now.Load() == r {
			c := call{rules: r, s: s}
			c.ctx, c.cancel = context.WithDeadlineCause(ctx, until, ErrNoLease)
			return c, nil
		}
		s.leave(r)
	}
}

// wait waits until rules under which nothing may begin are replaced.
func (s *Store) wait(ctx context.Context, r *rules, until time.Time) error {
	began := time.Now()
	defer func() { r.app.stats.waited(time.Since(began)) }()
	lease := time.NewTimer(until.Sub(began))
	defer lease.Stop()
	select {
	case <-r.over:
	case <-lease.C:
	case <-ctx.Done():
		return fmt.Errorf("waiting for a change of phase: %w", ctx.Err())
	}
	return nil
}

func (s *Store) leave(r *rules) {
	if r.calls.Add(-1) == 0 && r.retired.Load() {
		s.wake()
	}
}

// end ends the call with an outcome. One that is no answer may mean that the call takes place later.
func (c *call) end(err error) error {
	if !told(err) && !errors.Is(err, errUnreadable) {
		c.doubtful()
		if errors.Is(context.Cause(c.ctx), ErrNoLease) {
			err = fmt.Errorf("%w: %w", ErrNoLease, err)
		}
	}
	c.cancel()
	c.s.leave(c.rules)
	return err
}

// doubtful says that the answer to something was lost.
func (c *call) doubtful() {
	until := time.Now().Add(c.s.o.Margin).UnixNano()
	for {
		was := c.doubt.Load()
		if was >= until || c.doubt.CompareAndSwap(was, until) {
			return
		}
	}
}

func (s *Store) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}
