package tds

import (
	"encoding/binary"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Times as the types of SQL Server hold them: datetime in days since 1900 and ticks, the others in days since the year 1 and
// parts of a second.

const (
	tickDay = 24 * 60 * session.Minute
	// The days of datetime: 1753-01-01 to 9999-12-31.
	firstDay, lastDay = -53690, 2958463
	// epochDays are the days from 0001-01-01 to 1900-01-01.
	epochDays = 693595
)

// timeSize is the length of a time of the day with so many digits behind the second.
func timeSize(scale byte) int {
	switch {
	case scale <= 2:
		return 3
	case scale <= 4:
		return 4
	}
	return 5
}

// asDateTime2 is datetime2(7).
var asDateTime2 = typeInfo{id: typeDateTime2N, size: timeSize(7) + 3, scale: 7, sent: []byte{byte(typeDateTime2N), 7}}

// appendDateTime writes a datetime.
func appendDateTime(dst []byte, at session.Instant) []byte {
	day, ticks := at/tickDay, at%tickDay
	if ticks < 0 {
		day, ticks = day-1, ticks+tickDay
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(int32(day)))
	return binary.LittleEndian.AppendUint32(dst, uint32(ticks))
}

// appendDateTime2 writes a datetime2(7): a datetime that is widened.
func appendDateTime2(dst []byte, at session.Instant) []byte {
	day, ticks := at/tickDay, at%tickDay
	if ticks < 0 {
		day, ticks = day-1, ticks+tickDay
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(ticks)*10_000_000/300)
	dst = append(dst, b[:5]...)
	binary.LittleEndian.PutUint32(b[:], uint32(max(0, int64(day)+epochDays)))
	return append(dst, b[:3]...)
}

// moment returns the value of a time parameter; ok is false for other types, NULL and what is no time.
func (p *param) moment() (at time.Time, ok bool) {
	b := p.value
	switch p.typ.id {
	case typeDateTime, typeDateTimeN:
		if len(b) != 8 {
			return at, false
		}
		day, ticks := int32(binary.LittleEndian.Uint32(b)), binary.LittleEndian.Uint32(b[4:])
		if day < firstDay || day > lastDay || ticks >= uint32(tickDay) {
			return at, false
		}
		return (session.Instant(day)*tickDay + session.Instant(ticks)).Time(), true
	case typeDateTime2N, typeDateTimeOffset: // the offset is for showing: the time is UTC
		n := timeSize(p.typ.scale)
		if len(b) != p.typ.size {
			return at, false
		}
		var wide [8]byte
		copy(wide[:], b[:n])
		parts := binary.LittleEndian.Uint64(wide[:])
		day := int(b[n]) | int(b[n+1])<<8 | int(b[n+2])<<16
		for range 9 - p.typ.scale {
			parts *= 10 // nanoseconds: 2^40 · 10^2, or 2^24 · 10^9, is less than 2^64
		}
		if parts >= uint64(24*time.Hour) || day > lastDay+epochDays {
			return at, false
		}
		return time.Date(1, 1, 1+day, 0, 0, 0, 0, time.UTC).Add(time.Duration(parts)), true
	}
	return at, false
}
