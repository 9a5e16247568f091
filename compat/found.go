package compat

import (
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// Found is a session table that a database holds: what Detect returns, and what Open needs to use it.
type Found struct {
	// Layout is a copy with what this table has of its own: Table, Columns (types, collation of SessionId),
	// CaseInsensitiveIDs, Engine, SurvivesRestart, MaxID.
	Layout *layout.Layout
	// Variant is the finer id of sql-layouts.md 1 where the layout has several: fx-persist, fx-temp, fx-custom,
	// sample-mem with or without "retry". Empty otherwise.
	Variant string

	Database  string // that holds the tables; tempdb for fx-temp
	Schema    string // of the tables, as a rule dbo
	Collation string // of the column SessionId; SQL Server's name
	Procs     Procs

	Rows   int64  // approximate; -1: not known
	Newest string // for people: the newest Expires, RFC 3339 UTC (local time of the server for fx7); empty: not known
	Why    string // for people: which facts of the catalogue say so

	Triggers  []string // that are enabled on the table
	byExpires bool     // an index begins with Expires
}

// Procs says where and under which names the procedures of a layout are.
type Procs struct {
	Database string // as a rule that of the connection
	Schema   string
	Prefix   string   // "T_" of an async 2.x table with a name of its own (sql-layouts.md 6.1)
	Suffix   string   // "M", "MD" of its memory kinds with default names
	Missing  []string // those that the provider would call and that are not there
}

// variantRetry is the samples' script whose procedures try again by themselves.
const variantRetry = "retry"

// proc returns the quoted name of a procedure for a connection to database current.
func (f *Found) proc(current, proc string) string {
	return local(current, f.Procs.Database, f.Procs.Schema, f.Procs.Prefix+proc+f.Procs.Suffix)
}

// table returns the quoted name of a table for a connection to database current.
func (f *Found) table(current, table string) string {
	return local(current, f.Database, f.Schema, table)
}

// local leaves out the database where it is that of the connection: Azure SQL knows no other.
func local(current, database, schema, name string) string {
	if database == "" || strings.EqualFold(current, database) {
		return quoted(schema, name)
	}
	return quoted(database, schema, name)
}

// quoted joins names as SQL Server writes identifiers that may hold anything.
func quoted(parts ...string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('.')
		}
		if p != "" { // database..table means the login's default schema
			b.WriteString("[" + strings.ReplaceAll(p, "]", "]]") + "]")
		}
	}
	return b.String()
}
