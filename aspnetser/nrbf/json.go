package nrbf

import (
	"encoding/hex"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends a value as JSON in the form of fixtures/blobs/README.md: what the stream says, with every scalar a
// string, and objects that are mentioned more than once numbered in the order of their first mention. Nothing recurses.
func AppendJSON(dst []byte, v Value) []byte { return FlushJSON(dst, v, nil) }

// FlushJSON is AppendJSON for graphs whose JSON is large: flush, unless it is nil, gets what there is whenever that is
// over FlushSize, and returns the buffer to go on with.
func FlushJSON(dst []byte, v Value, flush func([]byte) []byte) []byte {
	if v.g == nil {
		return append(dst, "null"...)
	}
	j := jsonWriter{dst: dst, g: v.g, flush: flush, state: make([]int32, len(v.g.objects))}
	j.count(v)
	j.value(v, false)
	for len(j.stack) > 0 {
		j.step()
		j.flushed()
	}
	return j.dst
}

// FlushSize is about how many bytes FlushJSON gathers.
const FlushSize = 32 << 10

type jsonWriter struct {
	dst    []byte
	g      *Graph
	flush  func([]byte) []byte
	stack  []jsonFrame
	state  []int32 // by object: how often it is mentioned, 2 for more; then, below 0, the id that it has got
	lastID int32
}

// jsonFrame is an object whose members or elements are being written.
type jsonFrame struct {
	class          *class // nil: an array
	first, next, n int32
	member         bool // it is a member, whose bracket is still open
}

func (j *jsonWriter) flushed() {
	if j.flush != nil && len(j.dst) >= FlushSize {
		j.dst = j.flush(j.dst)
	}
}

// jsonPiece is how much of a long text is written before it is flushed: it may become six times as long.
const jsonPiece = 8 << 10

// text writes a string piece by piece.
func (j *jsonWriter) text(s string) {
	j.dst = append(j.dst, '"')
	for len(s) > jsonPiece {
		n := jsonPiece
		for !utf8.RuneStart(s[n]) {
			n--
		}
		j.dst = AppendJSONText(j.dst, s[:n])
		s = s[n:]
		j.flushed()
	}
	j.dst = append(AppendJSONText(j.dst, s), '"')
}

// count counts the mentions of each object.
func (j *jsonWriter) count(v Value) {
	var todo []int32
	mention := func(v Value) {
		if o, i := v.object(); o != nil {
			if j.state[i] == 0 && !o.isPacked() {
				todo = append(todo, i)
			}
			j.state[i] = min(j.state[i]+1, 2)
		}
	}
	mention(v)
	for len(todo) > 0 {
		o := &j.g.objects[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		for i := range o.n {
			mention(Value{g: j.g, at: o.first + i})
		}
	}
}

// step writes the next member or element of the innermost object, or its end.
func (j *jsonWriter) step() {
	top := &j.stack[len(j.stack)-1]
	if top.next == top.n {
		j.dst = append(j.dst, "]}"...)
		if top.member {
			j.dst = append(j.dst, ']')
		}
		j.stack = j.stack[:len(j.stack)-1]
		return
	}
	i := top.next
	top.next++
	if i > 0 {
		j.dst = append(j.dst, ',')
	}
	v := Value{g: j.g, at: top.first + i}
	if top.class == nil {
		j.value(v, false)
		return
	}
	j.dst = append(j.dst, '[')
	j.dst = AppendJSONString(j.dst, j.g.members[top.class.members.first+i].name.s)
	j.dst = append(j.dst, ',')
	j.value(v, true)
}

// value writes a value, or begins an object. member says that the value ends a member's bracket.
func (j *jsonWriter) value(v Value, member bool) {
	switch v.Kind() {
	case KindNull:
		j.dst = append(j.dst, "null"...)
	case KindString:
		s, _ := v.Text()
		j.text(s)
	case KindPrimitive:
		p := v.Primitive()
		j.dst = append(j.dst, `{"prim":"`...)
		j.dst = append(j.dst, p.String()...)
		j.dst = append(j.dst, `","value":`...)
		j.dst = j.appendScalar(j.dst, v)
		j.dst = append(j.dst, '}')
	default:
		if j.begin(v, member) {
			return
		}
	}
	if member {
		j.dst = append(j.dst, ']')
	}
}

// begin writes an object up to its members or elements; false means that it is complete.
func (j *jsonWriter) begin(v Value, member bool) bool {
	o, i := v.object()
	j.dst = append(j.dst, '{')
	switch {
	case j.state[i] < 0:
		j.dst = append(j.dst, `"ref":`...)
		j.dst = strconv.AppendInt(j.dst, int64(-j.state[i]), 10)
		j.dst = append(j.dst, '}')
		return false
	case j.state[i] > 1:
		j.lastID++
		j.state[i] = -j.lastID
		j.dst = append(j.dst, `"id":`...)
		j.dst = strconv.AppendInt(j.dst, int64(j.lastID), 10)
		j.dst = append(j.dst, ',')
	}
	if c := v.class(); c != nil {
		j.dst = AppendJSONString(append(j.dst, `"class":`...), c.name.s)
		j.library(v.Library(), c.lib >= 0)
		j.dst = append(j.dst, `,"members":[`...)
		j.stack = append(j.stack, jsonFrame{class: c, first: o.first, n: o.n, member: member})
		return true
	}
	name, library := v.ElementType()
	j.dst = AppendJSONString(append(j.dst, `"array":`...), name)
	j.library(library, o.record == recordBinaryArray && j.g.arrays[o.info].elem.kind == declClass)
	j.ints(`,"lengths":[`, v.Lengths())
	if lower := v.Lower(); lower != nil {
		j.ints(`,"lower":[`, lower)
	}
	if o.isPacked() {
		j.packed(v, o)
		j.dst = append(j.dst, '}')
		return false
	}
	if o.code == PrimitiveDecimal {
		j.dst = append(j.dst, `,"values":[`...)
		for i, e := range v.All() {
			if i > 0 {
				j.dst = append(j.dst, ',')
			}
			j.dst = j.appendScalar(j.dst, e)
		}
		j.dst = append(j.dst, "]}"...)
		return false
	}
	j.dst = append(j.dst, `,"elements":[`...)
	j.stack = append(j.stack, jsonFrame{first: o.first, n: o.n, member: member})
	return true
}

func (j *jsonWriter) library(name string, has bool) {
	j.dst = append(j.dst, `,"assembly":`...)
	if !has {
		j.dst = append(j.dst, "null"...)
		return
	}
	j.dst = AppendJSONString(j.dst, name)
}

func (j *jsonWriter) ints(field string, n []int) {
	j.dst = append(j.dst, field...)
	for i, x := range n {
		if i > 0 {
			j.dst = append(j.dst, ',')
		}
		j.dst = strconv.AppendInt(j.dst, int64(x), 10)
	}
	j.dst = append(j.dst, ']')
}

// packed writes the elements of a packed array.
func (j *jsonWriter) packed(v Value, o *object) {
	s, _ := v.Packed()
	switch o.code {
	case PrimitiveByte:
		j.dst = append(j.dst, `,"hex":"`...)
		for len(s) > 0 {
			n := min(len(s), jsonPiece)
			j.dst = hex.AppendEncode(j.dst, []byte(s[:n]))
			s = s[n:]
			j.flushed()
		}
		j.dst = append(j.dst, '"')
	case PrimitiveChar:
		j.dst = append(j.dst, `,"chars":`...)
		j.text(s)
	default:
		j.dst = append(j.dst, `,"values":[`...)
		for i, e := range v.All() {
			if i > 0 {
				j.dst = append(j.dst, ',')
			}
			j.dst = j.appendScalar(j.dst, e)
			j.flushed()
		}
		j.dst = append(j.dst, ']')
	}
}

// appendScalar writes a primitive value as a JSON string.
func (j *jsonWriter) appendScalar(dst []byte, v Value) []byte {
	bits := v.Bits()
	switch v.Primitive() {
	case PrimitiveChar:
		return AppendJSONString(dst, string(rune(bits)))
	case PrimitiveDecimal:
		s, _ := v.Decimal()
		return AppendJSONString(dst, s)
	}
	dst = append(dst, '"')
	switch v.Primitive() {
	case PrimitiveBoolean:
		dst = strconv.AppendBool(dst, bits != 0)
	case PrimitiveSingle:
		dst = appendHex(dst, bits, 8)
	case PrimitiveDouble:
		dst = appendHex(dst, bits, 16)
	case PrimitiveTimeSpan:
		dst = strconv.AppendInt(dst, int64(bits), 10)
	case PrimitiveDateTime:
		dst = strconv.AppendUint(dst, bits&dateTicks, 10)
		dst = append(dst, DateTimeKind(bits>>62).suffix()...)
	default:
		if n, signed := v.Int(); signed {
			dst = strconv.AppendInt(dst, n, 10)
		} else {
			dst = strconv.AppendUint(dst, bits, 10)
		}
	}
	return append(dst, '"')
}

const hexDigits = "0123456789abcdef"

func appendHex(dst []byte, n uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[n>>(4*i)&15])
	}
	return dst
}

// AppendJSONString appends s as a JSON string; what is not UTF-8 becomes U+FFFD.
func AppendJSONString(dst []byte, s string) []byte {
	return append(AppendJSONText(append(dst, '"'), s), '"')
}

// AppendJSONText appends what stands between the quotes.
func AppendJSONText(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(dst, s[from:]...)
}
