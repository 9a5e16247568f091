package cli

import (
	"database/sql"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// Who cannot be reached, does not let us in or has no such database: exit 6, a hint, and no password anywhere.
func TestServersThatCannotBeReached(t *testing.T) {
	t.Parallel()
	s := server(t)
	good := s.async("reach")
	const wrong = "wr0ng/Pass%word!"
	user := s.url.User.Username()
	refused := s.dsn(good.name, url.UserPassword(user, wrong))
	missing := s.dsn("h_cli_nosuch", nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	l.Close() // nothing listens there now
	absent := "sqlserver://" + url.UserPassword(user, wrong).String() + "@" + free + "?encrypt=disable"
	host, port, _ := net.SplitHostPort(free)
	ado := "Server=" + host + "," + port + ";User Id=" + user + ";Password=" + wrong + ";Encrypt=disable;Database=x"
	for i, c := range []struct{ what, dsn, says string }{
		{"a wrong password", refused, "the login is refused"},
		{"a missing database", missing, "h_cli_nosuch"},
		{"nothing listens", absent, "connection refused"},
		{"nothing listens, ADO", ado, "connection refused"},
	} {
		commands := [][]string{
			{"inspect", "--from-dsn", c.dsn},
			{"inspect", "--from-dsn", good.dsn, "--from-dsn", c.dsn, "--json"},
			{"dump", "session", "q3m0zv5kd2xw1ea4tyh5rb0c", "--from-dsn", c.dsn},
			{"migrate", "--from-dsn", c.dsn, "--to-dsn", good.dsn, "--to-ids", "async-2.1", "--checkpoint", filepath.Join(s.dir, "cp")},
			{"migrate", "--from-dsn", good.dsn, "--to-dsn", c.dsn, "--to-ids", "async-2.1", "--checkpoint", filepath.Join(s.dir, "cp"), "--json"},
			{"verify", "--from-dsn", good.dsn, "--to-dsn", c.dsn},
			{"schema", "install", "v1.0", "--to-dsn", c.dsn},
		}
		if i > 0 { // what a command does then was seen
			commands = commands[:2]
		}
		for _, args := range commands {
			r := s.run(args...)
			if r.code != exitUnreachable || !strings.Contains(r.err, c.says) || !strings.Contains(r.err, "\nhint: ") {
				t.Errorf("%s, %s: exit %d: %s", args[0], c.what, r.code, r.err)
			}
			s.hides(r, wrong, args...)
		}
	}
}

// The password may stand in the environment instead of the DSN.
func TestPasswordInTheEnvironment(t *testing.T) {
	s := server(t)
	good := s.async("env")
	if s.password() == "" {
		t.Skip("the DSN has no password")
	}
	bare := s.dsn(good.name, url.User(s.url.User.Username()))
	t.Setenv("ASPSTATE_FROM_PASSWORD", s.password())
	s.ok("inspect", "--from-dsn", bare)
	t.Setenv("ASPSTATE_FROM_PASSWORD", "wr0ngPassword")
	r := s.run("inspect", "--from-dsn", bare)
	if r.code != exitUnreachable {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	s.hides(r, "wr0ngPassword", "inspect")
	t.Setenv("ASPSTATE_TO_PASSWORD", s.password())
	s.ok("schema", "install", "sqlserver", "--to-dsn", bare)
}

// A login that may only read: it can look and be copied from, and is told what it lacks.
func TestLoginWithoutRights(t *testing.T) {
	t.Parallel()
	s := server(t)
	const login, password = "h_cli_reader", "R3ad/only%Secret!"
	s.login(login, password)
	from, to := s.fx("rights_from"), s.async("rights_to")
	from.exec("CREATE USER " + login + " FOR LOGIN " + login)
	to.exec("CREATE USER " + login + " FOR LOGIN " + login)
	reader := func(d *testDatabase) *testDatabase {
		return &testDatabase{t, d.name, s.dsn(d.name, url.UserPassword(login, password)), nil}
	}
	from.register("/lm/w3svc/1/root", 538231025)
	from.insert(fxShape, liveRow("one2014c0f1", payload(t, 400, "a")))
	try := func(what string, code int, says string, r result) {
		t.Helper()
		if r.code != code || !strings.Contains(r.err, says) {
			t.Errorf("%s: exit %d, want %d: %s%s", what, r.code, code, r.out, r.err)
		}
		s.hides(r, password, what)
	}
	try("a table that it may not see", exitFailed, "holds no ASP.NET sessions", s.run("inspect", "--from-dsn", reader(from).dsn))
	from.exec("GRANT SELECT ON ASPStateTempSessions TO " + login)
	try("applications that it may not see", exitUnreachable, "ASPStateTempApplications", s.run("inspect", "--from-dsn", reader(from).dsn))
	from.exec("GRANT SELECT ON ASPStateTempApplications TO " + login)
	try("looking", 0, "", s.run("inspect", "--from-dsn", reader(from).dsn))
	try("no target", exitFailed, "no such table", s.migrate(from, reader(to), "--to-ids", "async-2.1"))
	to.exec("GRANT SELECT ON ASPNetSessionState TO " + login)
	try("writing", exitRefused, "GRANT INSERT, UPDATE, DELETE ON [dbo].[ASPNetSessionState] TO ["+login+"]", s.migrate(from, reader(to), "--to-ids", "async-2.1"))
	try("installing", exitUnreachable, "permission denied", s.run("schema", "install", "v1.0", "--to-dsn", reader(to).dsn))
	if len(to.rows(asyncShape)) != 0 || to.has("Sessions", "SessionId") {
		t.Error("something was written")
	}
	try("reading", 0, "", s.migrate(reader(from), to, "--to-ids", "async-2.1"))
	if rows := to.rows(asyncShape); rows["oneB3003E84"].ID == "" {
		t.Errorf("%v", rows)
	}
}

// login makes a login, and drops it after the databases that are made later; where that is not allowed the test is skipped.
func (s *testServer) login(name, password string) {
	s.t.Helper()
	master := s.open("master")
	s.t.Cleanup(func() { master.Close() })
	var there sql.NullInt64
	if err := master.QueryRow("SELECT SUSER_ID(@p1)", name).Scan(&there); err != nil {
		s.t.Fatal(err)
	}
	if there.Valid { // of a run that was stopped
		s.insist(master, "DROP LOGIN "+name)
	}
	if _, err := master.Exec("CREATE LOGIN " + name + " WITH PASSWORD = '" + password + "'"); err != nil {
		s.t.Skipf("the login of ASPSTATE_TEST_SQLSERVER makes no other: %v", err)
	}
	s.t.Cleanup(func() { s.insist(master, "DROP LOGIN "+name) })
}
