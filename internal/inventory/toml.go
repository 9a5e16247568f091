package inventory

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/aspstate/aspstate/aspnetser/corejson"
)

// TOML writes the same keys as tables for the bridge's configuration, to be put behind a table [remoteapp.NAME] of each
// application, and the classes that they need:
//
//	[remoteapp.shop.keys]
//	Cart      = "Contoso.Cart"
//	CoreCount = "int"
//
//	[remoteapp.shop.class."Contoso.Cart"]
//	library = "Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=null"
//	complete = true
//	members = [
//	  { name = "Id", type = "int" },
//	]
//
// The bridge takes whatever is in no comment, and converts with it all that was seen. Classes of which only fields are known,
// and not the properties that show them, are comments that somebody can complete.
func (r *Report) TOML(w io.Writer) error {
	var b strings.Builder
	for i := range r.Apps {
		if i > 0 {
			b.WriteByte('\n')
		}
		r.Apps[i].toml(&b)
		r.drafts(&b, &r.Apps[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (a *App) toml(b *strings.Builder) {
	app := tomlKey(a.Name)
	fmt.Fprintf(b, "[remoteapp.%s.keys]\n", app)
	for _, k := range a.byName() {
		if k.Carried != "" && !k.NeedsZone {
			fmt.Fprintf(b, "%s = %s", tomlKey(k.Key), tomlString(k.Carried))
			if k.Undecodable > 0 {
				fmt.Fprintf(b, " # but for %s that cannot be decoded, and stay hidden", counted(k.Undecodable, "item"))
			}
			b.WriteByte('\n')
		}
	}
	for _, k := range a.byName() {
		if k.NeedsZone {
			fmt.Fprintf(b, "# %s = %s # %s\n", tomlKey(k.Key), tomlString(k.Carried), needsZone)
		}
	}
	for _, k := range a.byName() {
		if k.Carried == "" {
			fmt.Fprintf(b, "# not here: %s: %s\n", k.title(), printable(k.Why))
		}
	}
	for i := range a.classes {
		tomlClass(b, app, &a.classes[i])
	}
}

// needsZone says what to do about a key with local dates.
const needsZone = "it has local dates: take it in when the bridge's table of the application has zone"

func tomlClass(b *strings.Builder, app string, c *corejson.Found) {
	fmt.Fprintf(b, "\n[remoteapp.%s.class.%s]\n", app, tomlKey(c.Name))
	for _, note := range c.Notes {
		fmt.Fprintf(b, "# %s\n", printable(note))
	}
	fmt.Fprintf(b, "library = %s\n", tomlString(c.Library))
	if c.Enum != "" {
		fmt.Fprintf(b, "enum = %s\n", tomlString(c.Enum))
		return
	}
	for _, is := range []struct {
		name string
		set  bool
	}{{"struct", c.Struct}, {"complete", c.Complete}} {
		if is.set {
			fmt.Fprintf(b, "%s = true\n", is.name)
		}
	}
	b.WriteString("members = [\n")
	for _, m := range c.Members {
		fmt.Fprintf(b, "  { name = %s, type = %s", tomlString(m.Name), tomlString(m.Type))
		if m.Field != "" {
			fmt.Fprintf(b, ", field = %s", tomlString(m.Field))
		}
		b.WriteString(" },\n")
	}
	b.WriteString("]\n")
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
