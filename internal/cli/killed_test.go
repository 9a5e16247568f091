package cli

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
)

func signalContext() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)
	return ctx
}

// process starts this program as a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), "ASPSTATE_TEST_MAIN=1")
	return c
}

// content reads every row of a sandbox store. Revision is left out: it counts writes, and a killed run writes some twice.
func content(t *testing.T, dir, layout string) map[session.Key]session.Record {
	t.Helper()
	d, err := sandbox.Open(dir, false, clock)
	if err != nil {
		t.Fatal(err)
	}
	x, err := d.Table(t.Context(), layout, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	rows := map[session.Key]session.Record{}
	for after := session.Cursor(""); ; {
		pg, err := x.Scan(t.Context(), session.ScanRequest{After: after, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range pg.Records {
			if _, twice := rows[r.Key]; twice {
				t.Errorf("%v is there twice", r.Key)
			}
			r.Revision = 0
			rows[r.Key] = r
		}
		if after = pg.Next; after == "" {
			return rows
		}
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		dst := filepath.Join(to, rel)
		if e.IsDir() {
			return os.MkdirAll(dst, 0o700)
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(dst, b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKilledAtAnyMoment kills -9 a migration 50 times at random moments, and then lets it finish: the target must be that
// of an undisturbed run.
func TestKilledAtAnyMoment(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 8
	}
	dir := t.TempDir()
	calm, hurt := filepath.Join(dir, "calm"), filepath.Join(dir, "hurt")
	ok(t, "inspect", "--from", "frameworkcompat", "--sandbox", calm, "--sandbox-sessions", "1500")
	copyDir(t, calm, hurt)
	args := []string{"migrate", "--from", "frameworkcompat", "--to", "inmemory", "--workers", "2", "--rate", "3000", "--json"}
	began := time.Now()
	if out, err := process(t, append(args, "--sandbox", calm)...).CombinedOutput(); err != nil {
		t.Fatalf("undisturbed: %v\n%s", err, out)
	}
	whole := time.Since(began)

	const seed = 20261121
	r := rand.New(rand.NewPCG(seed, 1))
	killed, marks := 0, map[string]bool{}
	for range kills {
		p := process(t, append(args, "--sandbox", hurt)...)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		after := time.NewTimer(time.Duration(r.Int64N(int64(whole))))
		done := make(chan error, 1)
		go func() { done <- p.Wait() }()
		select {
		case <-after.C:
			if err := p.Process.Kill(); err == nil {
				killed++
			}
			<-done
		case err := <-done:
			after.Stop()
			if err != nil {
				t.Fatalf("a run that was not killed: %v", err)
			}
		}
		if b, err := os.ReadFile(filepath.Join(hurt, "frameworkcompat-to-inmemory.checkpoint")); err == nil {
			marks[string(b)] = true
		}
	}
	if killed < kills/4 || len(marks) < 3 {
		t.Fatalf("of %d runs %d were killed, at %d different marks: the test tests nothing", kills, killed, len(marks))
	}
	last, err := process(t, append(args, "--sandbox", hurt)...).CombinedOutput()
	if err != nil {
		t.Fatalf("the last run: %v\n%s", err, last)
	}
	if strings.Contains(string(last), `"differences":0`) == false {
		t.Errorf("the last run: %s", last)
	}
	got, want := content(t, hurt, "inmemory"), content(t, calm, "inmemory")
	if len(want) < 1000 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows, undisturbed %d; equal: %v", len(got), len(want), reflect.DeepEqual(got, want))
	}
	if !reflect.DeepEqual(content(t, hurt, "frameworkcompat"), content(t, calm, "frameworkcompat")) {
		t.Error("the source has changed")
	}
}

// An interrupted run ends with 130 and the next one goes on.
func TestInterruptedByCtrlC(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	ok(t, "inspect", "--from", "v1.1", "--sandbox", sb, "--sandbox-sessions", "2000")
	args := []string{"migrate", "--from", "v1.1", "--to", "sqlserver", "--sandbox", sb, "--json"}
	p := process(t, append(args, "--rate", "500")...)
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for seen := ""; !strings.Contains(seen, `"phase":"copy"`); {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("%v after %s", err, seen)
		}
		seen += string(buf[:n])
	}
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Skipf("no interrupt on this system: %v", err)
	}
	if err := p.Wait(); p.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("%v", err)
	}
	rep := lastLine(t, ok(t, args...))
	if rep["resumed"] != true || rep["differences"] != 0.0 {
		t.Errorf("the next run: %v", rep)
	}
}
