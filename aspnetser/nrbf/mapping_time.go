package nrbf

import (
	"math"
	"time"
)

// zones are the locations of the kinds of DateTime that say no zone.
var zones = [...]*time.Location{
	DateTimeUnspecified: time.FixedZone("Unspecified", 0),
	DateTimeUTC:         time.UTC,
	DateTimeLocal:       time.FixedZone("Local", 0),
	DateTimeLocalDST:    time.FixedZone("LocalDST", 0),
}

// Location returns the location of a time.Time that stands for a DateTime of this kind: time.UTC for DateTimeUTC. For the
// others it is one of its own, of no offset, because the stream does not say which zone the clock was in: the date and the
// hour are those that the clock showed, the instant is not known. A program that knows the zone gets the instant from
//
//	time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
//
// Unmarshal gives and Marshal takes such times, so that the kind stays.
func (k DateTimeKind) Location() *time.Location { return zones[k&3] }

// Time returns the DateTime as a time.Time in the Location of its kind.
func (d DateTime) Time() time.Time { return timeOf(d.Ticks).In(d.Kind.Location()) }

// dateTimeKind returns the kind of DateTime that a time stands for: UTC unless its location is that of another kind.
func dateTimeKind(t time.Time) DateTimeKind {
	for k, zone := range zones {
		if t.Location() == zone {
			return DateTimeKind(k)
		}
	}
	return DateTimeUTC
}

// dateTime returns the DateTime that a time stands for; ok is false if there is none.
func dateTime(t time.Time) (d DateTime, ok bool) {
	seconds := t.Unix() + unixEpochTicks/ticksPerSecond
	if seconds < 0 || seconds > maxDateTicks/ticksPerSecond || t.Nanosecond()%100 != 0 {
		return DateTime{}, false
	}
	return DateTime{seconds*ticksPerSecond + int64(t.Nanosecond()/100), dateTimeKind(t)}, true
}

// Duration returns the TimeSpan as a time.Duration, which holds up to 292 years; ok is false if it does not fit.
func (t TimeSpan) Duration() (d time.Duration, ok bool) {
	return time.Duration(t * 100), t <= math.MaxInt64/100 && t >= math.MinInt64/100
}
