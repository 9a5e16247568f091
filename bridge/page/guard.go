package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Passwords are who may enter.
type Passwords interface {
	// Known says whether a password is right, where that is known without computing anything.
	Known(user, password string) (right, known bool)
	// Right says whether it is. It takes as long for a user that does not exist.
	Right(user, password string) bool
}

// headers are of every answer. The policy allows what the page itself brings along: no script or style within a page, nothing from
// elsewhere, and no page of others around it. Referrer-Policy keeps the Origin of forms, which no-referrer would make "null".
func headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// who is behind a request.
type who struct {
	user   string // empty: nobody has logged in
	client string // address
}

// enter says who asks; ok is false if the request has been answered: it has no or a wrong password.
func (p *Page) enter(w http.ResponseWriter, r *http.Request) (by who, ok bool) {
	by.client = clientOf(r)
	all := p.passwords()
	if all == nil {
		if !ownName(r.Host) {
			p.failed(w, r, by, http.StatusMisdirectedRequest, "Without --page-login this page is reached by an address or as localhost, not by another name: a page of others could read it.")
			return by, false
		}
		return by, true
	}
	user, password, given := r.BasicAuth()
	if given {
		right, known := all.Known(user, password)
		if !known {
			if !p.guesses.take(by.client, p.o.Now()) {
				w.Header().Set("Retry-After", "1")
				p.failed(w, r, by, http.StatusTooManyRequests, "Too many wrong passwords came from there. In a second another one may be tried.")
				return by, false
			}
			if right = all.Right(user, password); right {
				p.guesses.giveBack(by.client)
			} else {
				p.o.Logger.Warn("a login to the page was refused", "client", by.client)
			}
		}
		if right {
			by.user = user
			return by, true
		}
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="aspstate bridge", charset="UTF-8"`)
	p.failed(w, r, by, http.StatusUnauthorized, "This page asks for a login.")
	return by, false
}

func (p *Page) passwords() Passwords {
	if p.o.Passwords == nil {
		return nil
	}
	return p.o.Passwords()
}

// ownName says whether a Host is one that no other page can have: by a name of his own, somebody could have a browser take this server for
// his (DNS rebinding).
func ownName(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || !strings.Contains(strings.TrimSuffix(host, "."), ".")
}

func clientOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// guesses are the passwords that may be tried and are not known. Nobody is locked out: who is known goes on, and a second later
// there is another try.
type guesses struct {
	mu    sync.Mutex
	hosts map[string]*left
	all   left
}

// left are tries that are left.
type left struct {
	spent float64
	at    time.Time
}

// How many may be tried at once, and in a second, by one client and by all: a try is a tenth of a second of a processor.
const (
	mostGuesses, guessesASecond = 5, 1
	mostOfAll, ofAllASecond     = 10, 3
	mostGuessing                = 1000 // clients that are told apart
)

func (l *left) refill(now time.Time, aSecond float64) {
	if d := now.Sub(l.at).Seconds(); d > 0 {
		l.spent = max(0, l.spent-d*aSecond)
	}
	l.at = now
}

func (g *guesses) take(client string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hosts == nil || len(g.hosts) >= mostGuessing {
		g.hosts = map[string]*left{}
	}
	l := g.hosts[network(client)]
	if l == nil {
		l = &left{}
		g.hosts[network(client)] = l
	}
	l.refill(now, guessesASecond)
	g.all.refill(now, ofAllASecond)
	if l.spent > mostGuesses-1 || g.all.spent > mostOfAll-1 {
		return false
	}
	l.spent, g.all.spent = l.spent+1, g.all.spent+1
	return true
}

// giveBack gives a try back that was right.
func (g *guesses) giveBack(client string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := g.hosts[network(client)]; l != nil {
		l.spent = max(0, l.spent-1)
	}
	g.all.spent = max(0, g.all.spent-1)
}

// network is what counts as one client: of IPv6, what one is given as a rule.
func network(client string) string {
	a, err := netip.ParseAddr(client)
	if err != nil || a.Unmap().Is4() {
		return client
	}
	n, err := a.WithZone("").Prefix(64)
	if err != nil {
		return client
	}
	return n.String()
}

// token is what a form has of a user, and no other page knows.
func (p *Page) token(user string) string { return p.mac("form", user) }

// lockToken names a lock without naming its session.
func (p *Page) lockToken(k session.Key, cookie int32) string {
	return p.mac("lock", fmt.Sprintf("%d:%s%s%d", len(k.App), k.App, k.ID, cookie))
}

func (p *Page) mac(kind, text string) string {
	m := hmac.New(sha256.New, p.key)
	fmt.Fprintf(m, "%s\x00%s", kind, text)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

func sameToken(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
