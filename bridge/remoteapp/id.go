package remoteapp

import (
	"crypto/rand"
	"net/http"
	"strings"
)

// idLength and idAlphabet are those of ASP.NET's SessionId: 15 random bytes, five bits a character (section 12.1).
const (
	idLength   = 24
	idAlphabet = "abcdefghijklmnopqrstuvwxyz012345"
)

// newID makes an id as ASP.NET does: of each five bytes the low bits first.
func newID() string {
	var random [15]byte
	rand.Read(random[:]) // never fails
	id := make([]byte, 0, idLength)
	for i := 0; i < len(random); i += 5 {
		var bits uint64
		for j, b := range random[i : i+5] {
			bits |= uint64(b) << (8 * j)
		}
		for range 8 {
			id = append(id, idAlphabet[bits&31])
			bits >>= 5
		}
	}
	return string(id)
}

// cookieID returns the id that the request names. ASP.NET lower-cases it first; what is no id of its own is none at all.
func (p *place) cookieID(r *http.Request) (id string, ok bool) {
	c, err := r.Cookie(p.Cookie)
	if err != nil || len(c.Value) != idLength {
		return "", false
	}
	id = strings.ToLower(c.Value)
	for i := range len(id) {
		if c := id[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '5') {
			return "", false
		}
	}
	return id, len(id) == idLength
}

// setCookie is the Set-Cookie of a new session, in the spelling of System.Web. The client hands it on to the browser.
func (p *place) setCookie(id string) string {
	s := p.Cookie + "=" + id + "; path=/"
	if p.Secure {
		s += "; secure"
	}
	s += "; HttpOnly"
	switch p.SameSite {
	case http.SameSiteLaxMode:
		s += "; SameSite=Lax"
	case http.SameSiteStrictMode:
		s += "; SameSite=Strict"
	case http.SameSiteNoneMode:
		s += "; SameSite=None"
	}
	return s
}
