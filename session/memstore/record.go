package memstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/session"
)

// A session is two rows of the database, because most changes (locks, renewals) leave the payload alone:
//
//	key    u8 'b' or 'p'
//	       u64 hash of the key, big-endian: shards are ranges
//	       uvarint length of the application, and it
//	       id
//	book   i64 Created, Expires, LockDate in ticks; u64 Revision; i32 Timeout, Flags, LockCookie;
//	       u16 epoch of the cookie; u8 1 locked, 0 not; all little-endian
//	payload  u64 Revision, as in the book; the payload
//
// Both are written in one batch, so they never disagree but by damage.
const (
	bookRow    = 'b'
	payloadRow = 'p'
	bookSize   = 4*8 + 3*4 + 2 + 1
)

var errRow = errors.New("malformed row")

// appendKey appends the key of a row of e.
func appendKey(dst []byte, row byte, e *entry) []byte {
	app := e.app.Value()
	dst = append(dst, row)
	dst = binary.BigEndian.AppendUint64(dst, e.hash)
	dst = binary.AppendUvarint(dst, uint64(len(app)))
	dst = append(dst, app...)
	return append(dst, e.id...)
}

// keyRow is a key taken apart; the slices are parts of it.
type keyRow struct {
	row     byte
	hash    uint64
	app, id []byte
}

func parseKey(b []byte) (keyRow, error) {
	if len(b) < 10 || b[0] != bookRow && b[0] != payloadRow {
		return keyRow{}, fmt.Errorf("%w: key of %d bytes", errRow, len(b))
	}
	n, w := binary.Uvarint(b[9:])
	if w <= 0 || w > 1 && b[8+w] == 0 || n > uint64(len(b)-9-w) {
		return keyRow{}, fmt.Errorf("%w: application runs over the end of the key", errRow)
	}
	rest := b[9+w:]
	return keyRow{b[0], binary.BigEndian.Uint64(b[1:]), rest[:n], rest[n:]}, nil
}

// appendBook appends the book row of e.
func appendBook(dst []byte, e *entry) []byte {
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
	return append(dst, locked)
}

// readBook sets the fields of e that a book row has.
func readBook(b []byte, e *entry) error {
	if len(b) != bookSize || b[46] > 1 {
		return fmt.Errorf("%w: book of %d bytes", errRow, len(b))
	}
	le := binary.LittleEndian
	e.created = session.Instant(le.Uint64(b))
	e.expires = session.Instant(le.Uint64(b[8:]))
	e.since = session.Instant(le.Uint64(b[16:]))
	e.revision = le.Uint64(b[24:])
	e.timeout = int32(le.Uint32(b[32:]))
	e.flags = session.Flags(le.Uint32(b[36:]))
	e.cookie = int32(le.Uint32(b[40:]))
	e.epoch = le.Uint16(b[44:])
	e.locked = b[46] == 1
	return nil
}

// appendPayload appends the payload row of e.
func appendPayload(dst []byte, e *entry) []byte {
	return append(binary.LittleEndian.AppendUint64(dst, e.revision), e.payload...)
}

// readPayload sets the payload of e, which has its book already. The payload is a copy.
func readPayload(b []byte, e *entry) error {
	if len(b) < 8 {
		return fmt.Errorf("%w: payload row of %d bytes", errRow, len(b))
	}
	if r := binary.LittleEndian.Uint64(b); r != e.revision {
		return fmt.Errorf("%w: payload of revision %d, book of %d", errRow, r, e.revision)
	}
	e.payload = append(make([]byte, 0, len(b)-8), b[8:]...)
	return nil
}

// control is the row of the store itself, written in the last batch of each flush:
//
//	u8 version, u16 unclean stops, u64 last Revision given, u64 number of the flush, little-endian
type control struct {
	version  byte // accordVersion while the store has rows of the accord, else controlVersion
	epoch    uint16
	revision uint64
	flushes  uint64
}

const (
	controlKey     = "c"
	controlVersion = 1
	accordVersion  = 2
	controlSize    = 1 + 2 + 8 + 8
)

func (c control) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(append(dst, c.version), c.epoch)
	dst = binary.LittleEndian.AppendUint64(dst, c.revision)
	return binary.LittleEndian.AppendUint64(dst, c.flushes)
}

func parseControl(b []byte) (control, error) {
	if len(b) > 0 && b[0] > accordVersion {
		return control{}, fmt.Errorf("%w: rows of version %d, this program knows %d", ErrFormat, b[0], accordVersion)
	}
	if len(b) != controlSize || b[0] < controlVersion {
		return control{}, fmt.Errorf("%w: control row of %d bytes", errRow, len(b))
	}
	le := binary.LittleEndian
	return control{b[0], le.Uint16(b[1:]), le.Uint64(b[3:]), le.Uint64(b[11:])}, nil
}
