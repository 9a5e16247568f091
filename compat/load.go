package compat

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
)

// stage is a temporary table of one connection, through which new rows come into a table on disk.
const stage = "#aspstate_new"

// load inserts rows by one statement: all of them, or none if a row of the same id is there. once: not again in doubt.
func (t *Table) load(ctx context.Context, rows []*change, once bool) (loaded bool, err error) {
	attempt := -1
	err = t.o.Retry.Do(ctx, !once, func(ctx context.Context) error {
		attempt++
		return t.loadOver(ctx, rows, attempt)
	})
	switch {
	case isDuplicate(err):
		return false, nil
	case err != nil:
		return false, err
	}
	for _, c := range rows {
		c.applied(t)
	}
	return true, nil
}

// loadOver takes a connection for a load. One on which something has failed is not used again: the server may have
// stopped reading in the middle.
func (t *Table) loadOver(ctx context.Context, rows []*change, attempt int) (err error) {
	conn, err := t.server.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			giveUp(conn)
		}
		if done := conn.Close(); !errors.Is(done, sql.ErrConnDone) {
			err = errors.Join(err, done)
		}
	}()
	if t.engine.memory { // there a bulk load is an insert like others, and cannot be mixed with tables on disk (41359)
		if _, err := conn.ExecContext(ctx, layout.Mark(layout.OpSession)+sessionSettings); err != nil {
			return err
		}
		return t.bulk(ctx, conn, t.name(), rows)
	}
	return t.stageAndInsert(ctx, conn, rows, attempt)
}

// giveUp closes a connection instead of giving it back.
func giveUp(conn *sql.Conn) { _ = conn.Raw(func(any) error { return driver.ErrBadConn }) }

// stageAndInsert loads rows into a temporary table and inserts them from there. A bulk load right into the table would
// save that, but what it leaves behind when it meets a row of the same id is each server's own affair (Babelfish 4.3
// then has two of them); an INSERT is all or nothing everywhere.
//
// Attempts after the first load as many rows by themselves, so that no attempt sends the same packets as the one before it:
// what inStep finds depends on where they end.
func (t *Table) stageAndInsert(ctx context.Context, conn *sql.Conn, rows []*change, attempt int) error {
	defs, names := make([]string, len(t.cols)), make([]string, len(t.cols))
	for i, c := range t.layout.Columns {
		typ := c.Type
		if typ == "image" {
			typ = "varbinary(max)"
		}
		names[i] = quoted(c.Name)
		defs[i] = names[i] + " " + typ + " NULL"
	}
	_, err := conn.ExecContext(ctx, t.mark(layout.OpStage)+sessionSettings+t.engine.write()+"CREATE TABLE "+stage+" ("+strings.Join(defs, ", ")+");")
	if err != nil {
		return err
	}
	first := min(attempt, len(rows))
	for _, some := range [][]*change{rows[:first], rows[first:]} {
		if len(some) == 0 {
			continue
		}
		if err := t.bulk(ctx, conn, stage, some); err != nil {
			return err
		}
		if t.server.Facts.Babelfish {
			if err := inStep(ctx, conn); err != nil {
				return err
			}
		}
	}
	list := strings.Join(names, ", ")
	_, err = conn.ExecContext(ctx, t.mark(layout.OpUnstage)+"INSERT INTO "+t.name()+" ("+list+") SELECT "+list+" FROM "+stage+";\nDROP TABLE "+stage+";")
	return err
}

// inStep finds out whether answers still belong to their requests. Babelfish 4.3 (tdsbulkload.c) leaves the rest of a bulk
// load unread if its last token lies across two packets, takes it for the next request, and answers that too. Nothing has
// been done that stays, so the load may begin again.
func inStep(ctx context.Context, conn *sql.Conn) error {
	one := 0
	if err := conn.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil || one != 1 {
		return driver.ErrBadConn
	}
	return nil
}

// bulk sends rows to a table. The table's constraints and triggers are heeded, so that no right beyond INSERT is needed.
func (t *Table) bulk(ctx context.Context, conn *sql.Conn, table string, rows []*change) (err error) {
	names := make([]string, len(t.cols))
	for i, c := range t.cols {
		names[i] = c.name
	}
	load, err := conn.PrepareContext(ctx, mssql.CopyIn(table,
		mssql.BulkOptions{CheckConstraints: true, FireTriggers: true, KeepNulls: true, KilobytesPerBatch: kilobytesPerBatch}, names...))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, load.Close()) }()
	values := make([]any, len(t.cols))
	for _, c := range rows {
		for i, col := range t.cols {
			values[i] = bulkValue(col.value(&c.row))
		}
		if _, err := load.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	_, err = load.ExecContext(ctx)
	return err
}

// kilobytesPerBatch is about what a page of the copier has; Babelfish takes 8 unless told.
const kilobytesPerBatch = 4096

// bulkValue is a parameter as a bulk load takes it.
func bulkValue(v any) any {
	switch v := v.(type) {
	case mssql.DateTime1:
		return timeOf(v)
	case []byte:
		if v == nil {
			return nil
		}
	}
	return v
}
