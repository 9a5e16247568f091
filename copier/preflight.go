package copier

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// facts is what the checks look at.
type facts struct {
	o          *Options
	plan       *Plan
	census     *census
	ledgerLive int64 // sessions in the ledger that would still be alive
}

// checks are the preflight's questions, in order. Each reads facts and writes nothing.
var checks = []func(*facts) Check{
	checkTargetLayout, checkTargetRule, checkUnnamedRules, checkUnknownSuffixes, checkCollisions, checkCompression,
	checkDamaged, checkCapitals,
	checkSourceEmptied, checkTargetEmptied, checkDurability, checkDead,
}

func ok(name, format string, a ...any) Check {
	return Check{Name: name, Verdict: OK, Detail: fmt.Sprintf(format, a...)}
}

func checkTargetLayout(f *facts) Check {
	const name = "target-layout"
	if !f.o.To.Layout.Target {
		return Check{name, Refused, fmt.Sprintf("%s is read, never written", f.o.To.Layout.Name), "choose another layout with --to"}
	}
	return ok(name, "%s takes sessions", f.o.To.Layout.Name)
}

func checkTargetRule(f *facts) Check {
	const name = "target-ids"
	if f.o.ToRule != layout.RuleRaw {
		return ok(name, "target ids are spelled by rule %s", f.o.ToRule)
	}
	apps := map[string]bool{}
	for _, g := range f.plan.Groups {
		apps[g.App] = true
	}
	if len(apps) > 1 {
		return Check{
			name, Refused,
			fmt.Sprintf("the target keeps raw ids of one application, the source has sessions of %d: %s", len(apps),
				strings.Join(slices.Sorted(maps.Keys(apps)), ", ")),
			"choose one with --app NAME; give each application a database of its own",
		}
	}
	return ok(name, "target ids are raw: one application")
}

func checkUnnamedRules(f *facts) Check {
	const name = "id-rules"
	if len(f.census.unnamed) == 0 {
		how := "named"
		if f.o.Learned {
			how = "learned from the rows"
		}
		return ok(name, "source ids are spelled by %s (%s)", joinRules(f.o.From.Spelling.Rules), how)
	}
	var rows int64
	seen := map[layout.IDRule]int64{}
	for k, n := range f.census.unnamed {
		rows += n
		seen[k.rule] += n
	}
	rules := slices.SortedFunc(maps.Keys(seen), func(a, b layout.IDRule) int {
		return cmp.Or(cmp.Compare(seen[b], seen[a]), cmp.Compare(a, b))
	})
	return Check{
		name, Refused,
		fmt.Sprintf("%d live rows are spelled by %s, which --from-ids does not name", rows, joinRules(rules)),
		"name every rule, the one that wins first: --from-ids " + joinRules(append(slices.Clone(f.o.From.Spelling.Rules), rules...)),
	}
}

func checkUnknownSuffixes(f *facts) Check {
	const name = "unknown-suffixes"
	if len(f.plan.Unknown) == 0 {
		return ok(name, "every live row belongs to a known application")
	}
	var rows int64
	var names []string
	for i, s := range f.plan.Unknown {
		rows += s.Rows
		if i < 4 {
			names = append(names, fmt.Sprintf("%s (%d)", cmp.Or(s.Suffix, "none"), s.Rows))
		} else if i == 4 {
			names = append(names, "…")
		}
	}
	c := Check{
		name, Refused,
		fmt.Sprintf("%d live rows belong to no known application, or to one whose ids the target cannot spell; suffixes: %s", rows, strings.Join(names, ", ")),
		"name the application with --app NAME=APPID (aspstate suffix APPID shows its suffixes), or leave these rows behind with --skip-unknown",
	}
	if f.o.SkipUnknown {
		c.Verdict, c.Remedy = Warning, "they are left behind, as --skip-unknown says"
	}
	return c
}

func checkCollisions(f *facts) Check {
	const name = "colliding-ids"
	n := f.plan.Collisions
	switch {
	case n == 0:
		return ok(name, "no two live rows are one session")
	case f.o.Learned:
		return Check{
			name, Refused, fmt.Sprintf("%d live rows meet another row of the same session under another id rule", n),
			"say which rule wins by naming it first: --from-ids " + joinRules(f.o.From.Spelling.Rules),
		}
	}
	return Check{
		name, Warning, fmt.Sprintf("%d live rows lose to a row of the same session: rule order %s decides", n,
			joinRules(f.o.From.Spelling.Rules)), "",
	}
}

func checkCompression(f *facts) Check {
	const name = "compression"
	type forms struct{ plain, compressed int64 }
	apps := map[string]forms{}
	for _, g := range f.plan.Groups {
		a := apps[g.App]
		apps[g.App] = forms{a.plain + g.Plain, a.compressed + g.Compressed}
	}
	for _, app := range slices.Sorted(maps.Keys(apps)) {
		if a := apps[app]; a.plain > 0 && a.compressed > 0 {
			return Check{
				name, Refused,
				fmt.Sprintf("application %s has %d plain and %d compressed rows: no configuration reads both", app, a.plain, a.compressed),
				"say what its nodes read: --from-compressed yes|no (the others are then carried byte for byte and counted undecodable)",
			}
		}
	}
	return ok(name, "no application mixes plain and compressed rows")
}

func checkDamaged(f *facts) Check {
	const name = "damaged-rows"
	if n := f.census.doubled; n > 0 {
		return Check{
			name, Warning, fmt.Sprintf("%d live sessions stand in two partitions; that of the one named first is copied, the other is refused (%d rows cannot be read)",
				n, f.plan.Damaged), "name first the partition in which the resolver looks for them",
		}
	}
	if f.plan.Damaged == 0 {
		return ok(name, "every row can be read")
	}
	return Check{
		name, Warning, fmt.Sprintf("%d rows cannot be read by any provider; the copy will refuse and name them", f.plan.Damaged),
		"aspstate dump session shows what is wrong with one",
	}
}

// checkCapitals: a table that compares ids regardless of letter case finds a session whatever the case its client sends;
// a binary one does not.
func checkCapitals(f *facts) Check {
	const name = "letter-case"
	if !f.o.From.fold() || f.o.To.fold() {
		return ok(name, "ids are compared as they were")
	}
	if f.census.capitals == 0 {
		return ok(name, "the target tells letter case apart, and all raw ids are in lower case")
	}
	return Check{
		name, Warning,
		fmt.Sprintf("%d live ids have capitals: the source found them in any letter case, the target finds them only as they are stored",
			f.census.capitals),
		"make sure that the application's session id manager sends ids as it made them",
	}
}

// many is how many sessions may be missing from one end before a run wants to be told that this is meant.
const many = 100

func checkSourceEmptied(f *facts) Check {
	const name = "source-emptied"
	if f.o.AllowDeletions || f.ledgerLive == 0 || f.plan.Live > 0 {
		return ok(name, "the source has what it had, or the sweep will tell")
	}
	return Check{
		name, Refused,
		fmt.Sprintf("the source has no live session, but %d were copied from it and should be alive: was it emptied or restarted?",
			f.ledgerLive),
		"to carry the deletions into the target, --allow-deletions; to keep what the target has, do not run again (or --start-over)",
	}
}

func checkTargetEmptied(f *facts) Check {
	const name = "target-emptied"
	rows := f.plan.TargetRows
	if f.ledgerLive == 0 || rows < 0 || rows > 0 && (f.ledgerLive-rows <= many || 2*rows >= f.ledgerLive) {
		return ok(name, "the target has what was copied")
	}
	return Check{
		name, Refused,
		fmt.Sprintf("the target has %d rows, but %d sessions were copied into it and should be alive: was it emptied or restarted?",
			rows, f.ledgerLive),
		"to copy everything again, --start-over",
	}
}

func checkDurability(f *facts) Check {
	const name = "durability"
	if !f.o.To.Layout.SurvivesRestart {
		return Check{name, Warning, "the target is emptied when its server restarts or fails over", ""}
	}
	return ok(name, "the target survives a restart of its server")
}

func checkDead(f *facts) Check {
	const name = "expired"
	if f.plan.Live == 0 && f.plan.Expired > 0 {
		return Check{name, Warning, fmt.Sprintf("all %d sessions of the source have expired: nothing to copy", f.plan.Expired), ""}
	}
	return ok(name, "%d of %d rows have expired and are left behind", f.plan.Expired, f.plan.Rows)
}

func joinRules(rs []layout.IDRule) string {
	var b strings.Builder
	for i, r := range rs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(r))
	}
	return b.String()
}
