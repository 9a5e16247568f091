package memstore

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The files of a store, besides the journal's.
const (
	storeFile = "store.json" // what the store is; written last when it is made
	lockFile  = "lock"       // held while the store is open
	ownerFile = "owner"      // who holds it, for people
	draftFile = "store.json.new"
)

const storeKind = "aspstate embedded session store"

// description is the content of storeFile.
type description struct {
	Kind     string `json:"kind"`
	Version  int    `json:"version"`
	Identity string `json:"identity"` // 32 hex digits
	Seed     string `json:"seed"`     // 32 hex digits: key of the hash that orders scans
}

// storeVersion is the version of the directory as a whole.
const storeVersion = 1

// Open opens the durable store in dir, and makes it where dir is absent or empty. It reads all sessions into memory.
// Errors to tell apart: ErrInUse (an *InUseError), ErrFormat (files of something else, or of a newer program; nothing
// was changed), ErrDamaged (likewise).
func Open(dir string, o Options) (*Store, error) {
	return open(dir, o, segmentGoal, compactSlack)
}

func open(dir string, o Options, segmentLimit, slack int64) (*Store, error) {
	if o.SyncEvery == 0 {
		o.SyncEvery = DefaultSyncEvery
	}
	switch {
	case o.Sync > SyncOff:
		return nil, fmt.Errorf("opening store %q: %v is no policy", dir, o.Sync)
	case o.SyncEvery < 10*time.Millisecond:
		return nil, fmt.Errorf("opening store %q: syncing every %v is below 10 ms", dir, o.SyncEvery)
	}
	d := directory{fs: o.FS, path: dir}
	if err := d.take(); err != nil {
		return nil, err
	}
	s, j, err := d.load(o, segmentLimit)
	if err != nil {
		if j != nil {
			j.abandon()
		}
		err = fmt.Errorf("opening store %q: %w", dir, err)
		if errors.Is(err, ErrDamaged) {
			err = fmt.Errorf("%w; nothing was changed: restore the directory from a copy, or move it away to begin an empty store", err)
		}
		return nil, errors.Join(err, d.giveBack())
	}
	s.startWriter(j, o, slack, d.giveBack)
	s.startReaper(o.SweepEvery)
	return s, nil
}

// directory is the directory of a store that this process owns.
type directory struct {
	fs   vfs.FS
	path string
	lock io.Closer
}

func (d *directory) file(name string) string { return d.fs.PathJoin(d.path, name) }

// take makes the directory if need be and locks it.
func (d *directory) take() error {
	given := d.path
	fail := func(err error) error { return fmt.Errorf("opening store %q: %w", given, err) }
	if d.fs == nil {
		d.fs = vfs.Default
		abs, err := filepath.Abs(d.path)
		if err != nil {
			return fail(err)
		}
		d.path = abs
	}
	if err := d.make(); err != nil {
		return fail(err)
	}
	if d.fs == vfs.Default {
		// The lock knows a file by the name it is given: one name for one directory.
		real, err := filepath.EvalSymlinks(d.path)
		if err != nil {
			return fail(err)
		}
		d.path = real
	}
	if err := d.refuseForeign(); err != nil {
		return fail(err)
	}
	lock, err := d.fs.Lock(d.file(lockFile))
	if err != nil {
		if _, io := errors.AsType[*fs.PathError](err); io || errors.Is(err, fs.ErrPermission) {
			return fail(err)
		}
		return &InUseError{Dir: given, Owner: d.readOwner()}
	}
	d.lock = lock
	if err := d.writeOwner(); err != nil {
		return errors.Join(fail(err), d.giveBack())
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
		if _, segment := segmentNumber(name); !segment && name != lockFile && name != ownerFile && name != draftFile {
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

// describe reads storeFile; where there is none, it begins a store.
func (d *directory) describe() (ds description, fresh bool, err error) {
	b, err := d.read(storeFile)
	if errors.Is(err, fs.ErrNotExist) {
		var random [32]byte
		rand.Read(random[:])
		return description{
			Kind: storeKind, Version: storeVersion, Identity: hex.EncodeToString(random[:16]), Seed: hex.EncodeToString(random[16:]),
		}, true, d.clear()
	}
	if err != nil {
		return ds, false, err
	}
	if err := json.Unmarshal(b, &ds); err != nil {
		return ds, false, fmt.Errorf("%w: %s: %w", ErrDamaged, storeFile, err)
	}
	switch {
	case ds.Kind != storeKind:
		return ds, false, fmt.Errorf("%w: %s is of kind %q", ErrFormat, storeFile, ds.Kind)
	case ds.Version != storeVersion:
		return ds, false, fmt.Errorf("%w: %s has version %d, this program knows %d", ErrFormat, storeFile, ds.Version, storeVersion)
	}
	return ds, false, nil
}

// clear removes what is left of a store whose making was interrupted: nobody has used it.
func (d *directory) clear() error {
	names, err := d.fs.List(d.path)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, segment := segmentNumber(name); segment || name == draftFile {
			if err := d.fs.Remove(d.file(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish makes the new store a store.
func (d *directory) publish(ds description) error {
	b, err := json.MarshalIndent(ds, "", "  ")
	if err != nil {
		return err
	}
	if err := d.write(draftFile, append(b, '\n'), true); err != nil {
		return err
	}
	if err := d.fs.Rename(d.file(draftFile), d.file(storeFile)); err != nil {
		return err
	}
	return syncDir(d.fs, d.path)
}
