package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
)

// alter opens the table of a layout in a sandbox and lets f make changes of its live rows, in a stable order.
func alter(t *testing.T, dir, layout string, f func(rows []session.Record) []session.Change) {
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
	pg, err := x.Scan(t.Context(), session.ScanRequest{Limit: 10000})
	if err != nil {
		t.Fatal(err)
	}
	var live []session.Record
	for _, r := range pg.Records {
		if r.Expires > session.At(time.Now().Add(time.Hour)) {
			live = append(live, r)
		}
	}
	cs := f(live)
	outs, err := x.Apply(t.Context(), cs)
	if err != nil {
		t.Fatal(err)
	}
	for i, out := range outs {
		if out.Result != session.Applied {
			t.Fatalf("change %d: %+v", i, out)
		}
	}
}

func changed(r session.Record, f func(*session.Record)) session.Change {
	fence := r.Fence()
	f(&r)
	return session.Change{Record: r, Expect: &fence}
}

// One fault of each kind is told, each by its name, in text and in JSON.
func TestVerifyTellsTheFaults(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	ends := []string{"--from", "frameworkcompat", "--to", "inmemory", "--sandbox", sb}
	copied := lastLine(t, ok(t, append([]string{"migrate", "--sandbox-sessions", "300", "--json"}, ends...)...))["copied"].(float64)
	alter(t, sb, "inmemory", func(rows []session.Record) []session.Change {
		extra, moved := rows[7], rows[8]
		extra.Key.ID = "zzzzzzzzzzzzzzzzzzzzzzzz" + extra.Key.ID[24:]
		fence := moved.Fence()
		away := moved
		away.Key.ID = moved.Key.ID[:len(moved.Key.ID)-8] // without its suffix
		return []session.Change{
			changed(rows[0], func(r *session.Record) { r.Payload = append(bytes.Clone(r.Payload), 1)[1:] }),
			changed(rows[1], func(r *session.Record) { r.Timeout += 3 }),
			changed(rows[2], func(r *session.Record) { r.Expires += 300 }),
			changed(rows[3], func(r *session.Record) { r.Lock.Cookie += 7 }),
			changed(rows[4], func(r *session.Record) { r.Flags ^= session.Uninitialized }),
			changed(rows[5], func(r *session.Record) { r.Created -= 300 }),
			{Record: session.Record{Key: rows[6].Key}, Delete: true, Expect: fenceOf(rows[6])},
			{Record: extra},
			{Record: session.Record{Key: moved.Key}, Delete: true, Expect: &fence},
			{Record: away},
		}
	})
	args := append([]string{"verify", "--settle", "0"}, ends...)
	r := command(t, "", append(args, "--json")...)
	v := lastLine(t, r)
	want := map[string]float64{
		"payload": 1, "timeout": 1, "expires": 1, "lock": 1, "flags": 1, "created": 1, "missing": 1, "extra": 1, "suffix": 1,
	}
	got := map[string]float64{}
	for k, n := range v["aspects"].(map[string]any) {
		got[k] = n.(float64)
	}
	if r.code != exitDifferent || v["event"] != "comparison" || !maps.Equal(got, want) || v["differences"] != 9.0 || v["equal"] != copied-8 {
		t.Errorf("exit %d: %v", r.code, v)
	}
	notices := 0
	for line := range strings.Lines(r.out) {
		var e struct{ Event, Kind, ID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Event == "notice" {
			notices++
			if e.Kind != "difference" || len(e.ID) > 24 {
				t.Errorf("notice: %s", line)
			}
		}
	}
	if notices != 9 {
		t.Errorf("%d notices", notices)
	}
	text := command(t, "", args...)
	if text.code != exitDifferent || !strings.Contains(text.out, "9 differ") || !strings.Contains(text.out, "1  suffix") || !strings.Contains(text.err, "9 sessions differ") {
		t.Errorf("exit %d: %s%s", text.code, text.out, text.err)
	}
	if r := command(t, "", append(args, "--settle", "-1s")...); r.code != exitUsage {
		t.Errorf("a negative time: exit %d", r.code)
	}
}

func fenceOf(r session.Record) *session.Fence {
	f := r.Fence()
	return &f
}

// A verification that is interrupted, or killed -9 again and again, goes on where it was, in both directions.
func TestVerifyIsResumed(t *testing.T) {
	dir := t.TempDir()
	sb, file := filepath.Join(dir, "sandbox"), filepath.Join(dir, "verification")
	ends := []string{"--from", "v1.1", "--to", "sqlserver", "--sandbox", sb, "--json"}
	ok(t, append([]string{"migrate", "--sandbox-sessions", "1000"}, ends...)...)
	whole := lastLine(t, ok(t, append([]string{"verify"}, ends...)...))
	args := append([]string{"verify", "--checkpoint", file, "--rate", "200"}, ends...)

	interrupt := process(t, args...)
	out, err := interrupt.StdoutPipe()
	if err == nil {
		err = interrupt.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for seen := ""; !strings.Contains(seen, `"progress","phase":"verify"`); {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("%v after %s", err, seen)
		}
		seen += string(buf[:n])
	}
	if err := interrupt.Process.Signal(os.Interrupt); err != nil {
		t.Skipf("no interrupt on this system: %v", err)
	}
	if err := interrupt.Wait(); interrupt.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("interrupted: %v", err)
	}
	phases := map[string]bool{}
	kills, last := 0, result{}
	for ; kills < 40; kills++ {
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("after %d kills: %v", kills, err)
		}
		for _, ph := range []string{"verify", "extra"} {
			if strings.Contains(string(before), `"phase":"`+ph+`"`) {
				phases[ph] = true
			}
		}
		p := process(t, args...)
		var said bytes.Buffer
		p.Stdout = &said
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- p.Wait() }()
		if !savedAnew(t, file, before, done) {
			last.out = said.String()
			break
		}
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-done
	}
	if !phases["verify"] || !phases["extra"] {
		t.Errorf("killed in phases %v only, %d times", phases, kills)
	}
	if _, err := os.Stat(file); err == nil {
		t.Fatal("it never came to its end")
	}
	end := lastLine(t, last)
	if end["resumed"] != true {
		t.Errorf("the last run was not resumed: %v", end)
	}
	for _, k := range []string{"scanned", "equal", "skipped_expired", "superseded", "refused", "differences"} {
		if end[k] != whole[k] {
			t.Errorf("%s: %v, undisturbed %v", k, end[k], whole[k])
		}
	}
}

// savedAnew waits until the checkpoint is another one than before; false when the process has ended instead.
func savedAnew(t *testing.T, file string, before []byte, done chan error) bool {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("a run that was not killed: %v", err)
			}
			return false
		case <-tick.C:
			if now, err := os.ReadFile(file); err == nil && !bytes.Equal(now, before) {
				return true
			}
		}
	}
}
