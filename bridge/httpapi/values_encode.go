package httpapi

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// The JSON of a value is an object with the member type and, but for Null, Object and Undecodable, value:
//
//	{"type":"String","value":"Ada"}                     also Char
//	{"type":"Int32","value":41}                         also Int16, SByte, Byte, UInt16, UInt32
//	{"type":"Int64","value":"9007199254740993"}         a text, as UInt64, IntPtr, UIntPtr, Decimal: no reader loses digits
//	{"type":"Double","value":1.5}                       also Single; "NaN", "Infinity", "-Infinity"
//	{"type":"Boolean","value":true}
//	{"type":"DateTime","value":"2024-01-02T03:04:05.678"}   without a zone, which is not stored
//	{"type":"TimeSpan","value":"1.02:03:04.5000000"}
//	{"type":"Guid","value":"00112233-4455-6677-8899-aabbccddeeff"}
//	{"type":"Null"}
//	{"type":"Object","class":"System.String[]","of":"string[]","json":["a"],"graph":{…},"stream":"AAEAAAD…"}
//	{"type":"Undecodable","bytes":"Fg==","error":"unknown type id 22"}
//
// A value that is stored in another way than .NET stores it has its slot beside it, as "bytes": base64, type byte first.
// Graphs are those of fixtures/blobs/README.md. of and json are there where the JSON says all.

// encoder appends JSON. What is more than a buffer's worth goes to w, if there is one.
type encoder struct {
	dst      []byte
	w        io.Writer
	err      error // the first of w
	flushed  bool  // w has got something
	noGraphs bool
	objects  Objects

	slot, plain []byte // scratch
}

// flush is for buffers that may be full: it hands on p, and returns the buffer to go on with.
func (e *encoder) flush(p []byte) []byte {
	if e.w == nil {
		return p
	}
	e.flushed = true
	if e.err == nil {
		_, e.err = e.w.Write(p)
	}
	return p[:0]
}

func (e *encoder) full() {
	if len(e.dst) >= nrbf.FlushSize {
		e.dst = e.flush(e.dst)
	}
}

func (e *encoder) str(s string) { e.dst = append(e.dst, s...) }

// text appends a string, piece by piece, since it may become six times as long.
func (e *encoder) text(s string) {
	const piece = 8 << 10
	e.str(`"`)
	for len(s) > piece {
		n := piece
		for n > piece-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		e.dst = nrbf.AppendJSONText(e.dst, s[:n])
		e.full()
		s = s[n:]
	}
	e.dst = append(nrbf.AppendJSONText(e.dst, s), '"')
	e.full()
}

func (e *encoder) base64(b []byte) {
	const piece = 24 << 10 // a multiple of 3
	e.str(`"`)
	for len(b) > piece {
		e.dst = base64.StdEncoding.AppendEncode(e.dst, b[:piece])
		e.full()
		b = b[piece:]
	}
	e.dst = append(base64.StdEncoding.AppendEncode(e.dst, b), '"')
	e.full()
}

// value appends the JSON of a value; why says why an Undecodable is one.
func (e *encoder) value(v aspnetser.Value, why error) {
	e.str(`{"type":"`)
	e.str(v.Type().String())
	e.str(`"`)
	switch v.Type() {
	case aspnetser.TypeUndecodable:
		e.undecodable(v, why)
		return
	case aspnetser.TypeObject:
		e.object(v)
		return
	}
	e.scalar(v)
	var err1, err2 error
	e.slot, err1 = v.AppendSlot(e.slot[:0])
	e.plain, err2 = plain(v).AppendSlot(e.plain[:0])
	if err1 == nil && (err2 != nil || !bytes.Equal(e.slot, e.plain)) {
		e.str(`,"bytes":`)
		e.base64(e.slot)
	}
	e.str("}")
}

// plain is the value as .NET stores it: what reading its JSON gives.
func plain(v aspnetser.Value) aspnetser.Value {
	switch v.Type() {
	case aspnetser.TypeString:
		s, _ := v.Text()
		return aspnetser.String(s)
	case aspnetser.TypeBoolean:
		b, _ := v.Bool()
		return aspnetser.Boolean(b)
	case aspnetser.TypeChar:
		c, _ := v.Char()
		return aspnetser.Char(c)
	case aspnetser.TypeDateTime:
		t, _ := v.Ticks()
		return aspnetser.DateTime(t)
	case aspnetser.TypeTimeSpan:
		t, _ := v.Ticks()
		return aspnetser.TimeSpan(t)
	case aspnetser.TypeDecimal:
		d, _ := v.Decimal()
		return aspnetser.DecimalValue(d)
	case aspnetser.TypeGuid:
		g, _ := v.Guid()
		return aspnetser.Guid(g)
	case aspnetser.TypeSingle:
		f, _ := v.Float()
		return single(float32(f))
	case aspnetser.TypeDouble:
		f, _ := v.Float()
		return double(f)
	case aspnetser.TypeNull:
		return aspnetser.Null()
	}
	if n, signed := v.Int(); signed {
		return whole(v.Type(), n)
	}
	n, _ := v.Uint()
	return natural(v.Type(), n)
}

// scalar appends the member value.
func (e *encoder) scalar(v aspnetser.Value) {
	if v.IsNull() {
		return
	}
	e.str(`,"value":`)
	switch v.Type() {
	case aspnetser.TypeString:
		s, _ := v.Text()
		e.text(s)
	case aspnetser.TypeBoolean:
		b, _ := v.Bool()
		e.dst = strconv.AppendBool(e.dst, b)
	case aspnetser.TypeChar:
		c, _ := v.Char()
		e.text(string(rune(c)))
	case aspnetser.TypeDateTime:
		t, _ := v.Ticks()
		e.text(nrbf.ShowDateTime(t))
	case aspnetser.TypeTimeSpan:
		t, _ := v.Ticks()
		e.text(nrbf.ShowTimeSpan(t))
	case aspnetser.TypeDecimal:
		d, _ := v.Decimal()
		e.dst = append(d.Append(append(e.dst, '"')), '"')
	case aspnetser.TypeGuid:
		g, _ := v.Guid()
		e.dst = append(g.Append(append(e.dst, '"')), '"')
	case aspnetser.TypeSingle:
		f, _ := v.Float()
		e.float(f, 32)
	case aspnetser.TypeDouble:
		f, _ := v.Float()
		e.float(f, 64)
	default:
		e.integer(v)
	}
}

// integer appends a whole number: in quotes where JSON's readers may lose digits.
func (e *encoder) integer(v aspnetser.Value) {
	quote := isLong(v.Type())
	if quote {
		e.str(`"`)
	}
	if n, signed := v.Int(); signed {
		e.dst = strconv.AppendInt(e.dst, n, 10)
	} else {
		n, _ := v.Uint()
		e.dst = strconv.AppendUint(e.dst, n, 10)
	}
	if quote {
		e.str(`"`)
	}
}

func isLong(t aspnetser.Type) bool {
	switch t {
	case aspnetser.TypeInt64, aspnetser.TypeUInt64, aspnetser.TypeIntPtr, aspnetser.TypeUIntPtr:
		return true
	}
	return false
}

// float appends the shortest number that gives the same bits again.
func (e *encoder) float(f float64, bits int) {
	switch {
	case math.IsNaN(f):
		e.str(`"NaN"`)
	case math.IsInf(f, 1):
		e.str(`"Infinity"`)
	case math.IsInf(f, -1):
		e.str(`"-Infinity"`)
	default:
		format := byte('f')
		if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
			format = 'e'
		}
		e.dst = strconv.AppendFloat(e.dst, f, format, -1, bits)
		if f == 0 && math.Signbit(f) {
			e.str(".0") // readers that tell whole numbers from others, such as Python's, take -0 for 0
		}
	}
}

// object appends what is to be known of an object.
func (e *encoder) object(v aspnetser.Value) {
	g, _ := v.Graph()
	e.str(`,"class":`)
	e.text(className(g.Root()))
	slot, err := v.AppendSlot(nil)
	if err == nil {
		if json, of, exact := e.objects.Natural(v); exact {
			e.str(`,"of":`)
			e.text(of)
			e.str(`,"json":`)
			e.dst = append(e.dst, json...)
			e.full()
		}
	}
	if !e.noGraphs {
		e.str(`,"graph":`)
		if e.w != nil {
			e.dst = nrbf.FlushJSON(e.dst, g.Root(), e.flush)
		} else {
			e.dst = nrbf.AppendJSON(e.dst, g.Root())
		}
		if err == nil {
			e.str(`,"stream":`)
			e.base64(slot[1:])
		}
	}
	e.str("}")
}

// className is the full .NET name of what an object is.
func className(v nrbf.Value) string {
	if v.Kind() != nrbf.KindArray {
		return v.ClassName()
	}
	name, _ := v.ElementType()
	commas := ""
	for range len(v.Lengths()) - 1 {
		commas += ","
	}
	return name + "[" + commas + "]"
}

// undecodable appends the slot and what is wrong with it, without the name of the item.
func (e *encoder) undecodable(v aspnetser.Value, why error) {
	slot, err := v.AppendSlot(nil)
	e.str(`,"bytes":`)
	if err != nil { // it has none
		e.str("null")
	} else {
		e.base64(slot)
	}
	e.str(`,"error":`)
	reason := "it cannot be decoded"
	var malformed *aspnetser.MalformedError
	var over *aspnetser.LimitError
	switch {
	case errors.As(why, &malformed):
		reason = malformed.Reason
	case errors.As(why, &over):
		reason = "more than " + strconv.FormatInt(over.Max, 10) + " " + over.What
	}
	e.text(reason)
	e.str("}")
}
