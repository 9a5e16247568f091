package cli

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	_ "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
)

// The load of BenchmarkClientsBesideMigration.
const (
	loadSessions = 9_000 // a run of four minutes: the two seconds of its start are a hundredth of it
	loadClients  = 4
	loadPace     = 40 * time.Millisecond // mean between the beginnings of one client's cycles: 100 cycles a second in all
	loadRate     = 100                   // records a second of the migration
	loadAlone    = 45 * time.Second      // without a migration
	loadPairs    = 10
)

// BenchmarkClientsBesideMigration measures what a migration with --rate does to clients that work on its source through
// the procedures of aspnet_regsql: the 99th percentile of an exclusive read and of a write from the tool's start to its end,
// and for a while without, in turns, beside pairs of two such whiles, one after the other. Every pair has a source made
// anew. The seconds in which the tool
// starts and reads the catalogues of both servers do not grow with the sessions; they are reported by themselves too, and
// so is what comes after. The tool is a process of its own, as it is for its users. Figures are medians over the pairs;
// ratios near 1 are good.
//
//	ASPSTATE_TEST_SQLSERVER=DSN go test ./internal/cli -run '^$' -bench ClientsBesideMigration -benchtime 1x -timeout 90m
func BenchmarkClientsBesideMigration(b *testing.B) {
	dsn := os.Getenv("ASPSTATE_TEST_SQLSERVER")
	if dsn == "" {
		b.Skip("ASPSTATE_TEST_SQLSERVER is not set: a DSN of a login that may create databases")
	}
	dir := b.TempDir()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	migration := func(n int, from string) (paced, over <-chan struct{}) {
		to := loadDatabase(b, dsn, "h_load_to")
		loadRun(b, "schema", "install", "sqlserver", "--to-dsn", to)
		c := exec.Command(self, "migrate", "--json", "--from", "frameworkcompat", "--from-dsn", from, "--from-ids", "async-2.1",
			"--to", "sqlserver", "--to-dsn", to, "--to-ids", "async-x64", "--rate", fmt.Sprint(loadRate),
			"--app", "shop=/LM/W3SVC/3/ROOT/shop", "--app", "portal=/LM/W3SVC/1/ROOT", "--app", "intranet=/LM/W3SVC/2/ROOT",
			"--checkpoint", filepath.Join(dir, fmt.Sprint(n)))
		c.Env = append(os.Environ(), "ASPSTATE_TEST_MAIN=1")
		out, err := c.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Start(); err != nil {
			b.Fatal(err)
		}
		begins, ends := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ends)
			begun := sync.OnceFunc(func() { close(begins) })
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if bytes.Contains(lines.Bytes(), []byte(`"event":"phase"`)) {
					begun()
				}
			}
			begun()
			if err := c.Wait(); err != nil {
				b.Errorf("the migration: %v", err)
			}
		}()
		return begins, ends
	}
	for b.Loop() {
		var with, control, start, startLong, rest, long []float64
		for n := range loadPairs {
			from, db, ids := loadSource(b, dsn, dir)
			alone := func(long time.Duration) float64 {
				over := make(chan struct{})
				time.AfterFunc(long, func() { close(over) })
				return p99(loadUntil(b, db, ids, over))
			}
			alone(loadAlone / 4) // caches, connections
			before := alone(loadAlone)
			without := alone(loadAlone)
			control = append(control, without/before)
			paced, over := migration(n, from)
			began := time.Now()
			first := loadUntil(b, db, ids, paced)
			startLong = append(startLong, time.Since(began).Seconds())
			then := loadUntil(b, db, ids, over)
			long = append(long, time.Since(began).Seconds())
			under := p99(append(first, then...))
			with = append(with, under/without)
			start, rest = append(start, p99(first)/without), append(rest, p99(then)/without)
			b.Logf("pair %d: p99 without %.2f ms, again %.2f ms (%.2f), with %.2f ms (%.2f; start %.2f, rest %.2f)",
				n, before*1e3, without*1e3, control[n], under*1e3, with[n], start[n], rest[n])
			db.Close()
		}
		b.ReportMetric(median(long), "s/run")
		b.ReportMetric(median(startLong), "s/start")
		b.ReportMetric(median(start), "p99-start/without")
		b.ReportMetric(median(rest), "p99-rest/without")
		b.ReportMetric(median(with), "p99-with/without")
		b.ReportMetric(median(control), "p99-without/without")
		b.ReportMetric(0, "ns/op")
	}
}

func median(all []float64) float64 {
	s := slices.Sorted(slices.Values(all))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// loadSource makes the source anew, so that what the clients' own updates leave behind does not grow from pair to pair, and
// returns its DSN, the clients' connections and the sessions that they may work on.
func loadSource(b *testing.B, dsn, dir string) (from string, db *sql.DB, ids []string) {
	b.Helper()
	from = loadDatabase(b, dsn, "h_load_from")
	loadRun(b, "schema", "install", "frameworkcompat", "--sstype", "c", "--database", "h_load_from", "--to-dsn", from)
	loadRun(b, "migrate", "--from", "frameworkcompat", "--sandbox", filepath.Join(dir, "sandbox"), "--sandbox-sessions", fmt.Sprint(loadSessions),
		"--to", "frameworkcompat", "--to-dsn", from, "--to-ids", "async-2.1", "--checkpoint", filepath.Join(b.TempDir(), "seed"))
	db, err := sql.Open("sqlserver", from)
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxIdleConns(loadClients)
	return from, db, loadIDs(b, db)
}

// loadDatabase makes a database anew and returns its DSN.
func loadDatabase(b *testing.B, dsn, name string) string {
	b.Helper()
	db, err := sql.Open("sqlserver", dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name} {
		if _, err := db.Exec(q); err != nil {
			b.Fatal(err)
		}
	}
	return dsn + "&database=" + name
}

func loadRun(b *testing.B, args ...string) {
	b.Helper()
	var out bytes.Buffer
	if code := Main(b.Context(), Streams{In: bytes.NewReader(nil), Out: io.Discard, Err: &out}, append([]string{"aspstate"}, args...)); code != exitDone {
		b.Fatalf("aspstate %v: exit %d\n%s", args[:2], code, out.String())
	}
}

func loadIDs(b *testing.B, db *sql.DB) (ids []string) {
	b.Helper()
	// Sessions of intranet are compressed, and what the clients write is not: the preflight would refuse the mixture.
	intranet := layout.Suffix(layout.RuleAsync21, "/LM/W3SVC/2/ROOT")
	rows, err := db.Query("SELECT SessionId FROM ASPStateTempSessions WHERE Locked = 0 AND SessionId NOT LIKE '%" + intranet + "'")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			b.Fatal(err)
		}
		ids = append(ids, id)
	}
	if rows.Err() != nil || len(ids) < loadSessions/2 {
		b.Fatalf("%d sessions, %v", len(ids), rows.Err())
	}
	return ids
}

// loadUntil has clients work until over is closed, each on sessions of its own and at times that do not depend on the
// others', and returns how many seconds each call took. An error ends the benchmark.
func loadUntil(b *testing.B, db *sql.DB, ids []string, over <-chan struct{}) []float64 {
	b.Helper()
	var (
		mu   sync.Mutex
		took []float64
		run  sync.WaitGroup
	)
	for c := range loadClients {
		run.Go(func() {
			var mine []float64
			r := rand.New(rand.NewPCG(uint64(c), uint64(time.Now().UnixNano())))
			next := time.Now()
			for {
				next = next.Add(time.Duration(r.ExpFloat64() * float64(loadPace)))
				select {
				case <-over:
					mu.Lock()
					defer mu.Unlock()
					took = append(took, mine...)
					return
				case <-time.After(time.Until(next)):
				}
				id := ids[r.IntN(len(ids)/loadClients)*loadClients+c]
				began := time.Now()
				cookie, err := loadAcquire(db, id)
				read := time.Now()
				if err == nil {
					_, err = db.Exec("TempUpdateStateItemShortNullLong", sql.Named("id", id), sql.Named("itemShort", loadPayload),
						sql.Named("timeout", 1440), sql.Named("lockCookie", cookie))
				}
				if err != nil {
					b.Errorf("a client: %v", err)
					return
				}
				mine = append(mine, read.Sub(began).Seconds(), time.Since(read).Seconds())
			}
		})
	}
	run.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return took
}

func p99(took []float64) float64 { return slices.Sorted(slices.Values(took))[len(took)*99/100] }

var loadPayload = append([]byte{0xA0, 5, 0, 0, 0, 0}, 0xFF)

// loadAcquire is an exclusive read as the in-box provider does it.
func loadAcquire(db *sql.DB, id string) (cookie int32, err error) {
	short := make([]byte, 0)
	var locked sql.NullBool
	var age, lock, flags sql.NullInt32
	rows, err := db.Query("TempGetStateItemExclusive3", sql.Named("id", id), sql.Named("itemShort", sql.Out{Dest: &short}),
		sql.Named("locked", sql.Out{Dest: &locked}), sql.Named("lockAge", sql.Out{Dest: &age}),
		sql.Named("lockCookie", sql.Out{Dest: &lock}), sql.Named("actionFlags", sql.Out{Dest: &flags}))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	rows.Close()
	if !locked.Valid || locked.Bool {
		return 0, fmt.Errorf("session %s is locked or gone: %v", id, locked)
	}
	return lock.Int32, nil
}
