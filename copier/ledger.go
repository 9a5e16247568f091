package copier

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"github.com/aspstate/aspstate/session"
)

// The ledger remembers, for every session that the copier has written, what the target's row looked like before and after
// (cutover.md, "Without a bridge"). It is a folder that one process owns at a time:
//
//	lock           locked while the ledger is open
//	state.json     the list of the parts below: the only truth about which files count (ledger_manifest.go)
//	log-N          puts in their order, one frame a sync (ledger_log.go)
//	run-N          entries sorted by id, immutable (ledger_run.go)
//
// A put goes to a table in memory and to a buffer; a sync writes the buffer as one frame of the log and fsyncs it, for all
// callers that wait. When the table is full it is frozen, a new log and a new table begin, and a goroutine writes the
// frozen table as a run, whereupon its log is deleted. The same goroutine merges runs so that each has at least four times
// as many records as all later ones together: a lookup reads few runs, and runs never take more than 5/4 of the least
// possible space, 57 bytes an id. An orderly close leaves only runs; a log that open finds is what a crash left, and
// becomes a run at once. Every change of the list of files is one atomic replacement of state.json, after the new files
// are durable and before the old ones are deleted; files that it does not name are left-overs of a crash and are deleted.
//
// Memory: two tables (active and frozen) of 65,536 entries, and at most 512 KB of index a run, of which there are at most
// five at ten million ids, and some more during a merge. Nothing grows with the number of ids but the number of runs, by
// its logarithm.
//
// A table in place on disk was the alternative. It needs a redo log with whole blocks against torn writes, and a rehash
// when it grows; immutable files need neither, and damage in them is always damage.

// idHash is a truncated SHA-256 of a session's key in the target. Lookups are fast because ids are spread evenly; they
// are right for any ids.
type idHash [16]byte

// compare orders ids as bytes.Compare does, and faster: passes sort all of them.
func (a idHash) compare(b idHash) int {
	x, y := binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(b[:])
	if x == y {
		x, y = binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:])
	}
	return cmp.Compare(x, y)
}

// ledgerEntry is what the ledger knows of one session.
type ledgerEntry struct {
	ID      idHash
	Before  uint64          // hash of the fence that the target's row had before the copier wrote; the caller's choice for "absent"
	After   uint64          // hash of the fence that it has if the write took place
	Expires session.Instant // of the row as written, kept to the tick
	Pass    uint32          // last pass that saw it in the source
	Done    bool            // the write of After was confirmed
}

// ledgerOptions are the sizes, changed by tests. Zero values give the defaults.
type ledgerOptions struct {
	files        fileSystem // the operating system's
	tableEntries int        // entries of a table in memory: 65,536
	logBytes     int64      // a log is changed at this size at the latest: four puts for each entry of a table
	frameEntries int        // puts in the buffer, and in a frame of the log: maxFrameEntries, which is also the most
	indexEntries int        // of one run, at least 2: 32,768 (of 16 bytes)
	maxRuns      int        // from this number of runs on, merging goes before making more: 24
}

func (o ledgerOptions) withDefaults() ledgerOptions {
	set := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	if o.files == nil {
		o.files = osFiles{}
	}
	set(&o.tableEntries, 1<<16)
	set(&o.frameEntries, maxFrameEntries)
	o.frameEntries = min(o.frameEntries, maxFrameEntries)
	set(&o.indexEntries, 1<<15)
	set(&o.maxRuns, 24)
	if o.logBytes == 0 {
		o.logBytes = int64(o.tableEntries) * 4 * recordSize
	}
	return o
}

// ledger is an open ledger. All methods may be called concurrently.
//
// An error of a write, of a sync or of the goroutine in the background stays: each later put, sync and close returns it,
// and nothing is written any more. get and each still answer.
type ledger struct {
	files       fileSystem
	dir         string
	fingerprint [32]byte
	opt         ledgerOptions
	lock        io.Closer

	// Locks are taken in this order: flushing, changing, mu. The first two are held during I/O, mu never is, so that a get
	// does not wait for a disk that others use.

	flushing sync.Mutex // writing to the log
	log      *logWriter
	synced   uint64 // puts that are durable
	spare    []byte // the buffer that pending changes places with

	changing sync.Mutex // replacing state.json: from computing the new list until memory has it
	state    manifest

	mu       sync.RWMutex
	pending  []byte // records not yet in a log
	puts     uint64 // entries put since open
	logged   int64  // bytes in the present log
	active   *ledgerTable
	frozen   *ledgerTable // being written as a run, nil if none
	runs     []*ledgerRun // oldest first; a run is replaced, the slice is never changed
	distinct int64        // ids in runs
	spills   uint64       // tables that have become runs since open
	err      error        // stays
	closed   bool
	room     *sync.Cond // on mu: frozen has become nil, or err or closed is set

	wake   chan struct{} // something for the goroutine to do
	stop   chan struct{}
	worker sync.WaitGroup
}

var errLedgerClosed = errors.New("copier: the ledger is closed")

// openLedger opens the ledger in the folder dir, which it creates when absent. fingerprint names the two ends; a ledger of
// other ends is foreign. A ledger that cannot be used gives a *StateError and is left as it is, one that another process
// has open gives ErrStateInUse. Damage inside of runs shows when it is met: get, put, each or a merge then give the
// *StateError.
func openLedger(dir string, fingerprint [32]byte) (*ledger, error) {
	return openLedgerWith(dir, fingerprint, ledgerOptions{})
}

func openLedgerWith(dir string, fingerprint [32]byte, opt ledgerOptions) (_ *ledger, err error) {
	opt = opt.withDefaults()
	l := &ledger{
		files: opt.files, dir: dir, fingerprint: fingerprint, opt: opt, active: newTable(),
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	l.room = sync.NewCond(&l.mu)
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening the ledger: %w", errors.Join(err, l.closeFiles()))
		}
	}()
	if err := l.files.makeDir(dir); err != nil {
		return nil, err
	}
	if err := l.refuseStrangers(); err != nil { // before the lock puts a file among them
		return nil, err
	}
	if l.lock, err = l.files.lock(l.path(lockName)); err != nil {
		return nil, err
	}
	if err := l.loadState(); err != nil {
		return nil, err
	}
	for _, part := range l.state.Runs {
		r, err := openRun(l, part.Number)
		if err != nil {
			return nil, err
		}
		l.runs = append(l.runs, r)
		if r.count != part.Count {
			return nil, r.fail(StateDamaged, "it has %d records, state.json says %d", r.count, part.Count)
		}
	}
	l.distinct = l.state.Distinct
	if err := l.recover(); err != nil {
		return nil, err
	}
	l.worker.Go(l.work)
	l.wakeWorker() // a crash may have left runs to merge
	return l, nil
}

// recover makes the logs that a crash left into a run and begins a new log.
func (l *ledger) recover() error {
	crashed := newTable()
	for _, n := range l.state.Logs {
		if err := replayLog(l, n, crashed); err != nil {
			return err
		}
	}
	next := l.state
	if len(crashed.entries) > 0 {
		es := crashed.sorted()
		known, err := lookupAll(l.runs, es)
		if err != nil {
			return err
		}
		for _, k := range known {
			if !k {
				next.Distinct++
			}
		}
		r, err := l.writeRun(next.take(), []entrySource{&tableSource{es}})
		if err != nil {
			return err
		}
		l.runs = append(l.runs, r)
		next.Runs = manifestParts(l.runs)
	}
	number := next.take()
	log, err := createLog(l, number)
	if err != nil {
		return err
	}
	l.log = log
	old := next.Logs
	next.Logs = []uint64{number}
	if err := l.saveState(next); err != nil {
		return err
	}
	l.distinct, l.logged = next.Distinct, log.size
	for _, n := range old {
		if err := l.files.remove(l.path(logName(n))); err != nil {
			return err
		}
	}
	return nil
}

// close makes all puts durable, merges what is due, waits for the goroutine and releases the ledger. It returns the error
// that stays, if there is one. A second close does nothing.
func (l *ledger) close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.room.Broadcast()
	l.mu.Unlock()

	close(l.stop)
	l.worker.Wait()
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.mu.RLock()
	err := l.err
	l.mu.RUnlock()
	if err == nil {
		err = l.finish()
	}
	if err := errors.Join(err, l.closeFiles()); err != nil {
		return fmt.Errorf("closing the ledger: %w", err)
	}
	return nil
}

// closeFiles closes whatever open has opened so far.
func (l *ledger) closeFiles() error {
	var errs []error
	if l.log != nil {
		errs = append(errs, l.log.close())
	}
	l.mu.Lock()
	runs := l.runs
	l.runs = nil
	l.mu.Unlock()
	for _, r := range runs {
		errs = append(errs, r.release())
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
	}
	return errors.Join(errs...)
}

func (l *ledger) path(name string) string { return filepath.Join(l.dir, name) }

// fail makes err the error that stays, unless there is one, and returns the one that stays.
func (l *ledger) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	l.room.Broadcast()
	return l.err
}

func (l *ledger) wakeWorker() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
