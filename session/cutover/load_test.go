package cutover

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
)

// pages are nodes that use sessions through all bridges: each write adds one to the session's counter, under its lock. The
// model is the counter of acknowledged writes.
type pages struct {
	f     *farm
	cond  func(int32) session.Condition
	acked []atomic.Uint64 // by session; its own lock makes the writes follow each other
	owned []atomic.Int32
	gone  []atomic.Bool
	stop  atomic.Bool
	all   sync.WaitGroup
	slow  atomic.Int64
}

func counter(n uint64) session.Value {
	return session.Value{Payload: binary.LittleEndian.AppendUint64(nil, n), Timeout: 20}
}

func load(f *farm, sessions, nodes int) *pages {
	return loadUnder(f, sessions, nodes, session.IfCookie)
}

// loadUnder is load of pages that write under a condition.
func loadUnder(f *farm, sessions, nodes int, cond func(int32) session.Condition) *pages {
	p := &pages{f: f, cond: cond, acked: make([]atomic.Uint64, sessions), owned: make([]atomic.Int32, sessions), gone: make([]atomic.Bool, sessions)}
	for i := range sessions {
		f.ok(f.bridges[0].SetAndRelease(f.t.Context(), p.key(i), counter(0), session.IfFree(0)), "creating")
	}
	for n := range nodes {
		p.all.Go(func() { p.node(n) })
	}
	return p
}

func (p *pages) key(i int) session.Key { return key(fmt.Sprintf("session%04d", i)) }

func (p *pages) timed(what string, call func() error) error {
	began := time.Now()
	err := call()
	if d := time.Since(began); int64(d) > p.slow.Load() {
		p.slow.Store(int64(d))
	}
	if !told(err) {
		p.f.t.Errorf("%s: %v", what, err)
	}
	return err
}

func (p *pages) node(n int) {
	ctx := context.Background()
	for step := n; !p.stop.Load(); step += 7 {
		i := (step*31 + step/40) % len(p.acked)
		b := p.f.bridges[step%len(p.f.bridges)]
		time.Sleep(time.Duration(1+step%13) * time.Millisecond)
		if p.gone[i].Load() {
			continue
		}
		if step%5 == 0 {
			var item session.Item
			before := p.acked[i].Load()
			err := p.timed("Get", func() (err error) { item, err = b.Get(ctx, p.key(i)); return err })
			if err == nil && binary.LittleEndian.Uint64(item.Payload) < before {
				p.f.t.Errorf("session %d: read %d after %d was acknowledged", i, binary.LittleEndian.Uint64(item.Payload), before)
			}
			if errors.Is(err, session.ErrNotFound) {
				p.f.t.Errorf("session %d is lost to a reader, phase %v", i, b.Status().Apps)
			}
			continue
		}
		var item session.Item
		err := p.timed("GetExclusive", func() (err error) { item, err = b.GetExclusive(ctx, p.key(i)); return err })
		if isLocked(err) {
			continue
		}
		if err != nil {
			p.f.t.Errorf("session %d: locking: %v", i, err)
			continue
		}
		if p.owned[i].Add(1) != 1 {
			p.f.t.Errorf("session %d has two owners", i)
		}
		if got := binary.LittleEndian.Uint64(item.Payload); got != p.acked[i].Load() {
			p.f.t.Errorf("session %d: has %d, acknowledged were %d", i, got, p.acked[i].Load())
		}
		time.Sleep(time.Duration(step%50) * time.Millisecond) // the page
		p.owned[i].Add(-1)
		b = p.f.bridges[(step+n)%len(p.f.bridges)] // not the one that it began at
		if step%11 == 0 {
			err = p.timed("Release", func() error { return b.ReleaseExclusive(ctx, p.key(i), item.Cookie) })
		} else {
			p.acked[i].Add(1) // before: who reads the moment after must find it
			err = p.timed("Set", func() error {
				return b.SetAndRelease(ctx, p.key(i), counter(p.acked[i].Load()), p.cond(item.Cookie))
			})
		}
		if err != nil {
			p.f.t.Errorf("session %d: the owner's write: %v", i, err)
		}
	}
}

// change changes the phase, and asks again while sessions stand in the way that time moves.
func (p *pages) change(r Request) {
	p.f.t.Helper()
	for tries := 0; ; tries++ {
		ctx, cancel := context.WithTimeout(p.f.t.Context(), 3*time.Minute)
		err := p.f.bridges[1].Change(ctx, shop, r)
		cancel()
		var refused *RefusedError
		mayWait := r.Phase == Mirror || r.Phase == Proxy || r.Phase == Handback // for sessions that pages hold
		if !errors.As(err, &refused) || !mayWait || tries == 300 {
			p.f.ok(err, "changing to %v", r.Phase)
			return
		}
		time.Sleep(time.Second)
	}
}

func (p *pages) end() {
	p.stop.Store(true)
	p.all.Wait()
	for i := range p.acked {
		item, err := p.f.bridges[0].Get(context.Background(), p.key(i))
		if err != nil || binary.LittleEndian.Uint64(item.Payload) != p.acked[i].Load() {
			p.f.t.Errorf("session %d in the end: %v, %v; acknowledged were %d", i, item.Payload, err, p.acked[i].Load())
		}
	}
}

// TestChangesUnderLoad goes all ways with three bridges while pages use sessions: no call fails, nobody waits long, nothing
// is lost.
func TestChangesUnderLoad(t *testing.T) {
	for name, way := range map[string][]Phase{
		"forth":             {Prepare, Handoff, Mirror, Done},
		"not begun":         {Prepare, Proxy, Prepare, Proxy},
		"back from handoff": {Prepare, Handoff, Handback, Proxy, Prepare, Handoff, Mirror},
		"back from mirror":  {Prepare, Handoff, Mirror, Handback, Proxy},
		"forth again":       {Prepare, Handoff, Handback, Handoff, Mirror, Handback, Handoff, Mirror, Done},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(t, 3)
				p := load(f, 40, 12)
				for _, next := range way {
					time.Sleep(700 * time.Millisecond)
					p.change(Request{Phase: next})
				}
				time.Sleep(2 * time.Second)
				p.end()
				if d := time.Duration(p.slow.Load()); d > 600*time.Millisecond {
					t.Errorf("a call took %v", d)
				}
				t.Logf("longest call %v, sum %d, %+v", time.Duration(p.slow.Load()), p.acked[0].Load(), f.bridges[0].Status().Apps)
				f.close()
			})
		})
	}
}
