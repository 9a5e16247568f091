package tds

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// procedure answers a call of one of the providers' procedures. Its name and parameters are the layout's.
type procedure struct {
	params []string // in order, for those who name none
	do     func(p *performance) error
	// emptyFlags: of an absent session ActionFlags is 0 and not NULL (sql-layouts.md 6.3).
	emptyFlags bool
	// chunks: payloads are as SqlInMemory has them, and ids have no suffix (sql-layouts.md 9).
	chunks bool
}

// What the procedures do, by their names.
var (
	fxEffects = map[string]func(*performance) error{
		"GetMajorVersion":                  (*performance).majorVersion,
		"TempGetVersion":                   (*performance).version,
		"TempGetAppID":                     (*performance).appID,
		"TempGetStateItem3":                (*performance).get,
		"TempGetStateItemExclusive3":       (*performance).getExclusive,
		"TempReleaseStateItemExclusive":    release,
		"TempInsertUninitializedItem":      create,
		"TempInsertStateItemShort":         insert,
		"TempInsertStateItemLong":          insert,
		"TempUpdateStateItemShort":         update,
		"TempUpdateStateItemShortNullLong": update,
		"TempUpdateStateItemLong":          update,
		"TempUpdateStateItemLongNullShort": update,
		"TempRemoveStateItem":              remove,
		"TempResetTimeout":                 reset,
		"DeleteExpiredSessions":            (*performance).sweep,
	}
	asyncEffects = map[string]func(*performance) error{
		"GetStateItemExclusive":     (*performance).getExclusive,
		"GetStateItem":              (*performance).get,
		"InsertStateItem":           insert,
		"InsertUninitializedItem":   create,
		"UpdateStateItem":           update,
		"ReleaseItemExclusive":      release,
		"RemoveStateItem":           remove,
		"ResetItemTimeout":          reset,
		"DeleteExpiredSessionState": (*performance).sweep,
	}
	chunkEffects = map[string]func(*performance) error{
		"InsertOrUpdateStateItem":       (*performance).put,
		"InsertOrUpdateStateItemMedium": (*performance).put,
		"InsertOrUpdateStateItemLarge":  (*performance).put,
		"GetStateItem":                  (*performance).get,
		"GetStateItemExclusive":         (*performance).getExclusive,
		"ReleaseStateItemExclusive":     release,
		"RemoveItem":                    remove,
		"ResetItemTimeout":              reset,
		"DeleteExpiredSessions":         (*performance).sweep,
	}
)

// The procedures, by their names in lower case. Those of async 2.x may have a table's name before them or a kind's suffix
// behind (sql-layouts.md 6.1).
var (
	fxProcedures    = proceduresOf(layout.FrameworkCompat, fxEffects)
	asyncProcedures = proceduresOf(layout.SQLServer, asyncEffects)
	chunkProcedures = proceduresOf(layout.SQLInMemory, chunkEffects)
	oldProcedures   = layout.OldProcedures()
)

func proceduresOf(name string, effects map[string]func(*performance) error) map[string]*procedure {
	l, err := layout.ByName(name)
	if err != nil {
		panic(err)
	}
	all := map[string]*procedure{}
	for _, q := range l.Procedures() {
		do := effects[q.Name]
		if do == nil {
			panic("tds: nobody knows what " + q.Name + " does")
		}
		all[strings.ToLower(q.Name)] = &procedure{params: q.Params, do: do, chunks: name == layout.SQLInMemory}
	}
	return all
}

// findProcedure returns the procedure that a call is meant for, by its name and its parameters, or why there is none.
func findProcedure(q *call) (*procedure, *sqlError) {
	name := strings.ToLower(procName(q.name))
	var all []*procedure
	for _, p := range []*procedure{fxProcedures[name], asyncNamed(name), chunkProcedures[name]} {
		if p == nil {
			continue
		}
		if p.takes(q) {
			return p, nil
		}
		all = append(all, p)
	}
	sent := procName(q.name)
	if all == nil {
		e := &sqlError{number: 2812, state: 62, class: 16, text: fmt.Sprintf("Could not find stored procedure '%s'.", sent)}
		if isOld(name) {
			e.text += " It is that of ASP.NET 1.x, whose sessions come from another serializer; this server (aspstate) serves ASP.NET 2.0 and later."
		}
		return nil, e
	}
	for _, p := range q.params {
		own := strings.TrimLeft(p.name, "@")
		if !slices.ContainsFunc(all, func(p *procedure) bool { return own == "" || p.has(own) }) {
			e := &sqlError{number: 8145, state: 1, class: 16, proc: sent, text: fmt.Sprintf("%s is not a parameter for procedure %s.", p.name, sent)}
			if strings.EqualFold(own, "lockDate") {
				e.text += " Clients of SQL Server 7 have it; this server (aspstate) answers as SQL Server 2000 and later."
			}
			return nil, e
		}
	}
	return nil, &sqlError{number: 8144, state: 2, class: 16, proc: sent, text: fmt.Sprintf("Procedure or function %s has other arguments than were specified.", sent)}
}

// isOld says whether a procedure is one of ASP.NET 1.x's.
func isOld(name string) bool {
	return slices.ContainsFunc(oldProcedures, func(old string) bool { return strings.EqualFold(old, name) })
}

// asyncNamed returns the procedure of async 2.x that has a name, whatever its table is; nil if there is none.
func asyncNamed(name string) *procedure {
	if p := asyncProcedures[name]; p != nil {
		return p
	}
	if p := memoryProcedures[name]; p != nil {
		return p
	}
	if i := strings.LastIndexByte(name, '_'); i >= 0 {
		return asyncProcedures[name[i+1:]]
	}
	return nil
}

// memoryProcedures are those of async 2.x over memory tables with default names.
var memoryProcedures = func() map[string]*procedure {
	all := map[string]*procedure{}
	for name, p := range asyncProcedures {
		own := *p
		own.emptyFlags = name == "getstateitemexclusive"
		for _, kind := range []string{layout.InMemory, layout.InMemoryDurable} {
			l, err := layout.ByName(kind)
			if err != nil {
				panic(err)
			}
			suffix, _ := layout.ProcedureSuffix(l.Table)
			all[name+strings.ToLower(suffix)] = &own
		}
	}
	return all
}()

// has says whether a procedure has a parameter.
func (p *procedure) has(name string) bool { return p.index(name) >= 0 }

func (p *procedure) index(name string) int {
	return slices.IndexFunc(p.params, func(own string) bool { return strings.EqualFold(own, name) })
}

// nameOf is the lower-case name of a call's parameter, its place's where it has none.
func (p *procedure) nameOf(i int, sent string) string {
	if sent == "" && i < len(p.params) {
		sent = p.params[i]
	}
	return strings.ToLower(strings.TrimLeft(sent, "@")) // GetMajorVersion has @@ver
}

// takes says whether a call has no parameters but those of a procedure, each once.
func (p *procedure) takes(q *call) bool {
	if len(q.params) > len(p.params) {
		return false
	}
	seen := 0 // a bit for each
	for i, sent := range q.params {
		at := i
		if sent.name != "" {
			at = p.index(strings.TrimLeft(sent.name, "@"))
		}
		if at < 0 || seen&(1<<at) != 0 {
			return false
		}
		seen |= 1 << at
	}
	return true
}
