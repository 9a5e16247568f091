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

// Table makes a database anew with the table of async 2.x on disk, and opens it; clear empties it. A test without an engine is
// skipped.
func Table(t *testing.T, database string) (table *compat.Table, clear func(*testing.T)) {
	t.Helper()
	dsn := os.Getenv(Variable)
	if dsn == "" {
		t.Skip(Variable + " is not set: a DSN of a login that may create databases")
	}
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
	d, err := compat.ParseDSN(dsn + "&database=" + database)
	if err != nil {
		t.Fatal(err)
	}
	s, err := compat.Connect(t.Context(), d, compat.ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if _, err := s.Install(t.Context(), compat.SchemaOptions{Layout: layout.SQLServer}); err != nil {
		t.Fatal(err)
	}
	held, err := s.Detect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := held.Choose(layout.SQLServer, "")
	if err != nil {
		t.Fatal(err)
	}
	if table, err = s.Open(t.Context(), found, compat.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table, func(t *testing.T) {
		t.Helper()
		if _, err := admin.Exec("DELETE FROM " + database + ".dbo." + found.Layout.Table); err != nil {
			t.Fatal(err)
		}
	}
}
