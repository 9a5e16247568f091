package compat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// checkPurge says who removes expired rows (sql-layouts.md 12). A source that nobody purges is only large.
func checkPurge(ctx context.Context, in *inspection) (Check, error) {
	f := in.found
	var c Check
	var err error
	switch f.Layout.Reference {
	case "fx8", layout.FX7:
		c, err = in.server.checkJob(ctx, f)
	case "sample-mem", "sqlinmem":
		c = noPurge("nobody removes expired rows: layout "+f.Layout.Name+" comes without a job", f)
	default:
		c = passed("", "the applications remove expired rows themselves, while they have traffic")
		if strings.HasPrefix(f.Layout.Reference, "async2-") && f.isMemory() {
			c, err = in.server.checkElevation(ctx, f)
		}
	}
	if in.role == RoleSource && c.Verdict == verdictWarning {
		c.Verdict, c.Remedy = verdictOK, ""
	}
	return c, err
}

// noJob is about aspnet_regsql's tables, whose procedure the async provider's FrameworkCompat calls by itself.
func noJob(why string, f *Found) Check {
	return noPurge("nobody but applications of the async provider removes expired rows: "+why, f)
}

func noPurge(detail string, f *Found) Check {
	remedy := "run procedure DeleteExpiredSessions every minute"
	if f.Procs.Database != "" {
		remedy += " in database " + f.Procs.Database
	}
	return Check{"", verdictWarning, detail, remedy}
}

// checkJob looks for aspnet_regsql's job. msdb shows jobs to their owners and to members of its SQLAgent roles only, so
// one that is not seen may be there.
func (s *Server) checkJob(ctx context.Context, f *Found) (Check, error) {
	const express, azureDatabase = 4, 5 // SERVERPROPERTY('EngineEdition') of those without SQL Server Agent
	var edition sql.NullInt64
	if err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpAsk, "edition")+`SELECT CONVERT(int, SERVERPROPERTY('EngineEdition'))`).Scan(&edition); err != nil {
		return Check{}, err
	}
	if edition.Int64 == express || edition.Int64 == azureDatabase {
		return noJob("this edition of SQL Server has no Agent", f), nil
	}
	job := f.Procs.Database + "_Job_DeleteExpiredSessions"
	var there, on int
	err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpAsk, "job")+`SELECT COUNT(*), ISNULL(SUM(CASE WHEN enabled = 1 THEN 1 ELSE 0 END), 0) FROM msdb.dbo.sysjobs WHERE name = @p1`, job).
		Scan(&there, &on)
	if refusedByServer(err) {
		return passed("", "not known: job %s cannot be looked for in msdb: %v", job, err), nil
	}
	if err != nil {
		return Check{}, err
	}
	running, err := s.agent(ctx)
	if err != nil {
		return Check{}, err
	}
	return judgeJob(f, job, there > 0, on > 0, running), nil
}

// agent returns the state of SQL Server Agent in the server's words; empty: not known (it takes VIEW SERVER STATE).
func (s *Server) agent(ctx context.Context) (string, error) {
	var state sql.NullString
	err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpAsk, "agent")+`SELECT MAX(status_desc) FROM sys.dm_server_services WHERE servicename LIKE N'SQL Server Agent%'`).Scan(&state)
	if refusedByServer(err) {
		return "", nil
	}
	return state.String, err
}

func judgeJob(f *Found, job string, there, enabled bool, agent string) Check {
	switch {
	case !there:
		return noJob(fmt.Sprintf("there is no job %s, or this login may not see it", job), f)
	case !enabled:
		return noJob(fmt.Sprintf("job %s is disabled", job), f)
	case agent == "":
		return passed("", "job %s removes expired rows, if SQL Server Agent runs", job)
	case !strings.EqualFold(agent, "Running"):
		return noJob(fmt.Sprintf("SQL Server Agent is %s", strings.ToLower(agent)), f)
	}
	return passed("", "job %s removes expired rows every minute", job)
}

// checkElevation: the purge of 2.x's memory kinds joins a disk table; under READ_COMMITTED_SNAPSHOT that is error 41359,
// which the provider ignores (sql-layouts.md 12).
func (s *Server) checkElevation(ctx context.Context, f *Found) (Check, error) {
	var versions, elevates sql.NullBool
	err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpElevation)+`SELECT is_read_committed_snapshot_on, is_memory_optimized_elevate_to_snapshot_on FROM sys.databases WHERE name = @p1`,
		f.Database).Scan(&versions, &elevates)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Check{}, err
	}
	if versions.Bool && !elevates.Bool {
		return Check{
			"", verdictWarning, "the applications' purge fails unseen: READ_COMMITTED_SNAPSHOT is on and MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT is off",
			"ALTER DATABASE " + quoted(f.Database) + " SET MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT = ON",
		}, nil
	}
	return passed("", "the applications remove expired rows themselves, while they have traffic"), nil
}

// rtmUpdate is how the scripts of .NET 2.0 RTM compute Expires in an update: from the column Timeout, where later ones use
// the parameter (sql-layouts.md 3.6 a).
var rtmUpdate = regexp.MustCompile(`(?i)dateadd\s*\(\s*\w+\s*,\s*\[?timeout\]?\s*,`)

func checkOldScripts(ctx context.Context, in *inspection) (Check, error) {
	f := in.found
	if f.Layout.Reference != "fx8" && f.Layout.Reference != layout.FX7 {
		return Check{}, nil
	}
	var text sql.NullString
	err := in.server.db.QueryRowContext(ctx, layout.Mark(layout.OpDefinition)+`SELECT OBJECT_DEFINITION(OBJECT_ID(@p1))`,
		f.proc(in.server.Facts.Database, "TempUpdateStateItemShort")).Scan(&text)
	switch {
	case err != nil:
		return Check{}, err
	case !text.Valid:
		return passed("", "not known: this login may not see the text of the procedures"), nil
	case rtmUpdate.MatchString(text.String):
		return Check{
			"", verdictWarning, "the procedures are those of .NET 2.0 RTM: a write renews Expires by the timeout before it",
			"sessions whose timeout changes expire too early or too late once; re-running aspnet_regsql would mend it and lose all sessions",
		}, nil
	}
	return passed("", "the procedures compute Expires from the timeout they are given"), nil
}
