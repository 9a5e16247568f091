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
			fmt.Fprintf(&b, "        options.RegisterKey<%s>(%s);", k.Carried, quoteCSharp(k.Key))
			switch t := k.Types[0]; {
			case t.CarriedItems < t.Items:
				fmt.Fprintf(&b, " // not all of them can be carried: %s", printable(t.Why))
			case t.Why != "":
				fmt.Fprintf(&b, " // %s", printable(t.Why))
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

// TOML writes the same keys as a table for the bridge's configuration, one for each application:
//
//	[remoteapp.shop.keys]
//	CoreCount = "int"
func (r *Report) TOML(w io.Writer) error {
	var b strings.Builder
	for i := range r.Apps {
		a := &r.Apps[i]
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "[remoteapp.%s.keys]\n", tomlKey(a.Name))
		for _, k := range a.byName() {
			if k.Carried != "" {
				fmt.Fprintf(&b, "%s = %s\n", tomlKey(k.Key), tomlString(k.bridgeType()))
			}
		}
		for _, k := range a.byName() {
			if k.Carried == "" {
				fmt.Fprintf(&b, "# not here: %s: %s\n", k.title(), printable(k.Why))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func tomlKey(s string) string {
	bare := s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
	if bare {
		return s
	}
	return tomlString(s)
}

func tomlString(s string) string {
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

// writeEscape writes a character as C# and TOML both escape it.
func writeEscape(b *strings.Builder, r rune) {
	if r > 0xffff {
		fmt.Fprintf(b, `\U%08X`, r)
		return
	}
	fmt.Fprintf(b, `\u%04X`, r)
}
