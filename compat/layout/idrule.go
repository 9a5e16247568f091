package layout

import (
	"fmt"
	"slices"
	"strings"
)

// IDRule says how a version of a provider spells a session's key in the column SessionId. It is no property of a layout:
// one table may hold ids of several rules.
type IDRule string

// The id rules (sql-layouts.md 13).
const (
	// RuleInbox: raw id + AppId from table ASPStateTempApplications, lower-case; a hash of the lower-cased application id
	// unless an administrator has changed it. The provider of System.Web over aspnet_regsql's and the samples' tables.
	RuleInbox IDRule = "inbox"
	// RuleAsyncX64: raw id + String.GetHashCode of a 64-bit .NET Framework, upper-case. Async provider 1.0, 1.1, 2.0.
	RuleAsyncX64 IDRule = "async-x64"
	// RuleAsyncX86: the same in a 32-bit process.
	RuleAsyncX86 IDRule = "async-x86"
	// RuleAsync21: raw id + a hash that does not depend on the process, upper-case. Async provider 2.1.
	RuleAsync21 IDRule = "async-2.1"
	// RuleRaw: the raw id alone; a table of one application (sqlinmemory).
	RuleRaw IDRule = "raw"
	// RuleStateServer: the decoded path of a State Server request, /LM/W3SVC/1/ROOT(hash)/id.
	RuleStateServer IDRule = "stateserver"
	// RuleNative: not spelled; application and raw id are kept apart (embedded).
	RuleNative IDRule = "native"
)

// rules are all of them, in the order in which they are listed and in which ties are settled.
var rules = []IDRule{RuleInbox, RuleAsyncX64, RuleAsyncX86, RuleAsync21, RuleRaw, RuleStateServer, RuleNative}

// suffixRules are those that append a suffix.
var suffixRules = rules[:4]

// Suffixed says whether the rule appends a suffix of eight hexadecimal digits.
func (r IDRule) Suffixed() bool { return slices.Contains(suffixRules, r) }

// ParseIDRule reads the name of a rule; case does not matter. The error lists the names.
func ParseIDRule(name string) (IDRule, error) {
	for _, r := range rules {
		if strings.EqualFold(string(r), strings.TrimSpace(name)) {
			return r, nil
		}
	}
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = string(r)
	}
	return "", fmt.Errorf("unknown id rule %q: it must be one of %s", name, strings.Join(names, ", "))
}

// ParseIDRules reads names separated by commas: at least one, each once.
func ParseIDRules(names string) ([]IDRule, error) {
	var list []IDRule
	for name := range strings.SplitSeq(names, ",") {
		r, err := ParseIDRule(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(list, r) {
			return nil, fmt.Errorf("id rule %q is named twice", r)
		}
		list = append(list, r)
	}
	return list, nil
}

// SuffixValue computes the suffix that a rule derives from an AppDomainAppId (/LM/W3SVC/1/ROOT), as the 32 bits that its
// eight digits stand for. For RuleInbox it is the AppId that procedure TempGetAppID would insert; a table may hold
// another one, and then that counts (Application.InboxAppIDs). Rules without a suffix are an error.
func SuffixValue(rule IDRule, appID string) (uint32, error) {
	switch rule {
	case RuleInbox:
		return hashInbox(appID), nil
	case RuleAsyncX64:
		return hashX64(units(appID)), nil
	case RuleAsyncX86:
		return hashX86(units(appID)), nil
	case RuleAsync21:
		return hash21(units(appID)), nil
	}
	return 0, fmt.Errorf("id rule %q has no suffix", rule)
}

// Suffix returns the suffix as the provider spells it, lower-case for RuleInbox and upper-case for the async rules; empty
// for a rule without one.
func Suffix(rule IDRule, appID string) string {
	v, err := SuffixValue(rule, appID)
	if err != nil {
		return ""
	}
	return spellSuffix(rule, v)
}

func spellSuffix(rule IDRule, v uint32) string {
	digits := "0123456789ABCDEF"
	if rule == RuleInbox {
		digits = "0123456789abcdef"
	}
	var b [8]byte
	for i := range b {
		b[i] = digits[v>>(28-4*i)&15]
	}
	return string(b[:])
}
