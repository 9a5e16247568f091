package storetest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// flawsOfControl break what programs of a cut-over rely on.
var flawsOfControl = map[string]flaw{
	"Agree at any epoch": {"agree", func(f *flawed) session.Store {
		f.agree = func(ctx context.Context, app string, body []byte, epoch int64) (int64, error) {
			if a, err := f.Store.Agreement(ctx); err == nil {
				epoch = a.Epoch
			}
			return f.Store.Agree(ctx, app, body, epoch)
		}
		return f
	}},
	"an epoch for each application": {"agree", func(f *flawed) session.Store {
		f.agree = func(ctx context.Context, app string, body []byte, epoch int64) (int64, error) {
			a, _ := f.Store.Agreement(ctx)
			its := int64(0)
			for _, one := range a.Apps {
				if one.App == app {
					its = one.Epoch
				}
			}
			if its != epoch {
				return 0, session.ErrEpoch
			}
			return f.Store.Agree(ctx, app, body, a.Epoch)
		}
		return f
	}},
	"an empty body stays": {"agree", func(f *flawed) session.Store {
		f.agree = func(ctx context.Context, app string, body []byte, epoch int64) (int64, error) {
			return f.Store.Agree(ctx, app, append(body, ' '), epoch)
		}
		return f
	}},
	"Agree in two steps": {"agree at one epoch", func(f *flawed) session.Store {
		f.agree = func(ctx context.Context, app string, body []byte, epoch int64) (int64, error) {
			a, err := f.Store.Agreement(ctx)
			if err != nil || a.Epoch != epoch {
				return 0, session.ErrEpoch
			}
			for range 100 {
				runtime.Gosched()
			}
			for {
				next, err := f.Store.Agree(ctx, app, body, epoch)
				if !errors.Is(err, session.ErrEpoch) {
					return next, err
				}
				epoch++
			}
		}
		return f
	}},
	"the loser's body": {"agree at one epoch", func(f *flawed) session.Store {
		var mu sync.Mutex
		last := map[string][]byte{}
		f.agree = func(ctx context.Context, app string, body []byte, epoch int64) (int64, error) {
			next, err := f.Store.Agree(ctx, app, body, epoch)
			mu.Lock()
			last[app] = body
			mu.Unlock()
			return next, err
		}
		f.agreement = func(ctx context.Context) (session.Agreement, error) {
			a, err := f.Store.Agreement(ctx)
			mu.Lock()
			defer mu.Unlock()
			for i := range a.Apps {
				a.Apps[i].Body = last[a.Apps[i].App]
			}
			return a, err
		}
		return f
	}},
	"a lease read before it is taken": {"lease", func(f *flawed) session.Store {
		f.lease = func(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
			a, err := f.Store.Agreement(ctx)
			if err == nil {
				_, err = f.Store.Lease(ctx, l, d)
			}
			return a, err
		}
		return f
	}},
	"a lease read a moment later": {"lease in one step", func(f *flawed) session.Store {
		f.lease = func(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
			if _, err := f.Store.Lease(ctx, l, d); err != nil {
				return session.Agreement{}, err
			}
			for range 100 {
				runtime.Gosched()
			}
			return f.Store.Agreement(ctx)
		}
		return f
	}},
	"a renewal keeps the epoch": {"lease", func(f *flawed) session.Store {
		var mu sync.Mutex
		first := map[string]int64{}
		f.lease = func(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
			mu.Lock()
			if _, known := first[l.Holder]; !known {
				first[l.Holder] = l.Epoch
			}
			l.Epoch = first[l.Holder]
			mu.Unlock()
			return f.Store.Lease(ctx, l, d)
		}
		return f
	}},
	"leases are renewed from their end": {"lease", func(f *flawed) session.Store {
		f.lease = func(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
			a, _ := f.Store.Agreement(ctx)
			for _, old := range a.Leases {
				if old.Holder == l.Holder {
					d += old.Until.Sub(a.Now)
				}
			}
			return f.Store.Lease(ctx, l, d)
		}
		return f
	}},
	"leases that are over are not shown": {"leases that are over", func(f *flawed) session.Store {
		f.agreement = func(ctx context.Context) (session.Agreement, error) {
			a, err := f.Store.Agreement(ctx)
			a.Leases = slices.DeleteFunc(a.Leases, func(l session.Lease) bool { return l.Until < a.Now })
			return a, err
		}
		return f
	}},
	"leases stay for ever": {"leases that are over", func(f *flawed) session.Store {
		var mu sync.Mutex
		all := map[string]session.Lease{}
		f.lease = func(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
			a, err := f.Store.Lease(ctx, l, d)
			mu.Lock()
			defer mu.Unlock()
			l.Until = session.At(f.clock.Now().Add(d))
			all[l.Holder] = l
			return a, err
		}
		f.agreement = func(ctx context.Context) (session.Agreement, error) {
			a, err := f.Store.Agreement(ctx)
			mu.Lock()
			defer mu.Unlock()
			a.Leases = nil
			for _, l := range all {
				a.Leases = append(a.Leases, l)
			}
			slices.SortFunc(a.Leases, func(a, b session.Lease) int { return strings.Compare(a.Holder, b.Holder) })
			return a, err
		}
		return f
	}},
	"Leave does nothing": {"lease", func(f *flawed) session.Store {
		f.leave = func(context.Context, string) error { return nil }
		return f
	}},
	"texts are cut": {"control has limits", func(f *flawed) session.Store {
		f.lease = func(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
			l.Title = l.Title[:min(len(l.Title), session.MaxTitle)]
			return f.Store.Lease(ctx, l, d)
		}
		return f
	}},
	"a mark is a session": {"control is no session", func(f *flawed) session.Store {
		f.mark = func(ctx context.Context, marks ...session.Mark) error {
			for _, m := range marks {
				f.Store.CreateUninitialized(ctx, m.Key, session.Value{Payload: []byte{1}, Timeout: 1})
			}
			return f.Store.Mark(ctx, marks...)
		}
		return f
	}},
	"a session's end is its marks'": {"control is no session", func(f *flawed) session.Store {
		f.remove = func(ctx context.Context, k session.Key, cond session.Condition) error {
			f.Store.Unmark(ctx, session.Mark{Key: k, ID: "m"})
			return f.Store.Remove(ctx, k, cond)
		}
		return f
	}},
	"a key has one mark": {"dirty keys", func(f *flawed) session.Store {
		f.mark = func(ctx context.Context, marks ...session.Mark) error {
			marks = slices.Clone(marks)
			for i := range marks {
				marks[i].ID = ""
			}
			return f.Store.Mark(ctx, marks...)
		}
		return f
	}},
	"unmarking takes all marks of a key": {"dirty keys", func(f *flawed) session.Store {
		f.unmark = func(ctx context.Context, marks ...session.Mark) error {
			for _, m := range marks {
				all, _ := f.Store.Marks(ctx, m.Key.App, nil, 1000)
				all = slices.DeleteFunc(all, func(other session.Mark) bool { return other.Key != m.Key })
				f.Store.Unmark(ctx, all...)
			}
			return nil
		}
		return f
	}},
	"marks fold case": {"dirty keys", func(f *flawed) session.Store {
		f.mark = func(ctx context.Context, marks ...session.Mark) error {
			marks = slices.Clone(marks)
			for i := range marks {
				marks[i].Key.ID = strings.ToLower(marks[i].Key.ID)
			}
			return f.Store.Mark(ctx, marks...)
		}
		return f
	}},
	"marks of all applications": {"dirty keys", func(f *flawed) session.Store {
		f.marks = func(ctx context.Context, app string, after *session.Mark, limit int) ([]session.Mark, error) {
			some, err := f.Store.Marks(ctx, app, after, limit)
			if app == "shop" && len(some) < limit {
				more, _ := f.Store.Marks(ctx, "forum", nil, limit-len(some))
				some = append(some, more...)
			}
			return some, err
		}
		return f
	}},
	"a listing goes on by number": {"dirty keys listed", func(f *flawed) session.Store {
		var mu sync.Mutex
		places := map[session.Mark]int{}
		f.marks = func(ctx context.Context, app string, after *session.Mark, limit int) ([]session.Mark, error) {
			mu.Lock()
			defer mu.Unlock()
			all, err := f.Store.Marks(ctx, app, nil, 100000)
			begin := 0
			if after != nil {
				begin = min(places[*after]+1, len(all))
			}
			page := all[begin:min(begin+limit, len(all))]
			for i, m := range page {
				places[m] = begin + i
			}
			return page, err
		}
		return f
	}},
	"a listing begins anew after a mark that is gone": {"dirty keys listed", func(f *flawed) session.Store {
		f.marks = func(ctx context.Context, app string, after *session.Mark, limit int) ([]session.Mark, error) {
			if after != nil {
				if all, err := f.Store.Marks(ctx, app, nil, 100000); err != nil || !slices.Contains(all, *after) {
					after = nil
				}
			}
			return f.Store.Marks(ctx, app, after, limit)
		}
		return f
	}},
	"marks get lost in a crowd": {"dirty keys of many clients", func(f *flawed) session.Store {
		var mu sync.Mutex
		busy := false
		f.mark = func(ctx context.Context, marks ...session.Mark) error {
			mu.Lock()
			crowd := busy
			busy = true
			mu.Unlock()
			for range 20 {
				runtime.Gosched()
			}
			defer func() { mu.Lock(); busy = false; mu.Unlock() }()
			if crowd {
				return nil
			}
			return f.Store.Mark(ctx, marks...)
		}
		return f
	}},
	"another clock": {"clock", func(f *flawed) session.Store {
		f.now = func(context.Context) (session.Instant, error) { return session.At(f.clock.Now()) + 2, nil }
		return f
	}},
	"a clock that stands": {"clock", func(f *flawed) session.Store {
		f.now = func(context.Context) (session.Instant, error) { return session.At(NewClock().Now()), nil }
		return f
	}},
}
