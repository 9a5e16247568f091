package compat

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// readCatalog reads the catalogue of a database: catalogue views only, no session table. What the server does not let
// this login see, or does not have, is left out and told in unread; only the tables themselves must be readable.
func (s *Server) readCatalog(ctx context.Context, database string) (*catalog, error) {
	c := &catalog{database: database}
	if err := s.readTables(ctx, c); err != nil {
		return nil, fmt.Errorf("reading the catalogue of database %q: %w", database, err)
	}
	for _, part := range []struct {
		what string
		read func(context.Context, *catalog) error
	}{
		{"indexes", s.readIndexes}, {"triggers", s.readTriggers}, {"procedures", s.readProcs}, {"row counts", s.readCounts},
	} {
		err := part.read(ctx, c)
		if err != nil && !refusedByServer(err) {
			return nil, fmt.Errorf("reading the catalogue of database %q: %s: %w", database, part.what, err)
		}
		if err != nil {
			c.unread = append(c.unread, fmt.Sprintf("%s of database %s could not be read: %v", part.what, database, err))
		}
	}
	return c, nil
}

// about marks a text about a catalogue.
func (s *Server) about(op layout.Operation, c *catalog) string {
	where := ""
	if !strings.EqualFold(c.database, s.Facts.Database) {
		where = layout.WordElsewhere
	}
	return layout.Mark(op, where)
}

// readTables reads the tables that have a column SessionId or a name that a provider gives, in small statements: one that
// joins all these views takes some servers long to plan.
// Babelfish has names in lower case in sys and as they were written in INFORMATION_SCHEMA.
func (s *Server) readTables(ctx context.Context, c *catalog) error {
	withID := "0"
	err := s.eachRow(ctx, s.about(layout.OpTableIDs, c)+`SELECT k.object_id FROM `+s.within(c.database, "sys.columns")+` k
WHERE k.name COLLATE Latin1_General_CI_AS = N'SessionId'`, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		withID += fmt.Sprintf(",%d", id)
		return err
	})
	if err != nil {
		return err
	}
	memory := "t.is_memory_optimized, t.durability"
	if s.Facts.Major > 0 && s.Facts.Major < 12 { // before 2014 a statement that names them does not compile (sql-layouts.md 14)
		memory = "CAST(0 AS bit), 0"
	}
	err = s.eachRow(ctx, s.about(layout.OpTables, c)+`SELECT t.object_id, s.name, ISNULL(i.TABLE_NAME, t.name), `+memory+`
FROM `+s.within(c.database, "sys.tables")+` t
JOIN `+s.within(c.database, "sys.schemas")+` s ON s.schema_id = t.schema_id
LEFT JOIN `+s.within(c.database, "INFORMATION_SCHEMA.TABLES")+` i ON i.TABLE_SCHEMA = s.name AND i.TABLE_NAME = t.name
WHERE t.name COLLATE Latin1_General_CI_AS IN (`+defaultNames()+`) OR t.object_id IN (`+withID+`)
ORDER BY s.name, t.name, t.object_id`, func(rows *sql.Rows) error {
		t := tableInfo{rows: -1}
		var durability int
		if err := rows.Scan(&t.id, &t.schema, &t.name, &t.memory, &durability); err != nil {
			return err
		}
		t.durable = t.memory && durability == 0 // 0: SCHEMA_AND_DATA, 1: SCHEMA_ONLY (sql-layouts.md 7)
		c.tables = append(c.tables, t)
		return nil
	})
	if err != nil {
		return err
	}
	return s.readColumns(ctx, c)
}

func (s *Server) readColumns(ctx context.Context, c *catalog) error {
	text := s.about(layout.OpColumns, c) + `SELECT c.object_id, c.name, y.name, c.max_length, c.scale, c.is_nullable, c.default_object_id, c.is_identity, c.is_computed,
	ISNULL(c.collation_name, N'')
FROM ` + s.within(c.database, "sys.columns") + ` c
LEFT JOIN ` + s.within(c.database, "sys.types") + ` y ON y.user_type_id = c.system_type_id
WHERE c.object_id IN (` + c.ids() + `) ORDER BY c.object_id, c.column_id`
	return s.eachRow(ctx, text, func(rows *sql.Rows) error {
		var id int64
		var col columnInfo
		var defaults, maxLength, scale int
		var typ sql.NullString
		if err := rows.Scan(&id, &col.name, &typ, &maxLength, &scale, &col.nullable, &defaults, &col.identity, &col.computed,
			&col.collation); err != nil {
			return err
		}
		col.typ, col.hasDefault = typeName(typ.String, maxLength, scale), defaults != 0
		col.computed = col.computed || col.typ == "timestamp"
		if t := c.byID(id); t != nil {
			t.columns = append(t.columns, col)
		}
		return nil
	})
}

func (s *Server) readIndexes(ctx context.Context, c *catalog) error {
	text := s.about(layout.OpIndexes, c) + `SELECT x.object_id, x.index_id, x.is_primary_key, x.is_unique_constraint, x.is_unique, x.has_filter, c.name
FROM ` + s.within(c.database, "sys.indexes") + ` x
JOIN ` + s.within(c.database, "sys.index_columns") + ` k ON k.object_id = x.object_id AND k.index_id = x.index_id
JOIN ` + s.within(c.database, "sys.columns") + ` c ON c.object_id = k.object_id AND c.column_id = k.column_id
WHERE k.key_ordinal > 0 AND x.is_disabled = 0 AND x.object_id IN (` + c.ids() + `)
ORDER BY x.object_id, x.index_id, k.key_ordinal`
	type key struct{ table, index int64 }
	var last key
	err := s.eachRow(ctx, text, func(rows *sql.Rows) error {
		var k key
		var i indexInfo
		var unique, filtered bool
		var column string
		if err := rows.Scan(&k.table, &k.index, &i.primary, &i.constraint, &unique, &filtered, &column); err != nil {
			return err
		}
		t := c.byID(k.table)
		if t == nil {
			return nil
		}
		if k != last {
			i.constraint, i.unique = i.constraint || i.primary, (unique || i.primary) && !filtered
			t.indexes = append(t.indexes, i)
		}
		last = k
		x := &t.indexes[len(t.indexes)-1]
		x.columns = append(x.columns, column)
		return nil
	})
	for i := range c.tables {
		c.tables[i].keysKnown = err == nil
	}
	return err
}

func (s *Server) readTriggers(ctx context.Context, c *catalog) error {
	text := s.about(layout.OpTriggers, c) + `SELECT g.parent_id, g.name FROM ` + s.within(c.database, "sys.triggers") + ` g
WHERE g.is_disabled = 0 AND g.parent_id IN (` + c.ids() + `) ORDER BY g.name`
	return s.eachRow(ctx, text, func(rows *sql.Rows) error {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		if t := c.byID(id); t != nil {
			t.triggers = append(t.triggers, name)
		}
		return nil
	})
}

// readProcs reads all procedures with their parameters, and the text of one of aspnet_regsql's: it says in which database
// their table is (sql-layouts.md 3.1).
func (s *Server) readProcs(ctx context.Context, c *catalog) error {
	text := s.about(layout.OpProcedures, c) + `SELECT s.name, p.object_id, p.name, ISNULL(a.name, N''),
	CASE WHEN p.name = N'TempGetStateItem3' AND ISNULL(a.parameter_id, 1) = 1 THEN m.definition END
FROM ` + s.within(c.database, "sys.procedures") + ` p
JOIN ` + s.within(c.database, "sys.schemas") + ` s ON s.schema_id = p.schema_id
LEFT JOIN ` + s.within(c.database, "sys.all_parameters") + ` a ON a.object_id = p.object_id AND a.parameter_id > 0
LEFT JOIN ` + s.within(c.database, "sys.sql_modules") + ` m ON m.object_id = p.object_id
ORDER BY p.object_id, a.parameter_id`
	last := int64(-1)
	err := s.eachRow(ctx, text, func(rows *sql.Rows) error {
		var p procInfo
		var id int64
		var param string
		var definition sql.NullString
		if err := rows.Scan(&p.schema, &id, &p.name, &param, &definition); err != nil {
			return err
		}
		if id != last {
			p.definition = definition.String
			c.procs = append(c.procs, p)
		}
		last = id
		if param != "" {
			q := &c.procs[len(c.procs)-1]
			q.params = append(q.params, strings.TrimLeft(param, "@"))
		}
		return nil
	})
	c.procsUnread = err != nil
	return err
}

// readCounts asks for approximate row counts: sys.dm_db_partition_stats needs VIEW DATABASE STATE, sys.partitions does not. Neither
// counts memory tables, and sys.dm_db_xtp_table_memory_stats has bytes, not rows: [Server.Newest] counts those. Babelfish
// answers 0 for everything it has not analysed.
func (s *Server) readCounts(ctx context.Context, c *catalog) error {
	read := func(from, count string) error {
		return s.eachRow(ctx, s.about(layout.OpCounts, c)+`SELECT p.object_id, SUM(p.`+count+`) FROM `+s.within(c.database, from)+` p
WHERE p.index_id IN (0, 1) AND p.object_id IN (`+c.ids()+`) GROUP BY p.object_id`, func(rows *sql.Rows) error {
			var id, n int64
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			if t := c.byID(id); t != nil && !t.memory && (n > 0 || !s.Facts.Babelfish) {
				t.rows = n
			}
			return nil
		})
	}
	err := read("sys.dm_db_partition_stats", "row_count")
	if refusedByServer(err) {
		err = read("sys.partitions", "rows")
	}
	return err
}

// ids lists the object ids of the tables for IN. They are numbers of the server's own.
func (c *catalog) ids() string {
	list := "0"
	for _, t := range c.tables {
		list += fmt.Sprintf(",%d", t.id)
	}
	return list
}
