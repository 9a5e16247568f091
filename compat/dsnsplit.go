package compat

import (
	"errors"
	"fmt"
	"strings"
)

// quotes are the characters that begin a quoted value, and the one that ends it; doubled, it stands for itself.
var (
	adoQuotes  = map[byte]byte{'"': '"', '\'': '\''} // DbConnectionOptions of .NET
	odbcQuotes = map[byte]byte{'{': '}'}             // [MS-ODBCSTR] 2.1
)

// splitPairs reads key=value pairs with semicolons between them. Only a value whose first character is a quote is quoted.
// Keys may have spaces inside. The order is kept.
func splitPairs(s string, quotes map[byte]byte) ([]dsnPair, error) {
	var pairs []dsnPair
	for {
		s = strings.TrimLeft(s, "; \t\r\n")
		if s == "" {
			return pairs, nil
		}
		key, rest, found := strings.Cut(s, "=")
		if !found || strings.Contains(key, ";") {
			return nil, errors.New("something between two semicolons has no = after its key; a value with a semicolon must be quoted")
		}
		p := dsnPair{key: strings.Join(strings.Fields(key), " ")}
		rest = strings.TrimLeft(rest, " \t\r\n")
		if end := endQuote(rest, quotes); end != 0 {
			p.quoted = true
			var ok bool
			if p.value, rest, ok = unquote(rest[1:], end); !ok {
				return nil, unended(p.key)
			}
			rest = strings.TrimLeft(rest, " \t\r\n")
			if rest != "" && rest[0] != ';' {
				return nil, unended(p.key)
			}
		} else {
			p.value, rest, _ = strings.Cut(rest, ";")
			p.value = strings.TrimRight(p.value, " \t\r\n")
		}
		pairs = append(pairs, p)
		s = rest
	}
}

// unended names the key if it is one: what else stands there may be a part of a password.
func unended(key string) error {
	if _, known := keyOf(key); !known {
		return errors.New("a quoted value does not end where it should")
	}
	return fmt.Errorf("the quoted value of %q does not end where it should", key)
}

func endQuote(s string, quotes map[byte]byte) byte {
	if s == "" {
		return 0
	}
	return quotes[s[0]]
}

// unquote reads up to the closing quote and returns what follows it.
func unquote(s string, end byte) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != end {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == end {
			b.WriteByte(end)
			i++
			continue
		}
		return b.String(), s[i+1:], true
	}
	return "", "", false
}
