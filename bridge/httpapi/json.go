package httpapi

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Limits of the JSON of a body.
const (
	maxDepth      = 64     // of what is read: System.Text.Json takes no more either
	maxGraphDepth = 10_000 // of graphs, which are skipped (fixtures/blobs/README.md)
)

// cursor reads JSON (RFC 8259) strictly: UTF-8 only, no name twice in an object, nothing behind the end, no half of a surrogate
// pair. Its first problem stays, and then nothing is read any more. It copies what it returns as a string.
type cursor struct {
	b   []byte
	i   int
	bad *problem
	tmp []byte

	graphs *nrbf.Decoder // of the objects in it, which share their limits; nil before the first
}

// close gives back what a cursor has used.
func (c *cursor) close() {
	if c.graphs != nil {
		c.graphs.Close()
	}
}

// decoder decodes the objects of the body: many small streams may take no more than one large one.
func (c *cursor) decoder() *nrbf.Decoder {
	if c.graphs == nil {
		c.graphs = nrbf.NewDecoder(nrbf.Limits{}, len(c.b))
	}
	return c.graphs
}

func (c *cursor) fail(why string) {
	if c.bad == nil {
		c.bad = problemBadJSON.at(c.i, why)
	}
}

func (c *cursor) ok() bool { return c.bad == nil }

// peek returns the first byte of what comes next; 0 at the end, and where something is wrong.
func (c *cursor) peek() byte {
	if c.bad != nil {
		return 0
	}
	for c.i < len(c.b) {
		switch b := c.b[c.i]; b {
		case ' ', '\t', '\n', '\r':
			c.i++
		default:
			return b
		}
	}
	return 0
}

// take takes a byte if it comes next.
func (c *cursor) take(b byte) bool {
	if c.peek() != b {
		return false
	}
	c.i++
	return true
}

func (c *cursor) want(b byte) bool {
	if c.take(b) {
		return true
	}
	c.fail("'" + string(rune(b)) + "' is wanted")
	return false
}

// end wants nothing more.
func (c *cursor) end() {
	if c.peek() != 0 || c.ok() && c.i < len(c.b) {
		c.fail("something stands behind the end")
	}
}

// object reads an object. member reads the value of one.
func (c *cursor) object(member func(name string)) {
	if !c.want('{') || c.take('}') {
		return
	}
	for c.ok() {
		name := c.text()
		if c.want(':') {
			member(name)
		}
		if c.take('}') || !c.want(',') {
			return
		}
	}
}

// array reads an array. element reads one.
func (c *cursor) array(element func()) {
	if !c.want('[') || c.take(']') {
		return
	}
	for c.ok() {
		element()
		if c.take(']') || !c.want(',') {
			return
		}
	}
}

// members tells names that are read twice, and those that nobody knows.
type members struct {
	c    *cursor
	seen uint32
}

// once notes the i-th of the names that are known. False: it has been read before.
func (m *members) once(i int) bool {
	if m.seen&(1<<i) != 0 {
		m.c.fail("a name is there twice")
		return false
	}
	m.seen |= 1 << i
	return true
}

func (c *cursor) unknown() { c.fail("a name is not known here") }

// literal takes a word.
func (c *cursor) literal(word string) bool {
	if c.peek() == word[0] && len(c.b)-c.i >= len(word) && string(c.b[c.i:c.i+len(word)]) == word {
		c.i += len(word)
		return true
	}
	return false
}

func (c *cursor) null() bool { return c.literal("null") }

func (c *cursor) boolean() bool {
	switch {
	case c.literal("true"):
		return true
	case c.literal("false"):
	default:
		c.fail("true or false is wanted")
	}
	return false
}

// number returns the characters of a number.
func (c *cursor) number() string {
	c.peek()
	from := c.i
	digits := func() bool {
		at := c.i
		for c.i < len(c.b) && c.b[c.i] >= '0' && c.b[c.i] <= '9' {
			c.i++
		}
		return c.i > at
	}
	next := func(set string) bool {
		if c.i < len(c.b) {
			for k := range len(set) {
				if c.b[c.i] == set[k] {
					c.i++
					return true
				}
			}
		}
		return false
	}
	next("-")
	zero := c.i < len(c.b) && c.b[c.i] == '0'
	at := c.i
	good := digits() && (!zero || c.i == at+1)
	if good && next(".") {
		good = digits()
	}
	if good && next("eE") {
		next("+-")
		good = digits()
	}
	if !good || !c.ok() {
		c.fail("a number is wanted")
		return ""
	}
	return string(c.b[from:c.i])
}

// integer reads a number without fraction and exponent.
func (c *cursor) integer(bits int) int64 {
	c.peek()
	at := c.i
	n, err := strconv.ParseInt(c.number(), 10, bits)
	if err != nil {
		c.i = at
		c.fail("a whole number of " + strconv.Itoa(bits) + " bits is wanted")
	}
	return n
}

// text reads a string.
func (c *cursor) text() string { return string(c.bytes()) }

// bytes reads a string. What it returns is good until the next call.
func (c *cursor) bytes() []byte {
	if !c.want('"') {
		return nil
	}
	from := c.i
	for c.i < len(c.b) && c.b[c.i] != '"' && c.b[c.i] != '\\' && c.b[c.i] >= ' ' {
		c.i++
	}
	if c.i < len(c.b) && c.b[c.i] == '"' { // as most are
		text := c.b[from:c.i]
		if !utf8.Valid(text) {
			c.fail("text is not UTF-8")
			return nil
		}
		c.i++
		return text
	}
	out := append(c.tmp[:0], c.b[from:c.i]...)
	for c.i < len(c.b) {
		switch b := c.b[c.i]; {
		case b == '"':
			c.i++
			if c.tmp = out; !utf8.Valid(out) {
				c.fail("text is not UTF-8")
				return nil
			}
			return out
		case b < ' ':
			c.fail("a control character stands in a text")
			return nil
		case b == '\\':
			c.i++
			if out = c.escape(out); !c.ok() {
				return nil
			}
		default:
			out = append(out, b)
			c.i++
		}
	}
	c.fail("a text does not end")
	return nil
}

// escape reads what stands behind a backslash.
func (c *cursor) escape(out []byte) []byte {
	if c.i == len(c.b) {
		c.fail("a text does not end")
		return out
	}
	b := c.b[c.i]
	c.i++
	switch b {
	case '"', '\\', '/':
		return append(out, b)
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'u':
		r := c.unit()
		if utf16.IsSurrogate(r) {
			if !c.ok() || len(c.b)-c.i < 2 || c.b[c.i] != '\\' || c.b[c.i+1] != 'u' {
				c.fail("half of a surrogate pair stands alone")
				return out
			}
			c.i += 2
			if r = utf16.DecodeRune(r, c.unit()); r == utf8.RuneError {
				c.fail("half of a surrogate pair stands alone")
				return out
			}
		}
		return utf8.AppendRune(out, r)
	}
	c.fail("an escape is not known")
	return out
}

// unit reads four hexadecimal digits.
func (c *cursor) unit() rune {
	if len(c.b)-c.i < 4 {
		c.fail("an escape is too short")
		return 0
	}
	n, err := strconv.ParseUint(string(c.b[c.i:c.i+4]), 16, 16)
	if err != nil {
		c.fail("an escape has no four hexadecimal digits")
		return 0
	}
	c.i += 4
	return rune(n)
}

// value skips a value, checks it and returns its bytes.
func (c *cursor) value(depth int) []byte {
	c.peek()
	from := c.i
	var open []frame
	for c.ok() {
		switch b := c.peek(); {
		case b == '{' || b == '[':
			if len(open) == depth {
				c.fail("values stand too deep in one another")
				return nil
			}
			c.i++
			open = append(open, frame{object: b == '{', first: true})
		case b == '"':
			c.bytes()
		case b == '-' || b >= '0' && b <= '9':
			c.number()
		case c.literal("true"), c.literal("false"), c.literal("null"):
		default:
			c.fail("a value is wanted")
		}
		for c.ok() && len(open) > 0 { // what comes behind a value, or in an empty one
			f := &open[len(open)-1]
			if f.object && c.take('}') || !f.object && c.take(']') {
				open = open[:len(open)-1]
				continue
			}
			if !f.first && !c.want(',') {
				break
			}
			f.first = false
			if f.object {
				f.name(c)
			}
			break
		}
		if len(open) == 0 {
			break
		}
	}
	if !c.ok() {
		return nil
	}
	return c.b[from:c.i]
}

// frame is an object or array that is being skipped.
type frame struct {
	object, first bool
	few           []string // the first names
	names         map[string]struct{}
}

// name reads the name of a member.
func (f *frame) name(c *cursor) {
	name := c.text()
	c.want(':')
	const few = 8
	if f.names == nil {
		for _, n := range f.few {
			if n == name {
				c.fail("a name is there twice")
				return
			}
		}
		if f.few = append(f.few, name); len(f.few) <= few {
			return
		}
		f.names = make(map[string]struct{}, 2*few)
		for _, n := range f.few {
			f.names[n] = struct{}{}
		}
		return
	}
	if _, twice := f.names[name]; twice {
		c.fail("a name is there twice")
	}
	f.names[name] = struct{}{}
}
