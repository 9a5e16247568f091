package stateserver_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/storetest"
)

// serve starts a front on a port of its own and stops it at the end of the test.
func serve(t testing.TB, f *stateserver.Front, s *bridge.Server) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Handle = f.Serve
	over := make(chan error, 1)
	go func() { over <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
		if err := <-over; err != bridge.ErrStopped {
			t.Errorf("serving ended with %v", err)
		}
	})
	return l.Addr().String()
}

// overTheWire are the rules of a State Server, seen through its protocol.
func overTheWire() storetest.Rules {
	r := storetest.Ordinary()
	r.GetTellsLock, r.KeepsRevision, r.ReleaseUnlockedNeedsCookie = false, false, false
	r.SinceSlack = 2 * time.Second
	r.RefusedReleaseRenews, r.CreateOnExistingRenews, r.CreateOnExistingSilent, r.ReleaseClearsMark = true, true, true, true
	r.Conditions = []session.ConditionKind{session.KindIfFree}
	r.RefusesEmpty, r.Remote = true, true
	return r
}

// appID is the application of the suite's sessions.
func appID(app string) string { return "/LM/W3SVC/1/ROOT/" + app }

func spelled(app, id string) session.Key {
	p := layout.StateServerPath{AppID: appID(app), Hash: layout.StateServerHash(appID(app)), ID: id}
	return session.Key{ID: p.String()}
}

func TestStoreOverTheWire(t *testing.T) {
	registered, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{appID("shop")}})
	if err != nil {
		t.Fatal(err)
	}
	direct := func(_ *testing.T, _ *storetest.Clock, store session.Store) session.Store { return store }
	// another's State Server behind it, which knows no application
	through := func(reg *layout.Registry) func(*testing.T, *storetest.Clock, session.Store) session.Store {
		return func(t *testing.T, clock *storetest.Clock, store session.Store) session.Store {
			c := stateserver.NewClient(serve(t, &stateserver.Front{Store: store, Now: clock.Now}, &bridge.Server{}), stateserver.ClientOptions{Now: clock.Now})
			t.Cleanup(func() { c.Close() })
			sp, err := layout.NewSpelling(reg, layout.RuleStateServer)
			if err != nil {
				t.Fatal(err)
			}
			return &layout.Respelled{Table: c, Spelling: sp, Rule: layout.RuleStateServer}
		}
	}
	for name, c := range map[string]struct {
		reg  *layout.Registry
		back func(*testing.T, *storetest.Clock, session.Store) session.Store
	}{
		"registered": {registered, direct}, "unknown": {&layout.Registry{}, direct},
		"registered, over another": {registered, through(registered)}, "unknown, over another": {&layout.Registry{}, through(&layout.Registry{})},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock, reg := storetest.NewClock(), c.reg
				inner := memstore.New(memstore.Options{Now: clock.Now})
				t.Cleanup(func() { inner.Close() })
				store := c.back(t, clock, inner)
				addr := serve(t, &stateserver.Front{Store: store, Settings: stateserver.Settings{Registry: reg}, Now: clock.Now}, &bridge.Server{})
				c := stateserver.NewClient(addr, stateserver.ClientOptions{Now: clock.Now})
				t.Cleanup(func() { c.Close() })
				return storetest.Subject{Store: c, Clock: clock, Key: spelled}
			}, overTheWire())
		})
	}
}
