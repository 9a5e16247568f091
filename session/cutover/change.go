package cutover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Request asks for a change of phase.
type Request struct {
	Phase Phase
	// Percent is of ids that a handoff is for, 1 to 100; 0: 100.
	Percent int
	// OldTimeout is the largest timeout of sessions in an old store that cannot list them, in minutes. mirror needs it.
	OldTimeout int32
}

// Change changes the phase of an application, for all bridges, and returns when it is done. It refuses with a
// *RefusedError what must not be. Other failures are tried again until the context ends; what was agreed stays then as it
// is, and may be gone on with by anybody, or is called off by itself.
//
// Several may ask at once: for the same, they help each other; for something else, one of them is refused.
func (s *Store) Change(ctx context.Context, app string, req Request) error {
	if req.Phase == Handoff || req.Phase == Mirror || req.Phase == Done {
		if req.Percent == 0 || req.Phase != Handoff {
			req.Percent = 100
		}
	} else {
		req.Percent = 0
	}
	c := change{s: s, app: app, req: req}
	if req.Percent < 0 || req.Percent > 100 {
		return c.refuse("%d percent of the sessions cannot be moved", "name a percentage from 1 to 100", req.Percent)
	}
	if _, err := s.app(app); err != nil {
		return err
	}
	var last error
	for {
		finished, err := c.step(ctx)
		var refused *RefusedError
		switch {
		case finished:
			return s.adoptNow(ctx)
		case errors.As(err, &refused):
			return err
		case errors.Is(err, session.ErrEpoch):
			err = nil
		case err != nil && ctx.Err() == nil:
			if last == nil || last.Error() != err.Error() { // the same ten times a second helps nobody
				s.log.Warn("changing the phase: it is tried again", keyApp, app, keyPhase, req.Phase.String(), keyError, err)
			}
			last = err
			c.pause = max(c.pause, 100*time.Millisecond)
		}
		if err := c.rest(ctx); err != nil {
			if c.why != nil {
				return c.giveUp(ctx)
			}
			return fmt.Errorf("changing application %q to %v: %w", app, req.Phase, errors.Join(err, last))
		}
	}
}

// adoptNow lets this bridge go by what was agreed when Change returns.
func (s *Store) adoptNow(ctx context.Context) error {
	s.wake()
	g, err := s.control.Agreement(ctx)
	for err == nil {
		s.mu.Lock()
		seen := s.seen.Epoch
		s.mu.Unlock()
		if seen >= g.Epoch {
			return nil
		}
		s.wake()
		if err = sleep(ctx, s.o.Look); err == nil && !time.Now().Before(*s.until.Load()) {
			return nil
		}
	}
	return nil // it is done all the same
}

// change is a change of phase as its coordinator sees it.
type change struct {
	s     *Store
	app   string
	req   Request
	pause time.Duration // before the next step
	held  bool          // this coordinator has begun a holding
	why   error         // what stood in the way in the last holding
	g     session.Agreement
	now   *agreed
}

func (c *change) refuse(reason, remedy string, args ...any) error {
	return &RefusedError{App: c.app, Reason: fmt.Sprintf(reason, args...), Remedy: remedy}
}

func (c *change) rest(ctx context.Context) error {
	d := max(c.pause, c.s.o.Look)
	c.pause = 0
	return sleep(ctx, d)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// step reads the agreement and brings the change one stage further, whoever began it.
func (c *change) step(ctx context.Context) (finished bool, err error) {
	s := c.s
	if c.g, err = s.control.Agreement(ctx); err != nil {
		return false, fmt.Errorf("reading the agreement: %w", err)
	}
	if err := c.read(); err != nil {
		return false, err
	}
	if next := c.now.Next; next != nil && *next != (goal{c.req.Phase, c.req.Percent}) {
		return false, c.refuse("a change to %v is under way", "wait until it is done; one that nobody goes on with is called off after a while", next.Phase)
	}
	if c.now.Phase == Proxy && c.copies() {
		return false, c.callOff(ctx, c.refuse("a copier is at work", "stop it first: proxy must not be left while it writes"))
	}
	switch c.now.Stage {
	case settled:
		if c.now.Phase == c.req.Phase && c.now.Percent == c.req.Percent {
			return c.finish(ctx)
		}
		return false, c.announce(ctx)
	case announced:
		if c.held { // it was given up: calls come first for a while
			c.held, c.pause = false, 2*s.o.HoldLimit
			return false, nil
		}
		if !c.confirmed() {
			return false, nil
		}
		if err := c.ready(ctx); err != nil {
			var refused *RefusedError
			if errors.As(err, &refused) {
				return false, c.callOff(ctx, err)
			}
			return false, err
		}
		c.now.Stage, c.held = holding, true
		return false, s.agree(ctx, c.app, c.now, c.g)
	}
	if !c.confirmed() {
		c.pause = s.o.Look / 5
		return false, nil
	}
	c.why = nil
	return false, c.settle(ctx)
}

// callOff ends a change that is refused in the middle.
func (c *change) callOff(ctx context.Context, refusal error) error {
	if c.now.Stage != settled {
		c.now.Stage, c.now.Next = settled, nil
		if err := c.s.agree(ctx, c.app, c.now, c.g); err != nil {
			return err
		}
	}
	return refusal
}

// giveUp ends a change whose time is up and that something stood in the way of.
func (c *change) giveUp(ctx context.Context) error {
	why, req := c.why, c.req
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.s.o.Margin)
	defer cancel()
	for {
		g, err := c.s.control.Agreement(ctx)
		if err != nil {
			return errors.Join(why, err)
		}
		c.g = g
		if err = c.read(); err != nil || c.now.Next == nil || *c.now.Next != (goal{req.Phase, req.Percent}) {
			return why
		}
		if err = c.callOff(ctx, why); !errors.Is(err, session.ErrEpoch) {
			return err
		}
	}
}

// read takes what is agreed on the application out of the agreement.
func (c *change) read() (err error) {
	var body []byte
	for i := range c.g.Apps {
		if c.g.Apps[i].App == c.app {
			body = c.g.Apps[i].Body
		}
	}
	c.now, err = readAgreed(c.app, body, c.s.o.Initial)
	return err
}

// copies reports whether a copier lives.
func (c *change) copies() bool {
	for i := range c.g.Leases {
		if l := &c.g.Leases[i]; l.Role == RoleCopier && c.s.live(l, c.g.Now) {
			return true
		}
	}
	return false
}

// confirmed reports whether all bridges that live act by what is agreed on the application.
func (c *change) confirmed() bool {
	var at int64
	for i := range c.g.Apps {
		if c.g.Apps[i].App == c.app {
			at = c.g.Apps[i].Epoch
		}
	}
	for i := range c.g.Leases {
		if l := &c.g.Leases[i]; l.Role != RoleCopier && l.Epoch < at && c.s.live(l, c.g.Now) {
			return false
		}
	}
	return true
}

// announce says what is to come, if it may.
func (c *change) announce(ctx context.Context) error {
	if !slices.Contains(follows[c.now.Phase], c.req.Phase) {
		return c.refuse("%v does not follow %v", "docs/cutover.md says what does", c.req.Phase, c.now.Phase)
	}
	if c.req.Phase == Handoff {
		switch {
		case c.now.Phase == Handoff && c.req.Percent < c.now.Percent:
			return c.refuse("%d percent are handed off already", "a cohort only grows; the way back is handback", c.now.Percent)
		case c.now.Phase == Handback && c.req.Percent != 100:
			return c.refuse("after handback a part cannot be handed off", "hand off all, or go on to proxy first")
		}
	}
	if err := c.allowed(ctx); err != nil {
		return err
	}
	c.now.Stage, c.now.Next = announced, &goal{c.req.Phase, c.req.Percent}
	if c.req.OldTimeout > 0 {
		c.now.OldTimeout = c.req.OldTimeout
	}
	c.now.Since = 0
	return c.s.agree(ctx, c.app, c.now, c.g)
}

// finish does what is left to do when a phase is settled.
func (c *change) finish(ctx context.Context) (bool, error) {
	switch c.req.Phase {
	case Prepare:
		if !c.now.Clean {
			return false, c.sweep(ctx)
		}
	case Done:
		return true, c.forgetMarks(ctx)
	}
	return true, nil
}
