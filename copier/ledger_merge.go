package copier

import (
	"errors"
	"fmt"
	"slices"
)

// mergeRatio: each run has at least this many times the records of all later ones together. Higher means less space and
// fewer lookups, and more rewriting: the largest run is rewritten whenever the others have grown to a quarter of it.
const mergeRatio = 4

// mergeFrom returns which runs to merge to keep mergeRatio: those from the returned one to the last; the number of runs
// if none.
func mergeFrom(counts []int64) int {
	from, later := len(counts), int64(0)
	for i, n := range slices.Backward(counts) {
		if n < mergeRatio*later {
			from = i
		}
		later += n
	}
	return from
}

func countsOf(runs []*ledgerRun) []int64 {
	var c []int64
	for _, r := range runs {
		c = append(c, r.count)
	}
	return c
}

// rotate begins a new log and a new table if the present ones are full, and leaves the old table to the goroutine. When
// that still has one, rotate waits.
func (l *ledger) rotate() error {
	l.mu.Lock()
	for l.frozen != nil && l.usable() == nil {
		l.room.Wait()
	}
	l.mu.Unlock()
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.changing.Lock()
	defer l.changing.Unlock()
	l.mu.RLock()
	err, other := l.usable(), l.frozen != nil || !l.full()
	l.mu.RUnlock()
	if err != nil || other { // other: somebody else did it
		return err
	}
	next := l.state
	number := next.take()
	log, err := createLog(l, number)
	if err != nil {
		return l.fail(err)
	}
	next.Logs = append(slices.Clone(next.Logs), number)
	if err := l.saveState(next); err != nil {
		return l.fail(errors.Join(err, log.close()))
	}
	old := l.log
	l.log = log
	// Puts that are still in the buffer go to the new log although their table is the old one. Replayed after it has
	// become a run they give the same values, and in the same order.
	l.mu.Lock()
	l.frozen, l.active, l.logged = l.active, newTable(), log.size
	l.mu.Unlock()
	l.wakeWorker()
	if err := old.close(); err != nil {
		return l.fail(fmt.Errorf("closing the ledger's log: %w", err))
	}
	return nil
}

var errStopped = errors.New("stopped")

// work is the goroutine: it makes frozen tables into runs and merges runs, until stop.
func (l *ledger) work() {
	for {
		select {
		case <-l.stop:
			return
		case <-l.wake:
		}
		err := l.spill()
		for more := true; more && err == nil; {
			more, err = l.merge()
		}
		if errors.Is(err, errStopped) {
			return
		}
		if err != nil {
			_ = l.fail(err) // the next put, sync or close returns it
			return
		}
	}
}

// spill makes the frozen table, if there is one, into the last run.
func (l *ledger) spill() error {
	l.mu.RLock()
	t := l.frozen
	l.mu.RUnlock()
	if t == nil {
		return nil
	}
	r, err := l.writeRun(l.takeNumber(), []entrySource{&tableSource{t.sorted()}})
	if err != nil {
		return err
	}
	l.changing.Lock()
	defer l.changing.Unlock()
	next := l.state
	old := next.Logs[0] // the frozen table's; the other one is in use
	next.Logs = slices.Clone(next.Logs[1:])
	runs := append(slices.Clone(l.runs), r)
	next.Runs, next.Distinct = manifestParts(runs), next.Distinct+t.fresh
	if err := l.saveState(next); err != nil {
		return errors.Join(err, r.release())
	}
	l.mu.Lock()
	l.runs, l.distinct, l.frozen = runs, next.Distinct, nil
	l.spills++
	l.room.Broadcast()
	l.mu.Unlock()
	return l.files.remove(l.path(logName(old)))
}

func (l *ledger) takeNumber() uint64 {
	l.changing.Lock()
	defer l.changing.Unlock()
	return l.state.take()
}

// merge merges the runs that are due, and tells whether it found any. It pauses to spill a table that waits.
func (l *ledger) merge() (found bool, err error) {
	l.mu.RLock()
	runs := l.runs
	l.mu.RUnlock()
	from := mergeFrom(countsOf(runs))
	if from == len(runs) {
		return false, nil
	}
	merged := runs[from:]
	r, err := l.writeRun(l.takeNumber(), sourcesOf(merged), l.betweenBites)
	if err != nil {
		return false, err
	}
	l.changing.Lock()
	defer l.changing.Unlock()
	l.mu.RLock()
	later := l.runs[len(runs):] // spilled meanwhile
	l.mu.RUnlock()
	replaced := append(append(slices.Clone(runs[:from]), r), later...)
	next := l.state
	next.Runs = manifestParts(replaced)
	if err := l.saveState(next); err != nil {
		return false, errors.Join(err, r.release())
	}
	l.mu.Lock()
	l.runs = replaced
	l.mu.Unlock()
	return true, retire(merged)
}

// betweenBites is called now and then during a merge.
func (l *ledger) betweenBites() error {
	select {
	case <-l.stop:
		return errStopped
	default:
	}
	l.mu.RLock()
	runs := len(l.runs)
	l.mu.RUnlock()
	if runs >= l.opt.maxRuns {
		return nil
	}
	return l.spill()
}

// retire gives up runs that state.json does not name any more; their files go when the last get has ended.
func retire(runs []*ledgerRun) error {
	var errs []error
	for _, r := range runs {
		r.obsolete.Store(true)
		errs = append(errs, r.release())
	}
	return errors.Join(errs...)
}

// finish leaves nothing but runs: the tables, with the runs that are due, become one. The goroutine has ended, nobody
// puts any more.
func (l *ledger) finish() error {
	l.changing.Lock()
	defer l.changing.Unlock()
	next := l.state
	counts := countsOf(l.runs)
	var tables []entrySource
	for _, t := range []*ledgerTable{l.frozen, l.active} {
		if t != nil && len(t.entries) > 0 {
			tables = append(tables, &tableSource{t.sorted()})
			counts = append(counts, int64(len(t.entries)))
			next.Distinct += t.fresh
		}
	}
	from := min(mergeFrom(counts), len(l.runs))
	replaced, merged := l.runs, l.runs[from:]
	if len(tables)+len(merged) > 0 {
		r, err := l.writeRun(next.take(), append(sourcesOf(merged), tables...))
		if err != nil {
			return err
		}
		replaced = append(slices.Clone(l.runs[:from]), r)
	}
	old := next.Logs
	next.Runs, next.Logs = manifestParts(replaced), []uint64{}
	if err := l.saveState(next); err != nil {
		for _, r := range replaced[from:] {
			err = errors.Join(err, r.release())
		}
		return err
	}
	l.mu.Lock()
	l.runs = replaced
	l.mu.Unlock()
	errs := []error{retire(merged)}
	for _, n := range old {
		errs = append(errs, l.files.remove(l.path(logName(n))))
	}
	return errors.Join(errs...)
}
