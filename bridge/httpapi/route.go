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

// resource is what a path names.
type resource struct {
	allow  string // the methods, for header Allow
	params uint8  // query parameters that some method of it takes
	do     func(x *exchange, method string) (known bool, p *problem)
}

var (
	application = &resource{"GET", 0, func(x *exchange, method string) (bool, *problem) {
		return method == http.MethodGet, when(method == http.MethodGet, x.about)
	}}
	wholeSession = &resource{"GET, PUT, PATCH, DELETE", paramRenew | paramWait | paramGraphs, func(x *exchange, method string) (bool, *problem) {
		switch method {
		case http.MethodGet:
			return true, x.get()
		case http.MethodPut:
			return true, x.put()
		case http.MethodPatch:
			return true, x.patch()
		case http.MethodDelete:
			return true, x.remove()
		}
		return false, nil
	}}
	lockOfSession = &resource{"POST, DELETE", paramWait | paramGraphs, func(x *exchange, method string) (bool, *problem) {
		switch method {
		case http.MethodPost:
			return true, x.lock()
		case http.MethodDelete:
			return true, x.release()
		}
		return false, nil
	}}
	touchSession  = post(0, (*exchange).touch)
	createSession = post(0, (*exchange).create)

	rowsList  = &resource{"GET", paramAfter | paramLimit | paramBytes | paramPayload, getOnly((*exchange).listRows)}
	rowsAbout = &resource{"GET", 0, getOnly((*exchange).aboutRows)}
	rowsCount = &resource{"GET", 0, getOnly((*exchange).countRows)}
	rowsPeek  = post(paramPayload, (*exchange).peekRows)
	rowsApply = post(0, (*exchange).applyRows)
)

func when(ok bool, do func() *problem) *problem {
	if !ok {
		return nil
	}
	return do()
}

func getOnly(do func(*exchange) *problem) func(*exchange, string) (bool, *problem) {
	return func(x *exchange, method string) (bool, *problem) {
		return method == http.MethodGet, when(method == http.MethodGet, func() *problem { return do(x) })
	}
}

func post(params uint8, do func(*exchange) *problem) *resource {
	return &resource{"POST", params, func(x *exchange, method string) (bool, *problem) {
		return method == http.MethodPost, when(method == http.MethodPost, func() *problem { return do(x) })
	}}
}

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
	if p := x.readQuery(r.params); p != nil {
		return p
	}
	known, p := r.do(x, x.r.Method)
	if !known {
		p = problemMethod.because("The resource has " + r.allow + ".")
		p.allow = r.allow
	}
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
