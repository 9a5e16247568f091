package compat

import "fmt"

// CollationCheck compares how two tables compare ids (sql-layouts.md 13.5, 16.2 C and c). Whether ids are hurt by it only
// their letters tell.
func CollationCheck(from, to *Found) Check {
	const name = "collations"
	both := fmt.Sprintf("from %s to %s", collationOf(from), collationOf(to))
	switch a, b := from.Layout.CaseInsensitiveIDs, to.Layout.CaseInsensitiveIDs; {
	case a == b:
		return passed(name, "both tables compare ids alike (%s)", both)
	case a:
		return Check{
			name, verdictWarning, "the target tells letter case in ids apart, the source does not (" + both +
				"): a session is found only by the id as it is stored",
			"make sure that clients send ids as the session id manager made them: in lower case by default",
		}
	}
	return Check{
		name, verdictWarning, "the source tells letter case in ids apart, the target does not (" + both +
			"): ids that differ in case only collide",
		"",
	}
}

func collationOf(f *Found) string {
	if f.Collation == "" {
		return "an unknown collation"
	}
	return f.Collation
}
