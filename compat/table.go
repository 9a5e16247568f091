// Package compat is the one store over SQL Server: every layout in which ASP.NET keeps sessions there, spoken through
// database/sql and go-mssqldb.
//
// [Connect] opens a database, [Server.Detect] says which layouts it holds, [Server.Open] makes a [Table] of one of them.
// A Table is a session.Store whose verbs go through the procedures (or, where a provider has none, through batches of the
// same effect) that .NET applications use, so that Go programs can work beside them; and it looks (Peek), lists (Scan) and
// writes rows as they are (Apply) by statements of its own on the tables. [Server.Install] makes a layout.
//
// What it keeps: Created, Expires, LockDate to the tick of 1/300 s, Timeout, Locked, LockCookie, Flags and the payload's
// bytes. What it refuses: tables that are not as their installer makes them ([AlteredError]), ASP.NET 1.x tables, writing
// to the SQL Server 7 shape. It never creates, alters or drops anything but through Install, which never drops.
//
// Keys are spelled ids: App is empty, ID is the column SessionId. All SQL text is ours; what it does follows
// sql-layouts.md (layouts 3 to 9, error numbers 11, reading and writing live tables 16.4 and 16.5).
package compat

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Options of a Table. The zero value works.
type Options struct {
	// Zone is the time zone of the database server. It fills LockDateLocal, which ancient clients only read; tables of the
	// SQL Server 7 shape (fx7) keep all times in it and cannot be opened without.
	Zone layout.Zone
	// Now is this machine's clock; nil: time.Now. Only v1.0 takes times from its clients (sql-layouts.md 4).
	Now func() time.Time
	// Retry says how often and how patiently what failed for a moment is done again; without Attempts it is the layout's own
	// provider's rule (sql-layouts.md 11), with the given Noted.
	Retry Retry
	// InsertOnce: a new row whose answer was lost is not written again by Apply, which fails with ErrUnknownOutcome. For tables whose
	// sessions are used meanwhile: such a row may have been used and removed before it is written for the second time. A copy that begins
	// again has no such doubt.
	InsertOnce bool
	// RenewStep is what a renewal of Expires by Get or ResetTimeout must gain to be written, 0 to 24 h. 0: each is, by the
	// provider's procedures. Up to 1 s a session may end so much early, as Microsoft's State Server has it; a longer one is
	// written ahead, which other clients of the table see as a later Expires. The layout must keep the server's UTC.
	RenewStep time.Duration
}

// Table is one session table. Its methods may be called concurrently.
type Table struct {
	server *Server
	found  Found
	layout *layout.Layout
	o      Options
	verbs  verbs
	cols   []column
	engine engine
	id     string

	renewing renewing
	place    string

	listings listings     // of scans over memory tables
	misses   atomic.Int64 // calls of Peek that are still to go without a range
	mean     atomic.Int64 // bytes of a row's payload, as the last page of a scan had them; 0: not known

	mu    sync.Mutex
	notes map[layout.NoteKind]int64
}

var _ interface {
	session.Store
	session.Peeker
	session.Scanner
	session.Skimmer
	session.Applier
	session.Sweeper
	session.Counter
	session.Clocked
	session.Tracker
} = (*Table)(nil)

// Open makes a Table of a layout that Detect has found. It asks for the settings of the table's database, and writes
// nothing. Tables of the SQL Server 7 shape can be read only, and need Options.Zone: *layout.UnsupportedError.
func (s *Server) Open(ctx context.Context, f *Found, o Options) (*Table, error) {
	l := f.Layout
	if l.Form == layout.FormNative {
		return nil, &layout.UnsupportedError{Layout: l.Name, Why: "it is no table of SQL Server"}
	}
	if l.Clock == layout.ClockSQLLocal && o.Zone.Location == nil {
		return nil, &layout.UnsupportedError{Layout: l.Name, Why: "its rows are in local time, and the server's time zone was not given"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Retry.Attempts == 0 {
		noted := o.Retry.Noted
		o.Retry = retryOf(l)
		o.Retry.Noted = noted
	}
	if err := o.checkRenewStep(l); err != nil {
		return nil, err
	}
	t := &Table{server: s, found: *f, layout: l, o: o, cols: columnsOf(l), notes: map[layout.NoteKind]int64{}, renewing: renewingOf(o.RenewStep)}
	var err error
	if t.engine, err = s.engineOf(ctx, f); err != nil {
		return nil, err
	}
	if t.id, t.place, err = s.identity(ctx, f); err != nil {
		return nil, err
	}
	t.verbs = verbsOf(t)
	return t, nil
}

// mark begins a text about this table.
func (t *Table) mark(op layout.Operation, words ...string) string {
	return layout.Mark(op, append([]string{t.layout.Reference}, words...)...)
}

// Layout returns the layout of the rows, with what this table has of its own.
func (t *Table) Layout() *layout.Layout { return t.layout }

// Found returns what the table was opened from.
func (t *Table) Found() Found { return t.found }

// Identity tells tables apart. It stays the same over failovers of the server and, but for tables in tempdb, its restarts, and
// is fit for file names. A restored copy of a database has the same: see Place.
func (t *Table) Identity() string { return t.id }

// Place says where the table is as long as nothing fails over: two tables of one Identity in two places are copies.
func (t *Table) Place() string { return t.place }

// Close gives back what scans have kept. The Server stays open.
func (t *Table) Close() error { return t.listings.close() }

// Notes returns how often rows had to be decided upon while they were read, by kind.
func (t *Table) Notes() map[layout.NoteKind]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make(map[layout.NoteKind]int64, len(t.notes))
	for k, n := range t.notes {
		all[k] = n
	}
	return all
}

// record makes a record of a row and counts its notes.
func (t *Table) record(row *layout.Row) (session.Record, error) {
	rec, notes, err := t.layout.Record(row, t.o.Zone)
	if len(notes) > 0 {
		t.mu.Lock()
		for _, n := range notes {
			t.notes[n.Kind]++
		}
		t.mu.Unlock()
	}
	return rec, err
}

// engine is what the table's database allows readers and writers to do (sql-layouts.md 16.5).
type engine struct {
	memory    bool // memory-optimized
	versions  bool // READ_COMMITTED_SNAPSHOT: readers do not block
	snapshots bool // ALLOW_SNAPSHOT_ISOLATION
	json      bool // OPENJSON: SQL Server 2016 at compatibility level 130
}

// engineOf asks for the settings of the table's database. A login that may not see them gets the careful way.
func (s *Server) engineOf(ctx context.Context, f *Found) (engine, error) {
	e := engine{memory: f.Layout.Engine != layout.EngineDisk}
	var versions sql.NullBool
	var snapshots, level sql.NullInt64
	err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpSettings)+`SELECT d.is_read_committed_snapshot_on, d.snapshot_isolation_state, c.compatibility_level
FROM sys.databases d LEFT JOIN sys.databases c ON c.name = DB_NAME() WHERE d.name = @p1`, f.Database).Scan(&versions, &snapshots, &level)
	if err != nil && Classify(err) != GiveUp {
		return e, fmt.Errorf("reading the settings of database %q: %w", f.Database, err)
	}
	e.versions, e.snapshots = versions.Bool, snapshots.Int64 == 1
	e.json = level.Int64 >= 130 || s.Facts.Babelfish // which reports a level of its own
	return e, nil
}

// read is what a statement that reads rows begins with. On disk it must not wait long for the application's locks, nor
// make the application wait: it is the one that loses a deadlock, and what times out is asked again.
func (e engine) read() string {
	switch {
	case e.memory, e.versions:
		return ""
	case e.snapshots:
		return "SET TRANSACTION ISOLATION LEVEL SNAPSHOT;\n"
	}
	return "SET LOCK_TIMEOUT 300; SET DEADLOCK_PRIORITY LOW;\n"
}

// write is what a transaction that writes rows as they are begins with.
func (e engine) write() string {
	if e.memory {
		return ""
	}
	return "SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW;\n"
}

// hint is what a table needs in a statement within an explicit transaction (error 41368 otherwise).
func (e engine) hint() string {
	if e.memory {
		return " WITH (SNAPSHOT)"
	}
	return ""
}

// identity names the table by its database's broker id, which backups and availability groups keep; where that cannot be
// had, by the server's name.
func (s *Server) identity(ctx context.Context, f *Found) (id, place string, err error) {
	var broker sql.NullString
	var number sql.NullInt64
	err = s.db.QueryRowContext(ctx, layout.Mark(layout.OpIdentity)+`SELECT CONVERT(nvarchar(36), service_broker_guid), database_id FROM sys.databases WHERE name = @p1`, f.Database).
		Scan(&broker, &number)
	if err != nil && Classify(err) != GiveUp {
		return "", "", fmt.Errorf("reading the identity of database %q: %w", f.Database, err)
	}
	where := broker.String
	if where == "" || strings.Trim(where, "0-") == "" {
		where = s.Facts.Name
	}
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join([]string{"mssql", where, f.Database, f.Schema, f.Layout.Table}, "\x00"))))
	place = fmt.Sprintf("%s/%d/%s.%s", s.Facts.Name, number.Int64, f.Schema, f.Layout.Table)
	return hex.EncodeToString(sum[:8]), strings.ToLower(place), nil
}
