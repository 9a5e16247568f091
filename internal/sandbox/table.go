package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// Table is one store of the sandbox: the rows of a layout. Its keys are spelled ids (App empty), but in the layout
// "embedded", which has no rows: there the memstore's own records are the store's.
//
// It keeps the rules of its layout as far as memstore has them (first cookie, expired rows that are served, letter case
// of ids); Revision is the memstore's.
type Table struct {
	layout *layout.Layout
	rows   *memstore.Store
	native bool
}

var _ interface {
	session.Store
	session.Peeker
	session.Scanner
	session.Applier
	session.Sweeper
	session.Counter
	session.Clocked
} = (*Table)(nil)

func openTable(dir string, l *layout.Layout, now func() time.Time) (*Table, error) {
	o := memstore.Options{Now: now, FirstCookie: &l.FirstCookie, ServesExpired: l.ServesExpired, Sync: memstore.SyncInterval}
	o.Quirks.UpdateKeepsExpiry = !l.UpdateRenews
	o.Quirks.ReleaseKeepsExpiry = !l.ReleaseRenews
	rows, err := memstore.Open(dir, o)
	if err != nil {
		return nil, err
	}
	return &Table{layout: l, rows: rows, native: l.Name == layout.Embedded}, nil
}

// Layout returns the layout of the rows.
func (t *Table) Layout() *layout.Layout { return t.layout }

// Identity tells tables apart; it stays the same as long as the store lives.
func (t *Table) Identity() string { return t.rows.Identity() }

// Close gives the store back.
func (t *Table) Close() error { return t.rows.Close() }

// Now implements session.Clocked.
func (t *Table) Now(ctx context.Context) (session.Instant, error) { return t.rows.Now(ctx) }

// key is the memstore's key of a row: folded where the layout's key column does not tell letter case apart.
func (t *Table) key(k session.Key) session.Key {
	if t.layout.CaseInsensitiveIDs {
		k.ID = strings.ToLower(k.ID)
	}
	return k
}

// pack makes what the memstore keeps of a record: the record itself with the layout's columns as its payload.
func (t *Table) pack(r session.Record) (session.Record, error) {
	if t.native {
		return r, nil
	}
	row, err := t.layout.Row(&r, layout.Zone{})
	if err != nil {
		return session.Record{}, err
	}
	return t.packRow(&row, r.Revision), nil
}

// packRow does the same for a row.
func (t *Table) packRow(row *layout.Row, revision uint64) session.Record {
	r := session.Record{
		Key: t.key(session.Key{ID: row.SessionID}), Payload: appendColumns(nil, row), Timeout: row.Timeout, Created: row.Created,
		Expires: row.Expires, Flags: session.Flags(row.Flags), Revision: revision,
		Lock: session.Lock{Locked: row.Locked, Cookie: row.LockCookie, Since: row.LockDate},
	}
	if t.layout.Form == layout.FormChunks && !row.Initialized {
		r.Flags |= session.Uninitialized
	}
	return r
}

// row makes the layout's row of what the memstore keeps.
func (t *Table) row(r *session.Record) (layout.Row, error) {
	row := layout.Row{
		Created: r.Created, Expires: r.Expires, LockDate: r.Lock.Since, LockDateLocal: r.Lock.Since, LockCookie: r.Lock.Cookie,
		Timeout: r.Timeout, Locked: r.Lock.Locked,
	}
	if t.layout.Form == layout.FormChunks {
		row.Initialized = r.Flags&session.Uninitialized == 0
	} else {
		row.Flags = int32(r.Flags)
	}
	err := readColumns(r.Payload, &row)
	return row, err
}

// unpack is the reverse of pack.
func (t *Table) unpack(r *session.Record) error {
	if t.native {
		return nil
	}
	row, err := t.row(r)
	if err != nil {
		return fmt.Errorf("row %v: %w", r.Key, err)
	}
	rec, _, err := t.layout.Record(&row, layout.Zone{})
	if err != nil {
		return fmt.Errorf("row %v: %w", r.Key, err)
	}
	rec.Revision = r.Revision
	*r = rec
	return nil
}

// unpackItem turns the columns that a verb has read into the payload.
func (t *Table) unpackItem(it session.Item, err error) (session.Item, error) {
	if err != nil || t.native {
		return it, err
	}
	r := session.Record{Payload: it.Payload, Timeout: it.Timeout}
	if err := t.unpack(&r); err != nil {
		return session.Item{}, err
	}
	it.Payload = r.Payload
	return it, nil
}

// packValue turns a payload that a verb writes into columns.
func (t *Table) packValue(k session.Key, v session.Value) (session.Value, error) {
	r, err := t.pack(session.Record{Key: k, Payload: v.Payload, Timeout: v.Timeout})
	return session.Value{Payload: r.Payload, Timeout: v.Timeout}, err
}

// Get implements session.Store.
func (t *Table) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return t.unpackItem(t.rows.Get(ctx, t.key(k)))
}

// GetExclusive implements session.Store.
func (t *Table) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return t.unpackItem(t.rows.GetExclusive(ctx, t.key(k)))
}

// SetAndRelease implements session.Store.
func (t *Table) SetAndRelease(ctx context.Context, k session.Key, v session.Value, c session.Condition) error {
	v, err := t.packValue(k, v)
	if err != nil {
		return err
	}
	return t.rows.SetAndRelease(ctx, t.key(k), v, c)
}

// ReleaseExclusive implements session.Store.
func (t *Table) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return t.rows.ReleaseExclusive(ctx, t.key(k), cookie)
}

// Remove implements session.Store.
func (t *Table) Remove(ctx context.Context, k session.Key, c session.Condition) error {
	return t.rows.Remove(ctx, t.key(k), c)
}

// ResetTimeout implements session.Store.
func (t *Table) ResetTimeout(ctx context.Context, k session.Key) error {
	return t.rows.ResetTimeout(ctx, t.key(k))
}

// CreateUninitialized implements session.Store.
func (t *Table) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	v, err := t.packValue(k, v)
	if err != nil {
		return err
	}
	return t.rows.CreateUninitialized(ctx, t.key(k), v)
}

// Peek implements session.Peeker.
func (t *Table) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	folded := make([]session.Key, len(keys))
	for i, k := range keys {
		folded[i] = t.key(k)
	}
	rs, err := t.rows.Peek(ctx, folded)
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		if r == nil {
			continue
		}
		if err := t.unpack(r); err != nil {
			return nil, err
		}
	}
	return rs, nil
}

// Scan implements session.Scanner. The memstore's payloads are longer than ours, so its pages may end early; they are
// filled up to what was asked for.
func (t *Table) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	var all session.Page
	for bounded := req.Bytes > 0; ; {
		pg, err := t.rows.Scan(ctx, req)
		if err != nil {
			return session.Page{}, err
		}
		for i := range pg.Records {
			if err := t.unpack(&pg.Records[i]); err != nil {
				return session.Page{}, err
			}
			req.Bytes -= len(pg.Records[i].Payload)
		}
		all.Records, all.Next = append(all.Records, pg.Records...), pg.Next
		req.After, req.Limit = pg.Next, req.Limit-len(pg.Records)
		if pg.Next == "" || req.Limit <= 0 || !bounded || req.Bytes <= 0 {
			return all, nil
		}
	}
}

// Apply implements session.Applier.
func (t *Table) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	packed := make([]session.Change, len(changes))
	for i, c := range changes {
		packed[i] = c
		if c.Delete {
			packed[i].Record.Key = t.key(c.Record.Key)
			continue
		}
		r, err := t.pack(c.Record)
		if err != nil {
			return nil, fmt.Errorf("session %v: %w", c.Record.Key, err)
		}
		packed[i].Record = r
	}
	return t.rows.Apply(ctx, packed)
}

// After implements session.Applier.
func (t *Table) After(c session.Change) session.Fence { return t.rows.After(c) }

// Sweep implements session.Sweeper.
func (t *Table) Sweep(ctx context.Context, limit int) (int, error) { return t.rows.Sweep(ctx, limit) }

// Count implements session.Counter.
func (t *Table) Count(ctx context.Context) (int64, error) { return t.rows.Count(ctx) }
