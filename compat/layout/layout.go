// Package layout knows, as data and without SQL, every table layout in which SQL Server keeps ASP.NET sessions: columns,
// engine, clock, how a payload lies in the columns, how a row becomes a [session.Record] and back, and how a provider
// spells a session's [session.Key] in the one column SessionId.
//
// What it keeps: Created, Expires, LockDate, Timeout, Locked, LockCookie and Flags to the tick and the bit, payloads to
// the byte. What it changes is representation only: columns (Short and Long, chunks, Flags and Initialized), local time
// to UTC, and the unused end of async 1.0's buffers. Whatever it had to decide on the way it tells in a [Note]; a damaged
// row is a [*CorruptError], a record that a layout has no place for a [*CannotHoldError].
//
// What it refuses: to guess. A suffix that no registered application has, a suffix under an id rule that nobody named,
// applications that cannot be told apart: each is an error of a type of its own.
//
// The rules come from sql-layouts.md (columns: 3 to 9, conversion: 16, ids: 13) and, for State Server paths, from
// state-server-protocol.md 4.2. Nothing here changes after it has been built: Layouts are shared and must not be
// written to; everything but [Registry.Add] and [Census] may be used concurrently.
package layout

import (
	"fmt"
	"slices"
	"strings"
)

// Names of the layouts on the command line.
const (
	FrameworkCompat = "frameworkcompat"
	V10             = "v1.0"
	V11             = "v1.1"
	V11InMemory     = "v1.1-inmemory"
	SQLServer       = "sqlserver"
	InMemory        = "inmemory"
	InMemoryDurable = "inmemorydurable"
	SampleInMemory  = "sample-inmemory"
	SQLInMemory     = "sqlinmemory"
	Embedded        = "embedded"
)

// FX7 is the name of the SQL Server 7 shape of aspnet_regsql's table: rows in the server's local time, no
// LockDateLocal. It is a source that detection may find, never a target, and no name of the command line: ByName does
// not know it, ByReference does.
const FX7 = "fx7"

// Layout describes one way of keeping sessions.
type Layout struct {
	Name      string // on the command line; "fx7" for the shape that has no such name
	Reference string // its id in sql-layouts.md 1
	Title     string // for people: who makes it

	Table        string   // default name of the session table
	Columns      []Column // of the session table, in the order in which it is made
	ChunkTable   string   // table of payload chunks; empty but for sqlinmemory
	ChunkColumns []Column

	Engine Engine
	Form   Form  // how a payload lies in the columns
	Times  Times // what Created, Expires and LockDate are
	Clock  Clock // whose clock they show

	FirstCookie   int32 // LockCookie of a new row
	CookieRises   bool  // an exclusive read adds one; otherwise only LockDate shows a lock (v1.0)
	ServesExpired bool  // a row past Expires is served until it is purged
	UpdateRenews  bool  // a write renews Expires
	ReleaseRenews bool  // so does a release

	// CaseInsensitiveIDs: ids that differ in case only are one key. On disk that is the collation of the database,
	// case-insensitive as SQL Server installs it; a database may differ. Memory tables compare binary.
	CaseInsensitiveIDs bool
	MaxID              int // longest SessionId in UTF-16 units; 0: no limit

	SurvivesRestart bool // rows outlive a restart of the server (frameworkcompat: not its -sstype t, in tempdb)
	Target          bool // may be migrated to

	// IDs are the rules by which providers of this layout spell ids; by any other rule nobody would find the rows.
	IDs []IDRule
	// DefaultIDs are the rules of the sandbox: a source is read by all of them, a target is written by the first.
	DefaultIDs []IDRule
}

// Column is a column as the layout's installer makes it. Type is SQL Server's name of the type in lower case.
type Column struct {
	Name      string
	Type      string
	Nullable  bool
	Default   string // SQL expression; empty: none
	Collation string // empty: the database's
}

// Engine says where the rows live.
type Engine uint8

// The engines.
const (
	EngineDisk          Engine = iota + 1
	EngineMemory               // MEMORY_OPTIMIZED, DURABILITY = SCHEMA_ONLY
	EngineMemoryDurable        // MEMORY_OPTIMIZED, DURABILITY = SCHEMA_AND_DATA
	EngineEmbedded             // a directory of ours
)

// Form says how a payload lies in the columns.
type Form uint8

// The forms.
const (
	FormShortLong Form = iota + 1 // SessionItemShort up to 7000 bytes, else SessionItemLong; the other one is NULL
	FormLong                      // SessionItemLong
	FormItem                      // SessionItem, of async 1.0: a buffer, the payload is a prefix of it
	FormChunks                    // Item up to 7000 bytes, else rows of SessionItems; ItemSize tells
	FormNative                    // no columns: records as they are
)

// Times is the type of a layout's time columns.
type Times uint8

// The types. A datetime2 that lies between two ticks is rounded by [session.At] when the column is read.
const (
	DateTime  Times = iota + 1 // ticks of 1/300 s from 1753 on
	DateTime2                  // datetime2(7), from year 1 on
	Ticks                      // session.Instant itself
)

// Clock says whose clock a layout's times show.
type Clock uint8

// The clocks.
const (
	ClockSQLUTC   Clock = iota + 1 // the database server's, UTC
	ClockSQLLocal                  // the database server's, local time
	ClockWebUTC                    // the web servers', UTC
	ClockOwner                     // that of the process which owns the directory
)

// HasColumn says whether the session table has the column. Names are compared without case, as SQL Server does it by
// default.
func (l *Layout) HasColumn(name string) bool {
	return slices.ContainsFunc(l.Columns, func(c Column) bool { return strings.EqualFold(c.Name, name) })
}

// Spells says whether a provider of this layout spells ids by the rule.
func (l *Layout) Spells(rule IDRule) bool { return slices.Contains(l.IDs, rule) }

// String returns the name.
func (l *Layout) String() string { return l.Name }

// All returns the layouts of the command line, always in the same order.
func All() []*Layout { return slices.Clone(named) }

// Names returns their names, in the same order.
func Names() []string {
	names := make([]string, len(named))
	for i, l := range named {
		names[i] = l.Name
	}
	return names
}

// ByName finds a layout of the command line; case does not matter. The error lists the names.
func ByName(name string) (*Layout, error) {
	for _, l := range named {
		if strings.EqualFold(l.Name, name) {
			return l, nil
		}
	}
	return nil, fmt.Errorf("unknown layout %q: it must be one of %s", name, strings.Join(Names(), ", "))
}

// ByReference finds a layout by its id in sql-layouts.md 1, for detection; fx7 is among them. The tables of ASP.NET
// 1.x (fx11) are known, and refused with an *UnsupportedError: their payloads come from another serializer.
func ByReference(id string) (*Layout, error) {
	for _, l := range append(All(), fx7) {
		if l.Reference == id {
			return l, nil
		}
	}
	if id == "fx11" {
		return nil, &UnsupportedError{"fx11", "the table of ASP.NET 1.x: its sessions come from another serializer, and no later ASP.NET reads them"}
	}
	return nil, fmt.Errorf("unknown layout id %q", id)
}

var named = []*Layout{
	frameworkCompat, v10, v11, v11InMemory, sqlServer, inMemory, inMemoryDurable, sampleInMemory, sqlInMemory, embedded,
}
