package inventory

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Text writes the report for people: totals, the keys of each application with their types, and what would break.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	if r.Store != "" {
		fmt.Fprintf(&b, "%s\n", r.Store)
	}
	fmt.Fprintf(&b, "%10s  rows: %s live, %s expired", number(r.Rows), number(r.Live), number(r.Expired))
	if r.LeftOut > 0 {
		fmt.Fprintf(&b, ", %s of other applications", number(r.LeftOut))
	}
	if r.Damaged > 0 {
		fmt.Fprintf(&b, ", %s that nobody can read", number(r.Damaged))
	}
	fmt.Fprintf(&b, "\n%10s  looked at: %s\n", number(r.Looked), r.Sample.text())
	if r.Uninitialized > 0 {
		fmt.Fprintf(&b, "%10s  uninitialized: no page has put anything into them\n", number(r.Uninitialized))
	}
	for i := range r.Apps {
		r.Apps[i].text(&b)
	}
	if len(r.Classes) > 0 {
		b.WriteString("\nclasses of the applications\n")
		for _, c := range r.Classes {
			c.text(&b)
		}
	}
	for _, l := range r.Limits {
		fmt.Fprintf(&b, "\nlimit: %s\n", l)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s Sample) text() string {
	switch {
	case !s.Partial:
		return "all that are live"
	case s.How == SampleSpread:
		return "a sample, evenly spread over the store; a rare key may be missing"
	}
	return "a sample, the first in the store's order; a rare key may be missing"
}

func (a *App) text(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s", printable(appTitle(a.Name)))
	if !a.Known {
		b.WriteString(" (of no known application)")
	}
	fmt.Fprintf(b, "\n%10s  sessions: %s without items, %s compressed, %s that cannot be read", number(a.Sessions), number(a.Empty),
		number(a.Compressed), number(a.Undecodable))
	for i, re := range a.Reasons {
		fmt.Fprintf(b, "%s%s", map[bool]string{true: ": ", false: ", "}[i == 0], re.Reason)
	}
	fmt.Fprintf(b, "\n%10s  payload: half of them up to %s, 95 %% up to %s, the largest %s\n", bytes(a.Bytes.Total), bytes(a.Bytes.Middle),
		bytes(a.Bytes.P95), bytes(a.Bytes.Most))
	if len(a.Keys) > 0 {
		a.table(b)
	}
	if len(a.Static) > 0 {
		b.WriteString("  static objects\n")
		for _, s := range a.Static {
			fmt.Fprintf(b, "%10s  %s: %s; in use in %s\n", number(s.Sessions), title(s.Name, KindKey), printable(strings.Join(s.Types, ", ")), number(s.Created))
		}
	}
	if len(a.Breaks) > 0 {
		b.WriteString("  what would break\n")
	}
	for i := range a.Breaks {
		a.Breaks[i].text(b)
	}
}

// table writes a line a key.
func (a *App) table(b *strings.Builder) {
	rows := [][]string{{"key", "sessions", "%", "least", "middle", "95 %", "most", "for Core", "types"}}
	for i := range a.Keys {
		k := &a.Keys[i]
		name := k.title()
		if k.Kind == KindGroup {
			name += fmt.Sprintf(" (%s keys)", number(k.Names))
		}
		carried := printable(k.Carried)
		if carried == "" {
			carried = "-"
		}
		rows = append(rows, []string{name, number(k.Sessions), fmt.Sprintf("%.1f", k.Percent), number(k.Bytes.Least), number(k.Bytes.Middle),
			number(k.Bytes.P95), number(k.Bytes.Most), carried, k.typeTexts()})
	}
	const widest = 40
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], min(widest, utf8.RuneCountInString(cell)))
		}
	}
	for _, row := range rows {
		line := " "
		for i, cell := range row {
			pad := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(cell)))
			if i == 0 || i >= 7 {
				line += " " + cell + pad
			} else {
				line += " " + pad + cell
			}
			if i == 6 {
				line += " "
			}
		}
		fmt.Fprintf(b, "%s\n", strings.TrimRight(line, " "))
	}
	for i := range a.Keys {
		if k := &a.Keys[i]; len(k.Spellings) > 0 {
			var all []string
			for _, s := range k.Spellings {
				all = append(all, title(s, KindKey))
			}
			fmt.Fprintf(b, "  %s is spelled %s\n", k.title(), strings.Join(all, ", "))
		}
	}
	a.refusals(b)
}

// refusals says why keys are not for Core, and what to know of those that are: a line a reason, in the order of the table.
func (a *App) refusals(b *strings.Builder) {
	var reasons []string
	keys := map[string][]string{}
	for i := range a.Keys {
		k := &a.Keys[i]
		why := k.Why
		switch {
		case k.NeedsZone:
			why = "local dates, for which the bridge needs the zone of the web servers"
		case k.Carried != "" || k.Kind != KindKey:
			continue
		}
		if keys[why] == nil {
			reasons = append(reasons, why)
		}
		keys[why] = append(keys[why], k.title())
	}
	if len(reasons) > 0 {
		b.WriteString("  not for Core\n")
	}
	for _, why := range reasons {
		of := keys[why]
		if n := len(of) - maxBreakKeys; n > 0 {
			of = append(of[:maxBreakKeys], fmt.Sprintf("%d more", n))
		}
		fmt.Fprintf(b, "    %s: %s\n", strings.Join(of, ", "), printable(why))
	}
}

// typeTexts lists the types with how often each occurs, and the assemblies of classes.
func (k *Key) typeTexts() string {
	var parts []string
	for _, t := range k.Types {
		text := printable(t.Name)
		if a := simpleAssembly(t.Assembly); a != "" && a != "mscorlib" && !strings.HasPrefix(a, "System") {
			text += " (" + printable(a) + ")"
		}
		if len(k.Types) > 1 || k.Nulls+k.Undecodable > 0 {
			text += " " + number(t.Items)
		}
		parts = append(parts, text)
	}
	if k.Nulls > 0 {
		parts = append(parts, "null "+number(k.Nulls))
	}
	for _, r := range k.Reasons {
		parts = append(parts, "undecodable "+number(r.Count)+" ("+r.Reason+")")
	}
	return strings.Join(parts, ", ")
}

func (x *Break) text(b *strings.Builder) {
	least := ""
	if x.AtLeast {
		least = " or more"
	}
	fmt.Fprintf(b, "%10s%s  %s: %s", number(x.Sessions), least, x.Code, x.Title)
	var names []string
	for _, k := range x.Keys {
		names = append(names, title(k.Key, k.Kind))
	}
	if x.MoreKeys > 0 {
		names = append(names, fmt.Sprintf("%d more", x.MoreKeys))
	}
	if len(names) > 0 {
		fmt.Fprintf(b, ": %s", strings.Join(names, ", "))
	}
	fmt.Fprintf(b, "\n%12s%s\n", "", x.Remedy)
}

func (c *Class) text(b *strings.Builder) {
	kind := "class"
	switch {
	case c.Enum != "":
		kind = "enum"
	case c.ValueType:
		kind = "struct"
	}
	fmt.Fprintf(b, "%10s  %s %s (%s)", number(c.Instances), kind, printable(c.parsed.csharp(true)), printable(simpleAssembly(c.Assembly)))
	if len(c.Versions) > 0 {
		fmt.Fprintf(b, ", of %d versions", len(c.Versions))
	}
	if c.Varies {
		b.WriteString(", not always with the same members")
	}
	if len(c.Members) > 0 {
		b.WriteString(": ")
	}
	for i, m := range c.Members {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 12 {
			fmt.Fprintf(b, "and %d more", len(c.Members)-i)
			break
		}
		_, field := cutBase(m.Name)
		if property, ok := backed(field); ok {
			field = property
		}
		fmt.Fprintf(b, "%s %s", printable(m.Type), printable(field))
	}
	b.WriteByte('\n')
}

// number writes a count with thousands separated.
func number(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// bytes writes a size for people, in powers of 1000.
func bytes(n int64) string {
	f, unit := float64(n), "bytes"
	for _, u := range []string{"kB", "MB", "GB", "TB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, u
	}
	if unit == "bytes" {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
