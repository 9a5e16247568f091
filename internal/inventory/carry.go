package inventory

// fatal are the findings by which no type of C# helps: JSON cannot carry such an item.
var fatal = breakPointer.set() | breakDelegate.set() | breakTables.set() | breakCycle.set() | breakSelf.set()

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
