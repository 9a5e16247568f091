package corejson

import (
	"strconv"
	"strings"
	"time"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// zone is that of the web servers' clocks; web is nil where it is not known.
type zone struct {
	web   *time.Location
	asked *bool // becomes true when a local date is written; nil: nobody wants to know
}

var noZone = &zone{}

const (
	tick           = 100 // ns
	ticksPerSecond = 10_000_000
	ticksPerMinute = 60 * ticksPerSecond
	maxTicks       = 3_155_378_975_999_999_999 // the last of the year 9999
)

// timeOf returns what a clock shows at so many ticks, as a time in UTC.
func timeOf(ticks int64) time.Time { return nrbf.DateTime{Ticks: ticks, Kind: nrbf.DateTimeUTC}.Time() }

// ticksOf returns the ticks of what t's clock shows; ok is false outside of the years 1 to 9999.
func ticksOf(t time.Time) (ticks int64, ok bool) {
	_, seconds := t.Zone()
	ticks = nrbf.DateTimeOf(t.UTC().Add(time.Duration(seconds) * time.Second)).Ticks
	return ticks, ticks >= 0 && ticks <= maxTicks
}

// appendClock writes date and time of day; zeros at the end of the fraction are left out.
func appendClock(dst []byte, ticks int64) []byte {
	dst = timeOf(ticks).AppendFormat(dst, "2006-01-02T15:04:05.0000000")
	end := len(dst)
	for dst[end-1] == '0' && end > len(dst)-7 {
		end--
	}
	if dst[end-1] == '.' {
		end--
	}
	return dst[:end]
}

func appendOffset(dst []byte, minutes int) []byte {
	sign := byte('+')
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return append(dst, sign, byte('0'+minutes/600), byte('0'+minutes/60%10), ':', byte('0'+minutes%60/10), byte('0'+minutes%10))
}

// appendDateTime writes a DateTime with what its kind says of the zone, or says why it cannot.
func (z *zone) appendDateTime(dst []byte, d nrbf.DateTime) (_ []byte, why string) {
	if d.Ticks < 0 || d.Ticks > maxTicks {
		return dst, "a DateTime out of range"
	}
	out := appendClock(append(dst, '"'), d.Ticks)
	switch d.Kind {
	case nrbf.DateTimeUTC:
		out = append(out, 'Z')
	case nrbf.DateTimeLocal, nrbf.DateTimeLocalDST:
		if z.asked != nil {
			*z.asked = true
		}
		if z.web == nil {
			return dst, "a local DateTime, and the zone of the web servers is not configured"
		}
		minutes, ok := z.offset(d)
		if !ok {
			return dst, "a local DateTime in a zone that is no whole minutes from UTC"
		}
		out = appendOffset(out, minutes)
	}
	return append(out, '"'), ""
}

// offset returns how many minutes a local DateTime is from UTC. In the hour that comes twice the kind says which it is.
func (z *zone) offset(d nrbf.DateTime) (minutes int, ok bool) {
	c := timeOf(d.Ticks)
	t := time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), c.Second(), c.Nanosecond(), z.web)
	for _, other := range []time.Time{t.Add(-time.Hour), t.Add(time.Hour)} {
		if sameClock(other, t) && other.Before(t) == (d.Kind == nrbf.DateTimeLocalDST) {
			t = other
		}
	}
	_, seconds := t.Zone()
	return seconds / 60, seconds%60 == 0
}

func sameClock(a, b time.Time) bool { return a.Format(time.DateTime) == b.Format(time.DateTime) }

// local returns the local DateTime of an instant.
func (z *zone) local(instant time.Time) (nrbf.DateTime, bool) {
	t := instant.In(z.web)
	ticks, ok := ticksOf(t)
	kind := nrbf.DateTimeLocal
	if sameClock(t.Add(time.Hour), t) {
		kind = nrbf.DateTimeLocalDST
	}
	return nrbf.DateTime{Ticks: ticks, Kind: kind}, ok
}

// clock is a date that JSON has: what the clock shows, and how far it is from UTC.
type clock struct {
	ticks   int64
	zone    byte // 0: none; 'Z'; '+': minutes
	minutes int
}

// utc returns the ticks in UTC.
func (c clock) utc() (ticks int64, ok bool) {
	ticks = c.ticks - int64(c.minutes)*ticksPerMinute
	return ticks, ticks >= 0 && ticks <= maxTicks
}

// parseClock reads what System.Text.Json takes for a date: YYYY-MM-DD, with Thh:mm, with :ss, with a fraction of up to 16
// digits of which seven count, with Z, ±hh or ±hh:mm behind a time.
func parseClock(s string) (c clock, ok bool) {
	f := fields{rest: s}
	year, month, day := f.digits(4), f.after('-', 2), f.after('-', 2)
	var hour, minute, second, fraction int
	if f.rest != "" && !f.bad {
		hour, minute = f.after('T', 2), f.after(':', 2)
		if f.is(':') {
			if second = f.digits(2); f.is('.') {
				fraction = f.fraction(16)
			}
		}
		c = f.zone(c)
	}
	if f.bad || f.rest != "" || year < 1 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return clock{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, fraction*tick, time.UTC)
	if t.Day() != day || day < 1 {
		return clock{}, false
	}
	c.ticks, ok = ticksOf(t)
	return c, ok
}

// fields reads digits from a text; bad says that something was not as it has to be.
type fields struct {
	rest string
	bad  bool
}

// digits reads so many digits.
func (f *fields) digits(n int) int {
	if len(f.rest) < n || strings.Trim(f.rest[:n], "0123456789") != "" {
		f.bad = true
		return 0
	}
	v, _ := strconv.Atoi(f.rest[:n])
	f.rest = f.rest[n:]
	return v
}

// after reads so many digits behind a byte.
func (f *fields) after(c byte, n int) int {
	if !f.is(c) {
		f.bad = true
		return 0
	}
	return f.digits(n)
}

func (f *fields) is(c byte) bool {
	if f.bad || f.rest == "" || f.rest[0] != c {
		return false
	}
	f.rest = f.rest[1:]
	return true
}

// fraction reads up to so many digits as ticks.
func (f *fields) fraction(most int) (ticks int) {
	digits := f.rest[:len(f.rest)-len(strings.TrimLeft(f.rest, "0123456789"))]
	if f.rest = f.rest[len(digits):]; digits == "" || len(digits) > most {
		f.bad = true
		return 0
	}
	ticks, _ = strconv.Atoi((digits + "000000")[:7])
	return ticks
}

func (f *fields) zone(c clock) clock {
	minus := false
	switch {
	case f.bad || f.rest == "":
		return c
	case f.is('Z'):
		c.zone = 'Z'
		return c
	case f.is('+'):
	case f.is('-'):
		minus = true
	default:
		f.bad = true
		return c
	}
	hours, minutes := f.digits(2), 0
	if f.rest != "" {
		minutes = f.after(':', 2)
	}
	if minutes > 59 || hours*60+minutes > 14*60 {
		f.bad = true
	}
	if c.zone, c.minutes = '+', hours*60+minutes; minus {
		c.minutes = -c.minutes
	}
	return c
}

// parseTimeSpan reads [-][d.]hh:mm:ss[.fffffff].
func parseTimeSpan(s string) (ticks int64, ok bool) {
	f := fields{rest: s}
	minus := f.is('-')
	days := 0
	if whole, rest, dot := strings.Cut(f.rest, "."); dot && !strings.Contains(whole, ":") {
		f.rest = whole
		if len(whole) > 8 {
			return 0, false
		}
		days = f.digits(max(len(whole), 1))
		f.rest = rest
	}
	hours, minutes, seconds, fraction := f.digits(2), f.after(':', 2), f.after(':', 2), 0
	if f.is('.') {
		fraction = f.fraction(7)
	}
	if f.bad || f.rest != "" || hours > 23 || minutes > 59 || seconds > 59 {
		return 0, false
	}
	// The magnitude of the least TimeSpan does not fit an int64.
	n := uint64(((days*24+hours)*60+minutes)*60+seconds)*ticksPerSecond + uint64(fraction)
	switch {
	case days > maxDays || n > 1<<63 || n == 1<<63 && !minus:
		return 0, false
	case minus:
		return -int64(n), true
	}
	return int64(n), true
}

const maxDays = 10_675_199 // of a TimeSpan
