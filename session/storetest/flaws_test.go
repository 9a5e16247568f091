package storetest

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync/atomic"

	"github.com/aspstate/aspstate/session"
)

// flaw breaks one thing in a sound store; seen is the check that has to notice.
type flaw struct {
	seen   string
	breaks func(f *flawed) session.Store
}

// flawsOfVerbs break what every Store does.
var flawsOfVerbs = map[string]flaw{
	"stale cookie writes": {"broken lock", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			if r, err := session.PeekOne(ctx, f.Store, k); err == nil && cond.Kind() == session.KindIfCookie {
				cond = session.IfCookie(r.Lock.Cookie)
			}
			return f.Store.SetAndRelease(ctx, k, v, cond)
		}
		return f
	}},
	"stale cookie writes where free": {"set", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			if r, err := session.PeekOne(ctx, f.Store, k); err == nil && cond.Kind() == session.KindIfCookie && !r.Lock.Locked {
				cond = session.IfCookie(r.Lock.Cookie)
			}
			return f.Store.SetAndRelease(ctx, k, v, cond)
		}
		return f
	}},
	"IfFree does not look at the lock": {"set", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			if r, err := session.PeekOne(ctx, f.Store, k); err == nil && cond.Kind() == session.KindIfFree {
				cond = session.IfCookie(r.Lock.Cookie)
			}
			return f.Store.SetAndRelease(ctx, k, v, cond)
		}
		return f
	}},
	"Insert overwrites": {"exists", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			err := f.Store.SetAndRelease(ctx, k, v, cond)
			if errors.Is(err, session.ErrExists) {
				f.edit(k, func(r *session.Record) { r.Payload = v.Payload })
			}
			return err
		}
		return f
	}},
	"Set keeps the lock": {"set", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			err := f.Store.SetAndRelease(ctx, k, v, cond)
			if err == nil && cond.Kind() == session.KindIfCookie {
				f.edit(k, func(r *session.Record) { r.Lock.Locked = true })
			}
			return err
		}
		return f
	}},
	"Set ignores the timeout": {"renewal by the new timeout", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			err := f.Store.SetAndRelease(ctx, k, v, cond)
			f.edit(k, func(r *session.Record) { r.Expires = session.At(f.clock.Now()).AddMinutes(timeout) })
			return err
		}
		return f
	}},
	"Set clears the mark": {"mark and other calls", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			err := f.Store.SetAndRelease(ctx, k, v, cond)
			f.edit(k, func(r *session.Record) { r.Flags = 0 })
			return err
		}
		return f
	}},
	"Set moves the lock date": {"lock date", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			err := f.Store.SetAndRelease(ctx, k, v, cond)
			f.edit(k, func(r *session.Record) { r.Lock.Since = session.At(f.clock.Now()) })
			return err
		}
		return f
	}},
	"payload cut at 7000": {"payload sizes", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			v.Payload = v.Payload[:min(len(v.Payload), 7000)]
			return f.Store.SetAndRelease(ctx, k, v, cond)
		}
		return f
	}},
	"payload rewritten in place": {"payload kept", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			if r, err := session.PeekOne(ctx, f.Store, k); err == nil && len(r.Payload) == len(v.Payload) {
				copy(r.Payload, v.Payload)
			}
			return f.Store.SetAndRelease(ctx, k, v, cond)
		}
		return f
	}},
	"revision stays": {"set", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			before, _ := session.PeekOne(ctx, f.Store, k)
			err := f.Store.SetAndRelease(ctx, k, v, cond)
			if before != nil {
				f.edit(k, func(r *session.Record) { r.Revision = before.Revision })
			}
			return err
		}
		return f
	}},
	"mark told twice": {"mark told once", func(f *flawed) session.Store {
		f.get = func(ctx context.Context, k session.Key) (session.Item, error) {
			item, err := f.Store.Get(ctx, k)
			if err == nil && item.Uninitialized {
				f.edit(k, func(r *session.Record) { r.Flags = session.Uninitialized })
			}
			return item, err
		}
		return f
	}},
	"mark told to two at once": {"mark told to one of many", func(f *flawed) session.Store {
		f.get = func(ctx context.Context, k session.Key) (session.Item, error) {
			r, _ := session.PeekOne(ctx, f.Store, k)
			for range 50 {
				runtime.Gosched()
			}
			item, err := f.Store.Get(ctx, k)
			if err == nil && r != nil {
				item.Uninitialized = r.Flags != 0
			}
			return item, err
		}
		return f
	}},
	"Get takes the lock": {"read", func(f *flawed) session.Store {
		f.get = f.Store.GetExclusive
		return f
	}},
	"Get reads locked sessions": {"read", func(f *flawed) session.Store {
		f.get = func(ctx context.Context, k session.Key) (session.Item, error) {
			item, err := f.Store.Get(ctx, k)
			var locked *session.LockedError
			if errors.As(err, &locked) {
				r, _ := session.PeekOne(ctx, f.Store, k)
				return session.Item{Payload: r.Payload}, nil
			}
			return item, err
		}
		return f
	}},
	"refusal tells another cookie": {"read", func(f *flawed) session.Store {
		f.x = func(ctx context.Context, k session.Key) (session.Item, error) {
			item, err := f.Store.GetExclusive(ctx, k)
			var locked *session.LockedError
			if errors.As(err, &locked) {
				locked.Cookie++
			}
			return item, err
		}
		return f
	}},
	"two owners": {"no increment lost", func(f *flawed) session.Store {
		f.x = func(ctx context.Context, k session.Key) (session.Item, error) {
			item, err := f.Store.GetExclusive(ctx, k)
			var locked *session.LockedError
			if errors.As(err, &locked) {
				runtime.Gosched()
				if r, err := session.PeekOne(ctx, f.Store, k); err == nil {
					return session.Item{Payload: r.Payload, Timeout: r.Timeout, Cookie: r.Lock.Cookie, Since: r.Lock.Since}, nil
				}
			}
			return item, err
		}
		return f
	}},
	"cookies return": {"cookies rise", func(f *flawed) session.Store {
		f.release = func(ctx context.Context, k session.Key, cookie int32) error {
			err := f.Store.ReleaseExclusive(ctx, k, cookie)
			f.edit(k, func(r *session.Record) { r.Lock.Cookie = 1 })
			return err
		}
		return f
	}},
	"release lost": {"release", func(f *flawed) session.Store {
		f.release = func(ctx context.Context, k session.Key, cookie int32) error { return nil }
		return f
	}},
	"release under any cookie": {"release", func(f *flawed) session.Store {
		f.release = func(ctx context.Context, k session.Key, cookie int32) error {
			r, err := session.PeekOne(ctx, f.Store, k)
			if err != nil {
				return err
			}
			return f.Store.ReleaseExclusive(ctx, k, r.Lock.Cookie)
		}
		return f
	}},
	"removal lost": {"remove", func(f *flawed) session.Store {
		f.remove = func(ctx context.Context, k session.Key, cond session.Condition) error {
			r, err := session.PeekOne(ctx, f.Store, k)
			if err = f.Store.Remove(ctx, k, cond); err == nil && r != nil {
				f.Store.Apply(ctx, []session.Change{{Record: *r}})
			}
			return err
		}
		return f
	}},
	"ResetTimeout unlocks": {"reset timeout", func(f *flawed) session.Store {
		f.reset = func(ctx context.Context, k session.Key) error {
			err := f.Store.ResetTimeout(ctx, k)
			f.edit(k, func(r *session.Record) { r.Lock.Locked = false })
			return err
		}
		return f
	}},
	"ResetTimeout does not renew": {"renewal", func(f *flawed) session.Store {
		f.reset = func(ctx context.Context, k session.Key) error {
			_, err := session.PeekOne(ctx, f.Store, k)
			return err
		}
		return f
	}},
	"CreateUninitialized overwrites": {"exists", func(f *flawed) session.Store {
		f.create = func(ctx context.Context, k session.Key, v session.Value) error {
			err := f.Store.CreateUninitialized(ctx, k, v)
			if errors.Is(err, session.ErrExists) {
				f.edit(k, func(r *session.Record) { r.Payload = v.Payload })
			}
			return err
		}
		return f
	}},
	"context not looked at": {"ended context", func(f *flawed) session.Store {
		f.reset = func(_ context.Context, k session.Key) error { return f.Store.ResetTimeout(context.Background(), k) }
		return f
	}},
	"applications mixed up": {"keys", func(f *flawed) session.Store {
		f.create = func(ctx context.Context, k session.Key, v session.Value) error {
			return f.Store.CreateUninitialized(ctx, session.Key{App: "shop", ID: k.ID}, v)
		}
		return f
	}},
	"ids cut": {"keys", func(f *flawed) session.Store {
		cut := func(k session.Key) session.Key { k.ID = k.ID[:min(len(k.ID), 23)]; return k }
		f.create = func(ctx context.Context, k session.Key, v session.Value) error {
			return f.Store.CreateUninitialized(ctx, cut(k), v)
		}
		f.x = func(ctx context.Context, k session.Key) (session.Item, error) {
			return f.Store.GetExclusive(ctx, cut(k))
		}
		return f
	}},
	"empty payload becomes another": {"payload empty", func(f *flawed) session.Store {
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			if len(v.Payload) == 0 {
				v.Payload = bytes.Clone(payload)
			}
			return f.Store.SetAndRelease(ctx, k, v, cond)
		}
		return f
	}},
	"expires a tick early": {"deadline", func(f *flawed) session.Store {
		f.get = func(ctx context.Context, k session.Key) (session.Item, error) {
			if r, err := session.PeekOne(ctx, f.Store, k); err == nil && r.Expires <= session.At(f.clock.Now()) {
				return session.Item{}, session.ErrNotFound
			}
			return f.Store.Get(ctx, k)
		}
		return f
	}},
	"creators both win": {"one creator", func(f *flawed) session.Store {
		f.create = func(ctx context.Context, k session.Key, v session.Value) error {
			err := f.Store.CreateUninitialized(ctx, k, v)
			if errors.Is(err, session.ErrExists) {
				if r, err := session.PeekOne(ctx, f.Store, k); err == nil && r.Lock.Cookie == 1 && !r.Lock.Locked {
					return nil
				}
			}
			return err
		}
		return f
	}},
	"fails now and then": {"everything at once", func(f *flawed) session.Store {
		var calls atomic.Int32
		f.reset = func(ctx context.Context, k session.Key) error {
			if calls.Add(1)%50 == 0 {
				return errors.New("deadlock victim")
			}
			return f.Store.ResetTimeout(ctx, k)
		}
		return f
	}},
}
