package copier

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
)

// A log begins with a header (fileHeader). Then come frames, little-endian:
//
//	0  4  "frm1"
//	4  4  n, the number of records, 1 to maxFrameEntries
//	8  4  CRC-32C of: the log's number (8 bytes), the frame's offset (8), n (4), the records
//	12 45*n the records, in the order of the puts
//
// A frame is written only when the one before is durable. So a crash can spoil nothing but the last frame, which nobody
// was told is durable: open drops a bad frame if no good one follows, and takes it for damage if one does. What this
// cannot see is damage in the last frame of a log that a crash left; after an orderly close there is no log.
const (
	frameMark       = "frm1"
	frameHeader     = 12
	maxFrameEntries = 1 << 14
	maxFrame        = frameHeader + maxFrameEntries*recordSize
)

const (
	logMagic      = "ASPSLLOG"
	runMagic      = "ASPSLRUN"
	fileVersion   = 1
	fileHeaderLen = 56
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fileHeader returns the header of a log or a run, little-endian:
//
//	 0   8  magic
//	 8   4  version
//	12  32  fingerprint of the ledger
//	44   8  number of the file
//	52   4  CRC-32C of the above; the same in every version to come
func (l *ledger) fileHeader(magic string, number uint64) []byte {
	b := append([]byte(nil), magic...)
	b = binary.LittleEndian.AppendUint32(b, fileVersion)
	b = append(b, l.fingerprint[:]...)
	b = binary.LittleEndian.AppendUint64(b, number)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// checkHeader reads and checks a file's header. A file named in state.json has a header, and a right one.
func (l *ledger) checkHeader(f io.ReaderAt, path, magic string, number uint64) error {
	fail := func(kind StateKind, detail string) error {
		return &StateError{path, kind, detail, ledgerHints[kind]}
	}
	got := make([]byte, fileHeaderLen)
	if err := readFull(f, got, 0); errors.Is(err, io.ErrUnexpectedEOF) {
		return fail(StateDamaged, "the header is cut off")
	} else if err != nil {
		return err
	}
	want := l.fileHeader(magic, number)
	switch sum := fileHeaderLen - 4; {
	case string(got) == string(want):
		return nil
	case binary.LittleEndian.Uint32(got[sum:]) != crc32.Checksum(got[:sum], castagnoli):
		return fail(StateDamaged, "the header's checksum is wrong")
	case string(got[:8]) == magic && binary.LittleEndian.Uint32(got[8:]) > fileVersion:
		return fail(StateNewer, fmt.Sprintf("version %d, known are versions up to %d", binary.LittleEndian.Uint32(got[8:]), fileVersion))
	}
	return fail(StateDamaged, "this is another file than the one that was written under this name")
}

// readFull fills b from offset on. A file that ends before gives io.ErrUnexpectedEOF.
func readFull(f io.ReaderAt, b []byte, offset int64) error {
	n, err := f.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// logWriter appends frames to a log. One caller at a time.
type logWriter struct {
	f      stateFile
	number uint64
	size   int64
	buf    []byte
}

// createLog makes a log with no frames. Its content is durable, its name will be by saveState.
func createLog(l *ledger, number uint64) (*logWriter, error) {
	path := l.path(logName(number))
	f, err := l.files.create(path)
	if err != nil {
		return nil, fmt.Errorf("creating a log: %w", err)
	}
	_, err = f.Write(l.fileHeader(logMagic, number))
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, fmt.Errorf("creating a log: %w", errors.Join(err, f.Close()))
	}
	return &logWriter{f: f, number: number, size: fileHeaderLen}, nil
}

// write appends records, at most frameEntries of them a frame, and syncs after each frame.
func (w *logWriter) write(records []byte, frameEntries int) error {
	for len(records) > 0 {
		n := min(len(records), frameEntries*recordSize)
		w.buf = appendFrame(w.buf[:0], w.number, w.size, records[:n])
		if _, err := w.f.Write(w.buf); err != nil {
			return fmt.Errorf("writing the ledger's log: %w", err)
		}
		if err := w.f.Sync(); err != nil {
			return fmt.Errorf("syncing the ledger's log: %w", err)
		}
		w.size += int64(len(w.buf))
		records = records[n:]
	}
	return nil
}

func (w *logWriter) close() error { return w.f.Close() }

func appendFrame(dst []byte, number uint64, offset int64, records []byte) []byte {
	n := uint32(len(records) / recordSize)
	dst = append(dst, frameMark...)
	dst = binary.LittleEndian.AppendUint32(dst, n)
	dst = binary.LittleEndian.AppendUint32(dst, frameSum(number, offset, n, records))
	return append(dst, records...)
}

func frameSum(number uint64, offset int64, n uint32, records []byte) uint32 {
	var place [20]byte
	binary.LittleEndian.PutUint64(place[0:], number)
	binary.LittleEndian.PutUint64(place[8:], uint64(offset))
	binary.LittleEndian.PutUint32(place[16:], n)
	return crc32.Update(crc32.Checksum(place[:], castagnoli), castagnoli, records)
}

// frameAt returns the records of the frame that b begins with, nil if there is no good frame. offset is b's in the log.
func frameAt(b []byte, number uint64, offset int64) []byte {
	if len(b) < frameHeader || string(b[:4]) != frameMark {
		return nil
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n == 0 || n > maxFrameEntries || len(b) < frameHeader+int(n)*recordSize {
		return nil
	}
	records := b[frameHeader : frameHeader+int(n)*recordSize]
	if frameSum(number, offset, n, records) != binary.LittleEndian.Uint32(b[8:]) {
		return nil
	}
	return records
}

// replayLog puts the entries of a log into t. Its memory is bounded by the largest frame, and by t.
func replayLog(l *ledger, number uint64, t *ledgerTable) error {
	path := l.path(logName(number))
	fail := func(detail string, args ...any) error {
		return &StateError{path, StateDamaged, fmt.Sprintf(detail, args...), ledgerHints[StateDamaged]}
	}
	size, err := l.files.size(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fail("the file is missing")
	}
	if err != nil {
		return err
	}
	f, err := l.files.open(path)
	if err != nil {
		return err
	}
	defer f.Close() // only read
	if err := l.checkHeader(f, path, logMagic, number); err != nil {
		return err
	}
	buf := make([]byte, maxFrame)
	for at := int64(fileHeaderLen); at < size; {
		b := buf[:min(size-at, maxFrame)]
		if err := readFull(f, b, at); err != nil {
			return fmt.Errorf("reading %q: %w", path, err)
		}
		records := frameAt(b, number, at)
		if records == nil {
			if size-at > maxFrame || goodFrameIn(b, number, at) {
				return fail("offset %d: a frame is bad, and there are later ones", at)
			}
			return nil // torn by a crash, never reported durable
		}
		for r := records; len(r) > 0; r = r[recordSize:] {
			e, ok := decodeRecord(r)
			if !ok {
				return fail("offset %d: a record is malformed", at)
			}
			t.entries[e.ID] = e
		}
		at += int64(frameHeader + len(records))
	}
	return nil
}

// goodFrameIn looks for a good frame anywhere in b but at its beginning.
func goodFrameIn(b []byte, number uint64, offset int64) bool {
	for i := 1; i+frameHeader <= len(b); i++ {
		if frameAt(b[i:], number, offset+int64(i)) != nil {
			return true
		}
	}
	return false
}
