package tds

import (
	"bytes"
	"database/sql"
	"errors"
	"slices"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

type sessionItem struct {
	SessionItemId int64
	Item          []byte
}

// TestSQLInMemory calls what the provider of SqlInMemory calls, for payloads of each of its three kinds, and looks at all
// that it gives back (sql-layouts.md 9).
func TestSQLInMemory(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	l := layoutNamed(t, layout.SQLInMemory)
	db := client(t, &Front{Store: store, Settings: Settings{Login: secretary, Databases: map[string]Database{"shop": {Layout: l, App: "shop"}}}}, "Shop")
	id := sql.Named("SessionId", "lit3py55t21z5v55vlm25s55")
	write := func(fresh, initialized bool, cookie int, b []byte) error {
		args := []any{id, sql.Named("NewItem", fresh), sql.Named("LockCookie", cookie), sql.Named("Timeout", 20), sql.Named("ItemSize", int64(len(b)))}
		var items []sessionItem
		for part := range slices.Chunk(b, shortSize) {
			items = append(items, sessionItem{int64(len(items) + 1), part})
		}
		proc := "InsertOrUpdateStateItem"
		switch {
		case len(items) > 9:
			items[0], items[len(items)-1] = items[len(items)-1], items[0] // a table has no order
			_, err := db.Exec(proc+"Large", append(args, sql.Named("Items", mssql.TVP{TypeName: "dbo.SessionItemsTable", Value: items}))...)
			return err
		case len(b) > shortSize:
			proc += "Medium"
			for i := range 9 {
				var part []byte
				if i < len(items) {
					part = items[i].Item
				}
				args = append(args, sql.Named("Item"+string(rune('1'+i)), part))
			}
		default:
			args = append(args, sql.Named("Item", b))
		}
		_, err := db.Exec(proc, append(args, sql.Named("Initialized", initialized))...)
		return err
	}
	type state struct {
		locked, initialized bool
		age, cookie         int32
		payload             []byte
	}
	read := func(proc string) (s state) {
		t.Helper()
		item := make([]byte, 0)
		var locked, initialized sql.NullBool
		var age, cookie sql.NullInt32
		rows, err := db.Query(proc, id, sql.Named("Locked", sql.Out{Dest: &locked}), sql.Named("LockAge", sql.Out{Dest: &age}),
			sql.Named("LockCookie", sql.Out{Dest: &cookie}), sql.Named("Initialized", sql.Out{Dest: &initialized}), sql.Named("Item", sql.Out{Dest: &item}))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		parts := map[int32][]byte{}
		for rows.Next() {
			var n int32
			var part []byte
			if err := rows.Scan(&n, &part); err != nil {
				t.Fatal(err)
			}
			parts[n] = part
		}
		if rows.Err() != nil || rows.Close() != nil {
			t.Fatal(rows.Err())
		}
		if !locked.Valid || !initialized.Valid || !age.Valid || !cookie.Valid {
			t.Fatalf("%s: an output is NULL", proc)
		}
		s = state{locked.Bool, initialized.Bool, age.Int32, cookie.Int32, item}
		if len(parts) > 0 && len(item) > 0 {
			t.Errorf("%s: an item and rows", proc)
		}
		for n := range int32(len(parts)) {
			s.payload = append(s.payload, parts[n+1]...)
		}
		return s
	}
	if s := read("GetStateItemExclusive"); s.locked || s.initialized || s.cookie != 0 || len(s.payload) != 0 {
		t.Errorf("an absent session: %+v", s)
	}
	for _, size := range []int{1, shortSize, shortSize + 1, 9 * shortSize, 9*shortSize + 1, 300_000} {
		b := bytes.Repeat([]byte("session!"), size/8+1)[:size]
		large := size > 9*shortSize
		if err := write(true, large, 0, b); err != nil { // the one for large payloads marks nothing as uninitialized
			t.Fatalf("%d bytes: %v", size, err)
		}
		var e mssql.Error
		if err := write(true, true, 0, b); !asError(err, &e) || e.Number != 2627 {
			t.Errorf("%d bytes, inserted again: %v", size, err)
		}
		s := read("GetStateItemExclusive")
		if s.locked || s.initialized != large || s.age != 0 || !bytes.Equal(s.payload, b) {
			t.Errorf("%d bytes: %v, %v, %d, %d bytes", size, s.locked, s.initialized, s.age, len(s.payload))
		}
		for _, proc := range []string{"GetStateItem", "GetStateItemExclusive"} {
			if other := read(proc); !other.locked || other.cookie != s.cookie || len(other.payload) != 0 {
				t.Errorf("%d bytes, %s of it while locked: %+v", size, proc, other)
			}
		}
		other := append([]byte("other"), b...)
		if err := write(false, true, int(s.cookie)+7, other); err != nil {
			t.Fatal(err)
		}
		if again := read("GetStateItem"); !again.locked {
			t.Errorf("%d bytes: a write under a wrong cookie frees the lock", size)
		}
		if err := write(false, true, int(s.cookie), other); err != nil {
			t.Fatal(err)
		}
		if again := read("GetStateItem"); again.locked || !again.initialized || !bytes.Equal(again.payload, other) {
			t.Errorf("%d bytes, written: %v, %v, %d bytes", size, again.locked, again.initialized, len(again.payload))
		}
		if _, err := store.Get(t.Context(), session.Key{App: "shop", ID: "lit3py55t21z5v55vlm25s55"}); err != nil {
			t.Errorf("the session under its application: %v", err)
		}
		s = read("GetStateItemExclusive")
		for _, cookie := range []int32{s.cookie + 1, s.cookie} {
			if _, err := db.Exec("ReleaseStateItemExclusive", id, sql.Named("LockCookie", cookie)); err != nil {
				t.Fatal(err)
			}
			if locked := read("GetStateItem").locked; locked != (cookie != s.cookie) {
				t.Errorf("%d bytes, released under %d of %d: locked %v", size, cookie, s.cookie, locked)
			}
		}
		if _, err := db.Exec("ResetItemTimeout", id); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("RemoveItem", id, sql.Named("LockCookie", s.cookie)); err != nil {
			t.Fatal(err)
		}
		if s := read("GetStateItem"); s.locked || s.cookie != 0 {
			t.Errorf("%d bytes, removed: %+v", size, s)
		}
	}
}

// TestPiecesThatDoNotFit: an item that is not as long as it says is not written.
func TestPiecesThatDoNotFit(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	db := client(t, &Front{Store: store, Settings: Settings{Login: secretary}}, "Shop")
	first := []any{sql.Named("SessionId", "lit3py55t21z5v55vlm25s55"), sql.Named("NewItem", true), sql.Named("LockCookie", 0), sql.Named("Timeout", 20)}
	items := func(rows ...sessionItem) sql.NamedArg {
		return sql.Named("Items", mssql.TVP{TypeName: "dbo.SessionItemsTable", Value: rows})
	}
	for name, c := range map[string]struct {
		proc string
		args []any
	}{
		"too short": {"InsertOrUpdateStateItem", []any{sql.Named("Initialized", true), sql.Named("ItemSize", int64(4)), sql.Named("Item", []byte("abc"))}},
		"no item":   {"InsertOrUpdateStateItem", []any{sql.Named("Initialized", true), sql.Named("ItemSize", int64(3)), sql.Named("Item", []byte(nil))}},
		"no size":   {"InsertOrUpdateStateItem", []any{sql.Named("Initialized", true), sql.Named("Item", []byte("abc"))}},
		"twice one": {"InsertOrUpdateStateItemLarge", []any{sql.Named("ItemSize", int64(4)), items(sessionItem{1, []byte("ab")}, sessionItem{1, []byte("cd")})}},
		"a lack":    {"InsertOrUpdateStateItemLarge", []any{sql.Named("ItemSize", int64(4)), items(sessionItem{1, []byte("ab")})}},
	} {
		var e mssql.Error
		if _, err := db.Exec(c.proc, append(first[:len(first):len(first)], c.args...)...); !asError(err, &e) || e.Class != 16 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, err := store.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("%d sessions, %v", n, err)
	}
}

// TestTables: what is no table is refused, and none takes much more memory than its message.
func TestTables(t *testing.T) {
	name := []byte{0, 0, 0}                                                      // of the type
	id := []byte{0, 0, 0, 0, 0, 0, byte(typeIntN), 8, 0}                         // user type, flags, type, name
	item := []byte{0, 0, 0, 0, 0, 0, byte(typeVarBinary), 0x58, 0x1B, 0}         // varbinary(7000)
	columns := append(append([]byte{2, 0}, id...), item...)                      // two of them
	row := []byte{tableRow, 8, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 'a', 'b', 'c'}      // 1, abc
	many := append(append([]byte(nil), columns...), tableEnd)                    // and more rows than are taken
	many = append(many, bytes.Repeat([]byte{tableRow, 0, 0, 0}, tableRows+1)...) // each without a value
	for what, c := range map[string]struct {
		b    []byte
		rows int // -1: refused
	}{
		"one row":          {append(append(append([]byte(nil), columns...), tableEnd), append(row, tableEnd)...), 1},
		"in order":         {append(append(append([]byte(nil), columns...), tableUnique, 1, 0, 1, 0, 5, tableOrder, 1, 0, 1, 0, tableEnd), append(row, tableEnd)...), 1},
		"no rows":          {append(append([]byte(nil), columns...), tableEnd, tableEnd), 0},
		"NULL":             {[]byte{0xFF, 0xFF, tableEnd, tableEnd}, 0},
		"cut":              {append(append([]byte(nil), columns...), tableEnd, tableRow, 8, 1), -1},
		"no end":           {append(append(append([]byte(nil), columns...), tableEnd), row...), -1},
		"another token":    {append(append([]byte(nil), columns...), 7), -1},
		"another row":      {append(append([]byte(nil), columns...), tableEnd, 7), -1},
		"a table in it":    {[]byte{1, 0, 0, 0, 0, 0, 0, 0, byte(typeTable), 0, 0, 0, 0, tableEnd, tableEnd}, -1},
		"no columns":       {[]byte{0, 0, tableEnd, tableEnd}, -1},
		"too many columns": {[]byte{0xFF, 0x7F}, -1},
		"too many rows":    {append(many, tableEnd), -1},
	} {
		r := reader{b: append(append([]byte{byte(typeTable)}, name...), c.b...)}
		typ := r.typeInfo()
		table := r.table()
		switch {
		case typ.id != typeTable:
			t.Errorf("%s: type %v", what, typ.id)
		case c.rows < 0 && r.err == nil:
			t.Errorf("%s: taken", what)
		case c.rows >= 0 && (r.err != nil || len(r.b) != 0):
			t.Errorf("%s: %v, %d bytes left", what, r.err, len(r.b))
		case c.rows > 0 && (table == nil || len(table.rows) != c.rows || string(table.rows[0][1]) != "abc"):
			t.Errorf("%s: %+v", what, table)
		case c.rows < 0 && !errors.Is(r.err, errTable) && !errors.Is(r.err, errShort):
			t.Errorf("%s: %v", what, r.err)
		}
	}
}
