package memstore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// disk is the Pebble database under a store: its write-ahead log is the journal, its tables are the snapshot, and it
// compacts by itself while the store serves. One goroutine writes.
type disk struct {
	db     *pebble.DB
	batch  *pebble.Batch // being filled
	behind bool          // something was committed and not synced
	key    []byte
	done   control // as of the last flush

	// early puts into the batch what must not be later than it; nil while the store is opened.
	early func() error

	*trouble
}

// batchGoal is the size at which a batch is committed, so that a large flush needs no large memory.
const batchGoal = 1 << 20

// Options of the database (docs/decisions/001-journal-library.md has what was measured). Reads come from memory, so
// caches are small; payloads are not compressed, since they are compressed already or not worth the time.
const (
	memTableSize = 64 << 20 // it begins small and grows to this
	blockCache   = 8 << 20
	openFiles    = 200
)

func openDisk(dir string, files vfs.FS, lock *pebble.Lock, log *slog.Logger, memTable uint64) (*disk, error) {
	d := &disk{trouble: newTrouble(log, dir)}
	o := &pebble.Options{
		FS: &watchedFS{files, d.trouble}, Lock: lock, Logger: d.trouble, FormatMajorVersion: pebble.FormatNewest,
		EventListener: &pebble.EventListener{
			BackgroundError: d.background,
			DataCorruption:  func(pebble.DataCorruptionInfo) {}, // the reader gets an error; Pebble's own idea is Fatalf
		},
		MemTableSize: memTable, MemTableStopWritesThreshold: 4, L0StopWritesThreshold: 40,
		CacheSize: blockCache, MaxOpenFiles: openFiles, WALBytesPerSync: 1 << 20, BytesPerSync: 1 << 20,
	}
	for i := range o.Levels {
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	err := d.guard(func() (err error) {
		d.db, err = pebble.Open(dir, o)
		return err
	})
	if err != nil {
		return nil, asDamaged(err)
	}
	d.batch = d.db.NewBatch()
	return d, nil
}

// asDamaged marks what Pebble calls corruption, and a missing file.
func asDamaged(err error) error {
	if err != nil && (pebble.IsCorruptionError(err) || errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// put writes the rows of e: the book, and the payload if it is new.
func (d *disk) put(e *entry, withPayload bool) error {
	d.key = appendKey(d.key[:0], bookRow, e)
	op := d.batch.SetDeferred(len(d.key), bookSize)
	copy(op.Key, d.key)
	appendBook(op.Value[:0], e)
	if err := op.Finish(); err != nil {
		return err
	}
	if withPayload {
		op := d.batch.SetDeferred(len(d.key), 8+len(e.payload))
		copy(op.Key, d.key)
		op.Key[0] = payloadRow
		appendPayload(op.Value[:0], e)
		if err := op.Finish(); err != nil {
			return err
		}
	}
	return d.spill()
}

// drop deletes the rows of e.
func (d *disk) drop(e *entry) error {
	d.key = appendKey(d.key[:0], bookRow, e)
	if err := d.batch.Delete(d.key, nil); err != nil {
		return err
	}
	d.key[0] = payloadRow
	if err := d.batch.Delete(d.key, nil); err != nil {
		return err
	}
	return d.spill()
}

func (d *disk) spill() error {
	if d.batch.Len() < batchGoal {
		return nil
	}
	return d.commit(pebble.NoSync)
}

func (d *disk) commit(o *pebble.WriteOptions) error {
	if d.early != nil {
		if err := d.early(); err != nil {
			return err
		}
	}
	if err := d.batch.Commit(o); err != nil {
		return err
	}
	if err := d.batch.Close(); err != nil {
		return err
	}
	d.batch = d.db.NewBatch()
	d.behind = !o.Sync
	return nil
}

// flush commits what was put and dropped, together with the control row. With sync all is on disk then.
func (d *disk) flush(version byte, epoch uint16, revision uint64, sync bool) error {
	if d.batch.Empty() && !(sync && d.behind) {
		return nil
	}
	d.done = control{version, epoch, revision, d.done.flushes + 1}
	if err := d.putControl(); err != nil {
		return err
	}
	if sync {
		return d.commit(pebble.Sync)
	}
	return d.commit(pebble.NoSync)
}

func (d *disk) putControl() error {
	var row [controlSize]byte
	return d.batch.Set([]byte(controlKey), d.done.append(row[:0]), nil)
}

// readControl returns the control row; nil if there is none, which cannot be but by damage.
func (d *disk) readControl() (*control, error) {
	b, done, err := d.db.Get([]byte(controlKey))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, asDamaged(err)
	}
	c, err := parseControl(b)
	if cerr := done.Close(); err == nil {
		err = cerr
	}
	if errors.Is(err, errRow) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return &c, err
}

// close closes the database, with tables after everything was moved there from the log. After a failure that stopped
// Pebble it cannot be closed; the lock is then held until the process ends.
func (d *disk) close(tables bool) error {
	return d.guard(func() error {
		err := d.batch.Close()
		if tables {
			// Out of the log: rows in tables are checksummed one and all, while damage at the end of a log looks like
			// the end.
			err = errors.Join(err, d.db.Flush())
		}
		return errors.Join(err, d.db.Close())
	})
}
