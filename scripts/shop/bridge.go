package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/bridge/tds"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session/memstore"
)

// trial is a bridge in this process, on loopback, with sessions in memory: what `aspstate bridge` is for real.
type trial struct {
	store   *memstore.Store
	secret  string                    // API key of the application, and password of the SQL login
	address map[string]string         // of each protocol: http, stateserver, tds
	servers map[string]*bridge.Server // by protocol
	ended   chan error                // of their Serve
}

// parkFor is how long the fronts let somebody wait for a locked session: less than stateNetworkTimeout, 10 s.
const parkFor = 5 * time.Second

// startTrial listens for the three protocols. The clock of the store is that of the fronts.
func startTrial(apps *layout.Registry, app string, o memstore.Options) (*trial, error) {
	async2, err := layout.ByName(layout.SQLServer)
	if err != nil {
		return nil, err
	}
	b := &trial{
		store: memstore.New(o), secret: rand.Text(), address: map[string]string{}, servers: map[string]*bridge.Server{}, ended: make(chan error, 3),
	}
	api := &httpapi.Front{Store: b.store, Now: o.Now, Settings: httpapi.Settings{Registry: apps, Keys: []httpapi.Key{httpapi.AppKey(app, b.secret)}}}
	state := &stateserver.Front{Store: b.store, Now: o.Now, Settings: stateserver.Settings{Registry: apps, Park: parkFor}}
	sql := &tds.Front{Store: b.store, Now: o.Now, Settings: tds.Settings{
		Registry: apps, Park: parkFor, Login: b.login, Databases: map[string]tds.Database{"aspstate": {Layout: async2}},
	}}
	for protocol, handle := range map[string]func(*bridge.Conn){"http": api.Serve, "stateserver": state.Serve, "tds": sql.Serve} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, b.stop(context.Background()))
		}
		s := &bridge.Server{Handle: handle, Logger: slog.Default()}
		b.address[protocol], b.servers[protocol] = l.Addr().String(), s
		go func() { b.ended <- s.Serve(l) }()
	}
	return b, nil
}

// login takes one login, which is named like the secret's owner.
func (b *trial) login(user, password string) bool {
	return user == "shop" && subtle.ConstantTimeCompare([]byte(password), []byte(b.secret)) == 1
}

// base is the URL of the HTTP API, key what opens it.
func (b *trial) base() string       { return "http://" + b.address["http"] }
func (b *trial) key() client.APIKey { return client.APIKey(b.secret) }

// dsn reaches the TDS front as a SQL Server.
func (b *trial) dsn() string {
	return (&url.URL{
		Scheme: "sqlserver", User: url.UserPassword("shop", b.secret), Host: b.address["tds"], RawQuery: "database=ASPState&encrypt=disable",
	}).String()
}

// stop ends the fronts after the requests that they are at.
func (b *trial) stop(ctx context.Context) (err error) {
	for _, s := range b.servers {
		err = errors.Join(err, s.Shutdown(ctx))
	}
	for range b.servers {
		if e := <-b.ended; !errors.Is(e, bridge.ErrStopped) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, b.store.Close())
}
