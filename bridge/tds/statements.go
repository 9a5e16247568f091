package tds

import (
	"slices"
	"strings"
)

// The providers of async 1.1, and FrameworkCompat over its table, send statements in the place of procedures' names
// (sql-layouts.md 5). They are told by what they do and by their parameters, not by their text: line ends, letter case, hints
// and the table's name vary.

// findStatement returns the procedure that a statement with parameters stands for; nil where there is none. names are those
// of its parameters, lower-case, without the @.
func findStatement(words, names []string) *procedure {
	for _, w := range words {
		switch w {
		case "create", "drop", "alter", "exec", "execute", "merge", "truncate", "grant", "cursor", "union", "join", "or", "in", "like", "exists":
			return nil
		}
	}
	if _, ok := tableOf(words); !ok {
		return nil
	}
	names = slices.Clone(names)
	slices.Sort(names)
	inserts, updates, deletes := slices.Contains(words, "insert"), slices.Contains(words, "update"), slices.Contains(words, "delete")
	one := follow(words, "where", "sessionid", "=", "@sessionid")
	owner := follow(words, "and", "lockcookie", "=", "@lockcookie")
	switch strings.Join(names, " ") {
	case "actionflags lockage lockcookie locked sessionid":
		if !updates || inserts || deletes || !one || !slices.Contains(words, "sessionitemlong") {
			return nil
		}
		if !follow(words, "lockcookie", "+", "1") {
			return asyncProcedures["getstateitem"]
		}
		p := *asyncProcedures["getstateitemexclusive"]
		p.emptyFlags = slices.Contains(words, "@lockedcheck") // that of memory tables
		return &p
	case "sessionid sessionitemlong timeout":
		switch {
		case !inserts || updates || deletes || !slices.Contains(words, "lockcookie"):
		case slices.Contains(words, "flags"):
			return asyncProcedures["insertuninitializeditem"]
		default:
			return asyncProcedures["insertstateitem"]
		}
	case "lockcookie sessionid sessionitemlong timeout":
		if updates && !inserts && !deletes && one && owner && follow(words, "sessionitemlong", "=", "@sessionitemlong") && follow(words, "locked", "=", "0") {
			return asyncProcedures["updatestateitem"]
		}
	case "lockcookie sessionid":
		switch {
		case !one || !owner || inserts || updates == deletes:
		case deletes:
			return asyncProcedures["removestateitem"]
		case follow(words, "locked", "=", "0"):
			return asyncProcedures["releaseitemexclusive"]
		}
	case "sessionid":
		if updates && !inserts && !deletes && one && slices.Contains(words, "expires") && !slices.Contains(words, "locked") && !slices.Contains(words, "lockcookie") {
			return asyncProcedures["resetitemtimeout"]
		}
	}
	return nil
}

// follow says whether words stand in this order somewhere, one directly after the other.
func follow(words []string, want ...string) bool {
	for i := range words {
		if i+len(want) <= len(words) && slices.Equal(words[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

// tableOf returns the one table that a statement is about; false where there are several, or none.
func tableOf(words []string) (table string, ok bool) {
	for i, w := range words {
		switch w {
		case "update", "from", "into", "insert", "delete", "readtext":
		default:
			continue
		}
		if i+1 == len(words) || words[i+1] == "into" || words[i+1] == "from" {
			continue
		}
		next := words[i+1]
		for at := i + 2; at+1 < len(words) && words[at] == "." && w != "readtext"; at += 2 { // a schema before it
			next = words[at+1]
		}
		if table != "" && next != table {
			return "", false
		}
		table = next
	}
	return table, table != "" && table[0] != '#' && table[0] != '@' && table[0] != '\''
}
