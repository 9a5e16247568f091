package memstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// The crash tests run clients on a file layer that can forget what was not synced. At every sync, before and after it, a
// copy of what would be left is put aside, together with what the clients had been told by then. Each copy is opened
// and compared.

// told is what the client of one session knows.
type told struct {
	states  []image // acknowledged, in order
	pending *image  // what the call under way would make it
	cookies []int32 // handed out
	revised uint64  // highest Revision seen
	remade  bool    // removed and made anew, so that numbers begin again anyway
}

// image is what is compared of a session.
type image struct {
	exists  bool
	locked  bool
	cookie  int32
	payload string
}

// ledger is what all clients know.
type ledger struct {
	mu   sync.Mutex
	told map[session.Key]*told
}

func (l *ledger) copy() map[session.Key]told {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := map[session.Key]told{}
	for k, t := range l.told {
		d := *t
		d.states, d.cookies = slices.Clone(t.states), slices.Clone(t.cookies)
		if t.pending != nil {
			p := *t.pending
			d.pending = &p
		}
		c[k] = d
	}
	return c
}

// client plays the life of sessions that nobody else uses, and writes down what it is told.
type client struct {
	t   *testing.T
	s   *Store
	l   *ledger
	rng *rand.Rand
}

// do makes a call that turns the session into next.
func (c *client) do(k session.Key, next image, call func() error) bool {
	c.l.mu.Lock()
	t := c.l.told[k]
	if t == nil {
		t = &told{states: []image{{}}}
		c.l.told[k] = t
	}
	t.pending = &next
	c.l.mu.Unlock()
	err := call()
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	t.pending = nil
	if err != nil {
		c.t.Errorf("a call fails: %v", err)
		return false
	}
	t.states = append(t.states, next)
	return true
}

func (c *client) now(k session.Key) image {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if t := c.l.told[k]; t != nil {
		return t.states[len(t.states)-1]
	}
	return image{}
}

// step does one call that fits the session's state.
func (c *client) step(k session.Key, removes bool) {
	ctx := context.Background()
	now := c.now(k)
	payload := make([]byte, 20+c.rng.IntN(3000))
	binary.LittleEndian.PutUint64(payload, c.rng.Uint64())
	v := session.Value{Payload: payload, Timeout: 20}
	switch {
	case !now.exists && c.rng.IntN(2) == 0:
		c.do(k, image{true, false, 1, string(payload)}, func() error { return c.s.SetAndRelease(ctx, k, v, session.Insert()) })
	case !now.exists:
		c.do(k, image{true, false, 1, string(payload)}, func() error { return c.s.CreateUninitialized(ctx, k, v) })
	case !now.locked && c.rng.IntN(8) == 0:
		if _, err := c.s.Get(ctx, k); err != nil {
			c.t.Errorf("Get: %v", err)
		}
	case !now.locked:
		c.lock(k, now)
	case removes && c.rng.IntN(3) == 0:
		c.do(k, image{}, func() error { return c.s.Remove(ctx, k, session.IfCookie(now.cookie)) })
		c.l.mu.Lock()
		c.l.told[k].remade = true
		c.l.mu.Unlock()
	case c.rng.IntN(4) == 0:
		now.locked = false
		c.do(k, now, func() error { return c.s.ReleaseExclusive(ctx, k, now.cookie) })
	default:
		c.do(k, image{true, false, now.cookie, string(payload)}, func() error {
			return c.s.SetAndRelease(ctx, k, v, session.IfCookie(now.cookie))
		})
		c.revise(k)
	}
}

// lock takes the lock. The cookie is known afterwards only, so the call that is under way has none to compare.
func (c *client) lock(k session.Key, now image) {
	c.l.mu.Lock()
	t := c.l.told[k]
	t.pending = &image{true, true, 0, now.payload}
	c.l.mu.Unlock()
	item, err := c.s.GetExclusive(context.Background(), k)
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	t.pending = nil
	if err != nil {
		c.t.Errorf("GetExclusive: %v", err)
		return
	}
	if n := len(t.cookies); n > 0 && item.Cookie <= t.cookies[n-1] && !t.remade {
		c.t.Errorf("cookie %d after %d", item.Cookie, t.cookies[n-1])
	}
	t.cookies = append(t.cookies, item.Cookie)
	t.states = append(t.states, image{true, true, item.Cookie, now.payload})
}

func (c *client) revise(k session.Key) {
	r, err := session.PeekOne(context.Background(), c.s, k)
	if err != nil {
		c.t.Errorf("Peek: %v", err)
		return
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	t := c.l.told[k]
	if r.Revision <= t.revised {
		c.t.Errorf("revision %d after %d", r.Revision, t.revised)
	}
	t.revised = r.Revision
}

// crash is what is left and what was told when a sync began or ended.
type crash struct {
	fs    *vfs.MemFS
	told  map[session.Key]told // a little before: all that must be there
	after map[session.Key]told // a little after: what may be there as well
	torn  bool                 // some of what was not synced is there
}

// recorder puts crashes aside.
type recorder struct {
	mem     *vfs.MemFS
	ledger  *ledger
	mu      sync.Mutex
	rng     *rand.Rand
	crashes []crash
}

func (r *recorder) point() {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.ledger.copy()
	bare := r.mem.CrashClone(vfs.CrashCloneCfg{})
	torn := r.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: r.rng})
	after := r.ledger.copy()
	r.crashes = append(r.crashes, crash{bare, known, after, false}, crash{torn, known, after, true})
}

// play opens the store on fs and lets clients use it, each with sessions of its own, until there were enough syncs. Then
// it closes the store in order.
func play(t *testing.T, mem *vfs.MemFS, l *ledger, policy Policy, seed uint64, syncs int) []crash {
	t.Helper()
	r := &recorder{mem: mem, ledger: l, rng: rand.New(rand.NewPCG(seed, 99))}
	files := &hookFS{FS: mem, onSync: r.point}
	s, err := open("store", Options{FS: files, Sync: policy, SyncEvery: 10 * time.Millisecond}, 32<<10)
	if err != nil {
		t.Fatal(err)
	}
	points := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.crashes) / 4
	}
	enough := points() + syncs
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			c := &client{t, s, l, rand.New(rand.NewPCG(seed, uint64(i)))}
			keys := make([]session.Key, 4)
			for n := range keys {
				keys[n] = session.Key{App: "shop", ID: fmt.Sprintf("session-%d-%d", i, n)}
			}
			for step := 0; points() < enough || step < 40; step++ {
				n := c.rng.IntN(len(keys))
				c.step(keys[n], n == 3)
				if step%16 == 15 && policy != SyncAlways {
					if err := s.writer.through(context.Background()); err != nil { // as Apply does
						t.Errorf("writing through: %v", err)
					}
				}
			}
		})
	}
	clients.Wait()
	if err := s.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	r.point() // and after an orderly end
	return r.crashes
}

// check opens what a crash left and compares it with what was told. It leaves the store open.
func (c *crash) check(t *testing.T, policy Policy) *Store {
	t.Helper()
	s, err := open("store", Options{FS: c.fs, Sync: SyncAlways}, 32<<10)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.told), func(a, b session.Key) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) }) {
		known := c.told[k]
		c.checkState(t, s, k, &known, policy)
		if !known.remade {
			c.checkCookies(t, s, k, &known)
		}
	}
	return s
}

func (c *crash) checkState(t *testing.T, s *Store, k session.Key, known *told, policy Policy) {
	t.Helper()
	var got image
	if r, err := session.PeekOne(context.Background(), s, k); err == nil {
		got = image{true, r.Lock.Locked, r.Lock.Cookie, string(r.Payload)}
	} else if !errors.Is(err, session.ErrNotFound) {
		t.Fatal(err)
	}
	same := func(want image) bool {
		if want.locked && want.cookie == 0 {
			want.cookie = got.cookie // a lock that was under way
		}
		return got == want
	}
	later := c.after[k]
	allowed := later.states // some moment of the past
	if policy == SyncAlways {
		allowed = allowed[len(known.states)-1:]
	}
	if !slices.ContainsFunc(allowed, same) && (later.pending == nil || !same(*later.pending)) {
		last := known.states[len(known.states)-1]
		t.Errorf("%s: exists %v, locked %v under %d, %d bytes; last told: %v, %v under %d, %d bytes; under way: %v", k.ID,
			got.exists, got.locked, got.cookie, len(got.payload), last.exists, last.locked, last.cookie, len(last.payload), known.pending != nil)
	}
}

// checkCookies: whoever locks the session now is the only owner.
func (c *crash) checkCookies(t *testing.T, s *Store, k session.Key, known *told) {
	t.Helper()
	ctx := context.Background()
	v := session.Value{Payload: []byte("after the crash"), Timeout: 20}
	if err := s.CreateUninitialized(ctx, k, v); err != nil && !errors.Is(err, session.ErrExists) {
		t.Fatal(err)
	}
	item, err := s.GetExclusive(ctx, k)
	var locked *session.LockedError
	if errors.As(err, &locked) { // as a page does that waits too long
		if err := s.ReleaseExclusive(ctx, k, locked.Cookie); err != nil {
			t.Fatalf("breaking the lock: %v", err)
		}
		item, err = s.GetExclusive(ctx, k)
	}
	if err != nil {
		t.Fatalf("locking: %v", err)
	}
	for _, old := range known.cookies {
		if old >= item.Cookie {
			t.Errorf("%s: cookie %d was handed out before the crash, and %d after it", k.ID, old, item.Cookie)
		}
		if err := s.SetAndRelease(ctx, k, v, session.IfCookie(old)); !errors.Is(err, session.ErrStaleCookie) {
			t.Errorf("%s: a write under the old cookie %d gives %v", k.ID, old, err)
		}
		if err := s.SetAndRelease(ctx, k, v, session.IfFree(old)); !errors.As(err, &locked) {
			t.Errorf("%s: a write under the old cookie %d gives %v", k.ID, old, err)
		}
	}
	if err := s.SetAndRelease(ctx, k, v, session.IfCookie(item.Cookie)); err != nil {
		t.Errorf("%s: the owner's write: %v", k.ID, err)
	}
	if r, err := session.PeekOne(ctx, s, k); err != nil || r.Revision <= known.revised {
		t.Errorf("%s: revision %d before the crash, after it %+v, %v", k.ID, known.revised, r, err)
	}
}

func TestCrashAtEverySync(t *testing.T) {
	for _, policy := range []Policy{SyncAlways, SyncInterval, SyncOff} {
		t.Run(policy.String(), func(t *testing.T) {
			l := &ledger{told: map[session.Key]*told{}}
			crashes := play(t, vfs.NewCrashableMem(), l, policy, 1, 30)
			t.Logf("%d crashes", len(crashes))
			for i := range crashes {
				if testing.Short() && i%8 > 1 { // the race detector has seen how they came about
					continue
				}
				t.Run(fmt.Sprintf("%d torn %v", i, crashes[i].torn), func(t *testing.T) {
					if err := crashes[i].check(t, policy).Close(); err != nil {
						t.Errorf("closing: %v", err)
					}
				})
			}
		})
	}
}

// TestCrashAfterCrash goes on with what a crash left, and crashes again.
func TestCrashAfterCrash(t *testing.T) {
	for _, policy := range []Policy{SyncAlways, SyncInterval} {
		t.Run(policy.String(), func(t *testing.T) {
			l := &ledger{told: map[session.Key]*told{}}
			crashes := play(t, vfs.NewCrashableMem(), l, policy, 2, 10)
			rng := rand.New(rand.NewPCG(3, 3))
			for generation := range 6 {
				c := &crashes[rng.IntN(len(crashes))]
				l = &ledger{told: map[session.Key]*told{}}
				s := c.check(t, policy)
				for k, known := range c.told { // what is there now is what counts; cookies are remembered
					r, err := session.PeekOne(context.Background(), s, k)
					if err != nil {
						known.states = []image{{}}
					} else {
						known.states = []image{{true, r.Lock.Locked, r.Lock.Cookie, string(r.Payload)}}
						known.revised = max(known.revised, r.Revision)
					}
					known.pending = nil
					l.told[k] = &known
				}
				// The check's own writes have to survive as well: this time nothing is closed.
				crashes = play(t, c.fs.CrashClone(vfs.CrashCloneCfg{}), l, policy, uint64(generation), 5)
				if err := s.Close(); err != nil {
					t.Errorf("closing: %v", err)
				}
			}
		})
	}
}
