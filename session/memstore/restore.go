package memstore

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// uncleanRevisions is how much higher Revision begins after an unclean stop: more than were given out since the last
// sync, of which jump bounds the number.
const uncleanRevisions = 1 << 32

// load reads the store, or makes an empty one, and begins the journal file of this run. The head of that file says, on
// disk before anything else happens, that this run has begun; one that is followed by no head of a clean end is an
// unclean stop.
func (d *directory) load(o Options, segmentLimit int64) (*Store, *journal, error) {
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
	s := newStore(o, ds.Identity, [2]uint64{binary.LittleEndian.Uint64(seed), binary.LittleEndian.Uint64(seed[8:])})
	j := &journal{fs: d.fs, dir: d.path, identity: [16]byte(identity), limit: segmentLimit, first: 1}
	if fresh {
		if err := j.begin(s.segmentHead()); err != nil {
			return nil, j, err
		}
		return s, j, d.publish(ds)
	}

	files, err := findSegments(d.fs, d.path, j.identity)
	if err != nil {
		return nil, nil, err
	}
	revision, err := s.load(d.fs, d.path, files)
	if err != nil {
		return nil, nil, err
	}
	last := &files[len(files)-1]
	s.epoch = last.head.epoch
	revision = max(revision, last.head.revision)
	if !last.head.clean {
		s.epoch++
		revision += uncleanRevisions
	}
	s.revision.Store(revision)
	j.first, j.number, j.size = files[0].number, last.number, last.good
	for i := range files {
		j.older += files[i].size
	}
	j.older -= last.good // begin adds it
	if err := j.begin(s.segmentHead()); err != nil {
		return nil, j, err
	}
	s.log.Info("opened the store", keyDir, d.path, keySessions, s.count.Load(), keyBytes, s.bytes.Load(),
		keyUnclean, s.epoch, keyTook, time.Since(begin))
	return s, j, nil
}
