package memstore

import (
	"errors"
	"fmt"
	"time"
)

// Open opens the durable store in dir, and makes it where dir is absent or empty. It reads all sessions into memory.
// Errors to tell apart: ErrInUse (an *InUseError), ErrFormat (files of something else, or of a newer program),
// ErrDamaged. Nothing is changed then.
func Open(dir string, o Options) (*Store, error) {
	return open(dir, o, memTableSize)
}

func open(dir string, o Options, memTable uint64) (*Store, error) {
	if o.SyncEvery == 0 {
		o.SyncEvery = DefaultSyncEvery
	}
	switch {
	case o.Sync > SyncOff:
		return nil, fmt.Errorf("opening store %q: %v is no policy", dir, o.Sync)
	case o.SyncEvery < 10*time.Millisecond:
		return nil, fmt.Errorf("opening store %q: syncing every %v is below 10 ms", dir, o.SyncEvery)
	}
	d := &directory{fs: o.FS, path: dir}
	if err := d.take(); err != nil {
		if _, inUse := errors.AsType[*InUseError](err); inUse {
			return nil, err
		}
		return nil, fmt.Errorf("opening store %q: %w", dir, err)
	}
	s, disk, err := d.load(o, memTable)
	if err != nil {
		err = fmt.Errorf("opening store %q: %w", dir, err)
		if errors.Is(err, ErrDamaged) {
			err = fmt.Errorf("%w; restore the directory from a copy, or move it away to begin with an empty store", err)
		}
		if disk != nil {
			err = errors.Join(err, disk.close(false))
		}
		return nil, errors.Join(err, d.giveBack())
	}
	s.startWriter(disk, o, d)
	s.startReaper(o.SweepEvery)
	return s, nil
}
