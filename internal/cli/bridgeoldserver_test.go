package cli

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session"
)

// TestBridgeTakesOverATable: the old store is one that speaks SQL Server's protocol, in the layout of aspnet_regsql.
func TestBridgeTakesOverATable(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	seedShop(t, filepath.Join(dir, "table"), 10)
	left := runBridge(t, "--tds", "127.0.0.1:0", "--tds-login", "dba=s3cret", "--tds-owner", "dba", "--app", "shop="+shopID,
		"--store", "embedded:"+filepath.Join(dir, "table"), "--control", filepath.Join(dir, "left.sock"))
	addr := left.says(regexp.MustCompile(`protocol=TDS address=(\S+)`))[1]
	t.Setenv("ASPSTATE_FROM_PASSWORD", "s3cret")
	r := runBridge(t, "--stateserver", "127.0.0.1:0", "--app", "shop="+shopID, "--store", "embedded:"+filepath.Join(dir, "new"),
		"--old", "sqlserver://dba@"+addr+"?encrypt=disable&database=Sessions", "--from", "frameworkcompat", "--from-ids", "inbox",
		"--metrics", "127.0.0.1:0")
	c := stateserver.NewClient(r.says(serving)[1], stateserver.ClientOptions{})
	t.Cleanup(func() { c.Close() })
	for i, phase := range []string{"prepare", "handoff"} {
		phaseOf(t, phase)
		item, err := c.Get(t.Context(), underPath(shopID, shopRaw(i)))
		if err != nil || string(item.Payload) != fmt.Sprint("old ", i) {
			t.Errorf("in %s: %q, %v", phase, item.Payload, err)
		}
	}
	for command(t, "", "ctl", "phase", "shop", "mirror").code == exitRefused { // until the background has moved all
	}
	page, err := http.Get("http://" + r.says(regexp.MustCompile(`metrics and health are served" address=(\S+)`))[1] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := io.ReadAll(page.Body)
	page.Body.Close()
	for _, want := range []string{`aspstate_cutover_phase{app="shop",phase="mirror"} 1`, `aspstate_cutover_moved_total{app="shop"} 10`, `aspstate_cutover_lease 1`} {
		if err != nil || !strings.Contains(string(metrics), want) {
			t.Errorf("metrics lack %s, %v", want, err)
		}
	}
	k := underPath(shopID, shopRaw(3))
	item, err := c.GetExclusive(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetAndRelease(t.Context(), k, session.Value{Payload: []byte("in mirror"), Timeout: 20}, session.IfFree(item.Cookie)); err != nil {
		t.Fatal(err)
	}
	if text := ok(t, "ctl", "status", "--json").out + r.stop(os.Interrupt); strings.Contains(text, "s3cret") {
		t.Errorf("a secret is told: %s", text)
	}
	left.stop(os.Interrupt)
	for _, store := range []string{"new", "table"} {
		if rows := payloadsIn(t, filepath.Join(dir, store)); rows[shopRaw(3)] != "in mirror" {
			t.Errorf("%s has %q", store, rows[shopRaw(3)])
		}
	}
}

// A new store without control tables is refused before anything is served.
func TestNoPlaceToAgree(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	seedShop(t, filepath.Join(dir, "old"), 1)
	young := runBridge(t, "--tds", "127.0.0.1:0", "--tds-login", "dba=s3cret", "--tds-owner", "dba", "--app", "shop="+shopID)
	addr := young.says(regexp.MustCompile(`protocol=TDS address=(\S+)`))[1]
	r := command(t, "", "bridge", "--stateserver", "127.0.0.1:0", "--app", "shop="+shopID, "--old", "embedded:"+filepath.Join(dir, "old"),
		"--store", "sqlserver://dba:s3cret@"+addr+"?encrypt=disable&database=Sessions", "--to", "frameworkcompat", "--to-ids", "inbox")
	if r.code != exitRefused || !strings.Contains(r.err, "aspstate_control") || !strings.Contains(r.err, "hint: aspstate schema install control") || strings.Contains(r.err, "s3cret") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}
