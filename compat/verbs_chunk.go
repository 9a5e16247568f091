package compat

import (
	"fmt"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// chunkVerbs call the procedures of SqlInMemory (sql-layouts.md 9): one for payloads up to 7000 bytes, one for nine pieces
// of that length, one that takes the pieces as a table.
type chunkVerbs struct{ t *Table }

const (
	shortLimit  = layout.ShortLimit
	mediumItems = 9 // parameters @Item1 to @Item9
)

func (v chunkVerbs) read(exclusive bool) string {
	proc := "GetStateItem"
	if exclusive {
		proc = "GetStateItemExclusive"
	}
	return "DECLARE @short varbinary(7000), @locked bit, @age int, @cookie int, @flags int, @initialized bit;\n" +
		v.t.exec(proc, "@p1, @locked OUTPUT, @age OUTPUT, @cookie OUTPUT, @initialized OUTPUT, @short OUTPUT") +
		"SET @flags = 1 - @initialized;\n"
}

func (v chunkVerbs) insert(val session.Value, uninitialized bool) (call, bool) {
	if uninitialized && len(val.Payload) > mediumItems*shortLimit { // that procedure knows no Initialized
		return call{}, false
	}
	initialized := 1
	if uninitialized {
		initialized = 0
	}
	return v.write(val, fmt.Sprintf("1, %d, 0", initialized), "1, 0", 2), true
}

func (v chunkVerbs) update(val session.Value, _ int32) call {
	return v.write(val, "0, 1, @p2", "0, @p2", 3)
}

// write calls the procedure for a payload's length. head are its parameters between id and timeout, headLarge those of the
// one that takes a table; the value's parameters are numbered from first on.
func (v chunkVerbs) write(val session.Value, head, headLarge string, first int) call {
	payload, size := bytesOf(val), len(val.Payload)
	args := []any{val.Timeout, int64(size)}
	p := func(i int) string { return fmt.Sprintf("@p%d", first+i) }
	timeoutAndSize := ", " + p(0) + ", " + p(1) + ", "
	if size <= shortLimit {
		return call{v.t.exec("InsertOrUpdateStateItem", "@p1, "+head+timeoutAndSize+p(2)), append(args, payload)}
	}
	var items []chunkRow
	for at := 0; at < size; at += shortLimit {
		items = append(items, chunkRow{int64(len(items)) + 1, payload[at:min(size, at+shortLimit)]})
	}
	if len(items) > mediumItems {
		table := mssql.TVP{TypeName: strings.Trim(v.t.found.Schema, "[]") + ".SessionItemsTable", Value: items}
		return call{v.t.exec("InsertOrUpdateStateItemLarge", "@p1, "+headLarge+timeoutAndSize+p(2)), append(args, table)}
	}
	list := make([]string, mediumItems)
	for i := range list {
		list[i] = "NULL"
		if i < len(items) {
			list[i] = p(2 + i)
			args = append(args, items[i].Item)
		}
	}
	return call{v.t.exec("InsertOrUpdateStateItemMedium", "@p1, "+head+timeoutAndSize+strings.Join(list, ", ")), args}
}

// chunkRow is a row of the table type SessionItemsTable.
type chunkRow struct {
	SessionItemId int64
	Item          []byte
}

func (v chunkVerbs) release() string { return v.t.exec("ReleaseStateItemExclusive", "@p1, @p2") }
func (v chunkVerbs) remove() string  { return v.t.exec("RemoveItem", "@p1, @p2") }
func (v chunkVerbs) reset() string   { return v.t.exec("ResetItemTimeout", "@p1") }
