package layout

import "strings"

// Procedure is a stored procedure that a provider calls. Params are the names of its parameters in their order, without the @.
type Procedure struct {
	Name   string
	Params []string
}

func procedure(name, params string) Procedure { return Procedure{name, strings.Fields(params)} }

const fxRead = "id itemShort locked lockAge lockCookie actionFlags"

// fxProcedures are those of aspnet_regsql and of the samples that a provider of .NET 2.0 and later calls (sql-layouts.md 3.5).
var fxProcedures = []Procedure{
	procedure("GetMajorVersion", "ver"),
	procedure("TempGetVersion", "ver"),
	procedure("TempGetAppID", "appName appId"),
	procedure("TempGetStateItem3", fxRead),
	procedure("TempGetStateItemExclusive3", fxRead),
	procedure("TempReleaseStateItemExclusive", "id lockCookie"),
	procedure("TempInsertUninitializedItem", "id itemShort timeout"),
	procedure("TempInsertStateItemShort", "id itemShort timeout"),
	procedure("TempInsertStateItemLong", "id itemLong timeout"),
	procedure("TempUpdateStateItemShort", "id itemShort timeout lockCookie"),
	procedure("TempUpdateStateItemShortNullLong", "id itemShort timeout lockCookie"),
	procedure("TempUpdateStateItemLong", "id itemLong timeout lockCookie"),
	procedure("TempUpdateStateItemLongNullShort", "id itemLong timeout lockCookie"),
	procedure("TempRemoveStateItem", "id lockCookie"),
	procedure("TempResetTimeout", "id"),
	procedure("DeleteExpiredSessions", ""),
}

// asyncProcedures are those of async 2.x (6.2).
var asyncProcedures = []Procedure{
	procedure("GetStateItemExclusive", "SessionId Locked LockAge LockCookie ActionFlags"),
	procedure("GetStateItem", "SessionId Locked LockAge LockCookie ActionFlags"),
	procedure("InsertStateItem", "SessionId Timeout SessionItemLong"),
	procedure("InsertUninitializedItem", "SessionId Timeout SessionItemLong"),
	procedure("UpdateStateItem", "SessionId LockCookie Timeout SessionItemLong"),
	procedure("ReleaseItemExclusive", "SessionId LockCookie"),
	procedure("RemoveStateItem", "SessionId LockCookie"),
	procedure("ResetItemTimeout", "SessionId"),
	procedure("DeleteExpiredSessionState", ""),
}

const chunkRead = "SessionId Locked LockAge LockCookie Initialized Item"

// chunkProcedures are those of SqlInMemory (9). Three have names that are also async 2.x's (6.1).
var chunkProcedures = []Procedure{
	procedure("InsertOrUpdateStateItem", "SessionId NewItem Initialized LockCookie Timeout ItemSize Item"),
	procedure("InsertOrUpdateStateItemMedium", "SessionId NewItem Initialized LockCookie Timeout ItemSize Item1 Item2 Item3 Item4 Item5 Item6 Item7 Item8 Item9"),
	procedure("InsertOrUpdateStateItemLarge", "SessionId NewItem LockCookie Timeout ItemSize Items"),
	procedure("GetStateItem", chunkRead),
	procedure("GetStateItemExclusive", chunkRead),
	procedure("ReleaseStateItemExclusive", "SessionId LockCookie"),
	procedure("RemoveItem", "SessionId LockCookie"),
	procedure("ResetItemTimeout", "SessionId"),
	procedure("DeleteExpiredSessions", ""),
}

// Procedures returns the procedures that a layout's provider calls; nil where it calls none. Nobody may write to them.
func (l *Layout) Procedures() []Procedure {
	switch l.Reference {
	case "fx8", FX7, "sample-mem":
		return fxProcedures
	case "async2-sql", "async2-mem", "async2-memdur":
		return asyncProcedures
	case "sqlinmem":
		return chunkProcedures
	}
	return nil
}

// ProcedureSuffix is what async 2.x appends to its procedures' names over a table of a default name (6.1); false where the
// table has a name of its own, which then stands before them.
func ProcedureSuffix(table string) (suffix string, ok bool) {
	for suffix, l := range map[string]*Layout{"": sqlServer, "M": inMemory, "MD": inMemoryDurable} {
		if strings.EqualFold(l.Table, table) {
			return suffix, true
		}
	}
	return "", false
}

// OldProcedures are the names of those that ASP.NET 1.x calls, whose sessions no later ASP.NET reads (3.5).
func OldProcedures() []string {
	return []string{"TempGetStateItem", "TempGetStateItem2", "TempGetStateItemExclusive", "TempGetStateItemExclusive2"}
}
