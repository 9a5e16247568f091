package copier

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
)

// TestLedgerSyncIsShared holds one fsync until everybody has put: one more has to do for all of them.
func TestLedgerSyncIsShared(t *testing.T) {
	const callers = 8
	m := newForgetfulFS()
	l := mustOpen(t, "d", ledgerOptions{files: m})
	reached, goOn := make(chan struct{}), make(chan struct{})
	var syncs int // the log is synced by one at a time
	m.mu.Lock()
	m.fail = func(_ int, what, path string) error {
		if what != "sync" || filepath.Base(path) != logName(1) {
			return nil
		}
		if syncs++; syncs == 1 {
			close(reached)
			<-goOn
		}
		return nil
	}
	m.mu.Unlock()
	errs := make(chan error, callers+1)
	var all sync.WaitGroup
	both := func(n int, put *sync.WaitGroup) {
		all.Go(func() {
			err := l.put([]ledgerEntry{testEntry(n, 1)})
			put.Done()
			errs <- errors.Join(err, l.sync())
		})
	}
	var first, others sync.WaitGroup
	first.Add(1)
	both(0, &first)
	<-reached
	others.Add(callers)
	for n := range callers {
		both(n+1, &others)
	}
	others.Wait()
	close(goOn)
	all.Wait()
	for range callers + 1 {
		noError(t, <-errs)
	}
	if syncs != 2 {
		t.Errorf("%d fsyncs for %d callers, want 2", syncs, callers+1)
	}
	after := mustOpen(t, "d", ledgerOptions{files: m.crash(rand.New(rand.NewPCG(1, 1)))})
	if after.count() != callers+1 {
		t.Errorf("%d of %d entries are durable", after.count(), callers+1)
	}
	noError(t, errors.Join(after.close(), l.close()))
}

// TestLedgerDoesNotWaitForMerges stops a merge in the middle and goes on using the ledger, through a spill.
func TestLedgerDoesNotWaitForMerges(t *testing.T) {
	m := newForgetfulFS()
	opt := ledgerOptions{files: m, tableEntries: 100}
	l := mustOpen(t, "d", opt)
	reached, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	m.mu.Lock()
	m.fail = func(_ int, what, path string) error {
		// Number 1 is the first log. Each full table takes one for a log and one for its run; then a merge comes.
		if what == "create" && filepath.Base(path) == runName(6)+tempSuffix {
			once.Do(func() { close(reached); <-goOn })
		}
		return nil
	}
	m.mu.Unlock()
	for n := range 100 {
		noError(t, l.put([]ledgerEntry{testEntry(n, 1)}))
	}
	waitForSpill(l)
	for n := range 100 {
		noError(t, l.put([]ledgerEntry{testEntry(100+n, 1)}))
	}
	<-reached
	if len(l.runs) != 2 || l.frozen != nil {
		t.Fatalf("this is no merge: %d runs", len(l.runs))
	}
	for n := range 151 { // freezes a table, which has to wait for its turn
		noError(t, l.put([]ledgerEntry{testEntry(n, 2)}))
	}
	noError(t, l.sync())
	for n := range 200 {
		es, found, err := l.get([]idHash{testID(n)})
		noError(t, err)
		want := testEntry(n, 1)
		if n <= 150 {
			want = testEntry(n, 2)
		}
		if !found[0] || es[0] != want {
			t.Fatalf("entry %d: %+v, %v", n, es[0], found[0])
		}
	}
	close(goOn)
	noError(t, l.close())
	l = mustOpen(t, "d", opt)
	if l.count() != 200 {
		t.Errorf("count gives %d", l.count())
	}
	noError(t, l.close())
}

func waitForSpill(l *ledger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.frozen != nil {
		l.room.Wait()
	}
}

// TestLedgerSpillsDuringMerges: a long merge lets a waiting table go first, unless there are too many runs already.
func TestLedgerSpillsDuringMerges(t *testing.T) {
	const n = 64 * blockRecords // a bite
	for _, maxRuns := range []int{0, 2} {
		m := newForgetfulFS()
		l := mustOpen(t, "d", ledgerOptions{files: m, tableEntries: n, maxRuns: maxRuns})
		fill := func(from int) error {
			var es []ledgerEntry
			for i := range n {
				es = append(es, testEntry(from+i, 1))
			}
			return l.put(es)
		}
		reached, goOn, waits := make(chan struct{}), make(chan struct{}), make(chan bool, 1)
		m.mu.Lock()
		m.fail = func(_ int, what, path string) error {
			switch { // numbers as in TestLedgerDoesNotWaitForMerges
			case what == "create" && filepath.Base(path) == runName(6)+tempSuffix:
				close(reached)
				<-goOn
			case what == "rename" && filepath.Base(path) == runName(6):
				l.mu.RLock()
				waits <- l.frozen != nil
				l.mu.RUnlock()
			}
			return nil
		}
		m.mu.Unlock()
		noError(t, fill(0))
		waitForSpill(l)
		noError(t, fill(n))
		<-reached
		noError(t, fill(2*n))
		close(goOn)
		if got, want := <-waits, maxRuns == 2; got != want {
			t.Errorf("maxRuns %d: at the end of the merge the table waits: %v, want %v", maxRuns, got, want)
		}
		noError(t, l.close())
		l = mustOpen(t, "d", ledgerOptions{files: m})
		all, err := ledgerContents(l, nil)
		noError(t, err)
		if len(all) != 3*n {
			t.Errorf("%d ids, want %d", len(all), 3*n)
		}
		noError(t, l.close())
	}
}

// TestLedgerPutWaits: with one table being written and another one full, a put waits; and what it waits for may fail.
func TestLedgerPutWaits(t *testing.T) {
	for _, failure := range []error{nil, errPowerCut} {
		synctest.Test(t, func(t *testing.T) {
			m := newForgetfulFS()
			l := mustOpen(t, "d", ledgerOptions{files: m, tableEntries: 10})
			goOn := make(chan struct{})
			m.fail = func(_ int, what, path string) error {
				if what == "create" && filepath.Base(path) == runName(3)+tempSuffix {
					<-goOn
					return failure
				}
				return nil
			}
			put, ended := 0, make(chan error, 1)
			go func() {
				for ; put < 35; put++ {
					if err := l.put([]ledgerEntry{testEntry(put, 1)}); err != nil {
						ended <- err
						return
					}
				}
				ended <- nil
			}()
			synctest.Wait()
			if put != 19 || l.count() != 20 { // the 20th fills the second table
				t.Errorf("%d puts came back, %d entries are in memory", put, l.count())
			}
			if _, found, err := l.get([]idHash{testID(3), testID(19)}); err != nil || !found[0] || !found[1] {
				t.Errorf("get meanwhile: %v, %v", found, err)
			}
			close(goOn)
			if err := <-ended; !errors.Is(err, failure) {
				t.Errorf("put gives %v, want %v", err, failure)
			}
			if err := l.close(); !errors.Is(err, failure) {
				t.Errorf("close gives %v, want %v", err, failure)
			}
		})
	}
}

// TestLedgerLogIsBounded: the same few ids again and again make no table full, and still the log ends.
func TestLedgerLogIsBounded(t *testing.T) {
	const logBytes = 200 * recordSize
	m := newForgetfulFS()
	l := mustOpen(t, "d", ledgerOptions{files: m, logBytes: logBytes})
	for version := range uint32(3000) {
		noError(t, l.put([]ledgerEntry{testEntry(int(version%5), version)}))
		noError(t, l.sync())
		// Two logs, each with the last frame over the limit, and small change.
		if n := m.bytes(); n > 2*(logBytes+100)+10_000 {
			t.Fatalf("after %d puts of 5 ids: %d bytes on disk", version+1, n)
		}
	}
	noError(t, l.close())
}

// TestLedgerBufferIsBounded: puts without a sync are written when they are many.
func TestLedgerBufferIsBounded(t *testing.T) {
	m := newForgetfulFS()
	l := mustOpen(t, "d", ledgerOptions{files: m, frameEntries: 100})
	before := m.bytes()
	for n := range 99 {
		noError(t, l.put([]ledgerEntry{testEntry(n, 1)}))
	}
	if m.bytes() != before {
		t.Error("puts are not buffered")
	}
	noError(t, l.put([]ledgerEntry{testEntry(99, 1)}))
	if m.bytes() != before+frameHeader+100*recordSize {
		t.Errorf("the buffer was not written as one frame: %d bytes", m.bytes()-before)
	}
	noError(t, l.close())
}

// TestLedgerCloseEndsMerges: close does not wait for the end of a long merge, which the next open takes up again.
func TestLedgerCloseEndsMerges(t *testing.T) {
	const n = 64 * blockRecords // a bite
	m := newForgetfulFS()
	l := mustOpen(t, "d", ledgerOptions{files: m, tableEntries: n})
	reached, done := make(chan struct{}), false
	m.mu.Lock()
	m.fail = func(_ int, what, path string) error { // numbers as in TestLedgerDoesNotWaitForMerges
		if what == "create" && filepath.Base(path) == runName(6)+tempSuffix {
			close(reached)
			<-l.stop
		}
		done = done || what == "rename" && filepath.Base(path) == runName(6)
		return nil
	}
	m.mu.Unlock()
	for from := range 2 {
		var es []ledgerEntry
		for i := range n {
			es = append(es, testEntry(from*n+i, 1))
		}
		noError(t, l.put(es))
		waitForSpill(l)
	}
	<-reached
	noError(t, l.close())
	if done {
		t.Error("close waited for the merge")
	}
	got, err := readAll(m, testEnds, nil)
	if err != nil || len(got) != 2*n || len(m.temps()) > 0 {
		t.Errorf("afterwards: %d ids, %v, %q", len(got), err, m.temps())
	}
}

// TestLedgerSyncsLongRunsInPieces: or the fsync at the end would hold up those of the log.
func TestLedgerSyncsLongRunsInPieces(t *testing.T) {
	m := newForgetfulFS()
	syncs := 0
	m.fail = func(_ int, what, path string) error {
		if what == "sync" {
			syncs++
		}
		return nil
	}
	es := make([]ledgerEntry, 2*runSyncEvery/recordSize+1000)
	for i := range es {
		binary.BigEndian.PutUint32(es[i].ID[:], uint32(i))
	}
	r, err := closedLedger(m, 0).writeRun(1, []entrySource{&tableSource{es}})
	noError(t, err)
	if syncs != 3 || r.count != int64(len(es)) {
		t.Errorf("%d syncs for %d records of %d", syncs, r.count, len(es))
	}
}

func TestMergeFrom(t *testing.T) {
	for _, v := range []struct {
		counts []int64
		want   int
	}{
		{nil, 0}, {[]int64{5}, 1}, {[]int64{4, 1}, 2}, {[]int64{3, 1}, 0}, {[]int64{100, 20, 5, 1}, 0},
		{[]int64{104, 20, 5, 1}, 1}, {[]int64{1000, 48, 9, 2}, 4}, {[]int64{1000, 40, 2, 2}, 2}, {[]int64{1, 1000, 1}, 0},
	} {
		if got := mergeFrom(v.counts); got != v.want {
			t.Errorf("%v: from %d, want %d", v.counts, got, v.want)
		}
	}
	// Whatever comes, merging what is due leaves runs that obey the ratio.
	rng := rand.New(rand.NewPCG(3, 3))
	var counts []int64
	for range 10_000 {
		counts = append(counts, 1+rng.Int64N(1000))
		if from := mergeFrom(counts); from < len(counts) {
			var sum int64
			for _, c := range counts[from:] {
				sum += c
			}
			counts = append(counts[:from], sum)
		}
		if mergeFrom(counts) != len(counts) || len(counts) > 14 {
			t.Fatalf("not settled: %v", counts)
		}
	}
}
