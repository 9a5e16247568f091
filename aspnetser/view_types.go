package aspnetser

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

const (
	maxTypeName  = 4096 // bytes of a stored type name that is taken apart; a longer one is cut instead
	maxTypeDepth = 16   // generic arguments one inside another
	shownName    = 120  // characters of a name
)

// keywords are the types that C# has a word for.
var keywords = map[string]string{
	"System.Boolean": "bool", "System.Byte": "byte", "System.SByte": "sbyte", "System.Char": "char",
	"System.Decimal": "decimal", "System.Double": "double", "System.Single": "float", "System.Int16": "short",
	"System.Int32": "int", "System.Int64": "long", "System.UInt16": "ushort", "System.UInt32": "uint",
	"System.UInt64": "ulong", "System.String": "string", "System.Object": "object",
}

// tidyType writes a stored type name as C# does, without namespaces and assemblies: Dictionary<string, List<int?>>[].
// What is no type name is given as it is.
func tidyType(stored string) string {
	if word, ok := keywords[stored]; ok {
		return word
	}
	if len(stored) <= maxTypeName {
		p := typeParser{s: stored}
		if name, ok := p.parse(0); ok && p.s == "" {
			return printable(name, shownName)
		}
	}
	return printable(stored, shownName)
}

// typeParser takes apart names as .NET writes them: Outer`1+Inner`1[[Arg, Assembly],[Arg, Assembly]][].
type typeParser struct{ s string }

func (p *typeParser) parse(depth int) (string, bool) {
	end := strings.IndexAny(p.s, "[],*&")
	if end < 0 {
		end = len(p.s)
	}
	if end == 0 || depth > maxTypeDepth {
		return "", false
	}
	full := p.s[:end]
	p.s = p.s[end:]
	var args []string
	if strings.Contains(full, "`") && len(p.s) > 1 && p.s[0] == '[' && !strings.ContainsRune("],*", rune(p.s[1])) {
		var ok bool
		if args, ok = p.arguments(depth); !ok {
			return "", false
		}
	}
	name, ok := join(full, args)
	if !ok {
		return "", false
	}
	// .NET writes the dimensions of the innermost array first, C# those of the outermost.
	dims := ""
	for p.s != "" && (p.s[0] == '[' || p.s[0] == '*' || p.s[0] == '&') {
		n := 1
		if p.s[0] == '[' {
			n = strings.IndexByte(p.s, ']') + 1
			if n == 0 || strings.Trim(p.s[1:n-1], ",*") != "" {
				return "", false
			}
		}
		dims = p.s[:n] + dims
		p.s = p.s[n:]
	}
	return name + dims, true
}

// arguments reads [[Arg, Assembly],[Arg, Assembly]] and [Arg,Arg].
func (p *typeParser) arguments(depth int) (args []string, ok bool) {
	p.s = p.s[1:]
	for {
		bracket := strings.HasPrefix(p.s, "[")
		if bracket {
			p.s = p.s[1:]
		}
		arg, ok := p.parse(depth + 1)
		if !ok {
			return nil, false
		}
		args = append(args, arg)
		if bracket {
			end := strings.IndexByte(p.s, ']') // no assembly name has brackets
			if end < 0 || end > 0 && p.s[0] != ',' {
				return nil, false
			}
			p.s = p.s[end+1:]
		}
		if p.s == "" {
			return nil, false
		}
		c := p.s[0]
		p.s = p.s[1:]
		if c == ']' {
			return args, true
		}
		if c != ',' {
			return nil, false
		}
	}
}

// join gives the classes of Namespace.Outer`1+Inner`2 their arguments.
func join(full string, args []string) (string, bool) {
	if word, ok := keywords[full]; ok {
		return word, args == nil
	}
	if full == "System.Nullable`1" && len(args) == 1 {
		return args[0] + "?", true
	}
	var b strings.Builder
	open := len(args) == 0 // List`1 without arguments: a definition, or the base of a class
	for i, class := range strings.Split(full, "+") {
		if i == 0 {
			class = class[strings.LastIndexByte(class, '.')+1:]
		} else {
			b.WriteByte('.')
		}
		name, arity, generic := strings.Cut(class, "`")
		if name == "" {
			return "", false
		}
		b.WriteString(name)
		if !generic {
			continue
		}
		n, err := strconv.Atoi(arity)
		if err != nil || n < 1 || n > 64 || !open && n > len(args) {
			return "", false
		}
		if open {
			b.WriteString("<" + strings.Repeat(",", n-1) + ">")
			continue
		}
		b.WriteString("<" + strings.Join(args[:n], ", ") + ">")
		args = args[n:]
	}
	return b.String(), len(args) == 0
}

// definition is a stored type name up to its generic arguments: System.Collections.Generic.List`1.
func definition(stored string) string {
	if i := strings.IndexByte(stored, '['); i >= 0 {
		return stored[:i]
	}
	return stored
}

// tidyClass is tidyType for a name that its assembly may follow.
func tidyClass(qualified string) string {
	class, _ := nrbf.SplitTypeName(qualified)
	return tidyType(class)
}

// printable makes a name fit for a line: control and other invisible characters quoted, cut after so many characters.
func printable(name string, most int) string {
	n := 0
	for i, r := range name {
		if !strconv.IsPrint(r) || r == utf8.RuneError {
			return nrbf.QuoteCut(name, most)
		}
		if n == most {
			return name[:i] + "…"
		}
		n++
	}
	if name == "" {
		return `""`
	}
	return name
}

// tidyMember returns the name that a programmer gave a member, and the base class that a private member of a base is
// stored with (session-blob.md 5, fixture o-inheritance): Customer+<Email>k__BackingField is Email of Customer.
func tidyMember(stored string) (base, name string) {
	name = stored
	lt := strings.IndexByte(name, '<')
	if plus := strings.LastIndexByte(name[:max(lt, 0)], '+'); plus > 0 {
		base, name = name[:plus], name[plus+1:]
	} else if plus := strings.LastIndexByte(name, '+'); lt < 0 && plus > 0 && plus < len(name)-1 {
		base, name = name[:plus], name[plus+1:]
	}
	// C# makes <X>k__BackingField of auto-properties, <X>i__Field of anonymous types, <X>P of primary constructors; F# X@.
	if inner, ok := strings.CutPrefix(name, "<"); ok {
		if end := strings.LastIndexByte(inner, '>'); end > 0 {
			switch inner[end+1:] {
			case "k__BackingField", "i__Field", "P":
				return base, inner[:end]
			}
		}
	}
	if inner, ok := strings.CutSuffix(name, "@"); ok && inner != "" {
		return base, inner
	}
	return base, name
}

// group writes a count with commas between thousands.
func group(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted is 1 row, 1,000 rows.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return group(n) + " " + what + "s"
}
