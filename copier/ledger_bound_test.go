package copier

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// diskBytes is what a ledger takes on disk.
func diskBytes(t testing.TB, dir string) (n int64) {
	t.Helper()
	files, err := os.ReadDir(dir)
	noError(t, err)
	for _, f := range files {
		st, err := f.Info()
		if errors.Is(err, os.ErrNotExist) { // deleted by the goroutine meanwhile
			continue
		}
		noError(t, err)
		n += st.Size()
	}
	return n
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestLedgerIsBounded: every session is put twice, as the copier does; then a quarter once more, as a second pass over
// changed ones does. Memory does not grow with the sessions, and the disk holds at most 64 bytes of each.
func TestLedgerIsBounded(t *testing.T) {
	sessions := 1_000_000
	if testing.Short() {
		sessions = 200_000
	}
	const batch, maxHeap, maxBytes = 500, 8 << 20, 64 // the sessions as a map in memory would take 48 MB and more
	dir := t.TempDir()
	opt := ledgerOptions{tableEntries: 1 << 14, frameEntries: 2048, indexEntries: 512}
	base := heapInUse()
	l := mustOpen(t, dir, opt)
	pass := func(from, to int, version uint32) {
		es := make([]ledgerEntry, batch)
		for n := from; n < to; n += batch {
			for i := range es {
				es[i] = testEntry(n+i, version)
				es[i].Done = false
			}
			noError(t, l.put(es))
			for i := range es {
				es[i].Done = true
			}
			noError(t, l.put(es))
		}
		noError(t, l.sync())
	}
	check := func(when string) {
		heap, disk, n := heapInUse()-base, diskBytes(t, dir), l.count()
		t.Logf("%s: %d sessions, heap %d KB, disk %.1f bytes a session", when, n, heap>>10, float64(disk)/float64(n))
		if heap > maxHeap {
			t.Errorf("%s: the heap is %d bytes larger, more than %d", when, heap, maxHeap)
		}
	}
	pass(0, sessions/4, 1)
	check("a quarter")
	pass(sessions/4, sessions, 1)
	check("all")
	pass(0, sessions/4, 2)
	check("a quarter twice")
	if got := l.count(); got != int64(sessions) {
		t.Errorf("count gives %d, want %d", got, sessions)
	}
	noError(t, l.close())
	if disk := diskBytes(t, dir); disk > int64(sessions)*maxBytes {
		t.Errorf("%d bytes on disk, more than %d a session", disk, maxBytes)
	} else {
		t.Logf("closed: %.1f bytes a session", float64(disk)/float64(sessions))
	}
	l = mustOpen(t, dir, opt)
	n, passes := 0, map[uint32]int{}
	noError(t, l.each(func(e ledgerEntry) error {
		n++
		passes[e.Pass]++
		if !e.Done {
			return fmt.Errorf("an old entry: %+v", e)
		}
		return nil
	}))
	if n != sessions || passes[2] != sessions/4 || passes[1] != sessions-sessions/4 {
		t.Errorf("each gives %d, of passes %v, want %d", n, passes, sessions)
	}
	noError(t, l.close())
}

// BenchmarkLedger writes and reads batches of 500 in a ledger of a million with the sizes of real use. Beside each batch
// it does the least that durable writing can cost, appending as many bytes to a file and syncing that; ratio is the time
// of the ledger divided by that.
func BenchmarkLedger(b *testing.B) {
	const sessions, batch = 1_000_000, 500
	dir := b.TempDir()
	l := mustOpen(b, dir, ledgerOptions{})
	es, asked := make([]ledgerEntry, batch), make([]idHash, batch)
	fill := func(first int, version uint32) {
		for i := range es {
			es[i] = testEntry(first+i, version)
			asked[i] = es[i].ID
		}
	}
	for n := 0; n < sessions; n += batch {
		fill(n, 1)
		noError(b, l.put(es))
	}
	noError(b, l.close()) // merges
	l = mustOpen(b, dir, ledgerOptions{})
	f, err := os.Create(filepath.Join(b.TempDir(), "append"))
	noError(b, err)
	data := make([]byte, batch*recordSize)
	round := 0 // over all runs of a benchmark, so that ids called new are new
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"get known", func() error {
			fill(round*batch*7%sessions, 1)
			_, _, err := l.get(asked)
			return err
		}},
		{"get unknown", func() error {
			fill(2*sessions+round*batch, 1)
			_, _, err := l.get(asked)
			return err
		}},
		{"put known, sync", func() error {
			fill(round*batch*7%sessions, uint32(round))
			return errors.Join(l.put(es), l.sync())
		}},
		{"put new, sync", func() error {
			fill(3*sessions+round*batch, 1)
			return errors.Join(l.put(es), l.sync())
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var ours, least time.Duration
			for b.Loop() {
				start := time.Now()
				noError(b, c.do())
				middle := time.Now()
				_, err := f.Write(data)
				noError(b, errors.Join(err, f.Sync()))
				ours, least = ours+middle.Sub(start), least+time.Since(middle)
				round++
			}
			b.ReportMetric(0, "ns/op") // of both together, of no use
			b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "µs/batch")
			b.ReportMetric(float64(ours)/float64(least), "ratio")
		})
	}
	noError(b, errors.Join(f.Close(), l.close()))
}
