package nrbf

import (
	"encoding/hex"
	"strings"
)

// GUID is a System.Guid as Guid.ToByteArray gives it: the first group little-endian, the second and third too, then eight
// bytes in order (fixture p-guid).
type GUID [16]byte

// guidOrder is where the bytes of a GUID stand in its text.
var guidOrder = [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}

// String writes the usual form, 00112233-4455-6677-8899-aabbccddeeff.
func (g GUID) String() string { return string(g.Append(nil)) }

// Append appends what String returns.
func (g GUID) Append(dst []byte) []byte {
	for i, at := range guidOrder {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, g[at:at+1])
	}
	return dst
}

// ParseGUID reads what String writes, in either case of letters; also without hyphens, and in braces.
func ParseGUID(s string) (g GUID, ok bool) {
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
		s = s[1 : len(s)-1]
	}
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	var b [16]byte
	if len(s) != 32 {
		return GUID{}, false
	}
	if _, err := hex.Decode(b[:], []byte(s)); err != nil {
		return GUID{}, false
	}
	return guidOfText(b), true
}

// guidOfText returns the GUID of 16 bytes that are in the order of the text.
func guidOfText(b [16]byte) (g GUID) {
	for i, at := range guidOrder {
		g[at] = b[i]
	}
	return g
}
