package corejson

import (
	"strconv"
	"strings"
)

// dotNet is a name of a type as .NET stores it.
type dotNet struct {
	name, library string
	args          []dotNet
	rank          int     // of an array: of the last dimensions, 0 for other types
	of            *dotNet // of an array
}

// parseDotNet reads a name such as System.Collections.Generic.List`1[[System.Int32, mscorlib, Version=4.0.0.0]][], and returns
// what stands behind it.
func parseDotNet(s string) (n dotNet, rest string, ok bool) {
	if len(s) > maxTypeName {
		return n, s, false
	}
	return parseStored(s, 0)
}

func parseStored(s string, depth int) (n dotNet, rest string, ok bool) {
	end := strings.IndexAny(s, "[],*& ()<>\"")
	if end < 0 {
		end = len(s)
	}
	if n.name, rest = s[:end], s[end:]; n.name == "" || depth > maxTypeDepth {
		return n, rest, false
	}
	_, arity, generic := strings.Cut(n.name, "`")
	if generic && strings.HasPrefix(rest, "[") && !strings.HasPrefix(rest, "[]") && !strings.HasPrefix(rest, "[,") {
		for more := true; more; {
			rest = rest[1:]
			bracket := strings.HasPrefix(rest, "[")
			if bracket {
				rest = rest[1:]
			}
			var arg dotNet
			if arg, rest, ok = parseStored(rest, depth+1); !ok {
				return n, rest, false
			}
			if bracket {
				if arg.library, rest, ok = strings.Cut(rest, "]"); !ok {
					return n, rest, false
				}
				arg.library = strings.TrimSpace(strings.TrimPrefix(arg.library, ","))
			}
			n.args = append(n.args, arg)
			if more = strings.HasPrefix(rest, ","); !more {
				if rest, ok = strings.CutPrefix(rest, "]"); !ok {
					return n, rest, false
				}
			}
		}
		if arity != strconv.Itoa(len(n.args)) {
			return n, rest, false
		}
	}
	for strings.HasPrefix(rest, "[") {
		inside, behind, ok := strings.Cut(rest[1:], "]")
		if depth++; !ok || strings.Trim(inside, ",") != "" || depth > maxTypeDepth {
			return n, rest, false
		}
		elem := n
		n, rest = dotNet{of: &elem, rank: len(inside) + 1}, behind
	}
	return n, rest, true
}

// matches says whether a stored name is that of the type. Assemblies of classes are compared by their simple names, those of
// the framework's not at all: they moved more than once.
func (t *Type) matches(n *dotNet, library string) bool {
	if n.of != nil {
		switch {
		case n.rank != 1:
			return false
		case t.kind == kindBytes:
			return n.of.name == "System.Byte"
		}
		return t.kind == kindArray && t.of.matches(n.of, library)
	}
	if t.scalar() {
		return n.name == scalars[t.kind].full
	}
	if t.class != nil {
		return n.name == t.class.name && n.args == nil && sameLibrary(t.class.library, library)
	}
	g, ok := generics[n.name]
	if !ok || g.kind != t.kind || len(n.args) != g.args {
		return false
	}
	if g.args == 2 && !t.key.matches(&n.args[0], n.args[0].library) {
		return false
	}
	last := &n.args[g.args-1]
	return t.of.matches(last, last.library)
}
