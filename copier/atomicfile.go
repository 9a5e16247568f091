package copier

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// writeFileAtomic makes data the content of path: whoever opens path, after a crash too, reads the old content whole or
// the new one whole. The new content is durable when it returns nil. After an error path has one of the two contents, and
// which of them is unknown only if the error came from the last step, the sync of the folder.
//
// It writes path + ".tmp" (mode 0600: a checkpoint's cursor may hold part of a session id), syncs it, renames it over path
// and syncs the folder. A .tmp left by a crash is overwritten by the next call. One writer of a path at a time. Windows
// has no folder sync: there a power cut may bring the old content back, whole.
func writeFileAtomic(path string, data []byte) error { return replaceFile(osFiles{}, path, data) }

const tempSuffix = ".tmp"

func replaceFile(files fileSystem, path string, data []byte) (err error) {
	temp := path + tempSuffix
	f, err := files.create(temp)
	if err != nil {
		return fmt.Errorf("replacing %q: %w", path, err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = files.rename(temp, path)
	}
	if err != nil {
		return fmt.Errorf("replacing %q: %w", path, errors.Join(err, files.remove(temp)))
	}
	if err := files.syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("replacing %q: %w", path, err)
	}
	return nil
}

// fileSystem is what the ledger and writeFileAtomic need of one. Tests put a file system here that loses in a crash
// whatever was not synced. Paths are those of the operating system.
type fileSystem interface {
	makeDir(dir string) error                  // with its parents; fine if it is there; durable
	lock(path string) (io.Closer, error)       // ErrStateInUse if somebody has it; ends with the process
	create(path string) (stateFile, error)     // for writing, in place of what was there; durable by syncDir
	open(path string) (stateFile, error)       // for reading
	rename(from, to string) error              // replaces to; durable by syncDir
	remove(path string) error                  // fine if it is not there
	list(dir string) (names []string, e error) // names without the folder
	size(path string) (int64, error)           // in bytes
	syncDir(dir string) error                  // makes create, rename and remove in dir durable
}

// stateFile is an open file: written from its beginning to its end or read anywhere.
type stateFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Sync() error
}

// ErrStateInUse says that another process has the ledger open.
var ErrStateInUse = errors.New("copier: in use by another process")

// osFiles is the real one.
type osFiles struct{}

func (o osFiles) makeDir(dir string) error {
	dir = filepath.Clean(dir)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return fmt.Errorf("making the folder %q: there is no such root", dir)
	}
	if err := o.makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

func (osFiles) lock(path string) (io.Closer, error) { return lockFile(path) }

func (o osFiles) create(path string) (stateFile, error) {
	// Not O_TRUNC: a link that lies there must not lead the write elsewhere.
	if err := o.remove(path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (osFiles) open(path string) (stateFile, error) { return os.Open(path) }

func (osFiles) rename(from, to string) error {
	return whileBusy(isBusy, time.Sleep, func() error { return os.Rename(from, to) })
}

func (osFiles) remove(path string) error {
	err := whileBusy(isBusy, time.Sleep, func() error { return os.Remove(path) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (osFiles) list(dir string) ([]string, error) {
	es, err := os.ReadDir(dir)
	names := make([]string, len(es))
	for i, e := range es {
		names[i] = e.Name()
	}
	return names, err
}

func (osFiles) size(path string) (int64, error) {
	st, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (osFiles) syncDir(dir string) error { return syncFolder(dir) }

// whileBusy repeats f while it fails because somebody else has the file open: a virus scanner or an indexer on Windows
// looks at every new file for some milliseconds, and rename and remove fail meanwhile. It gives up after a second.
func whileBusy(busy func(error) bool, wait func(time.Duration), f func() error) error {
	for pause := time.Millisecond; ; pause *= 2 {
		err := f()
		if err == nil || !busy(err) || pause > time.Second {
			return err
		}
		wait(pause)
	}
}
