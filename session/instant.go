package session

import "time"

// Instant is a moment in UTC, counted in ticks of 1/300 s since 1900-01-01 00:00: the resolution and the epoch of SQL
// Server's datetime, in which nearly every layout keeps its times. Two instants are equal when they are ==. The zero
// Instant is 1900-01-01.
type Instant int64

// Spans in ticks, to add to an Instant.
const (
	Second Instant = 300
	Minute Instant = 60 * Second
)

// epochSeconds is 1900-01-01 00:00 UTC in Unix seconds.
const epochSeconds = -2208988800

// At returns the tick nearest to t, halves up. A datetime read by a driver that rounds to milliseconds (.003, .007) and
// a datetime2(7) widened from a datetime both come back to the tick they left.
func At(t time.Time) Instant {
	s := t.Unix() - epochSeconds
	return Instant(s)*Second + Instant((int64(t.Nanosecond())*3+5_000_000)/10_000_000)
}

// Time returns the moment in UTC, to the nanosecond nearest to the tick.
func (i Instant) Time() time.Time {
	s, rest := i/Second, i%Second
	if rest < 0 {
		s, rest = s-1, rest+Second
	}
	return time.Unix(int64(s)+epochSeconds, (int64(rest)*10_000_000+1)/3).UTC()
}

// AddMinutes returns the instant m minutes later.
func (i Instant) AddMinutes(m int32) Instant { return i + Instant(m)*Minute }

// Sub returns the time from j to i, to the nearest nanosecond. Spans over 292 years overflow, as in package time.
func (i Instant) Sub(j Instant) time.Duration {
	d := int64(i - j)
	return time.Duration(d/300)*time.Second + time.Duration(d%300*10_000_000/3)
}

// String formats the moment as RFC 3339 with milliseconds, in UTC.
func (i Instant) String() string { return i.Time().Format("2006-01-02T15:04:05.000Z07:00") }
