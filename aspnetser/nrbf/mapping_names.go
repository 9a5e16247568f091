package nrbf

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const backingSuffix = ">k__BackingField"

// backed returns the property that a member backs (fixture o-inheritance).
func backed(member string) (property string, ok bool) {
	if strings.HasPrefix(member, "<") && strings.HasSuffix(member, backingSuffix) {
		return member[1 : len(member)-len(backingSuffix)], true
	}
	return "", false
}

// cutBase takes the name of the base class off that .NET puts in front of its private fields (session-blob.md 5).
func cutBase(member string) (base, field string) {
	if i := strings.LastIndexByte(member, '+'); i > 0 {
		return member[:i], member[i+1:]
	}
	return "", member
}

// Ranks from rankInherited on are of members that may belong to a base class, those from rankFlat on of members that do.
const (
	rankInherited = 10
	rankFlat      = 20
)

// noRank means that a member is none that a field is looked for under.
const noRank = 100

// rankName says how well the name of a member, without its base, goes with a Go name: 0 is best. The ranks are documented
// at Unmarshal.
func rankName(member, name string) int {
	property, isBacking := backed(member)
	switch {
	case member == name:
		return 0
	case isBacking && property == name:
		return 1
	case isBacking:
		member = property
	default:
		lower := lowerFirst(name)
		if member == lower || member == "_"+lower || member == "m_"+lower {
			return 2
		}
	}
	for _, prefix := range [...]string{"", "_", "m_"} {
		if len(member) > len(prefix) && strings.EqualFold(member[:len(prefix)], prefix) && strings.EqualFold(member[len(prefix):], name) {
			return 3
		}
	}
	return noRank
}

func lowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}

// rank says how well a member goes with a field; bases are the base classes that the struct has embedded structs for.
func (f *field) rank(member string, bases map[string]bool) int {
	base, rest := cutBase(member)
	if f.tag != "" {
		switch {
		case f.base == "" && member == f.tag, f.base != "" && base == f.base && rest == f.tag:
			return 0
		case f.base != "" && member == f.tag:
			return 1
		}
		return noRank
	}
	r := rankName(rest, f.name)
	switch {
	case r == noRank:
		return noRank
	case base == f.base:
		return r
	case base == "":
		return r + rankInherited // inherited, and not private to the base class
	case f.base == "" && !bases[base]:
		return r + rankFlat // private to a base class that the struct is flat over
	}
	return noRank
}
