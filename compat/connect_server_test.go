package compat

import (
	"database/sql"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/internal/tdsproxy"
)

// testDSN is the engine that tests may use, or skips.
func testDSN(t testing.TB) DSN {
	t.Helper()
	text := os.Getenv("ASPSTATE_TEST_SQLSERVER")
	if text == "" {
		t.Skip("ASPSTATE_TEST_SQLSERVER is not set: a DSN of a login that may create databases")
	}
	d, err := ParseDSN(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestConnectReadsFacts(t *testing.T) {
	s, err := Connect(t.Context(), testDSN(t).WithDatabase("master"), ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f := s.Facts
	if f.Major < 10 || f.Version == "" || f.Edition == "" || f.Database != "master" || f.Collation == "" || f.Name == "" || f.Login == "" || f.Title == "" {
		t.Errorf("a fact is missing in %+v", f)
	}
	t.Logf("%+v", f)
}

func TestConnectRefusedByServer(t *testing.T) {
	d := testDSN(t)
	for _, v := range []struct {
		name string
		dsn  DSN
		kind ConnectKind
	}{
		{"wrong password", d.WithPassword("s3cret"), LoginRefused},
		{"no database", d.WithDatabase("aspstate_no_such_database"), NoDatabase},
	} {
		s, err := Connect(t.Context(), v.dsn, ConnectOptions{})
		if err == nil {
			s.Close()
			t.Fatalf("%s: no error", v.name)
		}
		var e *ConnectError
		if !errors.As(err, &e) || e.Kind != v.kind || strings.Contains(e.Error(), "s3cret") || e.Hint() == "" {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

// The cuts of TestClassifyAfterEveryCut with a real server behind the proxy.
func TestServerAfterEveryCut(t *testing.T) {
	s, err := Connect(t.Context(), testDSN(t).WithDatabase("tempdb"), ConnectOptions{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec := func(text string) {
		if _, err := s.db.Exec(text); err != nil {
			t.Error(err)
		}
	}
	exec("CREATE TABLE dbo.aspstate_test_cuts (n int NOT NULL)")
	defer exec("DROP TABLE dbo.aspstate_test_cuts")
	exec("INSERT INTO dbo.aspstate_test_cuts VALUES (0)")
	value := func() (n int) {
		if err := s.db.QueryRowContext(t.Context(), "SELECT n FROM dbo.aspstate_test_cuts").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, w := range []write{{"at once", atOnce}, {"in a transaction", inTransaction}} {
		p, db := proxied(t, "tempdb")
		do := func() error { return w.do(t.Context(), db, "UPDATE dbo.aspstate_test_cuts SET n = n + 1") }
		one := func() {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		}
		check := func(name string, rule tdsproxy.Rule) {
			one()
			before := value()
			p.Set(rule)
			err := do()
			p.Settle()
			p.Set(nil)
			done := value() - before
			if done > 1 || err == nil && done != 1 || err != nil && Classify(err) == GiveUp || err != nil && Classify(err) == Again && done != 0 {
				t.Errorf("%s, %s: done %d times, %v is %v", w.name, name, done, err, Classify(err))
			}
		}
		eachCut(t, p, one, check)
		for n := 1; n <= 4; n++ {
			check("deadlock", func(pk tdsproxy.Packet) tdsproxy.Act {
				if pk.Direction == tdsproxy.Request && pk.Message == n {
					return tdsproxy.Act{Number: 1205}
				}
				return tdsproxy.Act{}
			})
		}
	}
}

// proxied opens a database of the engine through a proxy. The engine must allow a connection without encryption.
func proxied(t *testing.T, database string) (*tdsproxy.Proxy, *sql.DB) {
	t.Helper()
	p, d := behind(t, database)
	c, err := newConnector(d, "", runtime.GOOS)
	if err != nil {
		t.Fatal(err)
	}
	c.idle = 0
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return p, db
}
