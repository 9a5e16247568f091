package cli

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// The load of BenchmarkClientsBesideFollow.
const (
	followSessions = 20_000
	followAlone    = 12 * time.Second
	followPairs    = 10
)

// BenchmarkClientsBesideFollow measures what migrate --follow with its throttle on does to clients that work on its source
// meanwhile: a bridge over an embedded store, to which clients and copy alike speak as to SQL Server. The 99th percentile of an
// exclusive read and of a write with the copy is divided by that without, in turns, beside pairs of two whiles without. Bridge
// and copy are processes of their own. Figures are medians over the pairs; ratios near 1 are good.
//
//	go test ./internal/cli -run '^$' -bench ClientsBesideFollow -benchtime 1x -timeout 60m
func BenchmarkClientsBesideFollow(b *testing.B) {
	dir := b.TempDir()
	apps := followSource(b, dir)
	ids := followIDs(b, filepath.Join(dir, "store"))
	db, dsn := followBridge(b, dir, apps)
	for b.Loop() {
		var with, control []float64
		alone := func() float64 {
			over := make(chan struct{})
			time.AfterFunc(followAlone, func() { close(over) })
			return p99(loadUntil(b, db, ids, over))
		}
		alone()
		for n := range followPairs {
			before, without := alone(), alone()
			control = append(control, without/before)
			stop := followCopy(b, dsn, dir, n, apps)
			under := alone()
			stop()
			with = append(with, under/without)
			b.Logf("pair %d: p99 without %.2f ms, again %.2f ms (%.2f), with %.2f ms (%.2f)", n, before*1e3, without*1e3, control[n], under*1e3, with[n])
		}
		b.ReportMetric(median(with), "p99-with/without")
		b.ReportMetric(median(control), "p99-without/without")
		b.ReportMetric(0, "ns/op")
	}
}

// followSource makes the store that is served, and says what names its applications.
func followSource(b *testing.B, dir string) (apps []string) {
	b.Helper()
	loadRun(b, "migrate", "--from", layout.FrameworkCompat, "--sandbox", filepath.Join(dir, "sandbox"), "--sandbox-sessions", fmt.Sprint(followSessions),
		"--to-dsn", "embedded:"+filepath.Join(dir, "store"), "--checkpoint", filepath.Join(dir, "seed"))
	for _, a := range sandbox.Applications() {
		apps = append(apps, "--app", a.Name+"="+a.AppIDs[0])
	}
	return apps
}

// followIDs lists the ids, as the in-box provider spells them, on which the clients may work.
func followIDs(b *testing.B, dir string) (ids []string) {
	b.Helper()
	reg, err := layout.NewRegistry(sandbox.Applications()...)
	if err != nil {
		b.Fatal(err)
	}
	sp, err := layout.NewSpelling(reg, layout.RuleInbox)
	if err != nil {
		b.Fatal(err)
	}
	store, err := memstore.Open(dir, memstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	pg, err := store.Scan(b.Context(), session.ScanRequest{Limit: followSessions})
	if err := errors.Join(err, store.Close()); err != nil {
		b.Fatal(err)
	}
	for _, r := range pg.Records {
		k, err := sp.Spell(r.Key, layout.RuleInbox)
		if err == nil && !r.Lock.Locked && r.Key.App != "intranet" { // whose sessions are compressed: see loadIDs
			ids = append(ids, k.ID)
		}
	}
	if len(ids) < followSessions/4 {
		b.Fatalf("%d sessions", len(ids))
	}
	return ids
}

// followBridge serves the store, connects the clients, and says how others connect.
func followBridge(b *testing.B, dir string, apps []string) (db *sql.DB, dsn string) {
	b.Helper()
	c := followProcess(b, append([]string{
		"bridge", "--tds", "127.0.0.1:0", "--tds-login", "dba=s3cret", "--tds-owner", "dba", "--store", "embedded:" + filepath.Join(dir, "store"),
	}, apps...)...)
	errs, err := c.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Process.Kill(); c.Wait() })
	address := regexp.MustCompile(`protocol=TDS address=(\S+)`)
	lines := bufio.NewScanner(errs)
	for lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			dsn = "sqlserver://dba:s3cret@" + m[1] + "?encrypt=disable&database=Sessions"
			break
		}
	}
	go func() {
		for lines.Scan() {
		}
	}()
	db, err = sql.Open("sqlserver", dsn)
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxIdleConns(loadClients)
	b.Cleanup(func() { db.Close() })
	return db, dsn
}

// followCopy starts a copy that follows, and returns how it is ended.
func followCopy(b *testing.B, dsn, dir string, n int, apps []string) (stop func()) {
	b.Helper()
	c := followProcess(b, append([]string{
		"migrate", "--json", "--from", layout.FrameworkCompat, "--from-dsn", dsn, "--from-ids", "inbox",
		"--to-dsn", "embedded:" + filepath.Join(dir, fmt.Sprint("copy", n)), "--checkpoint", filepath.Join(dir, fmt.Sprint("state", n)),
		"--follow", "--rate", "500", "--max-latency", "5ms",
	}, apps...)...)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	return func() {
		c.Process.Signal(os.Interrupt)
		if c.Wait(); c.ProcessState.ExitCode() != exitInterrupted {
			b.Errorf("the copy ended with %v", c.ProcessState)
		}
	}
}

func followProcess(b *testing.B, args ...string) *exec.Cmd {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), "ASPSTATE_TEST_MAIN=1")
	return c
}
