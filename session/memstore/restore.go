package memstore

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// uncleanRevisions is how much higher Revision begins after an unclean stop: more than were given out since the last
// sync, of which jump bounds the number.
const uncleanRevisions = 1 << 32

// load reads the store, or makes an empty one, and breaks its seal.
func (d *directory) load(o Options, memTable uint64) (*Store, *disk, error) {
	begin := time.Now()
	ds, fresh, err := d.describe()
	if err != nil {
		return nil, nil, err
	}
	identity, err1 := hex.DecodeString(ds.Identity)
	seed, err2 := hex.DecodeString(ds.Seed)
	if err1 != nil || err2 != nil || len(identity) != 16 || len(seed) != 16 {
		return nil, nil, fmt.Errorf("%w: %s: identity or seed", ErrDamaged, storeFile)
	}
	seal, err := d.readSeal()
	if err != nil {
		return nil, nil, err
	}
	s := newStore(o, ds.Identity, [2]uint64{binary.LittleEndian.Uint64(seed), binary.LittleEndian.Uint64(seed[8:])})
	disk, err := openDisk(d.file(databaseDir), d.fs, d.lock, s.log, memTable)
	if err != nil {
		return nil, nil, err
	}
	if !fresh {
		if err := disk.guard(func() error { return s.restore(disk, seal) }); err != nil {
			return nil, disk, err
		}
	}
	if err := d.breakSeal(seal); err != nil {
		return nil, disk, err
	}
	disk.behind = true // so that the control row is written
	if err := disk.guard(func() error { return disk.flush(s.version(), s.epoch, s.revision.Load(), true) }); err != nil {
		return nil, disk, err
	}
	if fresh {
		if err := d.publish(); err != nil {
			return nil, disk, err
		}
	}
	s.log.Info("opened the store", keyDir, d.path, keySessions, s.count.Load(), keyBytes, s.bytes.Load(),
		keyUnclean, s.epoch, keyTook, time.Since(begin))
	return s, disk, nil
}

// restore takes in what is in the database.
func (s *Store) restore(disk *disk, seal *seal) error {
	c, err := disk.readControl()
	if err != nil {
		return err
	}
	if c == nil {
		return fmt.Errorf("%w: there is no control row", ErrDamaged)
	}
	revision, err := s.load(disk.db)
	if err != nil {
		return err
	}
	if err := s.loadAccord(disk.db); err != nil {
		return err
	}
	disk.done = *c
	s.epoch = c.epoch
	revision = max(revision, c.revision)
	switch found := sealOf(*c, s.count.Load()); {
	case seal == nil:
		s.epoch++
		revision += uncleanRevisions
	case *seal != found:
		return fmt.Errorf("%w: %s says %+v, the database has %+v", ErrDamaged, sealFile, *seal, found)
	}
	s.revision.Store(revision)
	return nil
}

// seal is the content of sealFile. A store that is opened without one was not closed in order. One that is opened with
// another than it should have has lost something: Pebble takes damage at the end of its log or of its list of files for
// the end.
type seal struct {
	Epoch    uint16 `json:"unclean_stops"`
	Revision uint64 `json:"revision"`
	Flushes  uint64 `json:"flushes"`
	Sessions int64  `json:"sessions"`
}

func sealOf(c control, sessions int64) seal { return seal{c.epoch, c.revision, c.flushes, sessions} }

// readSeal returns nil where there is none.
func (d *directory) readSeal() (*seal, error) {
	b, err := d.read(sealFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s seal
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, sealFile, err)
	}
	return &s, nil
}

// seal notes that the database was closed in order.
func (d *directory) seal(c control, sessions int64) error {
	b, err := json.Marshal(sealOf(c, sessions))
	if err != nil {
		return err
	}
	return d.replace(sealFile, b)
}

// breakSeal removes the seal, before anything changes.
func (d *directory) breakSeal(s *seal) error {
	if s == nil {
		return nil
	}
	if err := d.fs.Remove(d.file(sealFile)); err != nil {
		return err
	}
	return syncDir(d.fs, d.path)
}
