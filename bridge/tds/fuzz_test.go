package tds

import (
	"bufio"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// seeds adds what real clients sent, of one type.
func seeds(f *testing.F, typ packetType) {
	for _, hand := range [][]byte{nil, {0}, {22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 's', 0}} {
		f.Add(hand)
	}
	dir, err := captureBytes()
	if err != nil {
		return
	}
	for _, b := range dir {
		all, _ := cutPackets(b)
		for _, m := range all {
			if m.typ == typ && len(m.data) < 4096 {
				f.Add(m.data)
			}
		}
	}
}

func FuzzPrelogin(f *testing.F) {
	seeds(f, typePrelogin)
	f.Fuzz(func(t *testing.T, b []byte) { parsePrelogin(b) })
}

func FuzzLogin7(f *testing.F) {
	seeds(f, typeLogin7)
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := parseLogin7(b); err == nil && len(l.user) > 3*len(b) {
			t.Errorf("%d bytes of login make a user of %d", len(b), len(l.user))
		}
	})
}

func FuzzBatch(f *testing.F) {
	seeds(f, typeBatch)
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := parseBatch(b); err == nil {
			tokens(q.text)
			beginning(q.text)
		}
	})
}

func FuzzRPC(f *testing.F) {
	seeds(f, typeRPC)
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := parseRPC(b)
		if err != nil {
			return
		}
		for i := range q.calls {
			for j := range q.calls[i].params {
				p := &q.calls[i].params[j]
				p.text()
				p.integer()
				p.binary()
				var a answer
				a.returnValue(j, p, p.value) // what was sent can be sent back, and read again
				r := reader{b: a.b[3:]}
				if name := r.text(int(r.byte())); len(p.name) < 100 && name != p.name {
					t.Errorf("name %q comes back as %q", p.name, name)
				}
			}
			findProcedure(&q.calls[i])
		}
	})
}

func FuzzTransaction(f *testing.F) {
	seeds(f, typeTransaction)
	f.Fuzz(func(t *testing.T, b []byte) { parseTransaction(b) })
}

// FuzzBulk: what is read of a bulk load can be made rows of a layout, or is refused.
func FuzzBulk(f *testing.F) {
	seeds(f, typeBulkLoad)
	l, err := layout.ByName(layout.SQLServer)
	if err != nil {
		f.Fatal(err)
	}
	var a answer
	var all []column
	var values [][]byte
	row := layout.Row{SessionID: "q3m0zv5kd2xw1ea4tyh5rb0c", Long: []byte("payload")}
	for _, c := range fieldsOf(l) {
		all, values = append(all, column{c.name, c.typ}), append(values, c.get(&row))
	}
	a.columns(all...)
	a.row(all, values...)
	a.done(tokenDone, 0, 0, 0)
	f.Add(a.b)
	f.Fuzz(func(t *testing.T, b []byte) {
		load, err := parseBulk(b)
		if err != nil {
			return
		}
		rows, err := rowsOf(l, &load)
		if err == nil && len(rows) != len(load.rows) {
			t.Errorf("%d rows become %d", len(load.rows), len(rows))
		}
		for i := range rows {
			recordOf(l, &rows[i])
		}
	})
}

func FuzzNumberedIDs(f *testing.F) {
	for _, s := range []string{`[[0,"a"],[1,"b"]]`, `[]`, `null`, `[[0]]`, `[["0",1]]`, `[[1e9,"a"]]`, `[[0,null]]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { numberedIDs(s) })
}

// FuzzMoment: a time that is read can be written as a datetime2 again, to the tick.
func FuzzMoment(f *testing.F) {
	f.Add(byte(typeDateTimeN), byte(0), appendDateTime(nil, 12345))
	f.Add(byte(typeDateTime2N), byte(7), appendDateTime2(nil, -12345))
	f.Add(byte(typeDateTimeOffset), byte(7), append(appendDateTime2(nil, 1), 0, 0))
	f.Fuzz(func(t *testing.T, id, scale byte, b []byte) {
		r := reader{b: []byte{id, scale}}
		p := param{typ: r.typeInfo(), value: b}
		at, ok := p.moment()
		if !ok || r.err != nil {
			return
		}
		tick := session.At(at)
		again := param{typ: asDateTime2, value: appendDateTime2(nil, tick)}
		if back, ok := again.moment(); at.Year() > 1 && at.Year() < 9999 && (!ok || session.At(back) != tick) {
			t.Errorf("%v comes back as %v", at, back)
		}
	})
}

func FuzzBulkText(f *testing.F) {
	for _, s := range []string{"select * from [#aspstate_new] SET FMTONLY OFF", "INSERT BULK [dbo].[T] ([a(] int) WITH (X)", "INSERT BULK [", "INSERT BULK"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := &conn{wire: &wire{}, f: &Front{}}
		var a answer
		c.serveBulkText(s, tokens(s), &a)
	})
}

// FuzzStatements: whatever stands in a marker and its parameters is answered.
func FuzzStatements(f *testing.F) {
	for _, text := range []string{
		"/*aspstate:read fx8 exclusive*/", "/*aspstate:write fx8 insert*/", "/*aspstate:write fx8 update*/", "/*aspstate:look fx8 json payload*/",
		"/*aspstate:scan fx8 after*/", "/*aspstate:add-chunks fx8*/", "/*aspstate:columns*/", "/*aspstate:unstage fx8*/", "/*aspstate:",
	} {
		f.Add(text, []byte{3, '@', 0, 'p', 0, '1', 0, 0, byte(typeIntN), 4, 4, 1, 0, 0, 0})
	}
	f.Fuzz(func(t *testing.T, text string, b []byte) {
		r := reader{b: b}
		var q call
		for len(r.b) > 0 && r.err == nil && len(q.params) < 50 {
			p := param{name: r.text(int(r.byte())), status: r.byte(), typ: r.typeInfo()}
			if p.typ.id != typeTable && r.err == nil {
				p.value = r.value(&p.typ)
			}
			q.params = append(q.params, p)
		}
		if r.err != nil {
			return
		}
		store := memstore.New(memstore.Options{})
		defer store.Close()
		in := bufio.NewReader(strings.NewReader("another request"))
		in.Peek(1) // nobody need be watched
		c := &conn{wire: &wire{most: 1 << 20, packet: defaultPacket, in: in}, f: &Front{Store: store}, ctx: t.Context(), transaction: 1}
		var a answer
		served, err := c.serveOwn(text, &q, &a, 0)
		if _, _, ok := layout.ReadMark(text); ok != served {
			t.Errorf("marked %v, served %v", ok, served)
		}
		if err != nil {
			return
		}
		if served {
			if _, err := understand(a.b); err != nil {
				t.Errorf("%q is answered with what nobody understands: %v", text, err)
			}
		}
	})
}
