package tds

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// hello is what a client says until it may ask something.
func hello(user, password, database string) (prelogin, login []byte) {
	prelogin = []byte{
		0, 0, 21, 0, 6, 1, 0, 27, 0, 1, 2, 0, 28, 0, 1, 3, 0, 29, 0, 0, // VERSION, ENCRYPTION, INSTOPT, THREADID
		0xFF, 4, 6, 57, 0, 0, 0, byte(encryptNotSupported), 0, 0,
	}
	login = make([]byte, loginFixed)
	binary.LittleEndian.PutUint32(login[4:], version74)
	binary.LittleEndian.PutUint32(login[8:], defaultPacket)
	put := func(at int, s string, secret bool) {
		text := appendText(nil, s)
		if secret {
			for i, x := range text {
				text[i] = (x>>4 | x<<4) ^ 0xA5
			}
		}
		binary.LittleEndian.PutUint16(login[at:], uint16(len(login)))
		binary.LittleEndian.PutUint16(login[at+2:], uint16(len(text)/2))
		login = append(login, text...)
	}
	put(40, user, false)
	put(44, password, true)
	put(68, database, false)
	binary.LittleEndian.PutUint32(login, uint32(len(login)))
	return prelogin, login
}

// headersOf begins a request.
func headersOf() []byte {
	return []byte{22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}
}

func sqlText(text string) []byte { return appendText(headersOf(), text) }

// procedureCall is a call of a procedure with text parameters.
func procedureCall(name string, params ...[2]string) []byte {
	b := binary.LittleEndian.AppendUint16(headersOf(), uint16(len(name)))
	b = append(appendText(b, name), 0, 0)
	for _, p := range params {
		b = append(appendShortText(b, p[0]), 0, byte(typeNVarChar), 176, 0, 9, 4, 0xD0, 0, 0x34)
		text := appendText(nil, p[1])
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(text))), text...)
	}
	return b
}

func packets(typ packetType, b []byte) []byte { return appendPackets(nil, typ, b, defaultPacket, 0) }

// TestHostile: whatever comes before a login or behind it, the connection ends or goes on, soon, and others are served.
func TestHostile(t *testing.T) {
	pre, login := hello("web", "s3cret", "ASPState")
	in := func(more ...[]byte) []byte {
		return append(append(packets(typePrelogin, pre), packets(typeLogin7, login)...), bytes.Join(more, nil)...)
	}
	changed := func(b []byte, at int, to ...byte) []byte {
		c := bytes.Clone(b)
		copy(c[at:], to)
		return c
	}
	big := func(status byte) []byte { // a packet that claims to be long
		return []byte{byte(typeBatch), status, 0x7F, 0xFF, 0, 0, 1, 0}
	}
	inputs := map[string][]byte{
		"nothing":                          {},
		"a byte":                           {0x12},
		"half a header":                    {0x12, 1, 0},
		"garbage":                          bytes.Repeat([]byte{0xA7}, 5000),
		"zeros":                            make([]byte, 5000),
		"HTTP":                             []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"TLS at once (TDS 8)":              {0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3},
		"a packet of length 0":             {0x12, 1, 0, 0, 0, 0, 0, 0},
		"a packet of length 7":             {0x12, 1, 0, 7, 0, 0, 0, 0},
		"a packet of 65,535 bytes":         {0x12, 1, 0xFF, 0xFF, 0, 0, 0, 0},
		"an empty PRELOGIN":                packets(typePrelogin, nil),
		"PRELOGIN without an end":          packets(typePrelogin, []byte{0, 0, 0, 0, 0}),
		"PRELOGIN with an offset outside":  packets(typePrelogin, changed(pre, 1, 0xFF, 0xFF)),
		"PRELOGIN with a length outside":   packets(typePrelogin, changed(pre, 3, 0xFF, 0xFF)),
		"PRELOGIN twice":                   append(packets(typePrelogin, pre), packets(typePrelogin, pre)...),
		"LOGIN7 first":                     packets(typeLogin7, login),
		"a batch before the login":         append(packets(typePrelogin, pre), packets(typeBatch, sqlText("SELECT 1"))...),
		"half a PRELOGIN":                  packets(typePrelogin, pre)[:20],
		"an empty LOGIN7":                  append(packets(typePrelogin, pre), packets(typeLogin7, nil)...),
		"half a LOGIN7":                    append(packets(typePrelogin, pre), packets(typeLogin7, login)[:60]...),
		"LOGIN7 with a wrong length":       append(packets(typePrelogin, pre), packets(typeLogin7, changed(login, 0, 1, 2, 3, 4))...),
		"LOGIN7 with a user outside":       append(packets(typePrelogin, pre), packets(typeLogin7, changed(login, 40, 0xFF, 0xFF))...),
		"LOGIN7 with a password outside":   append(packets(typePrelogin, pre), packets(typeLogin7, changed(login, 46, 0xFF, 0xFF))...),
		"LOGIN7 with features outside":     append(packets(typePrelogin, pre), packets(typeLogin7, changed(changed(login, 27, 0x10), 56, 94, 0, 4, 0))...),
		"LOGIN7 with features without end": append(packets(typePrelogin, pre), packets(typeLogin7, changed(changed(login, 27, 0x10), 56, 0, 0, 4, 0))...),
		"LOGIN7 of SQL Server 7":           append(packets(typePrelogin, pre), packets(typeLogin7, changed(login, 4, 0, 0, 0, 0x70))...),
		"LOGIN7 with Windows login":        append(packets(typePrelogin, pre), packets(typeLogin7, changed(login, 25, 0x80))...),
		"packets of two kinds":             in([]byte{byte(typeBatch), 0, 0, 10, 0, 0, 1, 0, 1, 2}, packets(typeRPC, []byte{1})),
		"a bulk load":                      in(packets(typeBulkLoad, []byte{1, 2, 3})),
		"SSPI":                             in(packets(typeSSPI, []byte{1, 2, 3})),
		"an unknown type":                  in(packets(0x55, []byte{1, 2, 3})),
		"LOGIN7 again":                     in(packets(typeLogin7, login)),
		"an empty batch":                   in(packets(typeBatch, nil)),
		"headers of length 3":              in(packets(typeBatch, []byte{3, 0, 0, 0})),
		"headers longer than all":          in(packets(typeBatch, []byte{0xFF, 0xFF, 0xFF, 0x7F, 1, 2})),
		"a header longer than the headers": in(packets(typeBatch, []byte{10, 0, 0, 0, 0xFF, 0, 0, 0, 2, 0})),
		"a header of length 0":             in(packets(typeBatch, []byte{8, 0, 0, 0, 0, 0, 0, 0})),
		"half a character":                 in(packets(typeBatch, append(sqlText("SELECT 1"), 1))),
		"an empty call":                    in(packets(typeRPC, headersOf())),
		"a call without a name":            in(packets(typeRPC, append(headersOf(), 0, 0, 0, 0))),
		"a call with half a name":          in(packets(typeRPC, append(headersOf(), 50, 0, 'x', 0))),
		"a parameter of unknown type":      in(packets(typeRPC, append(procedureCall("GetStateItem"), 0, 0, 0x99, 1))),
		"a parameter longer than its type": in(packets(typeRPC, append(procedureCall("GetStateItem"), 0, 0, byte(typeIntN), 4, 8, 1, 2, 3, 4, 5, 6, 7, 8))),
		"a parameter that is cut off":      in(packets(typeRPC, append(procedureCall("GetStateItem"), 0, 0, byte(typeVarBinary), 100, 0, 100, 0, 1))),
		"an image of 2 GB":                 in(packets(typeRPC, append(procedureCall("GetStateItem"), 0, 0, byte(typeImage), 0xFF, 0xFF, 0xFF, 0x7F, 0xFE, 0xFF, 0xFF, 0x7F))),
		"pieces without an end":            in(packets(typeRPC, append(procedureCall("GetStateItem"), 0, 0, byte(typeVarBinary), 0xFF, 0xFF, 5, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4, 5))),
		"pieces of another length":         in(packets(typeRPC, append(procedureCall("GetStateItem"), 0, 0, byte(typeVarBinary), 0xFF, 0xFF, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0))),
		"a transaction request cut off":    in(packets(typeTransaction, append(headersOf(), 5))),
		"a message that is too long":       in(bytes.Repeat(append(big(0), make([]byte, 0x7FF7)...), 40)),
		"a packet that does not come":      in(big(1)),
		"half a message":                   in(big(0), make([]byte, 0x7FF7)),
		"attentions":                       in(bytes.Repeat(packets(typeAttention, nil), 100)),
		"a reset of nothing":               in(changed(packets(typeBatch, nil), 1, statusEnd|statusReset)),
	}
	if len(inputs) < 50 {
		t.Fatalf("%d kinds of input", len(inputs))
	}
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	addr := serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary}, MaxMessage: 1 << 20, Idle: 200 * time.Millisecond, Patience: 200 * time.Millisecond})
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(time.Minute))
			go conn.Write(input)
			if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("the connection is not closed: %v", err)
			}
		})
	}
	t.Run("others", func(t *testing.T) {
		t.Parallel()
		for range 20 {
			s := enter(t, addr)
			s.say(message{typ: typeBatch, data: sqlText("SELECT 7")})
			got, err := understand(s.hear().data)
			if err != nil || len(got.rows) != 1 || got.rows[0][0] != "7" {
				t.Errorf("%+v, %v", got, err)
			}
			s.conn.Close()
		}
	})
}

// enter logs in.
func enter(t *testing.T, addr string) *speaker {
	t.Helper()
	s := dial(t, addr)
	pre, login := hello("web", "s3cret", "ASPState")
	s.say(message{typ: typePrelogin, data: pre})
	s.hear()
	s.say(message{typ: typeLogin7, data: login})
	if got, err := understand(s.hear().data); err != nil || !got.login {
		t.Fatalf("login: %+v, %v", got, err)
	}
	return s
}

// TestAttentionWhileWaiting: a page that gives up gets an end of its request and one DONE that says so, each in a message of
// its own, and its place and a lock that comes too late are nobody's.
func TestAttentionWhileWaiting(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	addr := serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary, Park: time.Minute}})
	k := session.Key{App: "sql:0badcafe", ID: "lit3py55t21z5v55vlm25s55"}
	if err := store.SetAndRelease(t.Context(), k, session.Value{Payload: []byte("x"), Timeout: 20}, session.Insert()); err != nil {
		t.Fatal(err)
	}
	held, err := store.GetExclusive(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	s := enter(t, addr)
	s.say(message{typ: typeRPC, data: procedureCall("GetStateItemExclusive", [2]string{"@SessionId", k.ID + "0badcafe"})})
	s.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	var timeout net.Error
	if _, err := s.conn.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("it does not wait: %v", err)
	}
	s.conn.SetDeadline(time.Now().Add(time.Minute))
	s.say(message{typ: typeAttention})
	for _, status := range []uint16{0, doneAttention} {
		got, err := understand(s.hear().data)
		if err != nil || got.done != 1 || got.last != status {
			t.Errorf("an attention is answered by %+v, %v; want status 0x%X", got, err, status)
		}
	}
	if err := store.ReleaseExclusive(t.Context(), k, held.Cookie); err != nil {
		t.Fatal(err)
	}
	if r, err := session.PeekOne(t.Context(), store, k); err != nil || r.Lock.Locked {
		t.Errorf("after the release it is locked: %+v, %v", r.Lock, err)
	}
	s.say(message{typ: typeBatch, data: sqlText("SELECT 1")})
	if got, err := understand(s.hear().data); err != nil || len(got.rows) != 1 {
		t.Errorf("after an attention: %+v, %v", got, err)
	}
}

// failing is a store that cannot do its work.
type failing struct{ session.Store }

func (failing) Get(context.Context, session.Key) (session.Item, error) {
	return session.Item{}, errors.New("out of order")
}

// shared is a buffer that a server writes and a test reads.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestAStoreThatFails: nothing is answered, so that providers call again (11), and the log says why.
func TestAStoreThatFails(t *testing.T) {
	var log shared
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	addr := serveFront(t, &Front{Store: failing{store}, Settings: Settings{Login: secretary}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	s := enter(t, addr)
	s.say(message{typ: typeRPC, data: procedureCall("GetStateItem", [2]string{"@SessionId", "lit3py55t21z5v55vlm25s550badcafe"})})
	if n, err := s.conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d bytes, %v", n, err)
	}
	if said := log.String(); !strings.Contains(said, "out of order") || strings.Contains(said, "lit3py55") {
		t.Errorf("the log: %s", said)
	}
}

// TestStatementsThatAreNot: what looks like a provider's statement and does something else is not taken for one.
func TestStatementsThatAreNot(t *testing.T) {
	read := []string{"sessionid", "locked", "lockage", "lockcookie", "actionflags"}
	for text, names := range map[string][]string{
		"UPDATE T SET Expires = 1 WHERE SessionId = @SessionId OR 1 = 1":                                                       {"sessionid"},
		"UPDATE T SET Expires = 1 WHERE SessionId <> @SessionId":                                                               {"sessionid"},
		"UPDATE T SET Expires = 1":                                                                                             {"sessionid"},
		"UPDATE T SET Expires = 1, Locked = 0 WHERE SessionId = @SessionId":                                                    {"sessionid"},
		"DELETE T WHERE SessionId = @SessionId":                                                                                {"sessionid"},
		"DELETE T WHERE SessionId = @SessionId OR LockCookie = @LockCookie":                                                    {"sessionid", "lockcookie"},
		"DELETE T WHERE LockCookie = @LockCookie":                                                                              {"sessionid", "lockcookie"},
		"DELETE T WHERE SessionId = @SessionId AND LockCookie = @LockCookie DROP TABLE T":                                      {"sessionid", "lockcookie"},
		"DELETE T WHERE SessionId = @SessionId AND LockCookie = @LockCookie DELETE U WHERE 1 = 1":                              {"sessionid", "lockcookie"},
		"UPDATE T SET Locked = 1 WHERE SessionId = @SessionId AND LockCookie = @LockCookie":                                    {"sessionid", "lockcookie"},
		"INSERT T SELECT * FROM U":                                                                                             {"sessionid", "sessionitemlong", "timeout"},
		"UPDATE T SET SessionItemLong = NULL, Locked = 0 WHERE SessionId = @SessionId AND LockCookie = @LockCookie":            {"sessionid", "lockcookie", "timeout", "sessionitemlong"},
		"SELECT SessionItemLong FROM T WHERE SessionId = @SessionId":                                                           read,
		"UPDATE #T SET Expires = 1 WHERE SessionId = @SessionId":                                                               {"sessionid"},
		"EXEC TempResetTimeout @SessionId":                                                                                     {"sessionid"},
		"UPDATE T SET Expires = 1 WHERE SessionId = @SessionId -- comment":                                                     {"sessionid", "other"},
		"UPDATE T SET Expires = 1 FROM T JOIN U ON T.a = U.a WHERE SessionId = @SessionId":                                     {"sessionid"},
		"UPDATE T SET SessionItemLong = @x, LockCookie = LockCookie + 1 WHERE SessionId = @SessionId DELETE T WHERE SessionId": read,
	} {
		if p := findStatement(tokens(text), names); p != nil {
			t.Errorf("%s: taken for one with the parameters %v", text, p.params)
		}
	}
}
