package cutover

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// CopierLease keeps the bridges of a target in proxy while a migration writes there (docs/cutover.md). Its methods may be called
// concurrently.
type CopierLease struct {
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

// LeaseCopier takes the lease, and then looks at the phases: in this order, so that a bridge which leaves proxy sees one or the
// other. An error, such as a *RefusedError, says that nothing may be copied. title is for people (Lease.Title); apps are copied, none: all. The
// lease is renewed until End; stop ends the migration when it may not go on.
func LeaseCopier(ctx context.Context, control session.Controller, title string, apps []string, stop context.CancelFunc) (*CopierLease, error) {
	l := &CopierLease{
		control: control, apps: apps, stop: stop, done: make(chan struct{}),
		lease: session.Lease{Holder: rand.Text(), Role: RoleCopier, Title: title},
	}
	if err := l.renew(ctx); err != nil {
		return nil, errors.Join(err, control.Leave(ctx, l.lease.Holder)) // it has written nothing
	}
	ctx, l.over = context.WithCancel(context.WithoutCancel(ctx)) // what is under way when the migration is stopped needs it still
	go l.keep(ctx)
	return l, nil
}

// renew renews the lease and looks whether the phases are still such that the migration may write.
func (l *CopierLease) renew(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, copierLeaseEvery)
	defer cancel()
	g, err := l.control.Lease(asking, l.lease, copierLeaseFor)
	if err != nil {
		return fmt.Errorf("taking the lease of a copier: %w", err)
	}
	l.mu.Lock()
	l.seen = g
	l.mu.Unlock()
	return MayCopy(g, func(app string) bool { return len(l.apps) == 0 || slices.Contains(l.apps, app) })
}

// keep renews the lease until its context ends. When that fails for so long that the lease may be over, or the phases do not allow it
// any more, it stops the migration.
func (l *CopierLease) keep(ctx context.Context) {
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
		var refused *RefusedError
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

// May says whether the migration may go on.
func (l *CopierLease) May(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// End ends the lease after a migration that ended with err. One that ended with an error may have calls that still take place: its lease runs
// out by itself. It returns why the migration was stopped, if that was for the lease, else err.
func (l *CopierLease) End(ctx context.Context, err error) error {
	l.over()
	<-l.done
	if stopped := l.May(ctx); stopped != nil {
		return stopped
	}
	if err != nil {
		return err
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), copierLeaseEvery)
	defer cancel()
	return l.control.Leave(leaving, l.lease.Holder)
}

// Seen is the agreement that was seen last.
func (l *CopierLease) Seen() session.Agreement {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}
