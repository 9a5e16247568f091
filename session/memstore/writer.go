package memstore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// writer carries changed sessions to the journal. Calls put an entry into the queue when it changes; a goroutine takes
// the queue, writes what each entry is by then, and syncs. What was queued at once is one generation, and callers that
// must not return before their change is on disk wait for its end.
//
// The order of the queue and of the records is that of the changes of each key: an entry that was removed stands before
// the one that was made in its place. Order among keys is not kept, and needs not be: no promise spans two sessions.
type writer struct {
	s      *Store
	policy Policy
	every  time.Duration
	unlock func() error // gives the directory back

	mu    sync.Mutex
	queue []*entry
	spare []*entry
	gen   atomic.Pointer[generation] // being queued; changes under mu

	// unsynced counts changes that are not on disk. Over half of jump, callers wait until theirs is; the other half is
	// more than the calls that can be under way while one is counted.
	unsynced atomic.Int64
	// behind: the oldest change not on disk is older than SyncInterval allows. Callers wait.
	behind   atomic.Bool
	watchdog *time.Timer

	wake    chan struct{} // buffered: write now
	stop    chan struct{}
	stopped chan struct{}

	dead    chan struct{} // closed when nothing can be written any more
	failure error         // set before dead is closed

	// The rest is the goroutine's.
	journal *journal
	record  []byte
	compact compaction
}

// generation is what is written and synced together.
type generation struct {
	w        *writer
	sync     bool // somebody waits, so it has to be on disk; under w.mu
	finished chan struct{}
}

func (s *Store) startWriter(j *journal, o Options, slack int64, unlock func() error) {
	w := &writer{
		s: s, policy: o.Sync, every: o.SyncEvery, unlock: unlock, journal: j, compact: compaction{slack: slack},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}), dead: make(chan struct{}),
	}
	w.gen.Store(&generation{w: w, finished: make(chan struct{})})
	s.writer = w
	period := w.every
	if w.policy == SyncInterval {
		// Half of it, so that a change that just missed a flush has the other half for the next one's work.
		period = w.every / 2
		w.watchdog = time.AfterFunc(w.every, func() { w.behind.Store(true) })
	}
	go w.run(period)
}

// refusal is the error of all verbs after a failure.
func (w *writer) refusal() error {
	select {
	case <-w.dead:
		return w.failure
	default:
		return nil
	}
}

// note is called under the lock of e's shard, after a change (how has queued) or before an answer that tells of e (how
// is 0). It returns the generation that the caller has to wait for, nil if it need not.
func (w *writer) note(e *entry, how state) *generation {
	if how != 0 {
		if e.state&queued == 0 {
			w.mu.Lock()
			w.queue = append(w.queue, e)
			w.mu.Unlock()
		}
		e.state |= how
		if how&hard != 0 {
			w.unsynced.Add(1)
		}
	}
	switch {
	case e.state&hard == 0:
		return nil
	case w.policy == SyncAlways:
		return w.gen.Load()
	case w.behind.Load() || w.unsynced.Load() > jump/2:
		return w.demand()
	}
	return nil
}

// demand returns the present generation, which will be synced whatever the policy.
func (w *writer) demand() *generation {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.gen.Load()
	g.sync = true
	return g
}

// through waits until everything done so far is on disk.
func (w *writer) through(ctx context.Context) error { return w.demand().done(ctx) }

// done waits until the generation is on disk.
func (g *generation) done(ctx context.Context) error {
	select {
	case <-g.finished:
		return nil
	default:
	}
	select {
	case g.w.wake <- struct{}{}:
	default:
	}
	select {
	case <-g.finished:
		return nil
	case <-g.w.dead:
		return g.w.failure
	case <-ctx.Done():
		return fmt.Errorf("waiting for the disk, change may be kept or not: %w", ctx.Err())
	}
}

func (w *writer) run(period time.Duration) {
	defer close(w.stopped)
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-w.wake:
		case <-tick.C:
		}
		if err := w.cycle(); err != nil {
			w.fail(err)
			return
		}
	}
}

// cycle writes a generation, and does a share of the compaction.
func (w *writer) cycle() error {
	written, err := w.flush(false)
	if err == nil {
		err = w.compact.step(w, written)
	}
	return err
}

// flush writes what is queued, and says how many bytes that were. It syncs if the policy, somebody who waits or the
// caller wants it.
func (w *writer) flush(sync bool) (int64, error) {
	begin := time.Now()
	w.mu.Lock()
	g, entries := w.gen.Load(), w.queue
	w.queue, w.spare = w.spare[:0], nil
	w.gen.Store(&generation{w: w, finished: make(chan struct{})})
	sync = sync || g.sync || w.policy != SyncOff
	w.mu.Unlock()
	changes := w.unsynced.Load()

	var written int64
	for _, e := range entries {
		n, err := w.write(e)
		if err != nil {
			return 0, err
		}
		written += n
	}
	if err := w.journal.flush(sync); err != nil {
		return 0, err
	}
	if w.journal.full() {
		if err := w.journal.roll(w.s.segmentHead()); err != nil {
			return 0, err
		}
	}
	if sync {
		w.unsynced.Add(-changes)
		if w.watchdog != nil {
			w.watchdog.Reset(max(0, w.every-time.Since(begin)))
			w.behind.Store(false)
		}
	}
	if w.policy == SyncAlways {
		w.soften(entries)
	}
	close(g.finished)
	clear(entries)
	w.mu.Lock()
	w.spare = entries[:0]
	w.mu.Unlock()
	return written, nil
}

// write appends the record of what e is now.
func (w *writer) write(e *entry) (int64, error) {
	sh := w.s.shard(e.hash)
	sh.mu.Lock()
	kind := byte(kindBook)
	switch {
	case e.state&gone != 0:
		kind = kindGone
	case e.state&newData != 0:
		kind = kindFull
	}
	onDisk := e.segment != 0
	e.state &^= queued | newData
	if w.policy != SyncAlways {
		e.state &^= hard
	}
	if kind == kindFull {
		e.segment = w.journal.number // or a later one, if a frame ends now: compaction may take it to be older than it is
	}
	now := *e
	sh.mu.Unlock()
	if kind == kindGone && !onDisk {
		return 0, nil
	}
	return w.put(kind, &now)
}

func (w *writer) put(kind byte, e *entry) (int64, error) {
	w.record = appendRecord(w.record[:0], kind, e)
	n := int64(len(w.record))
	_, err := w.journal.append(w.record)
	if cap(w.record) > 4*frameGoal {
		w.record = nil
	}
	return n, err
}

// soften lets readers of these entries answer at once again, but for those that changed meanwhile.
func (w *writer) soften(entries []*entry) {
	for _, e := range entries {
		sh := w.s.shard(e.hash)
		sh.mu.Lock()
		if e.state&queued == 0 {
			e.state &^= hard
		}
		sh.mu.Unlock()
	}
}

func (w *writer) fail(err error) {
	w.failure = fmt.Errorf("store takes no changes until it is opened anew, since it could not write: %w", err)
	w.s.log.Error("writing failed, the store refuses all changes from now on", keyDir, w.journal.dir, keyError, err)
	close(w.dead)
}

// close writes what is left, marks the journal as closed in order, and gives the directory back. All shards are closed.
func (w *writer) close() error {
	close(w.stop)
	<-w.stopped
	if w.watchdog != nil {
		w.watchdog.Stop()
	}
	err := w.refusal()
	if err == nil {
		if err = w.finish(); err != nil {
			w.fail(err)
			err = w.failure
		}
	}
	w.journal.abandon()
	if uerr := w.unlock(); err == nil {
		err = uerr
	}
	return err
}

func (w *writer) finish() error {
	if _, err := w.flush(true); err != nil {
		return err
	}
	h := w.s.segmentHead()
	h.clean = true
	if err := w.journal.roll(h); err != nil {
		return err
	}
	return w.journal.end()
}

// segmentHead is what the store has to say at the beginning of a journal file.
func (s *Store) segmentHead() segmentHead {
	return segmentHead{revision: s.revision.Load(), epoch: s.epoch}
}
