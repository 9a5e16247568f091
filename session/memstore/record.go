package memstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/aspstate/aspstate/session"
)

// A record of the journal, little-endian:
//
//	u8       kind
//	u16      first 16 bits of the key's hash (kinds full, book, gone)
//	uvarint  length of the application, and it
//	uvarint  length of the id, and it
//	i64      Created, Expires, LockDate in ticks; u64 Revision (kinds full and book)
//	i32      Timeout, Flags, LockCookie
//	u16      epoch of the cookie
//	u8       1 locked, 0 not
//	         payload, up to the end (kind full)
//
// A record says what a session is, not what was done to it, so the last one counts. Kind book leaves out the payload:
// it is that of the last full record, and has the same Revision.
const (
	kindSegment = 1 // first record of each file
	kindFull    = 2
	kindBook    = 3
	kindGone    = 4
)

// bookSize is the length of the fixed part.
const bookSize = 4*8 + 3*4 + 2 + 1

var errRecord = errors.New("malformed record")

// image is an entry as the journal has it.
type image struct {
	kind     byte
	hash     uint16
	app, id  []byte
	created  session.Instant
	expires  session.Instant
	since    session.Instant
	revision uint64
	timeout  int32
	flags    session.Flags
	cookie   int32
	epoch    uint16
	locked   bool
	payload  []byte
}

// appendRecord appends the record of an entry.
func appendRecord(dst []byte, kind byte, e *entry) []byte {
	app := e.app.Value()
	dst = append(dst, kind)
	dst = binary.LittleEndian.AppendUint16(dst, hashStart(e.hash))
	dst = binary.AppendUvarint(dst, uint64(len(app)))
	dst = append(dst, app...)
	dst = binary.AppendUvarint(dst, uint64(len(e.id)))
	dst = append(dst, e.id...)
	if kind == kindGone {
		return dst
	}
	le := binary.LittleEndian
	dst = le.AppendUint64(dst, uint64(e.created))
	dst = le.AppendUint64(dst, uint64(e.expires))
	dst = le.AppendUint64(dst, uint64(e.since))
	dst = le.AppendUint64(dst, e.revision)
	dst = le.AppendUint32(dst, uint32(e.timeout))
	dst = le.AppendUint32(dst, uint32(e.flags))
	dst = le.AppendUint32(dst, uint32(e.cookie))
	dst = le.AppendUint16(dst, e.epoch)
	locked := byte(0)
	if e.locked {
		locked = 1
	}
	dst = append(dst, locked)
	if kind == kindFull {
		dst = append(dst, e.payload...)
	}
	return dst
}

func hashStart(hash uint64) uint16 { return uint16(hash >> 48) }

// parseRecord reads a record of one of the three kinds. The image's slices are parts of b.
func parseRecord(b []byte) (image, error) {
	var m image
	if len(b) < 3 {
		return m, fmt.Errorf("%w: %d bytes", errRecord, len(b))
	}
	m.kind, m.hash = b[0], binary.LittleEndian.Uint16(b[1:])
	rest := b[3:]
	var ok bool
	if m.app, rest, ok = cutBytes(rest); !ok {
		return m, fmt.Errorf("%w: application runs over the end", errRecord)
	}
	if m.id, rest, ok = cutBytes(rest); !ok {
		return m, fmt.Errorf("%w: id runs over the end", errRecord)
	}
	switch m.kind {
	case kindGone:
		if len(rest) > 0 {
			return m, fmt.Errorf("%w: %d bytes left over", errRecord, len(rest))
		}
		return m, nil
	case kindFull, kindBook:
	default:
		return m, fmt.Errorf("%w: kind %d", errRecord, m.kind)
	}
	if len(rest) < bookSize || m.kind == kindBook && len(rest) > bookSize {
		return m, fmt.Errorf("%w: %d bytes for the fixed part", errRecord, len(rest))
	}
	le := binary.LittleEndian
	m.created = session.Instant(le.Uint64(rest))
	m.expires = session.Instant(le.Uint64(rest[8:]))
	m.since = session.Instant(le.Uint64(rest[16:]))
	m.revision = le.Uint64(rest[24:])
	m.timeout = int32(le.Uint32(rest[32:]))
	m.flags = session.Flags(le.Uint32(rest[36:]))
	m.cookie = int32(le.Uint32(rest[40:]))
	m.epoch = le.Uint16(rest[44:])
	if rest[46] > 1 {
		return m, fmt.Errorf("%w: locked is %d", errRecord, rest[46])
	}
	m.locked = rest[46] == 1
	m.payload = rest[bookSize:]
	return m, nil
}

// cutBytes takes a length and that many bytes off b. Lengths have one spelling only.
func cutBytes(b []byte) (part, rest []byte, ok bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 || w > 1 && b[w-1] == 0 || n > uint64(len(b)-w) {
		return nil, nil, false
	}
	return b[w : w+int(n)], b[w+int(n):], true
}

// segmentHead is the first record of a journal file:
//
//	u8 kindSegment, u8 version, u8 1 where the store was closed in order before it, else 0
//	u32 number of the file, u32 number of the first file that is needed
//	u64 length of the good part of the file before
//	u64 last Revision given, u16 epoch
//	16 bytes identity of the store
type segmentHead struct {
	clean    bool
	number   uint32
	first    uint32
	previous int64
	revision uint64
	epoch    uint16
	identity [16]byte
}

const (
	journalVersion  = 1
	segmentHeadSize = 3 + 2*4 + 2*8 + 2 + 16
)

func (h *segmentHead) append(dst []byte) []byte {
	clean := byte(0)
	if h.clean {
		clean = 1
	}
	le := binary.LittleEndian
	dst = append(dst, kindSegment, journalVersion, clean)
	dst = le.AppendUint32(dst, h.number)
	dst = le.AppendUint32(dst, h.first)
	dst = le.AppendUint64(dst, uint64(h.previous))
	dst = le.AppendUint64(dst, h.revision)
	dst = le.AppendUint16(dst, h.epoch)
	return append(dst, h.identity[:]...)
}

func parseSegmentHead(b []byte) (segmentHead, error) {
	var h segmentHead
	if len(b) < 2 || b[0] != kindSegment {
		return h, fmt.Errorf("%w: does not begin as a journal file does", errRecord)
	}
	if b[1] > journalVersion {
		return h, fmt.Errorf("%w: journal of version %d, this program knows %d", ErrFormat, b[1], journalVersion)
	}
	if len(b) != segmentHeadSize || b[1] != journalVersion || b[2] > 1 {
		return h, fmt.Errorf("%w: first record of a journal file", errRecord)
	}
	le := binary.LittleEndian
	h.clean = b[2] == 1
	h.number, h.first = le.Uint32(b[3:]), le.Uint32(b[7:])
	previous := le.Uint64(b[11:])
	h.revision, h.epoch = le.Uint64(b[19:]), le.Uint16(b[27:])
	copy(h.identity[:], b[29:])
	if previous > math.MaxInt64 || h.first > h.number || h.number == 0 {
		return h, fmt.Errorf("%w: first record of a journal file", errRecord)
	}
	h.previous = int64(previous)
	return h, nil
}
