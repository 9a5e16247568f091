package memstore

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// trouble is what keeps a failing disk from ending the process. Pebble answers some failures by a call of Fatalf, which
// must not return, some by a panic with a lock in the wrong state, which nobody can recover from (db.go, rotateWAL), and
// some by trying again for ever. The store wants to stay and to refuse changes. So the file layer under Pebble is
// watched, and where a write fails, the goroutine that wrote is stopped for good: Pebble never learns of it, writes
// nothing on top of what failed, and can be opened again by the next process.
type trouble struct {
	log      *slog.Logger
	dir      string
	once     sync.Once
	err      error
	happened chan struct{} // closed when err is set
}

func newTrouble(log *slog.Logger, dir string) *trouble {
	return &trouble{log: log, dir: dir, happened: make(chan struct{})}
}

func (t *trouble) report(err error) {
	t.once.Do(func() {
		t.log.Error("writing failed, the store refuses all changes from now on", keyDir, t.dir, keyError, err)
		t.err = err
		close(t.happened)
	})
}

// stop reports a failure and does not return.
func (t *trouble) stop(err error) {
	t.report(err)
	select {}
}

// stuckAfter is how long something is waited for that may have been stopped.
const stuckAfter = 250 * time.Millisecond

// guard calls f, and comes back with the trouble if f does not.
func (t *trouble) guard(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-t.happened:
	}
	// f may still come back, if the trouble was not its own.
	grace := time.NewTimer(stuckAfter)
	defer grace.Stop()
	select {
	case err := <-done:
		return err
	case <-grace.C:
		return t.err
	}
}

// Infof implements pebble.Logger. Pebble tells of every file; nobody wants to know.
func (t *trouble) Infof(string, ...any) {}

// Errorf implements pebble.Logger.
func (t *trouble) Errorf(format string, args ...any) {
	t.log.Debug("pebble reports an error", keyDir, t.dir, keyError, fmt.Sprintf(format, args...))
}

// Fatalf implements pebble.Logger.
func (t *trouble) Fatalf(format string, args ...any) { t.stop(fmt.Errorf(format, args...)) }

// background is called when Pebble could not read what it wanted to compact, or the like.
func (t *trouble) background(err error) {
	if !errors.Is(err, pebble.ErrCancelledCompaction) {
		t.report(err)
	}
}

// watchedFS is a file layer whose writers are stopped when they fail.
type watchedFS struct {
	vfs.FS
	t *trouble
}

func (w *watchedFS) must(err error) {
	if err != nil {
		w.t.stop(err)
	}
}

func (w *watchedFS) watch(f vfs.File, err error) (vfs.File, error) {
	w.must(err)
	return &watchedFile{f, w.t}, nil
}

func (w *watchedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return w.watch(w.FS.Create(name, c))
}

func (w *watchedFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return w.watch(w.FS.OpenReadWrite(name, c, o...))
}

func (w *watchedFS) ReuseForWrite(old, new string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return w.watch(w.FS.ReuseForWrite(old, new, c))
}

func (w *watchedFS) OpenDir(name string) (vfs.File, error) {
	f, err := w.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &watchedFile{f, w.t}, nil
}

func (w *watchedFS) Link(old, new string) error {
	w.must(w.FS.Link(old, new))
	return nil
}

func (w *watchedFS) Rename(old, new string) error {
	w.must(w.FS.Rename(old, new))
	return nil
}

func (w *watchedFS) Unwrap() vfs.FS { return w.FS }

type watchedFile struct {
	vfs.File
	t *trouble
}

func (f *watchedFile) must(err error) {
	if err != nil {
		f.t.stop(err)
	}
}

func (f *watchedFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.must(err)
	return n, nil
}

func (f *watchedFile) WriteAt(p []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(p, at)
	f.must(err)
	return n, nil
}

func (f *watchedFile) Sync() error {
	f.must(f.File.Sync())
	return nil
}

func (f *watchedFile) SyncData() error {
	f.must(f.File.SyncData())
	return nil
}

func (f *watchedFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	f.must(err)
	return full, nil
}
