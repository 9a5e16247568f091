package corejson

import (
	"strings"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Carries says under which registered type, as C# spells it, a value can be carried over to ASP.NET Core and back, or why
// under none. Of classes of the application it takes for granted that the stored auto-properties are public, which no stream
// says. why may say something where ok is true, too: that objects can be changed and no new ones written, because of fields
// that are no auto-properties or of classes of which there is no object. It names types and members, never values.
func Carries(v aspnetser.Value) (t string, ok bool, why string) {
	typ, why := newInference(v).carries(v)
	if typ == nil {
		return "", false, why
	}
	return typ.String(), true, why
}

// carries returns the type under which a value is carried, nil for none, and what there is to say of it.
func (in *inference) carries(v aspnetser.Value) (typ *Type, why string) {
	if typ, why = in.item(v); why != "" {
		return nil, why
	}
	if _, err := typ.ToJSON(nil, v); err != nil {
		return nil, err.Error()
	}
	for _, c := range in.order {
		if why == "" && !c.complete && c.over == nil {
			why = "new objects of " + strings.ReplaceAll(c.name, "+", ".") + " cannot be written: " + in.missing[c]
		}
	}
	return typ, why
}

// Classes returns the classes of the application that a Schema needs for a value, as far as the graph shows them. Complete ones
// consist of auto-properties. It returns nil for values that Carries refuses.
func Classes(v aspnetser.Value) (classes []Class) {
	in := newInference(v)
	if _, why := in.item(v); why != "" {
		return nil
	}
	for _, c := range in.order {
		out := Class{Name: c.name, Library: c.library, Complete: c.complete, Struct: c.isStruct}
		if c.over != nil {
			out.Enum = c.over.String()
		}
		for _, m := range c.members {
			field := m.field
			if field == nrbf.BackingField(m.name) {
				field = ""
			}
			out.Members = append(out.Members, Member{m.name, m.typ.String(), field})
		}
		classes = append(classes, out)
	}
	return classes
}

// Natural returns a value as plain JSON where nothing but the type is lost, which the type byte or the class of the root says:
// scalars, arrays, lists, sets and dictionaries of them. exact is false for all else: classes and enums of the application, objects
// that are mentioned twice, comparers that are not the default, local dates, what has no JSON.
func Natural(v aspnetser.Value) (json []byte, exact bool) {
	in := newInference(v)
	t, why := in.item(v)
	if why != "" || len(in.order) > 0 {
		return nil, false
	}
	in.zone.web = nil
	w := writer{once: map[int]bool{}}
	if err := w.root(t, v); err != nil {
		return nil, false
	}
	return w.dst, true
}
