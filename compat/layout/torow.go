package layout

import (
	"fmt"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/aspstate/aspstate/session"
)

// Row makes the row of a record whose Key a [Spelling] has spelled: App is empty, ID is what goes into SessionId. The
// zone fills LockDateLocal (and all times of fx7, which is no target but has to be made for sandboxes and tests).
//
// The payload goes into exactly one column: Short or Item up to 7000 bytes, Long or chunks above. A nil payload counts
// as an empty one. The row's byte slices alias the payload. Revision is dropped: no layout has a column for it.
//
// What the layout has no place for gives a *CannotHoldError, the layout embedded, which has no rows, an
// *UnsupportedError.
func (l *Layout) Row(rec *session.Record, z Zone) (Row, error) {
	if l.Form == FormNative {
		return Row{}, noRows(l)
	}
	row := Row{
		SessionID: rec.Key.ID, Created: rec.Created, Expires: rec.Expires, LockDate: rec.Lock.Since,
		LockCookie: rec.Lock.Cookie, Timeout: rec.Timeout, Locked: rec.Lock.Locked,
	}
	if err := l.checkID(rec); err != nil {
		return Row{}, err
	}
	if l.hasInitialized() {
		if rec.Flags&^session.Uninitialized != 0 {
			return Row{}, l.cannotHold(rec, "Initialized", "flags %#x: it stands for bit 0x1 only", int32(rec.Flags))
		}
		row.Initialized = rec.Flags&session.Uninitialized == 0
	} else {
		row.Flags = int32(rec.Flags)
	}
	if l.Clock == ClockSQLLocal {
		row.Created, row.Expires, row.LockDate = z.local(row.Created), z.local(row.Expires), z.local(row.LockDate)
	}
	for _, c := range []struct {
		name string
		at   session.Instant
	}{{"Created", row.Created}, {"Expires", row.Expires}, {"LockDate", row.LockDate}} {
		if err := l.checkTime(rec, c.name, c.at); err != nil {
			return Row{}, err
		}
	}
	if l.HasColumn("LockDateLocal") {
		row.LockDateLocal = z.local(rec.Lock.Since)
		if err := l.checkTime(rec, "LockDateLocal", row.LockDateLocal); err != nil {
			return Row{}, err
		}
	}
	if err := l.checkSize(rec, int64(len(rec.Payload))); err != nil {
		return Row{}, err
	}
	l.place(&row, rec.Payload)
	return row, nil
}

// place puts a payload into the column, or the chunks, where it belongs.
func (l *Layout) place(row *Row, payload []byte) {
	if payload == nil {
		payload = []byte{}
	}
	short := len(payload) <= ShortLimit
	switch l.Form {
	case FormShortLong:
		if short {
			row.Short = payload
		} else {
			row.Long = payload
		}
	case FormLong:
		row.Long = payload
	case FormItem:
		row.Item = payload
	case FormChunks:
		row.ItemSize = int64(len(payload))
		if short {
			row.Item = payload
		} else {
			row.Chunks = cut(payload)
		}
	}
}

func (l *Layout) checkID(rec *session.Record) error {
	id := rec.Key.ID
	if rec.Key.App != "" {
		return l.cannotHold(rec, "SessionId", "the key still has an application: it has not been spelled")
	}
	if !utf8.ValidString(id) {
		return l.cannotHold(rec, "SessionId", "the id is not UTF-8")
	}
	if n := utf16Len(id); n > l.MaxID {
		return l.cannotHold(rec, "SessionId", "the id has %d characters, and the column takes %d", n, l.MaxID)
	}
	return nil
}

// Limits of the time columns, inclusive. The last tick of 9999 is datetime's own .997.
var (
	minDateTime  = session.At(time.Date(1753, 1, 1, 0, 0, 0, 0, time.UTC))
	minDateTime2 = session.At(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC))
	maxDateTime  = session.At(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) - 1
)

func (l *Layout) checkTime(rec *session.Record, column string, at session.Instant) error {
	least := minDateTime
	if l.Times == DateTime2 {
		least = minDateTime2
	}
	if at < least || at > maxDateTime {
		return l.cannotHold(rec, column, "%v lies outside the range of the column", at)
	}
	return nil
}

func (l *Layout) checkSize(rec *session.Record, n int64) error {
	if n > MaxPayload {
		return l.cannotHold(rec, "payload", "%d bytes are more than a column takes", n)
	}
	return nil
}

func (l *Layout) cannotHold(rec *session.Record, column, format string, args ...any) error {
	return &CannotHoldError{l.Name, session.Mask(rec.Key.ID), column, fmt.Sprintf(format, args...)}
}

// utf16Len counts UTF-16 units, as nvarchar does.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}
