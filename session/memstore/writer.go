package memstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// writer carries changed sessions to the disk. Calls put an entry into the queue when it changes; a goroutine takes
// the queue, writes what each entry is by then, and syncs. What was queued at once is one generation, and callers that
// must not return before their change is on disk wait for its end.
//
// The order of the queue and of the rows is that of the changes of each key: an entry that was removed stands before
// the one that was made in its place. Order among keys is not kept, and needs not be: no promise spans two sessions.
type writer struct {
	s      *Store
	policy Policy
	every  time.Duration
	owned  *directory

	mu    sync.Mutex
	queue []*entry
	spare []*entry
	gen   atomic.Pointer[generation] // being queued; changes under mu
	early []session.Mark             // for the very next batch (see settle.go)
	late  []accordRow                // for the last batch of the next flush, in order

	// unsynced counts changes that are not on disk. Over half of jump, callers wait until theirs is; the other half is
	// more than the calls that can be under way while one is counted.
	unsynced atomic.Int64
	// behind: the oldest change not on disk is older than SyncInterval allows. Callers wait.
	behind   atomic.Bool
	watchdog *time.Timer

	wake    chan struct{} // buffered: write now
	stop    chan struct{}
	stopped chan struct{}

	disk *disk // the goroutine's, but for its trouble
}

// generation is what is written and synced together.
type generation struct {
	w        *writer
	sync     bool // somebody waits, so it has to be on disk; under w.mu
	finished chan struct{}
}

func (s *Store) startWriter(d *disk, o Options, owned *directory) {
	w := &writer{
		s: s, policy: o.Sync, every: o.SyncEvery, owned: owned, disk: d,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	w.gen.Store(&generation{w: w, finished: make(chan struct{})})
	s.writer = w
	d.early = w.putEarly
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
	case <-w.disk.happened:
		return w.failure()
	default:
		return nil
	}
}

func (w *writer) failure() error {
	return fmt.Errorf("store takes no changes until it is opened anew, since it could not write: %w", w.disk.err)
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
	case <-g.w.disk.happened:
		return g.w.failure()
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
		case <-w.disk.happened:
			return
		case <-w.wake:
		case <-tick.C:
		}
		if err := w.flush(false); err != nil {
			w.disk.report(err)
			return
		}
	}
}

// flush writes what is queued. It syncs if the policy, somebody who waits or the caller wants it.
func (w *writer) flush(sync bool) error {
	begin := time.Now()
	w.mu.Lock()
	g, entries := w.gen.Load(), w.queue
	w.queue, w.spare = w.spare[:0], nil
	late := w.late
	w.late = nil
	w.gen.Store(&generation{w: w, finished: make(chan struct{})})
	sync = sync || g.sync || w.policy != SyncOff
	w.mu.Unlock()
	changes := w.unsynced.Load()

	for _, e := range entries {
		if err := w.write(e); err != nil {
			return err
		}
	}
	if err := w.putEarly(); err != nil { // their ends may be among the late
		return err
	}
	if err := w.putLate(late); err != nil {
		return err
	}
	if err := w.disk.flush(w.s.version(), w.s.epoch, w.s.revision.Load(), sync); err != nil {
		return err
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
	return nil
}

// write puts into the batch what e is now.
func (w *writer) write(e *entry) error {
	sh := w.s.shard(e.hash)
	sh.mu.Lock()
	was := e.state
	e.state &^= queued | newData
	if w.policy != SyncAlways {
		e.state &^= hard
	}
	if was&gone == 0 {
		e.state |= onDisk
	}
	now := *e
	sh.mu.Unlock()
	switch {
	case was&gone == 0:
		return w.disk.put(&now, was&newData != 0)
	case was&onDisk != 0:
		return w.disk.drop(&now)
	}
	return nil
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

// close writes what is left, seals the directory, and gives it back. All shards are closed.
func (w *writer) close() error {
	if w.watchdog != nil {
		w.watchdog.Stop()
	}
	close(w.stop)
	select {
	case <-w.stopped:
	case <-w.disk.happened:
		if !w.stops() {
			return errors.Join(w.failure(), w.owned.giveBack())
		}
	}
	err := w.refusal()
	if err == nil {
		err = w.disk.guard(func() error { return w.flush(true) })
	}
	if err = errors.Join(err, w.disk.close(err == nil)); err == nil {
		err = w.owned.seal(w.disk.done, w.s.count.Load())
	}
	return errors.Join(err, w.owned.giveBack())
}

// stops waits a little for the goroutine after a failure. It may be stuck in Pebble for ever (see trouble), and
// the database with it.
func (w *writer) stops() bool {
	grace := time.NewTimer(stuckAfter)
	defer grace.Stop()
	select {
	case <-w.stopped:
		return true
	case <-grace.C:
		return false
	}
}
