package compat

import (
	"context"
	"fmt"

	"github.com/aspstate/aspstate/compat/layout"
)

// Sweep implements session.Sweeper. It tests Expires again as it deletes, as the providers' purge does (sql-layouts.md 12).
func (t *Table) Sweep(ctx context.Context, limit int) (int, error) {
	if err := t.writable(); err != nil {
		return 0, err
	}
	now := "GETUTCDATE()"
	if t.alive() != "" {
		now = "@now"
	}
	hint := t.engine.hint()
	text := t.mark(layout.OpSweep) + sessionSettings + t.engine.write() + "DECLARE @n int;\nDECLARE @dead TABLE ([SessionId] nvarchar(88)" + t.collate() + " PRIMARY KEY);\nBEGIN TRAN;\n" +
		"INSERT INTO @dead SELECT TOP (@p1) s.[SessionId] FROM " + t.name() + " s" + hint + " WHERE s.[Expires] < " + now + ";\n"
	if t.chunked() {
		text += "DELETE FROM " + t.chunkTable() + hint + " WHERE [SessionId] IN (SELECT s.[SessionId] FROM " + t.name() + " s" + hint +
			" WHERE s.[SessionId] IN (SELECT [SessionId] FROM @dead) AND s.[Expires] < " + now + ");\n"
	}
	text += "DELETE FROM " + t.name() + hint + " WHERE [SessionId] IN (SELECT [SessionId] FROM @dead) AND [Expires] < " + now + ";\n" +
		"SET @n = @@ROWCOUNT;\nSELECT @n;\n" + commit
	var n int
	err := t.o.Retry.Do(ctx, true, func(ctx context.Context) error { return t.lastRow(ctx, text, t.timed([]any{limit}), &n) })
	if err != nil {
		return 0, fmt.Errorf("purging %s: %w", t.layout.Table, err)
	}
	return n, nil
}

// Count implements session.Counter. On disk it reads without locks, and may be off by rows that come and go.
func (t *Table) Count(ctx context.Context) (n int64, err error) {
	hint := ""
	if !t.engine.memory {
		hint = " WITH (READUNCOMMITTED)"
	}
	err = t.o.Retry.Do(ctx, true, func(ctx context.Context) error {
		return t.server.db.QueryRowContext(ctx, t.mark(layout.OpCount)+"SELECT COUNT_BIG(*) FROM "+t.name()+hint).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("counting %s: %w", t.layout.Table, err)
	}
	return n, nil
}
