package inventory

import "slices"

// fatal are the findings by which no type of C# helps: JSON cannot carry such an item.
var fatal = breakPointer.set() | breakDelegate.set() | breakTables.set() | breakCycle.set() | breakSelf.set()

// register says of each key as which type it can be registered, or why it cannot, and which classes that takes. It is one
// table for ASP.NET Core and the bridge: a key that one of them alone knows is lost on the way.
func (a *app) register(s *schema, keys []*key) {
	var types []string
	for _, k := range keys {
		if k.Carried, k.Why = k.carried(s); k.Carried != "" && !slices.Contains(types, k.Carried) {
			types = append(types, k.Carried)
		}
	}
	var refused map[string]string
	a.classes, refused = a.survey.Schema(types)
	for _, k := range keys {
		if why := refused[k.Carried]; why != "" {
			k.Carried, k.Why, k.late = "", why, true
		}
		k.NeedsZone = k.Carried != "" && k.local
	}
}
