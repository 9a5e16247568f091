package nrbf

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Range is a stretch of bytes of a stream and what it is.
type Range struct {
	Offset, Length int
	Depth          int    // how many objects it stands in
	Field          string // "record", "object id", "Name" of a member
	Value          string // for people, cut; "" where there is nothing to say
}

// Trace decodes the stream at the start of b and calls emit for every range of bytes, in order and without gaps; also of
// a damaged stream, up to the damage. n is where the last range ends. The error is that of Decode.
func Trace(b []byte, l Limits, emit func(Range)) (n int, err error) {
	return newReader(string(b), l).trace(emit)
}

func (r *reader) trace(emit func(Range)) (n int, err error) {
	r.emit = func(x Range) {
		if x.Offset == n {
			x.Depth = max(len(r.frames)-1, 0)
			emit(x)
			n = x.Offset + x.Length
		}
	}
	r.run()
	return n, r.err
}

// show emits the range from offset at to where the cursor is.
func (c *cursor) show(at int, field, value string) {
	c.emit(Range{Offset: at, Length: c.pos - at, Field: field, Value: value})
}

func (r *reader) showRecord() { r.show(r.recordAt, "record", recordName(r.record)) }

// showPrimitive shows a primitive value that starts at offset at.
func (r *reader) showPrimitive(at int, field string, c cell) {
	if c.code == PrimitiveDecimal {
		return // shown as text
	}
	v := Value{g: &Graph{cells: []cell{c}}}
	r.show(at, quoteName(field), c.code.String()+" "+v.Show())
}

// quoteName keeps control characters of a member's name out of what is shown.
func quoteName(s string) string {
	q := QuoteCut(s, 60)
	if s != "" && len(q) == len(s)+2 {
		return s
	}
	return q
}

// showElements shows the elements of a packed array as one range.
func (r *reader) showElements(at int, code PrimitiveType, n int) {
	if r.pos == at {
		return
	}
	r.show(at, "elements", fmt.Sprintf("%d %s", n, code))
}

// Show returns a primitive value or a string for people: as .NET would write it in code or in a log, cut where it is long.
// Null is null; of class instances and arrays it gives the type.
func (v Value) Show() string {
	switch v.Kind() {
	case KindNull:
		return "null"
	case KindString:
		s, _ := v.Text()
		return QuoteCut(s, 60)
	case KindClass:
		return v.ClassName()
	case KindArray:
		name, _ := v.ElementType()
		return name + "[]"
	}
	bits := v.Bits()
	switch v.Primitive() {
	case PrimitiveBoolean:
		return strconv.FormatBool(bits != 0)
	case PrimitiveChar:
		return strconv.QuoteRune(rune(bits))
	case PrimitiveDecimal:
		s, _ := v.Decimal()
		return s
	case PrimitiveSingle:
		return ShowFloat(bits, 32)
	case PrimitiveDouble:
		return ShowFloat(bits, 64)
	case PrimitiveTimeSpan:
		return ShowTimeSpan(int64(bits))
	case PrimitiveDateTime:
		return ShowDateTime(int64(bits&dateTicks)) + DateTimeKind(bits>>62).suffix()
	}
	if n, ok := v.Int(); ok {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatUint(bits, 10)
}

// ShowFloat writes a Single (32) or Double (64), given by its bits, as the shortest text that gives the same number again.
// A NaN carries its bits.
func ShowFloat(bits uint64, size int) string {
	f := math.Float64frombits(bits)
	if size == 32 {
		f = float64(math.Float32frombits(uint32(bits)))
	}
	if math.IsNaN(f) {
		return fmt.Sprintf("NaN (%0*x)", size/4, bits)
	}
	return strconv.FormatFloat(f, 'g', -1, size)
}

const (
	ticksPerSecond = 10_000_000
	unixEpochTicks = 621355968000000000 // 1970-01-01
)

// timeOf is the instant so many ticks of 100 ns after 0001-01-01, in UTC.
func timeOf(ticks int64) time.Time {
	ticks -= unixEpochTicks
	return time.Unix(ticks/ticksPerSecond, ticks%ticksPerSecond*100).UTC()
}

// ShowDateTime writes RFC 3339 without a zone, for ticks of 100 ns since 0001-01-01.
func ShowDateTime(ticks int64) string {
	if ticks < 0 || ticks > maxDateTicks {
		return strconv.FormatInt(ticks, 10) + " ticks"
	}
	return timeOf(ticks).Format("2006-01-02T15:04:05.9999999")
}

// ShowTimeSpan writes what .NET's TimeSpan.ToString does: [-][d.]hh:mm:ss[.fffffff].
func ShowTimeSpan(ticks int64) string {
	sign, n := "", uint64(ticks)
	if ticks < 0 {
		sign, n = "-", -n
	}
	if days := n / (86400 * ticksPerSecond); days > 0 {
		sign += strconv.FormatUint(days, 10) + "."
	}
	s := fmt.Sprintf("%s%02d:%02d:%02d", sign, n/(3600*ticksPerSecond)%24, n/(60*ticksPerSecond)%60, n/ticksPerSecond%60)
	if rest := n % ticksPerSecond; rest > 0 {
		s += fmt.Sprintf(".%07d", rest)
	}
	return s
}
