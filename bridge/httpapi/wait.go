package httpapi

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// lookAgain is how often a lock is asked for where the store knows no waiting: ASP.NET's own interval is 500 ms.
const lookAgain = 250 * time.Millisecond

// maxWaits bounds the requests that wait at a time. Each is a goroutine; what else limits them are connections, and streams.
const maxWaits = 10_000

// waits counts the requests that wait.
type waits struct{ n atomic.Int64 }

func (w *waits) count() int { return int(w.n.Load()) }

func (w *waits) enter() bool {
	if w.n.Add(1) > maxWaits {
		w.n.Add(-1)
		return false
	}
	return true
}

func (w *waits) leave() { w.n.Add(-1) }

var errLeaving = errors.New("the server stops")

// acquire takes the lock, and waits for it as long as the client asks. Who goes away is not waited for, and gets no lock.
func (x *exchange) acquire() (session.Item, *problem) {
	// Cut off in the middle, nobody would know whether the lock was taken, and under which cookie.
	whole := context.WithoutCancel(x.r.Context())
	if x.q.wait <= 0 {
		item, err := x.f.Store.GetExclusive(x.named(whole), x.key)
		if err != nil {
			return item, x.fail("locking a session", err)
		}
		return item, nil
	}
	if !x.f.waiting.enter() {
		return session.Item{}, problemDown.because("Too many requests wait for locks.")
	}
	defer x.f.waiting.leave()
	ctx, stop := x.waiting()
	defer stop()
	var item session.Item
	var err error
	if waiter, can := x.f.Store.(session.Waiter); can {
		item, err = waiter.WaitExclusive(x.named(ctx), x.key, x.q.wait)
	} else {
		item, err = x.poll(ctx, x.named(whole))
	}
	if locked, is := errors.AsType[*session.LockedError](err); is && ctx.Err() == nil && x.isAbandoned(ctx, locked) {
		x.f.said.Warn(x.f.Logger, "a lock is taken from a holder who has had it for too long", "app", x.key.App)
		x.giveBack(locked.Cookie) // whoever has taken it meanwhile keeps it
		item, err = x.f.Store.GetExclusive(x.named(whole), x.key)
		item.Uninitialized = item.Uninitialized || locked.Uninitialized && err == nil
	}
	switch {
	case err == nil && x.r.Context().Err() != nil: // too late for the client
		x.giveBack(item.Cookie)
		return item, problemStopping.because("The client has gone.")
	case err != nil && ctx.Err() != nil && x.r.Context().Err() == nil:
		return item, problemStopping.because("The session was locked yet. Another server, or this one later, may be asked.")
	case err != nil && x.r.Context().Err() != nil:
		return item, problemStopping.because("The client has gone.")
	case err != nil:
		return item, x.fail("locking a session", err)
	}
	return item, nil
}

// isAbandoned says whether a lock is so old that its holder has lost it.
func (x *exchange) isAbandoned(ctx context.Context, l *session.LockedError) bool {
	after := cmp.Or(x.f.StealAfter, DefaultSteal)
	clock := x.f.Clock
	if clock == nil {
		clock, _ = x.f.Store.(session.Clocked)
	}
	now := session.At(x.f.now())
	if clock != nil {
		its, err := clock.Now(ctx)
		if err != nil {
			return false
		}
		now = its
	}
	return after > 0 && now.Sub(l.Since) >= after
}

// waiting returns a context that ends when the client goes away or the connection is to be left.
func (x *exchange) waiting() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(x.r.Context())
	if x.conn == nil || x.conn.leaving == nil {
		return ctx, func() { cancel(nil) }
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-x.conn.leaving:
			cancel(errLeaving)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-over
	}
}

func (x *exchange) named(ctx context.Context) context.Context {
	if client := x.conn.client(); x.f.Named != nil && client != "" {
		return x.f.Named(ctx, client)
	}
	return ctx
}

// poll asks again and again. A refused read may have spent the uninitialized mark, and told nobody else.
func (x *exchange) poll(ctx, whole context.Context) (session.Item, error) {
	until := time.NewTimer(x.q.wait)
	defer until.Stop()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	marked := false
	for last := false; ; {
		item, err := x.f.Store.GetExclusive(whole, x.key)
		var locked *session.LockedError
		if !errors.As(err, &locked) {
			item.Uninitialized = item.Uninitialized || marked
			return item, err
		}
		marked = marked || locked.Uninitialized
		locked.Uninitialized = marked
		if last {
			return item, locked
		}
		select {
		case <-again.C:
		case <-until.C:
			last = true
		case <-ctx.Done():
			return item, ctx.Err()
		}
	}
}
