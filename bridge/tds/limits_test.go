package tds

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// TestBeforeTheLogin: who has not logged in may neither send much nor take long, however much comes in between.
func TestBeforeTheLogin(t *testing.T) {
	addr := serveFront(t, &Front{Store: emptyStore(t), Settings: Settings{Login: secretary}, TLS: certificate(t), Patience: time.Second})
	pre, login := hello("web", "s3cret", "ASPState")
	pre[len(pre)-3] = byte(encryptOff) // it is answered, and a TLS handshake follows
	more := func(typ packetType, b []byte) []byte {
		p := packets(typ, b)
		p[1] = 0 // not the last
		return p
	}
	for name, c := range map[string]struct{ first, again []byte }{
		"a PRELOGIN that never ends":       {nil, more(typePrelogin, []byte{0})},
		"empty packets":                    {nil, more(typePrelogin, nil)},
		"a handshake of empty messages":    {packets(typePrelogin, pre), packets(typePrelogin, nil)},
		"a LOGIN7 without TLS, in pieces":  {packets(typePrelogin, pre), more(typeLogin7, login[:10])},
		"a PRELOGIN of many kilobytes":     {nil, more(typePrelogin, make([]byte, 4000))},
		"a handshake of one large message": {packets(typePrelogin, pre), more(typePrelogin, make([]byte, 4000))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.Write(c.first)
			sent := 0
			for {
				n, err := conn.Write(c.again)
				if sent += n; sent > 16<<20 {
					t.Fatal("16 MB were taken")
				}
				if err != nil {
					return
				}
				if len(c.again) > 1000 {
					continue
				}
				conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) // a packet now and then: each within the patience
				for err == nil {
					_, err = conn.Read(make([]byte, 1000))
				}
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					return
				}
			}
		})
	}
}

// TestPiecesCostWhatTheyHold: a value in a hundred thousand pieces is not copied a hundred thousand times.
func TestPiecesCostWhatTheyHold(t *testing.T) {
	const n = 100_000
	b := binary.LittleEndian.AppendUint64(nil, piecesUnknown)
	for range n {
		b = append(b, 1, 0, 0, 0, 'x')
	}
	r := reader{b: append(b, 0, 0, 0, 0)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v := r.pieces()
	runtime.ReadMemStats(&after)
	if r.err != nil || !bytes.Equal(v, bytes.Repeat([]byte{'x'}, n)) {
		t.Fatalf("%d bytes, %v", len(v), r.err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 20*n {
		t.Errorf("%d bytes were taken for %d", used, n)
	}
}

// TestManyCallsInOneMessage: their answers come one after the other, and are not kept until the last is there.
func TestManyCallsInOneMessage(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	item := bytes.Repeat([]byte("session."), 1<<17) // a megabyte
	if err := store.SetAndRelease(t.Context(), session.Key{App: "sql:0badcafe", ID: "lit3py55t21z5v55vlm25s55"}, session.Value{Payload: item, Timeout: 20}, session.Insert()); err != nil {
		t.Fatal(err)
	}
	one := procedureCall("GetStateItem", [2]string{"@SessionId", "lit3py55t21z5v55vlm25s550badcafe"})
	whole := message{typ: typeRPC, data: one}
	const calls = 200
	for range calls - 1 {
		whole.data = append(append(whole.data, nextCall), one[len(headersOf()):]...)
	}
	s := enter(t, serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary}}))
	var before, most runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s.say(whole)
	got, end := 0, false
	for !end {
		var head [headerSize]byte
		if _, err := io.ReadFull(s.conn, head[:]); err != nil {
			t.Fatal(err)
		}
		n := int(binary.BigEndian.Uint16(head[2:])) - headerSize
		if _, err := io.CopyN(io.Discard, s.conn, int64(n)); err != nil {
			t.Fatal(err)
		}
		if got, end = got+n, head[1]&statusEnd != 0; got>>24 != (got-n)>>24 { // every 16 MB
			runtime.GC()
			runtime.ReadMemStats(&most)
			if most.HeapAlloc > before.HeapAlloc+64<<20 {
				t.Fatalf("after %d MB of the answer %d MB are kept", got>>20, (most.HeapAlloc-before.HeapAlloc)>>20)
			}
		}
	}
	if got < calls*len(item) {
		t.Errorf("%d bytes came", got)
	}
}

// TestLocksOfAMessageAreGivenBack: all locks that a message has taken are, if its answer reaches nobody.
func TestLocksOfAMessageAreGivenBack(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	var message []byte
	ids := []string{"lit3py55t21z5v55vlm25s55", "mit3py55t21z5v55vlm25s55"}
	for _, id := range ids {
		if err := store.SetAndRelease(t.Context(), session.Key{App: "sql:0badcafe", ID: id}, session.Value{Payload: []byte("x"), Timeout: 20}, session.Insert()); err != nil {
			t.Fatal(err)
		}
		call := procedureCall("GetStateItemExclusive", [2]string{"@SessionId", id + "0badcafe"})
		if message == nil {
			message = call
		} else {
			message = append(append(message, nextCall), call[len(headersOf()):]...)
		}
	}
	c := &conn{wire: &wire{}, f: &Front{Store: store}, ctx: t.Context()}
	if err := c.serveRPC(message, &answer{}); err != nil || c.unsent == nil {
		t.Fatal(err)
	}
	c.unsent()
	for _, id := range ids {
		if r, err := session.PeekOne(t.Context(), store, session.Key{App: "sql:0badcafe", ID: id}); err != nil || r.Lock.Locked {
			t.Errorf("%s: locked %v, %v", id, r.Lock.Locked, err)
		}
	}
}

// TestWhatIsNoSession: ids, timeouts and payloads that no provider has, and a name in the code page of the server.
func TestWhatIsNoSession(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	db := client(t, &Front{Store: store, Settings: Settings{Login: secretary, MaxItem: 100}}, "Shop")
	insert := func(id string, timeout int64, size int) error {
		_, err := db.Exec("InsertStateItem", sql.Named("SessionId", id), sql.Named("Timeout", timeout), sql.Named("SessionItemLong", make([]byte, size)))
		return err
	}
	for _, c := range []struct {
		id      string
		timeout int64
		size    int
		number  int32
	}{
		{strings.Repeat("a", 89), 20, 1, 8152},
		{"a0badcafe", 0, 1, 517}, {"a0badcafe", -1 << 31, 1, 517}, {"a0badcafe", longestTimeout + 1, 1, 517},
		{"a0badcafe", 20, 101, 50000},
	} {
		var e mssql.Error
		if err := insert(c.id, c.timeout, c.size); !asError(err, &e) || e.Number != c.number {
			t.Errorf("an id of %d characters, %d minutes, %d bytes: %v, want %d", len(c.id), c.timeout, c.size, err, c.number)
		}
	}
	if err := errors.Join(insert(strings.Repeat("a", 88), 20, 1), insert("a0badcafe", 1, 100), insert("b0badcafe", longestTimeout, 1)); err != nil {
		t.Error(err)
	}
	var id int32
	const name = "/lm/w3svc/1/root/bücher €"
	_, err := db.Exec("TempGetAppID", sql.Named("appName", mssql.VarChar("/lm/w3svc/1/root/b\xFCcher \x80")), sql.Named("appId", sql.Out{Dest: &id}))
	if want, _ := layout.SuffixValue(layout.RuleInbox, name); err != nil || id != int32(want) {
		t.Errorf("an application with an umlaut has number %d, want %d: %v", id, int32(want), err)
	}
}

// TestWhatIsLogged: of a text that nobody knows enough to find out who sends it, and nothing of a session.
func TestWhatIsLogged(t *testing.T) {
	for text, want := range map[string]string{
		`exec Foo 'lit3py55t21z5v55vlm25s55', "lit3py55t21z5v55vlm25s55"`: `exec foo '…' , "…"`,
		"exec foo lit3py55t21z5v55vlm25s550badcafe":                       "exec foo lit3…",
		"SELECT * FROM " + strings.Repeat("long", 100):                    "select * from long…",
		"exec TempGetStateItemExclusive3":                                 "exec tempgetstateitemexclusive3",
	} {
		if got := beginning(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"dbo.Foo":                          "dbo.Foo",
		"lit3py55t21z5v55vlm25s550badcafe": "lit3…",
		strings.Repeat("many words ", 100): strings.Repeat("many words ", 28)[:300] + "…",
	} {
		if got := masked(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestDDLOfOthers: what is made is taken for made only if a provider makes it.
func TestDDLOfOthers(t *testing.T) {
	for text, taken := range map[string]bool{
		"IF NOT EXISTS (SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'T') CREATE TABLE [T] (SessionId nvarchar(88), CONSTRAINT [c] PRIMARY KEY CLUSTERED (SessionId))": true,
		"IF NOT EXISTS (SELECT * FROM INFORMATION_SCHEMA.TABLES) CREATE TABLE foo (a int)":                                                                                           false,
		"IF NOT EXISTS (SELECT * FROM INFORMATION_SCHEMA.TABLES) CREATE TABLE T (SessionId int) DROP TABLE bar":                                                                      false,
		"CREATE PROCEDURE GetStateItem @SessionId nvarchar(88) AS SELECT 1":                                                                                                          true,
		"CREATE PROCEDURE [dbo].[T_UpdateStateItem] AS SELECT 1":                                                                                                                     true,
		"CREATE PROCEDURE InsertStateItemMD AS SELECT 1":                                                                                                                             true,
		"CREATE PROCEDURE Nightly AS DELETE FROM x":                                                                                                                                  false,
	} {
		words := tokens(text)
		if got := makesProcedure(words) || makesTable(words); got != taken {
			t.Errorf("%s: taken %v", text, got)
		}
	}
}
