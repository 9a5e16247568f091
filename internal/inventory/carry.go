package inventory

import (
	"math"

	"github.com/aspstate/aspstate/aspnetser"
)

// fatal are the findings by which no type of C# helps: JSON cannot carry such an item.
var fatal = breakPointer.set() | breakDelegate.set() | breakTables.set() | breakCycle.set() | breakSelf.set()

// jsonClasses are the classes of .NET that System.Text.Json writes and reads as what they are, besides those that C# has a
// word for (remote-session-protocol.md 13).
var jsonClasses = map[string]bool{
	"System.DateTime": true, "System.TimeSpan": true, "System.Guid": true, "System.DateTimeOffset": true, "System.Uri": true,
	"System.Version": true, "System.Nullable`1": true, "System.Collections.Generic.List`1": true,
	"System.Collections.Generic.HashSet`1": true, "System.Collections.Generic.Dictionary`2": true,
	"System.Collections.Generic.KeyValuePair`2": true,
}

// keyTypes are those of the keys of a dictionary that System.Text.Json writes as names.
var keyTypes = map[string]bool{
	"System.String": true, "System.Guid": true, "System.Char": true, "System.Byte": true, "System.SByte": true, "System.Int16": true,
	"System.Int32": true, "System.Int64": true, "System.UInt16": true, "System.UInt32": true, "System.UInt64": true,
}

// Plain is the Carrier that goes by types: scalars, arrays, lists, sets and dictionaries of them, enums, and classes of the
// application, whose members it does not look into.
func Plain(v aspnetser.Value) (csharp string, ok bool, why string) {
	if f, isFloat := v.Float(); isFloat && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return "", false, "JSON has no NaN and no infinity"
	}
	t := (*typeName)(nil)
	if g, isObject := v.Graph(); isObject {
		t = typeOf(g.Root())
	} else if !v.IsNull() {
		t = simple("System." + v.Type().String())
	}
	if t == nil {
		return "", false, "null has no type"
	}
	if why := t.plain(); why != "" {
		return "", false, why
	}
	return t.csharp(true), true, ""
}

// plain says why JSON cannot carry a type; "" where it can.
func (t *typeName) plain() string {
	switch {
	case t.elem != nil && t.rank > 1:
		return "System.Text.Json has no arrays of several dimensions"
	case t.elem != nil:
		return t.elem.plain()
	case t.name == "System.Object":
		return "what is read into an object is a JsonElement"
	case t.name == "System.IntPtr" || t.name == "System.UIntPtr":
		return "a pointer means nothing in another process"
	case !t.framework() || t.enum:
		if !t.writable() {
			return "a class that no program can name"
		}
		return ""
	case keywords[t.name] == "" && !jsonClasses[t.name]:
		return t.csharp(true) + " has no form in JSON that can be read again"
	case t.name == "System.Collections.Generic.Dictionary`2" && len(t.args) == 2 && t.args[0].framework() && !keyTypes[t.args[0].name]:
		return "the keys of the dictionary are " + t.args[0].csharp(true) + ", which are no names in JSON"
	}
	for _, a := range t.args {
		if why := a.plain(); why != "" {
			return why
		}
	}
	return ""
}

// bridgeType is the type of a key as the bridge's configuration spells it: as C# does, but for enums, of which it has to
// know the assembly and what they are over.
func (k *Key) bridgeType() string {
	t := k.parsed
	if !t.enum {
		return k.Carried
	}
	over := ""
	if k.over != "" && k.over != "Int32" {
		over = "<" + keywords["System."+k.over] + ">"
	}
	assembly := t.assembly
	if assembly == "" {
		assembly = "mscorlib"
	}
	text := "enum" + over + "(" + t.name + ", " + assembly + ")"
	if k.Nulls > 0 {
		text += "?"
	}
	return text
}
