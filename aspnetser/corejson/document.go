package corejson

import (
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how many arrays and objects may stand one inside another: the default of System.Text.Json, for reading and
// for writing.
const MaxDepth = 64

// document is a JSON text that has been read: its values in the order of the text, each before what is inside of it.
type document struct {
	text  []byte
	nodes []node
}

// node is a value, or the name of a member, which stands before its value. It takes 16 bytes for at least 2 of the text.
type node struct {
	at, end int32    // of the text; strings and names without their quotes
	next    int32    // index of the node behind it and all that is inside of it
	kind    nodeKind // first byte of the value; '0' for numbers
	escaped bool     // the string has escapes
}

type nodeKind byte

const (
	isNull   nodeKind = 'n'
	isTrue   nodeKind = 't'
	isFalse  nodeKind = 'f'
	isNumber nodeKind = '0'
	isString nodeKind = '"'
	isArray  nodeKind = '['
	isObject nodeKind = '{'
)

func (k nodeKind) String() string {
	switch k {
	case isNull:
		return "null"
	case isTrue, isFalse:
		return "true or false"
	case isNumber:
		return "a number"
	case isString:
		return "a string"
	case isArray:
		return "an array"
	}
	return "an object"
}

// read reads a whole text, as strictly as System.Text.Json: RFC 8259, no comments, no trailing commas, no byte order mark,
// no halves of surrogate pairs, at most MaxDepth levels. Names may come twice; the last counts.
func read(text []byte) (*document, error) {
	r := reader{document: &document{text: text}}
	if len(text) > math.MaxInt32 {
		return nil, &JSONError{Reason: "more than 2,147,483,647 bytes"}
	}
	r.run()
	if r.err != nil {
		return nil, r.err
	}
	return r.document, nil
}

type reader struct {
	*document
	pos  int
	open []int32 // nodes of the arrays and objects around
	err  *JSONError
}

func (r *reader) fail(reason string) {
	if r.err == nil {
		r.err = &JSONError{Offset: r.pos, Reason: reason}
	}
}

// peek returns the next byte behind white space, 0 at the end, where no JSON has one.
func (r *reader) peek() byte {
	for ; r.pos < len(r.text); r.pos++ {
		switch c := r.text[r.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (r *reader) run() {
	r.value()
	for len(r.open) > 0 && r.err == nil {
		in := &r.nodes[r.open[len(r.open)-1]]
		end := byte(in.kind) + 2 // ] and }
		empty := int(r.open[len(r.open)-1]) == len(r.nodes)-1
		switch c := r.peek(); {
		case c == end:
			r.pos++
			in.end, in.next = int32(r.pos), int32(len(r.nodes))
			r.open = r.open[:len(r.open)-1]
		case empty:
			r.member(in.kind)
		case c == ',':
			r.pos++
			r.member(in.kind)
		default:
			r.fail("neither a comma nor the end of " + in.kind.String())
		}
	}
	if r.err == nil && (r.peek() != 0 || r.pos < len(r.text)) {
		r.fail("more behind the value")
	}
}

// member reads an element, or name and value.
func (r *reader) member(in nodeKind) {
	if in == isObject {
		if r.peek() != '"' {
			r.fail("no name of a member")
			return
		}
		r.string()
		if r.peek() != ':' {
			r.fail("no colon behind the name of a member")
			return
		}
		r.pos++
	}
	r.value()
}

// value reads a value, or only the beginning of one that has others in it.
func (r *reader) value() {
	if r.err != nil {
		return
	}
	switch c := r.peek(); c {
	case '"':
		r.string()
	case '[', '{':
		if len(r.open) == MaxDepth {
			r.fail("more than 64 arrays and objects one inside another")
			return
		}
		r.open = append(r.open, int32(len(r.nodes)))
		r.add(nodeKind(c), r.pos, r.pos+1)
		r.pos++
	case 'n':
		r.word("null")
	case 't':
		r.word("true")
	case 'f':
		r.word("false")
	default:
		if c == '-' || isDigit(c) {
			r.number()
			return
		}
		r.fail("no value")
	}
}

func (r *reader) add(kind nodeKind, at, end int) {
	r.nodes = append(r.nodes, node{at: int32(at), end: int32(end), next: int32(len(r.nodes)) + 1, kind: kind})
}

func (r *reader) word(w string) {
	if len(r.text)-r.pos < len(w) || string(r.text[r.pos:r.pos+len(w)]) != w {
		r.fail("no value")
		return
	}
	r.add(nodeKind(w[0]), r.pos, r.pos+len(w))
	r.pos += len(w)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (r *reader) digits() (n int) {
	for ; r.pos < len(r.text) && isDigit(r.text[r.pos]); r.pos++ {
		n++
	}
	return n
}

func (r *reader) at(c byte) bool { return r.pos < len(r.text) && r.text[r.pos] == c }

func (r *reader) number() {
	start := r.pos
	if r.at('-') {
		r.pos++
	}
	zero := r.at('0')
	if n := r.digits(); n == 0 || zero && n > 1 {
		r.fail("no number")
		return
	}
	if r.at('.') {
		r.pos++
		if r.digits() == 0 {
			r.fail("no digits behind the point")
			return
		}
	}
	if r.at('e') || r.at('E') {
		r.pos++
		if r.at('+') || r.at('-') {
			r.pos++
		}
		if r.digits() == 0 {
			r.fail("no digits in the exponent")
			return
		}
	}
	r.add(isNumber, start, r.pos)
}

// string reads a string, which begins at pos.
func (r *reader) string() {
	r.pos++
	start, escaped := r.pos, false
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case c == '"':
			r.add(isString, start, r.pos)
			r.nodes[len(r.nodes)-1].escaped = escaped
			r.pos++
			return
		case c < ' ':
			r.fail("a control character in a string")
			return
		case c == '\\':
			escaped = true
			_, n := unescape(r.text[r.pos:])
			if n == 0 {
				r.fail("an escape that is none, or half of a surrogate pair")
				return
			}
			r.pos += n
		case c < utf8.RuneSelf:
			r.pos++
		default:
			c, n := utf8.DecodeRune(r.text[r.pos:])
			if c == utf8.RuneError && n == 1 {
				r.fail("text that is not UTF-8")
				return
			}
			r.pos += n
		}
	}
	r.fail("no end of a string")
}

// unescape returns the character of the escape, or the pair of escapes, that b begins with, and its length; 0 if it is none.
func unescape(b []byte) (c rune, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	c, ok := unit(b)
	if !ok || !utf16.IsSurrogate(c) {
		return c, map[bool]int{true: 6}[ok]
	}
	low, ok := unit(b[6:])
	if c = utf16.DecodeRune(c, low); !ok || c == utf8.RuneError {
		return 0, 0
	}
	return c, 12
}

// unit reads \uXXXX.
func unit(b []byte) (c rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, d := range b[2:6] {
		switch {
		case isDigit(d):
			d -= '0'
		case d >= 'a' && d <= 'f':
			d -= 'a' - 10
		case d >= 'A' && d <= 'F':
			d -= 'A' - 10
		default:
			return 0, false
		}
		c = c<<4 | rune(d)
	}
	return c, true
}

// raw returns the text of a node: of a string what stands between the quotes.
func (d *document) raw(i int32) []byte { return d.text[d.nodes[i].at:d.nodes[i].end] }

// string returns the text of a string or name.
func (d *document) string(i int32) string {
	b := d.raw(i)
	if !d.nodes[i].escaped {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		if b[0] != '\\' {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		c, n := unescape(b)
		out, b = utf8.AppendRune(out, c), b[n:]
	}
	return string(out)
}

// elements returns the nodes of an array.
func (d *document) elements(i int32) (nodes []int32) {
	for at := i + 1; at < d.nodes[i].next; at = d.nodes[at].next {
		nodes = append(nodes, at)
	}
	return nodes
}

// members calls f with the name and the node of each member of an object, in order.
func (d *document) members(i int32, f func(name string, at int32)) {
	for at := i + 1; at < d.nodes[i].next; at = d.nodes[at+1].next {
		f(d.string(at), at+1)
	}
}
