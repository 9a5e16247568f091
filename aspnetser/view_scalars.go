package aspnetser

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// textShape is a text: of a string, or of an object that is one to a person.
func textShape(name, s string) shape {
	return shape{name: name, str: s, isStr: true, text: func(dst []byte, most int) []byte { return appendCut(dst, s, most) }}
}

func primitiveShape(v nrbf.Value) shape {
	text := v.Show()
	if v.Primitive() == nrbf.PrimitiveDecimal {
		text = printable(text, shownName) // it is text in the stream, and need be no number
	}
	s := scalar("", text)
	if c, ok := v.Char(); ok {
		s.str, s.isStr = string(rune(c)), true
	}
	return s
}

// itemShape is an item's value that has no graph.
func itemShape(v *Value) shape {
	if s, ok := v.Text(); ok {
		return textShape("", s)
	}
	s := scalar("", string(v.appendShown(nil)))
	s.null = v.Type() == TypeNull
	return s
}

// enumShape: what a number is called is not in the stream.
func enumShape(m *members) (shape, bool) {
	v, ok := m.get("value__")
	if !ok {
		return shape{}, false
	}
	_, signed := v.Int()
	_, unsigned := v.Uint()
	return scalar("", v.Show()), signed || unsigned
}

func guidShape(m *members) (shape, bool) {
	a, ok := m.get("_a")
	b, ok2 := m.get("_b")
	c, ok3 := m.get("_c")
	if !ok || !ok2 || !ok3 || a.Primitive() != nrbf.PrimitiveInt32 || b.Primitive() != nrbf.PrimitiveInt16 ||
		c.Primitive() != nrbf.PrimitiveInt16 {
		return shape{}, false
	}
	text := fmt.Appendf(nil, "%08x-%04x-%04x-", a.Bits(), b.Bits(), c.Bits())
	for i, name := range []string{"_d", "_e", "_f", "_g", "_h", "_i", "_j", "_k"} {
		d, ok := m.get(name)
		if !ok || d.Primitive() != nrbf.PrimitiveByte {
			return shape{}, false
		}
		if i == 2 {
			text = append(text, '-')
		}
		text = appendHex(text, d.Bits(), 2)
	}
	s := scalar("", string(text))
	return s, true
}

// decimalShape is a Decimal that was written as a struct; Microsoft's writer makes it a primitive.
func decimalShape(m *members) (shape, bool) {
	var n [4]int
	for i, name := range []string{"flags", "hi", "lo", "mid"} {
		var ok bool
		if n[i], ok = m.int(name); !ok {
			return shape{}, false
		}
	}
	d := nrbf.Decimal{
		Lo:       uint64(uint32(n[2])) | uint64(uint32(n[3]))<<32,
		Hi:       uint32(n[1]),
		Scale:    uint8(n[0] >> 16),
		Negative: n[0] < 0,
	}
	return scalar("", d.String()), d.Scale <= 28
}

func dateTimeShape(m *members) (shape, bool) {
	data, ok := m.one("dateData", "_dateData")
	bits, ok2 := data.Uint()
	if !ok || !ok2 {
		return shape{}, false
	}
	m.skip("ticks")
	return scalar("", showTicks(bits)), true
}

// showTicks writes a DateTime with its kind: the two upper bits.
func showTicks(bits uint64) string {
	return nrbf.ShowDateTime(int64(bits<<2>>2)) + [...]string{"", " utc", " local", " local-dst"}[bits>>62]
}

func timeSpanShape(m *members) (shape, bool) {
	v, ok := m.get("_ticks")
	n, ok2 := v.Int()
	return scalar("", nrbf.ShowTimeSpan(n)), ok && ok2
}

// dateTimeOffsetShape: what is stored is the time in UTC and the minutes by which the clock differed from it.
func dateTimeOffsetShape(m *members) (shape, bool) {
	v, ok := m.get("DateTime")
	minutes, ok2 := m.int("OffsetMinutes")
	ticks, ok3 := v.Ticks()
	if !ok || !ok2 || !ok3 || v.Primitive() != nrbf.PrimitiveDateTime || minutes < -14*60 || minutes > 14*60 {
		return shape{}, false
	}
	return scalar("", nrbf.ShowDateTime(ticks+int64(minutes)*60*ticksPerSecond)+showOffset(minutes)), true
}

func showOffset(minutes int) string {
	sign := '+'
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return fmt.Sprintf("%c%02d:%02d", sign, minutes/60, minutes%60)
}

// versionShape: parts of -1 are not there.
func versionShape(m *members) (shape, bool) {
	var text []byte
	for i, name := range []string{"_Major", "_Minor", "_Build", "_Revision"} {
		n, ok := m.int(name)
		if !ok || n < -1 || n < 0 && i < 2 {
			return shape{}, false
		}
		if n < 0 {
			continue
		}
		if i > 0 {
			text = append(text, '.')
		}
		text = strconv.AppendInt(text, int64(n), 10)
	}
	return scalar("", string(text)), true
}

func uriShape(m *members) (shape, bool) {
	s, ok := m.text("AbsoluteUri")
	if !ok {
		return shape{}, false
	}
	if relative, ok := m.text("RelativeUri"); ok && s == "" {
		s = relative
	} else if ok && relative != "" {
		return shape{}, false
	}
	return textShape("", s), true
}

// maxBigWords is how many words of 32 bits a number may have that is written out: the time grows with their square.
const maxBigWords = 128

// bigIntegerShape: small numbers are in the sign (made with Mono from BigInteger(-5); fixture o-misc-system for others).
func bigIntegerShape(m *members) (shape, bool) {
	sign, ok := m.int("_sign")
	bits, ok2 := m.get("_bits")
	if !ok || !ok2 {
		return shape{}, false
	}
	if bits.IsNull() {
		return scalar("", strconv.Itoa(sign)), true
	}
	packed, ok := bits.Packed()
	if !ok || bits.ElementPrimitive() != nrbf.PrimitiveUInt32 || sign != 1 && sign != -1 {
		return shape{}, false
	}
	if len(packed) > 4*maxBigWords {
		return scalar("", fmt.Sprintf("a number of %s bits", group(8*len(packed)))), true
	}
	be := make([]byte, len(packed))
	for i := range packed {
		be[len(packed)-1-i] = packed[i]
	}
	n := new(big.Int).SetBytes(be)
	if sign < 0 {
		n.Neg(n)
	}
	text := n.String()
	return shape{text: func(dst []byte, most int) []byte {
		if len(text) <= most {
			return append(dst, text...)
		}
		return fmt.Appendf(append(dst, text[:most]...), "… (%s digits)", group(len(strings.TrimPrefix(text, "-"))))
	}}, true
}

func stringBuilderShape(m *members) (shape, bool) {
	s, ok := m.text("m_StringValue")
	m.skip("m_MaxCapacity", "Capacity", "m_currentThread")
	return textShape("", s), ok
}

// memoryStreamShape is the bytes that the stream has, not those of its buffer.
func memoryStreamShape(m *members) (shape, bool) {
	buffer, ok := m.get("_buffer")
	from, ok2 := m.int("_origin")
	to, ok3 := m.int("_length")
	position, ok4 := m.int("_position")
	packed, ok5 := buffer.Packed()
	if !ok || !ok2 || !ok3 || !ok4 || !ok5 || buffer.ElementPrimitive() != nrbf.PrimitiveByte || from < 0 || to < from ||
		to > len(packed) {
		return shape{}, false
	}
	m.skip("_capacity", "_expandable", "_writable", "_exposable", "_isOpen")
	m.skipNull("MarshalByRefObject+__identity")
	s := sequence(buffer, from, to-from, 1)
	s.text = bytesText(packed[from:to])
	if position != from {
		s.note = "at byte " + group(position-from)
	}
	return s, true
}

// unityShape is the stand-in for objects of which there is one: DBNull.Value, a Type (fixture o-misc-system).
func unityShape(m *members) (shape, bool) {
	const (
		dbNull   = 2
		missing  = 3
		aType    = 4
		assembly = 6
	)
	kind, ok := m.int("UnityType")
	if !ok {
		return shape{}, false
	}
	data, _ := m.text("Data")
	library, _ := m.text("AssemblyName")
	m.skipNull("Data", "AssemblyName")
	switch kind {
	case dbNull:
		return scalar("DBNull", ""), data == "" && library == ""
	case missing:
		return scalar("Missing", ""), data == "" && library == ""
	case aType:
		return scalar("Type", tidyType(data)), true
	case assembly:
		return textShape("Assembly", data), true
	}
	return shape{}, false
}

func cultureShape(m *members) (shape, bool) {
	s, ok := m.text("m_name")
	m.skip("m_isReadOnly", "cultureID", "m_useUserOverride", "m_dataItem")
	m.skipAny("compareInfo", "textInfo")
	m.skipNull("numInfo", "dateTimeInfo", "calendar")
	return textShape("", s), ok
}

func timeZoneShape(m *members) (shape, bool) {
	id, ok := m.text("Id")
	offset, ok2 := m.get("BaseUtcOffset")
	ticks, ok3 := offset.Ticks()
	if !ok || !ok2 || !ok3 || offset.Primitive() != nrbf.PrimitiveTimeSpan {
		return shape{}, false
	}
	m.skip("SupportsDaylightSavingTime")
	m.skipAny("DisplayName", "StandardName", "DaylightName")
	m.skipNull("AdjustmentRules")
	s := textShape("", id)
	s.note = "UTC" + showOffset(int(min(max(ticks/(60*ticksPerSecond), -24*60), 24*60)))
	return s, true
}

// words gives the elements of an int[], at most so many.
func words(v nrbf.Value, most int) []int32 {
	packed, ok := v.Packed()
	if !ok || v.ElementPrimitive() != nrbf.PrimitiveInt32 {
		return nil
	}
	out := make([]int32, min(len(packed)/4, most))
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32([]byte(packed[4*i : 4*i+4])))
	}
	return out
}
