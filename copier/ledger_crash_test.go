package copier

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// ledgerModel is what a ledger must have after a crash: for each id the value that was last known durable, or one that
// was put later.
type ledgerModel struct {
	durable map[idHash]ledgerEntry
	later   map[idHash][]ledgerEntry
}

func newLedgerModel() *ledgerModel {
	return &ledgerModel{map[idHash]ledgerEntry{}, map[idHash][]ledgerEntry{}}
}

func (m *ledgerModel) put(es []ledgerEntry) {
	for _, e := range es {
		m.later[e.ID] = append(m.later[e.ID], e)
	}
}

func (m *ledgerModel) synced() {
	for id, es := range m.later {
		m.durable[id] = es[len(es)-1]
	}
	clear(m.later)
}

// check compares a ledger found after a crash, whose values become the durable ones.
func (m *ledgerModel) check(found map[idHash]ledgerEntry) error {
	for id, e := range found {
		ok := m.durable[id] == e
		for _, l := range m.later[id] {
			ok = ok || l == e
		}
		if !ok {
			return fmt.Errorf("id %x: found %+v, durable was %+v, put since %+v", id, e, m.durable[id], m.later[id])
		}
	}
	for id, e := range m.durable {
		if _, ok := found[id]; !ok {
			return fmt.Errorf("id %x is gone, durable was %+v", id, e)
		}
	}
	m.durable = found
	clear(m.later)
	return nil
}

// useLedger does random things until one of them fails or all are done, and keeps the model.
func useLedger(files fileSystem, rng *rand.Rand, steps int, pool []idHash, version *uint32, model *ledgerModel) error {
	l, err := openLedgerWith("d", testEnds, smallLedger(files))
	if err != nil {
		return err
	}
	for range steps {
		switch what := rng.IntN(12); {
		case what < 6:
			var es []ledgerEntry
			for range 1 + rng.IntN(25) {
				*version++
				e := testEntry(0, *version)
				e.ID = pool[rng.IntN(len(pool))]
				es = append(es, e)
			}
			model.put(es)
			err = l.put(es)
		case what < 10:
			if err = l.sync(); err == nil {
				model.synced()
			}
		case what < 11:
			_, err = ledgerContents(l, pool[:10])
		default:
			if err = l.close(); err == nil {
				model.synced()
				l, err = openLedgerWith("d", testEnds, smallLedger(files))
			}
		}
		if err != nil {
			if l != nil {
				_ = l.close() // it fails too, and ends the goroutine
			}
			return err
		}
	}
	if err := l.close(); err != nil {
		return err
	}
	model.synced()
	return nil
}

// crashEverywhere does the same things again and again with a failure at each operation of the file system, and looks
// what after finds. failing makes the failure; after makes the file system that the next process finds.
func crashEverywhere(t *testing.T, seed uint64, failing func(op int) func(int, string, string) error, after func(*forgetfulFS, *rand.Rand) *forgetfulFS) {
	pool := idPool(380)
	stride := 1
	if testing.Short() {
		stride = 17
	}
	failures := 0
	for op := 1; ; op += stride {
		rng := rand.New(rand.NewPCG(seed, 0))
		model, version := newLedgerModel(), uint32(0)
		m := newForgetfulFS()
		m.fail = failing(op)
		err := useLedger(m, rng, 60, pool, &version, model)
		if err != nil && !errors.Is(err, errPowerCut) {
			t.Fatalf("seed %d, operation %d: %v", seed, op, err)
		}
		if err == nil && m.ops >= op {
			t.Fatalf("seed %d: operation %d failed and nobody said so", seed, op)
		}
		rng = rand.New(rand.NewPCG(seed, uint64(op)))
		// The next processes crash too, at random moments; the last one does not.
		for round := range 3 {
			m = after(m, rng)
			l, err := openLedgerWith("d", testEnds, smallLedger(m))
			if err != nil {
				t.Fatalf("seed %d, operation %d, round %d: %v", seed, op, round, err)
			}
			found, err := ledgerContents(l, pool)
			if err == nil {
				err = model.check(found)
			}
			if err = errors.Join(err, l.close()); err != nil {
				t.Fatalf("seed %d, operation %d, round %d: %v", seed, op, round, err)
			}
			if len(m.temps()) > 0 || len(m.names) > 8 {
				t.Fatalf("seed %d, operation %d, round %d: left-overs among %d files: %q", seed, op, round, len(m.names), m.temps())
			}
			m.fail = powerCutAt(m.ops + 1 + rng.IntN(120))
			if err := useLedger(m, rng, 20, pool, &version, model); err != nil && !errors.Is(err, errPowerCut) {
				t.Fatalf("seed %d, operation %d, round %d: %v", seed, op, round, err)
			}
		}
		if err == nil {
			break
		}
		failures++
	}
	if failures < 100/stride {
		t.Errorf("only %d operations failed", failures)
	}
}

func TestLedgerInPowerCuts(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			crashEverywhere(t, seed, powerCutAt, (*forgetfulFS).crash)
		})
	}
}

func TestLedgerAfterKills(t *testing.T) {
	crashEverywhere(t, 10, powerCutAt, func(m *forgetfulFS, _ *rand.Rand) *forgetfulFS { return m.copy() })
}

// TestLedgerAfterFailedWrites: one operation fails, a full disk perhaps, and later ones would not. The ledger must not go
// on as if nothing had been.
func TestLedgerAfterFailedWrites(t *testing.T) {
	crashEverywhere(t, 20, failOnceAt, (*forgetfulFS).crash)
}

// The ledger of TestLedgerKilled: each worker writes rounds of entries in its own range of ids and tells its parent which
// rounds are durable.
const (
	killedWorkers, killedIDs, killedBatch = 3, 2000, 50

	killedFolder = "ASPSTATE_TEST_LEDGER"
)

func killedEntry(worker, round, i int) ledgerEntry {
	return testEntry(worker*killedIDs+(round*killedBatch+i)%killedIDs, uint32(round))
}

// TestLedgerKilledChild is the process that TestLedgerKilled kills.
func TestLedgerKilledChild(t *testing.T) {
	dir := os.Getenv(killedFolder)
	if dir == "" {
		t.Skip("run by TestLedgerKilled only")
	}
	opt := smallLedger(nil)
	opt.tableEntries, opt.logBytes = 300, 1000*recordSize
	l := mustOpen(t, dir, opt)
	var all sync.WaitGroup
	var out sync.Mutex
	for w := range killedWorkers {
		first, err := strconv.Atoi(strings.Split(os.Getenv(killedFolder+"_ROUNDS"), ",")[w])
		noError(t, err)
		all.Go(func() {
			for round := first; ; round++ {
				var es []ledgerEntry
				for i := range killedBatch {
					es = append(es, killedEntry(w, round, i))
				}
				if err := errors.Join(l.put(es), l.sync()); err != nil {
					t.Error(err)
					return
				}
				out.Lock()
				fmt.Printf("durable %d %d\n", w, round)
				out.Unlock()
			}
		})
	}
	all.Wait()
}

func TestLedgerKilled(t *testing.T) {
	kills := 12
	if testing.Short() {
		kills = 3
	}
	dir, rng := t.TempDir(), rand.New(rand.NewPCG(5, 5))
	durable := make([]int, killedWorkers) // rounds
	for kill := range kills {
		next := make([]string, killedWorkers)
		for w := range next {
			next[w] = strconv.Itoa(durable[w] + 1)
		}
		child := exec.Command(os.Args[0], "-test.run=^TestLedgerKilledChild$")
		child.Env = append(os.Environ(), killedFolder+"="+dir, killedFolder+"_ROUNDS="+strings.Join(next, ","))
		child.Stderr = os.Stderr
		pipe, err := child.StdoutPipe()
		noError(t, err)
		noError(t, child.Start())
		lines, after := bufio.NewScanner(pipe), 1+rng.IntN(150)
		for n := 0; lines.Scan(); n++ {
			var w, round int
			if _, err := fmt.Sscanf(lines.Text(), "durable %d %d", &w, &round); err != nil {
				t.Errorf("kill %d: the child says %q", kill, lines.Text())
				continue
			}
			durable[w] = round
			if n == 0 {
				if _, err := openLedger(dir, testEnds); !errors.Is(err, ErrStateInUse) {
					t.Errorf("kill %d: a ledger that another process has: %v", kill, err)
				}
			}
			if n == after {
				noError(t, child.Process.Kill())
			}
		}
		if err := child.Wait(); err == nil {
			t.Fatalf("kill %d: the child ended by itself", kill)
		}
		l := mustOpen(t, dir, smallLedger(nil))
		all, err := ledgerContents(l, nil)
		noError(t, err)
		if kill%2 == 0 { // else the next child finds what this one left, with what open made of it
			noError(t, l.close())
		} else {
			close(l.stop)
			l.worker.Wait()
			noError(t, l.closeFiles())
		}
		for w := range killedWorkers {
			for n := range killedIDs {
				e, found := all[testID(w*killedIDs+n)]
				last := lastRound(n, durable[w])
				// One more round may have been written and not been told.
				if maybe := lastRound(n, durable[w]+1); (found || last > 0) && e != testEntry(w*killedIDs+n, uint32(last)) && e != testEntry(w*killedIDs+n, uint32(maybe)) {
					t.Fatalf("kill %d, worker %d, id %d: %+v, %v, want round %d or %d", kill, w, n, e, found, last, maybe)
				}
			}
		}
		if testing.Verbose() {
			t.Logf("killed after rounds %v, %d ids", durable, len(all))
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	noError(t, err)
	if len(names) > 12 {
		t.Errorf("left-overs: %q", names)
	}
}

// lastRound is the last round up to limit that wrote id n; 0 if none did. Rounds count from 1.
func lastRound(n, limit int) int {
	for round := limit; round > 0 && round > limit-killedIDs/killedBatch; round-- {
		if first := round * killedBatch % killedIDs; n >= first && n < first+killedBatch {
			return round
		}
	}
	return 0
}
