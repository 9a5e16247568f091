package inventory

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// CSharp writes what an ASP.NET Core app says in its Program.cs so that the System.Web adapters know the keys: every key
// that has one type which JSON can carry. What is left out stands in comments, with the reason.
func (r *Report) CSharp(w io.Writer) error {
	var b strings.Builder
	using := map[string]bool{}
	for i := range r.Apps {
		for _, k := range r.Apps[i].Keys {
			if k.Carried != "" {
				k.parsed.namespaces(func(ns string) { using[ns] = true })
			}
		}
	}
	for _, ns := range slices.Sorted(maps.Keys(using)) {
		fmt.Fprintf(&b, "using %s;\n", ns)
	}
	for i := range r.Apps {
		a := &r.Apps[i]
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "// %s: seen in %s.\n", printable(appTitle(a.Name)), counted(a.Sessions, "session"))
		b.WriteString("builder.Services.AddSystemWebAdapters()\n    .AddJsonSessionSerializer(options =>\n    {\n")
		for _, k := range a.byName() {
			if k.Carried == "" {
				continue
			}
			b.WriteString("        ")
			if k.NeedsZone {
				b.WriteString("// ")
			}
			fmt.Fprintf(&b, "options.RegisterKey<%s>(%s);", k.Carried, quoteCSharp(k.Key))
			if k.NeedsZone {
				fmt.Fprintf(&b, " // %s", needsZone)
			} else if why := k.Types[0].Why; why != "" {
				fmt.Fprintf(&b, " // %s", printable(why))
			}
			b.WriteByte('\n')
		}
		for _, k := range a.byName() {
			if k.Carried == "" {
				fmt.Fprintf(&b, "        // not registered: %s: %s\n", k.title(), printable(k.Why))
			}
		}
		b.WriteString("    });\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func appTitle(name string) string {
	if name == "" {
		return "(no application)"
	}
	return name
}

// quoteCSharp writes a string literal of C#.
func quoteCSharp(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case !unicode.IsPrint(r):
			writeEscape(&b, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
