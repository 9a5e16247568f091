package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
	"github.com/aspstate/aspstate/session/memstore"
)

// copierLease keeps the bridges of a target in proxy while a migration writes there (docs/cutover.md).
type copierLease struct {
	control session.Controller
	lease   session.Lease
	apps    []string // empty: all

	mu   sync.Mutex
	seen session.Agreement
	err  error // why it may write no more

	stop context.CancelFunc // of the migration
	over context.CancelFunc // of the renewals
	done chan struct{}
}

// How long a lease is, and how often it is renewed.
const (
	copierLeaseFor   = 10 * time.Second
	copierLeaseEvery = copierLeaseFor / 3
)

// takeCopierLease takes the lease, and then looks at the phases: in this order, so that a bridge which leaves proxy sees one or the
// other. stop ends the migration when it may not go on.
func takeCopierLease(ctx context.Context, control session.Controller, apps []string, stop context.CancelFunc) (*copierLease, error) {
	l := &copierLease{
		control: control, apps: apps, stop: stop, done: make(chan struct{}),
		lease: session.Lease{Holder: rand.Text(), Role: cutover.RoleCopier, Title: thisProcess()},
	}
	if err := l.renew(ctx); err != nil {
		return nil, errors.Join(err, control.Leave(ctx, l.lease.Holder)) // it has written nothing
	}
	ctx, l.over = context.WithCancel(context.WithoutCancel(ctx)) // what is under way when the migration is stopped needs it still
	go l.keep(ctx)
	return l, nil
}

// targetControl is where the bridges of a target agree; nil: it has none.
func targetControl(ctx context.Context, to *end) (session.Controller, error) {
	if to.sandbox {
		return nil, nil
	}
	if s, embedded := to.table.(*memstore.Store); embedded { // no bridge has it open now, but some may have agreed on something
		g, err := s.Agreement(ctx)
		if err != nil || len(g.Apps) == 0 {
			return nil, err
		}
		return s, nil
	}
	for _, p := range to.parts {
		c, err := p.server.OpenControl(ctx)
		if _, missing := errors.AsType[*compat.ControlMissingError](err); missing {
			return nil, nil
		}
		return c, err
	}
	return nil, nil
}

// renew renews the lease and looks whether the phases are still such that the migration may write.
func (l *copierLease) renew(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, copierLeaseEvery)
	defer cancel()
	g, err := l.control.Lease(asking, l.lease, copierLeaseFor)
	if err != nil {
		return fmt.Errorf("taking the lease of a copier: %w", err)
	}
	l.mu.Lock()
	l.seen = g
	l.mu.Unlock()
	return cutover.MayCopy(g, func(app string) bool { return len(l.apps) == 0 || slices.Contains(l.apps, app) })
}

// keep renews the lease until its context ends. When that fails for so long that the lease may be over, or the phases do not allow it
// any more, it stops the migration.
func (l *copierLease) keep(ctx context.Context) {
	defer close(l.done)
	tick := time.NewTicker(copierLeaseEvery)
	defer tick.Stop()
	for good := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asked := time.Now()
		err := l.renew(ctx)
		var refused *cutover.RefusedError
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			good = asked
		case errors.As(err, &refused), time.Since(good) >= 2*copierLeaseEvery:
			l.mu.Lock()
			l.err = err
			l.mu.Unlock()
			l.stop()
			return
		}
	}
}

// may says whether the migration may go on: copier.FollowOptions.MayFollow.
func (l *copierLease) may(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// end ends the lease of a migration that ended with an error. Whose calls may still take place leaves it to run out by itself. It returns why the migration
// was stopped, if that was for the lease.
func (l *copierLease) end(ctx context.Context, err error) error {
	l.over()
	<-l.done
	if stopped := l.may(ctx); stopped != nil {
		return stopped
	}
	if err != nil {
		return err
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), copierLeaseEvery)
	defer cancel()
	return l.control.Leave(leaving, l.lease.Holder)
}

// leases are those that were seen last.
func (l *copierLease) leases() []leaseStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	return leasesOf(l.seen.Leases, l.seen.Now)
}

// leaseStatus is a lease, for ctl.
type leaseStatus struct {
	Role   string    `json:"role"`
	Title  string    `json:"title"`
	Holder string    `json:"holder"`
	Epoch  int64     `json:"epoch"`
	Until  time.Time `json:"until"`
	Over   bool      `json:"over"`
}

func leasesOf(all []session.Lease, now session.Instant) []leaseStatus {
	some := []leaseStatus{}
	for _, l := range all {
		some = append(some, leaseStatus{l.Role, l.Title, l.Holder, l.Epoch, l.Until.Time(), l.Until < now})
	}
	return some
}
