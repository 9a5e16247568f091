package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// flawsOfAbilities break what some stores can do besides.
var flawsOfAbilities = map[string]flaw{
	"Peek renews": {"peek touches nothing", func(f *flawed) session.Store {
		f.peek = func(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
			for _, k := range keys {
				f.Store.ResetTimeout(ctx, k)
			}
			return f.Store.Peek(ctx, keys)
		}
		return f
	}},
	"Peek clears marks": {"peek touches nothing", func(f *flawed) session.Store {
		f.peek = func(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
			rs, err := f.Store.Peek(ctx, keys)
			for _, k := range keys {
				f.edit(k, func(r *session.Record) { r.Flags = 0 })
			}
			return rs, err
		}
		return f
	}},
	"Peek hides the dead": {"peek touches nothing", func(f *flawed) session.Store {
		f.peek = func(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
			rs, err := f.Store.Peek(ctx, keys)
			for i, r := range rs {
				if r != nil && r.Expires < session.At(f.clock.Now()) {
					rs[i] = nil
				}
			}
			return rs, err
		}
		return f
	}},
	"Count off by one": {"count", func(f *flawed) session.Store {
		f.count = func(ctx context.Context) (int64, error) { n, err := f.Store.Count(ctx); return max(n-1, 0), err }
		return f
	}},
	"Scan skips": {"scan", func(f *flawed) session.Store {
		f.scan = func(ctx context.Context, req session.ScanRequest) (session.Page, error) {
			p, err := f.Store.Scan(ctx, req)
			if len(p.Records) > 5 {
				p.Records = append(p.Records[:4:4], p.Records[5:]...)
			}
			return p, err
		}
		return f
	}},
	"Scan repeats at page ends": {"scan pages", func(f *flawed) session.Store {
		var last session.Record
		var mu sync.Mutex
		f.scan = func(ctx context.Context, req session.ScanRequest) (session.Page, error) {
			p, err := f.Store.Scan(ctx, req)
			mu.Lock()
			defer mu.Unlock()
			if req.After != "" && len(p.Records) > 0 {
				p.Records[0] = last
			}
			if len(p.Records) > 0 {
				last = p.Records[len(p.Records)-1]
			}
			return p, err
		}
		return f
	}},
	"Scan has no bound of bytes": {"scan pages", func(f *flawed) session.Store {
		f.scan = func(ctx context.Context, req session.ScanRequest) (session.Page, error) {
			req.Bytes = 0
			return f.Store.Scan(ctx, req)
		}
		return f
	}},
	"Scan counts records instead of keeping a place": {"scan while others change", func(f *flawed) session.Store {
		f.scan = func(ctx context.Context, req session.ScanRequest) (session.Page, error) {
			skip := 0
			fmt.Sscanf(string(req.After), "%d", &skip)
			p, err := f.Store.Scan(ctx, session.ScanRequest{Limit: 100000})
			rest := p.Records[min(skip, len(p.Records)):]
			if len(rest) <= req.Limit {
				return session.Page{Records: rest}, err
			}
			return session.Page{Records: rest[:req.Limit], Next: session.Cursor(fmt.Sprint(skip + req.Limit))}, err
		}
		return f
	}},
	"Scan renews": {"scan touches nothing", func(f *flawed) session.Store {
		f.scan = func(ctx context.Context, req session.ScanRequest) (session.Page, error) {
			p, err := f.Store.Scan(ctx, req)
			for _, r := range p.Records {
				f.Store.ResetTimeout(ctx, r.Key)
			}
			return p, err
		}
		return f
	}},
	"Apply ignores the fence": {"apply refuses", func(f *flawed) session.Store {
		f.apply = func(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
			for i := range changes {
				changes[i].Expect = nil
				if r, err := session.PeekOne(ctx, f.Store, changes[i].Record.Key); err == nil {
					fence := r.Fence()
					changes[i].Expect = &fence
				}
			}
			return f.Store.Apply(ctx, changes)
		}
		return f
	}},
	"Apply compares all but Expires": {"apply refuses", func(f *flawed) session.Store {
		f.apply = func(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
			for i := range changes {
				if r, err := session.PeekOne(ctx, f.Store, changes[i].Record.Key); err == nil && changes[i].Expect != nil {
					fence := *changes[i].Expect
					fence.Expires = r.Expires
					changes[i].Expect = &fence
				}
			}
			return f.Store.Apply(ctx, changes)
		}
		return f
	}},
	"Apply rounds to seconds": {"apply inserts", func(f *flawed) session.Store {
		f.apply = func(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
			for i := range changes {
				changes[i].Record.Expires -= changes[i].Record.Expires % session.Second
			}
			return f.Store.Apply(ctx, changes)
		}
		f.after = func(c session.Change) session.Fence {
			fence := c.Record.Fence()
			fence.Expires -= fence.Expires % session.Second
			return fence
		}
		return f
	}},
	"After is off by a tick": {"apply inserts", func(f *flawed) session.Store {
		f.after = func(c session.Change) session.Fence { f := c.Record.Fence(); f.Created++; return f }
		return f
	}},
	"Apply loses the lock": {"apply inserts", func(f *flawed) session.Store {
		f.apply = func(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
			for i := range changes {
				changes[i].Record.Lock.Locked = false
			}
			return f.Store.Apply(ctx, changes)
		}
		return f
	}},
	"Apply again is a conflict": {"apply updates and deletes", func(f *flawed) session.Store {
		f.apply = func(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
			out, err := f.Store.Apply(ctx, changes)
			for i := range out {
				if out[i].Result == session.Already && !changes[i].Delete {
					out[i].Result = session.Conflict
				}
			}
			return out, err
		}
		return f
	}},
	"Already without comparing payloads": {"apply updates and deletes", func(f *flawed) session.Store {
		f.apply = func(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
			for i := range changes {
				r, err := session.PeekOne(ctx, f.Store, changes[i].Record.Key)
				if err == nil && r.Fence() == changes[i].Record.Fence() {
					changes[i].Record.Payload = r.Payload
				}
			}
			return f.Store.Apply(ctx, changes)
		}
		return f
	}},
	"Apply again takes another revision": {"apply and revisions", func(f *flawed) session.Store {
		f.apply = func(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
			out, err := f.Store.Apply(ctx, changes)
			for i := range out {
				if changes[i].Record.Revision == 0 && out[i].Result == session.Already {
					out[i].Result = session.Applied
				}
			}
			return out, err
		}
		return f
	}},
	"outcomes in another order": {"apply batch", func(f *flawed) session.Store {
		f.apply = func(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
			out, err := f.Store.Apply(ctx, changes)
			if len(out) > 1 {
				out[0], out[1] = out[1], out[0]
			}
			return out, err
		}
		return f
	}},
	"Sweep ignores the limit": {"sweep", func(f *flawed) session.Store {
		f.sweep = func(ctx context.Context, limit int) (int, error) { return f.Store.Sweep(ctx, limit+1) }
		return f
	}},
	"Sweep spares the locked": {"sweep", func(f *flawed) session.Store {
		f.sweep = func(ctx context.Context, limit int) (int, error) {
			p, _ := f.Store.Scan(ctx, session.ScanRequest{Limit: 1000})
			for _, r := range p.Records {
				if r.Lock.Locked {
					f.Store.ResetTimeout(ctx, r.Key)
					f.edit(r.Key, func(r *session.Record) { r.Expires = session.At(f.clock.Now()) + session.Minute })
				}
			}
			return f.Store.Sweep(ctx, limit)
		}
		return f
	}},
	"Sweep removes the living": {"sweep spares the living", func(f *flawed) session.Store {
		f.sweep = func(ctx context.Context, limit int) (int, error) {
			p, _ := f.Store.Scan(ctx, session.ScanRequest{Limit: 1000})
			for _, r := range p.Records {
				if r.Created.AddMinutes(r.Timeout) < session.At(f.clock.Now()) {
					f.Store.Remove(ctx, r.Key, session.IfCookie(r.Lock.Cookie))
				}
			}
			return f.Store.Sweep(ctx, limit)
		}
		return f
	}},
	"last come, first served": {"wait in order", func(f *flawed) session.Store {
		var mu sync.Mutex
		var queue []chan struct{}
		f.wait = func(ctx context.Context, k session.Key, d time.Duration) (session.Item, error) {
			for {
				item, err := f.Store.GetExclusive(ctx, k)
				var locked *session.LockedError
				if !errors.As(err, &locked) || d <= 0 {
					return item, err
				}
				turn := make(chan struct{})
				mu.Lock()
				queue = append(queue, turn)
				mu.Unlock()
				select {
				case <-turn:
				case <-time.After(d):
					return item, err
				case <-ctx.Done():
					return item, ctx.Err()
				}
			}
		}
		next := func() {
			mu.Lock()
			defer mu.Unlock()
			if n := len(queue); n > 0 {
				close(queue[n-1])
				queue = queue[:n-1]
			}
		}
		f.release = func(ctx context.Context, k session.Key, cookie int32) error {
			defer next()
			return f.Store.ReleaseExclusive(ctx, k, cookie)
		}
		f.set = func(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
			defer next()
			return f.Store.SetAndRelease(ctx, k, v, cond)
		}
		return f
	}},
	"waits too long": {"wait in vain", func(f *flawed) session.Store {
		f.wait = func(ctx context.Context, k session.Key, d time.Duration) (session.Item, error) {
			return f.Store.WaitExclusive(ctx, k, d+time.Second)
		}
		return f
	}},
	"waits on when cancelled": {"wait cancelled", func(f *flawed) session.Store {
		f.wait = func(ctx context.Context, k session.Key, d time.Duration) (session.Item, error) {
			item, err := f.Store.WaitExclusive(context.WithoutCancel(ctx), k, time.Minute)
			return item, err
		}
		return f
	}},
	"does not notice the removal": {"wait for a session that goes", func(f *flawed) session.Store {
		f.wait = func(ctx context.Context, k session.Key, d time.Duration) (session.Item, error) {
			for end := time.Now().Add(d); ; {
				item, err := f.Store.GetExclusive(ctx, k)
				var locked *session.LockedError
				if !errors.As(err, &locked) || time.Now().After(end) {
					return item, err
				}
				select {
				case <-time.After(500 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		}
		return f
	}},
}
