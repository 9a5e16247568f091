package memstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/session"
	"github.com/cockroachdb/pebble/v2"
)

// The accord is rows of four kinds:
//
//	'e'                             u64 epoch
//	'a' application                 u64 epoch; body
//	'l' holder                      u64 epoch; i64 Until in ticks; u8 length of the role, and it; title
//	'm' uvarint length of the application, and it; uvarint length of the session's id, and it; id of the mark
//	                                nothing
//
// Numbers are little-endian. A store that has any but the first has version 2 in its control row, so that programs which
// would neither keep to it nor mark what they change do not open it.
const (
	epochRow  = 'e'
	agreedRow = 'a'
	leaseRow  = 'l'
	markRow   = 'm'
)

// accordRow is a row to be written; value nil: to be deleted.
type accordRow struct {
	key, value []byte
	unmarked   *session.Mark // the deletion is of a mark: it must not be there again
}

func agreedKey(app string) []byte   { return append([]byte{agreedRow}, app...) }
func leaseKey(holder string) []byte { return append([]byte{leaseRow}, holder...) }

func markKey(m session.Mark) []byte {
	b := binary.AppendUvarint([]byte{markRow}, uint64(len(m.Key.App)))
	b = binary.AppendUvarint(append(b, m.Key.App...), uint64(len(m.Key.ID)))
	return append(append(b, m.Key.ID...), m.ID...)
}

func appendEpoch(dst []byte, epoch int64) []byte {
	return binary.LittleEndian.AppendUint64(dst, uint64(epoch))
}

func appendAgreed(dst []byte, a *session.Agreed) []byte {
	return append(appendEpoch(dst, a.Epoch), a.Body...)
}

func appendLease(dst []byte, l *session.Lease) []byte {
	dst = binary.LittleEndian.AppendUint64(appendEpoch(dst, l.Epoch), uint64(l.Until))
	dst = append(dst, byte(len(l.Role)))
	return append(append(dst, l.Role...), l.Title...)
}

// loadAccord takes in the rows of the accord.
func (s *Store) loadAccord(db *pebble.DB) error {
	for kind, take := range map[byte]func(key, value []byte) error{
		epochRow: s.takeEpoch, agreedRow: s.takeAgreed, leaseRow: s.takeLease, markRow: s.takeMark,
	} {
		if err := eachRow(db, kind, take); err != nil {
			return err
		}
	}
	for app, a := range s.accord.apps {
		if a.Epoch > s.accord.epoch {
			return fmt.Errorf("%w: %q was agreed at epoch %d of %d", ErrDamaged, app, a.Epoch, s.accord.epoch)
		}
	}
	return nil
}

// eachRow calls take with what is behind the kind in each key, and with the value. The slices are the iterator's.
func eachRow(db *pebble.DB, kind byte, take func(key, value []byte) error) (err error) {
	rows, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{kind}, UpperBound: []byte{kind + 1}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, asDamaged(rows.Close())) }()
	for rows.First(); rows.Valid(); rows.Next() {
		value, err := rows.ValueAndErr()
		if err != nil {
			return asDamaged(err)
		}
		if err := take(rows.Key()[1:], value); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return asDamaged(rows.Error())
}

func (s *Store) takeEpoch(key, value []byte) error {
	if len(key) != 0 || len(value) != 8 {
		return fmt.Errorf("%w: epoch of %d bytes", errRow, len(value))
	}
	s.accord.epoch = int64(binary.LittleEndian.Uint64(value))
	return nil
}

func (s *Store) takeAgreed(key, value []byte) error {
	if len(value) < 9 {
		return fmt.Errorf("%w: agreement of %d bytes", errRow, len(value))
	}
	a := session.Agreed{App: string(key), Epoch: int64(binary.LittleEndian.Uint64(value)), Body: append([]byte(nil), value[8:]...)}
	s.accord.apps[a.App] = a
	return nil
}

func (s *Store) takeLease(key, value []byte) error {
	if len(value) < 17 || len(value) < 17+int(value[16]) {
		return fmt.Errorf("%w: lease of %d bytes", errRow, len(value))
	}
	le, role := binary.LittleEndian, int(value[16])
	l := session.Lease{
		Holder: string(key), Epoch: int64(le.Uint64(value)), Until: session.Instant(le.Uint64(value[8:])),
		Role: string(value[17 : 17+role]), Title: string(value[17+role:]),
	}
	s.accord.leases[l.Holder] = l
	return nil
}

func (s *Store) takeMark(key, _ []byte) error {
	m, err := parseMark(key)
	if err != nil {
		return err
	}
	s.accord.mark(m, s.bucket(m.Key))
	return nil
}

// parseMark reads the key of a mark, behind its kind.
func parseMark(b []byte) (m session.Mark, err error) {
	for _, part := range []*string{&m.Key.App, &m.Key.ID} {
		n, w := binary.Uvarint(b)
		if w <= 0 || w > 1 && b[w-1] == 0 || n > uint64(len(b)-w) {
			return session.Mark{}, fmt.Errorf("%w: mark runs over the end of its key", errRow)
		}
		*part, b = string(b[w:w+int(n)]), b[w+int(n):]
	}
	m.ID = string(b)
	return m, nil
}
