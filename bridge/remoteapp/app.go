package remoteapp

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"time"
)

// SessionPath is appended to the path of RemoteAppUrl (section 3).
const SessionPath = "/systemweb-adapters/session"

// Names that client and server have to agree on, where they set no others (section 3).
const (
	DefaultCookie    = "ASP.NET_SessionId"
	DefaultKeyHeader = "X-SystemWebAdapter-RemoteAppAuthentication-Key"
)

const readOnlyHeader = "X-SystemWebAdapter-RemoteAppSession-ReadOnly"

// DefaultTimeout of new sessions in minutes: <sessionState timeout>.
const DefaultTimeout = 20

// maxTimeout is a year in minutes (section 12.2).
const maxTimeout = 365 * 24 * 60

// App is an ASP.NET application, as Core applications see it.
type App struct {
	Name   string // of its sessions: session.Key.App
	Prefix string // path of RemoteAppUrl: "/shop"; "" or "/" for none. Case matters

	// APIKeys are those that clients may have: GUIDs, as they insist on. Several, so that one can be replaced.
	APIKeys   []string
	KeyHeader string // "": DefaultKeyHeader
	Cookie    string // name of the session cookie; "": DefaultCookie

	// Secure and SameSite are attributes of the cookie of a new session, as <sessionState> and <httpCookies> of the Framework
	// application have them. SameSite 0: Lax; http.SameSiteDefaultMode: none is sent.
	Secure   bool
	SameSite http.SameSite

	Keys Keys
	// RejectUnregistered refuses a commit with a key that is not registered here. Otherwise the key is dropped, as the stock
	// server does, and that is logged. What is stored under it stays in either case.
	RejectUnregistered bool

	Timeout int32         // minutes, of new sessions; 0: DefaultTimeout
	MaxHold time.Duration // how long a client may hold a lock; 0, and at most: the session's timeout
	// TwoConnections answers 405 to POST, after which a client uses GET and PUT for the rest of its life: for a proxy between
	// that does not stream requests (section 7).
	TwoConnections bool

	// Upstream is where requests of other paths under Prefix go: the Framework application. nil: 404. The path is appended to
	// that of Upstream, Host is passed on. Whoever can reach the bridge can reach it: these requests need no API key.
	Upstream *url.URL
	// UpstreamKey passes the API key on: for a Framework application that does the authentication (section 3.1).
	UpstreamKey bool
}

// place is an App that is served.
type place struct {
	App
	path  string // of the session
	sums  [][sha256.Size]byte
	table keyTable
	proxy *httputil.ReverseProxy
}

// newPlace refuses what cannot work.
func (h *Handler) newPlace(a App) (*place, error) {
	a.Prefix = strings.TrimSuffix(a.Prefix, "/")
	p := &place{App: a, path: a.Prefix + SessionPath}
	if p.Prefix != "" && path.Clean(p.Prefix) != p.Prefix || p.Prefix != "" && p.Prefix[0] != '/' {
		return nil, fmt.Errorf("prefix %q: want a path that begins with a slash", p.Prefix)
	}
	if len(p.APIKeys) == 0 {
		return nil, errors.New("no API key")
	}
	for _, k := range p.APIKeys {
		if !isGUID(k) {
			return nil, errors.New("an API key is no GUID but zero, which is what clients insist on")
		}
		p.sums = append(p.sums, sha256.Sum256([]byte(k)))
	}
	if p.Cookie == "" {
		p.Cookie = DefaultCookie
	}
	if err := (&http.Cookie{Name: p.Cookie, Value: "x"}).Valid(); err != nil {
		return nil, fmt.Errorf("cookie %q: %w", p.Cookie, err)
	}
	if p.KeyHeader == "" {
		p.KeyHeader = DefaultKeyHeader
	}
	if p.SameSite == 0 {
		p.SameSite = http.SameSiteLaxMode
	}
	if p.Timeout == 0 {
		p.Timeout = DefaultTimeout
	}
	if !validTimeout(p.Timeout) || p.MaxHold < 0 {
		return nil, fmt.Errorf("timeout %d, hold %v: want 1 to %d minutes, and no negative time", p.Timeout, p.MaxHold, maxTimeout)
	}
	var err error
	if p.table, err = p.Keys.table(); err != nil {
		return nil, err
	}
	if p.Upstream != nil {
		if p.proxy, err = h.newProxy(&p.App); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func validTimeout(minutes int32) bool { return 1 <= minutes && minutes <= maxTimeout }

// isGUID says whether a client takes the key: 32 hexadecimal digits that are not all zero, with or without dashes, with or
// without braces (section 3).
func isGUID(key string) bool {
	if s, ok := strings.CutPrefix(key, "{"); ok {
		if key, ok = strings.CutSuffix(s, "}"); !ok {
			return false
		}
	}
	digits, zero := 0, true
	for i := range len(key) {
		switch c := key[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			digits++
			zero = zero && c == '0'
		case c != '-':
			return false
		}
	}
	return digits == 32 && !zero
}

// admits says whether the request has one of the keys. The time it takes tells nothing of them.
func (p *place) admits(r *http.Request) bool {
	values := r.Header.Values(p.KeyHeader)
	if len(values) != 1 {
		return false
	}
	sum, ok := sha256.Sum256([]byte(values[0])), 0
	for i := range p.sums {
		ok |= subtle.ConstantTimeCompare(sum[:], p.sums[i][:])
	}
	return ok == 1
}
