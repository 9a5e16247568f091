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
	s, err := compat.Connect(t.Context(), d, compat.ConnectOptions{MaxConns: 6})
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

// DB opens a database for the statements of a test.
func DB(t testing.TB, database string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlserver", DSN(t)+"&database="+database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Table makes a database anew with the table of async 2.x on disk, and opens it; clear empties it.
func Table(t *testing.T, database string) (table *compat.Table, clear func(*testing.T)) {
	t.Helper()
	s := Database(t, database)
	if _, err := s.Install(t.Context(), compat.SchemaOptions{Layout: layout.SQLServer}); err != nil {
		t.Fatal(err)
	}
	table = Open(t, s, layout.SQLServer, compat.Options{})
	db := DB(t, database)
	return table, func(t *testing.T) {
		t.Helper()
		if _, err := db.Exec("DELETE FROM dbo." + table.Layout().Table); err != nil {
			t.Fatal(err)
		}
	}
}
