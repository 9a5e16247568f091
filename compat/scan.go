package compat

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Scan implements session.Scanner. On disk a page is a range of the key under the column's collation; over memory tables,
// whose key is a hash, see listing.
func (t *Table) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return t.scan(ctx, req, all)
}

// Skim implements session.Skimmer.
func (t *Table) Skim(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return t.scan(ctx, req, noPayload)
}

func (t *Table) scan(ctx context.Context, req session.ScanRequest, want func(column) bool) (session.Page, error) {
	after, err := readCursor(req.After)
	if err != nil {
		return session.Page{}, fmt.Errorf("scanning %s: %w", t.layout.Table, err)
	}
	var pg session.Page
	if t.engine.memory || t.chunked() {
		pg, err = t.scanListed(ctx, req, after, want)
	} else {
		pg, err = t.scanRange(ctx, req, after, want)
	}
	if err != nil {
		return session.Page{}, fmt.Errorf("scanning %s: %w", t.layout.Table, err)
	}
	return pg, nil
}

// A cursor is the last id that was seen, behind a letter: ids may hold anything, and it ends up in checkpoints.
const cursorMark = "k"

func cursorOf(id string) session.Cursor {
	return session.Cursor(cursorMark + base64.RawURLEncoding.EncodeToString([]byte(id)))
}

// readCursor returns nil for the beginning.
func readCursor(c session.Cursor) (after *string, err error) {
	if c == "" {
		return nil, nil
	}
	id, err := base64.RawURLEncoding.DecodeString(string(c[1:]))
	if err != nil || c[:1] != cursorMark {
		return nil, fmt.Errorf("%q is no cursor of a table", c)
	}
	s := string(id)
	return &s, nil
}

// errPageFull ends a statement whose page has enough bytes.
var errPageFull = errors.New("page is full")

// scanRange reads the next rows by key.
func (t *Table) scanRange(ctx context.Context, req session.ScanRequest, after *string, want func(column) bool) (session.Page, error) {
	limit := t.rowsFor(req)
	word, text, args := "", "SELECT TOP (@p1) 0, "+t.list("s", want)+"\nFROM "+t.name()+" s", []any{limit}
	if after != nil { // every id is greater than none, but not every one greater than the empty text
		word, text, args = layout.WordAfter, text+" WHERE s.[SessionId] > @p2", append(args, *after)
	}
	text = t.mark(layout.OpScan, payloadWord(want), word) + t.engine.read() + text + " ORDER BY s.[SessionId]"
	var pg session.Page
	var last string
	var seen, size int
	err := t.o.Retry.Do(ctx, true, func(ctx context.Context) error {
		pg, seen, size = session.Page{}, 0, 0
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		rows, err := t.server.db.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		err = t.each(rows, want, func(_ int, row *layout.Row) error {
			seen, last = seen+1, row.SessionID
			rec, err := t.recordOf(row, want)
			var bad *layout.CorruptError
			switch {
			case errors.As(err, &bad):
				pg.Damaged = append(pg.Damaged, session.Damage{Key: session.Key{ID: row.SessionID}, Err: err})
			case err != nil:
				return err
			default:
				pg.Records = append(pg.Records, rec)
				size += len(rec.Payload)
			}
			if req.Bytes > 0 && size >= req.Bytes && seen < limit {
				cancel() // an attention: the rest is not sent
				return errPageFull
			}
			return nil
		})
		return err
	})
	full := errors.Is(err, errPageFull)
	if err != nil && !full {
		return session.Page{}, err
	}
	if seen > 0 && want(column{payload: true}) {
		t.mean.Store(int64(size/seen) + 1)
	}
	if full || seen == limit {
		pg.Next = cursorOf(last)
	}
	return pg, nil
}

// rowsFor says how many rows a page should ask for: not many more than will be taken, since large rows end it early.
func (t *Table) rowsFor(req session.ScanRequest) int {
	limit := max(1, req.Limit)
	if !t.engine.versions && !t.engine.snapshots { // readers and writers wait for each other (sql-layouts.md 16.5)
		limit = min(limit, 500)
	}
	if mean := t.mean.Load(); req.Bytes > 0 && mean > 0 {
		limit = min(limit, max(8, 2*req.Bytes/int(mean)))
	}
	return limit
}
