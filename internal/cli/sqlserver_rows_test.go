package cli

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/session"
)

// Rows with both payload columns set, as FrameworkCompat leaves them (sql-layouts.md 7.1): the long one is the session, and
// the target has exactly one. A row with neither is refused and counted; the others are copied.
func TestBothPayloadColumnsOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to, back := s.fx("both_from"), s.async("both_to"), s.fx("both_back")
	from.register("/lm/w3svc/1/root", 538231025)
	short, long := payload(t, 400, "s"), payload(t, 9000, "l")
	row := func(raw string, short, long []byte) sqlRow {
		r := liveRow(raw+"2014c0f1", nil)
		r.Short, r.Long = short, long
		return r
	}
	rows := []sqlRow{
		row("both", short, long), row("shortlong", short, payload(t, 700, "m")), row("long", nil, long), row("short", short, nil),
		row("limit", payload(t, 7000, "e"), nil), row("over", nil, payload(t, 7001, "o")),
	}
	from.insert(fxShape, append(rows, row("neither", nil, nil))...)

	r := s.migrate(from, to, "--to-ids", "async-2.1")
	if rep := lastLine(t, r); r.code != exitRefused || rep["copied"] != 6.0 || rep["refused"] != 1.0 || rep["scanned"] != 7.0 {
		t.Errorf("exit %d: %v", r.code, rep)
	}
	for _, says := range []string{"rows had both payload columns set; the long one is the session", "rows had a short payload in the long column"} {
		if !strings.Contains(r.err, says) {
			t.Errorf("no note %q in\n%s", says, r.err)
		}
	}
	if text := event(t, r, "notice")["text"].(string); !strings.Contains(text, "both NULL") {
		t.Errorf("the notice: %s", text)
	}
	there := to.rows(asyncShape)
	for _, want := range rows {
		if want.Long == nil {
			want.Long = want.Short
		}
		want.ID, want.Short = strings.TrimSuffix(want.ID, "2014c0f1")+"B3003E84", nil
		wantRow(t, there, want)
	}
	if len(there) != len(rows) {
		t.Errorf("%v", slices.Sorted(maps.Keys(there)))
	}
	if r := s.run("verify", "--from-dsn", from.dsn, "--to-dsn", to.dsn, "--json"); r.code != exitRefused || lastLine(t, r)["differences"] != 0.0 {
		t.Errorf("verify: exit %d: %s", r.code, r.out)
	}
	if v, _ := s.groupsOf(from); v.Damaged != 1 || v.Rows != 7 {
		t.Errorf("inspect: %+v", v)
	}

	s.report(to, back, append([]string{"--to-ids", "inbox"}, farm...)...)
	there = back.rows(fxShape)
	for _, want := range rows {
		if want.Long != nil && len(want.Long) <= 7000 {
			want.Short, want.Long = want.Long, nil
		} else if want.Long != nil {
			want.Short = nil
		}
		wantRow(t, there, want)
	}
}

// autumn is the beginning of the hour that occurs twice in Berlin in a year, as its clocks show it: 2:00 of the last
// Sunday of October.
func autumn(year int) session.Instant {
	d := time.Date(year, time.October, 31, 2, 0, 0, 0, time.UTC)
	return session.At(d.AddDate(0, 0, -int(d.Weekday())))
}

// The SQL Server 7 shape has local times: refused without a zone; with one they are right to the tick, the hour that occurs
// twice by its later moment (sql-layouts.md 16.3 Z).
func TestLocalTimesOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to := s.database("local_from"), s.async("local_to")
	from.exec(`CREATE TABLE ASPStateTempSessions (SessionId nvarchar(88) NOT NULL PRIMARY KEY, Created datetime NOT NULL DEFAULT GETDATE(),
	Expires datetime NOT NULL, LockDate datetime NOT NULL, LockCookie int NOT NULL, Timeout int NOT NULL, Locked bit NOT NULL,
	SessionItemShort varbinary(7000) NULL, SessionItemLong image NULL, Flags int NOT NULL DEFAULT 0)`)
	from.exec("CREATE TABLE ASPStateTempApplications (AppId int NOT NULL PRIMARY KEY, AppName char(280) NOT NULL)")
	from.register("/lm/w3svc/1/root", 538231025)
	const hour, minute = 60 * session.Minute, session.Minute
	last, next := autumn(clock().Year()-1), autumn(clock().Year()+1)
	cases := []struct {
		raw              string
		created, expires session.Instant // as the clock shows them
		ahead            session.Instant // of UTC
	}{
		{"winter", last + 40*24*hour + 1, next + 20*24*hour + 2, hour},
		{"summer", last - 40*24*hour + 2, next - 20*24*hour + 1, 2 * hour},
		{"before", last - 1, next - 1, 2 * hour},
		{"begins", last, next, hour},
		{"twice", last + 30*minute, next + hour - 1, hour},
		{"after", last + hour, next + hour, hour},
	}
	for _, c := range cases {
		r := liveRow(c.raw+"2014c0f1", payload(t, 400, "a"))
		r.Created, r.LockAt, r.Expires = c.created, c.created, c.expires
		from.insert(fxShape, r)
	}
	for _, args := range [][]string{
		{"inspect", "--from", "frameworkcompat", "--from-dsn", from.dsn},
		{"dump", "session", "winter", "--from-dsn", from.dsn},
		{"migrate", "--from-dsn", from.dsn, "--to-dsn", to.dsn, "--to-ids", "async-2.1"},
	} {
		if r := s.run(args...); r.code != exitRefused || !strings.Contains(r.err, "local to its server") || !strings.Contains(r.err, "hint: name its time zone with --from-zone") {
			t.Errorf("%s without a zone: exit %d: %s", args[0], r.code, r.err)
		}
	}
	zone := []string{"--from-zone", "Europe/Berlin", "--to-ids", "async-2.1"}
	r := s.migrate(from, to, append([]string{"--from", "frameworkcompat"}, zone...)...)
	if rep := lastLine(t, r); r.code != 0 || rep["copied"] != 6.0 || !strings.Contains(r.err, "local times occur twice; the later moment was taken") {
		t.Fatalf("exit %d: %s%s", r.code, r.out, r.err)
	}
	s.same(6, from, to, zone...)
	rows := to.rows(asyncShape)
	for _, c := range cases {
		got := rows[c.raw+"B3003E84"]
		if got.Created != c.created-c.ahead || got.LockAt != c.created-c.ahead || got.Expires != c.expires-c.ahead {
			t.Errorf("%s: created %v, locked %v, expires %v; the clock showed %v and %v, %d minutes ahead", c.raw, got.Created, got.LockAt, got.Expires,
				c.created, c.expires, c.ahead/minute)
		}
	}
	if r := s.migrate(to, from, append([]string{"--to-ids", "inbox", "--to", "frameworkcompat"}, farm...)...); r.code != exitRefused || !strings.Contains(r.err, "read, never written") {
		t.Errorf("as a target: exit %d: %s", r.code, r.err)
	}
}

// Async 1.0 stores its whole buffer of 7000 bytes, or twice that: zeros behind a plain payload, what was there before behind
// a compressed one (sql-layouts.md 4). Both are trimmed.
func TestUnusedBuffersOnServer(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to := s.with("tails_from", "v1.0"), s.async("tails_to")
	buffer := func(size int, payload []byte, behind byte) []byte {
		return append(bytes.Clone(payload), bytes.Repeat([]byte{behind}, size-len(payload))...)
	}
	plain, larger := payload(t, 900, "a"), payload(t, 7100, "b")
	packed, err := aspnetser.Deflate(nil, payload(t, 5000, "c"))
	if err != nil {
		t.Fatal(err)
	}
	full := payload(t, 7000, "d")
	leftover := payload(t, 7000, "e") // the plain payload that was in the same buffer before it was compressed
	for _, c := range []struct {
		raw          string
		app          string // the applications of one configuration are all plain or all compressed
		stored, want []byte
	}{
		{"plain", "7E023E84", buffer(7000, plain, 0), plain},
		{"larger", "7E023E84", buffer(14000, larger, 0), larger},
		{"full", "7E023E84", full, full},
		{"packed", "7E0242C7", append(bytes.Clone(packed), leftover[len(packed):]...), packed},
		{"packedzeros", "7E0242C7", buffer(14000, packed, 0), packed},
	} {
		r := liveRow(c.raw+c.app, nil)
		r.Short, r.Long, r.Cookie = nil, c.stored, 0
		from.insert(v10Shape, r)
	}
	r := s.migrate(from, to, append([]string{"--to-ids", "async-2.1"}, farm...)...)
	if rep := lastLine(t, r); r.code != 0 || rep["copied"] != 5.0 || rep["undecodable"] != 0.0 ||
		rep["bytes"] != float64(len(plain)+len(larger)+len(full)+2*len(packed)) {
		t.Errorf("exit %d: %v", r.code, rep)
	}
	if !strings.Contains(r.err, "read without the unused end of its buffer") {
		t.Errorf("no note: %s", r.err)
	}
	rows := to.rows(asyncShape)
	for id, want := range map[string][]byte{
		"plainB3003E84": plain, "largerB3003E84": larger, "fullB3003E84": full, "packedB30042C7": packed, "packedzerosB30042C7": packed,
	} {
		if got := rows[id].Long; !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d", id, len(got), len(want))
		}
	}
	s.same(5, from, to, farm...)
}
