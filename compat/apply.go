package compat

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// changesPerTransaction bounds the rows that a transaction locks (sql-layouts.md 16.5: 50 to 100).
const changesPerTransaction = 64

// bulkLeast is the least number of new rows for which a bulk load is worth its round trips.
const bulkLeast = 8

// change is a session.Change with the row that it writes.
type change struct {
	session.Change
	row layout.Row
	out *session.Outcome
}

// Apply implements session.Applier. New rows are inserted together, all or none; if one of them turns out to be there
// already, and for everything that has a fence, rows are written one by one in short transactions, each under its fence.
// What a failure leaves in doubt is done again: a row that was written already says so. Of new rows see Options.InsertOnce.
func (t *Table) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	return t.apply(ctx, changes, t.o.InsertOnce)
}

func (t *Table) apply(ctx context.Context, changes []session.Change, once bool) ([]session.Outcome, error) {
	if err := t.writable(); err != nil {
		return nil, err
	}
	outs := make([]session.Outcome, len(changes))
	var fresh, fenced []*change
	for i, c := range changes {
		w := &change{Change: c, out: &outs[i]}
		if !c.Delete {
			row, err := t.layout.Row(&c.Record, t.o.Zone)
			if err != nil {
				return nil, fmt.Errorf("session %v: %w", c.Record.Key, err)
			}
			w.row = row
		}
		if !c.Delete && c.Expect == nil {
			fresh = append(fresh, w)
		} else {
			fenced = append(fenced, w)
		}
	}
	if len(fresh) >= bulkLeast && !t.chunked() {
		loaded, err := t.load(ctx, fresh, once)
		if err != nil {
			return nil, fmt.Errorf("loading %d rows into %s: %w", len(fresh), t.layout.Table, err)
		}
		if loaded {
			fresh = nil
		}
	}
	fenced, err := t.unlikeIts(ctx, fenced)
	if err != nil {
		return nil, err
	}
	fenced = append(fresh, fenced...)
	for at := 0; at < len(fenced); at += changesPerTransaction {
		some := fenced[at:min(len(fenced), at+changesPerTransaction)]
		if err := t.transact(ctx, some, once); err != nil {
			return nil, fmt.Errorf("writing %d rows to %s: %w", len(some), t.layout.Table, err)
		}
	}
	return outs, nil
}

// After implements session.Applier.
func (t *Table) After(c session.Change) session.Fence {
	f := c.Record.Fence()
	f.Revision = 0
	if t.chunked() {
		f.Flags &= session.Uninitialized
	}
	return f
}

func (c *change) applied(t *Table) {
	*c.out = session.Outcome{Result: session.Applied}
	if !c.Delete {
		f := t.After(c.Change)
		c.out.Current = &f
	}
}

// transact writes some rows in one transaction, then looks at those that were not as expected. A row that comes between
// the look and the insert of one statement (2627) is seen the next time. once: new rows are not written again in doubt.
func (t *Table) transact(ctx context.Context, rows []*change, once bool) error {
	const races = 3
	inserts := slices.ContainsFunc(rows, func(c *change) bool { return !c.Delete && c.Expect == nil })
	var missed []*change
	err := error(nil)
	for range races {
		err = t.o.Retry.Do(ctx, !(once && inserts), func(ctx context.Context) (err error) {
			missed, err = t.writeAll(ctx, rows)
			return err
		})
		if !isDuplicate(err) {
			break
		}
	}
	if err != nil || len(missed) == 0 {
		return err
	}
	return t.compare(ctx, missed)
}

// writeAll is one transaction: it returns the changes whose rows were not as expected. A single statement is one by itself,
// which saves two of three trips to the server: a session that is moved is written three times.
func (t *Table) writeAll(ctx context.Context, rows []*change) (missed []*change, err error) {
	if len(rows) == 1 && !t.chunked() {
		if done, err := t.write(ctx, t.server.db, rows[0]); err != nil || !done {
			return rows, err
		}
		rows[0].applied(t)
		return nil, nil
	}
	tx, err := t.server.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, c := range rows {
		done, err := t.write(ctx, tx, c)
		if err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
		if done {
			c.applied(t)
		} else {
			missed = append(missed, c)
		}
	}
	return missed, tx.Commit()
}

// unlikeIts returns the changes without those that change the payload under a fence that stays the same, and whose row is
// so already: no statement would tell that it had nothing to do.
func (t *Table) unlikeIts(ctx context.Context, changes []*change) ([]*change, error) {
	var doubtful, rest []*change
	for _, c := range changes {
		if !c.Delete && c.Expect != nil && t.After(c.Change) == *c.Expect {
			doubtful = append(doubtful, c)
		} else {
			rest = append(rest, c)
		}
	}
	if len(doubtful) == 0 {
		return changes, nil
	}
	if err := t.compare(ctx, doubtful); err != nil {
		return nil, err
	}
	for _, c := range doubtful {
		if c.out.Result != session.Already {
			rest = append(rest, c)
		}
	}
	return rest, nil
}

// compare says what became of changes whose rows were not as expected: they may be as they were meant to be.
func (t *Table) compare(ctx context.Context, rows []*change) error {
	keys := make([]session.Key, len(rows))
	for i, c := range rows {
		keys[i] = c.Record.Key
	}
	found, err := t.Peek(ctx, keys)
	if err != nil {
		return err
	}
	for i, c := range rows {
		there := found[i]
		*c.out = session.Outcome{Result: session.Conflict}
		if there != nil {
			f := there.Fence()
			c.out.Current = &f
		}
		switch {
		case c.Delete && there == nil:
			c.out.Result = session.Already
		case !c.Delete && there != nil && there.Payload != nil && there.Key == c.Record.Key && there.Fence() == t.After(c.Change) && bytes.Equal(there.Payload, c.Record.Payload):
			c.out.Result = session.Already
		}
	}
	return nil
}

// statements is a transaction, or a connection that makes each statement one.
type statements interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}

// write does one change, and says whether the row was as expected. One that has chunks needs a transaction.
func (t *Table) write(ctx context.Context, tx statements, c *change) (bool, error) {
	word, text, args := t.statement(c)
	// The rows that triggers count are not ours: @@ROWCOUNT, and not what the driver adds up.
	rows, err := tx.QueryContext(ctx, t.mark(layout.OpWrite, word)+sessionSettings+t.engine.write()+text+";\nSELECT @@ROWCOUNT, 'changed';", args...)
	if err != nil {
		return false, err
	}
	var n int
	var mark string
	if err := lastRow(rows, &n, &mark); err != nil || n == 0 {
		return false, err
	}
	if t.chunked() {
		return true, t.writeChunks(ctx, tx, c)
	}
	return true, nil
}

// statement is the insert, update or delete of one row; word says which.
func (t *Table) statement(c *change) (word, text string, args []any) {
	param := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("@p%d", len(args))
	}
	id := param(c.Record.Key.ID)
	hint := t.engine.hint()
	if c.Delete && c.Expect == nil {
		return layout.WordNothing, "SELECT 1 WHERE 1 = 0 AND " + id + " = ''", args // there was no row: there is nothing to delete
	}
	if c.Delete {
		return layout.WordDelete, "DELETE FROM " + t.name() + hint + " WHERE [SessionId] = " + id + t.fence(c.Expect, param), args
	}
	var names, values, sets []string
	for _, col := range t.cols {
		v := id
		if col.name != "SessionId" {
			v = param(col.value(&c.row))
			sets = append(sets, quoted(col.name)+" = "+v)
		}
		names, values = append(names, quoted(col.name)), append(values, v)
	}
	if c.Expect == nil {
		return layout.WordInsert, "INSERT INTO " + t.name() + hint + " (" + strings.Join(names, ", ") + ")\nSELECT " + strings.Join(values, ", ") +
			" WHERE NOT EXISTS (SELECT 1 FROM " + t.name() + hint + " WHERE [SessionId] = " + id + ")", args
	}
	if hint == "" {
		hint = " WITH (ROWLOCK)"
	}
	return layout.WordUpdate, "UPDATE " + t.name() + hint + " SET " + strings.Join(sets, ", ") + "\nWHERE [SessionId] = " + id + t.fence(c.Expect, param), args
}

// halfTick is a little less than half of 1/300 s.
const halfTick = time.Second/600 - 100*time.Nanosecond

// fence is the condition that a row is as it was seen. A time counts by its tick, as it was read: a datetime2 may be a
// datetime that was widened by one rule or the other (compatibility level 130), and there are engines whose GETUTCDATE()
// lies between ticks.
func (t *Table) fence(f *session.Fence, param func(any) string) string {
	rec := session.Record{
		Created: f.Created, Expires: f.Expires, Timeout: f.Timeout, Flags: f.Flags,
		Lock: session.Lock{Locked: f.Locked, Cookie: f.LockCookie, Since: f.LockDate},
	}
	row := layout.Row{
		Created: rec.Created, Expires: rec.Expires, LockDate: rec.Lock.Since, LockCookie: rec.Lock.Cookie, Timeout: rec.Timeout,
		Locked: rec.Lock.Locked, Flags: int32(rec.Flags), Initialized: rec.Flags&session.Uninitialized == 0,
	}
	var b strings.Builder
	for _, col := range t.cols {
		if !col.fence {
			continue
		}
		name, v := quoted(col.name), col.value(&row)
		if at, isTime := v.(mssql.DateTime1); isTime {
			b.WriteString(" AND " + name + " BETWEEN " + param(timeOf(at).Add(-halfTick)) + " AND " + param(timeOf(at).Add(halfTick)))
			continue
		}
		b.WriteString(" AND " + name + " = " + param(v))
	}
	return b.String()
}

// writeChunks replaces the chunks of a row that was just written or deleted.
func (t *Table) writeChunks(ctx context.Context, tx statements, c *change) error {
	_, err := tx.ExecContext(ctx, t.mark(layout.OpClearChunks)+sessionSettings+"DELETE FROM "+t.chunkTable()+t.engine.hint()+" WHERE [SessionId] = @p1", c.Record.Key.ID)
	if err != nil {
		return err
	}
	const perStatement = 32
	for at := 0; at < len(c.row.Chunks); at += perStatement {
		text, args := "INSERT INTO "+t.chunkTable()+t.engine.hint()+" ([SessionId], [SessionItemId], [Item]) VALUES ", []any{c.Record.Key.ID}
		for i, ch := range c.row.Chunks[at:min(len(c.row.Chunks), at+perStatement)] {
			if i > 0 {
				text += ", "
			}
			text += fmt.Sprintf("(@p1, @p%d, @p%d)", len(args)+1, len(args)+2)
			args = append(args, ch.ID, ch.Item)
		}
		if _, err := tx.ExecContext(ctx, t.mark(layout.OpAddChunks)+sessionSettings+text, args...); err != nil {
			return err
		}
	}
	return nil
}
