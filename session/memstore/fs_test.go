package memstore

import (
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// hookFS is a file layer that calls back around each sync, and can be told to fail.
type hookFS struct {
	vfs.FS
	mu     sync.Mutex             // of onSync
	onSync func()                 // called before and after each sync of a file or a directory
	full   atomic.Bool            // writes and creations fail as on a full disk
	stuck  atomic.Bool            // syncs fail
	only   func(name string) bool // which files the failures concern; nil: all
}

// keptBusy makes a disk that syncs nothing while busy is held: who needs it waits then, however fast it is.
func keptBusy() (files *hookFS, busy *sync.Mutex) {
	busy = new(sync.Mutex)
	return &hookFS{FS: vfs.NewMem(), onSync: func() {
		busy.Lock()
		defer busy.Unlock()
	}}, busy
}

func (h *hookFS) concerns(name string) bool { return h.only == nil || h.only(name) }

func (h *hookFS) wrap(f vfs.File, name string, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &hookFile{f, h, name}, nil
}

func (h *hookFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if h.full.Load() && h.concerns(name) {
		return nil, syscall.ENOSPC
	}
	f, err := h.FS.Create(name, c)
	return h.wrap(f, name, err)
}

func (h *hookFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	f, err := h.FS.OpenReadWrite(name, c, o...)
	return h.wrap(f, name, err)
}

// ReuseForWrite is in two steps: that of vfs.MemFS takes a read lock twice, and a CrashClone in between is a deadlock.
func (h *hookFS) ReuseForWrite(old, new string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := h.FS.Rename(old, new); err != nil {
		return nil, err
	}
	return h.OpenReadWrite(new, c)
}

func (h *hookFS) OpenDir(name string) (vfs.File, error) {
	f, err := h.FS.OpenDir(name)
	return h.wrap(f, name, err)
}

func (h *hookFS) Unwrap() vfs.FS { return h.FS }

type hookFile struct {
	vfs.File
	h    *hookFS
	name string
}

func (f *hookFile) Write(p []byte) (int, error) {
	if f.h.full.Load() && f.h.concerns(f.name) {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(p)
}

func (f *hookFile) synced(sync func() error) error {
	if f.h.stuck.Load() && f.h.concerns(f.name) {
		return syscall.EIO
	}
	f.h.mu.Lock()
	hook := f.h.onSync
	f.h.mu.Unlock()
	if hook == nil {
		return sync()
	}
	hook()
	defer hook()
	return sync()
}

func (f *hookFile) Sync() error     { return f.synced(f.File.Sync) }
func (f *hookFile) SyncData() error { return f.synced(f.File.SyncData) }

func (f *hookFile) SyncTo(n int64) (full bool, err error) {
	err = f.synced(func() error { full, err = f.File.SyncTo(n); return err })
	return full, err
}
