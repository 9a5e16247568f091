package tds

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// errGone: the client was told why, and the connection ends.
var errGone = errors.New("tds: a client was refused")

// isClosed says whether an error is that of a connection which is no more.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Errors of logins, as SQL Server numbers them (4, 11).
func loginFailed(user string) *sqlError {
	return &sqlError{number: 18456, state: 1, class: 14, text: fmt.Sprintf("Login failed for user '%s'.", user)}
}

var (
	errIntegrated = &sqlError{number: 18452, state: 1, class: 14, text: "Login failed: this server (aspstate) knows SQL logins only. " +
		"Use User ID and Password in the place of Integrated Security in the connection string."}
	errVersion = &sqlError{number: 17826, state: 1, class: 20, text: "This server (aspstate) speaks TDS 7.2 and later."}
	errAttach  = &sqlError{number: 18456, state: 1, class: 14, text: "Login failed: this server (aspstate) attaches no database files."}
	errChange  = &sqlError{number: 18456, state: 1, class: 14, text: "Login failed: this server (aspstate) changes no passwords."}
)

// enter takes a client from its first byte to the end of its login.
func (c *conn) enter() error {
	if first, err := c.in.Peek(1); err != nil {
		return err
	} else if first[0] == tlsHandshake {
		return errors.New("tds: TDS 8 (Encrypt=Strict) is not spoken here")
	}
	m, err := c.message()
	if err != nil {
		return err
	}
	if m.typ != typePrelogin {
		return fmt.Errorf("tds: a connection that begins with a message of type 0x%02X", byte(m.typ))
	}
	p, err := parsePrelogin(m.data)
	if err != nil {
		return err
	}
	answer := c.f.encryption(p.encryption)
	if err := c.send(typeAnswer, appendPreloginAnswer(nil, answer)); err != nil {
		return err
	}
	plain := func() {}
	if answer == encryptNotSupported && c.f.TLS != nil {
		c.f.said.Warn(c.f.Logger, "a client refuses encryption: its password can be read on the network", "client", c.conn.Host)
	}
	if answer != encryptNotSupported {
		if plain, err = c.secure(c.f.tls()); err != nil {
			return err
		}
	}
	if m, err = c.message(); err != nil {
		return err
	}
	if answer == encryptOff {
		plain()
	}
	if m.typ != typeLogin7 {
		return fmt.Errorf("tds: a message of type 0x%02X where LOGIN7 belongs", byte(m.typ))
	}
	l, err := parseLogin7(m.data)
	if err != nil {
		return err
	}
	return c.login(&l)
}

// tlsHandshake is the first byte of a TLS record with a ClientHello.
const tlsHandshake = 0x16

// encryption answers what a client says of encryption (2).
func (f *Front) encryption(client encryption) encryption {
	switch {
	case f.TLS == nil:
		return encryptNotSupported
	case f.RequireTLS:
		return encryptRequired
	case client == encryptOn, client == encryptRequired:
		return encryptOn
	case client == encryptOff:
		return encryptOff
	}
	return encryptNotSupported
}

// tls is the configuration, capped: with 1.3 tickets come after the handshake, which clients do not expect (3).
func (f *Front) tls() *tls.Config {
	t := f.TLS.Clone()
	t.MaxVersion = tls.VersionTLS12
	if f.OldTLS {
		t.MinVersion = tls.VersionTLS10
		for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
			if !strings.Contains(s.Name, "RC4") { // no Windows that speaks TLS has nothing else
				t.CipherSuites = append(t.CipherSuites, s.ID) // crypto/tls prefers the good ones
			}
		}
	}
	return t
}

func (f *Front) allows(l *login) bool {
	allowed := f.settings().Login
	return allowed != nil && allowed(l.user, l.password)
}

// login answers LOGIN7.
func (c *conn) login(l *login) error {
	switch {
	case l.version < version72:
		return c.refuse(errVersion)
	case l.integrated:
		return c.refuse(errIntegrated)
	case l.attached != "":
		return c.refuse(errAttach)
	case l.changePassword:
		return c.refuse(errChange)
	case !c.f.allows(l):
		c.f.said.Warn(c.f.Logger, "a login was refused: wrong user or password", "user", masked(l.user), "client", c.conn.Host)
		return c.refuse(loginFailed(l.user))
	}
	c.database, c.user = l.database, l.user
	if c.database == "" {
		c.database = defaultDatabase
	}
	c.folded = strings.ToLower(c.database)
	var a answer
	a.changedText(changeDatabase, c.database, "master")
	a.message(&sqlError{number: 5701, state: 2, text: "Changed database context to '" + c.database + "'."}, serverName)
	a.changedBytes(changeCollation, collation[:], nil)
	if l.language != "" {
		a.changedText(changeLanguage, "us_english", "")
		a.message(&sqlError{number: 5703, state: 1, text: "Changed language setting to us_english."}, serverName)
	}
	a.loginAck(min(l.version, version74), "Microsoft SQL Server")
	size := l.packet()
	if size != defaultPacket {
		a.changedText(changePacket, strconv.Itoa(size), strconv.Itoa(defaultPacket))
	}
	a.done(tokenDone, 0, 0, 0)
	if err := c.send(typeAnswer, a.b); err != nil {
		return err
	}
	c.packet = size // from the next message on
	return nil
}

// defaultDatabase is where clients are that name none.
const defaultDatabase = "ASPState"

// refuse ends a login with an error.
func (c *conn) refuse(e *sqlError) error {
	var a answer
	a.message(e, serverName)
	a.done(tokenDone, doneError, 0, 0)
	if err := c.send(typeAnswer, a.b); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", errGone, e)
}
