package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var caughtUp = regexp.MustCompile(`"event":"caught_up"`)

// following starts a migration in a sandbox that follows, and waits until it has caught up.
func following(t *testing.T, sb string, more ...string) *running {
	t.Helper()
	ok(t, "inspect", "--from", "v1.1", "--sandbox", sb, "--sandbox-sessions", "300")
	r := start(t, append([]string{"migrate", "--from", "v1.1", "--to", "sqlserver", "--sandbox", sb, "--follow", "--lock-wait", "100ms", "--json"}, more...)...)
	r.says(caughtUp)
	return r
}

// noting makes a hook that appends its stage and facts to a file.
func noting(t *testing.T, stages ...string) (file string, flags []string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "noted")
	program := script(t, `echo "$ASPSTATE_STAGE rows=$ASPSTATE_ROWS lag=$ASPSTATE_LAG_ROWS,$ASPSTATE_LAG_SECONDS $ASPSTATE_FROM to $ASPSTATE_TO error=$ASPSTATE_ERROR" >> `+file+`; env >> `+file+".env")
	for _, s := range stages {
		flags = append(flags, "--hook", s+"="+program)
	}
	return file, flags
}

func stagesIn(t *testing.T, file string) (stages []string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		stage, _, _ := strings.Cut(l, " ")
		stages = append(stages, stage)
	}
	return stages
}

// TestFollowIsSteered steers a following migration through everything that ctl can, to its cut-over.
func TestFollowIsSteered(t *testing.T) {
	unseen(t)
	t.Setenv("ASPSTATE_TO_PASSWORD", "s3cret")
	file, hooks := noting(t, stageNames()...)
	sb := filepath.Join(t.TempDir(), "sandbox")
	r := following(t, sb, hooks...)

	status := func(args ...string) map[string]any {
		t.Helper()
		st := lastLine(t, ok(t, append(append([]string{"ctl"}, args...), "--json")...))
		return st["migrate"].(map[string]any)
	}
	st := status("status")
	if st["follow"] != true || st["caught_up"] != true || st["cut_over"] != false || st["rate"] != 0.0 || len(st["paused_by"].([]any)) != 0 {
		t.Errorf("status: %v", st)
	}
	if by := status("pause")["paused_by"].([]any); !slices.Equal(by, []any{"ctl"}) {
		t.Errorf("paused by %v", by)
	}
	if text := ok(t, "ctl", "status").out; !strings.Contains(text, "paused by ctl") || !strings.Contains(text, "v1.1, sandbox") {
		t.Errorf("%s", text)
	}
	if by := status("resume")["paused_by"].([]any); len(by) != 0 {
		t.Errorf("paused by %v", by)
	}
	if st := status("set", "rate=5000"); st["rate"] != 5000.0 {
		t.Errorf("rate: %v", st)
	}
	if l := ok(t, "ctl", "leases", "--json"); l.out != "[]\n" { // there is no bridge that could be in the way
		t.Errorf("leases: %s", l.out)
	}

	rep := ok(t, "ctl", "cut-over")
	if !strings.Contains(rep.out, "cut over after ") || !strings.Contains(rep.out, "the application stood still for") {
		t.Errorf("the report of cut-over:\n%s", rep.out)
	}
	if code := r.ended(); code != exitDone {
		t.Fatalf("exit %d\n%s", code, r.said())
	}
	lines := strings.Split(strings.TrimSpace(r.said()), "\n")
	if got := lastLine(t, result{out: lines[len(lines)-1]}); got["event"] != "report" || got["freeze_seconds"] == nil || got["differences"] != 0.0 {
		t.Errorf("the last line: %v", got)
	}
	want := []string{"before-copy", "caught-up", "before-final", "freeze", "frozen", "done"}
	if got := stagesIn(t, file); !slices.Equal(got, want) {
		t.Errorf("stages %v", got)
	}
	noted, _ := os.ReadFile(file)
	if m := regexp.MustCompile(`freeze rows=\d+ lag=\d+,[\d.]+ v1\.1, sandbox \S+ to sqlserver, sandbox \S+ error=\n`); !m.Match(noted) {
		t.Errorf("facts:\n%s", noted)
	}
	if env, _ := os.ReadFile(file + ".env"); len(env) == 0 || strings.Contains(string(env), "s3cret") {
		t.Errorf("the environment of a hook:\n%s", env)
	}
	ok(t, "verify", "--from", "v1.1", "--to", "sqlserver", "--sandbox", sb)
	again := command(t, "", "migrate", "--from", "v1.1", "--to", "sqlserver", "--sandbox", sb, "--follow")
	if again.code != exitRefused || !strings.Contains(again.err, "was cut over") {
		t.Errorf("a second time: exit %d, %s", again.code, again.err)
	}
}

// A hook that fails stops the migration; who asked for the cut-over hears of it, and nothing has been cut over.
func TestFailingHookStopsTheCutOver(t *testing.T) {
	unseen(t)
	file, hooks := noting(t, "frozen", "done", "failed")
	sb := filepath.Join(t.TempDir(), "sandbox")
	r := following(t, sb, append(hooks, "--hook", "freeze="+script(t, "echo the farm does not stop; exit 7"))...)
	c := command(t, "", "ctl", "cut-over")
	if c.code != exitFailed || !strings.Contains(c.err, "stage freeze") || !strings.Contains(c.err, "exit status 7") {
		t.Errorf("ctl: exit %d, %s", c.code, c.err)
	}
	if code := r.ended(); code != exitFailed || !strings.Contains(r.said(), "the farm does not stop") {
		t.Errorf("exit %d\n%s", code, r.said())
	}
	if got := stagesIn(t, file); !slices.Equal(got, []string{"failed"}) {
		t.Errorf("stages %v", got)
	}
	r = following(t, sb) // and the next run goes on
	if a := command(t, "", "ctl", "abort"); a.code != exitDone {
		t.Errorf("abort: exit %d, %s", a.code, a.err)
	}
	if code := r.ended(); code != exitInterrupted {
		t.Errorf("exit %d\n%s", code, r.said())
	}
}

// Who waits for a cut-over that somebody aborts hears that it did not come about.
func TestAbortWhileWaiting(t *testing.T) {
	unseen(t)
	sb := filepath.Join(t.TempDir(), "sandbox")
	up := filepath.Join(t.TempDir(), "up")
	r := following(t, sb, "--hook", "freeze="+script(t, "touch "+up+"; echo hook is up; exec sleep 60"))
	asked := ok(t, "ctl", "cut-over", "--wait=false", "--json")
	if st := lastLine(t, asked)["migrate"].(map[string]any); st["cut_over"] != true {
		t.Errorf("%v", st)
	}
	r.says(regexp.MustCompile("hook is up"))
	waiting := start(t, "ctl", "cut-over") // a process of its own: commands share globals of the flags' library
	ok(t, "ctl", "abort")
	if code := waiting.ended(); code != exitFailed && code != exitUnreachable {
		t.Errorf("who waited: exit %d, %s", code, waiting.said())
	}
	if code := r.ended(); code != exitInterrupted {
		t.Errorf("exit %d\n%s", code, r.said())
	}
}

// A plain migration rests while its pause file exists, and has nothing to cut over.
func TestPauseFileAndPlainMigration(t *testing.T) {
	unseen(t)
	sb, pause := filepath.Join(t.TempDir(), "sandbox"), filepath.Join(t.TempDir(), "pause")
	ok(t, "inspect", "--from", "v1.1", "--sandbox", sb, "--sandbox-sessions", "300")
	if err := os.WriteFile(pause, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(t.TempDir(), "c.sock")
	r := start(t, "migrate", "--from", "v1.1", "--to", "sqlserver", "--sandbox", sb, "--json", "--pause-file", pause, "--control", at)
	r.says(regexp.MustCompile(`"phase":"preflight"`))
	var st struct {
		Migrate migrateStatus
	}
	for !slices.Contains(st.Migrate.PausedBy, "pause file") {
		if err := json.Unmarshal([]byte(ok(t, "ctl", "status", "--control", at, "--json").out), &st); err != nil {
			t.Fatal(err)
		}
	}
	if c := command(t, "", "ctl", "cut-over", "--control", at); c.code != exitRefused || !strings.Contains(c.err, "hint: migrate --follow") {
		t.Errorf("cut-over: exit %d, %s", c.code, c.err)
	}
	if c := command(t, "", "ctl", "phase", "shop", "prepare", "--control", at); c.code != exitUsage || !strings.Contains(c.err, `migrate knows no command "phase"`) {
		t.Errorf("phase: exit %d, %s", c.code, c.err)
	}
	if err := os.Remove(pause); err != nil {
		t.Fatal(err)
	}
	if code := r.ended(); code != exitDone || !strings.Contains(r.said(), `"event":"report"`) {
		t.Errorf("exit %d\n%s", code, r.said())
	}
}

func TestSteeringUsage(t *testing.T) {
	unseen(t)
	sb := filepath.Join(t.TempDir(), "sandbox")
	ok(t, "inspect", "--from", "v1.1", "--sandbox", sb, "--sandbox-sessions", "20")
	in := func(args ...string) []string {
		return append([]string{"migrate", "--from", "v1.1", "--to", "sqlserver", "--sandbox", sb}, args...)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, "--max-latency cannot be less than nothing", in("--max-latency", "-1s")},
		{exitUsage, "--max-target-latency cannot be less than nothing", in("--max-target-latency", "-1s")},
		{exitUsage, "--lock-wait cannot be less than nothing", in("--lock-wait", "-1s")},
		{exitUsage, "--max-errors: 101 is not of a hundred", in("--max-errors", "101")},
		{exitUsage, "--max-errors: NaN is not of a hundred", in("--max-errors", "NaN")},
		{exitUsage, "STAGE=PROGRAM is wanted", in("--hook", "lunch=true")},
		{exitUsage, "--hook freeze: ", in("--hook", "freeze=/no/such/program")},
		{exitUnreachable, "already exists", in("--control", file)},
		{exitUsage, "does not remove old rows", []string{"migrate", "--from", "v1.1", "--to", "v1.1", "--to-ids", "async-2.1", "--remove-old", "--follow", "--sandbox", sb}},
	} {
		r := command(t, "", c.args...)
		if r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("aspstate %s: exit %d, want %d\n%s", strings.Join(c.args, " "), r.code, c.code, r.err)
		}
	}
	ok(t, in("--dry-run", "--control", file)...) // nothing runs that could be steered

	unseen(t)
	// One that follows could not be finished without its socket; another goes on, and says so.
	if err := os.WriteFile(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "aspstate"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "", in("--follow")...); r.code != exitUnreachable || !strings.Contains(r.err, "hint: remove it") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if r := ok(t, in()...); !strings.Contains(r.err, "note: aspstate ctl cannot reach this run") {
		t.Errorf("%s", r.err)
	}
}
