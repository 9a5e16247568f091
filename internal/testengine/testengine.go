// Package testengine is for tests that need a SQL Server, or an engine that speaks like one.
package testengine

import (
	"database/sql"
	"os"
	"testing"

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
)

// Variable names the environment variable with the DSN of a login that may create databases.
const Variable = "ASPSTATE_TEST_SQLSERVER"

// DSN is that of a login that may create databases, as a URL with a query. A test without an engine is skipped.
func DSN(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv(Variable)
	if dsn == "" {
		t.Skip(Variable + " is not set: a DSN of a login that may create databases")
	}
	return dsn
}

// Database makes a database anew, and connects to it.
func Database(t testing.TB, database string) *compat.Server {
	t.Helper()
	dsn := DSN(t)
	admin, err := sql.Open("sqlserver", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	for _, q := range []string{"DROP DATABASE IF EXISTS " + database, "CREATE DATABASE " + database} {
		if _, err := admin.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return Connect(t, dsn+"&database="+database)
}

// Connect connects to a database, perhaps by another way to it.
func Connect(t testing.TB, dsn string) *compat.Server {
	t.Helper()
	d, err := compat.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := compat.Connect(t.Context(), d, compat.ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Open opens the table of a layout in a database.
func Open(t testing.TB, s *compat.Server, name string, o compat.Options) *compat.Table {
	t.Helper()
	held, err := s.Detect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := held.Choose(name, "")
	if err != nil {
		t.Fatal(err)
	}
	table, err := s.Open(t.Context(), found, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table
}

// Clear empties tables of a database.
func Clear(t testing.TB, database string, tables ...string) {
	t.Helper()
	admin, err := sql.Open("sqlserver", DSN(t)+"&database="+database)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, name := range tables {
		if _, err := admin.Exec("DELETE FROM " + name); err != nil {
			t.Fatal(err)
		}
	}
}

// Table makes a database anew with the table of async 2.x on disk, and opens it; clear empties it.
func Table(t *testing.T, database string) (table *compat.Table, clear func(*testing.T)) {
	t.Helper()
	s := Database(t, database)
	if _, err := s.Install(t.Context(), compat.SchemaOptions{Layout: layout.SQLServer}); err != nil {
		t.Fatal(err)
	}
	table = Open(t, s, layout.SQLServer, compat.Options{})
	return table, func(t *testing.T) {
		t.Helper()
		Clear(t, database, "dbo."+table.Layout().Table)
	}
}
