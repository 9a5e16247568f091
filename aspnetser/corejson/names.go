package corejson

import (
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// not says what a value is instead of the type.
func (t *Type) not(v nrbf.Value) string {
	switch v.Kind() {
	case nrbf.KindNull:
		return "null, which " + t.String() + " cannot be"
	case nrbf.KindString:
		return t.notA("String")
	case nrbf.KindPrimitive:
		return t.notA(v.Primitive().String())
	case nrbf.KindArray:
		name, _ := v.ElementType()
		return t.notA(shortName(name) + "[" + strings.Repeat(",", len(v.Lengths())-1) + "]")
	}
	return t.notA(shortName(v.ClassName()))
}

func (t *Type) notA(what string) string { return "a value of type " + what + ", not " + t.String() }

// shortName is a stored name for errors: without assemblies, and cut.
func shortName(stored string) string {
	n, rest, ok := parseDotNet(stored)
	if !ok || rest != "" {
		return nrbf.QuoteCut(stored, 80)
	}
	short := n.short()
	if len(short) > 200 || strings.ToValidUTF8(short, "") != short {
		return nrbf.QuoteCut(short, 80)
	}
	return short
}

func (n *dotNet) short() string {
	if n.of != nil {
		return n.of.short() + "[" + strings.Repeat(",", n.rank-1) + "]"
	}
	if n.args == nil {
		return n.name
	}
	name, _, _ := strings.Cut(n.name, "`")
	args := make([]string, len(n.args))
	for i := range n.args {
		args[i] = n.args[i].short()
	}
	return name + "<" + strings.Join(args, ", ") + ">"
}
