package compat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// diskRow and memoryRow are bytes a session takes besides its payload, generously: the fixed columns, an id of 32
// characters and its entries in two indexes; in memory also row headers and the row of the payload's own table.
const (
	diskRow   = 400
	memoryRow = 600
)

// checkSpace compares the free space of a disk target's data files, and what they may grow by, with what is to come.
func checkSpace(ctx context.Context, in *inspection) (Check, error) {
	if in.role != RoleTarget || in.found.isMemory() {
		return Check{}, nil
	}
	if !strings.EqualFold(in.found.Database, in.server.Facts.Database) {
		return passed("", "not known: the table is in another database than the connection"), nil
	}
	// Pages of 8 KB; max_size -1 is until the disk is full, growth 0 is never.
	var free, grow sql.NullFloat64
	err := in.server.db.QueryRowContext(ctx, layout.Mark(layout.OpAsk, "space")+`SELECT SUM(8192.0 * (size - FILEPROPERTY(name, 'SpaceUsed'))),
	SUM(CASE WHEN growth = 0 OR max_size = 0 THEN 0.0 WHEN max_size = -1 THEN 1e18 ELSE 8192.0 * (max_size - size) END)
FROM sys.database_files WHERE type = 0`).Scan(&free, &grow)
	if err != nil {
		return Check{}, err
	}
	if !free.Valid || !grow.Valid {
		return passed("", "not known: the server does not tell the size of its files"), nil
	}
	return judgeSpace(in.need, int64(free.Float64), int64(grow.Float64)), nil
}

// unlimited is more room than any file has.
const unlimited = 1 << 59

func judgeSpace(need Need, free, grow int64) Check {
	wants := need.Bytes + need.Bytes/4 + need.Sessions*diskRow // pages are not filled to the end
	switch {
	case free >= wants:
		return passed("", "about %s are needed, %s are free in the data files", megabytes(wants), megabytes(free))
	case grow >= unlimited:
		return passed("", "about %s are needed, %s are free in the data files, which grow as long as the disk has room", megabytes(wants), megabytes(free))
	case free+grow >= wants:
		return passed("", "about %s are needed, %s are free in the data files, which may grow by %s", megabytes(wants), megabytes(free), megabytes(grow))
	}
	return Check{
		"", verdictWarning, fmt.Sprintf("about %s are needed, the data files have and may get %s", megabytes(wants), megabytes(free+grow)),
		"enlarge the database's files, or let them grow",
	}
}

// checkMemory compares what the rows will take with what the server has left for memory-optimized tables. Versions of rows
// that change live beside them, so twice the payload is counted.
func checkMemory(ctx context.Context, in *inspection) (Check, error) {
	if in.role != RoleTarget || !in.found.isMemory() {
		return Check{}, nil
	}
	if in.server.Facts.Azure {
		return in.server.checkQuota(ctx)
	}
	left, where, err := in.server.memoryLeft(ctx, in.found.Database)
	if err != nil {
		return Check{}, err
	}
	return judgeMemory(in.need, left, where), nil
}

func judgeMemory(need Need, left int64, where string) Check {
	wants := 2*need.Bytes + need.Sessions*memoryRow
	switch {
	case left < 0:
		return passed("", "not known: about %s of memory are needed; the server does not tell what it has left", megabytes(wants))
	case wants > left:
		return Check{
			"", verdictWarning, fmt.Sprintf("about %s of memory are needed, %s has %s left", megabytes(wants), where, megabytes(left)),
			"give the server or its resource pool more memory; errors 701, 41823 and 41840 end the copy",
		}
	}
	return passed("", "about %s of memory are needed, %s has %s left", megabytes(wants), where, megabytes(left))
}

// checkQuota: Azure SQL tells which part of the quota for memory-optimized tables is used, not how much it is.
func (s *Server) checkQuota(ctx context.Context) (Check, error) {
	var used sql.NullFloat64
	err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpAsk, "quota")+`SELECT TOP (1) CAST(xtp_storage_percent AS float) FROM sys.dm_db_resource_stats ORDER BY end_time DESC`).Scan(&used)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Check{}, err
	}
	switch {
	case !used.Valid:
		return passed("", "not known: the server does not tell its quota for memory-optimized tables"), nil
	case used.Float64 >= fullQuota:
		return Check{
			"", verdictWarning, fmt.Sprintf("%.0f %% of the quota for memory-optimized tables are used", used.Float64),
			"choose a larger service tier; errors 41823 and 41840 end the copy",
		}, nil
	}
	return passed("", "%.0f %% of the quota for memory-optimized tables are used", used.Float64), nil
}

// fullQuota is the percentage from which on a copy may meet the quota's end.
const fullQuota = 80

// memoryLeft asks for bytes that memory-optimized tables may still take: of the resource pool that the database is bound
// to, or of the server's own target. -1: not known.
func (s *Server) memoryLeft(ctx context.Context, database string) (left int64, where string, err error) {
	for _, q := range []struct{ where, text string }{
		// Memory-optimized tables get a part of a pool, 70 to 90 % by its size.
		{"its resource pool", `SELECT CAST(0.8 * p.max_memory_kb - p.used_memory_kb AS bigint) * 1024
FROM sys.dm_resource_governor_resource_pools p JOIN sys.databases d ON p.pool_id = ISNULL(d.resource_pool_id, 2) WHERE d.name = @p1`},
		{"the server", `SELECT CAST(committed_target_kb - committed_kb AS bigint) * 1024 FROM sys.dm_os_sys_info WHERE @p1 <> N''`},
	} {
		var n sql.NullInt64
		err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpAsk, "memory")+q.text, database).Scan(&n)
		if err == nil && n.Valid {
			return max(0, n.Int64), q.where, nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) && !refusedByServer(err) {
			return 0, "", err
		}
	}
	return -1, "", nil
}

// bucketBytes is what a hash bucket takes, used or not.
const bucketBytes = 8

// checkBuckets looks at the hash index of a memory target: its size is fixed (sql-layouts.md 5, 16.3 M).
func checkBuckets(ctx context.Context, in *inspection) (Check, error) {
	if in.role != RoleTarget || !in.found.isMemory() {
		return Check{}, nil
	}
	f := in.found
	var buckets sql.NullInt64
	err := in.server.db.QueryRowContext(ctx, layout.Mark(layout.OpAsk, "buckets")+`SELECT MIN(bucket_count) FROM `+in.server.within(f.Database, "sys.hash_indexes")+
		` WHERE object_id = OBJECT_ID(@p1)`, f.table(in.server.Facts.Database, f.Layout.Table)).Scan(&buckets)
	if err != nil {
		return Check{}, err
	}
	if !buckets.Valid {
		return passed("", "not known: no hash index is seen"), nil
	}
	return judgeBuckets(in.need.Sessions, buckets.Int64), nil
}

// Emptier than one in sparse buckets is a waste worth a word, if it is large: every scan walks them all.
const (
	sparse = 1000
	large  = 64 << 20
)

func judgeBuckets(sessions, buckets int64) Check {
	size := megabytes(buckets * bucketBytes)
	switch {
	case sessions == 0:
		return passed("", "%d hash buckets (%s)", buckets, size)
	case buckets < sessions:
		return Check{
			"", verdictWarning, fmt.Sprintf("%d hash buckets for %d sessions: looking one up walks a chain", buckets, sessions),
			fmt.Sprintf("make the table anew with BUCKET_COUNT = %d or more", 2*sessions),
		}
	case buckets/sessions >= sparse && buckets*bucketBytes >= large:
		return Check{
			"", verdictWarning, fmt.Sprintf("%d hash buckets for %d sessions: they take %s, nearly all of it empty", buckets, sessions, size),
			fmt.Sprintf("harmless if memory is no concern; else make the table anew with BUCKET_COUNT = %d", 2*sessions),
		}
	}
	return passed("", "%d hash buckets (%s) for %d sessions", buckets, size, sessions)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }
