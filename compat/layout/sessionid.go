package layout

import (
	"crypto/rand"
	"strings"
)

// SessionIDLength is that of the ids of ASP.NET's own id manager, in characters.
const SessionIDLength = 24

// idAlphabet is that of these ids, five bits a character (remote-session-protocol.md 12.1).
const idAlphabet = "abcdefghijklmnopqrstuvwxyz012345"

// NewSessionID returns a new session id as ASP.NET's own id manager makes them: 24 characters that stand for 15 random bytes.
func NewSessionID() string {
	var random [15]byte
	rand.Read(random[:]) // never fails
	return encodeSessionID(random)
}

// encodeSessionID spells each group of five bytes as eight characters, low bits first.
func encodeSessionID(b [15]byte) string {
	var id [SessionIDLength]byte
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

// ParseSessionID takes what ASP.NET's own id manager takes for a session id: 24 letters a to z and digits 0 to 5, in either case. The
// id is the value in lower case.
func ParseSessionID(cookie string) (id string, ok bool) {
	id = strings.ToLower(cookie)
	if len(cookie) != SessionIDLength || len(id) != SessionIDLength || strings.Trim(id, idAlphabet) != "" {
		return "", false
	}
	return id, true
}
