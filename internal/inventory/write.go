package inventory

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

func mapsKeys(m map[string]bool) iter.Seq[string] { return maps.Keys(m) }

// kindTitle says what a Key that is none is.
var kindTitle = map[string]string{
	KindNull: "the null key", KindGroup: "a group of keys", KindLong: "a key too long to be printed", KindOthers: "keys that are not told apart",
}

// title is a key as people see it. Nothing in it can do anything to a terminal.
func (k *Key) title() string { return title(k.Key, k.Kind) }

func title(key, kind string) string {
	switch {
	case kind == KindNull:
		return "(null key)"
	case kind == KindOthers:
		return key
	case key == "", strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' || r == '"' || r == '\\' }):
		return strconv.Quote(key)
	}
	return key
}

// typeNames lists the types of a key as C# writes them.
func (k *Key) typeNames() string {
	var parts []string
	for _, t := range k.Types {
		parts = append(parts, printable(t.Name))
	}
	if k.Nulls > 0 {
		parts = append(parts, "null")
	}
	if k.Undecodable > 0 {
		parts = append(parts, "undecodable")
	}
	return strings.Join(parts, ", ")
}

// printable escapes what is in a name that a stream has: somebody may have made it.
func printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}

func percent(k *Key) string { return fmt.Sprintf("%.1f %% of the sessions", k.Percent) }

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// byName returns the keys in the order of their names.
func (a *App) byName() []*Key {
	var all []*Key
	for i := range a.Keys {
		all = append(all, &a.Keys[i])
	}
	slices.SortFunc(all, func(a, b *Key) int {
		return cmp.Or(cmp.Compare(fold(a.Key), fold(b.Key)), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}

// shortApp is the last part of an application's name that says something: of /LM/W3SVC/3/ROOT/shop it is shop.
func shortApp(name string) string {
	name = strings.TrimRight(name, "/")
	return name[strings.LastIndexByte(name, '/')+1:]
}
