package tds

import (
	"io"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// bulkOf is a message of rows for a layout's table.
func bulkOf(l *layout.Layout, rows ...layout.Row) []byte {
	var all []column
	for _, f := range fieldsOf(l) {
		all = append(all, column{f.name, f.typ})
	}
	var a answer
	a.columns(all...)
	for i := range rows {
		var values [][]byte
		for _, f := range fieldsOf(l) {
			values = append(values, f.get(&rows[i]))
		}
		a.row(all, values...)
	}
	a.done(tokenDone, 0, 0, 0)
	return a.b
}

// TestBulkLoads: rows come to the table all or none, and a load that cannot be read ends the connection.
func TestBulkLoads(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	l := layoutNamed(t, layout.InMemory)
	addr := serveFront(t, &Front{Store: emptyStore(t), Settings: Settings{Login: anyone, Databases: map[string]Database{"aspstate": {Layout: l, Store: store}}}})
	row := func(id string) layout.Row { return layout.Row{SessionID: id, Long: []byte("payload"), Timeout: 20} }
	corrupt := row("c")
	corrupt.Long = nil
	const announced = "INSERT BULK [dbo].[ASPNetSessionState_InMem] ([SessionId] nvarchar(88)) WITH (KEEP_NULLS)"
	for _, c := range []struct {
		what, says string
		load       []byte
		numbers    []int32 // of errors: of the text, or of the load
		count      int64   // of sessions afterwards
	}{
		{"two rows", announced, bulkOf(l, row("a"), row("b")), nil, 2},
		{"one that is there and one that is not", announced, bulkOf(l, row("new"), row("b")), []int32{2627}, 2},
		{"the same row twice", announced, bulkOf(l, row("new"), row("new")), []int32{2627}, 2},
		{"a row that nobody could read", announced, bulkOf(l, row("new"), corrupt), []int32{50000}, 2},
		{"columns of another table", announced, bulkOf(layoutNamed(t, layout.SQLInMemory), row("new")), []int32{207}, 2},
		{"no rows", announced, bulkOf(l), nil, 2},
		{"into another table", "INSERT BULK [dbo].[Users] ([Name] int)", nil, []int32{208}, 2},
		{"into a table that was not made", "INSERT BULK [#aspstate_new] ([SessionId] nvarchar(88))", nil, []int32{208}, 2},
		{"the columns of another table", "select * from [dbo].[Users] SET FMTONLY OFF", nil, []int32{208}, 2},
	} {
		s := enter(t, addr)
		s.say(message{typ: typeBatch, data: sqlText(c.says)})
		got, err := understand(s.hear().data)
		if err == nil && c.load != nil {
			if len(got.errors) > 0 {
				t.Fatalf("%s: announced, and refused with %v", c.what, got.errors)
			}
			s.say(message{typ: typeBulkLoad, data: c.load})
			got, err = understand(s.hear().data)
		}
		if err != nil || len(got.errors) != len(c.numbers) || len(got.errors) > 0 && got.errors[0] != c.numbers[0] {
			t.Errorf("%s: errors %v, want %v; %v", c.what, got.errors, c.numbers, err)
		}
		s.say(message{typ: typeBatch, data: sqlText("SELECT 1")})
		if got, err := understand(s.hear().data); err != nil || len(got.rows) != 1 {
			t.Errorf("%s: afterwards %+v, %v", c.what, got, err)
		}
		if n, err := store.Count(t.Context()); err != nil || n != c.count {
			t.Errorf("%s: %d sessions, %v", c.what, n, err)
		}
	}
	if r, err := session.PeekOne(t.Context(), store, session.Key{ID: "a"}); err != nil || string(r.Payload) != "payload" || r.Timeout != 20 {
		t.Errorf("it is %+v, %v", r, err)
	}
	whole := bulkOf(l, row("new"))
	for what, load := range map[string][]byte{
		"that nobody announced": nil, "without its end": whole[:len(whole)-13], "with something behind its end": append(whole[:len(whole):len(whole)], 0),
		"of nothing": {}, "cut in a row": whole[:len(whole)-30],
	} {
		s := enter(t, addr)
		if load != nil {
			s.say(message{typ: typeBatch, data: sqlText(announced)})
			s.hear()
		}
		s.say(message{typ: typeBulkLoad, data: load})
		if n, err := s.conn.Read(make([]byte, 1)); err != io.EOF && (err == nil || !strings.Contains(err.Error(), "reset")) {
			t.Errorf("a bulk load %s: %d bytes, %v", what, n, err)
		}
	}
	if n, _ := store.Count(t.Context()); n != 2 {
		t.Errorf("%d sessions afterwards", n)
	}
}
