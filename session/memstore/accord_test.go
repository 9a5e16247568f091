package memstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// accordTold is what the client of one session knows: it marks, changes and unmarks by turns.
type accordTold struct {
	k     session.Key
	epoch *atomic.Int64
	size  int // of payloads, in bytes
}

func (c *accordTold) mark(n int64) session.Mark {
	return session.Mark{Key: c.k, ID: fmt.Sprintf("%09d", n)}
}

// TestMarksCrashWithChanges: whatever a crash leaves, a change is not there without its mark, unless the mark had been taken
// away; and then the change is there. What was agreed is there if it was told.
func TestMarksCrashWithChanges(t *testing.T) {
	for name, c := range map[string]struct {
		policy Policy
		size   int
	}{
		"always": {SyncAlways, 3000}, "interval": {SyncInterval, 3000}, "off": {SyncOff, 3000},
		"several batches": {SyncInterval, batchGoal / 2},
	} {
		t.Run(name, func(t *testing.T) {
			policy := c.policy
			mem := vfs.NewCrashableMem()
			files := &hookFS{FS: mem}
			s, err := open("store", Options{FS: files, Sync: policy, SyncEvery: 10 * time.Millisecond}, 32<<10)
			if err != nil {
				t.Fatal(err)
			}
			var agreed atomic.Int64
			clients := make([]*accordTold, 4)
			for i := range clients {
				clients[i] = &accordTold{k: session.Key{App: "shop", ID: fmt.Sprint("session", i)}, epoch: &agreed, size: c.size}
			}
			type left struct {
				fs     *vfs.MemFS
				agreed int64
			}
			var crashes []left
			var points atomic.Int64
			var random sync.Mutex // syncs of tables and logs come at once
			rng := rand.New(rand.NewPCG(7, uint64(c.size)))
			files.mu.Lock()
			files.onSync = func() {
				if points.Add(1) > 60 {
					return
				}
				told := agreed.Load()
				random.Lock()
				defer random.Unlock()
				crashes = append(crashes, left{mem.CrashClone(vfs.CrashCloneCfg{}), told},
					left{mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 70, RNG: rng}), told})
			}
			files.mu.Unlock()
			var all sync.WaitGroup
			for i, c := range clients {
				all.Go(func() {
					for n := int64(1); points.Load() < 60 || n < 20; n++ {
						if err := c.turn(s, n, i == 0); err != nil {
							t.Errorf("client %d: %v", i, err)
							return
						}
					}
				})
			}
			all.Wait()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for i, l := range crashes {
				if testing.Short() && i%8 > 1 { // the race detector has seen how they came about
					continue
				}
				s, err := open("store", Options{FS: l.fs}, 32<<10)
				if err != nil {
					t.Fatalf("crash %d: %v", i, err)
				}
				for _, c := range clients {
					c.check(t, s, i)
				}
				if a, err := s.Agreement(context.Background()); err != nil || a.Epoch < l.agreed {
					t.Errorf("crash %d: epoch %d was told, %d is there, %v", i, l.agreed, a.Epoch, err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			t.Logf("%d crashes", len(crashes))
		})
	}
}

// turn marks n, writes n into the session, and takes the mark away two turns later.
func (c *accordTold) turn(s *Store, n int64, agrees bool) error {
	ctx := context.Background()
	if err := s.Mark(ctx, c.mark(n)); err != nil {
		return err
	}
	p := append(fmt.Appendf(nil, "%09d", n), make([]byte, c.size)...)
	if err := s.SetAndRelease(ctx, c.k, session.Value{Payload: p, Timeout: 20}, session.IfFree(0)); err != nil {
		return err
	}
	if n > 2 {
		if err := s.Unmark(ctx, c.mark(n-2)); err != nil {
			return err
		}
	}
	if agrees && n%5 == 0 {
		next, err := s.Agree(ctx, "shop", p[:9], c.epoch.Load())
		if err != nil {
			return err
		}
		c.epoch.Store(next)
	}
	return nil
}

// check: the session says how far its changes have come, and the marks have to fit.
func (c *accordTold) check(t *testing.T, s *Store, crash int) {
	t.Helper()
	var written int64
	if r, err := session.PeekOne(context.Background(), s, c.k); err == nil {
		fmt.Sscanf(string(r.Payload[:9]), "%d", &written)
	} else if !errors.Is(err, session.ErrNotFound) {
		t.Fatal(err)
	}
	marks, err := s.Marks(context.Background(), "shop", nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	has := func(n int64) bool { return slices.Contains(marks, c.mark(n)) }
	// Turn n is marked before it is written, and unmarked after turn n+2 was written.
	for n := max(1, written-1); n <= written; n++ {
		if !has(n) {
			t.Errorf("crash %d: %v has change %d, and no mark of change %d (%d marks)", crash, c.k, written, n, len(marks))
		}
	}
}

// TestMarkCostsNoSync: under every policy marking returns while the disk stands still, and agreeing does not.
func TestMarkCostsNoSync(t *testing.T) {
	for _, policy := range []Policy{SyncAlways, SyncInterval, SyncOff} {
		files, busy := keptBusy()
		s, err := Open("store", Options{FS: files, Sync: policy, SyncEvery: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		m := session.Mark{Key: session.Key{App: "shop", ID: "a"}, ID: "b"}
		for name, c := range map[string]struct {
			waits bool
			call  func(ctx context.Context) error
		}{
			"Mark":   {false, func(ctx context.Context) error { return s.Mark(ctx, m) }},
			"Unmark": {false, func(ctx context.Context) error { return s.Unmark(ctx, m) }},
			"Agree":  {true, func(ctx context.Context) error { _, err := s.Agree(ctx, "shop", []byte("{}"), 0); return err }},
			"Lease": {true, func(ctx context.Context) error {
				_, err := s.Lease(ctx, session.Lease{Holder: "a"}, time.Hour)
				return err
			}},
		} {
			busy.Lock()
			err := c.call(&onceAlive{Context: ctx})
			if waited := errors.Is(err, context.Canceled); waited != c.waits {
				t.Errorf("%v: %s waits for the disk: %v (%v)", policy, name, waited, err)
			}
			if _, err := s.Agreement(&onceAlive{Context: ctx}); c.waits != errors.Is(err, context.Canceled) {
				t.Errorf("%v: after %s an agreement that may be forgotten is told: %v", policy, name, err)
			}
			busy.Unlock()
			if err := s.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOldProgramsRefuse: a directory has version 2 exactly while there is something that an older program would ignore.
func TestOldProgramsRefuse(t *testing.T) {
	mem := vfs.NewMem()
	ctx := context.Background()
	m := session.Mark{Key: session.Key{App: "shop", ID: "a"}, ID: "b"}
	var s *Store
	for _, step := range []struct {
		name string
		call func() error
		want byte
	}{
		{"nothing", func() error { return nil }, controlVersion},
		{"a mark", func() error { return s.Mark(ctx, m) }, accordVersion},
		{"nothing more", func() error { return nil }, accordVersion},
		{"no mark", func() error { return s.Unmark(ctx, m) }, controlVersion},
		{"an agreement", func() error { _, err := s.Agree(ctx, "shop", []byte("{}"), 0); return err }, accordVersion},
		{"none", func() error { _, err := s.Agree(ctx, "shop", nil, 1); return err }, controlVersion},
		{"a lease", func() error { _, err := s.Lease(ctx, session.Lease{Holder: "a"}, time.Hour); return err }, accordVersion},
		{"no lease", func() error { return s.Leave(ctx, "a") }, controlVersion},
	} {
		var err error
		if s, err = Open("store", Options{FS: mem}); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if err := step.call(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if err := s.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		if c, err := s.writer.disk.readControl(); err != nil || c.version != step.want && step.want == accordVersion {
			t.Errorf("%s: version %+v, %v", step.name, c, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if got := s.writer.disk.done.version; got != step.want {
			t.Errorf("%s: closed with version %d, want %d", step.name, got, step.want)
		}
	}
	newer := control{version: accordVersion + 1}
	if _, err := parseControl(newer.append(nil)); !errors.Is(err, ErrFormat) {
		t.Errorf("a newer version gives %v", err)
	}
}

// TestAccordClosed: nothing is agreed, leased or marked any more.
func TestAccordClosed(t *testing.T) {
	ctx := context.Background()
	s := New(Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	m := session.Mark{Key: session.Key{App: "shop", ID: "a"}, ID: "b"}
	for name, call := range map[string]func() error{
		"Agreement": func() error { _, err := s.Agreement(ctx); return err },
		"Agree":     func() error { _, err := s.Agree(ctx, "shop", []byte("{}"), 0); return err },
		"Lease":     func() error { _, err := s.Lease(ctx, session.Lease{Holder: "a"}, time.Hour); return err },
		"Leave":     func() error { return s.Leave(ctx, "a") },
		"Mark":      func() error { return s.Mark(ctx, m) },
		"Unmark":    func() error { return s.Unmark(ctx, m) },
		"Marks":     func() error { _, err := s.Marks(ctx, "shop", nil, 1); return err },
	} {
		if err := call(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close gives %v", name, err)
		}
	}
}

// FuzzAccordRows reads rows from any bytes. What is taken is written back as the same bytes.
func FuzzAccordRows(f *testing.F) {
	f.Add(markKey(session.Mark{Key: session.Key{App: "shop", ID: "abc"}, ID: "x"})[1:], appendLease(nil, &session.Lease{Role: "bridge", Title: "t", Epoch: 3}))
	f.Add(markKey(session.Mark{Key: session.Key{App: strings.Repeat("s", 300)}})[1:], appendAgreed(nil, &session.Agreed{Epoch: 7, Body: []byte("{}")}))
	f.Add([]byte{0x80, 0}, append(make([]byte, 16), 200))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		if m, err := parseMark(key); err == nil {
			if got := markKey(m)[1:]; !bytes.Equal(got, key) {
				t.Errorf("mark %x is written back as %x", key, got)
			}
		} else if !errors.Is(err, errRow) {
			t.Errorf("mark: %v", err)
		}
		s := &Store{accord: newAccord()}
		if err := s.takeLease([]byte("a"), value); err == nil {
			l := s.accord.leases["a"]
			if got := appendLease(nil, &l); !bytes.Equal(got, value) {
				t.Errorf("lease %x is written back as %x", value, got)
			}
		} else if !errors.Is(err, errRow) {
			t.Errorf("lease: %v", err)
		}
		if err := s.takeAgreed([]byte("a"), value); err == nil {
			a := s.accord.apps["a"]
			if got := appendAgreed(nil, &a); !bytes.Equal(got, value) {
				t.Errorf("agreement %x is written back as %x", value, got)
			}
		} else if !errors.Is(err, errRow) {
			t.Errorf("agreement: %v", err)
		}
	})
}

// BenchmarkMark is what a mark and its end cost beside the changes of a durable store.
func BenchmarkMark(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	for n := 0; b.Loop(); n++ {
		m := session.Mark{Key: session.Key{App: "shop", ID: fmt.Sprint(n % 5000)}, ID: "b"}
		if err := s.Mark(ctx, m); err != nil {
			b.Fatal(err)
		}
		if n%5 != 0 {
			if err := s.Unmark(ctx, m); err != nil {
				b.Fatal(err)
			}
		}
	}
}
