package compat

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/internal/tdsproxy"
)

// failsToConnect opens a DSN and wants a *ConnectError.
func failsToConnect(t *testing.T, ctx context.Context, dsn string) *ConnectError {
	t.Helper()
	d, err := ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Connect(ctx, d, ConnectOptions{})
	if err == nil {
		s.Close()
		t.Fatal("no error")
	}
	var e *ConnectError
	if !errors.As(err, &e) {
		t.Fatalf("%T: %v", err, err)
	}
	if strings.Contains(e.Error()+e.Hint(), "s3cret") || strings.Contains(e.Error(), "\n") {
		t.Errorf("error %q, hint %q", e, e.Hint())
	}
	return e
}

// listener accepts connections and does with them what f does.
func listener(t *testing.T, f func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f(c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return strings.Replace(l.Addr().String(), ":", ",", 1)
}

func TestConnectErrors(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	const who = ";UID=app;Password=s3cret;Database=ASPState;"
	// hello reads a pre-login and answers it; encryption is 1 (on) or 2 (there is none), [MS-TDS] 2.2.6.5.
	hello := func(c net.Conn, encryption byte) {
		c.Read(make([]byte, 4096))
		c.Write([]byte{4, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 16, 0, 0, 0, 0, 0, encryption})
	}
	for _, v := range []struct {
		name, dsn  string
		kind       ConnectKind
		class      Class
		says, hint string
	}{
		{"nothing listens", "Server=" + strings.Replace(closed.Addr().String(), ":", ",", 1) + who, Unreachable, Again, "refused", "TCP/IP"},
		{"no such host", "Server=no-such-host.invalid" + who, Unreachable, Again, "no-such-host.invalid", "name"},
		{"hangs up", "Server=" + listener(t, func(net.Conn) {}) + who, Unreachable, Again, "", "port"},
		{"hangs up in TLS", "Server=" + listener(t, func(c net.Conn) { hello(c, 1) }) + who + "Encrypt=true", NoTLS, GiveUp, "no encrypted connection", "tlsmin"},
		{"hangs up in strict TLS", "Server=" + listener(t, func(net.Conn) {}) + who + "Encrypt=strict", NoTLS, GiveUp, "no encrypted connection", "tlsmin"},
		{"has no TLS", "Server=" + listener(t, func(c net.Conn) { hello(c, 2) }) + who + "Encrypt=true", NoTLS, GiveUp, "does not support encryption", "encrypt=false"},
	} {
		t.Run(v.name, func(t *testing.T) {
			e := failsToConnect(t, t.Context(), v.dsn)
			if e.Kind != v.kind || Classify(e) != v.class || !strings.Contains(e.Error(), v.says) || !strings.Contains(e.Hint(), v.hint) {
				t.Errorf("kind %d, class %v, error %q, hint %q", e.Kind, Classify(e), e, e.Hint())
			}
		})
	}
}

// A server that accepts and then says nothing: the driver would wait for ever.
func TestConnectToSilence(t *testing.T) {
	release := make(chan struct{})
	dsn := "Server=" + listener(t, func(net.Conn) { <-release }) + ";UID=app;Password=s3cret"
	t.Cleanup(func() { close(release) })

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	e := failsToConnect(t, ctx, dsn)
	if e.Kind != TimedOut || !errors.Is(e, context.DeadlineExceeded) || Classify(e) != Again || e.Hint() == "" {
		t.Errorf("%v, hint %q", e, e.Hint())
	}

	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	e = failsToConnect(t, ctx, dsn)
	if !errors.Is(e, context.Canceled) || strings.Contains(e.Error(), "in time") || e.Hint() != "" {
		t.Errorf("%v, hint %q", e, e.Hint())
	}

	d, err := ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newConnector(d, "", "linux")
	if err != nil {
		t.Fatal(err)
	}
	c.limit = 20 * time.Millisecond
	_, err = c.Connect(t.Context())
	if !errors.As(err, &e) || e.Kind != TimedOut {
		t.Errorf("%v", err)
	}
}

// The server's refusals, as the driver gives them.
func TestConnectRefused(t *testing.T) {
	_, p, db := toy(t)
	for _, v := range []struct {
		number int32
		kind   ConnectKind
		class  Class
		hint   string
	}{
		{18456, LoginRefused, GiveUp, "password"}, {18452, LoginRefused, GiveUp, "Windows"}, {18450, LoginRefused, GiveUp, ""},
		{18470, LoginRefused, GiveUp, "administrator"}, {18486, LoginRefused, GiveUp, "administrator"}, {40615, LoginRefused, GiveUp, "firewall"},
		{4060, NoDatabase, Again, "database's name"}, {911, NoDatabase, GiveUp, "database's name"}, {40613, NoDatabase, Again, ""},
		{40501, Unreachable, Again, "minute"}, {10928, LoginRefused, Again, ""},
	} {
		p.CutAll()
		p.Set(func(pk tdsproxy.Packet) tdsproxy.Act {
			if pk.Type == tdsproxy.TypeLogin {
				return tdsproxy.Act{Number: v.number, Class: 14}
			}
			return tdsproxy.Act{}
		})
		var e *ConnectError
		if err := db.PingContext(t.Context()); !errors.As(err, &e) {
			t.Fatal(err)
		}
		if e.Kind != v.kind || Classify(e) != v.class || Number(e) != v.number || !strings.Contains(e.Hint(), v.hint) || !strings.HasPrefix(e.Error(), "connecting to 127.0.0.1:") {
			t.Errorf("%d: kind %d, class %v, error %q, hint %q", v.number, e.Kind, Classify(e), e, e.Hint())
		}
	}
}

func TestHintTLS(t *testing.T) {
	for text, hint := range map[string]string{
		"TLS Handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority":                            "certificate=FILE",
		"TLS Handshake failed: tls: failed to verify certificate: x509: certificate is valid for db1, not localhost":                        "hostnameincertificate",
		"TLS Handshake failed: tls: server selected unsupported protocol version 301":                                                       "tlsmin",
		"TLS Handshake failed: tls: failed to parse certificate from server: x509: negative serial number":                                  "encrypt=disable",
		"TLS Handshake failed: tls: failed to verify certificate: x509: cannot validate certificate because it doesn't contain any IP SANs": "hostnameincertificate",
	} {
		c := &connector{}
		err := errors.New(text)
		if e := c.failed(kindOf(err), err); e.Kind != NoTLS || !strings.Contains(e.Hint(), hint) {
			t.Errorf("%s: kind %d, hint %q", text, e.Kind, e.Hint())
		}
	}
}

func TestFailedHidesSecrets(t *testing.T) {
	c := &connector{title: "db1", secrets: []string{"s3cret"}}
	cause := errors.New("token for s3cret is refused")
	e := c.failed(LoginRefused, cause)
	if strings.Contains(e.Error(), "s3cret") || strings.Contains(e.Unwrap().Error(), "s3cret") || errors.Is(e, cause) {
		t.Error(e)
	}
	if e := c.failed(Unreachable, io.EOF); !errors.Is(e, io.EOF) {
		t.Error("the cause is lost")
	}
	if e := c.failed(LoginRefused, mssql.Error{Number: 18456, Message: "login error: Login failed for user 'app'."}); Number(e) != 18456 {
		t.Error(e)
	}
}
