package cli

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkMigrateBesideFreebcp copies 100,000 sessions from frameworkcompat to sqlserver, with preflight, re-spelling and
// read-back, by the program itself, and the rows of the same table with FreeTDS's freebcp, out to a file and in to a table
// of the same layout; in turns, five times each. Seconds are those of whole processes; the figure is the median of their ratios,
// over 1 where migrate is the faster one.
//
//	ASPSTATE_TEST_SQLSERVER=DSN go test ./internal/cli -run '^$' -bench MigrateBesideFreebcp -benchtime 1x -timeout 30m
func BenchmarkMigrateBesideFreebcp(b *testing.B) {
	const sessions, turns = 117_500, 5 // of which 100,312 are copied when they are new
	dsn := os.Getenv("ASPSTATE_TEST_SQLSERVER")
	if dsn == "" {
		b.Skip("ASPSTATE_TEST_SQLSERVER is not set: a DSN of a login that may create databases")
	}
	bcp, err := exec.LookPath("freebcp")
	if err != nil {
		b.Skip("freebcp is missing: package freetds-bin")
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		b.Skip("ASPSTATE_TEST_SQLSERVER is not a URL, which this benchmark takes apart for freebcp")
	}
	password, _ := u.User.Password()
	dir := b.TempDir()
	from := loadDatabase(b, dsn, "h_bcp_from")
	loadRun(b, "schema", "install", "frameworkcompat", "--sstype", "c", "--database", "h_bcp_from", "--to-dsn", from)
	loadRun(b, "migrate", "--from", "frameworkcompat", "--sandbox", filepath.Join(dir, "sandbox"), "--sandbox-sessions", fmt.Sprint(sessions),
		"--to", "frameworkcompat", "--to-dsn", from, "--to-ids", "async-2.1", "--checkpoint", filepath.Join(dir, "seed"))
	file := filepath.Join(dir, "rows")
	run := func(name string, args ...string) time.Duration {
		c := exec.Command(name, args...)
		c.Env = append(os.Environ(), "ASPSTATE_TEST_MAIN=1", "TDSVER=7.4")
		began := time.Now()
		out, err := c.CombinedOutput()
		took := time.Since(began)
		if err != nil || name == bcp && !strings.Contains(string(out), " rows copied.") {
			b.Fatalf("%s %s: %v\n%s", filepath.Base(name), args[0], err, out)
		}
		return took
	}
	copyRows := func(way, database string) time.Duration {
		return run(bcp, "dbo.ASPStateTempSessions", way, file, "-D", database, "-c", "-t", "|", "-b", "1000", "-T", "2147483647",
			"-S", u.Host, "-U", u.User.Username(), "-P", password)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var ratios []float64
		for n := range turns {
			to, other := loadDatabase(b, dsn, "h_bcp_to"), loadDatabase(b, dsn, "h_bcp_other")
			loadRun(b, "schema", "install", "sqlserver", "--to-dsn", to)
			loadRun(b, "schema", "install", "frameworkcompat", "--sstype", "c", "--database", "h_bcp_other", "--to-dsn", other)
			ours := run(self, "migrate", "--from", "frameworkcompat", "--from-dsn", from, "--from-ids", "async-2.1", "--to", "sqlserver", "--to-dsn", to,
				"--to-ids", "async-x64", "--app", "shop=/LM/W3SVC/3/ROOT/shop", "--app", "portal=/LM/W3SVC/1/ROOT",
				"--app", "intranet=/LM/W3SVC/2/ROOT", "--checkpoint", filepath.Join(dir, fmt.Sprint("turn", n)))
			out, in := copyRows("out", "h_bcp_from"), copyRows("in", "h_bcp_other")
			ratios = append(ratios, (out+in).Seconds()/ours.Seconds())
			b.Logf("turn %d: migrate %.1f s, freebcp out %.1f s and in %.1f s: %.2f", n, ours.Seconds(), out.Seconds(), in.Seconds(), ratios[n])
		}
		b.ReportMetric(median(ratios), "freebcp/migrate")
		b.ReportMetric(0, "ns/op")
	}
}
