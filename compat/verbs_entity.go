package compat

import "github.com/aspstate/aspstate/session"

// entityVerbs do what async 1.0 does through Entity Framework (sql-layouts.md 4): times come from the client (@now), an
// expired row is as none, a lock shows in Locked and LockDate while the cookie stays, and a write or a release does not
// renew.
//
// LockDate always rises with a lock, since it is what Entity Framework's clients tell a change by. In two points they are better than the provider, and no row shows it: an insert over an expired row makes a session
// that lives (the provider keeps the past Expires), and payloads are written without the unused end of a buffer.
type entityVerbs struct{ t *Table }

func (v entityVerbs) read(exclusive bool) string {
	lock := ""
	if exclusive {
		lock = ", [LockDate] = CASE WHEN @locked = 1 THEN [LockDate] WHEN @now > [LockDate] THEN @now ELSE DATEADD(ms, 4, [LockDate]) END, [Locked] = 1"
	}
	name := v.t.name()
	return "DECLARE @short varbinary(max), @locked bit, @cookie int, @flags int, @date datetime, @changed int;\nSET @changed = 0;\n" +
		"WHILE @changed = 0\nBEGIN\nSET @cookie = NULL;\n" +
		"SELECT @cookie = s.[LockCookie], @locked = s.[Locked], @flags = s.[Flags], @date = s.[LockDate] FROM " + name + " s" +
		" WHERE s.[SessionId] = @p1" + v.t.alive() + ";\nIF @cookie IS NULL BREAK;\n" +
		"UPDATE " + name + " SET [Expires] = DATEADD(minute, [Timeout], @now), [Flags] = CASE @locked WHEN 0 THEN 0 ELSE [Flags] END" + lock +
		" WHERE [SessionId] = @p1 AND [LockDate] = @date AND [Locked] = @locked AND [Flags] = @flags;\nSET @changed = @@ROWCOUNT;\nEND;\n" +
		"IF @locked = 1 SET @flags = 0;\n" +
		"SELECT @short = CASE WHEN @locked = 0 THEN [SessionItem] END FROM " + name + " WHERE [SessionId] = @p1;\n"
}

func (v entityVerbs) insert(val session.Value, uninitialized bool) (call, bool) {
	flags := "0"
	if uninitialized {
		flags = "1"
	}
	return call{
		"DELETE FROM " + v.t.name() + " WHERE [SessionId] = @p1 AND [Expires] < @now;\n" +
			"INSERT INTO " + v.t.name() + " ([SessionId], [Created], [Expires], [LockDate], [LockCookie], [Locked], [SessionItem], [Flags], [Timeout])\n" +
			"VALUES (@p1, @now, DATEADD(minute, @p3, @now), @now, 0, 0, @p2, " + flags + ", @p3);\n",
		[]any{bytesOf(val), val.Timeout},
	}, true
}

func (v entityVerbs) update(val session.Value, _ int32) call {
	return call{
		"UPDATE " + v.t.name() + " SET [Locked] = 0, [Timeout] = @p4, [SessionItem] = @p3 WHERE [SessionId] = @p1;\n",
		[]any{bytesOf(val), val.Timeout},
	}
}

func (v entityVerbs) release() string {
	return "UPDATE " + v.t.name() + " SET [Locked] = 0 WHERE [SessionId] = @p1 AND [Locked] = 1 AND [LockCookie] = @p2;\n"
}

func (v entityVerbs) remove() string {
	return "DELETE FROM " + v.t.name() + " WHERE [SessionId] = @p1 AND [LockCookie] = @p2;\n"
}

func (v entityVerbs) reset() string {
	return "UPDATE " + v.t.name() + " SET [Expires] = DATEADD(minute, [Timeout], @now) WHERE [SessionId] = @p1 AND [Expires] >= @now;\n"
}
