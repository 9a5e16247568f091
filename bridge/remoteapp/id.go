package remoteapp

import (
	"net/http"

	"github.com/aspstate/aspstate/compat/layout"
)

// cookieID returns the id that the request names. What ASP.NET's own id manager would not take is none at all.
func (p *place) cookieID(r *http.Request) (id string, ok bool) {
	c, err := r.Cookie(p.Cookie)
	if err != nil {
		return "", false
	}
	return layout.ParseSessionID(c.Value)
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
