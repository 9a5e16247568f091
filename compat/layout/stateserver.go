package layout

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/aspstate/aspstate/session"
)

// StateServerPath is the decoded target of a State Server request, taken apart (state-server-protocol.md 4.2).
type StateServerPath struct {
	AppID string // with a slash at its start
	Hash  string // what stands in the parentheses; nobody can check it, so a registered AppID takes every one
	ID    string // raw session id
}

// String returns the decoded path: the server's key.
func (p StateServerPath) String() string { return p.AppID + "(" + p.Hash + ")/" + p.ID }

// app returns the name of the application that a path is of its own, when it is not registered.
func (p StateServerPath) app() string { return p.AppID + "(" + p.Hash + ")" }

// StateServerHash returns what ASP.NET 4.5 and later put into the parentheses: the SHA-256 of the application id, with
// no key, in base64. Earlier ones use the machine key.
func StateServerHash(appID string) string {
	sum := sha256.Sum256([]byte(appID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// rooted puts the slash before an application id that ASP.NET puts there when a host gives one without.
func rooted(appID string) string {
	if strings.HasPrefix(appID, "/") {
		return appID
	}
	return "/" + appID
}

// DecodeTarget turns the target of a request line into the server's key (4.2): one slash off if it begins with two, + to
// blank, %xx in either case, %uXXXX; an ill-formed % stays as it is. Escaped bytes that are not UTF-8, and surrogates
// without a partner, become U+FFFD. Everything else is kept, case included.
func DecodeTarget(target string) string {
	if strings.HasPrefix(target, "//") {
		target = target[1:]
	}
	if !strings.ContainsAny(target, "+%") {
		return target
	}
	if plain, ok := decodePlain(target); ok {
		return plain
	}
	var b []byte       // decoded so far
	var wide []uint16  // units of %uXXXX in a row: a pair is one character
	var escaped []byte // bytes of %xx in a row: they are UTF-8 together
	flush := func() {
		b = append(b, string(utf16.Decode(wide))...)
		b = append(b, string([]rune(string(escaped)))...)
		wide, escaped = wide[:0], escaped[:0]
	}
	for i := 0; i < len(target); {
		rest := target[i:]
		if v, ok := hexAfter(rest, "%u", 4); ok {
			if len(escaped) > 0 {
				flush()
			}
			wide = append(wide, uint16(v))
			i += 6
			continue
		}
		c, n := rest[0], 1
		if v, ok := hexAfter(rest, "%", 2); ok {
			c, n = byte(v), 3
		} else if c == '+' {
			c = ' '
		}
		if len(wide) > 0 {
			flush()
		}
		if c < utf8.RuneSelf || n == 1 {
			flush()
			b = append(b, c)
		} else {
			escaped = append(escaped, c)
		}
		i += n
	}
	flush()
	return string(b)
}

// decodePlain decodes a target that has nothing but ASCII in it, which is what clients send. Others it leaves.
func decodePlain(target string) (string, bool) {
	var b strings.Builder
	b.Grow(len(target))
	for i := 0; i < len(target); i++ {
		c := target[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%':
			if i+2 >= len(target) {
				return "", false
			}
			high, low := digits[target[i+1]], digits[target[i+2]]
			if high > 7 || low > 15 {
				return "", false
			}
			c = high<<4 | low
			i += 2
		case c >= utf8.RuneSelf:
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// digits are the values of hexadecimal digits; 255: it is none.
var digits = func() (d [256]byte) {
	for i := range d {
		d[i] = 255
	}
	for i, c := range "0123456789abcdef" {
		d[c] = byte(i)
		d[strings.ToUpper(string(c))[0]] = byte(i)
	}
	return d
}()

// hexAfter reads n hexadecimal digits behind a prefix.
func hexAfter(s, prefix string, n int) (uint64, bool) {
	s, ok := strings.CutPrefix(s, prefix)
	if !ok || len(s) < n || !isHex(s[:n]) {
		return 0, false
	}
	v, err := strconv.ParseUint(s[:n], 16, 64)
	return v, err == nil
}

func isHex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// EscapeTarget writes a key as the client of ASP.NET 2.0 and later does: letters, digits and -_.!*() stay, blank becomes
// +, every other byte %xx in lower case, slashes too.
func EscapeTarget(key string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(key) {
		switch c := key[i]; {
		case c == ' ':
			b.WriteByte('+')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.!*()", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// hashLengths are the lengths of base64 of the hashes that ASP.NET has used (4.2): MD5, SHA1, SHA256, SHA384, SHA512.
var hashLengths = []int{24, 28, 44, 64, 88}

// ParsePath takes a State Server path apart, escaped as it goes over the wire or decoded. Where parentheses could be read
// in several ways, a registered application id decides, then what looks like a hash; the first such place counts,
// since what comes later is the user's. A *PathError says that there is none.
func (r *Registry) ParsePath(target string) (StateServerPath, error) {
	p, _, err := r.parsePath(DecodeTarget(target))
	return p, err
}

// parsePath also says which application it is; -1: none that is registered.
func (r *Registry) parsePath(key string) (path StateServerPath, app int, err error) {
	var likely *StateServerPath
	for at := 0; ; at++ {
		open := strings.IndexByte(key[at:], '(')
		if open < 0 {
			break
		}
		at += open
		end := strings.IndexAny(key[at+1:], "()") // a hash has no parentheses in it
		if end < 0 {
			break
		}
		hash, rest := key[at+1:at+1+end], key[at+1+end:]
		id, closed := strings.CutPrefix(rest, ")/")
		if !closed || at == 0 || id == "" {
			continue
		}
		p := StateServerPath{rooted(key[:at]), hash, id}
		if app, known := r.paths[p.AppID]; known {
			return p, app, nil
		}
		if likely == nil && slices.Contains(hashLengths, len(hash)) && strings.HasPrefix(key, "/") {
			likely = &p
		}
	}
	if likely == nil {
		return StateServerPath{}, -1, &PathError{"it is not of the form /LM/W3SVC/1/ROOT(hash)/id"}
	}
	return *likely, -1, nil
}

// StateServerKey says which session a target names. A registered application takes every hash. Any other path is an
// application of its own, named by path and hash as sent: nothing is merged by guess. A *PathError says that the target
// is no path; a server may then take all of it for a key.
func (r *Registry) StateServerKey(target string) (session.Key, error) {
	p, app, err := r.parsePath(DecodeTarget(target))
	if err != nil {
		return session.Key{}, err
	}
	if app < 0 {
		return session.Key{App: p.app(), ID: p.ID}, nil
	}
	return session.Key{App: r.apps[app].Name, ID: p.ID}, nil
}
