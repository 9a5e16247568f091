package memstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unique"
	"unsafe"

	"github.com/aspstate/aspstate/session"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestSipHash uses the vectors of the reference implementation (github.com/veorq/SipHash, vectors_sip64): key 00..0f,
// input 00, 00 01, and so on.
func TestSipHash(t *testing.T) {
	key := [2]uint64{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	var in []byte
	for i, want := range []uint64{
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d, 0xcf2794e0277187b7,
		0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
	} {
		if got := sipHash(key, in); got != want {
			t.Errorf("%d bytes: %016x, want %016x", i, got, want)
		}
		in = append(in, byte(i))
	}
}

func TestEntrySize(t *testing.T) {
	if got := unsafe.Sizeof(entry{}); got > 128 {
		t.Errorf("an entry has %d bytes, and the allocator gives the next size then", got)
	}
}

func TestNextCookie(t *testing.T) {
	for _, c := range []struct {
		cookie int32
		stops  uint16
		want   int32
	}{
		{0, 0, 1}, {1, 0, 2}, {41, 0, 42}, {1, 1, 2 + jump}, {1, 3, 2 + 3*jump},
		{math.MaxInt32 - 1, 0, math.MaxInt32}, {math.MaxInt32, 0, 1}, // behind the last comes 1
		{math.MaxInt32, 1, 1 + jump}, {math.MaxInt32 - 5, 1, jump - 4}, {-7, 0, 1}, {math.MinInt32, 0, 1},
	} {
		if got := nextCookie(c.cookie, c.stops); got != c.want {
			t.Errorf("after %d and %d unclean stops comes %d, want %d", c.cookie, c.stops, got, c.want)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 100000 {
		if got := nextCookie(int32(rng.Uint32()), uint16(rng.Uint32())); got < 1 {
			t.Fatalf("cookie %d", got)
		}
	}
}

// TestCookieAtTheTop goes over the last number with a session that was copied.
func TestCookieAtTheTop(t *testing.T) {
	ctx := context.Background()
	s := New(Options{})
	k := session.Key{ID: "old"}
	r := session.Record{Key: k, Timeout: 20, Expires: session.At(time.Now()).AddMinutes(20), Lock: session.Lock{Cookie: math.MaxInt32 - 1}}
	if _, err := s.Apply(ctx, []session.Change{{Record: r}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int32{math.MaxInt32, 1, 2} {
		item, err := s.GetExclusive(ctx, k)
		if err != nil || item.Cookie != want {
			t.Fatalf("cookie %d, %v, want %d", item.Cookie, err, want)
		}
		if err := s.SetAndRelease(ctx, k, session.Value{Timeout: 20}, session.IfFree(want)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEqualHashes runs sessions through one hash, as if SipHash had met its match.
func TestEqualHashes(t *testing.T) {
	ctx := context.Background()
	s := New(Options{})
	s.hash = func(_ [2]uint64, k session.Key) uint64 { return uint64(len(k.ID) % 2) }
	v := session.Value{Payload: []byte("x"), Timeout: 20}
	want := map[session.Key]bool{}
	for i := range 40 {
		k := session.Key{App: fmt.Sprint(i % 3), ID: fmt.Sprint(i * i)}
		if err := s.CreateUninitialized(ctx, k, v); err != nil {
			t.Fatal(err)
		}
		want[k] = true
	}
	i := 0
	for k := range want { // from the middle, the beginning and the end of the chains
		if i++; i%3 == 0 {
			if err := s.Remove(ctx, k, session.IfFree(0)); err != nil {
				t.Fatal(err)
			}
			delete(want, k)
		}
	}
	got := map[session.Key]int{}
	for after := session.Cursor(""); ; {
		page, err := s.Scan(ctx, session.ScanRequest{After: after, Limit: 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			got[r.Key]++
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d sessions are scanned, %d are there", len(got), len(want))
	}
	for k := range want {
		if _, err := s.Get(ctx, k); err != nil || got[k] != 1 {
			t.Errorf("%v is scanned %d times, %v", k, got[k], err)
		}
	}
}

// TestDueHeap does random things to a heap and compares with looking at everything.
func TestDueHeap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h dueHeap
	var all []*entry
	now := session.Instant(0)
	for step := range 20000 {
		switch n := rng.IntN(10); {
		case n < 4 || len(all) == 0:
			e := &entry{expires: now + session.Instant(rng.IntN(1000))}
			h.add(e)
			all = append(all, e)
		case n < 7: // renewal, or an earlier end
			e := all[rng.IntN(len(all))]
			e.expires = now + session.Instant(rng.IntN(1500)-200)
			h.moved(e)
		case n < 8:
			i := rng.IntN(len(all))
			h.remove(all[i])
			all = slices.Delete(all, i, i+1)
		default:
			now += session.Instant(rng.IntN(30))
			for e := h.first(now); e != nil; e = h.first(now) {
				if e.expires >= now {
					t.Fatalf("step %d: an entry that expires at %d is due at %d", step, e.expires, now)
				}
				h.remove(e)
				all = slices.DeleteFunc(all, func(x *entry) bool { return x == e })
			}
			for _, e := range all {
				if e.expires < now {
					t.Fatalf("step %d: an entry that expired at %d was missed at %d", step, e.expires, now)
				}
			}
		}
		if len(h) != len(all) {
			t.Fatalf("step %d: %d in the heap, %d entries", step, len(h), len(all))
		}
	}
}

func TestMemoryCap(t *testing.T) {
	ctx := context.Background()
	now := time.Now()
	s := New(Options{MaxBytes: 10 * (entrySize + 1 + 1000), Now: func() time.Time { return now }})
	v := session.Value{Payload: make([]byte, 1000), Timeout: 20}
	key := func(i int) session.Key { return session.Key{ID: string(rune('a' + i))} }
	for i := range 10 {
		if err := s.CreateUninitialized(ctx, key(i), v); err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
	}
	for name, create := range map[string]func() error{
		"CreateUninitialized": func() error { return s.CreateUninitialized(ctx, key(10), v) },
		"Insert":              func() error { return s.SetAndRelease(ctx, key(10), v, session.Insert()) },
		"Apply": func() error {
			_, err := s.Apply(ctx, []session.Change{{Record: session.Record{Key: key(10)}}})
			return err
		},
	} {
		if err := create(); !errors.Is(err, ErrFull) {
			t.Errorf("%s over the cap gives %v", name, err)
		}
	}
	// Sessions that are there may be written and grow; one less makes room for one more, and a dead one as well.
	if err := s.SetAndRelease(ctx, key(0), session.Value{Payload: make([]byte, 1500), Timeout: 1}, session.IfFree(0)); err != nil {
		t.Errorf("growing over the cap: %v", err)
	}
	if err := s.SetAndRelease(ctx, key(0), session.Value{Payload: make([]byte, 1000), Timeout: 1}, session.IfFree(0)); err != nil {
		t.Error(err)
	}
	if err := s.Remove(ctx, key(1), session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateUninitialized(ctx, key(10), v); err != nil {
		t.Errorf("after a removal: %v", err)
	}
	now = now.Add(2 * time.Minute)
	if n, err := s.Sweep(ctx, 10); n != 1 || err != nil {
		t.Fatalf("swept %d, %v", n, err)
	}
	if err := s.CreateUninitialized(ctx, key(11), v); err != nil {
		t.Errorf("after a sweep: %v", err)
	}
}

// TestReaper: the store's own reaper sweeps, and ends with the store.
func TestReaper(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{SweepEvery: 20 * time.Second})
		for i := range 2500 {
			if err := s.CreateUninitialized(t.Context(), session.Key{ID: fmt.Sprint(i)}, session.Value{Timeout: int32(1 + i%2)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int64{2500, 1250, 0} {
			if n, _ := s.Count(t.Context()); n != want {
				t.Errorf("%d sessions, want %d", n, want)
			}
			time.Sleep(85 * time.Second) // of the bubble
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := New(Options{})
		k := session.Key{ID: "a"}
		if err := s.CreateUninitialized(ctx, k, session.Value{Timeout: 20}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.GetExclusive(ctx, k); err != nil {
			t.Fatal(err)
		}
		waiter := make(chan error)
		go func() {
			_, err := s.WaitExclusive(ctx, k, time.Hour)
			waiter <- err
		}()
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-waiter; !errors.Is(err, ErrClosed) {
			t.Errorf("who waits at Close gets %v", err)
		}
		if _, err := s.Get(ctx, k); !errors.Is(err, ErrClosed) {
			t.Errorf("Get after Close gives %v", err)
		}
		if _, err := s.Scan(ctx, session.ScanRequest{Limit: 1}); !errors.Is(err, ErrClosed) {
			t.Errorf("Scan after Close gives %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("a second Close gives %v", err)
		}
	})
}

// onceAlive is a context that is over when somebody waits for it, but not when it is asked first.
type onceAlive struct {
	context.Context
	asked bool
}

var over = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (o *onceAlive) Done() <-chan struct{} { return over }

func (o *onceAlive) Err() error {
	if o.asked {
		return context.Canceled
	}
	o.asked = true
	return nil
}

// waits reports whether a change has to wait for the disk.
func waits(t *testing.T, s *Store, id string) bool {
	t.Helper()
	err := s.CreateUninitialized(&onceAlive{Context: context.Background()}, session.Key{ID: id}, session.Value{Timeout: 20})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return err != nil
}

// TestInterval: a change that cannot be on disk in time is not acknowledged.
func TestIntervalKeepsItsPromise(t *testing.T) {
	slow := make(chan struct{})
	files := &hookFS{FS: vfs.NewMem()}
	s, err := Open("store", Options{FS: files, Sync: SyncInterval, SyncEvery: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if waits(t, s, "quick disk") {
		t.Errorf("a change waits for a quick disk")
	}
	if err := s.writer.through(context.Background()); err != nil {
		t.Fatal(err)
	}
	files.mu.Lock()
	files.onSync = func() { <-slow }
	files.mu.Unlock()
	for n := 0; !s.writer.behind.Load(); n++ { // a disk that never answers
		if err := s.ResetTimeout(&onceAlive{Context: context.Background()}, session.Key{ID: "quick disk"}); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if !waits(t, s, "slow disk") {
		t.Errorf("a change is acknowledged while older ones are not on disk for longer than the interval")
	}
	close(slow)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAtMostAMillionUnsynced: cookies jump by more than can be forgotten.
func TestAtMostAMillionUnsynced(t *testing.T) {
	for _, policy := range []Policy{SyncInterval, SyncOff} {
		s, err := Open("store", Options{FS: vfs.NewMem(), Sync: policy, SyncEvery: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if waits(t, s, "a") {
			t.Errorf("%v: the first change waits", policy)
		}
		s.writer.unsynced.Add(jump / 2) // as if so many had been made
		// It waits for the disk, unless that was so quick that nothing was left to wait for.
		if !waits(t, s, "b") && s.writer.unsynced.Load() >= jump/2 {
			t.Errorf("%v: with half a million changes that are not on disk the next does not wait", policy)
		}
		if err := s.writer.through(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n := s.writer.unsynced.Load(); n != 0 {
			t.Errorf("%v: %d changes are counted after a sync", policy, n)
		}
		if waits(t, s, "c") {
			t.Errorf("%v: after a sync a change waits", policy)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAlwaysWaits: which calls are on disk before they return.
func TestAlwaysWaits(t *testing.T) {
	ctx := context.Background()
	var calls atomic.Int64 // each is a second after the one before: a renewal within a tick would be none
	now := func() time.Time { return time.Unix(calls.Add(1), 0) }
	files, busy := keptBusy()
	s, err := Open("store", Options{Now: now, FS: files, SyncEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	k := session.Key{ID: "a"}
	v := session.Value{Payload: []byte("x"), Timeout: 20}
	do := func(name string, want bool, call func(ctx context.Context) error) {
		t.Helper()
		busy.Lock()
		err := call(&onceAlive{Context: ctx})
		busy.Unlock()
		if waited := errors.Is(err, context.Canceled); waited != want {
			t.Errorf("%s waits for the disk: %v (%v)", name, waited, err)
		}
		if err := s.writer.through(ctx); err != nil {
			t.Fatal(err)
		}
	}
	get := func(ctx context.Context) error { _, err := s.Get(ctx, k); return err }
	x := func(ctx context.Context) error { _, err := s.GetExclusive(ctx, k); return err }
	do("a read of nothing", false, get)
	do("CreateUninitialized", true, func(ctx context.Context) error { return s.CreateUninitialized(ctx, k, v) })
	do("Get that clears the mark", true, get)
	do("Get", false, get)
	do("GetExclusive", true, x)
	do("a refused GetExclusive", false, x)
	do("ResetTimeout", true, func(ctx context.Context) error { return s.ResetTimeout(ctx, k) })
	do("ReleaseExclusive", true, func(ctx context.Context) error { return s.ReleaseExclusive(ctx, k, 2) })
	do("SetAndRelease", true, func(ctx context.Context) error { return s.SetAndRelease(ctx, k, v, session.IfCookie(2)) })
	do("a refused SetAndRelease", false, func(ctx context.Context) error { return s.SetAndRelease(ctx, k, v, session.IfCookie(1)) })
	do("Remove", true, func(ctx context.Context) error { return s.Remove(ctx, k, session.IfCookie(2)) })
}

// TestReadersSeeWhatIsOnDisk: under always a reader is not told of a change that may be forgotten.
func TestReadersSeeWhatIsOnDisk(t *testing.T) {
	slow := make(chan struct{})
	files := &hookFS{FS: vfs.NewMem()}
	s, err := Open("store", Options{FS: files})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	k, gone := session.Key{ID: "a"}, session.Key{ID: "b"}
	for _, k := range []session.Key{k, gone} {
		if err := s.SetAndRelease(ctx, k, session.Value{Timeout: 20}, session.Insert()); err != nil {
			t.Fatal(err)
		}
	}
	files.mu.Lock()
	files.onSync = func() { <-slow }
	files.mu.Unlock()
	never := func(err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a call that tells of what is not on disk gives %v", err)
		}
	}
	never(s.SetAndRelease(&onceAlive{Context: ctx}, k, session.Value{Payload: []byte("new"), Timeout: 20}, session.IfFree(0)))
	never(s.Remove(&onceAlive{Context: ctx}, gone, session.IfFree(0)))
	for range 3 { // while it is queued, and while it is being written
		_, err = s.Get(&onceAlive{Context: ctx}, k)
		never(err)
		_, err = s.Get(&onceAlive{Context: ctx}, gone)
		never(err)
	}
	close(slow)
	if item, err := s.Get(ctx, k); err != nil || string(item.Payload) != "new" {
		t.Errorf("%+v, %v", item, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// FuzzRows reads rows from any bytes. What is taken is written back as the same bytes.
func FuzzRows(f *testing.F) {
	for _, e := range []*entry{
		{hash: 1 << 60, app: unique.Make("shop"), id: "q3m0zv5kd2xw1ea4tyh5rb0c", payload: []byte{20, 0, 0, 0, 0, 0, 0xFF}, timeout: 20,
			created: 1 << 40, expires: 1<<40 + 6000, since: 1 << 40, revision: 7, flags: 1, cookie: 2, epoch: 3, locked: true},
		{app: unique.Make(""), id: "", created: -1, expires: math.MinInt64, revision: math.MaxUint64, cookie: math.MinInt32},
		{app: unique.Make(string(make([]byte, 200))), id: "x"},
	} {
		f.Add(appendKey(nil, bookRow, e), appendBook(nil, e), appendPayload(nil, e))
	}
	f.Add([]byte("b"), []byte{}, []byte{1})
	f.Add(append([]byte("p12345678"), 0x80, 0x00), bytes.Repeat([]byte{0xff}, bookSize), make([]byte, 8)) // a length with two spellings
	f.Fuzz(func(t *testing.T, key, book, payload []byte) {
		e := new(entry)
		if k, err := parseKey(key); err == nil {
			e.hash, e.app, e.id = k.hash, unique.Make(string(k.app)), string(k.id)
			if got := appendKey(nil, k.row, e); !bytes.Equal(got, key) {
				t.Errorf("key %x is written back as %x", key, got)
			}
		} else if !errors.Is(err, errRow) {
			t.Errorf("key: %v", err)
		}
		if err := readBook(book, e); err == nil {
			if got := appendBook(nil, e); !bytes.Equal(got, book) {
				t.Errorf("book %x is written back as %x", book, got)
			}
		} else if !errors.Is(err, errRow) {
			t.Errorf("book: %v", err)
		}
		if len(payload) >= 8 {
			e.revision = binary.LittleEndian.Uint64(payload)
		}
		if err := readPayload(payload, e); err == nil {
			if got := appendPayload(nil, e); !bytes.Equal(got, payload) {
				t.Errorf("payload %x is written back as %x", payload, got)
			}
		} else if !errors.Is(err, errRow) {
			t.Errorf("payload: %v", err)
		}
		if c, err := parseControl(book); err == nil {
			if got := c.append(nil); !bytes.Equal(got, book) {
				t.Errorf("control %x is written back as %x", book, got)
			}
		} else if !errors.Is(err, errRow) && !errors.Is(err, ErrFormat) {
			t.Errorf("control: %v", err)
		}
	})
}
