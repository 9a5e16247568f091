package cli

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// TestBridgeSharesSessions: what one provider has written, others find: the State Server's, the in-box SQL provider, and
// async 2.1, each by its own spelling of the id.
func TestBridgeSharesSessions(t *testing.T) {
	hashed := command(t, "s3cret\n", "tds-password")
	if hashed.code != exitDone {
		t.Fatal(hashed.err)
	}
	const app, raw = "/LM/W3SVC/3/ROOT/shop", "lit3py55t21z5v55vlm25s55"
	r := runBridge(t, "--stateserver", "127.0.0.1:0", "--tds", "127.0.0.1:0", "--tds-login", "web="+strings.TrimSpace(hashed.out),
		"--tds-login", "other=plain", "--tds-database", "Farm=sqlinmemory:shop", "--store", "embedded:"+filepath.Join(t.TempDir(), "store"), "--app", "shop="+app)
	state := r.says(regexp.MustCompile(`protocol="State Server" address=(\S+)`))[1]
	tds := r.says(regexp.MustCompile(`protocol=TDS address=(\S+)`))[1]
	c := stateserver.NewClient(state, stateserver.ClientOptions{})
	defer c.Close()
	if err := c.SetAndRelease(t.Context(), underPath(app, raw), session.Value{Payload: []byte("by the State Server"), Timeout: 20}, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	open := func(user, password, database string) *sql.DB {
		db, err := sql.Open("sqlserver", (&url.URL{Scheme: "sqlserver", User: url.UserPassword(user, password), Host: tds, RawQuery: "encrypt=false&trustservercertificate=true&database=" + database}).String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	db := open("web", "s3cret", "ASPState")
	var id int32
	if _, err := db.Exec("dbo.TempGetAppID", sql.Named("appName", strings.ToLower(app)), sql.Named("appId", sql.Out{Dest: &id})); err != nil {
		t.Fatal(err)
	}
	inbox := raw + fmt.Sprintf("%08x", uint32(id))
	var short []byte
	var locked sql.NullBool
	var age, cookie, flags sql.NullInt64
	outputs := []any{sql.Named("locked", sql.Out{Dest: &locked}), sql.Named("lockAge", sql.Out{Dest: &age}), sql.Named("lockCookie", sql.Out{Dest: &cookie}), sql.Named("actionFlags", sql.Out{Dest: &flags})}
	if _, err := db.Exec("dbo.TempGetStateItemExclusive3", append([]any{sql.Named("id", inbox), sql.Named("itemShort", sql.Out{Dest: &short})}, outputs...)...); err != nil {
		t.Fatal(err)
	}
	if string(short) != "by the State Server" || !locked.Valid || locked.Bool {
		t.Fatalf("the in-box provider reads %q, locked %v", short, locked)
	}
	if _, err := db.Exec("dbo.TempUpdateStateItemShort", sql.Named("id", inbox), sql.Named("itemShort", []byte("by the in-box provider")),
		sql.Named("timeout", 20), sql.Named("lockCookie", cookie.Int64)); err != nil {
		t.Fatal(err)
	}
	async := raw + layout.Suffix(layout.RuleAsync21, app)
	var long []byte
	rows, err := db.Query("GetStateItem", append([]any{sql.Named("SessionId", async)}, outputs...)...)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		if err := rows.Scan(&long); err != nil {
			t.Fatal(err)
		}
	}
	rows.Close()
	if string(long) != "by the in-box provider" {
		t.Errorf("async 2.1 reads %q", long)
	}
	if item, err := c.Get(t.Context(), underPath(app, raw)); err != nil || string(item.Payload) != "by the in-box provider" {
		t.Errorf("the State Server's client reads %q, %v", item.Payload, err)
	}
	var item []byte
	if _, err := open("web", "s3cret", "farm").Exec("GetStateItem", sql.Named("SessionId", raw), sql.Named("Locked", sql.Out{Dest: &locked}), sql.Named("LockAge", sql.Out{Dest: &age}),
		sql.Named("LockCookie", sql.Out{Dest: &cookie}), sql.Named("Initialized", sql.Out{Dest: &flags}), sql.Named("Item", sql.Out{Dest: &item})); err != nil || string(item) != "by the in-box provider" {
		t.Errorf("SqlInMemory reads %q, %v", item, err)
	}
	if err := open("other", "plain", "ASPState").Ping(); err != nil {
		t.Errorf("a login with a plain password: %v", err)
	}
	if err := open("web", "wrong", "ASPState").Ping(); err == nil || !strings.Contains(err.Error(), "Login failed") {
		t.Errorf("a wrong password: %v", err)
	}
	if said := r.stop(os.Interrupt); strings.Contains(said, "lit3py55") || strings.Contains(said, "s3cret") {
		t.Errorf("a session id or a password stands in the log:\n%s", said)
	}
}

func TestBridgeTDSUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		say  string
	}{
		{[]string{"--tds", "127.0.0.1:0"}, exitUsage, "nobody could log in"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web"}, exitUsage, "USER=PASSWORD"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=" + passwordScheme + ":1:x"}, exitUsage, "no hash"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-login", "web=b"}, exitUsage, "twice"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-encrypt", "maybe"}, exitUsage, "--tds-encrypt"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-cert", "x.pem"}, exitUsage, "--tds-key"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-owner", "dba"}, exitUsage, `no login "dba"`},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-database", "A=fx8"}, exitUsage, "--tds-database"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-database", "A=v1.0"}, exitUsage, "--tds-database"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-database", "A=embedded"}, exitUsage, "--tds-database"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-database", "A=v1.1", "--tds-database", "a=sqlserver"}, exitUsage, "twice"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-database", "A=sqlinmemory:shop"}, exitUsage, `no application "shop"`},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--app", "shop=/LM/W3SVC/1/ROOT", "--tds-database", "A=v1.1:shop"}, exitUsage, "sqlinmemory"},
		{[]string{"--tds", "127.0.0.1:0", "--tds-login", "web=a", "--tds-cert", "absent.pem", "--tds-key", "absent.key"}, exitUnreachable, "--tds-cert"},
		{[]string{"--tds", "nowhere:port", "--tds-login", "web=a"}, exitUnreachable, "listening"},
	} {
		r := command(t, "", append([]string{"bridge"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.say) || strings.Contains(r.err, "web=a") {
			t.Errorf("bridge %v: exit %d, want %d\n%s", c.args, r.code, c.code, r.err)
		}
	}
}
