package cutover

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
)

// agreedOn reads what is agreed.
func (f *farm) agreedOn() *agreed {
	f.t.Helper()
	g, err := f.new.Agreement(context.Background())
	f.ok(err, "reading the agreement")
	for i := range g.Apps {
		if g.Apps[i].App == shop {
			a, err := readAgreed(shop, g.Apps[i].Body, Proxy)
			f.ok(err, "reading")
			return a
		}
	}
	return &agreed{Stage: settled}
}

// until waits for a stage.
func (f *farm) until(stage string) {
	f.t.Helper()
	for range 60_000 {
		if f.agreedOn().Stage == stage {
			return
		}
		time.Sleep(time.Millisecond)
	}
	f.t.Fatalf("the stage %s does not come", stage)
}

// TestABridgeDies: a bridge that dies while a change is announced, or in the holding, is waited for until its lease is lost;
// the calls of the others are not.
func TestABridgeDies(t *testing.T) {
	for _, stage := range []string{announced, holding} {
		t.Run(stage, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(t, 2)
				dead := f.join()
				f.bridges = f.bridges[:2]
				p := load(f, 20, 6)
				var all sync.WaitGroup
				began := time.Now()
				all.Go(func() { f.to(Prepare) })
				if stage == holding { // it has confirmed the announcement, and does not confirm the holding
					c := dead
					call, err := c.begin(t.Context(), shop)
					f.ok(err, "beginning a call")
					f.until(holding)
					c.die()
					call.end(nil)
				} else {
					f.until(announced)
					dead.die()
				}
				all.Wait()
				took := time.Since(began)
				if took < 5*time.Second || took > 40*time.Second {
					t.Errorf("the change took %v", took)
				}
				p.end()
				if d := time.Duration(p.slow.Load()); d > 600*time.Millisecond {
					t.Errorf("a call took %v", d)
				}
				f.close()
			})
		})
	}
}

// TestTheCoordinatorDies: in each stage. Calls go on, and another coordinator brings the change to its end, or it is called off.
func TestTheCoordinatorDies(t *testing.T) {
	for _, stage := range []string{announced, holding} {
		for _, again := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/asked again %v", stage, again), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFarm(t, 2)
					p := load(f, 20, 6)
					ctx, cancel := context.WithCancel(t.Context())
					var all sync.WaitGroup
					all.Go(func() { f.bridges[0].Change(ctx, shop, Request{Phase: Prepare}) })
					if stage == holding {
						call, err := f.bridges[1].begin(t.Context(), shop)
						f.ok(err, "beginning a call")
						f.until(holding)
						cancel()
						all.Wait()
						call.end(nil)
					} else {
						f.until(announced)
						cancel()
						all.Wait()
					}
					if again {
						ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
						f.ok(f.bridges[1].Change(ctx, shop, Request{Phase: Prepare}), "by another coordinator")
						cancel()
					} else {
						time.Sleep(3 * time.Minute)
						if a := f.agreedOn(); a.Stage != settled || a.Phase != Proxy {
							t.Errorf("nobody goes on, and it is %v, %s", a.Phase, a.Stage)
						}
					}
					p.end()
					if d := time.Duration(p.slow.Load()); d > 600*time.Millisecond {
						t.Errorf("a call took %v", d)
					}
					f.close()
				})
			})
		}
	}
}

// TestTwoCoordinators: for the same they help each other; for something else one is refused.
func TestTwoCoordinators(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 3)
		f.path(Prepare)
		var all sync.WaitGroup
		for _, b := range f.bridges {
			all.Go(func() { f.ok(b.Change(t.Context(), shop, Request{Phase: Handoff}), "the same") })
		}
		all.Wait()
		errs := make([]error, 2)
		for i, next := range []Phase{Handback, Mirror} {
			all.Go(func() { errs[i] = f.bridges[i].Change(t.Context(), shop, Request{Phase: next}) })
		}
		all.Wait()
		refused := 0
		for _, err := range errs {
			var r *RefusedError
			if errors.As(err, &r) {
				refused++
			} else {
				f.ok(err, "changing")
			}
		}
		if refused != 1 {
			t.Errorf("of two changes %d were refused: %v", refused, errs)
		}
		f.close()
	})
}

// TestWithoutLease: a bridge that cannot renew serves nothing any more before its lease is over, and begins anew when it can.
func TestWithoutLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFarm(t, 0)
		down := &silent{Controller: f.new}
		f.options.Control = down
		b := f.join()
		f.options.Control = nil
		other := f.join()
		f.ok(b.SetAndRelease(t.Context(), key("one"), val("x"), session.Insert()), "creating")
		down.silent.Store(true)
		time.Sleep(9900 * time.Millisecond)
		if _, err := b.Get(t.Context(), key("one")); !errors.Is(err, ErrNoLease) {
			t.Errorf("without a lease: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		f.ok(other.Change(ctx, shop, Request{Phase: Prepare}), "changing without it")
		f.ok(other.Change(ctx, shop, Request{Phase: Handoff}), "changing without it")
		_, err := other.Get(t.Context(), key("one"))
		f.ok(err, "moving")
		down.silent.Store(false)
		time.Sleep(5 * time.Second)
		item, err := b.Get(t.Context(), key("one"))
		if err != nil || string(item.Payload) != "x" || f.row(f.old, key("one")) != nil {
			t.Errorf("after it has begun anew: %q, %v", item.Payload, err)
		}
		f.close()
	})
}

// TestACopierStandsInTheWay of leaving proxy, whenever it comes.
func TestACopierStandsInTheWay(t *testing.T) {
	copier := session.Lease{Holder: "copier", Role: RoleCopier}
	for _, late := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFarm(t, 1)
			take := func() {
				_, err := f.new.Lease(t.Context(), copier, 10*time.Second)
				f.ok(err, "taking the copier's lease")
			}
			if late {
				go func() { f.until(announced); take() }()
			} else {
				take()
			}
			var refused *RefusedError
			if err := f.bridges[0].Change(t.Context(), shop, Request{Phase: Prepare}); !errors.As(err, &refused) {
				t.Errorf("with a copier at work, late %v: %v", late, err)
			}
			if a := f.agreedOn(); a.Phase != Proxy || a.Stage != settled {
				t.Errorf("after it was refused: %v %s", a.Phase, a.Stage)
			}
			time.Sleep(13 * time.Second)
			f.to(Prepare)
			f.close()
		})
	}
}
