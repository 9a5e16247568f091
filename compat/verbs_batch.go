package compat

import (
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// batchVerbs do what the batches of async 1.1 do, which has no procedures (sql-layouts.md 5; effects 3.6). They also stand in
// for the samples' procedures with retry: those end the transaction of whoever calls them when they try again, and begin
// one of their own (sql-layouts.md 8).
//
// A read looks at the row and then changes it only if it is still so: that is one step on every engine, whether it locks
// rows or works on versions of them. A row that was not there and comes in between has not been read.
type batchVerbs struct{ t *Table }

func (v batchVerbs) read(exclusive bool) string {
	t, lock := v.t, ""
	if exclusive {
		lock = ", [LockDate] = CASE @locked WHEN 0 THEN GETUTCDATE() ELSE [LockDate] END" +
			", [LockDateLocal] = CASE @locked WHEN 0 THEN GETDATE() ELSE [LockDateLocal] END" +
			", [LockCookie] = @cookie + CASE @locked WHEN 0 THEN 1 ELSE 0 END, [Locked] = 1"
	}
	hint := t.engine.hint()
	return "DECLARE @short varbinary(max), @locked bit, @cookie int, @flags int, @changed int;\nSET @changed = 0;\nWHILE @changed = 0\nBEGIN\n" +
		"SET @cookie = NULL;\n" +
		"SELECT @cookie = [LockCookie], @locked = [Locked], @flags = [Flags] FROM " + t.name() + hint + " WHERE [SessionId] = @p1;\n" +
		"IF @cookie IS NULL BREAK;\n" +
		"UPDATE " + t.name() + hint + " SET [Expires] = DATEADD(minute, [Timeout], GETUTCDATE()), [Flags] = [Flags] & -2" + lock +
		" WHERE [SessionId] = @p1 AND [LockCookie] = @cookie AND [Locked] = @locked AND [Flags] = @flags;\n" +
		"SET @changed = @@ROWCOUNT;\nEND;\n" +
		"IF @changed > 0\nSELECT @cookie = [LockCookie], @short = CASE WHEN @locked = 0 THEN " + v.payload() + " END FROM " + t.name() + hint +
		" WHERE [SessionId] = @p1;\n"
}

func (v batchVerbs) hasShort() bool { return v.t.layout.Form == layout.FormShortLong }

// payload is the payload of a row: Long, if that is not NULL (sql-layouts.md 7.1).
func (v batchVerbs) payload() string {
	if v.hasShort() {
		return "COALESCE(CONVERT(varbinary(max), [SessionItemLong]), [SessionItemShort])"
	}
	return "CONVERT(varbinary(max), [SessionItemLong])"
}

// columns are the payload columns with what goes into each, of which param is the payload's parameter.
func (v batchVerbs) columns(val session.Value, param string) [][2]string {
	switch {
	case !v.hasShort():
		return [][2]string{{"[SessionItemLong]", param}}
	case len(val.Payload) <= shortLimit:
		return [][2]string{{"[SessionItemShort]", param}, {"[SessionItemLong]", "NULL"}}
	}
	return [][2]string{{"[SessionItemShort]", "NULL"}, {"[SessionItemLong]", param}}
}

func (v batchVerbs) insert(val session.Value, uninitialized bool) (call, bool) {
	flags := "0"
	if uninitialized {
		flags = "1"
	}
	names, values := "", ""
	for _, c := range v.columns(val, "@p2") {
		names, values = names+", "+c[0], values+", "+c[1]
	}
	return call{
		"DECLARE @utc datetime;\nSET @utc = GETUTCDATE();\nINSERT INTO " + v.t.name() + v.t.engine.hint() + " ([SessionId], [Created], [Expires], [LockDate], [LockDateLocal], [LockCookie], [Timeout], [Locked], [Flags]" + names + ")\n" +
			"VALUES (@p1, @utc, DATEADD(minute, @p3, @utc), @utc, GETDATE(), 1, @p3, 0, " + flags + values + ");\n",
		[]any{bytesOf(val), val.Timeout},
	}, true
}

func (v batchVerbs) change(set, where string) string {
	return "UPDATE " + v.t.name() + v.t.engine.hint() + " SET " + set + " WHERE [SessionId] = @p1" + where + ";\n"
}

func (v batchVerbs) update(val session.Value, _ int32) call {
	set := "[Expires] = DATEADD(minute, @p4, GETUTCDATE()), [Timeout] = @p4, [Locked] = 0"
	for _, c := range v.columns(val, "@p3") {
		set += ", " + c[0] + " = " + c[1]
	}
	return call{v.change(set, " AND [LockCookie] = @p2"), []any{bytesOf(val), val.Timeout}}
}

func (v batchVerbs) release() string {
	return v.change("[Expires] = DATEADD(minute, [Timeout], GETUTCDATE()), [Locked] = 0", " AND [LockCookie] = @p2")
}

func (v batchVerbs) remove() string {
	return "DELETE FROM " + v.t.name() + v.t.engine.hint() + " WHERE [SessionId] = @p1 AND [LockCookie] = @p2;\n"
}

func (v batchVerbs) reset() string {
	return v.change("[Expires] = DATEADD(minute, [Timeout], GETUTCDATE())", "")
}
