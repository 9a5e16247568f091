package tds

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// serveBatch answers a batch of SQL text: what drivers, pools and the start of providers send (12).
func (c *conn) serveBatch(b []byte, a *answer) error {
	q, err := parseBatch(b)
	if err != nil {
		return err
	}
	if len(q.text) > longestText {
		c.fails(a, tokenDone, c.unknown(fmt.Sprintf("a batch of more than %d bytes", longestText)))
		return nil
	}
	if served, err := c.serveOwn(q.text, nil, a, 0); served {
		return err
	}
	words := tokens(q.text)
	if c.serveBulkText(q.text, words, a) {
		return nil
	}
	if refusal := c.batch(q.text, words, a, tokenDone, 0); refusal != nil {
		c.fails(a, tokenDone, refusal)
	}
	return nil
}

// batch answers SQL text without parameters. done and more are the kind of its DONE, and whether more comes after it.
func (c *conn) batch(text string, words []string, a *answer, done byte, more uint16) *sqlError {
	quiet := func() { a.done(done, more|c.inTransaction(), 0, 0) }
	one := func(name string, t typeInfo, values ...[]byte) {
		all := make([]column, len(values))
		for i := range all {
			all[i] = column{name, t}
		}
		a.columns(all...)
		a.row(all, values...)
		a.done(done, more|doneCount|c.inTransaction(), commandSelect, 1)
	}
	selects := len(words) > 0 && words[0] == "select"
	switch {
	case len(words) == 0, isSettings(words):
		quiet()
	case selects && isNumber(words[min(1, len(words)-1)]) && (len(words) == 2 || len(words) == 4 && words[2] == "as"):
		n, _ := strconv.ParseInt(words[1], 10, 32)
		name := ""
		if len(words) == 4 {
			name = asWritten(text, words[3])
		}
		one(name, columnType(typeIntN, 4), number(int32(n)))
	case selects && len(words) == 2 && words[1] == "@@version":
		one("", columnType(typeNVarChar, 600), appendText(nil, "Microsoft SQL Server - "+versionText()+" (aspstate)"))
	case selects && slices.Contains(words, "sysobjects") && slices.Contains(words, "'tempgetversion'"):
		one("name", columnType(typeNVarChar, 256), appendText(nil, "TempGetVersion"))
	case selects && follow(words, "count", "(", "*", ")", "from", "information_schema"):
		one("", columnType(typeIntN, 4), number(1)) // whatever is asked for exists
	case slices.Contains(words, "'lockdatelocal'") && slices.Contains(words, "@tabletype") && slices.Contains(words, "information_schema"):
		kind := int32(detectedFX8)
		if l := c.about().Layout; l != nil && l.Name == layout.V11 {
			kind = detectedV11
		}
		one("", columnType(typeIntN, 4), number(kind), number(0)) // on disk
	case slices.Contains(words, "#tblexpiredsessions") && slices.Contains(words, "expires"):
		quiet() // the purge of async providers: the store sweeps by itself
	case makesProcedure(words), makesTable(words):
		quiet() // it exists, as it were
	default:
		return c.unknown(beginning(text))
	}
	return nil
}

// longestText bounds SQL text, in bytes: the longest of a provider has some 2,500 (5).
const longestText = 64 << 10

// makesProcedure says whether a batch makes one of async 2.x's procedures.
func makesProcedure(words []string) bool {
	if len(words) < 3 || words[0] != "create" || words[1] != "procedure" {
		return false
	}
	name := words[2]
	for i := 3; i+1 < len(words) && words[i] == "."; i += 2 { // a schema before it
		name = words[i+1]
	}
	return asyncNamed(name) != nil
}

// makesTable says whether a batch makes a table of sessions where there is none, and does nothing else.
func makesTable(words []string) bool {
	if words[0] != "if" || !slices.Contains(words, "information_schema") || !follow(words, "create", "table") || !slices.Contains(words, "sessionid") {
		return false
	}
	return !slices.ContainsFunc(words, func(w string) bool {
		switch w {
		case "insert", "update", "delete", "drop", "truncate", "merge", "exec", "execute", "grant":
			return true
		}
		return false
	})
}

// What FrameworkCompat's question for its table is answered with (sql-layouts.md 7, captures/tds/README.md 2).
const (
	detectedFX8 = 2
	detectedV11 = 3
)

// versionText is the version in dots.
func versionText() string {
	v := serverVersion
	return strconv.Itoa(int(v[0])) + "." + strconv.Itoa(int(v[1])) + "." + strconv.Itoa(int(binary.BigEndian.Uint16(v[2:]))) + ".0"
}

// tokens takes SQL text apart: words in lower case, numbers, texts in their quotes, and single signs. Comments and
// brackets are left out.
func tokens(text string) (all []string) {
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case strings.HasPrefix(text[i:], "--"):
			if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(text)
			}
		case strings.HasPrefix(text[i:], "/*"):
			if n := strings.Index(text[i+2:], "*/"); n >= 0 {
				i += n + 4
			} else {
				i = len(text)
			}
		case c == '\'', c == '"':
			j := i + 1
			for j < len(text) && (text[j] != c || j+1 < len(text) && text[j+1] == c) {
				if text[j] == c {
					j++
				}
				j++
			}
			j = min(j+1, len(text))
			all = append(all, strings.ToLower(text[i:j]))
			i = j
		case isWord(c):
			j := i
			for j < len(text) && isWord(text[j]) {
				j++
			}
			all = append(all, strings.ToLower(text[i:j]))
			i = j
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '[' || c == ']' || c == ';':
			i++
		default:
			all = append(all, text[i:i+1])
			i++
		}
	}
	return all
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '@' || c == '#' || c == '$' || c >= 0x80
}

// asWritten is a word of a text in its own letter case.
func asWritten(text, word string) string {
	for i := len(text) - len(word); i >= 0; i-- {
		if strings.EqualFold(text[i:i+len(word)], word) {
			return text[i : i+len(word)]
		}
	}
	return word
}

func isNumber(word string) bool {
	_, err := strconv.ParseInt(word, 10, 32)
	return err == nil
}

// isSettings says whether a batch is nothing but SETs: no word of it begins anything else.
func isSettings(words []string) bool {
	if words[0] != "set" {
		return false
	}
	for _, w := range words {
		switch w {
		case "select", "insert", "update", "delete", "exec", "execute", "create", "drop", "alter", "declare", "if", "while", "begin", "merge", "truncate":
			return false
		}
	}
	return true
}

// beginning is what people are shown of a text that nobody knows: words alone, no values.
func beginning(text string) string {
	const most = 12
	var shown []string
	for _, w := range tokens(text) {
		if w[0] == '\'' || w[0] == '"' {
			w = w[:1] + "…" + w[:1]
		}
		if shown = append(shown, maskedWord(w)); len(shown) == most {
			return strings.Join(shown, " ") + " …"
		}
	}
	return strings.Join(shown, " ")
}

// maskedWord is what people are shown of a word: not all of it where it may be a session's id, or is long.
func maskedWord(w string) string {
	const idLength, most = 20, 100
	name := strings.ToLower(procName(w))
	known := fxProcedures[name] != nil || isOld(name)
	if len(w) >= idLength && strings.ContainsAny(w, "0123456789") && !known || len(w) > most {
		return strings.ToValidUTF8(w[:4], "") + "…"
	}
	return w
}

// masked is a text for the log whose words are of a client's choice.
func masked(text string) string {
	const most = 300
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = maskedWord(w)
	}
	if text = strings.Join(words, " "); len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
