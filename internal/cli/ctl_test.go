package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var steeredBy = regexp.MustCompile(`ctl can steer" control=(\S+)`)

// unseen gives a test directories of its own for sockets, so that ctl finds what the test has started, and nothing else.
func unseen(t *testing.T) {
	t.Helper()
	for _, name := range []string{"XDG_RUNTIME_DIR", "TMPDIR", "LocalAppData"} {
		t.Setenv(name, t.TempDir())
	}
}

func TestCtlUsage(t *testing.T) {
	unseen(t)
	nobody := filepath.Join(t.TempDir(), "none.sock")
	for _, c := range []struct {
		args  []string
		code  int
		say   string
		hints bool
	}{
		{nil, exitUsage, "what shall it do", true},
		{[]string{"restart"}, exitUsage, `unknown command "restart"`, true},
		{[]string{"q3m0zv5kd2xw1ea4tyh5rb0c"}, exitUsage, `unknown command "q3m0…"`, true},
		{[]string{"status", "now"}, exitUsage, "takes 0 arguments", true},
		{[]string{"set"}, exitUsage, "takes 1 arguments", true},
		{[]string{"set", "rate"}, exitUsage, "is not rate=N", true},
		{[]string{"set", "rate=-1"}, exitUsage, "is not rate=N", true},
		{[]string{"set", "rate=1.5"}, exitUsage, "is not rate=N", true},
		{[]string{"set", "speed=9"}, exitUsage, "is not rate=N", true},
		{[]string{"phase", "shop"}, exitUsage, "takes 2 arguments", true},
		{[]string{"phase", "shop", "handoff", "--percent", "0"}, exitUsage, "--percent", false},
		{[]string{"phase", "shop", "handoff", "--percent", "101"}, exitUsage, "--percent", false},
		{[]string{"phase", "shop", "mirror", "--old-timeout", "0"}, exitUsage, "--old-timeout", false},
		{[]string{"pause", "--percent", "5"}, exitUsage, "ctl pause takes no --percent", false},
		{[]string{"status", "--wait"}, exitUsage, "ctl status takes no --wait", false},
		{[]string{"status"}, exitUnreachable, "no aspstate of this user runs", true},
		{[]string{"status", "--control", nobody}, exitUnreachable, "there is no socket", true},
		{[]string{"status", "--control", strings.Repeat("x", 200)}, exitUnreachable, "at most", false},
	} {
		r := command(t, "", append([]string{"ctl"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.say) || strings.Contains(r.err, "hint: ") != c.hints || r.out != "" {
			t.Errorf("ctl %v: exit %d, want %d\n%s%s", c.args, r.code, c.code, r.err, r.out)
		}
	}
	if err := os.WriteFile(nobody, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "", "ctl", "status", "--control", nobody); r.code != exitUnreachable {
		t.Errorf("a file that is no socket: exit %d, %s", r.code, r.err)
	}
}

// TestCtlFindsABridge: the only one is meant; of several one is named.
func TestCtlFindsABridge(t *testing.T) {
	unseen(t)
	t.Setenv("ASPSTATE_TO_PASSWORD", "s3cret")
	one := runBridge(t, "--stateserver", "127.0.0.1:0", "--tds", "127.0.0.1:0", "--tds-login", "web=s3cret")
	addr := one.says(serving)[1]
	st := lastLine(t, ok(t, "ctl", "status", "--json"))
	if st["command"] != "bridge" || st["pid"] != float64(one.Process.Pid) || st["title"] != "memory" {
		t.Errorf("%v", st)
	}
	if text := ok(t, "ctl", "status").out; !strings.Contains(text, "State Server") || !strings.Contains(text, addr) {
		t.Errorf("%s", text)
	}
	if r := command(t, "", "ctl", "abort"); r.code != exitUsage || !strings.Contains(r.err, `bridge knows no command "abort"`) {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	at := filepath.Join(t.TempDir(), "two.sock")
	two := runBridge(t, "--stateserver", "127.0.0.1:0", "--control", at)
	if st := lastLine(t, ok(t, "ctl", "status", "--json")); st["pid"] != float64(one.Process.Pid) {
		t.Errorf("one with a path of its own is found without it: %v", st)
	}
	if st := lastLine(t, ok(t, "ctl", "--control", at, "status", "--json")); st["pid"] != float64(two.Process.Pid) {
		t.Errorf("%v", st)
	}
	three := runBridge(t, "--stateserver", "127.0.0.1:0")
	r := command(t, "", "ctl", "status")
	for _, b := range []*running{one, three} {
		if r.code != exitUsage || r.out != "" || !strings.Contains(r.err, "--control "+b.says(steeredBy)[1]+"\n    bridge, process ") {
			t.Errorf("exit %d, out %q: %s", r.code, r.out, r.err)
		}
	}
	r = command(t, "", "ctl", "status", "--json")
	var line struct {
		Control, Command, Title string
		PID                     int
	}
	if lines := strings.Split(strings.TrimSpace(r.out), "\n"); r.code != exitUsage || len(lines) != 2 || json.Unmarshal([]byte(lines[0]), &line) != nil || line.Command != "bridge" || line.Control == "" {
		t.Errorf("exit %d: %s", r.code, r.out)
	}
	if taken := command(t, "", "bridge", "--stateserver", "127.0.0.1:0", "--control", at); taken.code != exitUnreachable || !strings.Contains(taken.err, "another program answers there") {
		t.Errorf("exit %d: %s", taken.code, taken.err)
	}
	three.stop(os.Kill)
	if st := lastLine(t, ok(t, "ctl", "status", "--json")); st["pid"] != float64(one.Process.Pid) {
		t.Errorf("after one was killed: %v", st)
	}
	two.stop(os.Kill)
	again := runBridge(t, "--stateserver", "127.0.0.1:0", "--control", at) // over what the dead one has left
	if st := lastLine(t, ok(t, "ctl", "status", "--control", at, "--json")); st["pid"] != float64(again.Process.Pid) {
		t.Errorf("%v", st)
	}
	again.stop(os.Interrupt)
	if _, err := os.Lstat(at); err == nil {
		t.Error("a bridge that has ended leaves its socket")
	}
	for _, b := range []*running{one, two, three, again} {
		if strings.Contains(b.said(), "s3cret") {
			t.Errorf("a secret is shown: %s", b.said())
		}
	}
}

// A bridge goes on where its socket cannot be made, unless it was told where.
func TestBridgeWithoutASocket(t *testing.T) {
	unseen(t)
	if err := os.WriteFile(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "aspstate"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := runBridge(t, "--stateserver", "127.0.0.1:0")
	if said := r.stop(os.Interrupt); !strings.Contains(said, "aspstate ctl cannot reach this bridge") {
		t.Errorf("%s", said)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "", "bridge", "--stateserver", "127.0.0.1:0", "--control", file); r.code != exitUnreachable || !strings.Contains(r.err, "already exists") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if r := command(t, "", "ctl", "status"); r.code != exitUnreachable || !strings.Contains(r.err, "hint: remove it") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}
