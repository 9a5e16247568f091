package inventory

import (
	"slices"
	"strings"
	"unicode"
)

const (
	maxTypeName  = 4096 // bytes of a stored type name that is taken apart; of a longer one the beginning is shown
	maxTypeDepth = 16   // generic arguments one inside another
)

// typeName is a .NET type: of a class its definition and arguments, of an array its elements.
type typeName struct {
	name     string // Namespace.Outer`1+Inner of a class; "" of an array
	assembly string // full name; "" for the core library
	args     []*typeName

	enum bool // it was seen to be one

	elem *typeName // of an array
	rank int
}

// keywords are the types that C# has a word for.
var keywords = map[string]string{
	"System.Boolean": "bool", "System.Byte": "byte", "System.SByte": "sbyte", "System.Char": "char",
	"System.Decimal": "decimal", "System.Double": "double", "System.Single": "float", "System.Int16": "short",
	"System.Int32": "int", "System.Int64": "long", "System.UInt16": "ushort", "System.UInt32": "uint",
	"System.UInt64": "ulong", "System.String": "string", "System.Object": "object",
}

func simple(name string) *typeName { return &typeName{name: strings.Clone(name)} }

func arrayOf(elem *typeName, rank int) *typeName { return &typeName{elem: elem, rank: rank} }

// parseType reads a name as .NET writes it: Outer`1+Inner`2[[Arg, Assembly],[Arg, Assembly]][]. What is none becomes a class
// of that name. The result does not refer to s.
func parseType(s, assembly string) *typeName {
	s, assembly = strings.Clone(s), strings.Clone(assembly)
	if len(s) > maxTypeName {
		return &typeName{name: strings.ToValidUTF8(s[:longestName], "") + "…", assembly: assembly}
	}
	p := typeParser{s}
	t, ok := p.parse(0)
	if !ok || p.s != "" {
		return &typeName{name: s, assembly: assembly}
	}
	t.in(assembly)
	return t
}

// in puts a type into an assembly, an array's elements likewise.
func (t *typeName) in(assembly string) {
	for t.elem != nil {
		t = t.elem
	}
	t.assembly = assembly
}

type typeParser struct{ s string }

func (p *typeParser) parse(depth int) (*typeName, bool) {
	end := strings.IndexAny(p.s, "[],*&")
	if end < 0 {
		end = len(p.s)
	}
	if end == 0 || depth > maxTypeDepth {
		return nil, false
	}
	t := &typeName{name: p.s[:end]}
	p.s = p.s[end:]
	if strings.Contains(t.name, "`") && len(p.s) > 1 && p.s[0] == '[' && !strings.ContainsRune("],*", rune(p.s[1])) {
		var ok bool
		if t.args, ok = p.arguments(depth); !ok {
			return nil, false
		}
	}
	for strings.HasPrefix(p.s, "[") { // the innermost dimensions come first
		end := strings.IndexByte(p.s, ']')
		if end < 0 || strings.Trim(p.s[1:end], ",*") != "" {
			return nil, false
		}
		t = arrayOf(t, 1+strings.Count(p.s[:end], ","))
		p.s = p.s[end+1:]
	}
	return t, true
}

// arguments reads [[Arg, Assembly],[Arg, Assembly]] and [Arg,Arg].
func (p *typeParser) arguments(depth int) (args []*typeName, ok bool) {
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
		if bracket {
			end := strings.IndexByte(p.s, ']') // no assembly name has brackets
			if end < 0 || end > 0 && p.s[0] != ',' {
				return nil, false
			}
			if assembly := strings.TrimSpace(strings.TrimPrefix(p.s[:end], ",")); simpleAssembly(assembly) != "mscorlib" {
				arg.in(assembly)
			}
			p.s = p.s[end+1:]
		}
		args = append(args, arg)
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

// simpleAssembly is an assembly's name without version and key. Those that ASP.NET makes of App_Code and of pages have
// another name after every compilation, and are one here.
func simpleAssembly(full string) string {
	name, _, _ := strings.Cut(full, ",")
	for _, made := range [...]string{"App_Code.", "App_Web_", "App_global.asax.", "App_SubCode_"} {
		if strings.HasPrefix(name, made) {
			return strings.TrimRight(made, "._")
		}
	}
	return strings.TrimSpace(name)
}

// framework says that a class is one of .NET's own, by its name and assembly.
func (t *typeName) framework() bool {
	if t.elem != nil {
		return true
	}
	switch a := simpleAssembly(t.assembly); {
	case a == "", a == "mscorlib", a == "System", a == "netstandard", a == "WindowsBase":
		return true
	case !strings.HasPrefix(t.name, "System.") && !strings.HasPrefix(t.name, "Microsoft."):
		return false
	default:
		return strings.HasPrefix(a, "System.") || strings.HasPrefix(a, "Microsoft.")
	}
}

// full is the type as .NET writes it, without versions: System.Collections.Generic.List`1[[Contoso.Line, Contoso.Shop]].
func (t *typeName) full() string {
	if t.elem != nil {
		return t.elem.full() + "[" + strings.Repeat(",", t.rank-1) + "]"
	}
	if len(t.args) == 0 {
		return t.name
	}
	parts := make([]string, len(t.args))
	for i, a := range t.args {
		parts[i] = "[" + a.identity() + "]"
	}
	return t.name + "[" + strings.Join(parts, ",") + "]"
}

// identity tells types apart: all versions of an assembly are one.
func (t *typeName) identity() string {
	inner := t
	for inner.elem != nil {
		inner = inner.elem
	}
	if a := simpleAssembly(inner.assembly); a != "" {
		return t.full() + ", " + a
	}
	return t.full()
}

// csharp is the type as C# writes it. Namespaces are written for classes that are not .NET's own, if at all.
func (t *typeName) csharp(namespaces bool) string {
	if t.elem != nil { // C# writes the dimensions of the outermost array first
		dims := ""
		for ; t.elem != nil; t = t.elem {
			dims += "[" + strings.Repeat(",", t.rank-1) + "]"
		}
		return t.csharp(namespaces) + dims
	}
	if word, ok := keywords[t.name]; ok {
		return word
	}
	if t.name == nullablePrefix && len(t.args) == 1 {
		return t.args[0].csharp(namespaces) + "?"
	}
	var b strings.Builder
	args := t.args
	for i, class := range strings.Split(t.name, "+") {
		if i > 0 {
			b.WriteByte('.')
		} else if !namespaces || t.framework() {
			class = class[strings.LastIndexByte(class, '.')+1:]
		}
		name, arity, generic := strings.Cut(class, "`")
		b.WriteString(name)
		n := 0
		for _, c := range []byte(arity) {
			if isDigit(c) && n < 100 {
				n = n*10 + int(c-'0')
			}
		}
		if !generic || n == 0 {
			continue
		}
		b.WriteByte('<')
		for j := range n {
			if j > 0 {
				b.WriteString(", ")
			}
			if len(args) > 0 {
				b.WriteString(args[0].csharp(namespaces))
				args = args[1:]
			}
		}
		b.WriteByte('>')
	}
	return b.String()
}

// namespaces adds the namespaces of .NET's own classes in the type, in order to write them without.
func (t *typeName) namespaces(add func(string)) {
	for t.elem != nil {
		t = t.elem
	}
	if _, word := keywords[t.name]; !word && t.framework() {
		outer, _, _ := strings.Cut(t.name, "+")
		if dot := strings.LastIndexByte(outer, '.'); dot > 0 && t.name != nullablePrefix {
			add(outer[:dot])
		}
	}
	for _, a := range t.args {
		a.namespaces(add)
	}
}

// writable says that a program can name the type: compilers make classes that none can.
func (t *typeName) writable() bool {
	for t.elem != nil {
		t = t.elem
	}
	for part := range strings.FieldsFuncSeq(t.name, func(r rune) bool { return r == '.' || r == '+' }) {
		part, _, _ = strings.Cut(part, "`")
		if !isIdentifier(part) {
			return false
		}
	}
	return t.name != "" && !slices.ContainsFunc(t.args, func(a *typeName) bool { return !a.writable() })
}

// isIdentifier says that s is an identifier of C# or Go, keywords included.
func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// valueTypes are the structs of .NET that sessions hold.
var valueTypes = map[string]bool{
	"System.Boolean": true, "System.Byte": true, "System.SByte": true, "System.Char": true, "System.Decimal": true,
	"System.Double": true, "System.Single": true, "System.Int16": true, "System.Int32": true, "System.Int64": true,
	"System.UInt16": true, "System.UInt32": true, "System.UInt64": true, "System.DateTime": true, "System.TimeSpan": true,
	"System.Guid": true, "System.DateTimeOffset": true, "System.IntPtr": true, "System.UIntPtr": true,
	"System.Collections.Generic.KeyValuePair`2": true, "System.Collections.DictionaryEntry": true,
	"System.Numerics.BigInteger": true, "System.Numerics.Complex": true, "System.DayOfWeek": true, "System.DateTimeKind": true,
	"System.Drawing.Point": true, "System.Drawing.Rectangle": true, "System.Drawing.Size": true, "System.Drawing.SizeF": true,
	"System.Drawing.PointF": true, "System.Drawing.RectangleF": true, "System.Drawing.Color": true,
}

// isValue says that the type is a struct or an enum: in C#, null needs a question mark behind it.
func (t *typeName) isValue(s *schema) bool {
	if t == nil || t.elem != nil {
		return false
	}
	if valueTypes[t.name] || strings.HasPrefix(t.name, "System.ValueTuple`") || t.enum {
		return true
	}
	c := s.classes[t.identity()]
	return c != nil && c.ValueType
}
