package copier

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"sort"
	"sync/atomic"
)

// A run begins with a header (fileHeader), then, little-endian:
//
//	blocks of 90 records, sorted by id, the last block of 1 to 90; after each block 4 bytes: the CRC-32C of the run's
//	   number (8 bytes), the block's number from 0 (8) and its records
//	index: the first id of every block whose number is a multiple of stride
//	footer, 28 bytes:
//	    0  8  "ASPSLEND"
//	    8  8  number of records, at least 1
//	   16  4  stride, at least 1
//	   20  4  number of ids in the index
//	   24  4  CRC-32C of the run's number (8 bytes), the index and the footer so far
//
// Nothing follows. The stride doubles whenever the index would become larger than ledgerOptions.indexEntries.
const (
	blockRecords = 90 // a block is just under 4 KB, a page of most disks and caches
	blockData    = blockRecords * recordSize
	blockSize    = blockData + 4
	footerMagic  = "ASPSLEND"
	footerLen    = 28
	idLen        = 16
)

// ledgerRun is an immutable sorted file, open for reading. It is used by several goroutines at once.
type ledgerRun struct {
	l        *ledger
	f        stateFile
	path     string
	number   uint64
	count    int64
	stride   int64
	index    []idHash
	users    atomic.Int32 // the ledger's list is one; the last one closes the file
	obsolete atomic.Bool  // the last one also deletes it
}

func (r *ledgerRun) fail(kind StateKind, detail string, args ...any) error {
	return &StateError{r.path, kind, fmt.Sprintf(detail, args...), ledgerHints[kind]}
}

// openRun opens run number. What it checks is header, footer, index and size; blocks are checked when they are read.
func openRun(l *ledger, number uint64) (*ledgerRun, error) {
	r := &ledgerRun{l: l, path: l.path(runName(number)), number: number}
	r.users.Store(1)
	size, err := l.files.size(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, r.fail(StateDamaged, "the file is missing")
	}
	if err != nil {
		return nil, err
	}
	if r.f, err = l.files.open(r.path); err != nil {
		return nil, err
	}
	if err := r.readEnds(size); err != nil {
		return nil, errors.Join(err, r.f.Close())
	}
	return r, nil
}

func (r *ledgerRun) readEnds(size int64) error {
	if err := r.l.checkHeader(r.f, r.path, runMagic, r.number); err != nil {
		return err
	}
	var foot [footerLen]byte
	if size < fileHeaderLen+footerLen {
		return r.fail(StateDamaged, "the footer is cut off")
	}
	if err := readFull(r.f, foot[:], size-footerLen); err != nil {
		return fmt.Errorf("reading %q: %w", r.path, err)
	}
	count, stride := binary.LittleEndian.Uint64(foot[8:]), binary.LittleEndian.Uint32(foot[16:])
	ids := binary.LittleEndian.Uint32(foot[20:])
	if string(foot[:8]) != footerMagic || count == 0 || count > uint64(size)/recordSize || stride == 0 {
		return r.fail(StateDamaged, "the footer is bad")
	}
	r.count, r.stride = int64(count), int64(stride)
	if want := (r.blocks() + r.stride - 1) / r.stride; int64(ids) != want || size != r.blocksEnd()+want*idLen+footerLen {
		return r.fail(StateDamaged, "%d records with an index of %d do not make a file of %d bytes", count, ids, size)
	}
	index := make([]byte, int64(ids)*idLen)
	if err := readFull(r.f, index, r.blocksEnd()); err != nil {
		return fmt.Errorf("reading %q: %w", r.path, err)
	}
	if footerSum(r.number, index, foot[:24]) != binary.LittleEndian.Uint32(foot[24:]) {
		return r.fail(StateDamaged, "the checksum of index and footer is wrong")
	}
	r.index = make([]idHash, ids)
	for i := range r.index {
		r.index[i] = idHash(index[i*idLen:])
	}
	return nil
}

func footerSum(number uint64, index, foot []byte) uint32 {
	sum := crc32.Checksum(binary.LittleEndian.AppendUint64(nil, number), castagnoli)
	return crc32.Update(crc32.Update(sum, castagnoli, index), castagnoli, foot)
}

func blockSum(number uint64, block int64, records []byte) uint32 {
	var place [16]byte
	binary.LittleEndian.PutUint64(place[0:], number)
	binary.LittleEndian.PutUint64(place[8:], uint64(block))
	return crc32.Update(crc32.Checksum(place[:], castagnoli), castagnoli, records)
}

func (r *ledgerRun) blocks() int64 { return (r.count + blockRecords - 1) / blockRecords }

// blocksEnd is the offset behind the last block.
func (r *ledgerRun) blocksEnd() int64 { return fileHeaderLen + r.count*recordSize + r.blocks()*4 }

// block reads and checks a block into buf, which has room for blockSize bytes, and returns its records.
func (r *ledgerRun) block(i int64, buf []byte) ([]byte, error) {
	got, err := r.read(i, 1, buf)
	if err != nil {
		return nil, err
	}
	return r.check(i, got)
}

// read reads n blocks, the last of which may be the run's, into buf.
func (r *ledgerRun) read(i, n int64, buf []byte) ([]byte, error) {
	at := fileHeaderLen + i*blockSize
	buf = buf[:min(n*blockSize, r.blocksEnd()-at)]
	if err := readFull(r.f, buf, at); errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, r.fail(StateDamaged, "block %d is cut off", i)
	} else if err != nil {
		return nil, fmt.Errorf("reading %q: %w", r.path, err)
	}
	return buf, nil
}

// check returns the records of a block as read.
func (r *ledgerRun) check(i int64, block []byte) ([]byte, error) {
	n := len(block) - 4
	if blockSum(r.number, i, block[:n]) != binary.LittleEndian.Uint32(block[n:]) {
		return nil, r.fail(StateDamaged, "the checksum of block %d is wrong", i)
	}
	return block[:n], nil
}

// runReader looks ids up in a run. It keeps the blocks that it has read last.
type runReader struct {
	r     *ledgerRun
	at    int64 // number of the block that data is of; -1: none
	data  []byte
	ahead int64  // blocks that are read at a time
	first int64  // number of the first one in read
	read  []byte // not checked yet
	buf   []byte
}

// readAhead is how many blocks are read at a time where most of them are needed.
const readAhead = 16

// newRunReader returns a reader for so many ids, which are asked for in their order.
func newRunReader(r *ledgerRun, ids int) *runReader {
	s := &runReader{r: r, at: -1, ahead: 1}
	if int64(ids) > r.blocks() {
		s.ahead = min(readAhead, r.blocks())
	}
	s.buf = make([]byte, s.ahead*blockSize)
	return s
}

func (s *runReader) block(i int64) (data []byte, err error) {
	if i == s.at {
		return s.data, nil
	}
	s.at = -1
	if begin := (i - s.first) * blockSize; begin < 0 || begin >= int64(len(s.read)) {
		s.first, s.read = i, nil
		if s.read, err = s.r.read(i, s.ahead, s.buf); err != nil {
			return nil, err
		}
	}
	own := s.read[(i-s.first)*blockSize:]
	if s.data, err = s.r.check(i, own[:min(blockSize, len(own))]); err == nil {
		s.at = i
	}
	return s.data, err
}

// lookup finds an entry.
func (s *runReader) lookup(id idHash) (e ledgerEntry, found bool, err error) {
	r := s.r
	after := sort.Search(len(r.index), func(i int) bool { return bytes.Compare(r.index[i][:], id[:]) > 0 })
	if after == 0 {
		return e, false, nil
	}
	// The id is in block lo or in a later one before hi, or nowhere.
	lo, hi := int64(after-1)*r.stride, min(int64(after)*r.stride, r.blocks())
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		b, err := s.block(mid)
		if err != nil {
			return e, false, err
		}
		if bytes.Compare(b[:idLen], id[:]) <= 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	b, err := s.block(lo)
	if err != nil {
		return e, false, err
	}
	n := len(b) / recordSize
	at := sort.Search(n, func(i int) bool { return bytes.Compare(b[i*recordSize:][:idLen], id[:]) >= 0 })
	if at == n || idHash(b[at*recordSize:]) != id {
		return e, false, nil
	}
	e, ok := decodeRecord(b[at*recordSize:])
	if !ok {
		return e, false, r.fail(StateDamaged, "block %d: record %d is malformed", lo, at)
	}
	return e, true, nil
}

// lookupAll tells which entries' ids are in one of the runs.
func lookupAll(runs []*ledgerRun, es []ledgerEntry) ([]bool, error) {
	known := make([]bool, len(es))
	look := make([]*runReader, len(runs))
	for i, r := range runs {
		look[i] = newRunReader(r, 1) // in any order
	}
	for i, e := range es {
		for n := range look {
			_, ok, err := look[n].lookup(e.ID)
			if err != nil {
				return nil, err
			}
			if ok {
				known[i] = true
				break
			}
		}
	}
	return known, nil
}

func (r *ledgerRun) retain() { r.users.Add(1) }

// release gives up one use of the run.
func (r *ledgerRun) release() error {
	if r.users.Add(-1) > 0 {
		return nil
	}
	err := r.f.Close()
	if r.obsolete.Load() {
		err = errors.Join(err, r.l.files.remove(r.path))
	}
	return err
}

// runSource reads a run from its beginning to its end and checks that ids rise and that the index is right.
type runSource struct {
	r     *ledgerRun
	block int64 // the next one
	rest  []byte
	last  idHash
	buf   [blockSize]byte
}

func (s *runSource) next() (e ledgerEntry, ok bool, err error) {
	first := s.block == 0 && len(s.rest) == 0
	if len(s.rest) == 0 {
		if s.block == s.r.blocks() {
			return e, false, nil
		}
		if s.rest, err = s.r.block(s.block, s.buf[:]); err != nil {
			return e, false, err
		}
		if s.block%s.r.stride == 0 && s.r.index[s.block/s.r.stride] != idHash(s.rest) {
			return e, false, s.r.fail(StateDamaged, "the index is wrong about block %d", s.block)
		}
		s.block++
	}
	if e, ok = decodeRecord(s.rest); !ok {
		return e, false, s.r.fail(StateDamaged, "block %d: a record is malformed", s.block-1)
	}
	if !first && bytes.Compare(e.ID[:], s.last[:]) <= 0 {
		return e, false, s.r.fail(StateDamaged, "block %d: ids do not rise", s.block-1)
	}
	s.last, s.rest = e.ID, s.rest[recordSize:]
	return e, true, nil
}
