// Package observe counts and times the calls of a Store, for Prometheus. What it tells is how many and how long, never
// of which session: ids are credentials, and payloads are people's.
package observe

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aspstate/aspstate/session"
)

// Metrics are the metrics of Stores, by where they stand ("layer"):
//
//	aspstate_calls_total{layer,verb,outcome}   calls by outcome: ok, not_found, exists, stale_cookie, locked, canceled, error
//	aspstate_call_seconds{layer,verb}          how long calls took, waiting for a lock included
type Metrics struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

// New makes the metrics known to a registry. It panics where they are known already.
func New(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aspstate_calls_total", Help: "Calls of a store by verb and outcome.",
		}, []string{"layer", "verb", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "aspstate_call_seconds", Help: "Duration of calls of a store, waiting for a lock included.",
			Buckets: []float64{.00001, .00005, .0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 10},
		}, []string{"layer", "verb"}),
	}
	r.MustRegister(m.calls, m.seconds)
	return m
}

// The outcomes.
const (
	ok = iota
	notFound
	exists
	staleCookie
	locked
	canceled
	failed
	outcomes
)

var outcomeNames = [outcomes]string{"ok", "not_found", "exists", "stale_cookie", "locked", "canceled", "error"}

func outcomeOf(err error) int {
	if err == nil {
		return ok
	}
	var l *session.LockedError // on the heap, where it is asked for
	switch {
	case errors.Is(err, session.ErrNotFound):
		return notFound
	case errors.Is(err, session.ErrExists):
		return exists
	case errors.Is(err, session.ErrStaleCookie):
		return staleCookie
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded): // a wait that was given up is locked too
		return canceled
	case errors.As(err, &l):
		return locked
	}
	return failed
}

// verb is a verb's metrics, looked up once.
type verb struct {
	seconds prometheus.Observer
	calls   [outcomes]prometheus.Counter
}

func (m *Metrics) verb(layer, name string) *verb {
	v := &verb{seconds: m.seconds.WithLabelValues(layer, name)}
	for i := range v.calls {
		v.calls[i] = m.calls.WithLabelValues(layer, name, outcomeNames[i])
	}
	return v
}

func (v *verb) over(began time.Time, err error) {
	v.seconds.Observe(time.Since(began).Seconds())
	v.calls[outcomeOf(err)].Inc()
}

// Store returns s with its calls counted under the name of a layer. It is a session.Waiter if s is one; other abilities
// are s's own, to be used there.
func (m *Metrics) Store(layer string, s session.Store) session.Store {
	o := &store{
		s: s, get: m.verb(layer, "get"), getExclusive: m.verb(layer, "get_exclusive"), set: m.verb(layer, "set_and_release"),
		release: m.verb(layer, "release_exclusive"), remove: m.verb(layer, "remove"), reset: m.verb(layer, "reset_timeout"),
		create: m.verb(layer, "create_uninitialized"),
	}
	if w, can := s.(session.Waiter); can {
		return &waiter{store: o, w: w, wait: m.verb(layer, "wait_exclusive")}
	}
	return o
}

type store struct {
	s                                                      session.Store
	get, getExclusive, set, release, remove, reset, create *verb
}

func (o *store) Get(ctx context.Context, k session.Key) (session.Item, error) {
	began := time.Now()
	item, err := o.s.Get(ctx, k)
	o.get.over(began, err)
	return item, err
}

func (o *store) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	began := time.Now()
	item, err := o.s.GetExclusive(ctx, k)
	o.getExclusive.over(began, err)
	return item, err
}

func (o *store) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	began := time.Now()
	err := o.s.SetAndRelease(ctx, k, v, cond)
	o.set.over(began, err)
	return err
}

func (o *store) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	began := time.Now()
	err := o.s.ReleaseExclusive(ctx, k, cookie)
	o.release.over(began, err)
	return err
}

func (o *store) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	began := time.Now()
	err := o.s.Remove(ctx, k, cond)
	o.remove.over(began, err)
	return err
}

func (o *store) ResetTimeout(ctx context.Context, k session.Key) error {
	began := time.Now()
	err := o.s.ResetTimeout(ctx, k)
	o.reset.over(began, err)
	return err
}

func (o *store) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	began := time.Now()
	err := o.s.CreateUninitialized(ctx, k, v)
	o.create.over(began, err)
	return err
}

// waiter is a store that waits for locks.
type waiter struct {
	*store
	w    session.Waiter
	wait *verb
}

func (o *waiter) WaitExclusive(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	began := time.Now()
	item, err := o.w.WaitExclusive(ctx, k, wait)
	o.wait.over(began, err)
	return item, err
}
