package compat

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// Role is what a table is in a copy.
type Role uint8

// The roles.
const (
	RoleSource Role = iota + 1
	RoleTarget
)

// Need is how much a target is to take. Zero: not known.
type Need struct {
	Sessions int64
	Bytes    int64 // of payload
}

// Check is one thing that the preflight looked at.
type Check struct {
	Name    string // short, stable: "rights"
	Verdict string // ok, warning, refused
	Detail  string // one line; "not known: …" where the server does not tell
	Remedy  string // what to do; empty when ok
}

// Verdicts, as the copier has them.
const (
	verdictOK      = "ok"
	verdictWarning = "warning"
	verdictRefused = "refused"
)

func passed(name, format string, a ...any) Check {
	return Check{Name: name, Verdict: verdictOK, Detail: fmt.Sprintf(format, a...)}
}

// notKnown is what a check says when the server does not let this login see, or does not have, what it asks for.
func notKnown(name string, err error) Check { return passed(name, "not known: %v", err) }

// inspection is what the checks look at.
type inspection struct {
	server *Server
	found  *Found
	role   Role
	need   Need
}

// checks are the questions about one end, in the order in which they are shown. Each reads and writes nothing. An error
// that [refusedByServer] makes its answer "not known".
var checks = []struct {
	name string
	ask  func(context.Context, *inspection) (Check, error)
}{
	{"database", checkDatabase}, {"rights", checkRights}, {"clock", checkClock}, {"durability", checkRestart},
	{"purge", checkPurge}, {"old-scripts", checkOldScripts}, {"isolation", checkIsolation}, {"long-column", checkLongColumn},
	{"triggers", checkTriggers}, {"change-tracking", checkTracking}, {"space", checkSpace}, {"memory", checkMemory}, {"buckets", checkBuckets},
}

// Preflight asks one end of a copy whether it is fit for its role. It writes nothing and looks at no row. Questions that
// do not concern the table are left out.
func (s *Server) Preflight(ctx context.Context, f *Found, role Role, need Need) ([]Check, error) {
	in := &inspection{s, f, role, need}
	var all []Check
	for _, c := range checks {
		got, err := c.ask(ctx, in)
		switch {
		case refusedByServer(err):
			got = notKnown(c.name, err)
		case err != nil:
			return nil, fmt.Errorf("checking %s of %s: %w", c.name, f.place(), err)
		case got.Verdict == "":
			continue
		}
		got.Name = c.name
		all = append(all, got)
	}
	return all, nil
}

// isMemory says whether the table is memory-optimized.
func (f *Found) isMemory() bool { return f.Layout.Engine != layout.EngineDisk }

func checkDatabase(ctx context.Context, in *inspection) (Check, error) {
	var status, access sql.NullString
	err := in.server.db.QueryRowContext(ctx, layout.Mark(layout.OpDatabase)+`SELECT CONVERT(nvarchar(60), DATABASEPROPERTYEX(@p1, 'Status')),
	CONVERT(nvarchar(60), DATABASEPROPERTYEX(@p1, 'Updateability'))`, in.found.Database).Scan(&status, &access)
	if err != nil {
		return Check{}, err
	}
	return judgeDatabase(in.found.Database, in.role, status.String, access.String), nil
}

func judgeDatabase(name string, role Role, status, access string) Check {
	switch {
	case status != "" && !strings.EqualFold(status, "ONLINE"):
		return Check{"", verdictRefused, fmt.Sprintf("database %s is %s", name, strings.ToLower(status)), "bring it online"}
	case access == "":
		return passed("", "not known: the server does not tell the state of database %s", name)
	case strings.EqualFold(access, "READ_WRITE"):
		return passed("", "database %s is online and can be written", name)
	case role == RoleTarget:
		return Check{"", verdictRefused, fmt.Sprintf("database %s can be read only", name), "connect to its primary replica, or set it READ_WRITE"}
	}
	return Check{
		"", verdictWarning, fmt.Sprintf("database %s can be read only: if it is a replica, its sessions are behind", name),
		"connect to its primary replica",
	}
}

// checkRestart: which targets a restart empties (sql-layouts.md 10, 16.3 M).
func checkRestart(_ context.Context, in *inspection) (Check, error) {
	f := in.found
	switch {
	case in.role == RoleSource:
		return Check{}, nil
	case f.Layout.SurvivesRestart:
		return passed("", "the rows survive a restart of the server"), nil
	case strings.EqualFold(f.Database, tempdb):
		return Check{
			"", verdictWarning, "the table is in tempdb: a restart or fail-over of the server empties it",
			"install aspnet_regsql with -sstype p or c to keep sessions",
		}, nil
	}
	return Check{
		"", verdictWarning, "the table has DURABILITY = SCHEMA_ONLY: a restart or fail-over of the server empties it",
		"--to " + layout.InMemoryDurable + " keeps sessions",
	}, nil
}

// checkIsolation says how the rows will be read (sql-layouts.md 16.5).
func checkIsolation(ctx context.Context, in *inspection) (Check, error) {
	e, err := in.server.engineOf(ctx, in.found)
	if err != nil {
		return Check{}, err
	}
	switch {
	case e.memory:
		return passed("", "memory-optimized: reading takes no locks"), nil
	case e.versions:
		return passed("", "READ_COMMITTED_SNAPSHOT is on: reading takes no locks"), nil
	case e.snapshots:
		return passed("", "snapshot isolation is allowed and used: reading takes no locks"), nil
	}
	return passed("", "reading takes short shared locks on small ranges, waits 300 ms at most and gives way in a deadlock"), nil
}

// checkLongColumn: async 1.1 and FrameworkCompat read the type of the column (sql-layouts.md 7).
func checkLongColumn(_ context.Context, in *inspection) (Check, error) {
	l := in.found.Layout
	base, err := layout.ByReference(l.Reference)
	if err != nil || l.Form != layout.FormShortLong {
		return Check{}, nil
	}
	typeOf := func(l *layout.Layout) string {
		for _, c := range l.Columns {
			if strings.EqualFold(c.Name, "SessionItemLong") {
				return c.Type
			}
		}
		return ""
	}
	if own, made := typeOf(l), typeOf(base); own != made {
		return Check{
			"", verdictWarning, fmt.Sprintf("column SessionItemLong was altered by hand: it is %s, made as %s", own, made),
			"the rows are copied all the same; procedures that use TEXTPTR on it fail",
		}, nil
	}
	return passed("", "column SessionItemLong is as its installer makes it"), nil
}

func checkTriggers(_ context.Context, in *inspection) (Check, error) {
	names := strings.Join(in.found.Triggers, ", ")
	switch {
	case names == "":
		return passed("", "the table has no triggers"), nil
	case in.role == RoleSource:
		return passed("", "the table has triggers (%s); reading does not fire them", names), nil
	}
	return Check{
		"", verdictWarning, "the table has triggers, which fire at every row that is written: " + names,
		"disable them for the time of the copy if they do more than watch",
	}, nil
}
