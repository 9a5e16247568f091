package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// TestBridgeIsMigrated: a running bridge is the source and the target of migrations, as a SQL Server is.
func TestBridgeIsMigrated(t *testing.T) {
	const app, n = "/LM/W3SVC/3/ROOT/shop", 30
	serve := func(args ...string) (r *running, dsn string) {
		r = runBridge(t, append(args, "--tds", "127.0.0.1:0", "--tds-login", "web=s3cret", "--tds-login", "dba=s3cret", "--tds-owner", "dba", "--app", "shop="+app)...)
		return r, "sqlserver://dba:s3cret@" + r.says(regexp.MustCompile(`protocol=TDS address=(\S+)`))[1] + "?encrypt=disable&database=Sessions"
	}
	r, dsn := serve("--stateserver", "127.0.0.1:0", "--store", "embedded:"+filepath.Join(t.TempDir(), "store"))
	state := r.says(regexp.MustCompile(`protocol="State Server" address=(\S+)`))[1]
	c := stateserver.NewClient(state, stateserver.ClientOptions{})
	defer c.Close()
	raw := func(i int) string { return fmt.Sprintf("%024d", i) }
	payload := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 1+400*i) }
	for i := range n {
		if err := c.SetAndRelease(t.Context(), underPath(app, raw(i)), session.Value{Payload: payload(i), Timeout: 20}, session.IfFree(0)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir())
	if r := command(t, "", "inspect", "--from", layout.FrameworkCompat, "--from-dsn", strings.Replace(dsn, "dba:", "web:", 1)); r.code == exitDone || !strings.Contains(r.err, "--tds-owner") {
		t.Errorf("a login that is no owner: exit %d\n%s", r.code, r.err)
	}
	ok(t, "migrate", "--from", layout.FrameworkCompat, "--from-dsn", dsn, "--from-ids", "inbox", "--to-dsn", "embedded:copy", "--app", "shop="+app)
	copied, err := memstore.Open("copy", memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		rec, err := session.PeekOne(t.Context(), copied, session.Key{App: "shop", ID: raw(i)})
		if err != nil || !bytes.Equal(rec.Payload, payload(i)) {
			t.Errorf("session %d: %v", i, err)
		}
	}
	if err := copied.Close(); err != nil {
		t.Fatal(err)
	}
	r.stop(os.Interrupt)
	// Into one: the sandbox's sessions, among them those of applications that the bridge does not know.
	r, dsn = serve("--tds-database", "Sessions="+layout.InMemory)
	both := []string{"--from", layout.V11, "--sandbox-sessions", "100", "--to", layout.InMemory, "--to-dsn", dsn, "--to-ids", "async-2.1", "--app", "shop=" + app}
	ok(t, append([]string{"migrate"}, both...)...)
	ok(t, append([]string{"verify"}, both...)...)
	r.stop(os.Interrupt)
	// And into one that seems to have the tables of aspnet_regsql: it has no tables in which bridges agree.
	r, dsn = serve()
	ok(t, "migrate", "--from", layout.V11, "--sandbox-sessions", "100", "--to", layout.FrameworkCompat, "--to-dsn", dsn, "--to-ids", "inbox", "--app", "shop="+app)
	r.stop(os.Interrupt)
}
