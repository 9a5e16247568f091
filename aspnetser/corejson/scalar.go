package corejson

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// scalar is a value of one of the scalars, of an item or in a graph.
type scalar struct {
	bits    uint64 // integers with their sign extended, bits of floats, a char's unit, ticks
	kind    nrbf.DateTimeKind
	minutes int    // of a DateTimeOffset, of which bits is what its clock shows
	text    string // of a string, Uri, Version
	decimal nrbf.Decimal
	guid    nrbf.GUID
}

// ofItem returns the value of an item whose type is that of t.
func (t *Type) ofItem(v aspnetser.Value) (s scalar) {
	switch t.kind {
	case kindBool:
		if b, _ := v.Bool(); b {
			s.bits = 1
		}
	case kindChar:
		c, _ := v.Char()
		s.bits = uint64(c)
	case kindFloat:
		f, _ := v.Float()
		s.bits = uint64(math.Float32bits(float32(f)))
	case kindDouble:
		f, _ := v.Float()
		s.bits = math.Float64bits(f)
	case kindDecimal:
		s.decimal, _ = v.Decimal()
	case kindString:
		s.text, _ = v.Text()
	case kindGuid:
		s.guid, _ = v.Guid()
	case kindDateTime, kindTimeSpan:
		n, _ := v.Ticks()
		s.bits = uint64(n)
	default:
		if n, ok := v.Int(); ok {
			s.bits = uint64(n)
		} else {
			s.bits, _ = v.Uint()
		}
	}
	return s
}

// item returns the item of a scalar that items can be.
func (t *Type) item(s scalar) aspnetser.Value {
	switch t.kind {
	case kindBool:
		return aspnetser.Boolean(s.bits != 0)
	case kindByte:
		return aspnetser.Byte(uint8(s.bits))
	case kindSByte:
		return aspnetser.SByte(int8(s.bits))
	case kindShort:
		return aspnetser.Int16(int16(s.bits))
	case kindUShort:
		return aspnetser.UInt16(uint16(s.bits))
	case kindInt:
		return aspnetser.Int32(int32(s.bits))
	case kindUInt:
		return aspnetser.UInt32(uint32(s.bits))
	case kindLong:
		return aspnetser.Int64(int64(s.bits))
	case kindULong:
		return aspnetser.UInt64(s.bits)
	case kindFloat:
		return aspnetser.Single(math.Float32frombits(uint32(s.bits)))
	case kindDouble:
		return aspnetser.Double(math.Float64frombits(s.bits))
	case kindDecimal:
		return aspnetser.DecimalValue(s.decimal)
	case kindChar:
		return aspnetser.Char(uint16(s.bits))
	case kindDateTime:
		return aspnetser.DateTime(int64(s.bits))
	case kindTimeSpan:
		return aspnetser.TimeSpan(int64(s.bits))
	case kindGuid:
		return aspnetser.Guid(s.guid)
	}
	return aspnetser.String(s.text)
}

// ofGraph returns a value of a graph; why says that it is another type's, or none.
func (t *Type) ofGraph(v nrbf.Value) (s scalar, why string) {
	switch t.kind {
	case kindString:
		text, ok := v.Text()
		if !ok {
			return s, t.not(v)
		}
		s.text = text
		return s, ""
	case kindGuid, kindDateTimeOffset, kindUri, kindVersion:
		if v.ClassName() != scalars[t.kind].full {
			return s, t.not(v)
		}
		return t.ofSystemClass(v)
	}
	if v.Primitive() != scalars[t.kind].primitive {
		return s, t.not(v)
	}
	switch t.kind {
	case kindDateTime:
		n, _ := v.Ticks()
		s.bits = uint64(n)
		s.kind, _ = v.DateTimeKind()
	case kindDecimal:
		text, _ := v.Decimal()
		d, ok := nrbf.ParseDecimal(text)
		if !ok {
			return s, "a Decimal that is no number"
		}
		s.decimal = d
	case kindBool:
		if b, _ := v.Bool(); b {
			s.bits = 1
		}
	default:
		s.bits = v.Bits()
		if n, ok := v.Int(); ok {
			s.bits = uint64(n)
		}
	}
	return s, ""
}

func (t *Type) ofSystemClass(v nrbf.Value) (s scalar, why string) {
	var err error
	switch t.kind {
	case kindGuid:
		err = nrbf.Unmarshal(v, &s.guid)
	case kindDateTimeOffset:
		when, _ := v.Member("DateTime")
		minutes, _ := v.Member("OffsetMinutes")
		n, ok := when.Ticks()
		m, ok2 := minutes.Int()
		if !ok || !ok2 || max(m, -m) > 14*60 {
			return s, "a DateTimeOffset without time or offset"
		}
		s.minutes = int(m)
		if n += m * ticksPerMinute; n < 0 || n > maxTicks {
			return s, "a DateTimeOffset out of range"
		}
		s.bits = uint64(n)
	default:
		err = nrbf.Unmarshal(v, &s.text)
	}
	if err != nil {
		return s, "a " + t.String() + " without its members"
	}
	return s, ""
}

// value returns the scalar as a value of a new graph.
func (t *Type) value(s scalar) any {
	switch t.kind {
	case kindBool:
		return s.bits != 0
	case kindByte:
		return uint8(s.bits)
	case kindSByte:
		return int8(s.bits)
	case kindShort:
		return int16(s.bits)
	case kindUShort:
		return uint16(s.bits)
	case kindInt:
		return int32(s.bits)
	case kindUInt:
		return uint32(s.bits)
	case kindLong:
		return int64(s.bits)
	case kindULong:
		return s.bits
	case kindFloat:
		return math.Float32frombits(uint32(s.bits))
	case kindDouble:
		return math.Float64frombits(s.bits)
	case kindDecimal:
		if s.decimal.Lo == 0 && s.decimal.Hi == 0 {
			s.decimal.Negative = false // streams keep no negative zero
		}
		return s.decimal
	case kindChar:
		return nrbf.Char(s.bits)
	case kindDateTime:
		return nrbf.DateTime{Ticks: int64(s.bits), Kind: s.kind}
	case kindTimeSpan:
		return nrbf.TimeSpan(s.bits)
	case kindGuid:
		return nrbf.Guid(s.guid)
	case kindDateTimeOffset:
		utc := int64(s.bits) - int64(s.minutes)*ticksPerMinute
		return offsetType.New(nrbf.DateTime{Ticks: utc}, int16(s.minutes))
	case kindUri:
		if isAbsolute(s.text) {
			return uriType.New(s.text)
		}
		return relativeUriType.New("", s.text)
	case kindVersion:
		parts, _ := parseVersion(s.text)
		return versionType.New(parts[0], parts[1], parts[2], parts[3])
	}
	return s.text
}

// isAbsolute says whether a URI has a scheme.
func isAbsolute(uri string) bool {
	scheme, _, ok := strings.Cut(uri, ":")
	return ok && scheme != "" && strings.Trim(scheme, "+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// parseVersion reads two to four numbers; those that are missing are -1.
func parseVersion(s string) (parts [4]int32, ok bool) {
	parts = [4]int32{-1, -1, -1, -1}
	numbers := strings.Split(s, ".")
	if len(numbers) < 2 || len(numbers) > 4 {
		return parts, false
	}
	for i, n := range numbers {
		v, err := strconv.ParseUint(n, 10, 31)
		if err != nil {
			return parts, false
		}
		parts[i] = int32(v)
	}
	return parts, true
}

// append writes a scalar, or says why it has no JSON.
func (t *Type) append(dst []byte, s scalar) (_ []byte, why string) {
	switch t.kind {
	case kindBool:
		return strconv.AppendBool(dst, s.bits != 0), ""
	case kindFloat, kindDouble:
		f, size := math.Float64frombits(s.bits), 64
		if t.kind == kindFloat {
			f, size = float64(math.Float32frombits(uint32(s.bits))), 32
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return dst, "a number that is none or infinite has no JSON"
		}
		return appendFloat(dst, f, size), ""
	case kindDecimal:
		if s.decimal.Lo == 0 && s.decimal.Hi == 0 {
			s.decimal.Negative = false // as .NET writes a negative zero
		}
		return s.decimal.Append(dst), ""
	case kindChar:
		if c := rune(s.bits); !utf16.IsSurrogate(c) {
			return appendString(dst, string(c)), ""
		}
		return dst, "half of a surrogate pair has no JSON"
	case kindDateTime:
		return t.zone.appendDateTime(dst, nrbf.DateTime{Ticks: int64(s.bits), Kind: s.kind})
	case kindDateTimeOffset:
		return append(appendOffset(appendClock(append(dst, '"'), int64(s.bits)), s.minutes), '"'), ""
	case kindTimeSpan:
		return append(append(append(dst, '"'), nrbf.ShowTimeSpan(int64(s.bits))...), '"'), ""
	case kindGuid:
		return append(s.guid.Append(append(dst, '"')), '"'), ""
	case kindString, kindUri, kindVersion:
		return appendString(dst, s.text), ""
	}
	if intSizes[t.kind] > 0 {
		return strconv.AppendUint(dst, s.bits, 10), ""
	}
	return strconv.AppendInt(dst, int64(s.bits), 10), ""
}

// parse reads a scalar. refused says that the JSON is sound and cannot be stored, which concerns dates only: an item has no
// kind, so that Z is dropped and an offset taken to the clock of the web servers.
func (t *Type) parse(d *document, i int32, item bool) (s scalar, ok bool, refused string) {
	switch k := d.nodes[i].kind; t.kind {
	case kindBool:
		if k == isTrue {
			s.bits = 1
		}
		return s, k == isTrue || k == isFalse, ""
	case kindFloat, kindDouble, kindDecimal:
		if k != isNumber {
			return s, false, ""
		}
		return t.parseNumber(d.raw(i))
	case kindByte, kindSByte, kindShort, kindUShort, kindInt, kindUInt, kindLong, kindULong:
		if k != isNumber {
			return s, false, ""
		}
		s.bits, ok = parseInteger(d.raw(i), t.kind)
		return s, ok, ""
	default:
		if k != isString {
			return s, false, ""
		}
	}
	return t.parseText(d.string(i), item)
}

func (t *Type) parseNumber(text []byte) (s scalar, ok bool, refused string) {
	if t.kind == kindDecimal {
		s.decimal, ok = parseDecimal(text)
		return s, ok, ""
	}
	if t.kind == kindFloat {
		f, ok := parseFloat(text, 32)
		s.bits = uint64(math.Float32bits(float32(f)))
		return s, ok, ""
	}
	f, ok := parseFloat(text, 64)
	s.bits = math.Float64bits(f)
	return s, ok, ""
}

// parseText reads what JSON has as a string.
func (t *Type) parseText(text string, item bool) (s scalar, ok bool, refused string) {
	switch t.kind {
	case kindString:
		s.text, ok = text, true
	case kindUri:
		s.text, ok = text, true // new Uri(…) takes nearly everything as relative
	case kindVersion:
		_, ok = parseVersion(text)
		s.text = text
	case kindChar:
		c, n := utf8.DecodeRuneInString(text)
		s.bits, ok = uint64(c), n > 0 && n == len(text) && c <= math.MaxUint16
	case kindGuid:
		if ok = len(text) == 36; ok {
			s.guid, ok = nrbf.ParseGUID(text)
		}
	case kindTimeSpan:
		n, isSpan := parseTimeSpan(text)
		s.bits, ok = uint64(n), isSpan
	case kindDateTime, kindDateTimeOffset:
		c, isClock := parseClock(text)
		if !isClock {
			return s, false, ""
		}
		refused = t.place(&s, c, item)
		return s, true, refused
	}
	return s, ok, ""
}

// place gives a date its kind, or says what is missing for it.
func (t *Type) place(s *scalar, c clock, item bool) (refused string) {
	s.bits, s.minutes = uint64(c.ticks), c.minutes
	utc, ok := c.utc()
	switch {
	case !ok:
		return "a date out of range"
	case t.kind == kindDateTimeOffset && c.zone == 0 || c.zone == '+' && t.kind == kindDateTime:
		// Both mean the zone of the machine.
		if t.zone.web == nil {
			return "a date that needs the zone of the web servers, which is not configured"
		}
	case t.kind == kindDateTime && c.zone == 'Z' && !item:
		s.kind = nrbf.DateTimeUTC
		return ""
	default:
		return ""
	}
	if t.kind == kindDateTimeOffset {
		minutes, ok := t.zone.offset(nrbf.DateTime{Ticks: c.ticks, Kind: nrbf.DateTimeLocal})
		if s.minutes = minutes; !ok {
			return "a date in a zone that is no whole minutes from UTC"
		}
		return ""
	}
	d, ok := t.zone.local(timeOf(utc))
	if !ok {
		return "a date out of range"
	}
	if s.bits = uint64(d.Ticks); !item {
		s.kind = d.Kind
	}
	return ""
}

// parseBytes reads base64.
func parseBytes(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(text)
	return b, err == nil
}
