package copier

import (
	"fmt"
	"maps"
	"slices"
)

// get returns for each id its entry, as put last, and whether there is one. It may be called with any number of ids; one
// lookup reads about one block of each run.
func (l *ledger) get(ids []idHash) ([]ledgerEntry, []bool, error) {
	es, found := make([]ledgerEntry, len(ids)), make([]bool, len(ids))
	l.mu.RLock()
	if l.closed {
		l.mu.RUnlock()
		return nil, nil, errLedgerClosed
	}
	for i, id := range ids {
		es[i], found[i] = l.inTables(id)
	}
	runs := l.retainRuns()
	l.mu.RUnlock()
	defer l.releaseRuns(runs)
	order := make([]int, 0, len(ids)) // by id, so that ids of one block come together
	for i := range ids {
		if !found[i] {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return ids[a].compare(ids[b]) })
	for n := len(runs) - 1; n >= 0; n-- {
		look := newRunReader(runs[n], len(order))
		for _, i := range order {
			if found[i] {
				continue
			}
			var err error
			if es[i], found[i], err = look.lookup(ids[i]); err != nil {
				return nil, nil, fmt.Errorf("reading the ledger: %w", err)
			}
		}
	}
	return es, found, nil
}

// inTables looks in memory; under mu.
func (l *ledger) inTables(id idHash) (e ledgerEntry, ok bool) {
	if e, ok = l.active.entries[id]; !ok && l.frozen != nil {
		e, ok = l.frozen.entries[id]
	}
	return e, ok
}

// retainRuns returns the runs, which stay open until releaseRuns; under mu.
func (l *ledger) retainRuns() []*ledgerRun {
	for _, r := range l.runs {
		r.retain()
	}
	return l.runs
}

func (l *ledger) releaseRuns(runs []*ledgerRun) {
	for _, r := range runs {
		if err := r.release(); err != nil {
			_ = l.fail(fmt.Errorf("ending the use of a run: %w", err)) // the next put, sync or close returns it
		}
	}
}

// put remembers entries, of which the last of an id counts. get sees them at once, sync makes them durable. It may wait
// for the goroutine in the background when that is a whole table behind.
func (l *ledger) put(es []ledgerEntry) error {
	for len(es) > 0 {
		n := min(len(es), l.opt.frameEntries)
		full, buffered, err := l.remember(es[:n])
		if err != nil {
			return err
		}
		if buffered {
			if err := l.sync(); err != nil {
				return err
			}
		}
		if full {
			if err := l.rotate(); err != nil {
				return err
			}
		}
		es = es[n:]
	}
	return nil
}

// remember adds to table and buffer, and tells whether the table or the log is full and whether the buffer is.
func (l *ledger) remember(es []ledgerEntry) (full, buffered bool, err error) {
	for {
		known, spills, err := l.inRuns(es)
		if err != nil {
			return false, false, l.fail(err)
		}
		l.mu.Lock()
		if err := l.usable(); err != nil {
			l.mu.Unlock()
			return false, false, err
		}
		if l.spills != spills { // what was in a table then may be in a run by now
			l.mu.Unlock()
			continue
		}
		for i, e := range es {
			if _, ok := l.inTables(e.ID); !ok && !known[i] {
				l.active.fresh++
			}
			l.active.entries[e.ID] = e
			l.pending = appendRecord(l.pending, e)
		}
		l.puts += uint64(len(es))
		full, buffered = l.full(), len(l.pending) >= l.opt.frameEntries*recordSize
		l.mu.Unlock()
		return full, buffered, nil
	}
}

// usable returns why nothing can be written; under mu.
func (l *ledger) usable() error {
	if l.err != nil {
		return l.err
	}
	if l.closed {
		return errLedgerClosed
	}
	return nil
}

// full tells that table and log have to be changed; under mu.
func (l *ledger) full() bool {
	return len(l.active.entries) >= l.opt.tableEntries || l.logged >= l.opt.logBytes && len(l.active.entries) > 0
}

// inRuns tells which ids are in runs, without looking for those that are in memory, and how many tables had become runs
// at that moment.
func (l *ledger) inRuns(es []ledgerEntry) (known []bool, spills uint64, err error) {
	known = make([]bool, len(es))
	ask := make([]ledgerEntry, 0, len(es))
	at := make([]int, 0, len(es))
	l.mu.RLock()
	for i, e := range es {
		if _, ok := l.inTables(e.ID); !ok {
			ask, at = append(ask, e), append(at, i)
		}
	}
	spills = l.spills
	runs := l.retainRuns()
	l.mu.RUnlock()
	defer l.releaseRuns(runs)
	answers, err := lookupAll(runs, ask)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the ledger: %w", err)
	}
	for i, ok := range answers {
		known[at[i]] = ok
	}
	return known, spills, nil
}

// sync makes all puts durable that were made before it was called. Callers at the same time share one fsync.
func (l *ledger) sync() error {
	l.mu.RLock()
	want := l.puts
	l.mu.RUnlock()
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.mu.Lock()
	if err := l.usable(); err != nil {
		l.mu.Unlock()
		return err
	}
	if l.synced >= want { // somebody else's fsync was ours too
		l.mu.Unlock()
		return nil
	}
	records, puts := l.pending, l.puts
	l.pending, l.spare = l.spare[:0], nil
	l.mu.Unlock()
	if err := l.log.write(records, l.opt.frameEntries); err != nil {
		return l.fail(err)
	}
	l.synced, l.spare = puts, records
	l.mu.Lock()
	l.logged = l.log.size
	l.mu.Unlock()
	return nil
}

// each calls f with every id once, by id, as it was when each was called. f may use the ledger. The first error of f ends
// it and is returned as it is.
func (l *ledger) each(f func(ledgerEntry) error) error {
	l.mu.RLock()
	if l.closed {
		l.mu.RUnlock()
		return errLedgerClosed
	}
	runs := l.retainRuns()
	frozen, active := l.frozen, slices.Collect(maps.Values(l.active.entries))
	l.mu.RUnlock()
	defer l.releaseRuns(runs)
	sources := sourcesOf(runs)
	if frozen != nil {
		sources = append(sources, &tableSource{frozen.sorted()})
	}
	all := newMergedSource(append(sources, &tableSource{sortByID(active)}))
	for {
		e, ok, err := all.next()
		if err != nil {
			return fmt.Errorf("reading the ledger: %w", err)
		}
		if !ok {
			return nil
		}
		if err := f(e); err != nil {
			return err
		}
	}
}

func sourcesOf(runs []*ledgerRun) []entrySource {
	var s []entrySource
	for _, r := range runs {
		s = append(s, &runSource{r: r})
	}
	return s
}

// countOf returns the number of ids whose entries f is true for.
func (l *ledger) countOf(f func(ledgerEntry) bool) (n int64, err error) {
	err = l.each(func(e ledgerEntry) error {
		if f(e) {
			n++
		}
		return nil
	})
	return n, err
}

// count returns the number of ids, exactly.
func (l *ledger) count() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n := l.distinct + l.active.fresh
	if l.frozen != nil {
		n += l.frozen.fresh
	}
	return n
}
