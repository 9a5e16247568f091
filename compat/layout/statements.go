package layout

import "strings"

// Operation says what a text does that package compat sends to a server. It stands in a comment at the text's beginning,
// the marker, where Query Store and the like show it:
//
//	/*aspstate:scan async2-sql payload after*/
//
// The marker and the parameters (@p1, @p2 …, and @now, which can be left out of account) say all that the text does; the
// rest of it is how SQL Server does it. So whoever has no engine of SQL, such as the bridge's front, can answer by these
// alone. Texts without a marker are those of Install, whose procedures would keep it, of the driver's bulk load, and SELECT 1.
type Operation string

// Operations about the server and its databases. Each gives one row; a database that is not known gives none.
const (
	OpFacts      Operation = "facts"      // compat.Facts, in eight columns
	OpClock      Operation = "clock"      // the time, UTC
	OpUser       Operation = "user"       // the user's name in the database
	OpDatabase   Operation = "database"   // @p1 its name: its state and whether it can be written, in the server's words
	OpSettings   Operation = "settings"   // @p1 database: READ_COMMITTED_SNAPSHOT, ALLOW_SNAPSHOT_ISOLATION, level of the connection's
	OpIdentity   Operation = "identity"   // @p1 database: its GUID, its number
	OpElevation  Operation = "elevation"  // @p1 database: READ_COMMITTED_SNAPSHOT, MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT
	OpRight      Operation = "right"      // @p1 object, @p2 right: 1 or 0
	OpObject     Operation = "object"     // @p1 name: its id or NULL
	OpDefinition Operation = "definition" // @p1 procedure: its text or NULL
	OpAsk        Operation = "ask"        // something else that preflight would like to know: what, in one word
	OpSession    Operation = "session"    // settings of the connection; no row
)

// Operations about the catalogue of a database: the connection's, or, with WordElsewhere, another.
const (
	OpTableIDs   Operation = "table-ids"  // tables with a column SessionId: id
	OpTables     Operation = "tables"     // those, and others by name: id, schema, name, memory-optimized, durability
	OpColumns    Operation = "columns"    // as compat's readColumns has them
	OpIndexes    Operation = "indexes"    // a row for each key column
	OpTriggers   Operation = "triggers"   // that are enabled: id of the table, name
	OpTracking   Operation = "tracking"   // @p1 table: its id, first version of change tracking, the present one, the oldest to ask from; no row: not tracked
	OpProcedures Operation = "procedures" // a row for each parameter: schema, id, name, parameter, text
	OpCounts     Operation = "counts"     // id of the table, rows
)

// Operations about a session table. The word behind the operation is the Reference of its layout.
const (
	OpNewest   Operation = "newest"   // greatest Expires; with WordCount the number of rows, else -1
	OpCount    Operation = "count"    // rows
	OpApps     Operation = "apps"     // rows of the table of applications: AppId, AppName
	OpRegister Operation = "register" // @p1 application, @appId OUTPUT: TempGetAppID

	// The verbs: @p1 is the id. A read gives the payload, or chunks, where they are no column of the row, and the state:
	// locked, cookie, flags, payload, Timeout, LockDate, ItemSize. Changes under a cookie (@p2) give the row as it was
	// before: cookie, locked, LockDate. A value is payload and Timeout; of sqlinmemory it is Timeout, ItemSize and the
	// payload's pieces. OpReset gives the number of rows.
	OpRead    Operation = "read"    // WordExclusive
	OpInsert  Operation = "insert"  // WordUninitialized; value from @p2 on; error 2627
	OpUpdate  Operation = "update"  // value from @p3 on
	OpRelease Operation = "release" //
	OpRemove  Operation = "remove"  //
	OpReset   Operation = "reset"   //
	OpSweep   Operation = "sweep"   // @p1 limit: number of rows

	// OpFresh is OpLook for a session that nobody has locked or marked, and whose renewal would gain little: no row stands for
	// all others, and for those of a server that renews at every read.
	OpFresh Operation = "fresh"

	// Looking. Rows are a number and the columns in the layout's order without LockDateLocal, those of the payload with
	// WordPayload only, in sqlinmemory followed by a chunk. OpRange may leave rows out: what it does not give is looked up.
	OpLook    Operation = "look"    // ids, numbered from 0: @p1, @p2 … (NULL: none), with WordJSON @p1 as [[0,"id"],…]
	OpRange   Operation = "range"   // @p1 limit, ids from @p2 to @p3
	OpScan    Operation = "scan"    // @p1 limit, in order of ids; with WordAfter those behind @p2
	OpChanged Operation = "changed" // @p1 version, @p2 limit: ids of rows that have changed since
	OpList    Operation = "list"    // all, in order of ids, with WordAfter those behind @p1; the number is the payload's length

	// Writing rows as they are, in a transaction. @p1 is the id; the other columns in the layout's order; the fence in the
	// same order, without LockDateLocal and the payload, times as the two ends of a span. It gives the number of rows, and
	// a word.
	OpWrite       Operation = "write"        // WordInsert (columns, no fence), WordUpdate (both), WordDelete (fence), WordNothing
	OpClearChunks Operation = "clear-chunks" // @p1 id
	OpAddChunks   Operation = "add-chunks"   // @p1 id, then number and bytes of each
	OpStage       Operation = "stage"        // makes the temporary table that a bulk load goes to
	OpUnstage     Operation = "unstage"      // inserts its rows, all or none, and drops it; error 2627
)

// Operations about what programs of a cut-over agree on (compat.Control). OpAgreement and OpLease give rows of eight columns:
// 0 for what is agreed (the epoch is in the row of 0xFF), 1 for leases; name or holder, epoch, body, role, title, end, now.
const (
	OpAgreement Operation = "agreement"
	OpAgree     Operation = "agree"  // @p1 epoch, @p2 and @p3 application, @p4 body, @p5 whether there is one: 1 or 0
	OpLease     Operation = "lease"  // @p1 holder, role, title, epoch, seconds, milliseconds
	OpLeave     Operation = "leave"  // @p1 holder
	OpMark      Operation = "mark"   // application, hash, id, mark; and so on
	OpUnmark    Operation = "unmark" // application, hash; and so on
	OpMarks     Operation = "marks"  // @p1 limit, @p2 application, those behind @p3: id, mark
)

// Words that follow.
const (
	WordElsewhere     = "elsewhere"
	WordCount         = "count"
	WordExclusive     = "exclusive"
	WordUninitialized = "uninitialized"
	WordPayload       = "payload"
	WordJSON          = "json"
	WordAfter         = "after"
	WordInsert        = "insert"
	WordUpdate        = "update"
	WordDelete        = "delete"
	WordNothing       = "nothing"
)

const markBegin, markEnd = "/*aspstate:", "*/"

// Mark returns a marker. Words that are empty are left out; the others are words without blanks.
func Mark(op Operation, words ...string) string {
	text := markBegin + string(op)
	for _, w := range words {
		if w != "" {
			text += " " + w
		}
	}
	return text + markEnd
}

// ReadMark reads the marker at the beginning of a text; ok is false where there is none.
func ReadMark(text string) (op Operation, words []string, ok bool) {
	rest, ok := strings.CutPrefix(text, markBegin)
	if !ok {
		return "", nil, false
	}
	mark, _, ok := strings.Cut(rest, markEnd)
	if words = strings.Fields(mark); !ok || len(words) == 0 {
		return "", nil, false
	}
	return Operation(words[0]), words[1:], true
}
