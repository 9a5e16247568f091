package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// TestBridgeOverServer: a session that was migrated into a table is served to an application in StateServer mode, which
// changes it, while the table shows what applications that use it directly expect.
func TestBridgeOverServer(t *testing.T) {
	s := server(t)
	from, to := s.fx("bridge_from"), s.async("bridge_to")
	from.register("/lm/w3svc/1/root", 538231025)
	old := payload(t, 400, "a")
	from.insert(fxShape, liveRow("one2014c0f1", old))
	s.report(from, to, "--to-ids", "async-2.1")

	addr, n, stop := startBridge(t, "--store", to.dsn, "--to-ids", "async-2.1", "--app", "site=/LM/W3SVC/1/ROOT")
	c := stateserver.NewClient(addr, stateserver.ClientOptions{})
	defer c.Close()
	key := func(app string) session.Key {
		return session.Key{ID: layout.StateServerPath{AppID: app, Hash: layout.StateServerHash(app), ID: "one"}.String()}
	}
	item, err := c.GetExclusive(t.Context(), key("/LM/W3SVC/1/ROOT"))
	if err != nil || !bytes.Equal(item.Payload, old) || n != "1" {
		t.Fatalf("%s sessions; %d bytes, %v", n, len(item.Payload), err)
	}
	changed := payload(t, 9000, "b")
	if err := c.SetAndRelease(t.Context(), key("/LM/W3SVC/1/ROOT"), session.Value{Payload: changed, Timeout: 30}, session.IfFree(item.Cookie)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), key("/LM/W3SVC/9/ROOT")); err == nil || strings.Contains(err.Error(), session.ErrNotFound.Error()) {
		t.Errorf("of an application that was not named is said: %v", err)
	}
	rows := to.rows(asyncShape)
	if r := rows["oneB3003E84"]; len(rows) != 1 || !bytes.Equal(r.Long, changed) || r.Timeout != 30 || r.Locked || r.Cookie != item.Cookie {
		t.Errorf("the table has %+v", rows)
	}
	if said := stop(os.Interrupt); !strings.Contains(said, "left unanswered") || strings.Contains(said, `/one`) {
		t.Errorf("the log:\n%s", said)
	}
}

// TestBridgeSparesRenewals: with --renew a page that is asked for again and again writes to the table once.
func TestBridgeSparesRenewals(t *testing.T) {
	s := server(t)
	to := s.async("bridge_renew")
	addr, _, _ := startBridge(t, "--store", to.dsn, "--to-ids", "async-2.1", "--app", "site=/LM/W3SVC/1/ROOT", "--renew", "12h")
	c := stateserver.NewClient(addr, stateserver.ClientOptions{})
	defer c.Close()
	key := session.Key{ID: layout.StateServerPath{AppID: "/LM/W3SVC/1/ROOT", Hash: layout.StateServerHash("/LM/W3SVC/1/ROOT"), ID: "one"}.String()}
	if err := c.SetAndRelease(t.Context(), key, session.Value{Payload: payload(t, 400, "a"), Timeout: 20}, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	var seen []session.Instant
	for range 3 {
		seen = append(seen, to.rows(asyncShape)["oneB3003E84"].Expires)
		if _, err := c.Get(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if ahead := seen[1].Sub(seen[0]); ahead < 12*time.Hour || ahead > 18*time.Hour || seen[2] != seen[1] {
		t.Errorf("the first read moved Expires by %v, the second by %v", ahead, seen[2].Sub(seen[1]))
	}
}

// TestNoBridgeOverLocksWithoutCookies: over v1.0 nobody could tell a late writer from the owner.
func TestNoBridgeOverLocksWithoutCookies(t *testing.T) {
	s := server(t)
	d := s.database("bridge_v10")
	ok(t, "schema", "install", "v1.0", "--to-dsn", d.dsn)
	r := command(t, "", "bridge", "--stateserver", "127.0.0.1:0", "--store", d.dsn, "--to-ids", "async-x64", "--app", "site=/LM/W3SVC/1/ROOT")
	if r.code != exitUsage || !strings.Contains(r.err, "no cookies of their own") {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
}
