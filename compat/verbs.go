package compat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// verbs are the statements by which one provider's layout does ASP.NET's verbs. Each text runs within a transaction that
// the verb has begun. Parameters: @p1 is the id, the others are said with each.
type verbs interface {
	// read declares its variables and reads: it gives the payload as result sets that [reading] knows, and leaves @locked
	// (as before), @cookie, @flags and @short (the payload, if it does not come as a result set). @now is the client's.
	read(exclusive bool) string
	// insert makes a new row of a value, or says that it cannot: the row is written directly then.
	insert(v session.Value, uninitialized bool) (call, bool)
	// update writes a value into a row whose cookie is @p2.
	update(v session.Value, cookie int32) call
	release() string // @p2: cookie
	remove() string  // @p2: cookie
	reset() string
}

// call is a statement and its parameters from @p3 on, or from @p2 on for an insert.
type call struct {
	text string
	args []any
}

func verbsOf(t *Table) verbs {
	switch t.layout.Form {
	case layout.FormShortLong:
		if t.found.Variant == variantRetry {
			return batchVerbs{t}
		}
		return fxVerbs{t}
	case layout.FormChunks:
		return chunkVerbs{t}
	case layout.FormItem:
		return entityVerbs{t}
	}
	if strings.HasPrefix(t.layout.Reference, "async11") {
		return batchVerbs{t}
	}
	return asyncVerbs{t}
}

func (t *Table) exec(proc, args string) string {
	return "EXEC " + t.found.proc(t.server.Facts.Database, proc) + " " + args + ";\n"
}

// sessionSettings stand in front of what writes, whatever the server's "user options" are: rows are counted, what fails in a
// transaction undoes all of it, and a transaction begins only where it says so. The driver could set them for each
// connection that leaves the pool, but at the cost of a round trip (SessionInitSQL).
const (
	sessionSettings = "SET NOCOUNT OFF; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF;\n"
	commit          = "COMMIT;\n"
)

// alive is a condition on row s: with v1.0 an expired row is as none. @now is that of [Table.timed].
func (t *Table) alive() string {
	if t.layout.ServesExpired {
		return ""
	}
	return " AND s.[Expires] >= @now"
}

// timed adds the parameter @now for the layout whose clients give the time, v1.0.
func (t *Table) timed(args []any) []any {
	if t.layout.Clock != layout.ClockWebUTC {
		return args
	}
	return append(args, sql.Named("now", dateTime(session.At(t.o.Now()))))
}

func (t *Table) writable() error {
	if !t.layout.Target {
		return &layout.UnsupportedError{Layout: t.layout.Name, Why: "it is read, never written"}
	}
	return nil
}

// reading is what the batch of a read gives.
type reading struct {
	there   bool
	locked  bool
	cookie  int32
	flags   int32
	row     layout.Row // payload columns only
	timeout int32
	since   session.Instant
}

// Get implements session.Store.
func (t *Table) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return t.get(ctx, k, false)
}

// GetExclusive implements session.Store.
func (t *Table) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return t.get(ctx, k, true)
}

func (t *Table) get(ctx context.Context, k session.Key, exclusive bool) (session.Item, error) {
	if err := t.writable(); err != nil {
		return session.Item{}, err
	}
	renewal := ""
	if t.renewing.step > 0 && !exclusive {
		item, err := t.getFresh(ctx, k)
		if err != nil {
			return session.Item{}, fmt.Errorf("reading session %v: %w", k, err)
		}
		if item != nil {
			return *item, nil
		}
		renewal = t.renewal()
	}
	word := ""
	if exclusive {
		word = layout.WordExclusive
	}
	text := t.mark(layout.OpRead, word) + sessionSettings + "BEGIN TRAN;\n" + t.verbs.read(exclusive) + renewal +
		"SELECT @locked, @cookie, @flags, @short, s.[Timeout], s.[LockDate], " + t.itemSize() + "\nFROM (SELECT 1 AS one) o LEFT JOIN " + t.name() + " s" +
		t.engine.hint() + " ON s.[SessionId] = @p1" + t.alive() + ";\n" + commit
	var r reading
	err := t.o.Retry.Do(ctx, false, func(ctx context.Context) (err error) {
		r, err = t.readBatch(ctx, text, t.timed([]any{k.ID}))
		return err
	})
	if err != nil {
		return session.Item{}, fmt.Errorf("reading session %v: %w", k, err)
	}
	switch {
	case !r.there:
		return session.Item{}, session.ErrNotFound
	case r.locked:
		return session.Item{}, &session.LockedError{Cookie: r.cookie, Since: r.since, Uninitialized: r.flags&1 != 0}
	}
	r.row.SessionID = k.ID
	rec, err := t.record(&r.row)
	if err != nil && exclusive { // nobody can use the session, but somebody may want to remove it
		return session.Item{}, errors.Join(err, t.ReleaseExclusive(context.WithoutCancel(ctx), k, r.cookie))
	}
	if err != nil {
		return session.Item{}, err
	}
	return session.Item{
		Payload: rec.Payload, Timeout: r.timeout, Cookie: r.cookie, Since: r.since, Uninitialized: r.flags&1 != 0,
	}, nil
}

// itemSize is how long a payload in chunks has to be.
func (t *Table) itemSize() string {
	if t.chunked() {
		return "s.[ItemSize]"
	}
	return "NULL"
}

// readBatch runs a read. Its result sets: the long payload (one column), chunks (two), and the state, which is last.
// An inner retry of the samples' procedures may give payloads more than once: the first counts (sql-layouts.md 8).
func (t *Table) readBatch(ctx context.Context, text string, args []any) (r reading, err error) {
	rows, err := t.server.db.QueryContext(ctx, text, args...)
	if err != nil {
		return r, err
	}
	defer rows.Close()
	sets := 0
	for more := true; more; more = rows.NextResultSet() {
		cols, err := rows.Columns()
		if err != nil {
			return r, err
		}
		for rows.Next() {
			switch len(cols) {
			case 1:
				var long []byte
				if err := rows.Scan(&long); err != nil {
					return r, err
				}
				if sets == 0 {
					r.row.Long = long
				}
			case 2:
				var c layout.Chunk
				if err := rows.Scan(&c.ID, &c.Item); err != nil {
					return r, err
				}
				if sets == 0 {
					r.row.Chunks = append(r.row.Chunks, c)
				}
			default:
				if err := t.readState(rows, &r); err != nil {
					return r, err
				}
			}
		}
		if len(cols) > 0 {
			sets++
		}
	}
	return r, rows.Err()
}

func (t *Table) readState(rows *sql.Rows, r *reading) error {
	var locked sql.NullBool
	var cookie, flags, timeout sql.NullInt32
	var short []byte
	var since sql.Null[instant]
	var size sql.NullInt64
	if err := rows.Scan(&locked, &cookie, &flags, &short, &timeout, &since, &size); err != nil {
		return err
	}
	// A row that was missing leaves no cookie, or, with SqlInMemory, nothing but zeros (sql-layouts.md 9). It may have come
	// since: then the row is there in this statement, but was not read.
	r.there = timeout.Valid && cookie.Valid
	if t.chunked() {
		r.there = r.there && (locked.Bool || cookie.Int32 != 0 || short != nil || size.Int64 > shortLimit)
	}
	r.locked, r.cookie, r.flags, r.timeout = locked.Bool, cookie.Int32, flags.Int32, timeout.Int32
	r.since = session.Instant(since.V)
	switch t.layout.Form {
	case layout.FormShortLong:
		r.row.Short = short
	case layout.FormLong:
		if r.row.Long == nil {
			r.row.Long = short
		}
	case layout.FormItem:
		r.row.Item = short
	case layout.FormChunks:
		r.row.Item, r.row.ItemSize = short, size.Int64
	}
	return nil
}

// state is what a guarded batch gives: the row as it was before.
type state struct {
	cookie sql.NullInt32
	locked sql.NullBool
	since  sql.Null[instant]
}

// guarded runs a change of a row whose cookie must be the given one. That no row was counted is all that the procedures
// tell, and a session with NOCOUNT not even that (native procedures); so the batch holds the row and looks before it
// changes it.
func (t *Table) guarded(ctx context.Context, k session.Key, cookie int32, op layout.Operation, c call) (s state, err error) {
	text := t.mark(op) + sessionSettings + "DECLARE @cookie int, @locked bit, @since datetime2(7);\nBEGIN TRAN;\n" + t.hold() +
		"SELECT @cookie = s.[LockCookie], @locked = s.[Locked], @since = s.[LockDate] FROM " + t.name() + " s" + t.holding() +
		" WHERE s.[SessionId] = @p1" + t.alive() + ";\nIF @cookie = @p2\nBEGIN\n" + c.text + "END;\nSELECT @cookie, @locked, @since;\n" + commit
	err = t.o.Retry.Do(ctx, false, func(ctx context.Context) error {
		return t.lastRow(ctx, text, t.timed(append([]any{k.ID, cookie}, c.args...)), &s.cookie, &s.locked, &s.since)
	})
	return s, err
}

// holding makes a look at a row keep it until the transaction ends, with no right beyond SELECT. Over memory tables the
// snapshot finds out who else has written.
func (t *Table) holding() string {
	if t.engine.memory {
		return t.engine.hint()
	}
	return " WITH (UPDLOCK, ROWLOCK)"
}

// hold is for Babelfish, which ignores lock hints: there an update that changes nothing keeps the row.
func (t *Table) hold() string {
	if t.engine.memory || !t.server.Facts.Babelfish {
		return ""
	}
	return "UPDATE " + t.name() + " SET [Timeout] = [Timeout] WHERE [SessionId] = @p1;\n"
}

// lastRow runs a batch and reads the one row that has as many columns as to. What comes after the row is waited for: the
// commit may fail.
func (t *Table) lastRow(ctx context.Context, text string, args []any, to ...any) error {
	rows, err := t.server.db.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	return lastRow(rows, to...)
}

// lastRow is what both readers of a batch share.
func lastRow(rows *sql.Rows, to ...any) error {
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		cols, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			if len(cols) != len(to) {
				continue
			}
			if err := rows.Scan(to...); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

// SetAndRelease implements session.Store under Insert and IfCookie.
func (t *Table) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	if err := t.writable(); err != nil {
		return err
	}
	switch cond.Kind() {
	case session.KindInsert:
		return t.create(ctx, k, v, false)
	case session.KindIfCookie:
		s, err := t.guarded(ctx, k, cond.Cookie(), layout.OpUpdate, t.verbs.update(v, cond.Cookie()))
		return t.outcome(k, "writing", cond.Cookie(), s, err)
	case session.KindIfFree:
		if t.layout.CookieRises {
			return t.setWhileFree(ctx, k, v, cond.Cookie())
		}
	}
	return fmt.Errorf("writing session %v: its layout knows no such condition", k)
}

// ReleaseExclusive implements session.Store.
func (t *Table) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	if err := t.writable(); err != nil {
		return err
	}
	s, err := t.guarded(ctx, k, cookie, layout.OpRelease, call{text: t.verbs.release()})
	err = t.outcome(k, "releasing", cookie, s, err)
	if errors.Is(err, session.ErrStaleCookie) && s.locked.Bool {
		return &session.LockedError{Cookie: s.cookie.Int32, Since: session.Instant(s.since.V)}
	}
	return err
}

// Remove implements session.Store under IfCookie.
func (t *Table) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	if err := t.writable(); err != nil {
		return err
	}
	if cond.Kind() == session.KindIfFree && t.layout.CookieRises {
		return t.removeWhileFree(ctx, k, cond.Cookie())
	}
	if cond.Kind() != session.KindIfCookie {
		return fmt.Errorf("removing session %v: its layout knows no such condition", k)
	}
	s, err := t.guarded(ctx, k, cond.Cookie(), layout.OpRemove, call{text: t.verbs.remove()})
	return t.outcome(k, "removing", cond.Cookie(), s, err)
}

func (t *Table) outcome(k session.Key, doing string, cookie int32, s state, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("%s session %v: %w", doing, k, err)
	case !s.cookie.Valid:
		return session.ErrNotFound
	case s.cookie.Int32 != cookie:
		return session.ErrStaleCookie
	}
	return nil
}

// ResetTimeout implements session.Store.
func (t *Table) ResetTimeout(ctx context.Context, k session.Key) error {
	if err := t.writable(); err != nil {
		return err
	}
	reset := t.verbs.reset()
	if t.renewing.step > 0 {
		reset = t.renewal()
	}
	text := t.mark(layout.OpReset) + sessionSettings + "BEGIN TRAN;\n" + reset + "SELECT COUNT(*) FROM " + t.name() + " s" + t.engine.hint() +
		" WHERE s.[SessionId] = @p1" + t.alive() + ";\n" + commit
	var n int
	err := t.o.Retry.Do(ctx, true, func(ctx context.Context) error { return t.lastRow(ctx, text, t.timed([]any{k.ID}), &n) })
	switch {
	case err != nil:
		return fmt.Errorf("renewing session %v: %w", k, err)
	case n == 0:
		return session.ErrNotFound
	}
	return nil
}

// CreateUninitialized implements session.Store.
func (t *Table) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	if err := t.writable(); err != nil {
		return err
	}
	return t.create(ctx, k, v, true)
}

func (t *Table) create(ctx context.Context, k session.Key, v session.Value, uninitialized bool) error {
	c, ok := t.verbs.insert(v, uninitialized)
	if !ok {
		return t.createDirectly(ctx, k, v)
	}
	word := ""
	if uninitialized {
		word = layout.WordUninitialized
	}
	text := t.mark(layout.OpInsert, word) + sessionSettings + "BEGIN TRAN;\n" + c.text + commit
	err := t.o.Retry.Do(ctx, false, func(ctx context.Context) error {
		_, err := t.server.db.ExecContext(ctx, text, t.timed(append([]any{k.ID}, c.args...))...)
		return err
	})
	switch {
	case isDuplicate(err):
		return session.ErrExists
	case err != nil:
		return fmt.Errorf("creating session %v: %w", k, err)
	}
	return nil
}

// createDirectly makes an uninitialized row of a payload for which the provider has no procedure: its own are small.
func (t *Table) createDirectly(ctx context.Context, k session.Key, v session.Value) error {
	var now instant
	if err := t.server.db.QueryRowContext(ctx, clockText).Scan(&now); err != nil {
		return fmt.Errorf("creating session %v: %w", k, err)
	}
	at := session.Instant(now)
	out, err := t.apply(ctx, []session.Change{{Record: session.Record{
		Key: k, Payload: v.Payload, Timeout: v.Timeout, Created: at, Expires: at.AddMinutes(v.Timeout), Flags: session.Uninitialized,
		Lock: session.Lock{Cookie: t.layout.FirstCookie, Since: at},
	}}}, true)
	if err == nil && out[0].Result == session.Conflict {
		err = session.ErrExists
	}
	return err
}

// isDuplicate says that an insert met a row of the same key: 2627, or 2601 where the key is an index of another kind.
func isDuplicate(err error) bool { n := Number(err); return n == 2627 || n == 2601 }
