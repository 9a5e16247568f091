package cutover

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// agreeOn writes down a phase as bridges do.
func agreeOn(t *testing.T, s session.Controller, app, body string) {
	t.Helper()
	g, err := s.Agreement(t.Context())
	if err == nil {
		_, err = s.Agree(t.Context(), app, []byte(body), g.Epoch)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A migration holds a lease as long as it writes, and stops when an application that it copies is about to leave proxy.
func TestCopierLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New(memstore.Options{})
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l, err := LeaseCopier(ctx, s, "host", []string{"shop"}, cancel)
		if err != nil {
			t.Fatal(err)
		}
		agreeOn(t, s, "portal", `{"phase":"mirror","stage":"settled"}`) // is not copied
		time.Sleep(time.Hour)
		g, err := s.Agreement(ctx)
		if err != nil || len(g.Leases) != 1 || g.Leases[0].Role != RoleCopier || g.Leases[0].Until < g.Now || l.May(ctx) != nil {
			t.Errorf("%+v, %v, %v", g, err, l.May(ctx))
		}
		if seen := l.Seen(); len(seen.Leases) != 1 || seen.Leases[0].Until < seen.Now || seen.Leases[0].Title != "host" {
			t.Errorf("%+v", seen)
		}
		agreeOn(t, s, "shop", `{"phase":"proxy","stage":"announced","next":{"phase":"prepare"}}`)
		<-ctx.Done()
		var refused *RefusedError
		if err := l.End(t.Context(), context.Canceled); !errors.As(err, &refused) || refused.App != "shop" {
			t.Errorf("%v", err)
		}
		if g, _ := s.Agreement(t.Context()); len(g.Leases) != 1 { // a write whose answer was lost may still take place
			t.Errorf("it has left: %+v", g.Leases)
		}
		time.Sleep(2 * copierLeaseFor)
		if g, _ := s.Agreement(t.Context()); len(g.Leases) != 1 || g.Leases[0].Until >= g.Now {
			t.Errorf("it goes on renewing: %+v", g.Leases)
		}
		if _, err := LeaseCopier(t.Context(), s, "host", nil, func() {}); !errors.As(err, &refused) {
			t.Errorf("a migration of all: %v", err)
		}
		l, err = LeaseCopier(t.Context(), s, "host", []string{"blog"}, func() {})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.End(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if g, _ := s.Agreement(t.Context()); len(g.Leases) != 1 {
			t.Errorf("one that has done its work has not left: %+v", g.Leases)
		}
	})
}

// deaf is a Controller that does not answer any more.
type deaf struct {
	session.Controller
	not *atomic.Bool
}

func (d deaf) Lease(ctx context.Context, l session.Lease, t time.Duration) (session.Agreement, error) {
	if d.not.Load() {
		<-ctx.Done()
		return session.Agreement{}, ctx.Err()
	}
	return d.Controller.Lease(ctx, l, t)
}

// A migration whose lease cannot be renewed ends before the lease does.
func TestCopierLeaseCannotBeRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, not := memstore.New(memstore.Options{}), &atomic.Bool{}
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l, err := LeaseCopier(ctx, deaf{s, not}, "host", nil, cancel)
		if err != nil {
			t.Fatal(err)
		}
		not.Store(true)
		began := time.Now()
		<-ctx.Done()
		if d := time.Since(began); d >= copierLeaseFor {
			t.Errorf("it ended after %v, when the lease was over", d)
		}
		if err := l.End(t.Context(), context.Canceled); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}
