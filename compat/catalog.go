package compat

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
)

// catalog is what the catalogue of one database says about session tables and procedures: all that detection looks at.
type catalog struct {
	database string
	tables   []tableInfo
	procs    []procInfo
	unread   []string // for people: what could not be read, and so is not known

	procsUnread bool
}

// tableInfo is a table that may hold sessions.
type tableInfo struct {
	id           int64
	schema, name string
	columns      []columnInfo
	keysKnown    bool // indexes were read
	indexes      []indexInfo
	triggers     []string // those that are enabled
	memory       bool     // memory-optimized
	durable      bool     // memory: DURABILITY = SCHEMA_AND_DATA
	rows         int64    // approximate; -1: not known
}

type columnInfo struct {
	name, typ  string // typ as SQL Server writes it, in lower case: nvarchar(88)
	collation  string
	nullable   bool
	hasDefault bool
	identity   bool
	computed   bool // or made by the server otherwise: rowversion
}

type indexInfo struct {
	columns    []string // key columns in order
	unique     bool     // for all rows
	constraint bool     // primary key or unique constraint: a second row is error 2627
	primary    bool
}

type procInfo struct {
	schema, name string
	params       []string // without @; nil: none, or not known
	definition   string   // of the one that detection reads; empty: not known
}

func (t *tableInfo) column(name string) *columnInfo {
	i := slices.IndexFunc(t.columns, func(c columnInfo) bool { return strings.EqualFold(c.name, name) })
	if i < 0 {
		return nil
	}
	return &t.columns[i]
}

func (t *tableInfo) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return t.column(n) == nil })
}

// byExpires says whether an index begins with Expires.
func (t *tableInfo) byExpires() bool {
	return slices.ContainsFunc(t.indexes, func(i indexInfo) bool {
		return len(i.columns) > 0 && strings.EqualFold(i.columns[0], "Expires")
	})
}

func (c *catalog) table(schema, name string) *tableInfo {
	i := slices.IndexFunc(c.tables, func(t tableInfo) bool {
		return strings.EqualFold(t.schema, schema) && strings.EqualFold(t.name, name)
	})
	if i < 0 {
		return nil
	}
	return &c.tables[i]
}

// proc finds a procedure by name in any schema.
func (c *catalog) proc(name string) *procInfo {
	i := slices.IndexFunc(c.procs, func(p procInfo) bool { return strings.EqualFold(p.name, name) })
	if i < 0 {
		return nil
	}
	return &c.procs[i]
}

// byID returns the table of an object id.
func (c *catalog) byID(id int64) *tableInfo {
	i := slices.IndexFunc(c.tables, func(t tableInfo) bool { return t.id == id })
	if i < 0 {
		return nil
	}
	return &c.tables[i]
}

// typeName writes a type of sys.columns as the layouts do.
func typeName(name string, maxLength, scale int) string {
	name = strings.ToLower(name)
	switch name {
	case "nvarchar", "nchar":
		if maxLength > 0 {
			maxLength /= 2
		}
	case "varchar", "char", "varbinary", "binary":
	case "datetime2", "datetimeoffset", "time":
		return name + "(" + strconv.Itoa(scale) + ")"
	default:
		return name
	}
	if maxLength < 0 {
		return name + "(max)"
	}
	return name + "(" + strconv.Itoa(maxLength) + ")"
}

// refusedByServer says that the server answered and did not want to: no right, or no such view in this version. What was
// asked for is then not known, and that is all.
func refusedByServer(err error) bool {
	var e mssql.Error
	return errors.As(err, &e) && e.Class < 20
}

// within names a catalogue view of a database; the connection's own needs no database in front, and Azure SQL wants none.
func (s *Server) within(database, view string) string {
	if strings.EqualFold(database, s.Facts.Database) {
		return view
	}
	return quoted(database) + "." + view
}

// eachRow runs a query and hands over its rows.
func (s *Server) eachRow(ctx context.Context, text string, row func(*sql.Rows) error, args ...any) error {
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
