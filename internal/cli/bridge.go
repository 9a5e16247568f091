package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/park"
)

func bridgeCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "bridge",
		Usage: "serve sessions to ASP.NET applications in the place of the ASP.NET State Server",
		Flags: slices.Concat(toTableFlags(), []cli.Flag{
			&cli.StringFlag{Name: "stateserver", Usage: "`ADDR` to listen on for <sessionState mode=\"StateServer\">, such as 127.0.0.1:42424"},
			&cli.StringFlag{
				Name:    "store",
				Usage:   "`DSN` of the store: embedded:DIR or a SQL Server connection string; without it sessions are in memory alone",
				EnvVars: []string{"ASPSTATE_STORE_DSN"},
			},
			&cli.StringFlag{Name: "sync", Value: memstore.SyncInterval.String(), Usage: "when a change is on disk: `always|interval|off`: before it is acknowledged, a second later, or when the system likes"},
			&cli.Int64Flag{Name: "max-memory", Usage: "most `BYTES` of sessions; over it new ones are refused, none is dropped (0: no limit)"},
			&cli.IntFlag{Name: "max-body", Value: stateserver.DefaultMaxBody, Usage: "most `BYTES` of one session"},
			&cli.IntFlag{Name: "max-connections", Value: 20_000, Usage: "at most `N` connections"},
			&cli.StringSliceFlag{Name: "allow", Usage: "`NETWORK` whose clients are served, such as 10.1.0.0/16 (repeatable; default: this machine alone)"},
			&cli.DurationFlag{Name: "park", Value: 2 * time.Second, Usage: "how long a page that wants a locked session waits here before it is sent away to ask again; below its stateNetworkTimeout (0: not at all)"},
			&cli.IntFlag{Name: "park-limit", Value: 8, Usage: "at most `N` wait for one session"},
			&cli.DurationFlag{Name: "drain", Value: 10 * time.Second, Usage: "how long requests under way may take when the program is stopped"},
			appFlag(),
		}),
		Action: func(c *cli.Context) error { return serveBridge(c, s) },
	}
}

func serveBridge(c *cli.Context, s Streams) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.String("stateserver") == "" {
		return usage("--stateserver 127.0.0.1:42424", "there is nothing to listen on")
	}
	if c.Duration("park") < 0 || c.Int("park-limit") < 1 {
		return usage("--park 0 lets nobody wait", "--park and --park-limit: neither can be less than nothing")
	}
	for _, name := range []string{"max-memory", "max-connections", "drain"} {
		if c.Int64(name) < 0 || c.Duration(name) < 0 {
			return usage("", "--%s cannot be less than nothing", name)
		}
	}
	if c.Int("max-body") < 1 {
		return usage("", "--max-body: sessions have at least one byte")
	}
	log := slog.New(slog.NewTextHandler(s.Err, nil))
	allow, err := networks(c.StringSlice("allow"))
	if err != nil {
		return err
	}
	st, err := newStores(c, s)
	if err != nil {
		return err
	}
	defer closing(st, &err)
	if len(st.chosen) > 0 { // here nothing is chosen: applications are made known
		return usage("--app "+st.chosen[0]+"=APPID[,APPID…]", "--app %s: it has no application id", st.chosen[0])
	}
	store, err := st.served(log)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(c.Context, "tcp", c.String("stateserver"))
	if err != nil {
		return &failure{code: exitUnreachable, err: fmt.Errorf("listening: %w", err), hint: "is another State Server (aspnet_state) using the port?"}
	}
	front := &stateserver.Front{
		Store: park.New(store.Store, park.Options{Limit: c.Int("park-limit")}), Registry: store.registry,
		Park: c.Duration("park"), Named: park.Client, MaxBody: c.Int("max-body"), Logger: log,
	}
	srv := &bridge.Server{Handle: front.Serve, Allow: allow, MaxConns: c.Int("max-connections"), Logger: log}
	warnOfNetworks(log, l.Addr(), allow)
	if store.sweeper != nil {
		ctx, stop := context.WithCancel(c.Context)
		defer stop()
		go sweepNowAndThen(ctx, log, store.sweeper)
	}
	log.Info("serving", "protocol", "State Server", "address", l.Addr().String(), "store", store.title, "sessions", store.sessions)
	return untilStopped(c.Context, log, srv, l, c.Duration("drain"))
}

// untilStopped serves until the context ends, and then stops in order.
func untilStopped(ctx context.Context, log *slog.Logger, srv *bridge.Server, l net.Listener, drain time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping", "connections", srv.Open())
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := srv.Shutdown(patience); err != nil {
		log.Warn("connections were cut off in the middle of a request", "after", drain)
	}
	if err := <-failed; !errors.Is(err, bridge.ErrStopped) {
		return err
	}
	return nil
}

// networks reads --allow; nil where it is not given. A single address is a network of one.
func networks(texts []string) (nets []netip.Prefix, err error) {
	for _, t := range texts {
		p, err := netip.ParsePrefix(t)
		if a, addrErr := netip.ParseAddr(t); err != nil && addrErr == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, usage("a network such as 10.1.0.0/16, or an address", "--allow %q: it is neither", t)
		}
		nets = append(nets, p.Masked())
	}
	return nets, nil
}

// warnOfNetworks tells who could reach every session: the protocol has no password.
func warnOfNetworks(log *slog.Logger, at net.Addr, allow []netip.Prefix) {
	tcp, ok := at.(*net.TCPAddr)
	open := ok && !tcp.IP.IsLoopback()
	for _, p := range allow {
		if !p.Addr().IsLoopback() && open {
			log.Warn("who can connect from there can read and change every session: the State Server protocol has neither password nor encryption", "network", p)
		}
	}
	if open && allow == nil {
		log.Warn("the address can be reached from other machines, but only this one is served; --allow NETWORK lets others in")
	}
}
