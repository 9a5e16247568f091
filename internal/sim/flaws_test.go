package sim

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// flaws are stores that are not what they should be.
var flaws = map[string]func(session.Store) session.Store{
	"a stale cookie is accepted":   func(s session.Store) session.Store { return staleCookies{s.(*way)} },
	"a release is lost":            func(s session.Store) session.Store { return lostReleases{s.(*way)} },
	"a lock is handed out twice":   func(s session.Store) session.Store { return twoOwners{s.(*way)} },
	"a removed session comes back": func(s session.Store) session.Store { return undead{s.(*way)} },
	"a dead session is served":     func(s session.Store) session.Store { return late{s.(*way)} },
}

// TestPlainFindsFlaws: nodes on one store already find what is wrong with it.
func TestPlainFindsFlaws(t *testing.T) {
	for name, flaw := range flaws {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 50; seed++ {
				if res := play(t, planOf(seed), plain(flaw)); len(res.wrong) > 0 {
					t.Logf("found by seed %d", seed)
					return
				}
			}
			t.Error("no seed finds it")
		})
	}
}

// TestForgettingStores: a store that may forget what it has acknowledged never gives a cookie twice all the same, and one that does
// is found.
func TestForgettingStores(t *testing.T) {
	found := 0
	for seed := uint64(1); seed <= 15; seed++ {
		p := planOf(seed)
		p.durable, p.sync, p.mortality = true, memstore.SyncInterval, 10*time.Second
		res := play(t, p, plain(honest))
		res.report(t)
		if res := play(t, p, plain(func(s session.Store) session.Store { return reissued{s.(*way)} })); len(res.wrong) > 0 {
			found++
		}
	}
	t.Logf("found by %d seeds of 15", found)
	if found == 0 {
		t.Error("no seed finds cookies that are issued again after a crash")
	}
}

// reissued gives the cookies that a store would give that does not count its crashes.
type reissued struct{ *way }

const jump = 1 << 20 // of the embedded store, for each crash

func (s reissued) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := s.way.GetExclusive(ctx, k)
	if locked, is := errors.AsType[*session.LockedError](err); is {
		err = &session.LockedError{Cookie: locked.Cookie % jump, Since: locked.Since, Uninitialized: locked.Uninitialized}
	}
	item.Cookie %= jump
	return item, err
}

func (s reissued) real(ctx context.Context, k session.Key, cookie int32) int32 {
	if r, err := session.PeekOne(ctx, s.way, k); err == nil && r.Lock.Cookie%jump == cookie {
		return r.Lock.Cookie
	}
	return cookie
}

func (s reissued) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	switch cond.Kind() {
	case session.KindIfCookie:
		cond = session.IfCookie(s.real(ctx, k, cond.Cookie()))
	case session.KindIfFree:
		cond = session.IfFree(s.real(ctx, k, cond.Cookie()))
	}
	return s.way.SetAndRelease(ctx, k, v, cond)
}

func (s reissued) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return s.way.ReleaseExclusive(ctx, k, s.real(ctx, k, cookie))
}

// staleCookies takes each write.
type staleCookies struct{ *way }

func (s staleCookies) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	if r, err := session.PeekOne(ctx, s.way, k); err == nil && cond.Kind() != session.KindInsert {
		cond = session.IfFree(r.Lock.Cookie)
	}
	return s.way.SetAndRelease(ctx, k, v, cond)
}

// lostReleases says that it has released.
type lostReleases struct{ *way }

func (s lostReleases) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	if r, err := session.PeekOne(ctx, s.way, k); err == nil && r.Lock.Locked && r.Lock.Cookie == cookie {
		return nil
	}
	return s.way.ReleaseExclusive(ctx, k, cookie)
}

// twoOwners takes a lock away from its owner.
type twoOwners struct{ *way }

func (s twoOwners) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := s.way.GetExclusive(ctx, k)
	if locked, is := errors.AsType[*session.LockedError](err); is {
		if err := s.way.ReleaseExclusive(ctx, k, locked.Cookie); err == nil {
			return s.way.GetExclusive(ctx, k)
		}
	}
	return item, err
}

// undead forgets a removal.
type undead struct{ *way }

func (s undead) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	r, err := session.PeekOne(ctx, s.way, k)
	if err != nil {
		return err
	}
	if err := s.way.Remove(ctx, k, cond); err != nil {
		return err
	}
	r.Lock.Locked = false
	_, err = s.way.Apply(ctx, []session.Change{{Record: *r}})
	return err
}

// late gives sessions another minute.
type late struct{ *way }

func (s late) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	if r, err := session.PeekOne(ctx, s.way, k); err == nil {
		longer := *r
		fence := r.Fence()
		longer.Expires += session.Minute
		s.way.Apply(ctx, []session.Change{{Record: longer, Expect: &fence}})
	}
	return s.way.GetExclusive(ctx, k)
}
