package sim

import (
	"context"
	"fmt"

	"github.com/aspstate/aspstate/internal/linear"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
)

// slot is a bridge's place: one run of the program after the other.
type slot struct {
	name  string
	runs  int
	life  *life         // of the present run
	store session.Store // what its fronts serve; nil while it is down
	cut   *cutover.Store

	stateServer, sqlServer *port // of its fronts
}

// serve starts the fronts of what the bridge serves.
func (b *slot) serve() {
	b.stateServer, b.sqlServer = b.life.stateServer(b.store), b.life.sqlServer(b.store)
}

func (b *slot) crash() {
	b.life.crash()
	b.store, b.cut, b.stateServer, b.sqlServer = nil, nil, nil, nil
}

// overBridge is a node's way to a bridge, without a protocol.
type overBridge struct {
	from *life
	to   *slot
}

// ask has a bridge do something for a node. It goes on with that when the node has gone, unless it is told to hang up.
func ask[T any](ctx context.Context, o overBridge, in linear.Asked, do func(context.Context, session.Store) (T, error)) (T, error) {
	what := fmt.Sprintf("%s %v %s", o.to.name, in.Verb, in.Key.ID)
	return pass(ctx, o.from, toBridge, what, func(inner context.Context) (T, error) {
		var none T
		life, store := o.to.life, o.to.store
		if store == nil {
			return none, errFailed
		}
		inner, hangUp := context.WithCancel(withErrand(inner, o.from.who(ctx)))
		defer hangUp()
		if o.from.w.plan.hangsUp {
			defer context.AfterFunc(ctx, hangUp)()
		}
		var v T
		var err error
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			v, err = do(inner, store)
		}()
		select {
		case <-answered:
		case <-life.dead:
			return none, errLost
		case <-o.from.w.over:
			return none, errOver
		}
		if life.isDead() {
			return none, errLost
		}
		return v, err
	})
}

func (o overBridge) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return ask(ctx, o, linear.Asked{Verb: linear.Get, Key: k}, func(ctx context.Context, s session.Store) (session.Item, error) {
		return s.Get(ctx, k)
	})
}

func (o overBridge) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return ask(ctx, o, linear.Asked{Verb: linear.Acquire, Key: k}, func(ctx context.Context, s session.Store) (session.Item, error) {
		return s.GetExclusive(ctx, k)
	})
}

func (o overBridge) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	_, err := ask(ctx, o, linear.Asked{Verb: linear.Set, Key: k}, func(ctx context.Context, s session.Store) (nothing, error) {
		return nothing{}, s.SetAndRelease(ctx, k, v, cond)
	})
	return err
}

func (o overBridge) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	_, err := ask(ctx, o, linear.Asked{Verb: linear.Release, Key: k}, func(ctx context.Context, s session.Store) (nothing, error) {
		return nothing{}, s.ReleaseExclusive(ctx, k, cookie)
	})
	return err
}

func (o overBridge) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	_, err := ask(ctx, o, linear.Asked{Verb: linear.Remove, Key: k}, func(ctx context.Context, s session.Store) (nothing, error) {
		return nothing{}, s.Remove(ctx, k, cond)
	})
	return err
}

func (o overBridge) ResetTimeout(ctx context.Context, k session.Key) error {
	_, err := ask(ctx, o, linear.Asked{Verb: linear.Reset, Key: k}, func(ctx context.Context, s session.Store) (nothing, error) {
		return nothing{}, s.ResetTimeout(ctx, k)
	})
	return err
}

func (o overBridge) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	_, err := ask(ctx, o, linear.Asked{Verb: linear.Create, Key: k}, func(ctx context.Context, s session.Store) (nothing, error) {
		return nothing{}, s.CreateUninitialized(ctx, k, v)
	})
	return err
}
