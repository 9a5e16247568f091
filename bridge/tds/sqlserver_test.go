package tds

import (
	"database/sql"
	"os"
	"testing"

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/storetest"
)

// TestStoresOverTheWireOnSQLServer: every layout through package compat over a front, with a table of a real server behind it.
// Clocks and first cookies are that table's.
func TestStoresOverTheWireOnSQLServer(t *testing.T) {
	dsn := os.Getenv("ASPSTATE_TEST_SQLSERVER")
	if dsn == "" {
		t.Skip("ASPSTATE_TEST_SQLSERVER is not set: a DSN of a login that may create databases")
	}
	const database = "h_tds_store"
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
	at, err := compat.ParseDSN(dsn + "&database=" + database)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := compat.Connect(t.Context(), at, compat.ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	if _, err := srv.Install(t.Context(), compat.SchemaOptions{Layout: layout.SQLServer}); err != nil {
		t.Fatal(err)
	}
	d, err := srv.Detect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := d.Choose(layout.SQLServer, "")
	if err != nil {
		t.Fatal(err)
	}
	behind, err := srv.Open(t.Context(), found, compat.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { behind.Close() })
	for _, l := range emulated() {
		if !Emulates(l) {
			continue
		}
		t.Run(l.Name, func(t *testing.T) {
			r := rulesOver(l)
			r.FirstCookie, r.ServesExpired, r.FoldsCase = behind.Layout().FirstCookie, true, behind.Layout().CaseInsensitiveIDs
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				if _, err := admin.Exec("DELETE FROM " + database + ".dbo.ASPNetSessionState"); err != nil {
					t.Fatal(err)
				}
				addr := serveFront(t, &Front{Store: emptyStore(t), Settings: Settings{
					Login: secretary, Databases: map[string]Database{"sessions": {Layout: l, Store: behind}},
				}})
				return storetest.Subject{
					Store: tableOver(t, addr, "Sessions", l, nil), Key: suffixed,
					Reopen: func() session.Store { return tableOver(t, addr, "Sessions", l, nil) },
				}
			}, r)
		})
	}
}
