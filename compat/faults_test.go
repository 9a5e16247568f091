package compat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/internal/tdsproxy"
)

// toy starts a server without SQL and a proxy before it, and opens one connection through both.
func toy(t *testing.T) (*tdsproxy.Toy, *tdsproxy.Proxy, *sql.DB) {
	t.Helper()
	srv, err := tdsproxy.NewToy()
	if err != nil {
		t.Fatal(err)
	}
	p, err := tdsproxy.Listen(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	db := openAt(t, p.Addr(), "UID=app;Password=s3cret", 0)
	t.Cleanup(func() {
		db.Close()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	return srv, p, db
}

// openAt opens a pool of one connection through the connector of this package, with nothing read yet.
// idle is how long a connection may rest unasked.
func openAt(t *testing.T, addr, more string, idle time.Duration) *sql.DB {
	t.Helper()
	d, err := ParseDSN("Server=" + strings.Replace(addr, ":", ",", 1) + ";Encrypt=disable;" + more)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newConnector(d, "", "linux")
	if err != nil {
		t.Fatal(err)
	}
	c.idle = idle
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	return db
}

// write is a way of writing once, under a text that tells the writes apart.
type write struct {
	name string
	do   func(ctx context.Context, db *sql.DB, text string) error
}

func inTransaction(ctx context.Context, db *sql.DB, text string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, text); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func atOnce(ctx context.Context, db *sql.DB, text string) error {
	_, err := db.ExecContext(ctx, text)
	return err
}

// eachCut calls f with a rule for each packet that one write sends and gets on an open connection, once cut before and
// once cut after it.
func eachCut(t *testing.T, p *tdsproxy.Proxy, one func(), f func(name string, rule tdsproxy.Rule)) {
	t.Helper()
	one()
	p.Set(nil)
	one()
	n := [...]int{tdsproxy.Request: p.Packets(tdsproxy.Request), tdsproxy.Reply: p.Packets(tdsproxy.Reply)}
	if n[0] < 2 || n[1] < 2 {
		t.Fatalf("one write is %d and %d packets", n[0], n[1])
	}
	for d, name := range map[tdsproxy.Direction]string{tdsproxy.Request: "request", tdsproxy.Reply: "reply"} {
		for i := 1; i <= n[d]; i++ {
			f(fmt.Sprintf("before %s %d", name, i), tdsproxy.CutAt(d, i, false))
			f(fmt.Sprintf("after %s %d", name, i), tdsproxy.CutAt(d, i, true))
		}
	}
}

// Wherever the connection is cut: what Classify calls not done is not done, a success is done once, and nothing twice.
func TestClassifyAfterEveryCut(t *testing.T) {
	for _, w := range []write{{"at once", atOnce}, {"in a transaction", inTransaction}} {
		t.Run(w.name, func(t *testing.T) {
			srv, p, db := toy(t)
			do := func(text string) error { return w.do(t.Context(), db, text) }
			one := func() {
				if err := do("UPDATE warm " + strings.Repeat("x", 4000)); err != nil { // of several packets
					t.Fatal(err)
				}
			}
			classes := map[Class]int{}
			eachCut(t, p, one, func(name string, rule tdsproxy.Rule) {
				one()
				text := "UPDATE " + name + strings.Repeat("x", 4000)
				p.Set(rule)
				err := do(text)
				p.Settle()
				p.Set(nil)
				done := count(srv.Done(), text)
				switch {
				case done > 1:
					t.Errorf("%s: done %d times", name, done)
				case err == nil && done != 1:
					t.Errorf("%s: no error, and not done", name)
				case err != nil && Classify(err) == GiveUp:
					t.Errorf("%s: give up: %v", name, err)
				case err != nil && Classify(err) == Again && done != 0:
					t.Errorf("%s: done, and to be done again: %v", name, err)
				}
				if err != nil {
					classes[Classify(err)]++
				}
			})
			if classes[Unknown] == 0 {
				t.Error("no cut left it unknown")
			}
		})
	}
}

// With Retry, nothing that is not idempotent is done twice, and every error but "unknown" goes away.
func TestRetryOverFaults(t *testing.T) {
	for _, w := range []write{{"at once", atOnce}, {"in a transaction", inTransaction}} {
		t.Run(w.name, func(t *testing.T) {
			srv, p, db := toy(t)
			r := Retry{Attempts: 4, Sleep: func(context.Context, time.Duration) error { return nil }}
			do := func(text string) error {
				return r.Do(t.Context(), false, func(ctx context.Context) error { return w.do(ctx, db, text) })
			}
			one := func() {
				if err := do("UPDATE warm"); err != nil {
					t.Fatal(err)
				}
			}
			check := func(name string, rule tdsproxy.Rule) {
				one()
				p.Set(rule)
				err := do("UPDATE " + name)
				p.Settle()
				p.Set(nil)
				done := count(srv.Done(), "UPDATE "+name)
				if err == nil && done != 1 || err != nil && !errors.Is(err, ErrUnknownOutcome) || done > 1 {
					t.Errorf("%s: done %d times, %v", name, done, err)
				}
			}
			eachCut(t, p, one, check)
			for n := 1; n <= 4; n++ { // every request answered with a deadlock, one after the other
				check(fmt.Sprintf("deadlock %d", n), func(pk tdsproxy.Packet) tdsproxy.Act {
					if pk.Direction == tdsproxy.Request && pk.Message == n && pk.Type != tdsproxy.TypeLogin && pk.Type != tdsproxy.TypeHello {
						return tdsproxy.Act{Number: 1205}
					}
					return tdsproxy.Act{}
				})
			}
		})
	}
}

func count(all []string, text string) int {
	n := 0
	for _, s := range all {
		if s == text {
			n++
		}
	}
	return n
}

// Errors of the server as the driver gives them.
func TestClassifyServerErrors(t *testing.T) {
	_, p, db := toy(t)
	for _, v := range []struct {
		number int32
		class  byte
		want   Class
	}{
		{1205, 13, Again}, {41302, 16, Again}, {40501, 17, Again}, {2627, 14, GiveUp}, {229, 14, GiveUp}, {40197, 16, Unknown}, {596, 21, Unknown},
	} {
		p.Set(func(pk tdsproxy.Packet) tdsproxy.Act {
			if pk.Direction == tdsproxy.Request && pk.Type == tdsproxy.TypeTrans {
				return tdsproxy.Act{Number: v.number, Class: v.class}
			}
			return tdsproxy.Act{}
		})
		err := inTransaction(t.Context(), db, "UPDATE t")
		if Number(err) != v.number || Classify(err) != v.want {
			t.Errorf("%d: %v is %v, want %v", v.number, err, Classify(err), v.want)
		}
	}
}

// A context that ends while the answer is awaited leaves it unknown.
func TestClassifyDeadline(t *testing.T) {
	_, p, db := toy(t)
	if err := atOnce(t.Context(), db, "UPDATE warm"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.Set(func(pk tdsproxy.Packet) tdsproxy.Act {
		if pk.Direction == tdsproxy.Reply && pk.Message == 2 { // the first answers the question whether it is there
			cancel()
			return tdsproxy.Act{Drop: true}
		}
		return tdsproxy.Act{}
	})
	if err := atOnce(ctx, db, "UPDATE t"); Classify(err) != Unknown {
		t.Errorf("%v is %v", err, Classify(err))
	}
}

// A connection that died in the pool is not used, if it has rested there long enough; a moment before it would be.
func TestPooled(t *testing.T) {
	for _, v := range []struct {
		idle time.Duration
		want Class // of what is tried over and over until it fails; GiveUp: never
	}{{0, GiveUp}, {time.Hour, Unknown}} {
		srv, p, _ := toy(t)
		db := openAt(t, p.Addr(), "UID=app", v.idle)
		got, tries := GiveUp, 20
		for i := range tries {
			if err := atOnce(t.Context(), db, "UPDATE t"); err != nil {
				got = Classify(err)
				tries = i
				break
			}
			p.Set(nil)
			p.CutAll() // the client has no part in it
			p.Settle()
		}
		db.Close()
		if got != v.want || count(srv.Done(), "UPDATE t") != tries {
			t.Errorf("idle %v: %v after %d, done %d", v.idle, got, tries, count(srv.Done(), "UPDATE t"))
		}
	}
}

// What a pooled connection sends when it is used again: nothing more, or a question first.
func TestPooledRequests(t *testing.T) {
	for idle, want := range map[time.Duration]int{0: 2, time.Hour: 1} {
		_, p, _ := toy(t)
		db := openAt(t, p.Addr(), "UID=app", idle)
		for range 2 {
			p.Set(nil)
			if err := atOnce(t.Context(), db, "UPDATE t"); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.Packets(tdsproxy.Request); got != want {
			t.Errorf("idle %v: %d requests, want %d", idle, got, want)
		}
		db.Close()
	}
}
