package memstore

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// journal writes a row of files (segments), of which the last grows. A file that is done is never touched again but to
// be removed when all it says is said again in later ones. One goroutine uses a journal.
type journal struct {
	fs       vfs.FS
	dir      string
	identity [16]byte
	limit    int64 // length at which the next file begins

	file   vfs.File
	number uint32 // of the file
	first  uint32 // oldest file that is needed
	size   int64  // written to the file
	onDisk int64  // of that, known to be on disk
	buf    []byte // the frame being built
	older  int64  // bytes in the files before this one
}

// Frames go to the file when they reach frameGoal; segments end at segmentGoal.
const (
	frameGoal   = 256 << 10
	segmentGoal = 64 << 20
)

func (j *journal) path(number uint32) string { return j.fs.PathJoin(j.dir, segmentName(number)) }

func segmentName(number uint32) string { return fmt.Sprintf("journal-%08d", number) }

// begin starts the next file, and syncs it and the directory. What belongs to the head besides number and lengths is
// the caller's.
func (j *journal) begin(h segmentHead) error {
	h.number, h.first, h.previous, h.identity = j.number+1, j.first, j.size, j.identity
	f, err := j.fs.Create(j.path(h.number), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	j.older += j.size
	j.file, j.number, j.size, j.onDisk = f, h.number, 0, 0
	j.buf = append(j.buf[:0], make([]byte, frameHeader)...)
	var head [segmentHeadSize]byte
	if _, err := j.append(h.append(head[:0])); err != nil {
		return err
	}
	if err := j.flush(true); err != nil {
		return err
	}
	return syncDir(j.fs, j.dir)
}

// append adds a record to the frame being built, and says in which file it will be.
func (j *journal) append(record []byte) (uint32, error) {
	j.buf = binary.AppendUvarint(j.buf, uint64(len(record)))
	j.buf = append(j.buf, record...)
	if len(j.buf) < frameGoal {
		return j.number, nil
	}
	return j.number, j.flush(false)
}

// full says that it is time for the next file.
func (j *journal) full() bool { return j.size >= j.limit }

// flush hands the records to the operating system, and with sync waits until they are on disk.
func (j *journal) flush(sync bool) error {
	if len(j.buf) > frameHeader {
		sealFrame(j.buf, j.onDisk)
		n, err := j.file.Write(j.buf)
		if err == nil && n < len(j.buf) {
			err = fmt.Errorf("%d of %d bytes written", n, len(j.buf))
		}
		if err != nil {
			return err
		}
		j.size += int64(n)
		j.buf = j.buf[:frameHeader]
		if cap(j.buf) > 4*frameGoal {
			j.buf = make([]byte, frameHeader, 2*frameGoal) // a giant payload passed through
		}
	}
	if !sync || j.onDisk == j.size {
		return nil
	}
	if err := j.file.SyncData(); err != nil {
		return err
	}
	j.onDisk = j.size
	return nil
}

// roll ends the file and begins the next one.
func (j *journal) roll(h segmentHead) error {
	if err := j.end(); err != nil {
		return err
	}
	return j.begin(h)
}

// end syncs and closes the file.
func (j *journal) end() error {
	if err := j.flush(true); err != nil {
		return err
	}
	err := j.file.Close()
	j.file = nil
	return err
}

// retire begins a new file that says that those before first are not needed, and removes them.
func (j *journal) retire(first uint32, h segmentHead) error {
	old := j.first
	j.first = first
	if err := j.roll(h); err != nil {
		return err
	}
	for n := old; n < first; n++ {
		info, err := j.fs.Stat(j.path(n))
		if err != nil {
			return err
		}
		if err := j.fs.Remove(j.path(n)); err != nil {
			return err
		}
		j.older -= info.Size()
	}
	return nil
}

// abandon closes the file without a word, after a failure.
func (j *journal) abandon() {
	if j.file != nil {
		j.file.Close() // whatever it says, the failure was reported
	}
}

// weight is what the journal costs: its bytes, and something for each file.
func (j *journal) weight() int64 {
	return j.older + j.size + int64(j.number-j.first)*fileCost
}

// fileCost makes a row of nearly empty files, such as a program that starts often leaves, worth compacting.
const fileCost = 1 << 20

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
