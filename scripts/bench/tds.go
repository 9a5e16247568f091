//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// sqlClient asks as ASP.NET's SQL Server provider does over connections that come from a pool: each request says that the
// connection begins anew.
type sqlClient struct {
	payload                  []byte
	user, password, database string
}

// Of packets and their types.
const (
	tdsHeader   = 8
	tdsPacket   = 4096
	tdsBatch    = 0x01
	tdsCall     = 0x03
	tdsLogin    = 0x10
	tdsPrelogin = 0x12
	tdsEnd      = 0x01
	tdsReset    = 0x08
)

// idSuffix ends the ids of one application.
const idSuffix = "1a2b3c4d"

func (s *sqlClient) request(out []byte, p phase, k, cookie int) []byte {
	name := map[phase]string{get: "TempGetStateItem3", take: "TempGetStateItemExclusive3", store: "TempUpdateStateItemShort", make_: "TempInsertStateItemShort"}[p]
	out = append(out, tdsCall, tdsEnd|tdsReset, 0, 0, 0, 0, 1, 0)
	out = append(out, 22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0) // ALL_HEADERS: no transaction
	out = binary.LittleEndian.AppendUint16(out, uint16(len(name)))
	out = append(utf16Text(out, name), 0, 0)
	var room [64]byte
	out = param(out, "@id", 0, 0xE7, 176, 0, 0x09, 0x04, 0xD0, 0x00, 0x34)
	key := append(id(room[:0], k), idSuffix...)
	out = binary.LittleEndian.AppendUint16(out, uint16(2*len(key)))
	for _, c := range key {
		out = append(out, c, 0)
	}
	number := func(name string, n int) {
		out = append(param(out, name, 0, 0x26, 4), 4)
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
	}
	if p == get || p == take {
		out = append(param(out, "@itemShort", 1, 0xA5, 0x58, 0x1B), 0xFF, 0xFF) // varbinary(7000)
		out = append(param(out, "@locked", 1, 0x68, 1), 0)
		for _, name := range []string{"@lockAge", "@lockCookie", "@actionFlags"} {
			out = append(param(out, name, 1, 0x26, 4), 0)
		}
	} else {
		out = param(out, "@itemShort", 0, 0xA5, 0x58, 0x1B)
		out = append(binary.LittleEndian.AppendUint16(out, uint16(len(s.payload))), s.payload...)
		number("@timeout", 20)
		if p == store {
			number("@lockCookie", cookie)
		}
	}
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)))
	return out
}

// param begins a parameter: name, status and type.
func param(out []byte, name string, status byte, typ ...byte) []byte {
	return append(append(utf16Text(append(out, byte(len(name))), name), status), typ...)
}

func utf16Text(out []byte, s string) []byte {
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

var lockCookie = utf16Text(nil, "@lockCookie")

func (s *sqlClient) answer(in []byte, p phase) (n, cookie int, err error) {
	for end := false; !end; {
		if len(in) < n+tdsHeader {
			return 0, 0, nil
		}
		end = in[n+1]&tdsEnd != 0
		n += int(binary.BigEndian.Uint16(in[n+2:]))
	}
	if len(in) < n {
		return 0, 0, nil
	}
	const done = 13                                // bytes of the last token
	if n < tdsHeader+done || in[n-done+1]&2 != 0 { // its status has the bit of an error
		return 0, 0, wrong("SQL front", in[:n])
	}
	if p != take && p != get {
		return n, 0, nil
	}
	at := bytes.Index(in, lockCookie)
	const before = 1 + 4 + 2 + 2 // status, user type, flags, type
	if value := at + len(lockCookie) + before; at >= 0 && value+5 <= n && in[value] == 4 && n > len(s.payload) {
		return n, int(binary.LittleEndian.Uint32(in[value+1:])), nil
	}
	return 0, 0, wrong("SQL front", in[:n])
}

// enter logs in, without encryption.
func (s *sqlClient) enter(c *socket) error {
	pre := []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 11, 0, 0, 0, 0, 0, 2} // version, no encryption
	if err := s.say(c, tdsPrelogin, pre); err != nil {
		return err
	}
	const fixed = 94
	login := make([]byte, fixed)
	binary.LittleEndian.PutUint32(login[4:], 0x74000004)
	binary.LittleEndian.PutUint32(login[8:], tdsPacket)
	text := func(at int, s string, hidden bool) {
		b := utf16Text(nil, s)
		binary.LittleEndian.PutUint16(login[at:], uint16(len(login)))
		binary.LittleEndian.PutUint16(login[at+2:], uint16(len(b)/2))
		for i := range b {
			if hidden {
				b[i] = (b[i]>>4 | b[i]<<4) ^ 0xA5
			}
		}
		login = append(login, b...)
	}
	text(36, "bench", false)
	text(40, s.user, false)
	text(44, s.password, true)
	text(48, "bench", false)
	text(52, "server", false)
	text(68, s.database, false)
	binary.LittleEndian.PutUint32(login, uint32(len(login)))
	return s.say(c, tdsLogin, login)
}

// batch runs SQL text.
func (s *sqlClient) batch(c *socket, text string) error {
	headers := []byte{22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}
	return s.say(c, tdsBatch, utf16Text(headers, text))
}

// say sends a message that fits a packet, and waits for an answer without an error.
func (s *sqlClient) say(c *socket, typ byte, message []byte) error {
	if len(message) > tdsPacket-tdsHeader {
		return fmt.Errorf("a message of %d bytes", len(message))
	}
	packet := append(c.out[:0], typ, tdsEnd, 0, 0, 0, 0, 1, 0)
	packet = append(packet, message...)
	binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
	if err := c.write(packet); err != nil {
		return err
	}
	if typ == tdsPrelogin {
		for len(c.in) < tdsHeader || len(c.in) < int(binary.BigEndian.Uint16(c.in[2:])) {
			if err := c.read(); err != nil {
				return err
			}
		}
		c.in = c.in[:0]
		return nil
	}
	_, err := c.whole(s, make_) // nothing is wanted of it but that it is no error
	return err
}
