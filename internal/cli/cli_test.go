package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/fixtures"
)

// TestMain lets a test start this program as a process of its own: see killed_test.go.
func TestMain(m *testing.M) {
	if os.Getenv("ASPSTATE_TEST_MAIN") != "" {
		os.Exit(Main(signalContext(), Streams{os.Stdin, os.Stdout, os.Stderr}, append([]string{"aspstate"}, os.Args[1:]...)))
	}
	os.Exit(withOwnSockets(m))
}

// withOwnSockets runs the tests with a directory of their own for control sockets: not that of whoever runs them.
func withOwnSockets(m *testing.M) int {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("XDG_RUNTIME_DIR", dir)
	return m.Run()
}

type result struct {
	code     int
	out, err string
}

// command runs aspstate with arguments; a sandbox is added where the first argument is "@".
func command(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := Main(t.Context(), Streams{strings.NewReader(stdin), &out, &errs}, append([]string{"aspstate"}, args...))
	return result{code, out.String(), errs.String()}
}

// ok is command that must end with 0.
func ok(t *testing.T, args ...string) result {
	t.Helper()
	r := command(t, "", args...)
	if r.code != 0 {
		t.Fatalf("aspstate %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r
}

// lastLine parses the last line of JSON output.
func lastLine(t *testing.T, r result) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	var v map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil {
		t.Fatalf("last line of %q: %v\n%s", r.out, err, r.err)
	}
	return v
}

func TestTheMainJob(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	args := []string{"migrate", "--from", "frameworkcompat", "--to", "inmemory", "--sandbox", sb, "--sandbox-sessions", "500", "--json"}
	first := ok(t, args...)
	if !strings.HasPrefix(first.err, "This is the sandbox in "+sb) {
		t.Errorf("the first line is %q", first.err)
	}
	const keys = "event scanned copied updated unchanged deleted skipped_expired superseded target_owned undecodable refused verified differences bytes seconds"
	rep := lastLine(t, first)
	for _, k := range strings.Fields(keys) {
		if _, there := rep[k]; !there {
			t.Errorf("the report lacks %s", k)
		}
	}
	copied := rep["copied"].(float64)
	if rep["event"] != "report" || rep["scanned"] != 500.0 || copied < 350 || rep["verified"] != copied || rep["differences"] != 0.0 {
		t.Errorf("first run: %v", rep)
	}
	rep = lastLine(t, ok(t, args...))
	if rep["copied"] != 0.0 || rep["updated"] != 0.0 || rep["unchanged"] != copied {
		t.Errorf("second run: %v", rep)
	}
	if cmp := lastLine(t, ok(t, "verify", "--from", "frameworkcompat", "--to", "inmemory", "--sandbox", sb, "--json")); cmp["equal"] != copied || cmp["differences"] != 0.0 {
		t.Errorf("verify: %v", cmp)
	}
	text := ok(t, append(args[:len(args)-1:len(args)-1], "--start-over")...)
	if !strings.Contains(text.out, "unchanged") || !strings.Contains(text.err, "aspstate dump session ") {
		t.Errorf("text: %s\n%s", text.out, text.err)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	r := ok(t, "migrate", "--from", "v1.1", "--to", "sqlserver", "--sandbox", sb, "--sandbox-sessions", "100", "--dry-run")
	if !strings.Contains(r.out, "100 rows") || !strings.Contains(r.out, "ok       unknown-suffixes") {
		t.Errorf("plan:\n%s", r.out)
	}
	left, _ := filepath.Glob(filepath.Join(sb, "*.checkpoint*"))
	if left != nil {
		t.Errorf("a dry run left %v", left)
	}
	if v := lastLine(t, ok(t, "inspect", "--from", "sqlserver", "--sandbox", sb, "--json")); v["rows"] != 0.0 {
		t.Errorf("the target has %v rows", v["rows"])
	}
}

func TestDumpSessionShowsTheSameOnBothSides(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	at := func(args ...string) []string { return append(args, "--sandbox", sb) }
	ok(t, at("migrate", "--from", "frameworkcompat", "--to", "inmemory", "--sandbox-sessions", "300")...)
	before := ok(t, at("inspect", "--json")...).out
	id := strings.Fields(strings.SplitAfter(ok(t, at("migrate", "--from", "frameworkcompat", "--to", "inmemory")...).err, "dump session ")[1])[0]

	show := func(id, layout string) map[string]any {
		t.Helper()
		v := lastLine(t, ok(t, at("dump", "session", id, "--from", layout, "--format", "json")...))
		return v
	}
	target := show(id, "inmemory")
	rawID, app := target["id"].(string), target["app"].(string)
	source := show(id, "frameworkcompat") // by the target's spelling
	if target["stored_id"] == source["stored_id"] {
		t.Error("the suffixes should differ")
	}
	for _, v := range []map[string]any{target, source} {
		delete(v, "stored_id")
		delete(v, "layout")
		delete(v, "ids")
	}
	want, _ := json.Marshal(target)
	path := map[string]string{
		"shop": "%2fLM%2fW3SVC%2f3%2fROOT%2fshop(x)%2f", "portal": "/LM/W3SVC/1/ROOT(x)/", "intranet": "%2fLM%2fW3SVC%2f2%2fROOT(x)%2f",
	}[app] + rawID
	for _, spelled := range []string{id, rawID, path, source["id"].(string)} {
		for _, layout := range []string{"inmemory", "frameworkcompat"} {
			v := show(spelled, layout)
			delete(v, "stored_id")
			delete(v, "layout")
			delete(v, "ids")
			if got, _ := json.Marshal(v); !bytes.Equal(got, want) {
				t.Errorf("%s in %s:\n%s\nwant\n%s", spelled, layout, got, want)
			}
		}
	}
	text := ok(t, at("dump", "session", rawID)...).out
	if again := ok(t, at("dump", "session", rawID)...).out; stripTimes(again) != stripTimes(text) || !strings.Contains(text, rawID) {
		t.Errorf("dumped again:\n%s\n%s", text, again)
	}
	if after := ok(t, at("inspect", "--json")...).out; after != before {
		t.Errorf("looking has changed the store:\n%s%s", before, after)
	}
}

// stripTimes takes the lines out that say how long ago something was.
func stripTimes(s string) string {
	var kept []string
	for _, l := range strings.Split(s, "\n") {
		if !strings.HasPrefix(l, "created") && !strings.HasPrefix(l, "expires") && !strings.HasPrefix(l, "locked") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

func TestAnIDThatMeansSeveralSessions(t *testing.T) {
	dir := t.TempDir()
	from := "embedded:" + filepath.Join(dir, "store")
	seedEmbedded(t, filepath.Join(dir, "store"), "one", "two")
	r := command(t, "", "dump", "session", "abcdefghijklmnopqrstuvwx", "--from-dsn", from)
	if r.code != exitRefused || !strings.Contains(r.err, "one, two") || !strings.Contains(r.err, "hint: ") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	one := ok(t, "dump", "session", "abcdefghijklmnopqrstuvwx", "--from-dsn", from, "--app", "two=/LM/W3SVC/2/ROOT", "--app", "two", "--json")
	if v := lastLine(t, one); v["app"] != "two" {
		t.Errorf("chosen: %v", v)
	}
}

func TestDumpBlob(t *testing.T) {
	file := filepath.Join(t.TempDir(), "blob")
	if err := os.WriteFile(file, fixtures.Blob("keys-case"), 0o600); err != nil {
		t.Fatal(err)
	}
	js := ok(t, "dump", "blob", file, "--format", "json")
	if v := lastLine(t, result{out: strings.ReplaceAll(js.out, "\n", "")}); v["format"] != 1.0 {
		t.Errorf("JSON: %s", js.out)
	}
	if in := command(t, string(fixtures.Blob("keys-case")), "dump", "blob", "-", "--json"); in.out != js.out {
		t.Errorf("from standard input: %s", in.out)
	}
	for _, f := range []string{"text", "offsets"} {
		if r := ok(t, "dump", "blob", file, "--format="+f); !strings.Contains(r.out, "Alpha") {
			t.Errorf("%s: %s", f, r.out)
		}
	}
	r := command(t, string(fixtures.Destroyed()), "dump", "blob", "-")
	if r.code != exitMalformed || !strings.Contains(r.err, "item 0") || !strings.Contains(r.err, "offset") {
		t.Errorf("a destroyed blob: exit %d: %s", r.code, r.err)
	}
	r = command(t, string(fixtures.Destroyed()), "dump", "blob", "-", "--format", "offsets")
	if r.code != exitMalformed || !strings.Contains(r.out, "timeout") {
		t.Errorf("its offsets: exit %d: %s", r.code, r.out)
	}
	if r = command(t, string(fixtures.Blob("typical")), "dump", "blob", "--compressed", "yes", "-"); r.code != exitMalformed {
		t.Errorf("plain read as compressed: exit %d: %s", r.code, r.err)
	}
}

func TestSuffixVectors(t *testing.T) {
	var v struct {
		Vectors []struct {
			AppID string                    `json:"app_domain_app_id"`
			Inbox struct{ Suffix string }   `json:"inbox"`
			X86   struct{ Suffix string }   `json:"async_fx32"`
			X64   struct{ Suffix string }   `json:"async_fx64"`
			V21   struct{ Suffix string }   `json:"async_v21"`
			_     map[string]map[string]any `json:"-"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(fixtures.AppIDSuffixes, &v); err != nil || len(v.Vectors) == 0 {
		t.Fatalf("vectors: %v", err)
	}
	for _, x := range v.Vectors {
		got := ok(t, "suffix", x.AppID, "--json").out
		want := `{"app_id":` + strconv.Quote(x.AppID) + `,"inbox":"` + x.Inbox.Suffix + `","async_fx64":"` + x.X64.Suffix +
			`","async_fx32":"` + x.X86.Suffix + `","async_v21":"` + x.V21.Suffix + `"}` + "\n"
		if got != want {
			t.Errorf("got %swant %s", got, want)
		}
	}
}

func TestRespellInPlace(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	args := []string{
		"migrate", "--from", "frameworkcompat", "--to", "frameworkcompat", "--to-ids", "async-2.1", "--sandbox", sb,
		"--sandbox-sessions", "200", "--json",
	}
	copied := lastLine(t, ok(t, args...))["copied"]
	rep := lastLine(t, ok(t, append(args, "--remove-old")...))
	if rep["unchanged"] != copied || rep["removed_old"].(float64) < copied.(float64) {
		t.Errorf("copied %v, then %v", copied, rep)
	}
	if rep = lastLine(t, ok(t, args...)); rep["deleted"] != 0.0 {
		t.Errorf("a third run: %v", rep)
	}
	if v := lastLine(t, ok(t, "inspect", "--sandbox", sb, "--json")); v["live"] != copied {
		t.Errorf("%v live rows of %v", v["live"], copied)
	}
}

func TestIntoAndOutOfAnEmbeddedStore(t *testing.T) {
	dir := t.TempDir()
	sb, store := filepath.Join(dir, "sandbox"), "embedded:"+filepath.Join(dir, "store")
	cp := filepath.Join(dir, "cp")
	rep := lastLine(t, ok(t, "migrate", "--from", "sqlserver", "--to-dsn", store, "--sandbox", sb, "--sandbox-sessions", "100", "--checkpoint", cp, "--json"))
	back := lastLine(t, ok(t, "migrate", "--from-dsn", store, "--to", "v1.0", "--sandbox", sb, "--checkpoint", cp+"2", "--json"))
	if rep["copied"] != back["copied"] || back["copied"] == 0.0 {
		t.Errorf("in: %v\nout: %v", rep, back)
	}
	if v := lastLine(t, ok(t, "inspect", "--from-dsn", store, "--json")); v["rows"] != rep["copied"] || v["layout"] != "embedded" {
		t.Errorf("inspect: %v", v)
	}
}
