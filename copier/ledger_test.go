package copier

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/aspstate/aspstate/session"
)

var testEnds = [32]byte{1, 2, 3, 31: 32}

// smallLedger makes everything happen often: tables become runs after 40 ids, blocks are skipped by the index, and there
// are merges of merges.
func smallLedger(files fileSystem) ledgerOptions {
	return ledgerOptions{files: files, tableEntries: 40, logBytes: 100 * recordSize, frameEntries: 16, indexEntries: 2, maxRuns: 3}
}

// testID gives well-spread ids, as the copier's are.
func testID(n int) idHash {
	var id idHash
	binary.BigEndian.PutUint64(id[:], uint64(n)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func testEntry(n int, version uint32) ledgerEntry {
	return ledgerEntry{
		ID: testID(n), Before: uint64(version) << 40, After: uint64(n)<<32 | uint64(version), Pass: version, Done: version%2 == 1,
		Expires: session.Instant(n) - session.Instant(version)*session.Minute,
	}
}

func mustOpen(t testing.TB, dir string, opt ledgerOptions) *ledger {
	t.Helper()
	l, err := openLedgerWith(dir, testEnds, opt)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ledgerContents reads a ledger by each, and checks count and, for every id asked, that get agrees.
func ledgerContents(l *ledger, ask []idHash) (map[idHash]ledgerEntry, error) {
	all := map[idHash]ledgerEntry{}
	var last idHash
	err := l.each(func(e ledgerEntry) error {
		if len(all) > 0 && string(e.ID[:]) <= string(last[:]) {
			return fmt.Errorf("each: %x after %x", e.ID, last)
		}
		last, all[e.ID] = e.ID, e
		return nil
	})
	if err != nil {
		return nil, err
	}
	if got := l.count(); got != int64(len(all)) {
		return nil, fmt.Errorf("count says %d, each gives %d", got, len(all))
	}
	es, found, err := l.get(ask)
	if err != nil {
		return nil, err
	}
	for i, id := range ask {
		if e, ok := all[id]; ok != found[i] || e != es[i] {
			return nil, fmt.Errorf("get says %+v, %v, each %+v, %v", es[i], found[i], e, ok)
		}
	}
	return all, nil
}

// idPool gives the ids of a test: some that are spread, some that agree in all but the last byte, the least and the
// greatest possible.
func idPool(n int) []idHash {
	pool := []idHash{{}, {15: 1}}
	for i := range 16 {
		pool = append(pool, idHash{0: 0x77, 15: byte(i)})
	}
	var greatest idHash
	for i := range greatest {
		greatest[i] = 0xff
	}
	pool = append(pool, greatest)
	for i := range n {
		pool = append(pool, testID(i))
	}
	return pool
}

func TestLedgerAgainstAMap(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			opt := smallLedger(nil)
			if seed%2 == 1 {
				opt = ledgerOptions{tableEntries: 200}
			}
			dir, pool := filepath.Join(t.TempDir(), "parents", "ledger"), idPool(1500)
			l, model := mustOpen(t, dir, opt), map[idHash]ledgerEntry{}
			version := uint32(0)
			for range 400 {
				switch what := rng.IntN(20); {
				case what < 12:
					var batch []ledgerEntry
					for range 1 + rng.IntN(40) {
						version++
						e := testEntry(0, version)
						e.ID = pool[rng.IntN(len(pool))]
						batch = append(batch, e)
						model[e.ID] = e
					}
					noError(t, l.put(batch))
				case what < 14:
					noError(t, l.sync())
				case what < 18:
					ids := make([]idHash, rng.IntN(30))
					for i := range ids {
						ids[i] = pool[rng.IntN(len(pool))]
					}
					es, found, err := l.get(ids)
					noError(t, err)
					for i, id := range ids {
						if want, ok := model[id]; ok != found[i] || es[i] != want {
							t.Fatalf("get gives %+v, %v, want %+v, %v", es[i], found[i], want, ok)
						}
					}
				case what < 19:
					if got := l.count(); got != int64(len(model)) {
						t.Fatalf("count gives %d, want %d", got, len(model))
					}
				default:
					noError(t, l.close())
					l = mustOpen(t, dir, opt)
				}
			}
			got, err := ledgerContents(l, pool)
			noError(t, err)
			sameContents(t, got, model)
			noError(t, l.close())
			l = mustOpen(t, dir, opt)
			got, err = ledgerContents(l, pool)
			noError(t, err)
			sameContents(t, got, model)
			noError(t, l.close())
		})
	}
}

func sameContents(t testing.TB, got, want map[idHash]ledgerEntry) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d ids, want %d", len(got), len(want))
	}
	for id, w := range want {
		if g, ok := got[id]; !ok || g != w {
			t.Fatalf("id %x: got %+v, %v, want %+v", id, g, ok, w)
		}
	}
}

func TestLedgerCloseLeavesRunsOnly(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, ledgerOptions{})
	for i := range 1000 {
		noError(t, l.put([]ledgerEntry{testEntry(i, 1)}))
	}
	noError(t, l.close())
	noError(t, l.close())
	names, err := (osFiles{}).list(dir)
	noError(t, err)
	if want := []string{"lock", "run-00000002", "state.json"}; !slices.Equal(names, want) {
		t.Errorf("the folder holds %q, want %q", names, want)
	}
	if err := l.put([]ledgerEntry{testEntry(1, 1)}); !errors.Is(err, errLedgerClosed) {
		t.Errorf("put after close: %v", err)
	}
	if err := l.sync(); !errors.Is(err, errLedgerClosed) {
		t.Errorf("sync after close: %v", err)
	}
	if _, _, err := l.get([]idHash{{}}); !errors.Is(err, errLedgerClosed) {
		t.Errorf("get after close: %v", err)
	}
	if err := l.each(func(ledgerEntry) error { return nil }); !errors.Is(err, errLedgerClosed) {
		t.Errorf("each after close: %v", err)
	}
}

func TestLedgerEachPassesErrorsOn(t *testing.T) {
	l := mustOpen(t, t.TempDir(), ledgerOptions{})
	noError(t, l.put([]ledgerEntry{testEntry(1, 1), testEntry(2, 1)}))
	want, calls := errors.New("enough"), 0
	if err := l.each(func(ledgerEntry) error { calls++; return want }); err != want || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	noError(t, l.close())
}

func TestLedgerHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, ledgerOptions{})
	if _, err := openLedger(dir, testEnds); !errors.Is(err, ErrStateInUse) {
		t.Fatalf("a second owner: %v", err)
	}
	noError(t, l.put([]ledgerEntry{testEntry(1, 1)}))
	noError(t, l.close())
	l = mustOpen(t, dir, ledgerOptions{})
	if l.count() != 1 {
		t.Error("the refused one changed something")
	}
	noError(t, l.close())
}

func TestLedgerConcurrently(t *testing.T) {
	const workers, rounds, batch = 4, 60, 25
	opt := smallLedger(nil)
	dir := t.TempDir()
	l := mustOpen(t, dir, opt)
	var all sync.WaitGroup
	errs := make(chan error, workers+1)
	stop := make(chan struct{})
	for w := range workers {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 2))
			mine := map[int]uint32{}
			for r := range rounds {
				var es []ledgerEntry
				for range batch {
					n := w*1000 + rng.IntN(300)
					mine[n] = uint32(r + 1)
					es = append(es, testEntry(n, uint32(r+1)))
				}
				if err := errors.Join(l.put(es), l.sync()); err != nil {
					errs <- err
					return
				}
				for n, v := range mine {
					es, found, err := l.get([]idHash{testID(n), testID(w*1000 + 999)})
					if err != nil || !found[0] || es[0] != testEntry(n, v) || found[1] {
						errs <- fmt.Errorf("worker %d, round %d: %+v, %v, %w", w, r, es, found, err)
						return
					}
				}
			}
		})
	}
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			seen, before := int64(0), l.count()
			err := l.each(func(e ledgerEntry) error { seen++; return nil })
			if err == nil && seen < before {
				err = fmt.Errorf("each gave %d of %d", seen, before)
			}
			if err != nil {
				errs <- err
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	all.Wait()
	close(stop)
	reader.Wait()
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
	before, err := ledgerContents(l, nil)
	noError(t, err)
	noError(t, l.close())
	l = mustOpen(t, dir, opt)
	after, err := ledgerContents(l, nil)
	noError(t, err)
	sameContents(t, after, before)
	noError(t, l.close())
}

func TestLedgerRefusesAFolderOfOthers(t *testing.T) {
	dir := t.TempDir()
	noError(t, os.WriteFile(filepath.Join(dir, "run-tests.sh"), nil, 0o600))
	_, err := openLedger(dir, testEnds)
	var s *StateError
	if !errors.As(err, &s) || s.Kind != StateForeign || s.Hint == "" {
		t.Errorf("got %v", err)
	}
	if names, err := (osFiles{}).list(dir); err != nil || len(names) != 1 {
		t.Errorf("something was made there: %q, %v", names, err)
	}
}
