package cli

import (
	"context"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/internal/control"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/park"
)

func bridgeCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "bridge",
		Usage: "serve sessions to ASP.NET applications in the place of the ASP.NET State Server, or of SQL Server",
		Flags: slices.Concat(toTableFlags(), fromTableFlags(), httpFlags(), remoteAppFlags(), []cli.Flag{
			&cli.StringFlag{Name: "stateserver", Usage: "`ADDR` to listen on for <sessionState mode=\"StateServer\">, such as 127.0.0.1:42424"},
			&cli.StringFlag{Name: "tds", Usage: "`ADDR` to listen on for SQL session-state providers, such as 127.0.0.1:1433"},
			&cli.StringSliceFlag{Name: "tds-login", Usage: "SQL login `USER=PASSWORD` of --tds; a password of aspstate tds-password is a hash (repeatable)"},
			&cli.StringSliceFlag{Name: "tds-owner", Usage: "`USER` of --tds-login with whom aspstate migrates from and to this bridge: may list all sessions and write them as they are (repeatable)"},
			&cli.StringFlag{Name: "tds-encrypt", Value: "optional", Usage: "TLS of --tds: `optional|required|off`; optional still encrypts logins"},
			&cli.StringFlag{Name: "tds-cert", Usage: "PEM `FILE` of its certificate (default: one is made at each start)"},
			&cli.StringFlag{Name: "tds-key", Usage: "PEM `FILE` of the certificate's key"},
			&cli.StringSliceFlag{Name: "tds-database", Usage: "`NAME=LAYOUT` that a database seems to have, where a client asks (repeatable; default frameworkcompat); NAME=sqlinmemory:APP: whose the ids without a suffix are"},
			&cli.BoolFlag{Name: "tds-old-tls", Usage: "also take TLS 1.0, 1.1 and the cipher suites of Windows before Server 2012 R2"},
			&cli.StringFlag{
				Name:    "store",
				Usage:   "`DSN` of the store: embedded:DIR, a SQL Server connection string or stateserver://HOST:PORT; without it sessions are in memory alone",
				EnvVars: []string{"ASPSTATE_STORE_DSN"},
			},
			&cli.StringFlag{
				Name:    "old",
				Usage:   "`DSN` of the store that is left for --store while its sessions are used: as for --store, its table by the --from flags; aspstate ctl phase takes an application over",
				EnvVars: []string{"ASPSTATE_OLD_DSN"},
			},
			&cli.StringFlag{Name: "checkpoint", Usage: "`FILE` of a migrate from --old to --store: what it has copied is not taken for sessions of others"},
			&cli.Float64Flag{Name: "shadow", Usage: "look at the other store too after `PERCENT` of reads, and count differences (with --old)"},
			&cli.StringFlag{Name: "sync", Value: memstore.SyncInterval.String(), Usage: "when a change is on disk: `always|interval|off`: before it is acknowledged, a second later, or when the system likes"},
			&cli.DurationFlag{Name: "renew", Value: time.Second, Usage: "a renewal of expiry that gains less than this `DURATION` is not written; over 1s sessions live so much longer (over a SQL Server table only if given)"},
			&cli.Int64Flag{Name: "max-memory", Usage: "most `BYTES` of sessions; over it new ones are refused, none is dropped (0: no limit)"},
			&cli.IntFlag{Name: "max-body", Value: stateserver.DefaultMaxBody, Usage: "most `BYTES` of one session"},
			&cli.IntFlag{Name: "max-connections", Value: 20_000, Usage: "at most `N` connections (0: no limit)"},
			&cli.IntFlag{Name: "max-connections-per-client", Usage: "at most `N` connections of one address (0: no limit)"},
			&cli.StringSliceFlag{Name: "allow", Usage: "`NETWORK` whose clients are served, such as 10.1.0.0/16 (repeatable; default: this machine alone)"},
			&cli.DurationFlag{Name: "park", Value: 2 * time.Second, Usage: "how long a page that wants a locked session waits here before it is sent away to ask again; below its stateNetworkTimeout (0: not at all)"},
			&cli.IntFlag{Name: "park-limit", Value: 8, Usage: "at most `N` wait for one session"},
			&cli.DurationFlag{Name: "drain", Value: 10 * time.Second, Usage: "how long requests under way may take when the program is stopped"},
			&cli.StringFlag{Name: "page", Usage: "`ADDR` of a page that shows how the bridge stands, such as 127.0.0.1:9243; for clients that --allow lets in"},
			&cli.StringSliceFlag{Name: "page-login", Usage: "login `USER=PASSWORD` of --page, with which it has buttons; a password of aspstate tds-password is a hash (repeatable; default: anybody reads, nobody does anything)"},
			&cli.StringFlag{Name: "page-cert", Usage: "PEM `FILE` of the page's certificate (default: no TLS)"},
			&cli.StringFlag{Name: "page-key", Usage: "PEM `FILE` of the certificate's key"},
			&cli.StringFlag{Name: "metrics", Usage: "`ADDR` to serve /metrics (Prometheus), /healthz and /readyz on, such as 127.0.0.1:9242"},
			controlFlag(),
			&cli.StringFlag{Name: "log", Value: "text", Usage: "how the log on standard error is written: `text|json`"},
			&cli.StringFlag{Name: "config", Usage: "TOML `FILE` of these settings by their names; what is given here or in the environment wins; read again on SIGHUP"},
			appFlag(),
		}),
		Before: func(c *cli.Context) error { return applyConfig(c) },
		Action: func(c *cli.Context) error { return serveBridge(c, s) },
	}
}

func serveBridge(c *cli.Context, s Streams) (err error) {
	set, err := readSettings(c)
	if err != nil {
		return err
	}
	log := set.logger(s.Err)
	again := reloads() // from now on: a signal that nobody waits for would end the program
	st, err := newStores(c, s)
	if err != nil {
		return err
	}
	defer closing(st, &err)
	store, err := st.serve(log, set)
	if err != nil {
		return err
	}
	w := newWatched(store, set)
	gate := &gatedStore{Store: store.Store}
	defer context.AfterFunc(c.Context, gate.stop)()
	queue := park.New(w.store("store", gate), park.Options{Limit: set.parkLimit})
	fronts, err := openFronts(c.Context, log, set, store, w, queue)
	defer func() { fronts.close() }()
	if err != nil {
		return err
	}
	if set.remoteAddr != "" {
		front, over, err := openRemoteApp(c.Context, log, set, store, w, queue)
		if err != nil {
			return err
		}
		defer over()
		fronts = append(fronts, front)
	}
	closeWatch, err := w.serve(c.Context, log, set.metrics)
	if err != nil {
		return err
	}
	defer closeWatch()
	ctx, stop := context.WithCancel(c.Context)
	defer stop()
	steered := &steeredBridge{self: control.This("bridge", store.title), fronts: fronts, store: store, gate: gate, log: log, ctx: ctx}
	ctl, err := steered.reached(c)
	if err != nil {
		return err
	}
	defer closing(ctl, &err)
	if set.page != "" {
		front, over, err := steered.openPage(ctx, set, w, queue)
		if err != nil {
			return err
		}
		defer over()
		fronts = append(fronts, front)
	}
	if store.sweeper != nil {
		go sweepNowAndThen(ctx, log, store.sweeper)
	}
	change := func(fresh *settings) error {
		registry, err := store.again(fresh)
		if err != nil {
			return err
		}
		queue.SetLimit(fresh.parkLimit)
		for _, f := range fronts {
			f.change(fresh, registry)
			f.limit(fresh)
			warnOfNetworks(log, f, fresh.allow)
		}
		return nil
	}
	go func() {
		for now := set; ; {
			select {
			case <-ctx.Done():
				return
			case <-again:
				now = reload(c, log, now, change)
			}
		}
	}()
	for _, f := range fronts {
		warnOfNetworks(log, f, set.allow)
		log.Info("serving", "protocol", f.protocol, "address", f.l.Addr().String(), "store", store.title, "sessions", store.sessions)
	}
	notify("READY=1")
	return fronts.untilStopped(c.Context, log, set.drain, w)
}
