package client

import (
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// maxID is what a custom id manager may make (SessionIDManager.SessionIDMaxLength).
const maxID = 80

// NewID returns a new session id as ASP.NET's own id manager makes them.
func NewID() string { return layout.NewSessionID() }

// StockID takes what ASP.NET's own id manager takes for a session id: 24 letters a to z and digits 0 to 5, in either case.
// The id is the value in lower case.
func StockID(cookie string) (id string, ok bool) { return layout.ParseSessionID(cookie) }

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
