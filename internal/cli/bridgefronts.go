package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/bridge/tds"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// frontEnd is a protocol that is served.
type frontEnd struct {
	name     string // in metrics
	protocol string
	secret   bool // the protocol asks for a password
	most     int  // connections, whatever the settings say; 0: what they say
	srv      *bridge.Server
	l        net.Listener
	change   func(*settings, *layout.Registry)
	before   func(context.Context) error // what has to end before connections do; nil: nothing
}

type frontEnds []*frontEnd

// openFronts listens for each protocol that has an address. What it returns is to be closed, with an error too.
func openFronts(ctx context.Context, log *slog.Logger, set *settings, store *served, w *watched, queue session.Store) (all frontEnds, err error) {
	open := func(f *frontEnd, name, addr, hint string, handle func(*bridge.Conn)) error {
		var lc net.ListenConfig
		if f.l, err = lc.Listen(ctx, "tcp", addr); err != nil {
			return &failure{code: exitUnreachable, err: fmt.Errorf("listening: %w", err), hint: hint}
		}
		f.srv = &bridge.Server{Handle: handle, Allow: set.allow, MaxConns: set.maxConns, MaxPerHost: set.maxPerClient, Logger: log}
		f.name = name
		w.server(name, f.srv)
		all = append(all, f)
		return nil
	}
	if set.stateserver != "" {
		front := &stateserver.Front{
			Store: w.front("stateserver", queue), Settings: set.stateServer(store.registry), Named: w.named, Logger: log,
		}
		w.waiting(front)
		f := &frontEnd{protocol: "State Server", change: func(s *settings, r *layout.Registry) { front.Change(s.stateServer(r)) }}
		if err := open(f, "stateserver", set.stateserver, "is another State Server (aspnet_state) using the port?", front.Serve); err != nil {
			return all, err
		}
	}
	if set.tds != "" {
		front := &tds.Front{
			Store: w.front("tds", queue), Settings: set.sql(store.registry),
			RequireTLS: set.encrypt == encryptRequired, OldTLS: set.oldTLS, Named: w.named, Logger: log,
		}
		if store.embedded != nil && store.cutover == nil { // written as they are, rows would pass by the rules of a cut-over
			front.Rows = store.embedded // for migrations
		}
		if set.encrypt != encryptOff {
			if front.TLS, err = tdsCertificate(log, set.cert, set.key); err != nil {
				return all, err
			}
		}
		f := &frontEnd{protocol: "TDS", secret: true, change: func(s *settings, r *layout.Registry) { front.Change(s.sql(r)) }}
		if err := open(f, "tds", set.tds, "is a SQL Server using the port?", front.Serve); err != nil {
			return all, err
		}
	}
	if set.http != "" {
		front, err := openHTTP(log, set, store, w, queue)
		if err != nil {
			return all, err
		}
		f := &frontEnd{protocol: "HTTP", secret: true, change: func(s *settings, r *layout.Registry) {
			if s.http != "" { // else a restart is needed
				front.Change(s.httpAPI(r))
			}
		}}
		if err := open(f, "http", set.http, "is another server using the port?", front.Serve); err != nil {
			return all, err
		}
	}
	return all, nil
}

// limit changes who may connect.
func (f *frontEnd) limit(s *settings) {
	if f.most > 0 {
		f.srv.Change(s.allow, f.most, 0)
		return
	}
	f.srv.Change(s.allow, s.maxConns, s.maxPerClient)
}

func (all frontEnds) close() {
	for _, f := range all {
		f.l.Close()
	}
}

// untilStopped serves until the context ends or a front fails, and then stops in order.
func (all frontEnds) untilStopped(ctx context.Context, log *slog.Logger, drain time.Duration, w *watched) error {
	ended := make(chan error, len(all))
	for _, f := range all {
		go func() { ended <- f.srv.Serve(f.l) }()
	}
	left := len(all)
	var failed error
	select {
	case err := <-ended:
		failed = fmt.Errorf("serving: %w", err)
		left--
	case <-ctx.Done():
	}
	notify("STOPPING=1")
	w.stopping.Store(true)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	stopped := make(chan struct{})
	for _, f := range all {
		log.Info("stopping", "protocol", f.protocol, "connections", f.srv.Open())
		go func() {
			defer func() { stopped <- struct{}{} }()
			var err error
			if f.before != nil {
				err = f.before(patience)
			}
			if err = errors.Join(err, f.srv.Shutdown(patience)); err != nil {
				log.Warn("connections were cut off in the middle of a request", "after", drain, "error", err)
			}
		}()
	}
	for range all {
		<-stopped
	}
	for range left {
		if err := <-ended; !errors.Is(err, bridge.ErrStopped) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
