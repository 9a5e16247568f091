package layout

import (
	"fmt"

	"github.com/aspstate/aspstate/session"
)

// Record makes a record of a row. Its Key has no application: ID is the SessionId column, for a [Spelling] to take apart.
// Revision is 0. The zone matters for fx7 only.
//
// The payload is Long if that is not NULL, else Short (sql-layouts.md 7.1), the chunks in the order of their ids, or
// async 1.0's buffer without its unused end. It may alias the row's bytes; the row is not changed. LockDateLocal is not
// read: it repeats LockDate.
//
// A row that nobody could read gives a *CorruptError, the layout embedded, which has no rows, an *UnsupportedError.
func (l *Layout) Record(row *Row, z Zone) (session.Record, []Note, error) {
	if l.Form == FormNative {
		return session.Record{}, nil, noRows(l)
	}
	payload, notes, err := l.payload(row)
	if err != nil {
		return session.Record{}, nil, err
	}
	rec := session.Record{
		Key: session.Key{ID: row.SessionID}, Payload: payload,
		Timeout: row.Timeout, Created: row.Created, Expires: row.Expires, Flags: session.Flags(row.Flags),
		Lock: session.Lock{Locked: row.Locked, Cookie: row.LockCookie, Since: row.LockDate},
	}
	if l.hasInitialized() {
		rec.Flags = 0
		if !row.Initialized {
			rec.Flags = session.Uninitialized
		}
	}
	if l.Clock == ClockSQLLocal {
		for _, c := range []struct {
			name string
			at   *session.Instant
		}{{"Created", &rec.Created}, {"Expires", &rec.Expires}, {"LockDate", &rec.Lock.Since}} {
			wall := *c.at
			at, readings := z.utc(wall)
			*c.at = at
			if n, ok := hourNote(c.name, wall, readings, z); ok {
				notes = append(notes, n)
			}
		}
	}
	return rec, notes, nil
}

func hourNote(column string, wall session.Instant, readings int, z Zone) (Note, bool) {
	shown := wall.Time().Format("2006-01-02 15:04:05.000")
	switch readings {
	case 0:
		return Note{NoteSkippedHour, fmt.Sprintf("%s %s is skipped in %v: counted on without the change", column, shown, z)}, true
	case 1:
		return Note{}, false
	}
	return Note{NoteAmbiguousHour, fmt.Sprintf("%s %s occurs twice in %v: the later moment was taken", column, shown, z)}, true
}

// payload joins what the columns hold.
func (l *Layout) payload(row *Row) ([]byte, []Note, error) {
	switch l.Form {
	case FormShortLong:
		return l.shortOrLong(row)
	case FormLong:
		if row.Long == nil {
			return nil, nil, l.corrupt(row, DamageNoPayload, "SessionItemLong is NULL")
		}
		return row.Long, nil, nil
	case FormItem:
		if row.Item == nil {
			return nil, nil, l.corrupt(row, DamageNoPayload, "SessionItem is NULL")
		}
		b, notes := trimTail(row.Item)
		return b, notes, nil
	case FormChunks:
		b, err := l.join(row)
		return b, nil, err
	}
	return nil, nil, noRows(l)
}

func (l *Layout) shortOrLong(row *Row) ([]byte, []Note, error) {
	switch {
	case row.Long == nil && row.Short == nil:
		return nil, nil, l.corrupt(row, DamageNoPayload, "SessionItemShort and SessionItemLong are both NULL")
	case row.Long == nil:
		return row.Short, nil, nil
	}
	var notes []Note
	if row.Short != nil {
		notes = append(notes, Note{NoteBothColumns, fmt.Sprintf(
			"SessionItemShort (%d bytes) and SessionItemLong (%d bytes) are both set: the long one counts", len(row.Short), len(row.Long))})
	}
	if len(row.Long) <= ShortLimit {
		notes = append(notes, Note{NoteMisplacedLong, fmt.Sprintf("SessionItemLong holds %d bytes only", len(row.Long))})
	}
	return row.Long, notes, nil
}

func (l *Layout) hasInitialized() bool { return l.Form == FormChunks }

func (l *Layout) corrupt(row *Row, d Damage, format string, args ...any) error {
	return &CorruptError{l.Name, session.Mask(row.SessionID), d, fmt.Sprintf(format, args...)}
}

func noRows(l *Layout) error {
	return &UnsupportedError{l.Name, "it keeps records as they are and has no rows"}
}
