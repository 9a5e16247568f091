package observe_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/observe"
	"github.com/aspstate/aspstate/session/storetest"
)

// TestStore: an observed store is the store.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		clock := storetest.NewClock()
		m := memstore.New(memstore.Options{Now: clock.Now})
		t.Cleanup(func() { m.Close() })
		return storetest.Subject{Store: observe.New(prometheus.NewRegistry()).Store("store", m), Clock: clock}
	}, storetest.Ordinary())
}

// TestCounts: each call is counted once, under its verb and outcome.
func TestCounts(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := memstore.New(memstore.Options{})
	defer m.Close()
	s := observe.New(reg).Store("test", m)
	k := session.Key{App: "shop", ID: "counted"}
	v := session.Value{Payload: []byte("x"), Timeout: 20}
	ctx := t.Context()
	over, cancel := context.WithCancel(ctx)
	cancel()
	s.Get(ctx, k)                                         // not_found
	s.CreateUninitialized(ctx, k, v)                      // ok
	s.CreateUninitialized(ctx, k, v)                      // exists
	s.GetExclusive(ctx, k)                                // ok
	s.GetExclusive(ctx, k)                                // locked
	s.SetAndRelease(ctx, k, v, session.IfCookie(1))       // stale_cookie
	s.SetAndRelease(ctx, k, v, session.IfCookie(2))       // ok
	s.ResetTimeout(over, k)                               // canceled
	s.ReleaseExclusive(ctx, k, 2)                         // ok
	s.Remove(ctx, k, session.Insert())                    // error
	s.(session.Waiter).WaitExclusive(ctx, k, time.Minute) // ok
	if _, err := s.(session.Waiter).WaitExclusive(ctx, k, time.Millisecond); !errors.As(err, new(*session.LockedError)) {
		t.Fatal(err)
	}
	for _, want := range []struct{ verb, outcome string }{
		{"get", "not_found"}, {"create_uninitialized", "ok"}, {"create_uninitialized", "exists"}, {"get_exclusive", "ok"},
		{"get_exclusive", "locked"}, {"set_and_release", "stale_cookie"}, {"set_and_release", "ok"}, {"reset_timeout", "canceled"},
		{"release_exclusive", "ok"}, {"remove", "error"}, {"wait_exclusive", "ok"}, {"wait_exclusive", "locked"},
	} {
		if got := value(t, reg, want.verb, want.outcome); got != 1 {
			t.Errorf("%s %s: %v calls, want 1", want.verb, want.outcome, got)
		}
	}
	if n, err := testutil.GatherAndCount(reg, "aspstate_call_seconds"); err != nil || n != 8 {
		t.Errorf("%d verbs are timed, %v", n, err)
	}
}

func value(t *testing.T, reg *prometheus.Registry, verb, outcome string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "aspstate_calls_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["layer"] == "test" && labels["verb"] == verb && labels["outcome"] == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return -1
}
