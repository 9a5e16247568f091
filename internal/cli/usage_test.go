package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// seedEmbedded makes an embedded store that has one session of the same raw id for each application.
func seedEmbedded(t *testing.T, dir string, apps ...string) {
	t.Helper()
	s, err := memstore.Open(dir, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, app := range apps {
		v := session.Value{Payload: []byte{20, 0, 0, 0, 0, 0, 0xFF}, Timeout: 20}
		k := session.Key{App: app, ID: "abcdefghijklmnopqrstuvwx"}
		if err := s.SetAndRelease(t.Context(), k, v, session.Insert()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Wrong usage, and stores that cannot be read: one clear line, a hint where there is something to do, the code of the
// table.
func TestWrongUsage(t *testing.T) {
	dir := t.TempDir()
	sb := filepath.Join(dir, "sandbox")
	ok(t, "inspect", "--from", "v1.1", "--sandbox", sb, "--sandbox-sessions", "20")
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign")
	if err := os.MkdirAll(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "thesis.doc"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	held := filepath.Join(dir, "held")
	s, err := memstore.Open(held, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	free := filepath.Join(dir, "free")
	seedEmbedded(t, free, "one")

	in := func(args ...string) []string { return append(args, "--sandbox", sb) }
	for _, c := range []struct {
		code  int
		says  string
		hints bool
		args  []string
	}{
		{exitUsage, `unknown command "migrat"`, true, []string{"migrat"}},
		{exitUsage, "-form", true, in("migrate", "--form", "x")},
		{exitUsage, "--from LAYOUT is missing", true, in("migrate", "--to", "inmemory")},
		{exitUsage, "--to LAYOUT is missing", true, in("migrate", "--from", "v1.1")},
		{exitUsage, `unknown layout "v9"`, false, in("migrate", "--from", "v9", "--to", "inmemory")},
		{exitUsage, `unknown layout "v9"`, false, in("migrate", "--from", "v1.1", "--to", "v9")},
		{exitUsage, `unknown id rule "x"`, false, in("migrate", "--from", "v1.1", "--to", "inmemory", "--to-ids", "x")},
		{exitUsage, "one rule, not 2", false, in("migrate", "--from", "v1.1", "--to", "inmemory", "--to-ids", "async-x64,async-2.1")},
		{exitUsage, "spells ids by rule inbox", false, in("migrate", "--from", "v1.1", "--to", "inmemory", "--to-ids", "inbox")},
		{exitUsage, "spells ids by rule raw", false, in("migrate", "--from", "v1.1", "--to", "sqlserver", "--to-ids", "raw")},
		{exitUsage, "spells ids by rule async-2.1", false, in("migrate", "--from", "v1.1", "--to", "v1.0", "--to-ids", "async-2.1")},
		{exitUsage, "spells ids by rule stateserver", false, in("inspect", "--from", "v1.1", "--from-ids", "stateserver")},
		{exitUsage, "spells ids by rule inbox", false, []string{"inspect", "--from-dsn", "embedded:" + free, "--from-ids", "inbox"}},
		{exitUsage, "empty name", true, in("inspect", "--from", "v1.1", "--app", "")},
		{exitUsage, "has no name", false, []string{"inspect", "--sandbox", ""}},
		{exitUsage, "same table", true, in("migrate", "--from", "v1.1", "--to", "v1.1")},
		{exitUsage, "same table", true, in("migrate", "--from", "v1.1", "--to", "v1.1", "--to-ids", "async-x64")},
		{exitUsage, "re-spelled in place", false, in("migrate", "--from", "v1.1", "--to", "inmemory", "--remove-old")},
		{exitUsage, "want same, yes or no", false, in("migrate", "--from", "v1.1", "--to", "inmemory", "--to-compressed", "auto")},
		{exitUsage, "want auto, yes or no", false, in("migrate", "--from", "v1.1", "--to", "inmemory", "--from-compressed", "maybe")},
		{exitUsage, `takes no argument, got "now"`, false, in("migrate", "now", "--from", "v1.1", "--to", "inmemory")},
		{exitUsage, "--app: ", false, in("migrate", "--from", "v1.1", "--to", "inmemory", "--app", "x=")},
		{exitUsage, `no application is called "nope"`, true, in("migrate", "--from", "v1.1", "--to", "inmemory", "--app", "nope")},
		{exitUsage, "seeded otherwise", true, in("migrate", "--from", "v1.1", "--to", "inmemory", "--sandbox-sessions", "30")},
		{exitUsage, "no number of sessions", false, in("inspect", "--from", "v1.1", "--sandbox-sessions", "-3")},
		{exitUsage, "opens no stateserver stores", true, []string{"inspect", "--from-dsn", "stateserver://sa:secret@db:42424"}},
		{exitUsage, "no URL of a bridge", true, []string{"inspect", "--from-dsn", "http://sa:secret@db?key=secret"}},
		{exitUsage, `"Nonsense" is not a setting`, false, []string{"inspect", "--from-dsn", "Server=db;Nonsense=1;User Id=sa;Password=secret"}},
		{exitUsage, "opens no embedded stores", true, []string{"inspect", "--from-dsn", "Server=db", "--from-dsn", "embedded:x"}},
		{exitUsage, "has no partitions", false, []string{"inspect", "--from-dsn", "embedded:x", "--from-dsn", "embedded:y"}},
		{exitUsage, "its DSN names a server", true, []string{"inspect", "--from", "embedded", "--from-dsn", "Server=db"}},
		{exitUsage, "from-zone", true, []string{"inspect", "--from-dsn", "Server=db;User Id=sa;Password=secret", "--from", "v1.1", "--from-zone", "Mars/Phobos"}},
		{exitUnreachable, "127.0.0.1:1", true, []string{"inspect", "--from-dsn", "sqlserver://sa:secret@127.0.0.1:1?encrypt=disable"}},
		{exitUnreachable, "127.0.0.1:1", true, []string{"inspect", "--from-dsn", "Server=127.0.0.1,1;User Id=sa;Password=secret;Encrypt=no"}},
		{exitRefused, "cannot list its sessions", true, []string{"inventory", "--from-dsn", "stateserver://sa:secret@db:42424"}},
		{exitUnreachable, "127.0.0.1:1", false, []string{"inventory", "--from-dsn", "http://sa:secret@127.0.0.1:1"}},
		{exitUsage, "--json and --go contradict", false, in("inventory", "--json", "--go")},
		{exitUsage, "no number of sessions", true, in("inventory", "--sample", "-1")},
		{exitUsage, "no name of a Go package", false, in("inventory", "--go", "--package", "a b")},
		{exitUsage, "--package needs --go", false, in("inventory", "--package", "shop")},
		{exitUsage, `takes no argument, got "q3m0…"`, false, in("inventory", "q3m0zv5kd2xw1ea4tyh5rb0c")},
		{exitUnreachable, "no such directory", false, []string{"inventory", "--from-dsn", "embedded:" + filepath.Join(dir, "nosuchdir")}},
		{exitUsage, `"q3m0…" is neither`, true, []string{"dump", "q3m0zv5kd2xw1ea4tyh5rb0c"}},
		{exitUsage, `takes no argument, got "q3m0…"`, false, in("inspect", "q3m0zv5kd2xw1ea4tyh5rb0c")},
		{exitUsage, `unknown command "q3m0…"`, true, []string{"q3m0zv5kd2xw1ea4tyh5rb0c"}},
		{exitUsage, "not defined: -q3m0…", true, in("dump", "session", "-q3m0zv5kd2xw1ea4tyh5rb0c")},
		{exitUsage, "dump what?", true, []string{"dump"}},
		{exitUsage, `"sesion" is neither`, true, []string{"dump", "sesion"}},
		{exitUsage, "takes one session id", true, in("dump", "session")},
		{exitUsage, "takes one session id", true, in("dump", "session", "a", "b")},
		{exitUsage, `--format "xml"`, false, in("dump", "session", "a", "--format", "xml")},
		{exitUsage, "contradict", false, []string{"dump", "blob", "-", "--json", "--format", "text"}},
		{exitUsage, "takes one file", true, []string{"dump", "blob"}},
		{exitUsage, "takes one application id", true, []string{"suffix"}},
		{exitFailed, "not found", true, in("dump", "session", "nosuchsession", "--from", "v1.1")},
		{exitFailed, "no such file", false, []string{"dump", "blob", filepath.Join(dir, "nosuchfile")}},
		{exitMalformed, "offset", true, []string{"dump", "blob", file}},
		{exitUnreachable, "directory", false, []string{"dump", "blob", dir}},
		{exitUnreachable, "no such directory", false, []string{"inspect", "--from-dsn", "embedded:" + filepath.Join(dir, "nosuchdir")}},
		{exitUnreachable, "not a sandbox", true, []string{"inspect", "--sandbox", foreign}},
		{exitUnreachable, "", false, []string{"inspect", "--sandbox", file}},
		{exitUnreachable, "", false, []string{"inspect", "--from-dsn", "embedded:" + foreign}},
		{exitUnreachable, "has it open", true, []string{"inspect", "--from-dsn", "embedded:" + held}},
		{exitUnreachable, "no such directory", false, in("verify", "--from", "v1.1", "--to-dsn", "embedded:"+filepath.Join(dir, "typo"))},
		{exitUnreachable, "has it open", true, in("migrate", "--from", "v1.1", "--to-dsn", "embedded:"+held)},
	} {
		r := command(t, "", c.args...)
		lines := strings.Split(strings.TrimSpace(r.err), "\n")
		var said, hints []string
		for _, l := range lines {
			switch {
			case strings.HasPrefix(l, "aspstate: "):
				said = append(said, l)
			case strings.HasPrefix(l, "hint: "):
				hints = append(hints, l)
			case !strings.HasPrefix(l, "This is the sandbox"):
				t.Errorf("aspstate %s: stray line %q", strings.Join(c.args, " "), l)
			}
		}
		if r.code != c.code || len(said) != 1 || !strings.Contains(said[0], c.says) || (len(hints) == 1) != c.hints || r.out != "" {
			t.Errorf("aspstate %s: exit %d, want %d; want %q, hint %v\n%s%s", strings.Join(c.args, " "), r.code, c.code, c.says, c.hints, r.err, r.out)
		}
		if strings.Contains(r.err, "secret") {
			t.Errorf("a password is shown: %s", r.err)
		}
	}
}

// A checkpoint or ledger that is damaged or foreign is doubt, and says what to do.
func TestDamagedAndForeignState(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	migrate := func(more ...string) result {
		return command(t, "", append([]string{"migrate", "--from", "v1.1", "--to", "sqlserver", "--sandbox", sb, "--sandbox-sessions", "50"}, more...)...)
	}
	if r := migrate(); r.code != 0 {
		t.Fatal(r.err)
	}
	cp := filepath.Join(sb, "v1.1-to-sqlserver.checkpoint")
	good, err := os.ReadFile(cp)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, r result) {
		t.Helper()
		if r.code != exitRefused || !strings.Contains(r.err, "hint: ") {
			t.Errorf("%s: exit %d: %s", what, r.code, r.err)
		}
	}
	for what, bad := range map[string][]byte{
		"an empty checkpoint": {}, "a cut checkpoint": good[:len(good)/2], "another file": []byte("hello"),
		"a changed checkpoint": []byte(strings.Replace(string(good), `"pass":1`, `"pass":7`, 1)),
	} {
		if err := os.WriteFile(cp, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(what, migrate())
	}
	if err := os.WriteFile(cp, good, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("the checkpoint of another pair", command(t, "", "migrate", "--from", "v1.1", "--to", "inmemory", "--sandbox", sb, "--checkpoint", cp))
	parts, err := filepath.Glob(filepath.Join(cp+".ledger", "*"))
	if err != nil || len(parts) == 0 {
		t.Fatalf("the ledger has no files (%v)", err)
	}
	for _, p := range parts {
		whole, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(whole) < 16 { // the lock
			continue
		}
		bad := append([]byte{}, whole...)
		bad[len(bad)/2] ^= 0x40
		if err := os.WriteFile(p, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		refused("a damaged "+filepath.Base(p), migrate())
		if err := os.WriteFile(p, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(cp + ".ledger"); err != nil {
		t.Fatal(err)
	}
	refused("a ledger that is gone", migrate())
	if r := migrate("--start-over"); r.code != 0 {
		t.Errorf("starting over: exit %d: %s", r.code, r.err)
	}
}

// Two runs of one copy at a time: the second is told so, whichever store it meets first.
func TestTwoRunsAtOnce(t *testing.T) {
	dir := t.TempDir()
	cp := filepath.Join(dir, "checkpoint")
	store := "embedded:" + filepath.Join(dir, "store")
	ok(t, "migrate", "--from", "v1.1", "--to-dsn", store, "--sandbox", filepath.Join(dir, "a"), "--sandbox-sessions", "20", "--checkpoint", cp)
	first := process(t, "migrate", "--from", "v1.1", "--to-dsn", store, "--sandbox", filepath.Join(dir, "a"), "--checkpoint", cp, "--rate", "5", "--json")
	out, err := first.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	defer first.Wait()
	defer first.Process.Kill()
	if _, err := out.Read(make([]byte, 100)); err != nil { // it has begun
		t.Fatal(err)
	}
	r := command(t, "", "migrate", "--from", "v1.1", "--to-dsn", store, "--sandbox", filepath.Join(dir, "a"), "--checkpoint", cp)
	if r.code != exitUnreachable || !strings.Contains(r.err, "has it open") || !strings.Contains(r.err, "hint: ") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestRefusalsOfTheSandbox(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	for _, c := range []struct {
		check string
		hint  string
		args  []string
	}{
		{"id-rules", "--from-ids inbox,async-x64", []string{"--to", "inmemory", "--from-ids", "inbox"}},
		{"target-ids", "--app NAME", []string{"--to", "sqlinmemory"}},
	} {
		args := append([]string{"migrate", "--from", "frameworkcompat", "--sandbox", sb, "--sandbox-sessions", "200"}, c.args...)
		r := command(t, "", args...)
		if r.code != exitRefused || !strings.Contains(r.err, c.check) || !strings.Contains(r.err, c.hint) {
			t.Errorf("%s: exit %d: %s", c.check, r.code, r.err)
		}
	}
	if r := ok(t, "migrate", "--from", "frameworkcompat", "--to", "sqlinmemory", "--app", "shop", "--sandbox", sb); !strings.Contains(r.err, "of other applications") {
		t.Errorf("one application: %s", r.err)
	}
}

// The table of docs/exit-codes.md and the constants say the same.
func TestADryRunMakesNoStore(t *testing.T) {
	dir := t.TempDir()
	store := filepath.Join(dir, "store")
	r := ok(t, "migrate", "--from", "v1.1", "--to-dsn", "embedded:"+store, "--sandbox", filepath.Join(dir, "sandbox"), "--sandbox-sessions", "20", "--dry-run")
	if _, err := os.Stat(store); !os.IsNotExist(err) || !strings.Contains(r.out, "20 rows") {
		t.Errorf("%v\n%s", err, r.out)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A result that could not be written is no success.
func TestResultsThatCannotBeWritten(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	ok(t, "migrate", "--from", "v1.1", "--to", "sqlserver", "--sandbox", sb, "--sandbox-sessions", "20")
	for _, args := range [][]string{
		{"migrate", "--from", "v1.1", "--to", "sqlserver"}, {"migrate", "--from", "v1.1", "--to", "sqlserver", "--json"},
		{"verify", "--from", "v1.1", "--to", "sqlserver"}, {"inspect", "--from", "v1.1"}, {"inspect", "--from", "v1.1", "--json"},
	} {
		var errs strings.Builder
		code := Main(t.Context(), Streams{strings.NewReader(""), full{}, &errs}, append(append([]string{"aspstate"}, args...), "--sandbox", sb))
		if code == 0 || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%v: exit %d: %s", args, code, errs.String())
		}
	}
}

// verify does not call two stores equal when live sessions have no copy because nobody knows their application.
func TestVerifyOfUnknownSessions(t *testing.T) {
	dir := t.TempDir()
	sb, store := filepath.Join(dir, "sandbox"), filepath.Join(dir, "store")
	seedEmbedded(t, store, "shop", "nobody")
	args := []string{"--from-dsn", "embedded:" + store, "--to", "sqlserver", "--sandbox", sb}
	if r := command(t, "", append([]string{"migrate"}, args...)...); r.code != exitRefused {
		t.Errorf("migrate: exit %d: %s", r.code, r.err)
	}
	ok(t, append([]string{"migrate", "--skip-unknown"}, args...)...)
	if r := command(t, "", append([]string{"verify"}, args...)...); r.code != exitRefused || !strings.Contains(r.err, "--skip-unknown") {
		t.Errorf("verify: exit %d: %s", r.code, r.err)
	}
	ok(t, append([]string{"verify", "--skip-unknown"}, args...)...)
}

func TestExitCodesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "exit-codes.md"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile("exit.go")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(string(doc), -1) {
		documented[m[1]] = true
	}
	n := 0
	for _, m := range regexp.MustCompile(`(?m)^\texit[A-Z]\w+\s+= (\d+)`).FindAllStringSubmatch(string(src), -1) {
		n++
		if !documented[m[1]] {
			t.Errorf("exit code %s is not in the table", m[1])
		}
	}
	if n != len(documented) || n == 0 {
		t.Errorf("%d codes in the program, %d in the table", n, len(documented))
	}
}

func TestFlagsMayFollowArguments(t *testing.T) {
	app := newApp(Streams{})
	for in, want := range map[string]string{
		"dump session ID --format json":              "dump session --format json -- ID",
		"dump session --json ID --from v1.1":         "dump session --json --from v1.1 -- ID",
		"dump blob - --compressed=no":                "dump blob --compressed=no -- -",
		"dump session -- --odd":                      "dump session -- --odd",
		"migrate --from a --to b --dry-run":          "migrate --from a --to b --dry-run",
		"suffix /LM/W3SVC/1/ROOT --json":             "suffix --json -- /LM/W3SVC/1/ROOT",
		"migrate --app x=/LM/W3SVC/1/ROOT --from v1": "migrate --app x=/LM/W3SVC/1/ROOT --from v1",
	} {
		got := strings.Join(flagsFirst(app, append([]string{"aspstate"}, strings.Fields(in)...)), " ")
		if got != "aspstate "+want {
			t.Errorf("%s became %s", in, got)
		}
	}
}

func TestErrorsOfUsersAreOneLine(t *testing.T) {
	r := command(t, "", "migrate", "--rate", "x", "--from", "v1.1")
	if r.code != exitUsage || strings.Count(r.err, "\n") > 2 {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if fmt.Sprint(usage("", "x")) != "x" {
		t.Error("a failure says something else than its error")
	}
}
