package cutover

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/storetest"
)

// stateServer is what a client of Microsoft's State Server can do: the verbs, no condition but IfFree, nothing about locks
// but their age in whole seconds, and no word of a session that CreateUninitialized found there.
type stateServer struct {
	s   session.Store
	now func() time.Time
}

func (c *stateServer) lock(err error) error {
	var l *session.LockedError
	if errors.As(err, &l) {
		age := session.At(c.now()).Sub(l.Since).Truncate(time.Second)
		return &session.LockedError{Cookie: l.Cookie, Since: session.At(c.now().Add(-age))}
	}
	return err
}

func (c *stateServer) Get(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := c.s.Get(ctx, k)
	item.Cookie, item.Since = 0, 0
	return item, c.lock(err)
}

func (c *stateServer) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := c.s.GetExclusive(ctx, k)
	return item, c.lock(err)
}

func (c *stateServer) only(cond session.Condition) error {
	if cond.Kind() != session.KindIfFree {
		return errors.New("a State Server knows no other condition than that the session is free")
	}
	return nil
}

func (c *stateServer) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	if err := c.only(cond); err != nil {
		return err
	}
	return c.lock(c.s.SetAndRelease(ctx, k, v, cond))
}

func (c *stateServer) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return c.lock(c.s.ReleaseExclusive(ctx, k, cookie))
}

func (c *stateServer) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	if err := c.only(cond); err != nil {
		return err
	}
	return c.lock(c.s.Remove(ctx, k, cond))
}

func (c *stateServer) ResetTimeout(ctx context.Context, k session.Key) error {
	return c.s.ResetTimeout(ctx, k)
}

func (c *stateServer) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	err := c.s.CreateUninitialized(ctx, k, v)
	if errors.Is(err, session.ErrExists) {
		return nil
	}
	return err
}

// TestConformanceStateServer: where old serves, the rules are those of a State Server's client, else those of new.
func TestConformanceStateServer(t *testing.T) {
	client := storetest.Ordinary()
	client.GetTellsLock, client.SinceSlack = false, time.Second
	client.RefusedReleaseRenews, client.CreateOnExistingRenews, client.ReleaseClearsMark = true, true, true
	client.ReleaseUnlockedNeedsCookie, client.CreateOnExistingSilent = false, true
	client.Conditions = []session.ConditionKind{session.KindIfFree}
	for p, rules := range map[Phase]storetest.Rules{
		Proxy: client, Prepare: client, Handback: client, Handoff: storetest.Ordinary(), Mirror: storetest.Ordinary(), Done: storetest.Ordinary(),
	} {
		t.Run(p.String(), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock := storetest.NewClock()
				old := memstore.New(memstore.Options{Now: clock.Now, Quirks: memstore.StateServerQuirks()})
				t.Cleanup(func() { old.Close() })
				s := openIn(t, p, &stateServer{old, clock.Now}, memstore.New(memstore.Options{Now: clock.Now}), clock.Now)
				return storetest.Subject{Store: struct{ session.Store }{s}, Clock: clock} // before all is in new nobody can look
			}, rules)
		})
	}
}

func newStateServerFarm(t *testing.T, bridges int) *farm {
	f := newFarm(t, 0)
	f.old.Close()
	f.old = memstore.New(memstore.Options{Quirks: memstore.StateServerQuirks()})
	f.oldSide = &stateServer{f.old, time.Now}
	for range bridges {
		f.join()
	}
	return f
}

// TestStateServerUnderLoad goes to done, and back, from a store that can do the verbs only.
func TestStateServerUnderLoad(t *testing.T) {
	for name, way := range map[string][]Phase{
		"forth":             {Prepare, Handoff, Mirror, Done},
		"back from handoff": {Prepare, Handoff, Handback, Proxy, Prepare, Handoff},
		"back from mirror":  {Prepare, Handoff, Mirror, Handback, Proxy},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newStateServerFarm(t, 3)
				p := loadUnder(f, 20, 3, session.IfFree)
				for _, next := range way {
					time.Sleep(3 * time.Second)
					p.change(Request{Phase: next, OldTimeout: 1})
				}
				time.Sleep(2 * time.Second)
				p.end()
				if d := time.Duration(p.slow.Load()); d > 600*time.Millisecond {
					t.Errorf("a call took %v", d)
				}
				f.close()
			})
		})
	}
}
