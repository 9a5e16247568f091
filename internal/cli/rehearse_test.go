package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// TestRehearsal: all of a cut-over happens, pages find their sessions afterwards, and nothing stays behind.
func TestRehearsal(t *testing.T) {
	t.Chdir(t.TempDir())
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	out := ok(t, "migrate", "--rehearse", "--from", layout.FrameworkCompat, "--to", layout.InMemory, "--sandbox-sessions", "300", "--lock-wait", "200ms", "--json")
	r := lastLine(t, out)
	for _, positive := range []string{"rows", "copied", "bytes", "passes", "pages", "copy_seconds", "freeze_seconds", "standstill_seconds"} {
		if n, _ := r[positive].(float64); n <= 0 {
			t.Errorf("%s: %v", positive, r[positive])
		}
	}
	if r["event"] != "rehearsal" || r["wrong"] != 0.0 || r["calls_failed"] != 0.0 || r["sandbox"] != true || r["freeze_estimated"] != nil {
		t.Errorf("%v", r)
	}
	for _, dir := range []string{".", tmp} {
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("%s: left behind %v, %v", dir, left, err)
		}
	}
	text := ok(t, "migrate", "--rehearse", "--from", layout.V11, "--to", layout.SQLServer, "--sandbox-sessions", "100", "--lock-wait", "1ms")
	if !strings.Contains(text.out, "  the freeze") || !strings.Contains(text.out, "         0  sessions lost") {
		t.Error(text.out)
	}
}

// TestRehearsalOnlyReadsARealSource: nobody is stopped, nothing is written to it, and the freeze is estimated.
func TestRehearsalOnlyReadsARealSource(t *testing.T) {
	const app = "/LM/W3SVC/3/ROOT/shop"
	store := filepath.Join(t.TempDir(), "store")
	seedEmbedded(t, store, "shop")
	b := runBridge(t, "--store", "embedded:"+store, "--tds", "127.0.0.1:0", "--tds-login", "dba=s3cret", "--tds-owner", "dba", "--app", "shop="+app)
	dsn := "sqlserver://dba:s3cret@" + b.says(regexp.MustCompile(`protocol=TDS address=(\S+)`))[1] + "?encrypt=disable&database=Sessions"
	t.Chdir(t.TempDir())
	from := []string{"--from", layout.FrameworkCompat, "--from-dsn", dsn, "--from-ids", "inbox", "--app", "shop=" + app}
	before := ok(t, append([]string{"inspect", "--json"}, from...)...)
	r := lastLine(t, ok(t, append([]string{"migrate", "--rehearse", "--to", layout.InMemory, "--json"}, from...)...))
	if r["copied"] != 1.0 || r["freeze_estimated"] != true || r["pages"] != nil || r["sandbox"] != false {
		t.Errorf("%v", r)
	}
	if after := ok(t, append([]string{"inspect", "--json"}, from...)...); after.out != before.out {
		t.Errorf("the source was\n%s\nand is\n%s", before.out, after.out)
	}
	b.stop(os.Interrupt)
}

func TestRehearsalRefusesWhatItWouldNotDo(t *testing.T) {
	t.Chdir(t.TempDir())
	full := filepath.Join(t.TempDir(), "full")
	seedEmbedded(t, full, "shop")
	base := []string{"migrate", "--rehearse", "--from", layout.V11, "--sandbox-sessions", "50"}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, "--follow does not go with it", []string{"--to", layout.InMemory, "--follow"}},
		{exitUsage, "--hook does not go with it", []string{"--to", layout.InMemory, "--hook", "freeze=/bin/true"}},
		{exitUsage, "makes a sandbox of its own", []string{"--to", layout.InMemory, "--sandbox", "here"}},
		{exitUsage, "--traffic", []string{"--to", layout.InMemory, "--traffic", "-1"}},
		{exitRefused, "the target has 1 rows", []string{"--to-dsn", "embedded:" + full}},
	} {
		if r := command(t, "", append(base, c.args...)...); r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%v: exit %d, %s", c.args, r.code, r.err)
		}
	}
}

// TestRehearsalThatFoundWrongSessions ends as a verification that found differences does, with --json too.
func TestRehearsalThatFoundWrongSessions(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		r := rehearsal{report: rehearsed{Wrong: 1, Example: "it is gone"}}
		var out strings.Builder
		err := r.tell(&out, asJSON)
		if code, _ := exitCode(err); code != exitDifferent || out.Len() == 0 {
			t.Errorf("json %v: exit %d, %v, %q", asJSON, code, err, out.String())
		}
	}
}

// TestPagesOfARehearsal use sessions of one row: who abandons one of two rows has not abandoned the session.
func TestPagesOfARehearsal(t *testing.T) {
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/3/ROOT/shop"}})
	if err != nil {
		t.Fatal(err)
	}
	spelling, err := layout.NewSpelling(reg, layout.RuleInbox, layout.RuleAsyncX64)
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New(memstore.Options{})
	one, two := session.Key{App: "shop", ID: strings.Repeat("1", 24)}, session.Key{App: "shop", ID: strings.Repeat("2", 24)}
	for _, row := range []struct {
		session.Key
		rule layout.IDRule
	}{{one, layout.RuleInbox}, {two, layout.RuleInbox}, {two, layout.RuleAsyncX64}} {
		k, err := spelling.Spell(row.Key, row.rule)
		if err == nil {
			err = store.SetAndRelease(t.Context(), k, session.Value{Timeout: 20}, session.Insert())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r := rehearsal{st: &stores{from: &end{End: copier.End{Spelling: spelling}, table: store, rules: spelling.Rules}}}
	if keys, err := r.usable(t.Context()); err != nil || !slices.Equal(keys, []session.Key{one}) {
		t.Errorf("%v, %v", keys, err)
	}
}
