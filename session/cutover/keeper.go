package cutover

import (
	"context"
	"errors"
	"sort"
	"time"

	"github.com/aspstate/aspstate/session"
)

// RoleBridge and RoleCopier are the roles of leases.
const (
	RoleBridge = "bridge"
	RoleCopier = "copier"
)

// keep renews the lease and follows the agreement until Close. Everything that this bridge confirms is confirmed here.
func (s *Store) keep() {
	renewal := time.Now().Add(s.o.Lease / 3)
	timer := time.NewTimer(s.o.Lease / 3)
	defer timer.Stop()
	for {
		pause := min(time.Until(renewal), s.o.Notice)
		if s.busy() {
			pause = min(pause, s.o.Look)
		}
		timer.Reset(max(pause, 0))
		select {
		case <-s.ctx.Done():
			return
		case <-s.kick:
		case <-timer.C:
		}
		select {
		case <-s.kick: // what it was to wake us for is looked at now
		default:
		}
		var err error
		switch due := !time.Now().Before(renewal); {
		case due || s.mayConfirm():
			if err = s.renew(s.ctx); err == nil {
				renewal = time.Now().Add(s.o.Lease / 3)
			} else if due {
				renewal = time.Now().Add(s.o.Lease / 30)
			}
		default:
			err = s.follow(s.ctx)
		}
		if err != nil && s.ctx.Err() == nil {
			s.log.Warn("the agreement of the bridges cannot be read", keyError, err)
		}
		s.callOff()
	}
}

// busy reports whether a change is under way.
func (s *Store) busy() bool {
	if s.epochBehind() {
		return true
	}
	for _, a := range *s.apps.Load() {
		if a.agreed.Load().Stage != settled {
			return true
		}
	}
	return false
}

func (s *Store) epochBehind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch < s.seen.Epoch
}

func (s *Store) mayConfirm() bool { return s.drained() && s.epochBehind() }

// renew takes the lease or renews it, confirming what has been followed. A lease that was over is begun anew: nothing is
// confirmed then before the agreement has been read.
func (s *Store) renew(ctx context.Context) error {
	sent := time.Now()
	quiet := s.drained()
	s.mu.Lock()
	epoch := s.epoch
	if quiet {
		epoch = s.seen.Epoch
	}
	if lapsed := !sent.Before(*s.until.Load()); lapsed {
		epoch = 0
	}
	s.mu.Unlock()
	asking, cancel := context.WithTimeout(ctx, s.o.Lease/3)
	defer cancel()
	l := session.Lease{Holder: s.o.Holder, Role: RoleBridge, Title: s.o.Title, Epoch: epoch}
	g, err := s.control.Lease(asking, l, s.o.Lease)
	if err != nil {
		return err
	}
	failed := s.adopt(g)
	s.mu.Lock()
	s.epoch = epoch
	s.mu.Unlock()
	until := sent.Add(s.o.Lease - s.o.Lease/20)
	s.until.Store(&until)
	return failed
}

// follow looks at the agreement.
func (s *Store) follow(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, s.o.Lease/3)
	defer cancel()
	g, err := s.control.Agreement(asking)
	if err != nil {
		return err
	}
	return s.adopt(g)
}

// callOff ends a holding that takes too long, and an announcement that nobody goes on with.
func (s *Store) callOff() {
	s.mu.Lock()
	g := s.seen
	s.mu.Unlock()
	held := false
	for i := range g.Apps {
		a := &g.Apps[i]
		body, err := readAgreed(a.App, a.Body, s.o.Initial)
		if err != nil {
			continue
		}
		switch body.Stage {
		case holding:
			held = true
			if s.heldFor != a.Epoch {
				s.heldFor, s.heldAt = a.Epoch, time.Now()
			}
			if time.Since(s.heldAt) >= s.o.HoldLimit {
				body.Stage = announced
				s.agree(s.ctx, a.App, body, g)
			}
		case announced:
			if g.Now-session.Instant(body.Since) > session.Instant(s.o.Stale.Seconds())*session.Second {
				body.Stage, body.Next = settled, nil
				s.agree(s.ctx, a.App, body, g)
			}
		}
	}
	if !held {
		s.heldFor = 0
	}
}

// agree replaces what is agreed on an application, as it was read.
func (s *Store) agree(ctx context.Context, app string, body *agreed, g session.Agreement) error {
	if body.Stage != announced || body.Since == 0 {
		body.Since = moment(g.Now)
	}
	asking, cancel := context.WithTimeout(ctx, s.o.Lease/3)
	defer cancel()
	_, err := s.control.Agree(asking, app, body.body(), g.Epoch)
	s.wake()
	if errors.Is(err, session.ErrEpoch) {
		return err
	}
	if err == nil {
		s.log.Info("agreed", keyApp, app, keyPhase, body.Phase.String(), keyStage, body.Stage)
	}
	return err
}

// live reports whether a lease is not lost.
func (s *Store) live(l *session.Lease, now session.Instant) bool {
	return now.Sub(l.Until) <= s.o.Margin
}

// leads reports whether this bridge is the one to do what one of them has to do: that of the lowest holder.
func (s *Store) leads() bool {
	s.mu.Lock()
	g := s.seen
	s.mu.Unlock()
	var holders []string
	for i := range g.Leases {
		if l := &g.Leases[i]; l.Role == RoleBridge && l.Until >= g.Now {
			holders = append(holders, l.Holder)
		}
	}
	sort.Strings(holders)
	return len(holders) > 0 && holders[0] == s.o.Holder
}

// Keys of log attributes.
const (
	keyApp     = "app"
	keyPhase   = "phase"
	keyStage   = "stage"
	keyError   = "error"
	keySession = "session"
)
