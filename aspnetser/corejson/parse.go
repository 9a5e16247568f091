package corejson

import (
	"fmt"
	"strings"
)

// ParseType reads the name of a type that needs no Schema: see [Schema.ParseType].
func ParseType(text string) (*Type, error) { return (*Schema)(nil).ParseType(text) }

// ParseType reads the name of a type, as C# writes it or as .NET does:
//
//	string, int, DateTime, System.DateTime, System.Int32        scalars
//	int?, System.Nullable`1[[System.Int32, mscorlib]]           what may be null
//	string[], byte[], List<int>, HashSet<Guid>                  arrays, lists and sets; int[][], not int[,]
//	Dictionary<string, List<int?>>, KeyValuePair<int, string>   also with System.Collections.Generic. in front
//	Demo.Cart, Cart, Demo.Cart+Line, "Demo.Cart, Demo"          classes of the Schema: the last part is enough where it is clear
//	enum(Demo.Color, Demo, Version=1.0.0.0), enum<byte>(…)      an enum, with its assembly; Schema can have them, too
func (s *Schema) ParseType(text string) (*Type, error) {
	if len(text) > maxTypeName {
		return nil, fmt.Errorf("type name of %d bytes", len(text))
	}
	p := typeParser{schema: s, rest: strings.TrimSpace(text)}
	t, err := p.parse(0)
	if err == nil && p.skip(",") {
		err = t.in(p.rest)
		p.rest = ""
	}
	if err == nil && p.rest != "" {
		err = fmt.Errorf("%q behind the type", p.rest)
	}
	if err != nil {
		return nil, fmt.Errorf("type %q: %w", text, err)
	}
	return t, nil
}

// in fails if a class is not in the assembly. Where a type of the framework is does not matter.
func (t *Type) in(library string) error {
	if t.class != nil && !sameLibrary(t.class.library, library) {
		return fmt.Errorf("%s is in another assembly", t)
	}
	return nil
}

const (
	maxTypeName  = 4096
	maxTypeDepth = 16 // arguments one inside another
)

type typeParser struct {
	schema *Schema
	rest   string
}

func (p *typeParser) skip(token string) bool {
	trimmed := strings.TrimLeft(p.rest, " \t\r\n")
	rest, ok := strings.CutPrefix(trimmed, token)
	if ok {
		p.rest = strings.TrimLeft(rest, " \t\r\n")
	}
	return ok
}

func (p *typeParser) parse(depth int) (*Type, error) {
	if depth > maxTypeDepth {
		return nil, fmt.Errorf("more than %d types one inside another", maxTypeDepth)
	}
	name := p.rest[:len(p.rest)-len(strings.TrimLeftFunc(p.rest, isNameRune))]
	p.rest = p.rest[len(name):]
	t, err := p.named(name, depth)
	if err != nil {
		return nil, err
	}
	for {
		switch {
		case p.skip("?"):
			if !t.isValueType() || t.kind == kindNullable {
				return nil, fmt.Errorf("%s? is no type", t)
			}
			t = p.typ(Type{kind: kindNullable, of: t})
		case p.skip("[]"):
			if depth++; depth > maxTypeDepth {
				return nil, fmt.Errorf("more than %d types one inside another", maxTypeDepth)
			}
			if t = p.typ(Type{kind: kindArray, of: t}); t.of.kind == kindByte {
				t = p.typ(Type{kind: kindBytes})
			}
		default:
			return t, nil
		}
	}
}

func (p *typeParser) typ(t Type) *Type {
	if t.zone = noZone; p.schema != nil {
		t.zone = p.schema.zone
	}
	return &t
}

func isNameRune(r rune) bool {
	return r == '_' || r == '.' || r == '+' || r == '`' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
}

// named returns the type of a name, with its arguments, without what stands behind them.
func (p *typeParser) named(name string, depth int) (*Type, error) {
	if name == "" {
		return nil, fmt.Errorf("no name of a type")
	}
	for k := range scalars {
		if s := &scalars[k]; name == s.name || name == s.full {
			return p.typ(Type{kind: kind(k)}), nil
		}
	}
	if name == "enum" {
		return p.enum()
	}
	for full, g := range generics {
		definition, _, _ := strings.Cut(full, "`")
		if name != full && name != g.name && name != definition {
			continue
		}
		args, err := p.arguments(depth)
		if err != nil {
			return nil, err
		}
		if len(args) != g.args {
			return nil, fmt.Errorf("%s of %d arguments", g.name, len(args))
		}
		t := Type{kind: g.kind, of: args[len(args)-1]}
		if g.args == 2 {
			t.key = args[0]
		}
		switch {
		case t.kind == kindNullable && (!t.of.isValueType() || t.of.kind == kindNullable):
			return nil, fmt.Errorf("%s? is no type", t.of)
		case t.kind == kindDictionary && !t.key.isKey():
			return nil, fmt.Errorf("keys of type %s, which are none to System.Text.Json or not to this program", t.key)
		}
		return p.typ(t), nil
	}
	c, err := p.schema.find(name, "")
	if err != nil {
		return nil, err
	}
	return p.typ(c.ofClass()), nil
}

func (c *class) ofClass() Type {
	if c.over != nil {
		return Type{kind: kindEnum, class: c, of: c.over}
	}
	return Type{kind: kindClass, class: c}
}

// isKey says whether a type may be that of the keys of a dictionary. Of enums System.Text.Json writes the names, which no stream has.
func (t *Type) isKey() bool {
	return t.kind == kindString || t.kind == kindGuid || t.kind == kindChar || t.isInteger()
}

func (t *Type) isInteger() bool { return t.kind >= kindByte && t.kind <= kindULong }

// arguments reads <int, string>, [[System.Int32, mscorlib],[…]] and [System.Int32,System.String].
func (p *typeParser) arguments(depth int) (args []*Type, err error) {
	end := ">"
	if !p.skip("<") {
		if !p.skip("[") {
			return nil, nil
		}
		end = "]"
	}
	for {
		bracket := end == "]" && p.skip("[")
		t, err := p.parse(depth + 1)
		if err != nil {
			return nil, err
		}
		args = append(args, t)
		if bracket {
			library, rest, ok := strings.Cut(p.rest, "]") // no name of an assembly has brackets
			if !ok {
				return nil, fmt.Errorf("no ] behind an argument")
			}
			p.rest = rest
			if library, ok = strings.CutPrefix(strings.TrimSpace(library), ","); ok {
				if err := t.in(library); err != nil {
					return nil, err
				}
			}
		}
		if p.skip(end) {
			return args, nil
		}
		if !p.skip(",") {
			return nil, fmt.Errorf("neither a comma nor %s behind an argument", end)
		}
	}
}

// enum reads what follows the word enum.
func (p *typeParser) enum() (*Type, error) {
	over := p.typ(Type{kind: kindInt})
	if p.skip("<") {
		var err error
		if over, err = p.parse(1); err != nil {
			return nil, err
		}
		if !over.isInteger() || !p.skip(">") {
			return nil, fmt.Errorf("an enum over no integer type")
		}
	}
	if !p.skip("(") {
		return nil, fmt.Errorf("an enum is written enum(Name, Assembly)")
	}
	inside, rest, ok := strings.Cut(p.rest, ")")
	name, library, _ := strings.Cut(inside, ",")
	n, behind, isName := parseDotNet(strings.TrimSpace(name))
	if !ok || !isName || behind != "" || n.args != nil || n.rank != 0 {
		return nil, fmt.Errorf("an enum is written enum(Name, Assembly)")
	}
	p.rest = rest
	c := &class{name: n.name, library: strings.TrimSpace(library), over: over}
	return p.typ(c.ofClass()), nil
}
