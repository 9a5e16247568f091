package compat

import "github.com/aspstate/aspstate/session"

// asyncVerbs call the procedures of the async provider 2.x (sql-layouts.md 6.2): the same on disk and in memory.
type asyncVerbs struct{ t *Table }

func (v asyncVerbs) read(exclusive bool) string {
	proc := "GetStateItem"
	if exclusive {
		proc = "GetStateItemExclusive"
	}
	return "DECLARE @short varbinary(1), @locked bit, @age int, @cookie int, @flags int;\n" +
		v.t.exec(proc, "@p1, @locked OUTPUT, @age OUTPUT, @cookie OUTPUT, @flags OUTPUT")
}

func (v asyncVerbs) insert(val session.Value, uninitialized bool) (call, bool) {
	proc := "InsertStateItem"
	if uninitialized {
		proc = "InsertUninitializedItem"
	}
	return call{v.t.exec(proc, "@p1, @p3, @p2"), []any{bytesOf(val), val.Timeout}}, true
}

func (v asyncVerbs) update(val session.Value, _ int32) call {
	return call{v.t.exec("UpdateStateItem", "@p1, @p2, @p4, @p3"), []any{bytesOf(val), val.Timeout}}
}

func (v asyncVerbs) release() string { return v.t.exec("ReleaseItemExclusive", "@p1, @p2") }
func (v asyncVerbs) remove() string  { return v.t.exec("RemoveStateItem", "@p1, @p2") }
func (v asyncVerbs) reset() string   { return v.t.exec("ResetItemTimeout", "@p1") }
