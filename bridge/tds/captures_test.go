package tds

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
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

// dial connects to a front.
func dial(t *testing.T, addr string) *speaker {
	t.Helper()
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
