package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// recorder is a TB that notes failures instead of failing.
type recorder struct {
	ctx context.Context

	mu       sync.Mutex
	failures []string
	skipped  bool
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
	r.mu.Unlock()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skipf(string, ...any) {
	r.mu.Lock()
	r.skipped = true
	r.mu.Unlock()
	runtime.Goexit()
}

// outcomes runs the whole suite and returns the failures of each check that had some.
func outcomes(t *testing.T, open func(clock *Clock) session.Store, rules Rules) map[string][]string {
	t.Helper()
	failed := map[string][]string{}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			c.in(t, func(t *testing.T) {
				clock := NewClock()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel() // for goroutines that wait on, if the check gave up
				r := &recorder{ctx: ctx}
				done := make(chan struct{})
				go func() {
					defer close(done)
					c.run(newHarness(r, Subject{Store: open(clock), Clock: clock}, rules))
				}()
				<-done
				r.mu.Lock()
				defer r.mu.Unlock()
				if len(r.failures) > 0 {
					failed[c.name] = r.failures
				}
			})
		})
	}
	return failed
}

func sound(clock *Clock) session.Store { return memstore.New(memstore.Options{Now: clock.Now}) }

func soundRules() Rules {
	r := Ordinary()
	r.CountsExactly, r.Needs = true, AllAbilities
	return r
}

// TestSoundStorePasses is the other half of the tests below: the recorder records nothing without cause.
func TestSoundStorePasses(t *testing.T) {
	for name, failures := range outcomes(t, sound, soundRules()) {
		t.Errorf("%s: %s", name, strings.Join(failures, "\n"))
	}
}

// TestEachRuleIsTested turns each rule around for a store that is not otherwise: the suite has to see it.
func TestEachRuleIsTested(t *testing.T) {
	turns := map[string]func(r *Rules){
		"FirstCookie":   func(r *Rules) { r.FirstCookie = 0 },
		"SinceSlack":    nil, // a tolerance: more of it is no claim
		"Conditions":    func(r *Rules) { r.Conditions = []session.ConditionKind{session.KindIfCookie, session.KindIfFree} },
		"MaxPayload":    func(r *Rules) { r.MaxPayload = 7000 },
		"Needs":         nil, // TestMissingAbilities
		"CountsExactly": nil, // likewise: TestBrokenStores
	}
	for i := range reflect.TypeFor[Rules]().NumField() {
		field := reflect.TypeFor[Rules]().Field(i)
		turn, known := turns[field.Name]
		if !known {
			if field.Type.Kind() != reflect.Bool {
				t.Fatalf("rule %s: this test does not know how to turn it around", field.Name)
			}
			turn = func(r *Rules) {
				v := reflect.ValueOf(r).Elem().Field(i)
				v.SetBool(!v.Bool())
			}
		}
		if turn == nil {
			continue
		}
		t.Run(field.Name, func(t *testing.T) {
			r := soundRules()
			turn(&r)
			if len(outcomes(t, sound, r)) == 0 {
				t.Errorf("a store that does not follow the rule passes")
			}
		})
	}
}

// bare hides the abilities.
type bare struct{ session.Store }

func TestMissingAbilities(t *testing.T) {
	for a := Peeks; a <= Counts; a <<= 1 {
		r := Ordinary()
		open := func(clock *Clock) session.Store { return bare{sound(clock)} }
		if failed := outcomes(t, open, r); len(failed) > 0 {
			t.Errorf("a store without abilities fails: %v", failed)
		}
		if r.Needs = a; len(outcomes(t, open, r)) == 0 {
			t.Errorf("a store passes without ability %d, which it has to have", a)
		}
	}
}

// TestBrokenStores breaks one thing at a time. The named check has to see it; others may.
func TestBrokenStores(t *testing.T) {
	if raceDetector {
		t.Skip("these stores are broken on purpose, and some of them race")
	}
	for name, b := range broken {
		t.Run(name, func(t *testing.T) {
			failed := outcomes(t, func(clock *Clock) session.Store {
				return b.breaks(&flawed{Store: memstore.New(memstore.Options{Now: clock.Now}), clock: clock})
			}, soundRules())
			if len(failed[b.seen]) == 0 {
				t.Errorf("check %q does not see it; these see something: %v", b.seen, reflect.ValueOf(failed).MapKeys())
			}
		})
	}
}

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
}

func (f *flawed) Get(ctx context.Context, k session.Key) (session.Item, error) {
	if f.get != nil {
		return f.get(ctx, k)
	}
	return f.Store.Get(ctx, k)
}

func (f *flawed) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	if f.x != nil {
		return f.x(ctx, k)
	}
	return f.Store.GetExclusive(ctx, k)
}

func (f *flawed) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	if f.set != nil {
		return f.set(ctx, k, v, cond)
	}
	return f.Store.SetAndRelease(ctx, k, v, cond)
}

func (f *flawed) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	if f.release != nil {
		return f.release(ctx, k, cookie)
	}
	return f.Store.ReleaseExclusive(ctx, k, cookie)
}

func (f *flawed) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	if f.remove != nil {
		return f.remove(ctx, k, cond)
	}
	return f.Store.Remove(ctx, k, cond)
}

func (f *flawed) ResetTimeout(ctx context.Context, k session.Key) error {
	if f.reset != nil {
		return f.reset(ctx, k)
	}
	return f.Store.ResetTimeout(ctx, k)
}

func (f *flawed) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	if f.create != nil {
		return f.create(ctx, k, v)
	}
	return f.Store.CreateUninitialized(ctx, k, v)
}

func (f *flawed) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	if f.peek != nil {
		return f.peek(ctx, keys)
	}
	return f.Store.Peek(ctx, keys)
}

func (f *flawed) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	if f.scan != nil {
		return f.scan(ctx, req)
	}
	return f.Store.Scan(ctx, req)
}

func (f *flawed) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	if f.apply != nil {
		return f.apply(ctx, changes)
	}
	return f.Store.Apply(ctx, changes)
}

func (f *flawed) After(c session.Change) session.Fence {
	if f.after != nil {
		return f.after(c)
	}
	return f.Store.After(c)
}

func (f *flawed) Sweep(ctx context.Context, limit int) (int, error) {
	if f.sweep != nil {
		return f.sweep(ctx, limit)
	}
	return f.Store.Sweep(ctx, limit)
}

func (f *flawed) WaitExclusive(ctx context.Context, k session.Key, d time.Duration) (session.Item, error) {
	if f.wait != nil {
		return f.wait(ctx, k, d)
	}
	return f.Store.WaitExclusive(ctx, k, d)
}

func (f *flawed) Count(ctx context.Context) (int64, error) {
	if f.count != nil {
		return f.count(ctx)
	}
	return f.Store.Count(ctx)
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

var broken = map[string]struct {
	seen   string
	breaks func(f *flawed) session.Store
}{
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
