package memstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// What is in the directory of a store.
const (
	storeFile   = "store.json"  // what the store is; written last when it is made
	databaseDir = "db"          // Pebble's, with the lock
	sealFile    = "closed.json" // how the store was when it was closed in order; gone while it is open
	ownerFile   = "owner"       // who holds the lock, for people
	draft       = ".new"        // suffix of a file that is being written
	lockFile    = "LOCK"        // in databaseDir, Pebble's
)

// directory is the directory of a store that this process owns.
type directory struct {
	fs   vfs.FS
	path string
	lock *pebble.Lock
}

func (d *directory) file(name string) string { return d.fs.PathJoin(d.path, name) }

// take makes the directory if need be and locks it.
func (d *directory) take() error {
	given := d.path
	if d.fs == nil {
		d.fs = vfs.Default
		abs, err := filepath.Abs(d.path)
		if err != nil {
			return err
		}
		d.path = abs
	}
	if err := d.make(); err != nil {
		return err
	}
	if d.fs == vfs.Default {
		// The lock knows a file by the name it is given: one name for one directory.
		real, err := filepath.EvalSymlinks(d.path)
		if err != nil {
			return err
		}
		d.path = real
	}
	if err := d.refuseForeign(); err != nil {
		return err
	}
	if err := d.fs.MkdirAll(d.file(databaseDir), 0o700); err != nil {
		return err
	}
	lock, err := pebble.LockDirectory(d.file(databaseDir), d.fs)
	if err != nil {
		if _, io := errors.AsType[*fs.PathError](err); io || errors.Is(err, fs.ErrPermission) {
			return err
		}
		return &InUseError{Dir: given, Owner: d.readOwner()}
	}
	d.lock = lock
	if err := d.writeOwner(); err != nil {
		return errors.Join(err, d.giveBack())
	}
	return nil
}

// make makes the directory and those above it, so that they are there after a crash.
func (d *directory) make() error {
	var above []string // of directories to be made
	for p := d.path; ; p = d.fs.PathDir(p) {
		if _, err := d.fs.Stat(p); err == nil || d.fs.PathDir(p) == p {
			break
		}
		above = append(above, d.fs.PathDir(p))
	}
	if err := d.fs.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	for _, p := range slices.Backward(above) {
		if err := syncDir(d.fs, p); err != nil {
			return err
		}
	}
	return nil
}

// refuseForeign refuses a directory that holds other things than a store, before anything is put there.
func (d *directory) refuseForeign() error {
	names, err := d.fs.List(d.path)
	if err != nil {
		return err
	}
	if slices.Contains(names, storeFile) {
		return nil
	}
	for _, name := range names {
		if name != databaseDir && name != ownerFile && name != storeFile+draft {
			return fmt.Errorf("%w: the directory holds %q and no %s; give an empty or a new directory", ErrFormat, name, storeFile)
		}
	}
	return nil
}

// giveBack ends the ownership.
func (d *directory) giveBack() error {
	err := d.fs.Remove(d.file(ownerFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if cerr := d.lock.Close(); err == nil {
		err = cerr
	}
	return err
}

func (d *directory) writeOwner() error {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	text := fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, time.Now().UTC().Format(time.RFC3339))
	return d.write(ownerFile, []byte(text), false)
}

// readOwner is for an error message: whatever goes wrong, there is no name then.
func (d *directory) readOwner() string {
	b, err := d.read(ownerFile)
	if err != nil || len(b) > 300 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, string(b))
}

func (d *directory) read(name string) ([]byte, error) {
	f, err := d.fs.Open(d.file(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// replace writes a file so that after a crash it is there whole or not at all.
func (d *directory) replace(name string, content []byte) error {
	if err := d.draft(name, content); err != nil {
		return err
	}
	return d.undraft(name)
}

func (d *directory) draft(name string, content []byte) error {
	if err := d.write(name+draft, append(content, '\n'), true); err != nil {
		return err
	}
	return syncDir(d.fs, d.path)
}

func (d *directory) undraft(name string) error {
	if err := d.fs.Rename(d.file(name+draft), d.file(name)); err != nil {
		return err
	}
	return syncDir(d.fs, d.path)
}

func (d *directory) write(name string, content []byte, sync bool) error {
	f, err := d.fs.Create(d.file(name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil && sync {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}
