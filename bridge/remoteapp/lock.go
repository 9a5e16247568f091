package remoteapp

import (
	"context"
	"errors"
	"time"

	"github.com/aspstate/aspstate/session"
)

// A locked session is asked for again after 25 ms, and less often from time to time, down to the pace of ASP.NET.
const (
	firstPause = 25 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// lock takes the lock of a session, and waits for it. Where there is no such session it makes one first, as ASP.NET does for an
// id of a form that it knows: two first requests of one browser are then serial like all others. It does so for an id that
// was made here as well, though nobody but this client can know it yet: the browser may have it before the commit, which ends
// the client's request, and its next request would make a session that the commit then finds in its place. made says that the
// session is this request's, to be taken away if there is no commit.
func (h *Handler) lock(ctx context.Context, k session.Key, fresh func() (session.Value, error)) (item session.Item, made bool, err error) {
	until := time.Now().Add(h.o.Wait)
	for {
		item, err = h.patient(ctx, k, until, h.waiter != nil, h.exclusive)
		if !errors.Is(err, session.ErrNotFound) {
			return item, made && item.Uninitialized, err
		}
		if time.Now().After(until) {
			return item, false, errBusy
		}
		v, err := fresh()
		if err != nil {
			return item, false, err
		}
		err = h.call(ctx, func(ctx context.Context) error { return h.o.Store.CreateUninitialized(ctx, k, v) })
		if made = err == nil; err != nil && !errors.Is(err, session.ErrExists) {
			return item, false, err
		}
	}
}

// call calls the store if the client is still there, and does not cut the call off when it leaves.
func (h *Handler) call(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	within, cancel := hardly(ctx)
	defer cancel()
	return f(within)
}

// exclusive takes a lock within a time, in the order of those who wait if the store has one. If the client leaves in that
// moment, the lock is given back like one that it held.
func (h *Handler) exclusive(ctx context.Context, k session.Key, wait time.Duration) (item session.Item, err error) {
	if wait > 0 && h.waiter != nil {
		return h.waiter.WaitExclusive(ctx, k, wait)
	}
	err = h.call(ctx, func(ctx context.Context) (err error) {
		item, err = h.o.Store.GetExclusive(ctx, k)
		return err
	})
	return item, err
}

// shared reads without a lock, for which no store has an order.
func (h *Handler) shared(ctx context.Context, k session.Key, _ time.Duration) (session.Item, error) {
	return h.o.Store.Get(ctx, k)
}

// patient tries to read while the session is locked, until the time is up; queue: try can stand in a queue for so long. A lock
// that is older than StealAfter is given back for its holder, by its cookie: if that is no longer the lock's, nothing happens.
func (h *Handler) patient(
	ctx context.Context, k session.Key, until time.Time, queue bool, try func(context.Context, session.Key, time.Duration) (session.Item, error),
) (session.Item, error) {
	marked, waiting, stolen, wait, pause := false, false, int32(0), time.Duration(0), firstPause
	for {
		item, err := try(ctx, k, wait)
		var locked *session.LockedError
		if !errors.As(err, &locked) || ctx.Err() != nil {
			item.Uninitialized = err == nil && (item.Uninitialized || marked)
			return item, err
		}
		if !waiting {
			waiting = true
			h.waiting.Add(1)
			defer h.waiting.Add(-1)
		}
		marked = marked || locked.Uninitialized // a refused read may have spent the mark, and told us alone
		left := time.Until(until)
		if left <= 0 {
			return item, errBusy
		}
		if h.o.StealAfter > 0 && locked.Cookie != stolen {
			if steal := h.o.StealAfter - h.age(ctx, locked.Since); steal > 0 {
				left = min(left, steal)
			} else {
				stolen, wait = locked.Cookie, 0
				h.said.Warn(h.o.Logger, "a lock is taken from a holder who has had it for too long", "app", k.App)
				h.giveBack(ctx, k, locked.Cookie)
				continue
			}
		}
		line := queue && wait == 0
		wait = left
		if line {
			continue
		}
		timer := time.NewTimer(min(pause, left)) // the queue is full, or there is none
		pause = min(2*pause, lastPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return item, ctx.Err()
		}
	}
}

// age returns how long ago a moment of the store's was.
func (h *Handler) age(ctx context.Context, since session.Instant) time.Duration {
	now := session.At(time.Now())
	if h.clock != nil {
		if its, err := h.clock.Now(ctx); err == nil {
			now = its
		}
	}
	return now.Sub(since)
}

// giveBack releases a lock. Whoever has taken it meanwhile keeps it.
func (h *Handler) giveBack(ctx context.Context, k session.Key, cookie int32) {
	within, cancel := hardly(ctx)
	defer cancel()
	h.lost(h.o.Store.ReleaseExclusive(within, k, cookie))
}

// lost tells of an error after which a lock may be left behind, until it is old enough to be taken.
func (h *Handler) lost(err error) {
	var locked *session.LockedError
	if err == nil || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrStaleCookie) || errors.As(err, &locked) {
		return
	}
	h.said.Warn(h.o.Logger, "giving back a lock failed", "error", err)
}
