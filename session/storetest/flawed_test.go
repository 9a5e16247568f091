package storetest

import (
	"context"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// flawed is a sound store whose methods can be replaced.
type flawed struct {
	*memstore.Store
	clock *Clock

	get     func(ctx context.Context, k session.Key) (session.Item, error)
	x       func(ctx context.Context, k session.Key) (session.Item, error)
	set     func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error
	release func(ctx context.Context, k session.Key, cookie int32) error
	remove  func(ctx context.Context, k session.Key, cond session.Condition) error
	reset   func(ctx context.Context, k session.Key) error
	create  func(ctx context.Context, k session.Key, v session.Value) error
	peek    func(ctx context.Context, keys []session.Key) ([]*session.Record, error)
	scan    func(ctx context.Context, req session.ScanRequest) (session.Page, error)
	apply   func(ctx context.Context, changes []session.Change) ([]session.Outcome, error)
	after   func(c session.Change) session.Fence
	sweep   func(ctx context.Context, limit int) (int, error)
	wait    func(ctx context.Context, k session.Key, d time.Duration) (session.Item, error)
	count   func(ctx context.Context) (int64, error)

	agreement func(ctx context.Context) (session.Agreement, error)
	agree     func(ctx context.Context, app string, body []byte, epoch int64) (int64, error)
	lease     func(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error)
	leave     func(ctx context.Context, holder string) error
	mark      func(ctx context.Context, marks ...session.Mark) error
	unmark    func(ctx context.Context, marks ...session.Mark) error
	marks     func(ctx context.Context, app string, after *session.Mark, limit int) ([]session.Mark, error)
	now       func(ctx context.Context) (session.Instant, error)
}

// newFlawed returns a store that is sound until one of its methods is replaced.
func newFlawed(clock *Clock) *flawed {
	s := memstore.New(memstore.Options{Now: clock.Now})
	return &flawed{
		Store: s, clock: clock,
		get: s.Get, x: s.GetExclusive, set: s.SetAndRelease, release: s.ReleaseExclusive, remove: s.Remove, reset: s.ResetTimeout,
		create: s.CreateUninitialized, peek: s.Peek, scan: s.Scan, apply: s.Apply, after: s.After, sweep: s.Sweep,
		wait: s.WaitExclusive, count: s.Count,
		agreement: s.Agreement, agree: s.Agree, lease: s.Lease, leave: s.Leave, mark: s.Mark, unmark: s.Unmark, marks: s.Marks, now: s.Now,
	}
}

func (f *flawed) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return f.get(ctx, k)
}

func (f *flawed) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return f.x(ctx, k)
}

func (f *flawed) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	return f.set(ctx, k, v, cond)
}

func (f *flawed) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return f.release(ctx, k, cookie)
}

func (f *flawed) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	return f.remove(ctx, k, cond)
}

func (f *flawed) ResetTimeout(ctx context.Context, k session.Key) error {
	return f.reset(ctx, k)
}

func (f *flawed) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	return f.create(ctx, k, v)
}

func (f *flawed) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return f.peek(ctx, keys)
}

func (f *flawed) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return f.scan(ctx, req)
}

func (f *flawed) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	return f.apply(ctx, changes)
}

func (f *flawed) After(c session.Change) session.Fence {
	return f.after(c)
}

func (f *flawed) Sweep(ctx context.Context, limit int) (int, error) {
	return f.sweep(ctx, limit)
}

func (f *flawed) WaitExclusive(ctx context.Context, k session.Key, d time.Duration) (session.Item, error) {
	return f.wait(ctx, k, d)
}

func (f *flawed) Count(ctx context.Context) (int64, error) {
	return f.count(ctx)
}

func (f *flawed) Agreement(ctx context.Context) (session.Agreement, error) {
	return f.agreement(ctx)
}

func (f *flawed) Agree(ctx context.Context, app string, body []byte, epoch int64) (int64, error) {
	return f.agree(ctx, app, body, epoch)
}

func (f *flawed) Lease(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
	return f.lease(ctx, l, d)
}

func (f *flawed) Leave(ctx context.Context, holder string) error {
	return f.leave(ctx, holder)
}

func (f *flawed) Mark(ctx context.Context, marks ...session.Mark) error {
	return f.mark(ctx, marks...)
}

func (f *flawed) Unmark(ctx context.Context, marks ...session.Mark) error {
	return f.unmark(ctx, marks...)
}

func (f *flawed) Marks(ctx context.Context, app string, after *session.Mark, limit int) ([]session.Mark, error) {
	return f.marks(ctx, app, after, limit)
}

func (f *flawed) Now(ctx context.Context) (session.Instant, error) {
	return f.now(ctx)
}

// edit changes a record behind the store's back.
func (f *flawed) edit(k session.Key, change func(r *session.Record)) {
	ctx := context.Background()
	r, err := session.PeekOne(ctx, f.Store, k)
	if err != nil {
		return
	}
	fence := r.Fence()
	change(r)
	f.Store.Apply(ctx, []session.Change{{Record: *r, Expect: &fence}})
}
