package cli

import (
	"database/sql"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testServer is the engine that ASPSTATE_TEST_SQLSERVER names. Nothing that a command prints about it may hold its password.
type testServer struct {
	t   *testing.T
	url *url.URL
	dir string // for checkpoints and sandboxes
}

func server(t *testing.T) *testServer {
	t.Helper()
	dsn := os.Getenv("ASPSTATE_TEST_SQLSERVER")
	if dsn == "" {
		t.Skip("ASPSTATE_TEST_SQLSERVER is not set: a DSN of a login that may create databases")
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "sqlserver" {
		t.Skip("ASPSTATE_TEST_SQLSERVER is no URL")
	}
	return &testServer{t, u, t.TempDir()}
}

// dsn is that of a database; who is another login, or nil.
func (s *testServer) dsn(database string, who *url.Userinfo) string {
	u := *s.url
	if who != nil {
		u.User = who
	}
	q := u.Query()
	q.Set("database", database)
	u.RawQuery = q.Encode()
	return u.String()
}

// run runs a command and looks for the password in what it prints.
func (s *testServer) run(args ...string) result {
	s.t.Helper()
	r := command(s.t, "", args...)
	s.hides(r, s.password(), args...)
	return r
}

func (s *testServer) password() string {
	p, _ := s.url.User.Password()
	return p
}

// hides looks for a password in what a command has printed, as it is and as URLs spell it.
func (s *testServer) hides(r result, password string, args ...string) {
	s.t.Helper()
	for _, form := range []string{password, url.QueryEscape(password), url.PathEscape(password)} {
		if form != "" && strings.Contains(r.out+r.err, form) {
			s.t.Errorf("aspstate %s shows the password", args[0])
		}
	}
}

func (s *testServer) ok(args ...string) result {
	s.t.Helper()
	r := s.run(args...)
	if r.code != 0 {
		s.t.Fatalf("aspstate %s: exit %d\n%s%s", args[0], r.code, r.out, r.err)
	}
	return r
}

// migrate runs a copy with a checkpoint of its own for each pair of databases, and prints JSON.
func (s *testServer) migrate(from, to *testDatabase, more ...string) result {
	s.t.Helper()
	cp := filepath.Join(s.dir, from.name+"-"+to.name+".checkpoint")
	return s.run(append([]string{"migrate", "--from-dsn", from.dsn, "--to-dsn", to.dsn, "--checkpoint", cp, "--json"}, more...)...)
}

// report is that of a migration that must end with 0.
func (s *testServer) report(from, to *testDatabase, more ...string) map[string]any {
	s.t.Helper()
	r := s.migrate(from, to, more...)
	if r.code != 0 {
		s.t.Fatalf("migrate: exit %d\n%s%s", r.code, r.out, r.err)
	}
	return lastLine(s.t, r)
}

// same verifies that two databases have the same n sessions.
func (s *testServer) same(n int, from, to *testDatabase, more ...string) {
	s.t.Helper()
	r := s.run(append([]string{"verify", "--from-dsn", from.dsn, "--to-dsn", to.dsn, "--json"}, more...)...)
	if v := lastLine(s.t, r); r.code != 0 || v["equal"] != float64(n) || v["differences"] != 0.0 {
		s.t.Errorf("verify: exit %d, want %d equal\n%s%s", r.code, n, r.out, r.err)
	}
}

// testDatabase is a database of a test, dropped at its end.
type testDatabase struct {
	t         *testing.T
	name, dsn string
	db        *sql.DB
}

func (s *testServer) database(name string) *testDatabase {
	s.t.Helper()
	name = "h_cli_" + name
	master := s.open("master")
	s.insist(master, "DROP DATABASE IF EXISTS "+name)
	s.insist(master, "CREATE DATABASE "+name)
	d := &testDatabase{s.t, name, s.dsn(name, nil), s.open(name)}
	s.t.Cleanup(func() {
		d.db.Close()
		s.insist(master, "DROP DATABASE IF EXISTS "+name)
		master.Close()
	})
	return d
}

// insist runs a statement until it succeeds: a closed connection may take a moment to be gone, and Babelfish (4.3) makes
// one database at a time.
func (s *testServer) insist(db *sql.DB, statement string) {
	s.t.Helper()
	var err error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if _, err = db.Exec(statement); err == nil {
			return
		}
	}
	s.t.Fatalf("%s: %v", statement, err)
}

func (s *testServer) open(database string) *sql.DB {
	s.t.Helper()
	db, err := sql.Open("sqlserver", s.dsn(database, nil))
	if err != nil {
		s.t.Fatal("ASPSTATE_TEST_SQLSERVER is no DSN")
	}
	return db
}

// fx and async are databases with one layout installed: the tables of aspnet_regsql, and those of async 2.x.
func (s *testServer) fx(name string) *testDatabase {
	s.t.Helper()
	return s.with(name, "frameworkcompat", "--sstype", "c", "--database", "h_cli_"+name)
}

func (s *testServer) async(name string) *testDatabase {
	s.t.Helper()
	return s.with(name, "sqlserver")
}

func (s *testServer) with(name string, install ...string) *testDatabase {
	s.t.Helper()
	d := s.database(name)
	s.ok(append([]string{"schema", "install", "--to-dsn", d.dsn}, install...)...)
	return d
}

func (d *testDatabase) exec(query string, args ...any) {
	d.t.Helper()
	if _, err := d.db.Exec(query, args...); err != nil {
		d.t.Fatalf("%v in\n%s", err, query)
	}
}

// register puts applications into ASPStateTempApplications.
func (d *testDatabase) register(name string, id int32) {
	d.t.Helper()
	d.exec("INSERT INTO ASPStateTempApplications (AppId, AppName) VALUES (@p1, @p2)", id, name)
}

// event returns the first JSON line of a kind.
func event(t *testing.T, r result, kind string) map[string]any {
	t.Helper()
	for line := range strings.Lines(r.out) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if v["event"] == kind {
			return v
		}
	}
	t.Fatalf("no %s in\n%s%s", kind, r.out, r.err)
	return nil
}
