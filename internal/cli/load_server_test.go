package cli

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
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
	loadSessions = 2_400
	loadClients  = 4
	loadPace     = 40 * time.Millisecond // between the beginnings of one client's cycles: 100 cycles a second in all
	loadWindow   = 4 * time.Second
	loadRate     = 200 // records a second of the migration: its preflight takes less than three windows, then it copies
	loadPairs    = 10
)

// BenchmarkClientsBesideMigration measures what a migration with --rate does to clients that work on its source through
// the procedures of aspnet_regsql: the 99th percentile of an exclusive read and of a write, in pairs of windows with and
// without the migration, beside pairs of two windows without. Figures are medians over the pairs; ratios near 1 are good.
//
//	ASPSTATE_TEST_SQLSERVER=DSN go test ./internal/cli -run '^$' -bench ClientsBesideMigration -benchtime 1x -timeout 30m
func BenchmarkClientsBesideMigration(b *testing.B) {
	dsn := os.Getenv("ASPSTATE_TEST_SQLSERVER")
	if dsn == "" {
		b.Skip("ASPSTATE_TEST_SQLSERVER is not set: a DSN of a login that may create databases")
	}
	dir := b.TempDir()
	from, to := loadDatabase(b, dsn, "h_load_from"), loadDatabase(b, dsn, "h_load_to")
	loadRun(b, "schema", "install", "frameworkcompat", "--sstype", "c", "--database", "h_load_from", "--to-dsn", from)
	loadRun(b, "migrate", "--from", "frameworkcompat", "--sandbox", filepath.Join(dir, "sandbox"), "--sandbox-sessions", fmt.Sprint(loadSessions),
		"--to", "frameworkcompat", "--to-dsn", from, "--to-ids", "async-2.1", "--checkpoint", filepath.Join(dir, "seed"))
	db, err := sql.Open("sqlserver", from)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxIdleConns(loadClients)
	ids := loadIDs(b, db)
	migration := func(ctx context.Context, n int) {
		loadRun(b, "schema", "install", "sqlserver", "--to-table", fmt.Sprint("T", n), "--to-dsn", to)
		args := []string{
			"aspstate", "migrate", "--from", "frameworkcompat", "--from-dsn", from, "--from-ids", "async-2.1", "--to", "sqlserver", "--to-dsn", to,
			"--to-table", fmt.Sprint("T", n), "--to-ids", "async-x64", "--rate", fmt.Sprint(loadRate), "--checkpoint", filepath.Join(dir, fmt.Sprint(n)),
		}
		for _, a := range []string{"shop=/LM/W3SVC/3/ROOT/shop", "portal=/LM/W3SVC/1/ROOT", "intranet=/LM/W3SVC/2/ROOT"} {
			args = append(args, "--app", a)
		}
		if code := Main(ctx, Streams{In: bytes.NewReader(nil), Out: io.Discard, Err: io.Discard}, args); code != exitInterrupted {
			b.Errorf("the migration ended with %d before it was stopped", code)
		}
	}
	loadWindowOf(b, db, ids) // caches, connections
	for b.Loop() {
		var with, control []float64
		for n := range loadPairs {
			without := loadWindowOf(b, db, ids)
			ctx, stop := context.WithCancel(b.Context())
			var run sync.WaitGroup
			run.Go(func() { migration(ctx, n) })
			for range 3 { // the migration opens its connections and reads, in its preflight
				loadWindowOf(b, db, ids)
			}
			under := loadWindowOf(b, db, ids)
			stop()
			run.Wait()
			with = append(with, under/without)
			first := loadWindowOf(b, db, ids)
			control = append(control, loadWindowOf(b, db, ids)/first)
			b.Logf("pair %d: p99 without %.2f ms, with the migration %.2f ms (%.2f); without twice %.2f", n, without*1e3, under*1e3, with[n], control[n])
		}
		b.ReportMetric(median(with), "p99-with/without")
		b.ReportMetric(median(control), "p99-without/without")
		b.ReportMetric(0, "ns/op")
	}
}

func median(all []float64) float64 {
	s := slices.Sorted(slices.Values(all))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
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

// loadWindowOf has clients work for a while, each on sessions of its own, and returns the 99th percentile of a call in
// seconds. An error ends the benchmark.
func loadWindowOf(b *testing.B, db *sql.DB, ids []string) float64 {
	b.Helper()
	var (
		mu   sync.Mutex
		took []float64
		run  sync.WaitGroup
	)
	end := time.Now().Add(loadWindow)
	for c := range loadClients {
		run.Go(func() {
			var mine []float64
			r := rand.New(rand.NewPCG(uint64(c), uint64(time.Now().UnixNano())))
			tick := time.NewTicker(loadPace)
			defer tick.Stop()
			for ; time.Now().Before(end); <-tick.C {
				id := ids[r.IntN(len(ids)/loadClients)*loadClients+c]
				began := time.Now()
				cookie, err := loadAcquire(db, id)
				read := time.Now()
				if err == nil {
					_, err = db.Exec("TempUpdateStateItemShort", sql.Named("id", id), sql.Named("itemShort", loadPayload),
						sql.Named("timeout", 1440), sql.Named("lockCookie", cookie))
				}
				if err != nil {
					b.Errorf("a client: %v", err)
					return
				}
				mine = append(mine, read.Sub(began).Seconds(), time.Since(read).Seconds())
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	run.Wait()
	if b.Failed() {
		b.FailNow()
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

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
