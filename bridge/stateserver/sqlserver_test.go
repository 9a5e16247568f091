package stateserver_test

import (
	"testing"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/testengine"
	"github.com/aspstate/aspstate/session/storetest"
)

// onTable makes a table of the async provider on the test engine and serves it. clear empties it.
func onTable(t *testing.T, database string) (addr string, foldsCase bool, clear func(t *testing.T)) {
	t.Helper()
	table, clear := testengine.Table(t, database)
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{appID("shop")}},
		layout.Application{Name: "site2", AppIDs: []string{"/LM/W3SVC/2/ROOT"}}, layout.Application{Name: "spec", AppIDs: []string{"/w3svc/root/fxstatebvt"}},
		layout.Application{Name: "forum", AppIDs: []string{appID("forum")}}, layout.Application{Name: "sho", AppIDs: []string{appID("sho")}})
	if err != nil {
		t.Fatal(err)
	}
	spelling, err := layout.NewSpelling(reg, layout.RuleAsync21)
	if err != nil {
		t.Fatal(err)
	}
	store := &layout.Respelled{Table: table, Spelling: spelling, Rule: layout.RuleAsync21}
	addr = serve(t, &stateserver.Front{Store: store, Settings: stateserver.Settings{Registry: reg}}, &bridge.Server{})
	return addr, table.Layout().CaseInsensitiveIDs, clear
}

// TestStoreOverTheWireOnSQLServer: the suite through the protocol, with a table behind it. It serves expired sessions until
// they are swept, as all such tables do.
func TestStoreOverTheWireOnSQLServer(t *testing.T) {
	addr, foldsCase, clear := onTable(t, "h_bridge_store")
	r := overTheWire()
	r.ServesExpired, r.FoldsCase = true, foldsCase
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		clear(t)
		c := stateserver.NewClient(addr, stateserver.ClientOptions{})
		t.Cleanup(func() { c.Close() })
		return storetest.Subject{Store: c, Key: spelled}
	}, r)
}

// TestCapturesOnSQLServer: every exchange with a table behind it.
func TestCapturesOnSQLServer(t *testing.T) {
	addr, _, clear := onTable(t, "h_bridge_captures")
	eachExchange(t, func(t *testing.T, steps []step) {
		clear(t)
		replay(t, addr, steps)
	})
}
