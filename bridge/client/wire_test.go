package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/storetest"
)

// The keys of the tests. No error may show them.
const (
	secret     = "sk-of-the-shop-3b1f0d"
	rowsSecret = "sk-of-rows-55c0ff"
)

// overHTTP serves a front on a port of its own, under TLS if secure, and returns its URL and what trusts its certificate.
func overHTTP(t testing.TB, f *httpapi.Front, secure bool) (base string, trust *tls.Config) {
	t.Helper()
	for _, app := range []string{"shop", "forum", "sho"} {
		f.Keys = append(f.Keys, httpapi.AppKey(app, secret))
	}
	f.Keys = append(f.Keys, httpapi.RowsKey(rowsSecret))
	base = "http://"
	if secure {
		s := httptest.NewUnstartedServer(nil) // for its certificate
		s.StartTLS()
		s.Close()
		f.TLS, base = &tls.Config{Certificates: s.TLS.Certificates}, "https://"
		trust = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}
		trust.RootCAs.AddCert(s.Certificate())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &bridge.Server{Handle: f.Serve}
	over := make(chan error, 1)
	go func() { over <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
		if err := <-over; !errors.Is(err, bridge.ErrStopped) {
			t.Errorf("serving ended with %v", err)
		}
	})
	return base + l.Addr().String(), trust
}

func newClient(t testing.TB, base string, trust *tls.Config) *client.Client {
	t.Helper()
	c, err := client.New(base, client.Options{Key: secret, TLS: trust})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// everything is the verbs of a Client with the rows of the same bridge.
type everything struct {
	verbs
	*client.Rows
}

type verbs interface {
	session.Store
	session.Waiter
}

// shortWire is what a short run tests. Under the race detector the rows take four times as long; TestCopy has them too.
const shortWire = "one"

func TestStoreOverTheWire(t *testing.T) {
	rules := storetest.Ordinary()
	rules.Remote, rules.CountsExactly = true, true
	rules.Needs = storetest.Peeks | storetest.Waits
	for name, c := range map[string]struct{ secure, rows bool }{
		"one": {false, false}, "two": {true, false}, "one, rows": {false, true}, "two, rows": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != shortWire {
				t.Skip("one of four is enough for a short run")
			}
			rules := rules
			if c.rows {
				rules.Needs |= storetest.Scans | storetest.Applies | storetest.Counts | storetest.Clocks
			}
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock := storetest.NewClock()
				mem := memstore.New(memstore.Options{Now: clock.Now})
				t.Cleanup(func() { mem.Close() })
				front := &httpapi.Front{Store: mem, Rows: mem, Settings: httpapi.Settings{Opaque: true}, Now: clock.Now}
				base, trust := overHTTP(t, front, c.secure)
				one := newClient(t, base, trust)
				if !c.rows {
					return storetest.Subject{Store: one, Clock: clock}
				}
				rows, err := client.OpenRows(t.Context(), base, client.Options{Key: rowsSecret, TLS: trust})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { rows.Close() })
				return storetest.Subject{Store: everything{one, rows}, Clock: clock}
			}, rules)
		})
	}
}
