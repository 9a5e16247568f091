package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/aspnetser/corejson"
	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/remoteapp"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

func remoteAppFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "remote-app", Usage: "`ADDR` to listen on for ASP.NET Core applications with System.Web adapters; tables [remoteapp.APP] of --config say for which"},
		&cli.StringFlag{Name: "remote-app-cert", Usage: "PEM `FILE` of its certificate (default: no TLS, and clients take two connections a page)"},
		&cli.StringFlag{Name: "remote-app-cert-key", Usage: "PEM `FILE` of the certificate's key"},
	}
}

// remoteAppTable is the name of the tables of the configuration file that are about remote app sessions:
//
//	[remoteapp.shop]
//	prefix  = "/shop"
//	api-key = "7d2f41c2-…"
//	[remoteapp.shop.keys]
//	CoreCount = "int"
//	Cart      = "Demo.Cart"
//	[remoteapp.shop.class."Demo.Cart"]
//	library = "Demo, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"
//	members = [{ name = "Id", type = "int" }, { name = "Owner", type = "string", field = "m_owner" }]
const remoteAppTable = "remoteapp"

// remoteAppConfig is such a table.
type remoteAppConfig struct {
	Prefix         string
	APIKey         string   `toml:"api-key"`
	APIKeys        []string `toml:"api-keys"` // while one is replaced by another
	KeyHeader      string   `toml:"key-header"`
	Cookie         string
	Secure         bool
	SameSite       string `toml:"same-site"` // lax, strict, none, or off
	Timeout        int32  // minutes, of new sessions
	MaxHold        string `toml:"max-hold"`     // duration
	Unregistered   string `toml:"unregistered"` // drop or reject
	TwoConnections bool   `toml:"two-connections"`
	Upstream       string
	UpstreamKey    bool   `toml:"upstream-key"`
	Zone           string // of the web servers' clocks, such as Europe/Berlin
	Keys           map[string]string
	Class          map[string]classConfig
}

// classConfig is a class of the application, whose name is that of its table.
type classConfig struct {
	Library  string
	Complete bool
	Struct   bool
	Enum     string
	Members  []struct{ Name, Type, Field string }
}

// remoteAppsOf reads what is about remote app sessions.
func remoteAppsOf(c *cli.Context) (apps []remoteapp.App, err error) {
	if err := onlyWith(c, "remote-app", "remote-app-cert", "remote-app-cert-key"); err != nil || c.String("remote-app") == "" {
		return nil, err
	}
	var file struct{ Remoteapp map[string]remoteAppConfig }
	if path := c.String("config"); path != "" {
		md, err := toml.DecodeFile(path, &file)
		if err != nil {
			return nil, usage("", "--config %s: %v", path, err)
		}
		for _, k := range md.Undecoded() {
			if k[0] == remoteAppTable {
				return nil, usage("", "--config %s: there is no setting %q", path, k.String())
			}
		}
	}
	if len(file.Remoteapp) == 0 {
		return nil, usage("a table [remoteapp.NAME] in the file of --config, with api-key and keys", "--remote-app: there is no application to serve")
	}
	for _, name := range slices.Sorted(maps.Keys(file.Remoteapp)) {
		table := file.Remoteapp[name]
		a, err := table.app(name)
		if err != nil {
			return nil, usage("", "--config %s: %s.%s: %v", c.String("config"), remoteAppTable, name, err)
		}
		apps = append(apps, a)
	}
	if _, err := remoteapp.New(remoteapp.Options{Store: noStore{}, Settings: remoteapp.Settings{Apps: apps}}); err != nil {
		return nil, usage("", "--config %s: %v", c.String("config"), err)
	}
	return apps, nil
}

// noStore is for a Handler that serves nothing: only its settings are looked at.
type noStore struct{ session.Store }

func (t *remoteAppConfig) app(name string) (a remoteapp.App, err error) {
	a = remoteapp.App{
		Name: name, Prefix: t.Prefix, APIKeys: t.APIKeys, KeyHeader: t.KeyHeader, Cookie: t.Cookie, Secure: t.Secure, Timeout: t.Timeout,
		TwoConnections: t.TwoConnections, UpstreamKey: t.UpstreamKey,
	}
	if t.APIKey != "" {
		a.APIKeys = append(a.APIKeys, t.APIKey)
	}
	sameSite := map[string]http.SameSite{
		"": http.SameSiteLaxMode, "lax": http.SameSiteLaxMode, "strict": http.SameSiteStrictMode, "none": http.SameSiteNoneMode, "off": http.SameSiteDefaultMode,
	}
	var ok bool
	if a.SameSite, ok = sameSite[strings.ToLower(t.SameSite)]; !ok {
		return a, fmt.Errorf("same-site %q is none of lax, strict, none, off", t.SameSite)
	}
	switch t.Unregistered {
	case "", "drop":
	case "reject":
		a.RejectUnregistered = true
	default:
		return a, fmt.Errorf("unregistered %q is neither drop nor reject", t.Unregistered)
	}
	if t.MaxHold != "" {
		if a.MaxHold, err = time.ParseDuration(t.MaxHold); err != nil || a.MaxHold <= 0 {
			return a, fmt.Errorf("max-hold %q is no duration such as 5m", t.MaxHold)
		}
	}
	if t.Upstream != "" {
		if a.Upstream, err = url.Parse(t.Upstream); err != nil || a.Upstream.Host == "" {
			return a, errors.New("upstream: a URL such as https://old.internal is wanted")
		}
	}
	a.Keys, err = t.keys()
	return a, err
}

// keys are the registered ones, by their types.
func (t *remoteAppConfig) keys() (remoteapp.Keys, error) {
	var zone *time.Location
	if t.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(t.Zone); err != nil {
			return nil, fmt.Errorf("zone: %w", err)
		}
	}
	schema, err := t.schema(zone)
	if err != nil {
		return nil, err
	}
	keys := remoteapp.Keys{}
	for _, key := range slices.Sorted(maps.Keys(t.Keys)) {
		of, err := schema.ParseType(t.Keys[key])
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", key, err)
		}
		keys[key] = of
	}
	return keys, nil
}

// schema knows the classes.
func (t *remoteAppConfig) schema(zone *time.Location) (*corejson.Schema, error) {
	var classes []corejson.Class
	for _, name := range slices.Sorted(maps.Keys(t.Class)) {
		c := t.Class[name]
		class := corejson.Class{Name: name, Library: c.Library, Complete: c.Complete, Struct: c.Struct, Enum: c.Enum}
		for _, m := range c.Members {
			class.Members = append(class.Members, corejson.Member{Name: m.Name, Type: m.Type, Field: m.Field})
		}
		classes = append(classes, class)
	}
	return corejson.NewSchema(classes, zone)
}

func (s *settings) remoteApp(r *layout.Registry) remoteapp.Settings {
	return remoteapp.Settings{Apps: s.remoteApps, Registry: r, MaxBody: s.maxBody}
}

// openRemoteApp listens for ASP.NET Core applications. What it returns as over is to be called at the end.
func openRemoteApp(ctx context.Context, log *slog.Logger, set *settings, store *served, w *watched, queue session.Store) (f *frontEnd, over func(), err error) {
	secure, err := certificateOf(set.remoteCert, set.remoteCertKey, "--remote-app-cert, --remote-app-cert-key")
	if err != nil {
		return nil, nil, err
	}
	handler, err := remoteapp.New(remoteapp.Options{
		Store: w.front("remoteapp", queue), IfFree: store.verbsOnly(), Settings: set.remoteApp(store.registry),
		Clock: store.clock(), Logger: log,
	})
	if err != nil {
		return nil, nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", set.remoteAddr)
	if err != nil {
		return nil, nil, &failure{code: exitUnreachable, err: fmt.Errorf("listening for --remote-app: %w", err)}
	}
	conns := newHTTPConns(l.Addr())
	srv := &http.Server{
		Handler: named(w, handler), ConnState: httpState, TLSConfig: secure, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	remoteapp.Configure(srv)
	f = &frontEnd{
		name: "remoteapp", protocol: "remote app", secret: true, l: l,
		srv: &bridge.Server{Handle: conns.serve, Allow: set.allow, MaxConns: set.maxConns, MaxPerHost: set.maxPerClient, Logger: log},
		change: func(s *settings, r *layout.Registry) {
			if s.remoteAddr == "" { // a restart is needed for that
				return
			}
			if err := handler.Change(s.remoteApp(r)); err != nil { // they were looked at when they were read
				log.Error("settings of remote app sessions stay as they are", "error", err)
			}
		},
		before: handler.Shutdown,
	}
	w.server(f.name, f.srv)
	if secure != nil {
		go srv.ServeTLS(conns, "", "")
	} else {
		go srv.Serve(conns)
	}
	return f, func() {
		srv.Close()
		conns.end()
	}, nil
}

// named tells a handler's store who asks.
func named(w *watched, h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = cmp.Or(r.RemoteAddr, "unknown")
		}
		h.ServeHTTP(rw, r.WithContext(w.named(r.Context(), host)))
	})
}
