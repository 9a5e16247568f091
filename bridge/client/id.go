package client

import (
	"crypto/rand"
	"strings"
)

// idLength is that of a stock session id, and maxID what a custom id manager may make (SessionIDManager.SessionIDMaxLength).
const (
	idLength = 24
	maxID    = 80
)

// idAlphabet is that of stock session ids, five bits a character (remote-session-protocol.md 12.1).
const idAlphabet = "abcdefghijklmnopqrstuvwxyz012345"

// NewID returns a new session id as ASP.NET's own id manager makes them: 24 characters that stand for 15 random bytes.
func NewID() string {
	var random [15]byte
	rand.Read(random[:])
	return encodeID(random)
}

// encodeID spells each group of five bytes as eight characters, low bits first.
func encodeID(b [15]byte) string {
	var id [idLength]byte
	for g := range 3 {
		var n uint64
		for i := range 5 {
			n |= uint64(b[5*g+i]) << (8 * i)
		}
		for i := range 8 {
			id[8*g+i] = idAlphabet[n>>(5*i)&31]
		}
	}
	return string(id[:])
}

// StockID takes what ASP.NET's own id manager takes for a session id: 24 letters a to z and digits 0 to 5, in either case.
// The id is the value in lower case.
func StockID(cookie string) (id string, ok bool) {
	if len(cookie) != idLength {
		return "", false
	}
	id = strings.ToLower(cookie)
	return id, strings.Trim(id, idAlphabet) == ""
}

// AnyID takes what a custom id manager may have made: 1 to 80 printable ASCII characters but space, quotes, slashes, comma,
// semicolon and percent, as they are. A stock id is taken as StockID takes it.
func AnyID(cookie string) (id string, ok bool) {
	if id, ok = StockID(cookie); ok {
		return id, true
	}
	if len(cookie) == 0 || len(cookie) > maxID || cookie == "." || cookie == ".." {
		return "", false
	}
	for _, c := range []byte(cookie) {
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`"',/;\%`, c) >= 0 {
			return "", false
		}
	}
	return cookie, true
}
