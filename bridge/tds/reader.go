package tds

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

// errShort: a message ends where something should follow.
var errShort = errors.New("tds: a message ends in the middle of something")

// reader takes a message apart. After an error it gives zeros.
type reader struct {
	b   []byte
	err error

	tableRows int // so far
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err, r.b = err, nil
	}
}

// bytes returns the next n bytes, which are part of the message.
func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail(errShort)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) word() int {
	if b := r.bytes(2); b != nil {
		return int(binary.LittleEndian.Uint16(b))
	}
	return 0
}

func (r *reader) dword() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) qword() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// text returns the next n UTF-16 units as a string.
func (r *reader) text(n int) string { return decodeText(r.bytes(2 * n)) }

// decodeText reads UTF-16LE. A byte that is left over is ignored; half a surrogate pair becomes U+FFFD.
func decodeText(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// appendText writes UTF-16LE.
func appendText(dst []byte, s string) []byte {
	for _, u := range utf16.Encode([]rune(s)) {
		dst = binary.LittleEndian.AppendUint16(dst, u)
	}
	return dst
}

// appendShortText writes a B_VARCHAR: at most 255 units, behind their number.
func appendShortText(dst []byte, s string) []byte {
	at := len(dst)
	dst = appendText(append(dst, 0), s)
	dst = dst[:min(len(dst), at+1+2*255)]
	dst[at] = byte((len(dst) - at - 1) / 2)
	return dst
}

// appendLongText writes a US_VARCHAR: at most 65,535 units, behind their number.
func appendLongText(dst []byte, s string) []byte {
	at := len(dst)
	dst = appendText(append(dst, 0, 0), s)
	dst = dst[:min(len(dst), at+2+2*65535)]
	binary.LittleEndian.PutUint16(dst[at:], uint16((len(dst)-at-2)/2))
	return dst
}
