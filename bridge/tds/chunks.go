package tds

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/session"
)

// put is what SqlInMemory's three procedures of writing do (sql-layouts.md 9): a new session, made or to be made, or a
// change of one under its cookie.
func (p *performance) put() error {
	k, err := p.key()
	if err != nil {
		return err
	}
	fresh, err := p.integer("newitem")
	if err != nil {
		return err
	}
	v := session.Value{}
	if v.Timeout, err = p.timeout(); err != nil {
		return err
	}
	if v.Payload, err = p.pieces(); err != nil {
		return err
	}
	if err := p.c.f.settings().holds(len(v.Payload)); err != nil {
		return err
	}
	if fresh == 0 {
		cookie, err := p.integer("lockcookie")
		if err != nil {
			return err
		}
		return p.counts(p.c.store().SetAndRelease(p.ctx, k, v, session.IfCookie(cookie)))
	}
	initialized := int32(1)
	if p.proc.has("Initialized") { // the one for large payloads has it not
		if initialized, err = p.integer("initialized"); err != nil {
			return err
		}
	}
	if initialized == 0 {
		return p.counts(p.c.store().CreateUninitialized(p.ctx, k, v))
	}
	return p.counts(p.c.store().SetAndRelease(p.ctx, k, v, session.Insert()))
}

// pieces puts a payload together. It must be as long as ItemSize says: the provider would read another one than was written.
func (p *performance) pieces() ([]byte, error) {
	size := p.param("itemsize")
	if size == nil {
		return nil, p.missing("ItemSize")
	}
	want, ok := size.integer()
	if !ok {
		return nil, p.missing("ItemSize")
	}
	payload := []byte{}
	for _, name := range p.proc.params {
		item := p.param(strings.ToLower(name))
		switch {
		case item == nil || len(name) < 4 || strings.ToLower(name[:4]) != "item" || strings.ToLower(name) == "itemsize":
		case item.table != nil:
			parts, err := item.table.parts()
			if err != nil {
				return nil, err
			}
			for _, b := range parts {
				payload = append(payload, b...)
			}
		default:
			b, _ := item.binary() // those that are not needed are NULL
			payload = append(payload, b...)
		}
	}
	if want != int64(len(payload)) {
		return nil, &sqlError{number: 50000, state: 1, class: 16, proc: procName(p.call.name),
			text: fmt.Sprintf("ItemSize is %d, but the item has %d bytes: nothing was written.", want, len(payload))}
	}
	return payload, nil
}

// table is the value of a parameter that is a table.
type table struct {
	columns []typeInfo
	rows    [][][]byte
}

// Tokens of a table.
const (
	tableEnd      = 0x00
	tableRow      = 0x01
	tableUnique   = 0x10
	tableOrder    = 0x11
	tableNone     = 0xFFFF // in the place of the number of columns: NULL
	columnDefault = 0x0200 // in a column's flags: rows have no value of it
)

// The most that is read: many small values take more memory than their message.
const (
	tableColumns = 16
	tableRows    = 1 << 14 // in all tables of a message; of 7000 bytes
)

// table reads a table: columns, their order, rows. nil is NULL.
func (r *reader) table() *table {
	n := r.word()
	if n == tableNone {
		if r.byte() != tableEnd || r.byte() != tableEnd { // of the columns, of the rows
			r.fail(errTable)
		}
		return nil
	}
	if n == 0 || n > tableColumns {
		r.fail(errTable)
		return nil
	}
	t := &table{}
	for range n {
		r.dword() // user type
		if flags := r.word(); flags&columnDefault != 0 {
			r.fail(errTable)
		}
		typ := r.typeInfo()
		r.text(int(r.byte()))
		if r.err != nil || typ.id == typeTable {
			r.fail(errTable)
			return t
		}
		t.columns = append(t.columns, typ)
	}
	for r.err == nil {
		switch token := r.byte(); token {
		case tableUnique:
			r.bytes(3 * r.word())
			continue
		case tableOrder:
			r.bytes(2 * r.word())
			continue
		case tableEnd:
		default:
			r.fail(errTable)
		}
		break
	}
	for r.err == nil {
		switch r.byte() {
		case tableEnd:
			return t
		case tableRow:
			if r.tableRows++; r.tableRows > tableRows {
				r.fail(errTable)
			}
		default:
			r.fail(errTable)
		}
		var row [][]byte
		for i := range t.columns {
			if r.err == nil {
				row = append(row, r.value(&t.columns[i]))
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// parts are the items of a SessionItemsTable (SessionItemId bigint, Item varbinary), in their order.
func (t *table) parts() ([][]byte, error) {
	refused := &sqlError{number: 206, state: 2, class: 16, text: "Operand type clash: @Items is to be a table of SessionItemId bigint and Item varbinary(7000), each id once."}
	if len(t.columns) != 2 || t.columns[1].id != typeVarBinary {
		return nil, refused
	}
	type part struct {
		id   int64
		item []byte
	}
	var all []part
	for _, row := range t.rows {
		id, ok := (&param{typ: t.columns[0], value: row[0]}).integer()
		if !ok || row[1] == nil {
			return nil, refused
		}
		all = append(all, part{id, row[1]})
	}
	slices.SortFunc(all, func(a, b part) int { return cmp.Compare(a.id, b.id) })
	var items [][]byte
	for i, p := range all {
		if i > 0 && p.id == all[i-1].id {
			return nil, refused
		}
		items = append(items, p.item)
	}
	return items, nil
}
