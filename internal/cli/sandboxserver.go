package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/tds"
	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/internal/sandbox"
)

// sandboxServer serves a store of the sandbox as a SQL Server does, to this process alone: so a run in the sandbox does what
// a run with servers does, statements and all. Nobody else knows its password.
type sandboxServer struct {
	bridge *bridge.Server
	ended  chan error
	server *compat.Server
}

const sandboxUser = "sandbox"

// serveSandbox opens the table of a sandbox's store over the wire.
func serveSandbox(ctx context.Context, t *sandbox.Table) (x *compat.Table, srv *sandboxServer, err error) {
	name, password := t.Layout().Name, rand.Text()
	front := &tds.Front{Store: t, Now: clock, Settings: tds.Settings{
		Databases: map[string]tds.Database{name: {Layout: t.Layout(), Store: t}},
		Login:     func(user, given string) bool { return user == sandboxUser && given == password },
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("serving the sandbox: %w", err)
	}
	srv = &sandboxServer{bridge: &bridge.Server{Handle: front.Serve}, ended: make(chan error, 1)}
	go func() { srv.ended <- srv.bridge.Serve(l) }()
	fail := func(err error) (*compat.Table, *sandboxServer, error) {
		return nil, nil, fmt.Errorf("opening the sandbox's %s: %w", name, errors.Join(err, srv.Close()))
	}
	dsn, err := compat.ParseDSN("sqlserver://" + sandboxUser + "@" + l.Addr().String() + "?encrypt=disable&database=" + name)
	if err != nil {
		return fail(err)
	}
	if srv.server, err = compat.Connect(ctx, dsn.WithPassword(password), compat.ConnectOptions{}); err != nil {
		return fail(err)
	}
	d, err := srv.server.Detect(ctx)
	if err != nil {
		return fail(err)
	}
	f, err := d.Choose(name, "")
	if err != nil {
		return fail(err)
	}
	if x, err = srv.server.Open(ctx, f, compat.Options{Now: clock}); err != nil {
		return fail(err)
	}
	return x, srv, nil
}

// Close ends the connections and the server.
func (s *sandboxServer) Close() (err error) {
	if s.server != nil {
		err = s.server.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if e := s.bridge.Shutdown(ctx); e != nil {
		err = errors.Join(err, e)
	}
	if e := <-s.ended; !errors.Is(e, bridge.ErrStopped) {
		err = errors.Join(err, e)
	}
	return err
}
