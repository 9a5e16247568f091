package compat

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
)

// ConnectKind says why a connection could not be opened.
type ConnectKind int

const (
	Unreachable ConnectKind = iota // no such host, nothing listens, or it hung up
	TimedOut                       // no answer in time, or the context ended
	NoTLS                          // the two could not agree on encryption, or the certificate is not trusted
	LoginRefused
	NoDatabase  // there is none of that name, or the login may not open it, or it is not up
	BadSettings // the DSN asks for what cannot be
)

// ConnectError says that a connection could not be opened, so that nothing was sent to the database. Its text has no
// secret in it, nor has that of what it wraps.
type ConnectError struct {
	Title string // of the DSN
	Kind  ConnectKind
	cause error
}

// failed makes a ConnectError. What quotes a secret is cut off from the chain.
func (c *connector) failed(kind ConnectKind, cause error) *ConnectError {
	text := cause.Error()
	for _, s := range c.secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	if text != cause.Error() {
		cause = errors.New(text)
	}
	return &ConnectError{Title: c.title, Kind: kind, cause: cause}
}

func (e *ConnectError) Error() string {
	to := "connecting to " + e.Title
	switch {
	case errors.Is(e.cause, context.Canceled):
	case e.Kind == TimedOut:
		to += ": no answer in time"
	case e.Kind == NoTLS:
		to += ": no encrypted connection"
	case e.Kind == LoginRefused:
		to += ": the login is refused"
	case e.Kind == NoDatabase:
		to += ": the database cannot be opened"
	}
	text := strings.TrimPrefix(e.cause.Error(), "login error: ") // the driver's
	return to + ": " + strings.ReplaceAll(text, "\n", "; ")
}

func (e *ConnectError) Unwrap() error { return e.cause }

// class: nothing was sent, so it may be tried again where that has a point.
func (e *ConnectError) class() Class {
	switch e.Kind {
	case Unreachable, TimedOut:
		return Again
	case NoDatabase, LoginRefused: // 4060 among them
		var server mssql.Error
		if errors.As(e.cause, &server) && classOfNumber(server) != GiveUp {
			return Again
		}
	}
	return GiveUp
}

// Numbers of errors of the login. Documentation: "Database Engine events and errors", and "Connection errors" of Azure SQL.
var (
	// 18456 of any reason; 18450 to 18452 not a trusted or an administrator's connection; 18461 single-user mode; 18470
	// disabled; 18486 locked; 18487, 18488 password expired or to be changed; 40607 and 40532 Azure's; 40615, 40914 its
	// firewall.
	loginNumbers    = []int32{18456, 18450, 18451, 18452, 18461, 18470, 18486, 18487, 18488, 40532, 40607, 40615, 40914}
	firewallNumbers = []int32{40615, 40914}
	databaseNumbers = []int32{4060, 911, 4064, 927, 942, 40613, 921, 922, 976, 978, 983, 4221}
)

// kindOf sorts an error of opening a connection.
func kindOf(err error) ConnectKind {
	var (
		server  mssql.Error
		network net.Error
		dns     *net.DNSError
		text    = err.Error()
	)
	switch {
	case errors.As(err, &server):
		all := allOf(server)
		has := func(numbers []int32) bool {
			return slices.ContainsFunc(all, func(e mssql.Error) bool { return slices.Contains(numbers, e.Number) })
		}
		switch {
		case has(databaseNumbers): // 18456 follows 4060
			return NoDatabase
		case has(loginNumbers):
			return LoginRefused
		case all[0].Number >= 40000 && all[0].Number != babelfishError: // Azure SQL has no room, or is on the move
			return Unreachable
		}
		return LoginRefused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &network) && network.Timeout() && !errors.As(err, &dns), strings.Contains(text, "i/o timeout"):
		return TimedOut
	// Texts of the driver, which wraps the cause of the first only for encrypt=strict (tds.go, connect and
	// interpretPreloginResponse).
	case strings.Contains(text, "TLS Handshake"), strings.Contains(text, "server does not support encryption"),
		strings.Contains(text, "encrypt negotiation failed"):
		return NoTLS
	case errors.As(err, &network):
		return Unreachable
	}
	for _, t := range []string{"krb5", "ntlm", "authentication", "AADSTS", "Credential", "provider "} {
		if strings.Contains(text, t) {
			return LoginRefused
		}
	}
	return Unreachable
}

// Hint is advice for people, or empty.
func (e *ConnectError) Hint() string {
	text := e.cause.Error()
	has := func(part string) bool { return strings.Contains(text, part) }
	switch e.Kind {
	case Unreachable:
		switch {
		case has("no instance matching"):
			return "the SQL Server Browser (UDP port 1434) does not know or not say the instance's port; give the port: host,1433"
		case has("no such host"):
			return "check the server's name in the DSN"
		case has("refused"):
			return "check that SQL Server runs, that TCP/IP is enabled for it, and its port"
		case Number(e.cause) >= 40000 && Number(e.cause) != babelfishError:
			return "the database is busy or moving; try again in a minute"
		}
		return "check the server's name and port, and that no firewall is between"
	case TimedOut:
		if errors.Is(e.cause, context.Canceled) {
			return ""
		}
		return "check the server's name and port, and that no firewall is between; Connect Timeout=SECONDS waits longer"
	case NoTLS:
		return e.hintTLS(has)
	case LoginRefused:
		switch n := Number(e.cause); {
		case slices.Contains(firewallNumbers, n):
			return "the firewall of the Azure SQL server does not let this machine in"
		case n == 18452:
			return "the server takes Windows logins only, or does not trust the domain of this one"
		case n == 18470, n == 18486, n == 18487, n == 18488:
			return "an administrator of the server must unlock the login or set its password"
		case n == 18456:
			return "check the user and the password; the server's error log gives the reason as a state"
		}
		return ""
	case NoDatabase:
		return "check the database's name, that it is online, and that the login has a user in it"
	}
	return ""
}

// hintTLS names the setting that helps.
func (e *ConnectError) hintTLS(has func(string) bool) string {
	switch {
	case has("does not support encryption"):
		return "the server has no encryption; encrypt=false does without where the network can be trusted"
	case has("negative serial number"), has("x509: invalid"):
		return "the server's own certificate is malformed to Go; install a proper one, or, in a trusted network, encrypt=disable"
	case has("protocol version"), has("EOF"), has("reset"):
		return "the server may know old versions of TLS only: tlsmin=1.0, or, in a trusted network, encrypt=disable"
	case has("is valid for"), has("doesn't contain any IP SANs"), has("legacy Common Name"), has("not valid for any names"):
		return "the certificate is for another name: hostnameincertificate=NAME says which one to expect"
	}
	return "give the certificate that signed the server's with certificate=FILE.pem, or trust any with TrustServerCertificate=true"
}
