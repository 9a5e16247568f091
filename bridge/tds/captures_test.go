package tds

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session/memstore"
)

// captured returns the messages of one direction of a recorded session (captures/tds/README.md).
func captured(t *testing.T, name, direction string) []message {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(captureDir(t), name+direction))
	if err != nil {
		t.Fatal(err)
	}
	all, err := cutPackets(b)
	if err != nil {
		t.Fatalf("%s%s: %v", name, direction, err)
	}
	return all
}

// captureDir is where the recordings lie: beside the project, since they hold other people's SQL text.
func captureDir(t testing.TB) string {
	dir := filepath.Join("..", "..", "..", "shared", "captures", "tds")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the recorded sessions of captures/tds are not beside the project (../shared)")
	}
	return dir
}

// plainCaptures are the sessions that can be read from their first to their last byte.
func plainCaptures(t testing.TB) (names []string) {
	files, err := filepath.Glob(filepath.Join(captureDir(t), "*.c2s"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".c2s")
		if strings.Contains(name, "-plain") || name == "go-disable" || name == "go-procs" || name == "tedious-encrypt-false" {
			names = append(names, name)
		}
	}
	if len(names) < 15 {
		t.Fatalf("%d sessions are there", len(names))
	}
	return names
}

// TestReadsWhatClientsSent: every message of every readable session.
func TestReadsWhatClientsSent(t *testing.T) {
	for _, name := range plainCaptures(t) {
		for i, m := range captured(t, name, ".c2s") {
			var err error
			switch m.typ {
			case typePrelogin:
				_, err = parsePrelogin(m.data)
			case typeLogin7:
				var l login
				if l, err = parseLogin7(m.data); err == nil && (l.user == "" || l.password == "" || l.version < version72 || l.integrated) {
					err = fmt.Errorf("%+v", l)
				}
			case typeBatch:
				_, err = parseBatch(m.data)
			case typeRPC:
				var q rpc
				if q, err = parseRPC(m.data); err == nil && len(q.calls) != 1 {
					err = fmt.Errorf("%d calls", len(q.calls))
				}
			case typeTransaction:
				_, err = parseTransaction(m.data)
			case typeAttention:
				if len(m.data) != 0 {
					err = errors.New("an attention with something in it")
				}
			default:
				err = fmt.Errorf("type 0x%02X", byte(m.typ))
			}
			if err != nil {
				t.Errorf("%s, message %d: %v", name, i, err)
			}
		}
		for i, m := range captured(t, name, ".s2c")[1:] { // the first is PRELOGIN's answer
			if _, err := understand(m.data); err != nil {
				t.Errorf("%s, answer %d: %v", name, i+1, err)
			}
		}
	}
}

// speaker is a client that sends what another one sent.
type speaker struct {
	t    *testing.T
	conn net.Conn
	size int
}

func (s *speaker) say(m message) {
	s.t.Helper()
	b := appendPackets(nil, m.typ, m.data, s.size, 0)
	if m.reset {
		b[1] |= statusReset
	}
	if _, err := s.conn.Write(b); err != nil {
		s.t.Fatal(err)
	}
}

func (s *speaker) hear() message {
	s.t.Helper()
	var m message
	for {
		var b [headerSize]byte
		if _, err := io.ReadFull(s.conn, b[:]); err != nil {
			s.t.Fatal(err)
		}
		h, err := parseHeader(b, maxPacket)
		if err != nil {
			s.t.Fatal(err)
		}
		at := len(m.data)
		m.typ, m.data = h.typ, append(m.data, make([]byte, h.length-headerSize)...)
		if _, err := io.ReadFull(s.conn, m.data[at:]); err != nil {
			s.t.Fatal(err)
		}
		if h.status&statusEnd != 0 {
			return m
		}
	}
}

// listen serves a front and connects to it.
func listen(t *testing.T, f *Front) *speaker {
	t.Helper()
	addr := serveFront(t, f)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	return &speaker{t, conn, defaultPacket}
}

func serveFront(t testing.TB, f *Front) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &bridge.Server{Handle: f.Serve}
	over := make(chan error, 1)
	go func() { over <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Errorf("stopping: %v", err)
		}
		<-over
	})
	return l.Addr().String()
}

// anyone may enter, but for the one with a wrong password.
func anyone(_, password string) bool { return password != "wrong" }

// TestReplaysProviders sends what real providers sent, and compares what they are told with what they were told then.
func TestReplaysProviders(t *testing.T) {
	for _, name := range []string{"inbox-plain", "p21-sqlserver-plain", "p21-sqlserver-customtable-plain", "p21-inmemory-plain", "p21-fxcompat-fx8-plain",
		"p11-async-plain", "p11-inmemory-plain", "p21-fxcompat-async11-plain"} {
		t.Run(name, func(t *testing.T) {
			asked, told := captured(t, name, ".c2s"), captured(t, name, ".s2c")
			if len(asked) != len(told) {
				t.Fatalf("%d requests and %d answers are recorded", len(asked), len(told))
			}
			store := memstore.New(memstore.Options{})
			t.Cleanup(func() { store.Close() })
			f := &Front{Store: store, Settings: Settings{Login: anyone}}
			if strings.Contains(name, "async11") {
				l, err := parseLogin7(asked[1].data)
				if err != nil {
					t.Fatal(err)
				}
				f.Databases = map[string]Database{strings.ToLower(l.database): {Layout: layoutNamed(t, layout.V11)}}
			}
			s := listen(t, f)
			var transaction []byte
			compared := 0
			for i, m := range asked {
				if transaction != nil && (m.typ == typeBatch || m.typ == typeRPC || m.typ == typeTransaction) && binary.LittleEndian.Uint64(m.data[10:]) != 0 {
					copy(m.data[10:], transaction)
				}
				s.say(m)
				got := s.hear()
				if i == 0 {
					continue // PRELOGIN
				}
				if i == 1 {
					s.size = 8000
				}
				now, err := understand(got.data)
				if err != nil {
					t.Fatalf("request %d: %v", i, err)
				}
				then, err := understand(told[i].data)
				if err != nil {
					t.Fatal(err)
				}
				if now.begun != nil {
					transaction = now.begun
				}
				if why := differ(&now, &then, m, strings.Contains(name, "inmemory")); why != "" {
					t.Errorf("request %d (%s): %s", i, describe(m), why)
				}
				if m.typ == typeRPC {
					compared++
				}
			}
			if compared < 30 {
				t.Errorf("%d calls were compared", compared)
			}
		})
	}
}

// differ compares what a client looks at. These differ, and may:
//   - ages of locks, by a second or two;
//   - what start-up finds: here all exists;
//   - SessionItemShort beside a long item: FrameworkCompat leaves the former one there (sql-layouts.md 7.1), and nobody looks at it;
//   - ActionFlags of an absent session in the memory kinds: 0 there (6.3), which the engine of the recording made NULL.
func differ(now, then *told, m message, memory bool) string {
	if m.typ == typeLogin7 {
		if !now.login || len(now.errors) > 0 {
			return fmt.Sprintf("login: %v, errors %v", now.login, now.errors)
		}
		return ""
	}
	if !slices.Equal(now.errors, then.errors) {
		return fmt.Sprintf("errors %v, were %v", now.errors, then.errors)
	}
	if now.last&doneMore != 0 {
		return "the last DONE says that there is more"
	}
	if m.reset != bytes.Contains(now.changes, []byte{changeReset}) {
		return "the reset is not told, or is told without one"
	}
	if m.typ == typeBatch {
		if len(now.rows) != len(then.rows) || len(now.rows) > 0 && len(now.rows[0]) != len(then.rows[0]) {
			return fmt.Sprintf("rows %v, were %v", now.rows, then.rows)
		}
		return ""
	}
	if !slices.EqualFunc(now.rows, then.rows, slices.Equal) {
		return fmt.Sprintf("%d rows, were %d, or they differ", len(now.rows), len(then.rows))
	}
	names := slices.Sorted(maps.Keys(then.outputs))
	if got := slices.Sorted(maps.Keys(now.outputs)); !slices.Equal(got, names) {
		return fmt.Sprintf("outputs %v, were %v", got, names)
	}
	for _, n := range names {
		a, b := now.outputs[n], then.outputs[n]
		if a == b || strings.EqualFold(n, "@@ver") || strings.EqualFold(n, "@itemShort") && len(now.rows) == 1 && a == "NULL" {
			continue
		}
		if n == "@ActionFlags" && memory && a == "0" && now.outputs["@Locked"] == "NULL" {
			continue
		}
		if strings.EqualFold(n, "@lockAge") {
			x, err := strconv.Atoi(a)
			y, err2 := strconv.Atoi(b)
			if err == nil && err2 == nil && max(x-y, y-x) <= 2 {
				continue
			}
		}
		return fmt.Sprintf("%s is %.60s, was %.60s", n, a, b)
	}
	return ""
}

func describe(m message) string {
	switch m.typ {
	case typeBatch:
		q, _ := parseBatch(m.data)
		return beginning(q.text)
	case typeRPC:
		q, _ := parseRPC(m.data)
		return q.calls[0].name
	}
	return fmt.Sprintf("type 0x%02X", byte(m.typ))
}

// captureBytes are all that clients sent, for seeds.
func captureBytes() (all [][]byte, err error) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "captures", "tds", "*.c2s"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, err
}

func layoutNamed(t *testing.T, name string) *layout.Layout {
	t.Helper()
	l, err := layout.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
