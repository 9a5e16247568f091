package compat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// marksPerStatement leaves room below the 2100 parameters that a statement may have.
const marksPerStatement = 200

// Mark implements session.Controller. Many marks are several statements: where one fails, those before it are made.
func (c *Control) Mark(ctx context.Context, marks ...session.Mark) error {
	for i := range marks {
		if err := marks[i].Check(); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(unique(marks), marksPerStatement) {
		// A mark that another client makes at this moment (2627) is there the next time.
		const races = 3
		var err error
		for range races {
			if err = c.mark(ctx, some); !isDuplicate(err) {
				break
			}
		}
		if err != nil {
			return fmt.Errorf("marking %d keys dirty: %w", len(some), err)
		}
	}
	return nil
}

func (c *Control) mark(ctx context.Context, marks []session.Mark) error {
	var rows []string
	var args []any
	for _, m := range marks {
		n := len(args)
		rows = append(rows, fmt.Sprintf("SELECT @p%d, @p%d, @p%d, @p%d WHERE NOT EXISTS (SELECT 1 FROM [dbo].[aspstate_dirty] WHERE [app] = @p%d AND [hash] = @p%d)",
			n+1, n+2, n+3, n+4, n+1, n+2))
		args = append(args, []byte(m.Key.App), hashOf(m), m.Key.ID, []byte(m.ID))
	}
	return c.exec(ctx, layout.Mark(layout.OpMark)+sessionSettings+"SET LOCK_TIMEOUT 5000;\nINSERT INTO [dbo].[aspstate_dirty] ([app], [hash], [id], [mark])\n"+
		strings.Join(rows, "\nUNION ALL "), args)
}

// Unmark implements session.Controller.
func (c *Control) Unmark(ctx context.Context, marks ...session.Mark) error {
	for some := range slices.Chunk(unique(marks), marksPerStatement) {
		var which []string
		var args []any
		for _, m := range some {
			n := len(args)
			which = append(which, fmt.Sprintf("[app] = @p%d AND [hash] = @p%d", n+1, n+2))
			args = append(args, []byte(m.Key.App), hashOf(m))
		}
		err := c.exec(ctx, layout.Mark(layout.OpUnmark)+sessionSettings+"SET LOCK_TIMEOUT 5000;\nDELETE FROM [dbo].[aspstate_dirty] WHERE "+
			strings.Join(which, "\nOR "), args)
		if err != nil {
			return fmt.Errorf("taking %d marks away: %w", len(some), err)
		}
	}
	return nil
}

// exec runs a statement that may be run again.
func (c *Control) exec(ctx context.Context, text string, args []any) error {
	return c.retry.Do(ctx, true, func(ctx context.Context) error {
		_, err := c.server.db.ExecContext(ctx, text, args...)
		return err
	})
}

func unique(marks []session.Mark) []session.Mark {
	if len(marks) < 2 {
		return marks
	}
	seen := make(map[session.Mark]bool, len(marks))
	return slices.DeleteFunc(slices.Clone(marks), func(m session.Mark) bool {
		again := seen[m]
		seen[m] = true
		return again
	})
}

// Marks implements session.Controller. They are ordered by their hashes.
func (c *Control) Marks(ctx context.Context, app string, after *session.Mark, limit int) ([]session.Mark, error) {
	if limit < 1 {
		return nil, fmt.Errorf("listing dirty keys: limit %d is below 1", limit)
	}
	behind := []byte{} // less than every hash
	if after != nil {
		behind = hashOf(*after)
	}
	text := layout.Mark(layout.OpMarks) + "SELECT TOP (@p1) [id], [mark] FROM [dbo].[aspstate_dirty] WHERE [app] = @p2 AND [hash] > @p3 ORDER BY [hash]"
	var page []session.Mark
	err := c.retry.Do(ctx, true, func(ctx context.Context) error {
		rows, err := c.server.db.QueryContext(ctx, text, limit, []byte(app), behind)
		if err != nil {
			return err
		}
		defer rows.Close()
		page = nil
		for rows.Next() {
			m := session.Mark{Key: session.Key{App: app}}
			var id []byte
			if err := rows.Scan(&m.Key.ID, &id); err != nil {
				return err
			}
			m.ID = string(id)
			page = append(page, m)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("listing dirty keys: %w", err)
	}
	return page, nil
}
