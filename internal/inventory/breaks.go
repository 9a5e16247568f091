package inventory

import (
	"cmp"
	"slices"
)

// breakCode is one thing that would break; breaks is a set of them.
type (
	breakCode uint8
	breaks    uint32
)

func (c breakCode) set() breaks       { return 1 << c }
func (b breaks) has(c breakCode) bool { return b&c.set() != 0 }

// The codes, the worst first.
const (
	breakSession breakCode = iota
	breakItem
	breakLimit
	breakNotCarried
	breakMixed
	breakPointer
	breakDelegate
	breakTables
	breakCycle
	breakSelf
	breakVaries
	breakPrivate
	breakObject
	breakDerived
	breakShared
	breakLocal
	breakCase
	breakGenerated
	breakNullKey
	breakLongKey
	breakStatic
	codes
)

// table says what the codes mean, and what to do. Section 13.3 of remote-session-protocol.md unless said otherwise.
var table = [codes]struct{ code, title, remedy string }{
	breakSession: {"undecodable-session", "sessions that cannot be read at all",
		"ASP.NET cannot read them either, or they are larger than the limits: look at one with `aspstate dump session ID`; a copy and the bridge carry them as they are."},
	breakItem: {"undecodable-item", "items that cannot be decoded",
		"The bridge keeps their bytes and hides the key from other programs; let the page that writes it write something else."},
	breakLimit: {"over-limit", "items over a limit of the reader",
		"They are kept as they are and hidden; make them smaller, or keep them in a cache and their key in the session."},
	breakNotCarried: {"not-carried", "items that JSON cannot carry",
		"Do not register the key: the bridge hides it from ASP.NET Core and keeps it; give Core what it needs of it under a second key of a simple type."},
	breakMixed: {"mixed-types", "several types under one key",
		"A key is registered with one type: let the pages agree on one, or use a key for each."},
	breakPointer: {"pointer", "IntPtr or UIntPtr",
		"A pointer means nothing in another process: take it out of the session, or store it as a long."},
	breakDelegate: {"delegate", "delegates",
		"A delegate names a method of one program: store what it was made of, and make it anew."},
	breakTables: {"dataset", "DataSets and DataTables",
		"System.Text.Json refuses them: store a list of a class of your own, or keep the table in a cache."},
	breakCycle: {"cycle", "objects that refer back to themselves",
		"JSON has no references: mark one direction with [JsonIgnore] and set it anew after reading, or store ids."},
	breakSelf: {"self-serialized", "classes that serialize themselves (ISerializable), exceptions among them",
		"Their members are what their code wrote, not their properties: give Core a plain class with the same data under another key."},
	breakVaries: {"members-vary", "classes whose members differ from session to session",
		"Either they serialize themselves (ISerializable), or sessions of several versions of the application are there: make all members optional, or wait until old sessions have expired."},
	breakPrivate: {"private-state", "classes that keep state in fields",
		"System.Text.Json writes public properties with a setter only: check that each field has one, or map it in the bridge's table."},
	breakObject: {"object-typed", "values in places declared as object, an interface or a base class",
		"System.Text.Json writes what is there and reads a JsonElement: declare the type itself, or add [JsonDerivedType]."},
	breakDerived: {"derived-collection", "classes derived from a collection",
		"JSON carries their elements and loses their other members: hold the collection in a property instead."},
	breakShared: {"shared-object", "objects that are referred to more than once",
		"JSON writes a copy for each mention, and what were one object are several after reading: check that no page relies on it."},
	breakLocal: {"local-time", "DateTimes inside objects that are local time",
		"Which zone that is only the web server knows: name it in the bridge's configuration, or store UTC."},
	breakCase: {"case", "keys that are spelled with different letter case",
		"ASP.NET takes them for one, ASP.NET Core and Go do not: use the spelling that is registered everywhere."},
	breakGenerated: {"generated-keys", "keys that programs make, such as cart_1, cart_2",
		"Keys are registered by their whole name: put what they hold into one dictionary under one key."},
	breakNullKey: {"null-key", "the null key",
		"No other program can name it: give it a name."},
	breakLongKey: {"long-key", "keys of more than 256 bytes",
		"They are counted by their beginning and not printed: they hold data that belong into the item."},
	breakStatic: {"static-objects", "static objects (<object runat=\"server\" scope=\"Session\">)",
		"They are carried along and no other program sees them: make them items."},
}

// broken makes the list of what would break.
func (a *app) broken(keys []*key) []Break {
	all := []Break{}
	for code := range codes {
		b := Break{Code: table[code].code, Title: table[code].title, Remedy: table[code].remedy, Sessions: a.breaks[code], Keys: []BreakKey{}}
		late := int64(0) // sessions of keys of which it showed at the end
		for _, k := range keys {
			n := k.breaks[code]
			switch {
			case code == breakMixed && k.mixed(), code == breakCase && len(k.Spellings) > 1, code == breakGenerated && k.Kind == KindGroup,
				code == breakNullKey && k.Kind == KindNull, code == breakLongKey && k.Kind == KindLong:
				n = k.Sessions
			}
			if code == breakNotCarried && k.late {
				n, late = k.Sessions, max(late, k.Sessions)
			}
			if n > 0 {
				b.Keys = append(b.Keys, BreakKey{k.Key.Key, k.Kind, n})
			}
		}
		slices.SortStableFunc(b.Keys, func(x, y BreakKey) int { return cmp.Compare(y.Sessions, x.Sessions) })
		if (code == breakMixed || code == breakCase || code == breakGenerated) && len(b.Keys) > 0 {
			b.Sessions, b.AtLeast = b.Keys[0].Sessions, len(b.Keys) > 1
		}
		if late > 0 {
			b.Sessions, b.AtLeast = max(b.Sessions, late), true
		}
		if b.Sessions == 0 {
			continue
		}
		if n := len(b.Keys) - maxBreakKeys; n > 0 {
			b.Keys, b.MoreKeys = b.Keys[:maxBreakKeys], n
		}
		all = append(all, b)
	}
	return all
}
