package tds

import (
	"encoding/binary"
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
	case words[0] == "create" && len(words) > 1 && words[1] == "procedure",
		words[0] == "if" && slices.Contains(words, "information_schema") && follow(words, "create", "table"):
		quiet() // it exists, as it were
	default:
		c.f.said.Warn(c.f.Logger, "a client sent SQL that nobody knows", "sql", beginning(text))
		return unknown(beginning(text))
	}
	return nil
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
		case c == '\'':
			j := i + 1
			for j < len(text) && (text[j] != '\'' || j+1 < len(text) && text[j+1] == '\'') {
				if text[j] == '\'' {
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
		if w[0] == '\'' {
			w = "'…'"
		}
		if shown = append(shown, w); len(shown) == most {
			return strings.Join(shown, " ") + " …"
		}
	}
	return strings.Join(shown, " ")
}
