package compat

import (
	"fmt"
	"math/bits"
	"strings"
	"unicode"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/scripts"
)

// SchemaOptions say which layout is to be made, and how. Only Layout is needed. An option that a layout does not take is
// an error, so that nobody believes it has been heeded.
type SchemaOptions struct {
	Layout string // name on the command line, or ControlSchema

	// Database is made if missing, and used. Empty: ASPState for frameworkcompat of type p and t, else the database in which
	// the script runs; for Install that of the connection. For type p and t it can only be ASPState.
	Database string
	// Type is aspnet_regsql's -sstype: p (persisted, in ASPState), t (tables in tempdb, emptied by every restart) or c (a
	// database of another name). Empty: c if Database is another one than ASPState, else p. frameworkcompat only.
	Type string
	// Table is the provider's sessionTableName. The procedures are then called Table_NAME; with the default name they have
	// the kind's suffix instead, so naming the default table is not the same as naming none (sql-layouts.md 6.1). Layouts
	// of async 2.x only: no other provider can use a table of another name.
	Table string

	// Sessions is how many sessions are expected at a time; 0: 1,000,000. Hash indexes of memory-optimized tables get the
	// next power of two from twice that on as BUCKET_COUNT, at least 1,024 and at most 2^30. The count is fixed for the
	// table's life and costs 8 bytes a bucket; the providers' own 33,554,432 cost 256 MiB.
	Sessions int64
	// BucketCount overrides what follows from Sessions. The server rounds it up to a power of two.
	BucketCount int64
	Durable     bool   // DURABILITY = SCHEMA_AND_DATA: rows outlive a restart; sqlinmemory only
	Retry       bool   // the samples' procedures that try again after a conflict; sample-inmemory only
	Container   string // path on the server of the container for memory-optimized data; empty: in the instance's data folder. Not used on Azure

	PurgeJob bool // a SQL Agent job that deletes expired rows every minute; not where the provider alone purges (v1.x)
	// Grant is a role or user of the database that gets what an application needs: EXECUTE on procedures and types, SELECT
	// on the session table; for v1.x, which has no procedures, SELECT, INSERT, UPDATE and DELETE. A role is made if nobody
	// has the name.
	Grant string
	// GrantMigration likewise gets what a migration needs: SELECT, INSERT, UPDATE and DELETE on the tables, VIEW DEFINITION.
	// Neither is for type t: rights in tempdb are lost at every restart.
	GrantMigration string

	// Babelfish writes the script for Babelfish for PostgreSQL, which has no such thing as memory-optimized tables. Install
	// knows by itself what it is connected to.
	Babelfish bool
	// StandIn makes disk tables and interpreted procedures of a memory layout, for tests on engines that have no
	// memory-optimized tables. No provider makes such tables, and Detect takes them for other layouts.
	StandIn bool
}

// Databases and sizes of the schema.
const (
	fxDatabase      = "ASPState" // of types p and t (sql-layouts.md 3.1)
	defaultSessions = 1_000_000
	minBuckets      = 1 << 10
	maxBuckets      = 1 << 30 // SQL Server's own limit of BUCKET_COUNT, 1,073,741,824
	maxName         = 128     // of an identifier, in UTF-16 units
	longestProc     = len("_DeleteExpiredSessionState")
)

// Script is the T-SQL that makes a layout, in batches divided by GO. Run twice it changes nothing: what is there is left
// as it is, and no session is ever dropped.
func Script(o SchemaOptions) (string, error) {
	r, err := o.rendering()
	if err != nil {
		return "", err
	}
	return scripts.Render(r)
}

// Buckets is the BUCKET_COUNT that the options give.
func (o SchemaOptions) Buckets() int64 {
	if o.BucketCount != 0 {
		return o.BucketCount
	}
	n := o.Sessions
	if n == 0 {
		n = defaultSessions
	}
	if n >= maxBuckets/2 {
		return maxBuckets
	}
	return max(minBuckets, int64(1)<<bits.Len64(uint64(2*n-1)))
}

// rendering checks the options and fills in what they leave out.
func (o SchemaOptions) rendering() (scripts.Options, error) {
	if strings.EqualFold(o.Layout, ControlSchema) {
		return o.controlRendering()
	}
	l, err := layout.ByName(o.Layout)
	if err != nil {
		return scripts.Options{}, err
	}
	if l.Form == layout.FormNative {
		return scripts.Options{}, &layout.UnsupportedError{Layout: l.Name, Why: "it is no table of SQL Server"}
	}
	if err := o.check(l); err != nil {
		return scripts.Options{}, fmt.Errorf("making the schema of layout %s: %w", l.Name, err)
	}
	r := scripts.Options{
		Layout: l.Name, Title: l.Title, Database: o.Database, Table: l.Table,
		Memory: l.Engine != layout.EngineDisk, Durable: l.Engine == layout.EngineMemoryDurable || o.Durable,
		Buckets: o.Buckets(), Container: o.Container, Retry: o.Retry,
		PurgeJob: o.PurgeJob, Role: o.Grant, CopyRole: o.GrantMigration, StandIn: o.StandIn, Babelfish: o.Babelfish,
	}
	switch {
	case l.Name == layout.FrameworkCompat:
		if r.Type = o.kind(); r.Type != "c" {
			r.Database = fxDatabase
		}
	case o.Table != "":
		r.Table, r.Prefix = o.Table, o.Table+"_"
	default:
		r.Suffix, _ = layout.ProcedureSuffix(l.Table)
	}
	r.Notes = o.notes(l, r)
	return r, nil
}

// controlRendering is for the tables of a Control, which are no layout.
func (o SchemaOptions) controlRendering() (scripts.Options, error) {
	plain := SchemaOptions{Layout: o.Layout, Database: o.Database, Grant: o.Grant, Babelfish: o.Babelfish}
	if o != plain {
		return scripts.Options{}, fmt.Errorf("making the schema %s: it takes a database and who may use it, and no option of a layout", ControlSchema)
	}
	for _, n := range []struct{ what, name string }{{"database", o.Database}, {"role", o.Grant}} {
		if err := anyName(n.what, n.name); err != nil {
			return scripts.Options{}, fmt.Errorf("making the schema %s: %w", ControlSchema, err)
		}
	}
	r := scripts.Options{
		Layout: ControlSchema, Title: "what bridges and copiers of a cut-over agree on", Database: o.Database, Role: o.Grant, Babelfish: o.Babelfish,
		Notes: []string{"It belongs into the database of the new store: all that take part in a cut-over must reach it."},
	}
	return r, nil
}

// kind is the type of frameworkcompat.
func (o SchemaOptions) kind() string {
	switch {
	case o.Type != "":
		return strings.ToLower(o.Type)
	case o.Database != "" && !strings.EqualFold(o.Database, fxDatabase):
		return "c"
	}
	return "p"
}

// notes are what a person who reads the script should know.
func (o SchemaOptions) notes(l *layout.Layout, r scripts.Options) []string {
	var notes []string
	if r.Database == "" {
		notes = append(notes, "Run it in the database that shall hold the sessions, not in master.")
	}
	if r.StandIn {
		notes = append(notes, "STAND-IN: disk tables in place of memory-optimized ones, for tests only.")
	} else if r.Memory {
		notes = append(notes, fmt.Sprintf("Memory-optimized tables: SQL Server 2016 or later, or Azure SQL; %d hash buckets (8 bytes each) an index.", r.Buckets))
	}
	if r.Memory && !r.Durable {
		notes = append(notes, "A restart or fail-over of the server empties the tables (SCHEMA_ONLY).")
	}
	if r.Type == "t" {
		notes = append(notes, "The tables are in tempdb: a restart of the server empties them. Marking the start-up procedure needs sysadmin.")
	}
	if !r.PurgeJob && purges(l) {
		notes = append(notes, "Nothing deletes expired rows by itself: schedule procedure DeleteExpiredSessions, or let --purge-job do it.")
	}
	return notes
}

// purges says whether a layout's rows are deleted by a job alone (sql-layouts.md 12); async providers do it themselves.
func purges(l *layout.Layout) bool {
	return l.Form == layout.FormShortLong || l.Form == layout.FormChunks
}

func (o SchemaOptions) check(l *layout.Layout) error {
	async2 := strings.HasPrefix(l.Reference, "async2-")
	memory := l.Engine != layout.EngineDisk
	switch {
	case o.Type != "" && l.Name != layout.FrameworkCompat:
		return fmt.Errorf("only layout %s has types p, t and c", layout.FrameworkCompat)
	case o.Type != "" && o.kind() != "p" && o.kind() != "t" && o.kind() != "c":
		return fmt.Errorf("type %q: it must be p, t or c", o.Type)
	case l.Name == layout.FrameworkCompat && o.kind() != "c" && o.Database != "" && !strings.EqualFold(o.Database, fxDatabase):
		return fmt.Errorf("database %q: type %s is database %s; another one is type c", o.Database, o.kind(), fxDatabase)
	case o.Table != "" && !async2:
		return fmt.Errorf("table %q: the provider of this layout knows no other table than %s", o.Table, l.Table)
	case o.Durable && l.Name != layout.SQLInMemory:
		return fmt.Errorf("only layout %s is made durable or not; %s is a layout of its own", layout.SQLInMemory, layout.InMemoryDurable)
	case o.Retry && l.Name != layout.SampleInMemory:
		return fmt.Errorf("only layout %s has procedures that try again", layout.SampleInMemory)
	case !memory && (o.Sessions != 0 || o.BucketCount != 0 || o.Container != ""):
		return fmt.Errorf("its table is on disk: it has no hash buckets and no container")
	case !memory && o.StandIn:
		return fmt.Errorf("its table is on disk: it needs no stand-in")
	case memory && o.Babelfish && !o.StandIn:
		return &layout.UnsupportedError{Layout: l.Name, Why: "its table is memory-optimized, and Babelfish has no such tables"}
	case o.Sessions < 0:
		return fmt.Errorf("%d expected sessions", o.Sessions)
	case o.BucketCount < 0 || o.BucketCount > maxBuckets:
		return fmt.Errorf("%d hash buckets: it must be 1 to %d", o.BucketCount, maxBuckets)
	case o.PurgeJob && !async2 && !purges(l):
		return fmt.Errorf("it has no procedure that purges, and its provider purges by itself")
	case (o.GrantMigration != "" || o.Grant != "") && o.kind() == "t":
		return fmt.Errorf("rights on tables in tempdb are lost at every restart: grant them there in a start-up procedure, or use a login that needs no grants")
	}
	if err := plainName(o.Table, maxName-longestProc); err != nil {
		return err
	}
	for _, n := range []struct{ what, name string }{
		{"database", o.Database}, {"role", o.Grant}, {"role", o.GrantMigration}, {"container", o.Container},
	} {
		if err := anyName(n.what, n.name); err != nil {
			return err
		}
	}
	return nil
}

// plainName refuses table names that providers cannot use: they paste the name unquoted into their statements
// (sql-layouts.md 6.1).
func plainName(name string, longest int) error {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return fmt.Errorf("table %q: the provider uses the name unquoted: letters, digits and _ only", name)
		}
	}
	if len(name) > longest {
		return fmt.Errorf("table %q: a name of more than %d bytes leaves no room for those of its procedures", name, longest)
	}
	return nil
}

// anyName refuses what no quoting makes a name.
func anyName(what, name string) error {
	switch {
	case strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029'
	}):
		return fmt.Errorf("%s %q: a control character in a name", what, name)
	case what != "container" && len([]rune(name)) > maxName:
		return fmt.Errorf("%s %q: longer than %d characters", what, name, maxName)
	case name != "" && strings.TrimSpace(name) == "":
		return fmt.Errorf("%s %q: blanks are no name", what, name)
	}
	return nil
}
