package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aspstate/aspstate/session"
)

const (
	maxID   = 80 // characters: the longest id that ASP.NET takes
	maxPath = 4 << 10
)

// resource is what a path names: what can be done to it.
type resource struct {
	allow string // its methods, for header Allow
	all   []endpoint
}

// endpoint is a method of a resource.
type endpoint struct {
	method string
	params uint8 // query parameters that it takes
	do     func(x *exchange) *problem
}

func resourceOf(all ...endpoint) *resource {
	methods := make([]string, len(all))
	for i := range all {
		methods[i] = all[i].method
	}
	return &resource{strings.Join(methods, ", "), all}
}

// The resources there are.
var (
	application  = resourceOf(endpoint{http.MethodGet, 0, (*exchange).about})
	wholeSession = resourceOf(
		endpoint{http.MethodGet, paramRenew | paramGraphs, (*exchange).get},
		endpoint{http.MethodPut, 0, (*exchange).put},
		endpoint{http.MethodPatch, paramWait, (*exchange).patch},
		endpoint{http.MethodDelete, paramWait, (*exchange).remove},
	)
	lockOfSession = resourceOf(
		endpoint{http.MethodPost, paramWait | paramGraphs, (*exchange).lock},
		endpoint{http.MethodDelete, 0, (*exchange).release},
	)
	touchSession  = resourceOf(endpoint{http.MethodPost, 0, (*exchange).touch})
	createSession = resourceOf(endpoint{http.MethodPost, 0, (*exchange).create})

	rowsList  = resourceOf(endpoint{http.MethodGet, paramAfter | paramLimit | paramBytes | paramPayload, (*exchange).listRows})
	rowsAbout = resourceOf(endpoint{http.MethodGet, 0, (*exchange).aboutRows})
	rowsCount = resourceOf(endpoint{http.MethodGet, 0, (*exchange).countRows})
	rowsPeek  = resourceOf(endpoint{http.MethodPost, paramPayload, (*exchange).peekRows})
	rowsApply = resourceOf(endpoint{http.MethodPost, 0, (*exchange).applyRows})
)

// route finds out what is asked, by whom, and does it. Who has no key learns nothing but that.
func (x *exchange) route() *problem {
	path := x.r.URL.EscapedPath()
	if path == "/v1/openapi.json" {
		return x.describe()
	}
	g, p := x.authenticate()
	if p != nil {
		return p
	}
	if len(path) > maxPath {
		return problemBadPath.because("The path is too long.")
	}
	rest, ours := strings.CutPrefix(path, "/v1/")
	kind, rest, _ := strings.Cut(rest, "/")
	switch {
	case ours && kind == "apps":
		return x.routeApp(&g, rest)
	case ours && kind == "rows":
		return x.routeRows(&g, rest)
	}
	return problemNoResource.because("Paths begin with /v1/apps/ or /v1/rows.")
}

func (x *exchange) routeApp(g *grant, rest string) *problem {
	name, rest, more := strings.Cut(rest, "/")
	app, ok := segment(name)
	if !ok || len(app) > session.MaxApp {
		return problemBadPath.because("The application's name is malformed.")
	}
	if !g.allows(func(k *Key) bool { return !k.Rows && k.App == app }) {
		return problemWrongKey.because("The key is not one of this application.")
	}
	x.key.App = app
	if !more {
		return x.on(application)
	}
	kind, rest, more := strings.Cut(rest, "/")
	if kind != "sessions" || !more {
		return problemNoResource.because("An application has sessions/ID.")
	}
	name, rest, more = strings.Cut(rest, "/")
	if x.key.ID, ok = segment(name); !ok || !goodID(x.key.ID) {
		return problemBadID.because("An id is 1 to 80 characters of UTF-8, percent-encoded, without control characters and dot segments.")
	}
	switch {
	case !more:
		return x.on(wholeSession)
	case rest == "lock":
		return x.on(lockOfSession)
	case rest == "touch":
		return x.on(touchSession)
	case rest == "create":
		return x.on(createSession)
	}
	return problemNoResource.because("A session has lock, touch and create.")
}

func (x *exchange) routeRows(g *grant, rest string) *problem {
	if !g.allows(func(k *Key) bool { return k.Rows }) {
		return problemWrongKey.because("The key is not one for rows.")
	}
	switch rest {
	case "":
		if strings.HasSuffix(x.r.URL.EscapedPath(), "/") {
			break
		}
		return x.on(rowsList)
	case "about":
		return x.on(rowsAbout)
	case "count":
		return x.on(rowsCount)
	case "peek":
		return x.on(rowsPeek)
	case "apply":
		return x.on(rowsApply)
	}
	return problemNoResource.because("Rows have about, count, peek and apply.")
}

func (x *exchange) on(r *resource) *problem {
	for i := range r.all {
		if e := &r.all[i]; e.method == x.r.Method {
			if p := x.readQuery(e.params); p != nil {
				return p
			}
			return e.do(x)
		}
	}
	p := problemMethod.because("The resource has " + r.allow + ".")
	p.allow = r.allow
	return p
}

// segment decodes a segment of a path, once: what it holds then is meant so.
func segment(escaped string) (string, bool) {
	s := escaped
	if strings.IndexByte(escaped, '%') >= 0 {
		var err error
		if s, err = url.PathUnescape(escaped); err != nil {
			return "", false
		}
	}
	if s == "" || !utf8.ValidString(s) || hasDots(s) {
		return "", false
	}
	for _, c := range s {
		if unicode.IsControl(c) {
			return "", false
		}
	}
	return s, true
}

// hasDots says whether a part of a name between slashes is . or .., which somebody on the way might follow.
func hasDots(s string) bool {
	if strings.IndexByte(s, '.') < 0 {
		return false
	}
	for part := range strings.FieldsFuncSeq(s, func(c rune) bool { return c == '/' || c == '\\' }) {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

func goodID(id string) bool { return len(id) <= maxID || utf8.RuneCountInString(id) <= maxID }
