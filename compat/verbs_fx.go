package compat

import "github.com/aspstate/aspstate/session"

// fxVerbs call the procedures of aspnet_regsql and of the SQL Server samples (sql-layouts.md 3.5 to 3.7, 8).
//
// A write calls the procedure that also sets the other payload column to NULL. It is right whatever the row held, so it
// does not depend on what this client has read, and mends rows in which FrameworkCompat has left both columns (7.1).
type fxVerbs struct{ t *Table }

func (v fxVerbs) read(exclusive bool) string {
	proc := "TempGetStateItem3"
	if exclusive {
		proc = "TempGetStateItemExclusive3"
	}
	return "DECLARE @short varbinary(7000), @locked bit, @age int, @cookie int, @flags int;\n" +
		v.t.exec(proc, "@p1, @short OUTPUT, @locked OUTPUT, @age OUTPUT, @cookie OUTPUT, @flags OUTPUT")
}

func (v fxVerbs) insert(val session.Value, uninitialized bool) (call, bool) {
	proc := "TempInsertStateItemShort"
	switch long := len(val.Payload) > shortLimit; {
	case uninitialized && long: // @itemShort would cut it
		return call{}, false
	case uninitialized:
		proc = "TempInsertUninitializedItem"
	case long:
		proc = "TempInsertStateItemLong"
	}
	return call{v.t.exec(proc, "@p1, @p2, @p3"), []any{bytesOf(val), val.Timeout}}, true
}

func (v fxVerbs) update(val session.Value, _ int32) call {
	proc := "TempUpdateStateItemShortNullLong"
	if len(val.Payload) > shortLimit {
		proc = "TempUpdateStateItemLongNullShort"
	}
	return call{v.t.exec(proc, "@p1, @p3, @p4, @p2"), []any{bytesOf(val), val.Timeout}}
}

func (v fxVerbs) release() string { return v.t.exec("TempReleaseStateItemExclusive", "@p1, @p2") }
func (v fxVerbs) remove() string  { return v.t.exec("TempRemoveStateItem", "@p1, @p2") }
func (v fxVerbs) reset() string   { return v.t.exec("TempResetTimeout", "@p1") }

// bytesOf is a payload as a parameter: never NULL.
func bytesOf(v session.Value) []byte {
	if v.Payload == nil {
		return []byte{}
	}
	return v.Payload
}
