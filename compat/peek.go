package compat

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// keysPerStatement is how many keys one statement looks up. SQL Server takes 2,100 parameters.
const keysPerStatement = 256

// Peek implements session.Peeker: one statement for many keys, all columns of a row in it.
func (t *Table) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return t.look(ctx, keys, all)
}

// SkimKeys implements session.Skimmer.
func (t *Table) SkimKeys(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return t.look(ctx, keys, noPayload)
}

func (t *Table) look(ctx context.Context, keys []session.Key, want func(column) bool) ([]*session.Record, error) {
	found := make([]*session.Record, len(keys))
	rest, places, err := t.lookAlong(ctx, keys, want, found)
	if err != nil {
		return nil, fmt.Errorf("looking along %d ids in %s: %w", len(keys), t.layout.Table, err)
	}
	for at := 0; at < len(rest); at += keysPerStatement {
		some := rest[at:min(len(rest), at+keysPerStatement)]
		text, args := t.lookUp(layout.OpLook, some, want, "")
		forget := func() {
			for n := range some {
				found[places[at+n]] = nil
			}
		}
		err := t.readAnew(ctx, text, args, want, forget, func(n int, row *layout.Row) error {
			rec, err := t.seen(row, want)
			if err != nil {
				return err
			}
			found[places[at+n]] = rec
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("looking up %d ids in %s: %w", len(some), t.layout.Table, err)
		}
	}
	return found, nil
}

// Neighbours: many keys of one call, as a copy asks for them, are as a rule most of what lies between the first and the last
// of them, and a range costs the server a fraction of that many look-ups. Where it is not so, ranges are left alone for a while.
const (
	leastNeighbours = 64 // keys of a call
	restAfterMiss   = 64 // calls without a range after one that did not pay
)

// lookAlong reads the range of the keys on disk, fills in what it finds by exactly the key, and returns the others with
// their places. What lies in between and is not asked for costs at most as much as what is.
func (t *Table) lookAlong(ctx context.Context, keys []session.Key, want func(column) bool, found []*session.Record) (rest []session.Key, places []int, err error) {
	place := make(map[string]int, len(keys))
	low, high := "", ""
	for i, k := range keys {
		if i == 0 || k.ID < low {
			low = k.ID
		}
		high = max(high, k.ID)
		place[k.ID] = i
	}
	ranged := len(keys) >= leastNeighbours && len(place) == len(keys) && !t.engine.memory && !t.chunked() && t.misses.Add(-1) < 0
	if ranged {
		hits := 0
		text := t.mark(layout.OpRange, payloadWord(want)) + t.engine.read() + "SELECT TOP (@p1) 0, " + t.list("s", want) + "\nFROM " + t.name() + " s WHERE s.[SessionId] BETWEEN @p2 AND @p3"
		forget := func() {
			hits = 0
			clear(found)
		}
		err = t.readAnew(ctx, text, []any{2 * len(keys), low, high}, want, forget, func(_ int, row *layout.Row) error {
			i, asked := place[row.SessionID]
			if !asked {
				return nil
			}
			rec, err := t.seen(row, want)
			if err != nil {
				return err
			}
			found[i] = rec
			hits++
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		t.misses.Store(0)
		if 2*hits < len(keys) {
			t.misses.Store(restAfterMiss)
		}
	}
	for i, k := range keys {
		if found[i] == nil && (t.layout.MaxID == 0 || len(utf16.Encode([]rune(k.ID))) <= t.layout.MaxID) { // longer ones are nowhere
			rest, places = append(rest, k), append(places, i)
		}
	}
	return rest, places, nil
}

// seen is the record of a row. One that nobody can read has a nil payload.
func (t *Table) seen(row *layout.Row, want func(column) bool) (*session.Record, error) {
	rec, err := t.recordOf(row, want)
	var damaged *layout.CorruptError
	if errors.As(err, &damaged) {
		rec, err = t.recordOf(row, noPayload)
	}
	return &rec, err
}

// lookUp is the statement for some keys. It numbers them, since what SQL Server takes for equal (letter case, trailing
// blanks) is not for us to decide. also is a further condition on row s, of operation op.
func (t *Table) lookUp(op layout.Operation, keys []session.Key, want func(column) bool, also string) (text string, args []any) {
	var list, word string
	if t.engine.json && !slices.ContainsFunc(keys, escaped) {
		list, args = numberedJSON(keys)
		word = layout.WordJSON
	} else {
		list, args = numbered(keys)
	}
	return t.mark(op, payloadWord(want), word) + t.engine.read() + "SELECT k.n, " + t.list("s", want) + t.chunkColumns(want) +
		"\nFROM " + list + " JOIN " + t.name() + " s ON s.[SessionId] = k.id" + t.collate() + also + t.chunkJoin(want), args
}

// payloadWord says whether a statement reads payloads.
func payloadWord(want func(column) bool) string {
	if want(column{payload: true}) {
		return layout.WordPayload
	}
	return ""
}

// escaped says that an id is not the same in JSON: not every engine undoes that well, and no id of ASP.NET's own is so.
func escaped(k session.Key) bool {
	return strings.ContainsFunc(k.ID, func(r rune) bool { return r < ' ' || strings.ContainsRune("\"\\<>&\u2028\u2029", r) })
}

// numberedJSON is a list of keys as one parameter: the text stays the same, and the server has little to parse.
func numberedJSON(keys []session.Key) (list string, args []any) {
	ids := make([][2]any, len(keys))
	for i, k := range keys {
		ids[i] = [2]any{i, k.ID}
	}
	b, err := json.Marshal(ids)
	if err != nil {
		panic(err) // numbers and texts
	}
	return "OPENJSON(@p1) WITH (n int '$[0]', id nvarchar(88) '$[1]') k", []any{string(b)}
}

// numbered is a list of keys for servers that know no JSON. It has few forms, so that the server finds its plan again.
func numbered(keys []session.Key) (list string, args []any) {
	width := 1
	for width < len(keys) {
		width *= 4
	}
	args = make([]any, width)
	var b strings.Builder
	for i := range args {
		args[i] = sql.NullString{} // equals nothing
		if i < len(keys) {
			args[i] = keys[i].ID
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("(" + strconv.Itoa(i) + ",@p" + strconv.Itoa(i+1) + ")")
	}
	return "(VALUES " + b.String() + ") k(n, id)", args
}

// collate settles by which rules ids are compared: those of the column, wherever the ids come from.
func (t *Table) collate() string {
	for _, c := range t.found.Collation {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return ""
		}
	}
	if t.found.Collation == "" {
		return ""
	}
	return " COLLATE " + t.found.Collation
}

func (t *Table) name() string { return t.found.table(t.server.Facts.Database, t.layout.Table) }

func (t *Table) chunkTable() string {
	return t.found.table(t.server.Facts.Database, t.layout.ChunkTable)
}

func (t *Table) chunked() bool { return t.layout.Form == layout.FormChunks }

// chunkColumns, chunkJoin: sqlinmemory's payload chunks are read in the same statement as their row. They come in order of
// the row's number, so that the chunks of a row are together.
func (t *Table) chunkColumns(want func(column) bool) string {
	if !t.chunked() || !want(column{payload: true}) {
		return ""
	}
	return ", c.[SessionItemId], c.[Item]"
}

func (t *Table) chunkJoin(want func(column) bool) string {
	if !t.chunked() || !want(column{payload: true}) {
		return ""
	}
	return " LEFT JOIN " + t.chunkTable() + " c ON c.[SessionId] = s.[SessionId] ORDER BY k.n, c.[SessionItemId]"
}

// readAnew runs a statement that reads rows, again where it failed for a moment; anew is called before each time, to forget
// what emit was told. Its select list is a number, the columns that are wanted, and chunks.
func (t *Table) readAnew(ctx context.Context, text string, args []any, want func(column) bool, anew func(), emit func(n int, row *layout.Row) error) error {
	return t.o.Retry.Do(ctx, true, func(ctx context.Context) error {
		anew()
		rows, err := t.server.db.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		return t.each(rows, want, emit)
	})
}

// each goes through the rows of a statement and closes it. An error of emit ends it.
func (t *Table) each(rows *sql.Rows, want func(column) bool, emit func(n int, row *layout.Row) error) error {
	defer rows.Close()
	var (
		row    layout.Row
		n      int
		before = -1
		chunk  struct {
			id   sql.NullInt32
			item []byte
		}
		chunked = t.chunkColumns(want) != ""
		next    layout.Row
	)
	to := append([]any{&n}, t.into(&next, want)...)
	if chunked {
		to = append(to, &chunk.id, &chunk.item)
	}
	for rows.Next() {
		next, chunk.item = layout.Row{}, nil
		if err := rows.Scan(to...); err != nil {
			return err
		}
		if !chunked {
			if err := emit(n, &next); err != nil {
				return err
			}
			continue
		}
		if n != before {
			if before >= 0 {
				if err := emit(before, &row); err != nil {
					return err
				}
			}
			row, before = next, n
		}
		if chunk.id.Valid {
			row.Chunks = append(row.Chunks, layout.Chunk{ID: chunk.id.Int32, Item: chunk.item})
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if chunked && before >= 0 {
		return emit(before, &row)
	}
	return nil
}

// recordOf makes a record of a row, of which the payload may not have been read.
func (t *Table) recordOf(row *layout.Row, want func(column) bool) (session.Record, error) {
	if want(column{payload: true}) {
		return t.record(row)
	}
	empty := []byte{} // stands for the payload that was not read
	row.Short, row.Item, row.ItemSize, row.Chunks = empty, empty, 0, nil
	if t.layout.Form == layout.FormLong {
		row.Long = empty
	}
	rec, _, err := t.layout.Record(row, t.o.Zone)
	rec.Payload = nil
	return rec, err
}
