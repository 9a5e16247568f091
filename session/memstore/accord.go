package memstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// accord is what the store keeps as a session.Controller. Its lock is taken before the writer's, and never together with
// that of a shard.
type accord struct {
	mu     sync.Mutex
	closed bool
	epoch  int64
	apps   map[string]session.Agreed
	leases map[string]session.Lease
	dirty  map[string]*dirty // by application
	last   *generation       // will have on disk what Agree, Lease and Leave did last; nil: nothing to wait for
}

// leaseKept is how long a lease is shown after its time is up.
const leaseKept = 24 * 60 * session.Minute

func newAccord() accord {
	return accord{apps: map[string]session.Agreed{}, leases: map[string]session.Lease{}, dirty: map[string]*dirty{}}
}

// enterAccord locks the accord for a step.
func (s *Store) enterAccord(ctx context.Context) (*accord, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("session store: %w", err)
	}
	if s.writer != nil {
		if err := s.writer.refusal(); err != nil {
			return nil, err
		}
	}
	a := &s.accord
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil, ErrClosed
	}
	return a, nil
}

// leaveAccord ends a step, and waits until what the caller is told is on disk, under every policy: a lease or an agreement
// that is forgotten in a crash would let others go on without its holder.
func (s *Store) leaveAccord(ctx context.Context) error {
	last := s.accord.last
	s.accord.mu.Unlock()
	if last == nil {
		return nil
	}
	return last.done(ctx)
}

// Now implements session.Clocked.
func (s *Store) Now(context.Context) (session.Instant, error) { return session.At(s.now()), nil }

// Agreement implements session.Controller.
func (s *Store) Agreement(ctx context.Context) (session.Agreement, error) {
	a, err := s.enterAccord(ctx)
	if err != nil {
		return session.Agreement{}, err
	}
	all := a.agreement(session.At(s.now()))
	return all, s.leaveAccord(ctx)
}

// agreement copies all but marks.
func (a *accord) agreement(now session.Instant) session.Agreement {
	all := session.Agreement{Epoch: a.epoch, Now: now}
	all.Apps = slices.SortedFunc(maps.Values(a.apps), func(a, b session.Agreed) int { return cmp.Compare(a.App, b.App) })
	for i := range all.Apps {
		all.Apps[i].Body = slices.Clone(all.Apps[i].Body)
	}
	for _, l := range a.leases {
		if l.Until >= now-leaseKept {
			all.Leases = append(all.Leases, l)
		}
	}
	slices.SortFunc(all.Leases, func(a, b session.Lease) int { return cmp.Compare(a.Holder, b.Holder) })
	return all
}

// Agree implements session.Controller.
func (s *Store) Agree(ctx context.Context, app string, body []byte, epoch int64) (int64, error) {
	if err := session.CheckApp(app); err != nil {
		return 0, fmt.Errorf("agreeing: %w", err)
	}
	a, err := s.enterAccord(ctx)
	if err != nil {
		return 0, err
	}
	if a.epoch != epoch {
		return 0, cmp.Or(s.leaveAccord(ctx), session.ErrEpoch)
	}
	a.epoch++
	next := session.Agreed{App: app, Epoch: a.epoch, Body: slices.Clone(body)}
	row := accordRow{key: agreedKey(app)}
	if len(body) == 0 {
		delete(a.apps, app)
	} else {
		a.apps[app] = next
		row.value = appendAgreed(nil, &next)
	}
	s.settle(row, accordRow{key: []byte{epochRow}, value: appendEpoch(nil, a.epoch)}) // neither without the other
	return next.Epoch, s.leaveAccord(ctx)
}

// Lease implements session.Controller.
func (s *Store) Lease(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
	if err := l.Check(); err != nil {
		return session.Agreement{}, err
	}
	a, err := s.enterAccord(ctx)
	if err != nil {
		return session.Agreement{}, err
	}
	moment := s.now()
	l.Until = session.At(moment.Add(d))
	now := session.At(moment)
	a.leases[l.Holder] = l
	s.settle(accordRow{key: leaseKey(l.Holder), value: appendLease(nil, &l)})
	for holder, old := range a.leases {
		if old.Until < now-leaseKept {
			delete(a.leases, holder)
			s.settle(accordRow{key: leaseKey(holder)})
		}
	}
	all := a.agreement(now)
	return all, s.leaveAccord(ctx)
}

// Leave implements session.Controller.
func (s *Store) Leave(ctx context.Context, holder string) error {
	a, err := s.enterAccord(ctx)
	if err != nil {
		return err
	}
	if _, there := a.leases[holder]; there {
		delete(a.leases, holder)
		s.settle(accordRow{key: leaseKey(holder)})
	}
	return s.leaveAccord(ctx)
}

// settle queues rows, or their deletion, that calls have to wait for.
func (s *Store) settle(rows ...accordRow) {
	if s.writer != nil {
		s.accord.last = s.writer.settle(rows...)
	}
}

// closeAccord lets no further step begin.
func (s *Store) closeAccord() {
	s.accord.mu.Lock()
	s.accord.closed = true
	s.accord.mu.Unlock()
}
