package tds

import (
	"crypto/tls"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	_ "github.com/microsoft/go-mssqldb/integratedauth/ntlm"

	"github.com/aspstate/aspstate/session/memstore"
)

// TestIntegratedSecurity: whoever comes with a Windows login is told what to do, in an error that no client calls again for,
// whatever else its LOGIN7 says.
func TestIntegratedSecurity(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	addr := serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary}, TLS: certificate(t)})
	says := func(text string) bool {
		return strings.Contains(text, "SQL login") && strings.Contains(text, "User ID and Password") && strings.Contains(text, "Integrated Security")
	}
	for _, c := range []struct{ name, user, password string }{
		{"without a name", "", ""},
		{"with a name and a password that would do", "web", "s3cret"},
		{"with others", "nobody", "wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pre, login := hello(c.user, c.password, "ASPState")
			login[25] |= 0x80
			ticket := []byte("NTLMSSP\x00\x01\x00\x00\x00")
			binary.LittleEndian.PutUint16(login[78:], uint16(len(login)))
			binary.LittleEndian.PutUint16(login[80:], uint16(len(ticket)))
			login = append(login, ticket...)
			binary.LittleEndian.PutUint32(login, uint32(len(login)))
			s := dial(t, addr)
			s.say(message{typ: typePrelogin, data: pre})
			s.hear()
			s.say(message{typ: typeLogin7, data: login})
			got, err := understand(s.hear().data)
			if err != nil || got.login || len(got.refused) != 1 || got.done != 1 || got.last != doneError {
				t.Fatalf("%+v, %v", got, err)
			}
			if e := got.refused[0]; e.number != 18452 || e.class != 14 || !says(e.text) {
				t.Errorf("it is told %+v", e)
			}
			if n, err := s.conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("after that come %d bytes, %v", n, err)
			}
		})
	}
	for _, encrypt := range []string{"disable", "false&trustservercertificate=true", "true&trustservercertificate=true"} {
		t.Run("go-mssqldb, "+encrypt, func(t *testing.T) {
			db, err := sql.Open("sqlserver", "sqlserver://CORP%5Cweb:s3cret@"+addr+"?authenticator=ntlm&database=ASPState&encrypt="+encrypt)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var e mssql.Error
			if err := db.Ping(); !errors.As(err, &e) || e.Number != 18452 || e.Class != 14 || !says(e.Message) {
				t.Errorf("it is told %v", err)
			}
		})
	}
}

// TestMARS: who asks for several results at a time is told that there are none, and enters without.
func TestMARS(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	addr := serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary}})
	_, login := hello("web", "s3cret", "ASPState")
	for _, asked := range []byte{0, 1} {
		pre := []byte{
			0, 0, 16, 0, 6, 1, 0, 22, 0, 1, 4, 0, 23, 0, 1, // VERSION, ENCRYPTION, MARS
			0xFF, 4, 6, 57, 0, 0, 0, byte(encryptNotSupported), asked,
		}
		if p, err := parsePrelogin(pre); err != nil || p.mars != (asked != 0) {
			t.Fatalf("a PRELOGIN that asks for %d is read as %+v, %v", asked, p, err)
		}
		s := dial(t, addr)
		s.say(message{typ: typePrelogin, data: pre})
		if got := option(t, s.hear().data, optionMARS); len(got) != 1 || got[0] != 0 {
			t.Errorf("%d is answered by % x", asked, got)
		}
		s.say(message{typ: typeLogin7, data: login})
		if got, err := understand(s.hear().data); err != nil || !got.login {
			t.Fatalf("login: %+v, %v", got, err)
		}
		s.say(message{typ: typeBatch, data: sqlText("SELECT 7")})
		if got, err := understand(s.hear().data); err != nil || len(got.rows) != 1 || got.rows[0][0] != "7" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// option is what a PRELOGIN says of an option.
func option(t *testing.T, b []byte, which byte) []byte {
	t.Helper()
	for at := 0; at+5 <= len(b) && b[at] != optionEnd; at += 5 {
		if b[at] == which {
			offset := int(binary.BigEndian.Uint16(b[at+1:]))
			return b[offset : offset+int(binary.BigEndian.Uint16(b[at+3:]))]
		}
	}
	t.Fatalf("% x has no option %d", b, which)
	return nil
}

// TestTDS8: a client that begins with TLS is closed for its first byte, however long others may take, and nobody waits for it.
func TestTDS8(t *testing.T) {
	var log shared
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	addr := serveFront(t, &Front{
		Store: store, Settings: Settings{Login: secretary}, TLS: certificate(t), Patience: time.Hour, Idle: time.Hour,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	before := enter(t, addr)
	serves := func(s *speaker, when string) {
		t.Helper()
		s.say(message{typ: typeBatch, data: sqlText("SELECT 7")})
		if got, err := understand(s.hear().data); err != nil || len(got.rows) != 1 || got.rows[0][0] != "7" {
			t.Errorf("%s: %+v, %v", when, got, err)
		}
	}
	var strict []*speaker
	for range 20 { // the first byte, and no more of it
		s := dial(t, addr)
		if _, err := s.conn.Write([]byte{tlsHandshake}); err != nil {
			t.Fatal(err)
		}
		strict = append(strict, s)
	}
	serves(before, "one that was there")
	serves(enter(t, addr), "one that comes")
	for _, s := range strict {
		if n, err := s.conn.Read(make([]byte, 1)); n != 0 || !isClosed(err) {
			t.Errorf("the first byte of TLS is answered by %d bytes, %v", n, err)
		}
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	err = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"tds/8.0"}}).Handshake()
	if !isClosed(err) {
		t.Errorf("a whole ClientHello: %v", err)
	}
	db := openDB(t, addr, "strict&trustservercertificate=true")
	if err := db.Ping(); !isClosed(err) {
		t.Errorf("go-mssqldb: %v", err)
	}
	serves(before, "one that was there, after all")
	if said := log.String(); !strings.Contains(said, "Encrypt=Strict") {
		t.Errorf("the log: %s", said)
	}
}
