package remoteapp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// MaxItems is the most items, and the most unknown keys, that a payload is read with: as many as aspnetser lets a session
// have. An item of two bytes takes some forty of memory.
const MaxItems = 1 << 16

// Payload is a session as it goes over the wire (section 8 of the reference), in both directions:
//
//	version(01) sessionID(str) isNew(u8) isAbandoned(u8) isReadOnly(u8) timeout(v7, minutes)
//	count(v7) { key(str) length(v7) value }* unknownCount(v7) key(str)*
//
// v7 is an integer of 32 bits, seven bits a byte, low bits first, the top bit set on all but the last; str is a v7 count of
// bytes and as much UTF-8. There is no end mark: what follows is none of the payload's.
type Payload struct {
	SessionID string
	New       bool  // to the client: this request has made the session
	Abandoned bool  // from the client: it is to be deleted
	ReadOnly  bool  // to the client: there is no lock, and nothing can be committed
	Timeout   int32 // minutes
	Items     []PayloadItem
	Unknown   []string // keys for which the sender has no type; each is an item of length 0 too
}

// PayloadItem is one value as its key serializer wrote it: JSON. A Value of no bytes is that of a key without a type, or the
// null of adapters 1.0 and 1.1 where the key is not listed as unknown.
type PayloadItem struct {
	Key   string
	Value []byte
}

// ErrVersion is what a *PayloadError unwraps to where the payload is of another version than 1. Version 2, with which fixtures
// 15 and 16 begin, is of a branch that was never released: no client sends it unasked, and it is refused like any other.
var ErrVersion = errors.New("unknown version")

// errOverflow: .NET's reader refuses a fifth byte over 0F.
var errOverflow = errors.New("an integer of more than 32 bits")

// PayloadError says that bytes are no payload. It unwraps to ErrVersion, to io.ErrUnexpectedEOF where bytes were missing, or to
// nothing that a caller would tell apart. It has nothing of the session in it.
type PayloadError struct {
	Offset int    // of the field, in bytes
	Field  string // "timeout"
	Item   int    // index of the item or unknown key; -1: none
	Err    error
}

// Error names field and offset: item 3 value: unexpected EOF at offset 41.
func (e *PayloadError) Error() string {
	field := e.Field
	if e.Item >= 0 {
		field = fmt.Sprintf("item %d %s", e.Item, e.Field)
	}
	return fmt.Sprintf("%s: %v at offset %d", field, e.Err, e.Offset)
}

// Unwrap returns what is wrong.
func (e *PayloadError) Unwrap() error { return e.Err }

// DecodePayload reads the payload that b begins with and returns what follows it. Integers may be longer than need be, and a flag
// may be any byte, as for .NET's reader. Values are parts of b. Errors are *PayloadError.
func DecodePayload(b []byte) (p *Payload, rest []byte, err error) {
	r := payloadReader{b: b, item: -1}
	if v := r.byte("version"); r.err == nil && v != 1 {
		r.fail(0, "version", ErrVersion)
	}
	p = &Payload{
		SessionID: r.text("session id"), New: r.flag("is new"), Abandoned: r.flag("is abandoned"), ReadOnly: r.flag("is read-only"),
		Timeout: r.integer("timeout"),
	}
	p.Items = make([]PayloadItem, 0, r.count("item count", 2))
	for r.item = 0; r.item < cap(p.Items) && r.err == nil; r.item++ {
		p.Items = append(p.Items, PayloadItem{r.text("key"), r.bytes("value")})
	}
	r.item = -1
	p.Unknown = make([]string, 0, r.count("unknown count", 1))
	for r.item = 0; r.item < cap(p.Unknown) && r.err == nil; r.item++ {
		p.Unknown = append(p.Unknown, r.text("unknown key"))
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	return p, b[r.at:], nil
}

// payloadReader stays failed after its first error.
type payloadReader struct {
	b    []byte
	at   int
	item int
	err  error
}

func (r *payloadReader) fail(at int, field string, err error) {
	if r.err == nil {
		r.err = &PayloadError{at, field, r.item, err}
	}
}

func (r *payloadReader) byte(field string) byte {
	if r.err != nil || r.at == len(r.b) {
		r.fail(r.at, field, io.ErrUnexpectedEOF)
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *payloadReader) flag(field string) bool { return r.byte(field) != 0 }

func (r *payloadReader) integer(field string) int32 {
	start := r.at
	var n uint32
	for i := range 5 {
		c := r.byte(field)
		if i == 4 && c > 0x0f {
			r.fail(start, field, errOverflow)
		}
		n |= uint32(c&0x7f) << (7 * i)
		if c < 0x80 || r.err != nil {
			break
		}
	}
	return int32(n)
}

// length reads a length and sees that so many bytes are there.
func (r *payloadReader) length(field string) int {
	start := r.at
	n := r.integer(field)
	switch {
	case r.err != nil:
		return 0
	case n < 0:
		r.fail(start, field, fmt.Errorf("length %d", n))
	case int(n) > len(r.b)-r.at:
		r.fail(start, field, io.ErrUnexpectedEOF)
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// count reads how many there are of what takes at least size bytes each.
func (r *payloadReader) count(field string, size int) int {
	start := r.at
	n := r.integer(field)
	switch {
	case r.err != nil:
	case n < 0:
		r.fail(start, field, fmt.Errorf("count %d", n))
	case n > MaxItems:
		r.fail(start, field, fmt.Errorf("%d are over the limit of %d", n, MaxItems))
	case int(n)*size > len(r.b)-r.at:
		r.fail(start, field, io.ErrUnexpectedEOF)
	default:
		return int(n)
	}
	return 0
}

func (r *payloadReader) bytes(field string) []byte {
	n := r.length(field)
	r.at += n
	return r.b[r.at-n : r.at : r.at]
}

func (r *payloadReader) text(field string) string {
	start := r.at
	b := r.bytes(field)
	if !utf8.Valid(b) { // .NET writes none: a lone surrogate goes out as U+FFFD
		r.fail(start, field, errors.New("text that is not UTF-8"))
	}
	return string(b)
}

// AppendPayload appends a payload in its one canonical form: shortest integers, flags of 0 and 1. Whoever sends one to a
// client lists no unknown keys, of which a client throws by default.
func AppendPayload(dst []byte, p *Payload) []byte {
	dst = appendText(append(dst, 1), p.SessionID)
	for _, f := range []bool{p.New, p.Abandoned, p.ReadOnly} {
		b := byte(0)
		if f {
			b = 1
		}
		dst = append(dst, b)
	}
	dst = appendV7(dst, uint32(p.Timeout))
	dst = appendV7(dst, uint32(len(p.Items)))
	for i := range p.Items {
		dst = appendText(dst, p.Items[i].Key)
		dst = append(appendV7(dst, uint32(len(p.Items[i].Value))), p.Items[i].Value...)
	}
	dst = appendV7(dst, uint32(len(p.Unknown)))
	for _, k := range p.Unknown {
		dst = appendText(dst, k)
	}
	return dst
}

func appendText(dst []byte, s string) []byte { return append(appendV7(dst, uint32(len(s))), s...) }

// appendV7: of 32 bits, encoding/binary's form is .NET's; a negative number is its two's complement.
func appendV7(dst []byte, n uint32) []byte { return binary.AppendUvarint(dst, uint64(n)) }
