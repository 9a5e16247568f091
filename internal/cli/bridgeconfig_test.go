//go:build unix

package cli

import (
	"errors"
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
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

func writeConfig(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func underPath(app, id string) session.Key {
	return session.Key{ID: layout.StateServerPath{AppID: app, Hash: layout.StateServerHash(app), ID: id}.String()}
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
		"aspstate_sessions 1\n", "aspstate_connections 1\n", "aspstate_session_bytes_limit 1e+06\n", "aspstate_waiting_gets 0\n",
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
