package httpapi

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// valueBody is what an object with the member type says, before it is made a value.
type valueBody struct {
	at       int // offset in the body
	typ      string
	seen     uint32
	value    []byte // JSON
	valueAt  int
	bytes    []byte
	stream   []byte
	of       string
	json     []byte
	hasBytes bool // and not null
}

// The members of a value, in the order of their bits.
const (
	memberType = iota
	memberValue
	memberBytes
	memberStream
	memberOf
	memberJSON
	memberClass
	memberGraph
	memberError
)

func (m *valueBody) has(member int) bool { return m.seen&(1<<member) != 0 }

// only says whether nothing else is there than these members.
func (m *valueBody) only(names ...int) bool {
	left := m.seen
	for _, n := range names {
		left &^= 1 << n
	}
	return left == 0
}

// itemValue reads the value of an item with a key: of what it is told of, if something is wrong.
func (c *cursor) itemValue(k itemKey, objects Objects) aspnetser.Value {
	c.peek()
	m := valueBody{at: c.i}
	names := members{c: c}
	c.object(func(name string) {
		switch name {
		case "type":
			if names.once(memberType) {
				m.typ = c.text()
			}
		case "value":
			if names.once(memberValue) {
				c.peek()
				m.valueAt = c.i
				m.value = c.value(1)
			}
		case "bytes":
			if names.once(memberBytes) && !c.null() {
				m.bytes, m.hasBytes = c.base64(), true
			}
		case "stream":
			if names.once(memberStream) {
				m.stream = c.base64()
			}
		case "of":
			if names.once(memberOf) {
				m.of = c.text()
			}
		case "json":
			if names.once(memberJSON) {
				m.json = c.value(maxDepth)
			}
		case "class":
			if names.once(memberClass) {
				c.bytes()
			}
		case "graph":
			if names.once(memberGraph) {
				c.value(maxGraphDepth)
			}
		case "error":
			if names.once(memberError) {
				c.bytes()
			}
		default:
			c.unknown()
		}
	})
	m.seen = names.seen
	if !c.ok() {
		return aspnetser.Value{}
	}
	v, why := m.make(c, objects)
	if why != "" {
		c.bad = problemBadValue.at(m.at, why+".")
		c.bad.key = k
		c.bad.key.given = true
	}
	return v
}

// base64 reads a text that is base64, with padding.
func (c *cursor) base64() []byte {
	c.peek()
	at := c.i
	text := c.bytes()
	if !c.ok() {
		return nil
	}
	b := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(b, text)
	if err != nil || bytes.ContainsAny(text, "\r\n") {
		c.i = at
		c.fail("base64 is wanted")
		return nil
	}
	return b[:n]
}

// make makes the value, or says what is wrong.
func (m *valueBody) make(c *cursor, objects Objects) (v aspnetser.Value, why string) {
	switch m.typ {
	case "":
		if !m.has(memberType) && m.hasBytes && m.only(memberBytes) {
			return aspnetser.SlotValue(m.bytes), ""
		}
		return v, "a value has a type, or bytes alone"
	case "Undecodable":
		if !m.only(memberType, memberBytes, memberError) || !m.hasBytes {
			return v, "an Undecodable has bytes, which some have lost"
		}
		return aspnetser.SlotValue(m.bytes), ""
	case "Object":
		return m.object(c, objects)
	}
	if !m.only(memberType, memberValue, memberBytes) {
		return v, "a " + shown(m.typ) + " has type and value"
	}
	if v, why = m.scalar(); why != "" || !m.has(memberBytes) {
		return v, why
	}
	return m.stored(v)
}

// shown is a type for a person, if it is one.
func shown(typ string) string {
	if _, known := types[typ]; known {
		return typ
	}
	return "value"
}

// types are those with a value.
var types = func() map[string]aspnetser.Type {
	all := map[string]aspnetser.Type{}
	for t := aspnetser.TypeString; t <= aspnetser.TypeNull; t++ {
		all[t.String()] = t
	}
	return all
}()

// stored is the value as its bytes have it, if they say the same.
func (m *valueBody) stored(v aspnetser.Value) (aspnetser.Value, string) {
	if !m.hasBytes {
		return v, "bytes are base64"
	}
	if len(m.bytes) == 0 || aspnetser.Type(m.bytes[0]) != v.Type() {
		return v, "bytes and value differ: leave one out"
	}
	s, err := aspnetser.DecodeSlot(m.bytes, aspnetser.Options{})
	if err != nil {
		return v, "bytes and value differ: leave one out"
	}
	a, err1 := plain(s).AppendSlot(nil)
	b, err2 := v.AppendSlot(nil)
	if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
		return v, "bytes and value differ: leave one out"
	}
	return s, ""
}

// object reads an object by its stream, or by the JSON of its type.
func (m *valueBody) object(c *cursor, objects Objects) (v aspnetser.Value, why string) {
	switch {
	case m.has(memberValue) || m.has(memberBytes) || m.has(memberError):
		return v, "an Object has class, of, json, graph and stream"
	case m.has(memberStream):
		return m.streamed(c, objects)
	case !m.has(memberOf) || !m.has(memberJSON):
		return v, "an Object needs its stream, or of and json"
	}
	v, err := objects.Parse(m.of, m.json)
	switch {
	case err != nil:
		return v, "of and json: " + err.Error()
	case v.Type() != aspnetser.TypeObject:
		return v, "of: values of this type are no Objects"
	}
	return v, ""
}

// streamed reads an object by its stream. A client that changes the JSON beside it would find nothing changed.
func (m *valueBody) streamed(c *cursor, objects Objects) (v aspnetser.Value, why string) {
	v = aspnetser.SlotValue(append([]byte{byte(aspnetser.TypeObject)}, m.stream...))
	if !m.has(memberJSON) {
		if _, err := c.decoder().Check(string(m.stream)); err != nil {
			return v, notAStream
		}
		return v, ""
	}
	g, _, err := c.decoder().Decode(string(m.stream))
	if err != nil {
		return v, notAStream
	}
	if json, _, exact := objects.Natural(aspnetser.Object(g)); exact && !objects.Equal(json, m.json) {
		return v, "json and stream differ: leave one out"
	}
	return v, ""
}

const notAStream = "the stream is not one of .NET's BinaryFormatter, or takes too much memory"

// scalar reads the member value by the type.
func (m *valueBody) scalar() (v aspnetser.Value, why string) {
	t, known := types[m.typ]
	if !known {
		return v, "the type is not known"
	}
	if t == aspnetser.TypeNull {
		if m.has(memberValue) && string(m.value) != "null" {
			return v, "a Null has no value"
		}
		return aspnetser.Null(), ""
	}
	if !m.has(memberValue) {
		return v, "there is no value"
	}
	c := cursor{b: m.value}
	isText := m.value[0] == '"'
	wrong := "a " + m.typ + " is wanted as "
	text := c.text
	switch t {
	case aspnetser.TypeString:
		if !isText {
			return v, wrong + "a text"
		}
		return aspnetser.String(text()), ""
	case aspnetser.TypeBoolean:
		b := c.boolean()
		if !c.ok() {
			return v, wrong + "true or false"
		}
		return aspnetser.Boolean(b), ""
	case aspnetser.TypeChar:
		if r := []rune(textIf(isText, text)); len(r) == 1 && r[0] <= 0xffff {
			return aspnetser.Char(uint16(r[0])), ""
		}
		return v, wrong + "a text of one character of the basic plane"
	case aspnetser.TypeDateTime:
		if ticks, ok := parseDateTime(textIf(isText, text)); ok {
			return aspnetser.DateTime(ticks), ""
		}
		return v, wrong + "2024-01-02T03:04:05.678, without a zone"
	case aspnetser.TypeTimeSpan:
		if ticks, ok := parseTimeSpan(textIf(isText, text)); ok {
			return aspnetser.TimeSpan(ticks), ""
		}
		return v, wrong + "[-][d.]hh:mm:ss[.fffffff]"
	case aspnetser.TypeGuid:
		if s := textIf(isText, text); len(s) == 36 {
			if g, ok := nrbf.ParseGUID(s); ok {
				return aspnetser.Guid(g), ""
			}
		}
		return v, wrong + "8-4-4-4-12 hexadecimal digits"
	case aspnetser.TypeDecimal:
		if d, ok := parseDecimal(textIf(isText, text)); ok {
			return aspnetser.DecimalValue(d), ""
		}
		return v, wrong + "a text of at most 28 or 29 digits with a point"
	case aspnetser.TypeSingle, aspnetser.TypeDouble:
		return m.float(t, &c, isText)
	}
	digits := ""
	switch quoted := isLong(t); {
	case quoted && isText:
		digits = text()
	case !quoted && !isText:
		digits = string(m.value)
	}
	return integer(t, digits)
}

func textIf(is bool, text func() string) string {
	if !is {
		return ""
	}
	return text()
}

// integer reads digits as a number of a type.
func integer(t aspnetser.Type, digits string) (v aspnetser.Value, why string) {
	as := "a number"
	if isLong(t) {
		as = "a text of digits"
	}
	why = "a " + t.String() + " is wanted as " + as + " within its range"
	if digits == "" || digits[0] == '+' || strings.Contains(digits, "_") || len(digits) > 1 && strings.TrimPrefix(digits, "-")[0] == '0' && digits != "-0" {
		return v, why
	}
	bits, signed := width(t)
	if signed {
		n, err := strconv.ParseInt(digits, 10, bits)
		if err != nil {
			return v, why
		}
		return whole(t, n), ""
	}
	n, err := strconv.ParseUint(digits, 10, bits)
	if err != nil {
		return v, why
	}
	return natural(t, n), ""
}

func width(t aspnetser.Type) (bits int, signed bool) {
	switch t {
	case aspnetser.TypeSByte:
		return 8, true
	case aspnetser.TypeByte:
		return 8, false
	case aspnetser.TypeInt16:
		return 16, true
	case aspnetser.TypeUInt16:
		return 16, false
	case aspnetser.TypeInt32:
		return 32, true
	case aspnetser.TypeUInt32:
		return 32, false
	case aspnetser.TypeInt64, aspnetser.TypeIntPtr:
		return 64, true
	}
	return 64, false
}

func whole(t aspnetser.Type, n int64) aspnetser.Value {
	switch t {
	case aspnetser.TypeSByte:
		return aspnetser.SByte(int8(n))
	case aspnetser.TypeInt16:
		return aspnetser.Int16(int16(n))
	case aspnetser.TypeInt32:
		return aspnetser.Int32(int32(n))
	case aspnetser.TypeIntPtr:
		return aspnetser.IntPtr(n)
	}
	return aspnetser.Int64(n)
}

func natural(t aspnetser.Type, n uint64) aspnetser.Value {
	switch t {
	case aspnetser.TypeByte:
		return aspnetser.Byte(uint8(n))
	case aspnetser.TypeUInt16:
		return aspnetser.UInt16(uint16(n))
	case aspnetser.TypeUInt32:
		return aspnetser.UInt32(uint32(n))
	case aspnetser.TypeUIntPtr:
		return aspnetser.UIntPtr(n)
	}
	return aspnetser.UInt64(n)
}

// float reads a Single or Double.
func (m *valueBody) float(t aspnetser.Type, c *cursor, isText bool) (v aspnetser.Value, why string) {
	bits, of := 64, double
	if t == aspnetser.TypeSingle {
		bits, of = 32, func(f float64) aspnetser.Value { return single(float32(f)) }
	}
	why = "a " + m.typ + ` is wanted as a number within its range, "NaN", "Infinity" or "-Infinity"`
	if isText {
		switch c.text() {
		case "NaN":
			return of(math.NaN()), ""
		case "Infinity":
			return of(math.Inf(1)), ""
		case "-Infinity":
			return of(math.Inf(-1)), ""
		}
		return v, why
	}
	literal := c.number()
	f, err := strconv.ParseFloat(literal, bits)
	if err != nil || !c.ok() {
		return v, why
	}
	return of(f), ""
}

// The bits of .NET's NaN: that of x86, with its sign.
const (
	netNaN32 = 0xffc00000
	netNaN64 = 0xfff8000000000000
)

func single(f float32) aspnetser.Value {
	if f != f {
		f = math.Float32frombits(netNaN32)
	}
	return aspnetser.Single(f)
}

func double(f float64) aspnetser.Value {
	if f != f {
		f = math.Float64frombits(netNaN64)
	}
	return aspnetser.Double(f)
}

// parseDecimal reads digits with at most one point, as Decimal is shown. What would be rounded is refused.
func parseDecimal(s string) (d nrbf.Decimal, ok bool) {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && (c != '-' || i > 0) {
			return d, false
		}
	}
	if d, ok = nrbf.ParseDecimal(s); !ok {
		return d, false
	}
	return d, d.String() == s
}

const (
	ticksPerSecond = 10_000_000
	unixEpochTicks = 621355968000000000 // 1970-01-01, in ticks since 0001-01-01
)

// parseDateTime reads yyyy-MM-ddTHH:mm:ss with a fraction of up to seven digits.
func parseDateTime(s string) (ticks int64, ok bool) {
	const whole = "2006-01-02T15:04:05"
	if len(s) < len(whole) || s[0] == '-' {
		return 0, false
	}
	rest, ok := parseFraction(s[len(whole):])
	if !ok {
		return 0, false
	}
	t, err := time.Parse(whole, s[:len(whole)])
	if err != nil || t.Year() < 1 || t.Format(whole) != s[:len(whole)] {
		return 0, false
	}
	return t.Unix()*ticksPerSecond + unixEpochTicks + rest, true
}

// parseFraction reads what may stand behind seconds: nothing, or a point and one to seven digits.
func parseFraction(s string) (ticks int64, ok bool) {
	if s == "" {
		return 0, true
	}
	if s[0] != '.' || len(s) < 2 || len(s) > 8 {
		return 0, false
	}
	return parseDigits(s[1:] + strings.Repeat("0", 8-len(s)))
}

// parseTimeSpan reads what .NET's TimeSpan.ToString writes.
func parseTimeSpan(s string) (ticks int64, ok bool) {
	s, negative := strings.CutPrefix(s, "-")
	var days int64
	if d, rest, has := strings.Cut(s, "."); has && !strings.Contains(d, ":") {
		if days, ok = parseDigits(d); !ok || days > 10675199 || len(d) > 1 && d[0] == '0' {
			return 0, false
		}
		s = rest
	}
	const form = "hh:mm:ss"
	if len(s) < len(form) || s[2] != ':' || s[5] != ':' {
		return 0, false
	}
	h, ok1 := parseDigits(s[:2])
	m, ok2 := parseDigits(s[3:5])
	sec, ok3 := parseDigits(s[6:8])
	rest, ok4 := parseFraction(s[8:])
	if !ok1 || !ok2 || !ok3 || !ok4 || h > 23 || m > 59 || sec > 59 {
		return 0, false
	}
	n := uint64(((days*24+h)*60+m)*60+sec)*ticksPerSecond + uint64(rest)
	if negative {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n < 1<<63
}

func parseDigits(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
