package tds

import (
	"testing"

	"github.com/aspstate/aspstate/internal/testengine"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/storetest"
)

// TestStoresOverTheWireOnSQLServer: every layout through package compat over a front, with a table of a real server behind it.
// Clocks and first cookies are that table's.
func TestStoresOverTheWireOnSQLServer(t *testing.T) {
	behind, clear := testengine.Table(t, "h_tds_store")
	for _, l := range emulated() {
		if !Emulates(l) {
			continue
		}
		t.Run(l.Name, func(t *testing.T) {
			r := rulesOver(l)
			r.FirstCookie, r.ServesExpired, r.FoldsCase = behind.Layout().FirstCookie, true, behind.Layout().CaseInsensitiveIDs
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clear(t)
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
