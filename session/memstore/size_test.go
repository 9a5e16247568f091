package memstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
)

// sized is session n of many.
func sized(n int) session.Key {
	return session.Key{App: "shop", ID: fmt.Sprintf("lit3py55t21z5v%010d", n)}
}

// fill makes sessions, several at a time.
func fill(b testing.TB, s *Store, sessions, size int) {
	b.Helper()
	var run sync.WaitGroup
	var next atomic.Int64
	for range 2 * runtime.GOMAXPROCS(0) {
		run.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= sessions {
					return
				}
				v := session.Value{Payload: make([]byte, size), Timeout: 600}
				if err := s.SetAndRelease(context.Background(), sized(n), v, session.Insert()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	run.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// BenchmarkMemory reports what a session takes besides its id and payload: entrySize is what MaxBytes counts.
func BenchmarkMemory(b *testing.B) {
	const sessions, size = 500_000, 512 // a size class of the allocator: payloads of others are rounded up
	for b.Loop() {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s := New(Options{})
		fill(b, s, sessions, size)
		runtime.GC()
		runtime.GC() // the first frees what finalizers kept
		runtime.ReadMemStats(&after)
		each := float64(after.HeapAlloc-before.HeapAlloc)/sessions - size - float64(len(sized(0).ID))
		b.ReportMetric(each, "B/session")
		b.ReportMetric(each/entrySize, "measured/counted")
		b.ReportMetric(0, "ns/op")
		s.Close()
	}
}

// BenchmarkStartUp opens a store of a million sessions.
func BenchmarkStartUp(b *testing.B) {
	const sessions = 1_000_000
	for _, size := range []int{300, 2048} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			dir := b.TempDir()
			s, err := Open(dir, Options{Sync: SyncOff})
			if err != nil {
				b.Fatal(err)
			}
			fill(b, s, sessions, size)
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			s = nil
			runtime.GC()
			for b.Loop() {
				began := time.Now()
				s, err := Open(dir, Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(time.Since(began).Seconds(), "s/million")
				if n, err := s.Count(b.Context()); err != nil || n != sessions {
					b.Fatal(n, err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// TestCompactsWhileItServes: what was overwritten leaves the disk while clients go on.
func TestCompactsWhileItServes(t *testing.T) {
	const sessions, size, rounds = 100, 4 << 10, 300
	dir := t.TempDir()
	s, err := open(dir, Options{Sync: SyncInterval, SyncEvery: 10 * time.Millisecond}, 256<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for round := range rounds {
		var run sync.WaitGroup
		for part := range 4 {
			run.Go(func() {
				for n := part; n < sessions; n += 4 {
					payload := make([]byte, size)
					copy(payload, fmt.Sprint(round))
					if err := s.SetAndRelease(t.Context(), sized(n), session.Value{Payload: payload, Timeout: 20}, session.IfFree(0)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		run.Wait()
		if err := s.writer.through(t.Context()); err != nil { // else only the last of many rounds would be written
			t.Fatal(err)
		}
	}
	onDisk := int64(0)
	if err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // it is being compacted
			return nil
		}
		if err == nil {
			onDisk += i.Size()
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	const live, written = sessions * size, sessions * size * rounds
	if onDisk > written/10 {
		t.Errorf("%d bytes are on disk, of %d that were written and %d that live", onDisk, written, live)
	}
	t.Logf("%d bytes on disk, %d written, %d live", onDisk, written, live)
}
