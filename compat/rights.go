package compat

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// neededRights are what a role does with its tables.
func neededRights(role Role) []string {
	if role == RoleSource {
		return []string{"SELECT"}
	}
	return []string{"SELECT", "INSERT", "UPDATE", "DELETE"}
}

func checkRights(ctx context.Context, in *inspection) (Check, error) {
	f := in.found
	tables := []string{f.Layout.Table}
	if f.Layout.ChunkTable != "" {
		tables = append(tables, f.Layout.ChunkTable)
	}
	var user sql.NullString
	if err := in.server.db.QueryRowContext(ctx, layout.Mark(layout.OpUser)+`SELECT USER_NAME()`).Scan(&user); err != nil {
		return Check{}, err
	}
	var missing, grants []string
	for _, table := range tables {
		var without []string
		for _, right := range neededRights(in.role) {
			var has sql.NullInt64
			if err := in.server.db.QueryRowContext(ctx, layout.Mark(layout.OpRight)+`SELECT HAS_PERMS_BY_NAME(@p1, 'OBJECT', @p2)`,
				f.table(in.server.Facts.Database, table), right).Scan(&has); err != nil {
				return Check{}, err
			}
			if has.Int64 != 1 {
				without = append(without, right)
			}
		}
		if without != nil {
			missing = append(missing, fmt.Sprintf("%s on %s", strings.Join(without, ", "), table))
			grants = append(grants, fmt.Sprintf("GRANT %s ON %s TO %s", strings.Join(without, ", "), quoted(f.Schema, table), quoted(user.String)))
		}
	}
	if missing == nil {
		return passed("", "this login has %s on the table", strings.Join(neededRights(in.role), ", ")), nil
	}
	remedy := "in database " + f.Database + ": " + strings.Join(grants, "; ")
	if strings.EqualFold(f.Database, tempdb) { // sql-layouts.md 3.1
		remedy += " (tempdb forgets it at the next restart)"
	}
	return Check{"", verdictRefused, "this login lacks " + strings.Join(missing, "; "), remedy}, nil
}
