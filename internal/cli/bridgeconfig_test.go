//go:build unix

package cli

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

func writeConfig(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBridgeConfig: settings come from a file, the command line wins, SIGHUP reads the file again, and a file with an error
// changes nothing.
func TestBridgeConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bridge.toml")
	const rest = `
stateserver = "127.0.0.1:0"
metrics = "127.0.0.1:0"
park = "nonsense, but the command line has it"
allow = ["127.0.0.1", "10.0.0.0/8"]
max-body = 1000
`
	writeConfig(t, file, rest+"[app]\nshop = \"/LM/W3SVC/3/ROOT/shop\"\n")
	r := runBridge(t, "--config", file, "--park", "0")
	c := stateserver.NewClient(r.says(serving)[1], stateserver.ClientOptions{})
	defer c.Close()
	v := session.Value{Payload: []byte("shared"), Timeout: 20}
	if err := c.SetAndRelease(t.Context(), underPath("/LM/W3SVC/3/ROOT/shop", "one"), v, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	twin := underPath("/LM/W3SVC/7/ROOT/shop", "one")
	if _, err := c.Get(t.Context(), twin); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("an application id that is not named shares sessions: %v", err)
	}
	long := session.Value{Payload: make([]byte, 1001), Timeout: 20}
	if err := c.SetAndRelease(t.Context(), twin, long, session.IfFree(0)); err == nil {
		t.Error("max-body of the file does not count")
	}

	writeConfig(t, file, rest+"[app\n")
	if err := r.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.says(regexp.MustCompile(`reloading failed.*toml: line 8`))
	writeConfig(t, file, strings.Replace(rest, "1000", "2000", 1)+"drain = \"1s\"\n[app]\nshop = [\"/LM/W3SVC/3/ROOT/shop\", \"/LM/W3SVC/7/ROOT/shop\"]\n")
	if err := r.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.says(regexp.MustCompile("settings were read again"))
	if item, err := c.Get(t.Context(), twin); err != nil || string(item.Payload) != "shared" { // over a connection that it had before
		t.Errorf("after a reload: %q, %v", item.Payload, err)
	}
	if err := c.SetAndRelease(t.Context(), twin, long, session.IfFree(0)); err != nil {
		t.Errorf("max-body was not read again: %v", err)
	}
	if said := r.stop(os.Interrupt); !strings.Contains(said, "need a restart") {
		t.Errorf("nobody is told that drain was not changed:\n%s", said)
	}
}

// TestBridgeLoginsAreReadAgain: after SIGHUP the logins and databases of the file are those that hold.
func TestBridgeLoginsAreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bridge.toml")
	const rest = "tds = \"127.0.0.1:0\"\n"
	writeConfig(t, file, rest+"tds-login = [\"web=old\"]\n")
	r := runBridge(t, "--config", file)
	addr := r.says(regexp.MustCompile(`protocol=TDS address=(\S+)`))[1]
	enters := func(password string) error {
		db, err := sql.Open("sqlserver", "sqlserver://web:"+password+"@"+addr+"?encrypt=disable")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		return db.Ping()
	}
	if err := enters("old"); err != nil {
		t.Error(err)
	}
	writeConfig(t, file, rest+"tds-login = [\"web=new\"]\ntds-database = [\"Shop=v1.1\"]\n")
	if err := r.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.says(regexp.MustCompile("settings were read again"))
	if err := enters("new"); err != nil {
		t.Errorf("the new password: %v", err)
	}
	for range 2 { // the second time it is remembered
		if err := enters("old"); err == nil {
			t.Error("the password of before is taken")
		}
	}
	if said := r.stop(os.Interrupt); strings.Contains(said, "need a restart") {
		t.Errorf("a restart is asked for:\n%s", said)
	}
}

func TestBridgeConfigUsage(t *testing.T) {
	dir := t.TempDir()
	for text, say := range map[string]string{
		"stateserver = \"127.0.0.1:0\"\nparc = \"1s\"":         `there is no setting "parc"`,
		"stateserver = 5.5":                                    "stateserver: a text",
		"stateserver = [\"127.0.0.1:0\", \"127.0.0.1:1\"]":     "one value is wanted",
		"stateserver = \"127.0.0.1:0\"\npark = \"soon\"":       "park",
		"stateserver = \"127.0.0.1:0\"\nallow = [1]":           "allow: 1: a text is wanted",
		"stateserver = \"127.0.0.1:0\"\n[app]\nshop = 1.5":     "app: shop",
		"stateserver = \"127.0.0.1:0\"\n[store]\nshop = \"x\"": "store: a text",
		"stateserver":             "line 1",
		"config = \"other.toml\"": `there is no setting "config"`,
	} {
		file := filepath.Join(dir, "bridge.toml")
		writeConfig(t, file, text)
		if r := command(t, "", "bridge", "--config", file); r.code != exitUsage || !strings.Contains(r.err, say) {
			t.Errorf("%q: exit %d\n%s", text, r.code, r.err)
		}
	}
	if r := command(t, "", "bridge", "--config", filepath.Join(dir, "absent.toml")); r.code != exitUnreachable {
		t.Errorf("an absent file: exit %d\n%s", r.code, r.err)
	}
}

// TestBridgeIsWatched: health, readiness and metrics, which tell of no session.
func TestBridgeIsWatched(t *testing.T) {
	r := runBridge(t, "--stateserver", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--max-memory", "1000000", "--log", "json",
		"--store", "embedded:"+filepath.Join(t.TempDir(), "store"))
	base := "http://" + r.says(regexp.MustCompile(`"metrics and health are served","address":"([^"]+)"`))[1]
	c := stateserver.NewClient(r.says(serving)[1], stateserver.ClientOptions{})
	defer c.Close()
	k := underPath("/LM/W3SVC/3/ROOT/shop", "lit3py55t21z5v55vlm25s55")
	if err := c.SetAndRelease(t.Context(), k, session.Value{Payload: []byte("x"), Timeout: 20}, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	c.Get(t.Context(), k)
	page := func(path string) (int, string) {
		a, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return a.StatusCode, string(b)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 404} {
		if code, _ := page(path); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	_, metrics := page("/metrics")
	for _, line := range []string{
		`aspstate_calls_total{layer="stateserver",outcome="ok",verb="get"} 1`,
		`aspstate_calls_total{layer="store",outcome="ok",verb="set_and_release"} 1`,
		"aspstate_sessions 1\n", `aspstate_connections{front="stateserver"} 1`, "aspstate_session_bytes_limit 1e+06\n", "aspstate_waiting_gets 0\n",
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics have no %q", line)
		}
	}
	if strings.Contains(metrics, "lit3py55") {
		t.Error("a session id stands in the metrics")
	}
	if said := r.stop(os.Interrupt); strings.Contains(said, "lit3py55") {
		t.Errorf("a session id stands in the log:\n%s", said)
	}
}

// TestBridgeTellsSystemd: sd_notify(3).
func TestBridgeTellsSystemd(t *testing.T) {
	at := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenPacket("unixgram", at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", at)
	r := runBridge(t, "--stateserver", "127.0.0.1:0")
	hears := func(want string) {
		t.Helper()
		b := make([]byte, 100)
		if n, _, err := l.ReadFrom(b); err != nil || string(b[:n]) != want {
			t.Errorf("systemd hears %q, %v, want %q", b[:n], err, want)
		}
	}
	hears("READY=1")
	r.stop(os.Interrupt)
	hears("STOPPING=1")
}

// TestPageStaysClosed: a page that the file does not name any more is there until a restart, and asks for its login until then.
func TestPageStaysClosed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bridge.toml")
	const rest = "stateserver = \"127.0.0.1:0\"\n"
	writeConfig(t, file, rest+"page = \"127.0.0.1:0\"\npage-login = [\"op=secret of the page\"]\n")
	r := runBridge(t, "--config", file)
	addr := r.says(regexp.MustCompile(`protocol=page address=(\S+)`))[1]
	closed := func() {
		t.Helper()
		res, err := http.Get("http://" + addr + "/page.json")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("without a login: %s", res.Status)
		}
	}
	closed()
	writeConfig(t, file, rest)
	if err := r.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.says(regexp.MustCompile("settings were read again"))
	closed()
}

// TestBridgeOutlivesSignals: SIGHUP at any moment of its life, also before it serves and while it stops.
func TestBridgeOutlivesSignals(t *testing.T) {
	for range 10 {
		r := runBridge(t, "--stateserver", "127.0.0.1:0", "--drain", "1s")
		if err := r.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		half, err := net.Dial("tcp", r.says(serving)[1])
		if err != nil {
			t.Fatal(err)
		}
		defer half.Close()
		if _, err := io.WriteString(half, "PUT x HTTP/1.1\r\nContent-Length: 7\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := r.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		r.says(regexp.MustCompile("stopping"))
		half.Close()
		r.stop(syscall.SIGHUP)
		if code := r.ProcessState.ExitCode(); code != exitDone {
			t.Fatalf("exit %d\n%s", code, r.said())
		}
	}
}

func TestNetworks(t *testing.T) {
	nets, err := networks([]string{"10.1.2.3/16", "10.1.2.3", "::ffff:10.1.2.3", "::ffff:10.1.0.0/112", "2001:db8::1"})
	if got := fmt.Sprint(nets); err != nil || got != "[10.1.0.0/16 10.1.2.3/32 10.1.2.3/32 10.1.0.0/16 2001:db8::1/128]" {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"intranet", "10.0.0.0/33", "::ffff:0.0.0.0/90"} {
		if _, err := networks([]string{bad}); err == nil {
			t.Errorf("%s is taken for a network", bad)
		}
	}
}

// TestFewWatchers: metrics take no more connections than they may, and new ones when others end.
func TestFewWatchers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := &few{Listener: l, left: make(chan struct{}, 1)}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	defer dial().Close()
	first, err := f.Accept()
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan net.Conn)
	go func() {
		c, err := f.Accept()
		if err != nil {
			t.Error(err)
		}
		taken <- c
	}()
	second := dial()
	defer second.Close()
	if _, err := second.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("one too many: %v", err)
	}
	first.Close()
	first.Close()
	defer dial().Close()
	(<-taken).Close()
	if len(f.left) != 0 {
		t.Errorf("%d are counted", len(f.left))
	}
}

// TestReadiness: a store that fails, or does not answer, is not ready.
func TestReadiness(t *testing.T) {
	store := memstore.New(memstore.Options{})
	w := newWatched(&served{Store: store, embedded: store, probe: session.Key{ID: probeID}}, &settings{})
	if err := w.ready(t.Context()); err != nil {
		t.Errorf("a store that works: %v", err)
	}
	store.Close()
	if err := w.ready(t.Context()); err == nil {
		t.Error("a closed store is ready")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	w = newWatched(&served{Store: hanging{store}, probe: session.Key{ID: probeID}}, &settings{})
	if err := w.ready(over); err == nil {
		t.Error("a store that hangs is ready")
	}
	w.stopping.Store(true)
	if err := w.ready(t.Context()); err == nil || err.Error() != "stopping" {
		t.Errorf("while stopping: %v", err)
	}
}

type hanging struct{ session.Store }

func (hanging) Get(context.Context, session.Key) (session.Item, error) { select {} }

// What a reload changes still changes, and what the two stores are does not.
func TestReloadBetweenStores(t *testing.T) {
	unseen(t)
	dir := t.TempDir()
	seedShop(t, filepath.Join(dir, "old"), 1)
	config := filepath.Join(dir, "bridge.toml")
	writeConfig(t, config, "shadow = 5\npark-limit = 3\n")
	r, _ := betweenStores(t, dir, "--config", config)
	writeConfig(t, config, "shadow = 6\npark-limit = 4\n")
	if err := r.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.says(regexp.MustCompile("some of the changed settings need a restart"))
	r.says(regexp.MustCompile("settings were read again"))
	var st struct{ Bridge bridgeStatus }
	if err := json.Unmarshal([]byte(ok(t, "ctl", "status", "--json").out), &st); err != nil || len(st.Bridge.Apps) != 1 {
		t.Errorf("%+v, %v", st, err)
	}
	r.stop(os.Interrupt)
}
