package cli

import (
	"context"
	"fmt"
	"sync"

	"github.com/aspstate/aspstate/internal/control"
	"github.com/aspstate/aspstate/session"
)

// gatedStore is a store whose calls can be held back: so a bridge freezes its store for the last changes of a migrate --follow, which
// reads beside it. A call that is held waits as long as its client does.
type gatedStore struct {
	session.Store

	mu    sync.Mutex
	gate  chan struct{} // closed when calls may begin again; nil: they may
	calls int           // under way
	idle  chan struct{} // closed when none is under way; nil: nobody waits for that
	over  bool          // the bridge stops: what would wait is refused
}

// errHeld is what a call is told that is held when the bridge stops. It has not been done.
var errHeld = fmt.Errorf("the bridge is paused and stops: %w", context.DeadlineExceeded)

// pause lets no call begin, and returns when none is under way any more. If the context ends before that, calls go on.
func (p *gatedStore) pause(ctx context.Context) error {
	p.mu.Lock()
	if p.gate == nil {
		p.gate = make(chan struct{})
	}
	if p.calls == 0 {
		p.mu.Unlock()
		return nil
	}
	if p.idle == nil {
		p.idle = make(chan struct{})
	}
	idle := p.idle
	p.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		p.resume()
		return fmt.Errorf("waiting for requests under way: %w", ctx.Err())
	}
}

// resume lets calls begin again.
func (p *gatedStore) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gate != nil {
		close(p.gate)
		p.gate = nil
	}
}

// stop refuses the calls that are held, and those that would be. Otherwise they would hold up the end of the program, for as long as
// fronts let a call of the store take.
func (p *gatedStore) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over = true; p.gate != nil {
		close(p.gate)
		p.gate = make(chan struct{}) // what was frozen stays so
	}
}

func (p *gatedStore) paused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gate != nil
}

// begin waits until calls may begin, and counts one.
func (p *gatedStore) begin(ctx context.Context) error {
	for {
		p.mu.Lock()
		gate := p.gate
		if gate == nil {
			p.calls++
			p.mu.Unlock()
			return nil
		}
		over := p.over
		p.mu.Unlock()
		if over {
			return errHeld
		}
		select {
		case <-gate:
		case <-ctx.Done():
			return fmt.Errorf("the bridge is paused: %w", ctx.Err())
		}
	}
}

func (p *gatedStore) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls--
	if p.calls == 0 && p.idle != nil {
		close(p.idle)
		p.idle = nil
	}
}

// do does a call when it may begin.
func (p *gatedStore) do(ctx context.Context, call func() error) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	defer p.end()
	return call()
}

// Get implements session.Store.
func (p *gatedStore) Get(ctx context.Context, k session.Key) (it session.Item, err error) {
	err = p.do(ctx, func() error { it, err = p.Store.Get(ctx, k); return err })
	return it, err
}

// GetExclusive implements session.Store.
func (p *gatedStore) GetExclusive(ctx context.Context, k session.Key) (it session.Item, err error) {
	err = p.do(ctx, func() error { it, err = p.Store.GetExclusive(ctx, k); return err })
	return it, err
}

// SetAndRelease implements session.Store.
func (p *gatedStore) SetAndRelease(ctx context.Context, k session.Key, v session.Value, c session.Condition) error {
	return p.do(ctx, func() error { return p.Store.SetAndRelease(ctx, k, v, c) })
}

// ReleaseExclusive implements session.Store.
func (p *gatedStore) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return p.do(ctx, func() error { return p.Store.ReleaseExclusive(ctx, k, cookie) })
}

// Remove implements session.Store.
func (p *gatedStore) Remove(ctx context.Context, k session.Key, c session.Condition) error {
	return p.do(ctx, func() error { return p.Store.Remove(ctx, k, c) })
}

// ResetTimeout implements session.Store.
func (p *gatedStore) ResetTimeout(ctx context.Context, k session.Key) error {
	return p.do(ctx, func() error { return p.Store.ResetTimeout(ctx, k) })
}

// CreateUninitialized implements session.Store.
func (p *gatedStore) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	return p.do(ctx, func() error { return p.Store.CreateUninitialized(ctx, k, v) })
}

func (b *steeredBridge) hold(ctx context.Context) error {
	if err := b.gate.pause(ctx); err != nil {
		return err
	}
	b.log.Warn("paused: calls wait until aspstate ctl resume")
	return nil
}

func (b *steeredBridge) letGo() {
	b.gate.resume()
	b.log.Info("resumed")
}

// pause holds all calls of the bridge.
func (b *steeredBridge) pause(ctx context.Context, _ control.Request) control.Answer {
	if err := b.hold(ctx); err != nil {
		return refused(err)
	}
	return control.Done(steeredStatus{Self: b.self, Bridge: b.status()})
}

func (b *steeredBridge) resume(context.Context, control.Request) control.Answer {
	b.letGo()
	return control.Done(steeredStatus{Self: b.self, Bridge: b.status()})
}
