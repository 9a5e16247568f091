package compat

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Newest fills f.Newest by one read of dates: the last entry of the index on Expires, without locks (sql-layouts.md 16.5
// allows that for dates). A disk table without such an index is left alone, its Newest stays empty. A memory table, which
// no view counts, is counted as well where f.Rows is not known.
func (s *Server) Newest(ctx context.Context, f *Found) error {
	hint, count, word := " WITH (READUNCOMMITTED)", "CAST(-1 AS bigint)", ""
	if f.Layout.Engine != layout.EngineDisk {
		hint = "" // READ UNCOMMITTED does not exist for memory tables; reading them takes no locks
		if f.Rows < 0 {
			count, word = "COUNT_BIG(*)", layout.WordCount
		}
	} else if !f.byExpires {
		return nil
	}
	var newest sql.NullTime
	var n int64
	err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpNewest, f.Layout.Reference, word)+`SELECT MAX([Expires]), `+count+` FROM `+f.table(s.Facts.Database, f.Layout.Table)+hint).
		Scan(&newest, &n)
	if err != nil {
		return fmt.Errorf("reading the newest Expires of %s: %w", f.place(), err)
	}
	if n >= 0 {
		f.Rows = n
	}
	if !newest.Valid {
		return nil
	}
	form := "2006-01-02T15:04:05.000Z07:00"
	if f.Layout.Clock == layout.ClockSQLLocal {
		form = "2006-01-02T15:04:05.000" // of a zone that is not known here
	}
	f.Newest = session.At(newest.Time).Time().UTC().Format(form)
	return nil
}
