package cli

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/bridge/remoteapp"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/bridge/tds"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session/memstore"
)

// settings are those of a bridge.
type settings struct {
	fixed
	apps         []layout.Application
	allow        []netip.Prefix
	maxConns     int
	maxPerClient int
	maxBody      int
	park         time.Duration
	parkLimit    int
	logins       *logins                 // of the TDS front
	owners       []string                // those of them that migrate
	httpKeys     []httpapi.Key           // of the HTTP API
	remoteApps   []remoteapp.App         // what ASP.NET Core applications are served
	pageLogins   *logins                 // of the page; nil: none
	databases    map[string]tds.Database // what is said of its databases
}

// The words of --tds-encrypt.
const (
	encryptOptional = "optional"
	encryptRequired = "required"
	encryptOff      = "off"
)

// fixed are the settings that a running bridge cannot change.
type fixed struct {
	stateserver, metrics    string
	http, httpCert          string
	httpCertKey             string
	remoteAddr, remoteCert  string
	remoteCertKey           string
	page, pageCert, pageKey string
	control                 string
	tds, cert, key          string
	encrypt                 string
	oldTLS                  bool
	store                   string
	to, table, zone, idRule string
	old, checkpoint         string
	from                    [4]string // layout, table, zone and id rule of the old store
	shadow                  float64   // percent
	sync                    memstore.Policy
	renew                   time.Duration
	maxMemory               int64
	drain                   time.Duration
	json                    bool
}

func readSettings(c *cli.Context) (*settings, error) {
	if err := noArguments(c); err != nil {
		return nil, err
	}
	if c.String("stateserver") == "" && c.String("tds") == "" && c.String("http") == "" && c.String("remote-app") == "" {
		return nil, usage("--stateserver 127.0.0.1:42424, --tds 127.0.0.1:1433 or --http 127.0.0.1:8080", "there is nothing to listen on")
	}
	if c.Duration("park") < 0 || c.Int("park-limit") < 1 {
		return nil, usage("--park 0 lets nobody wait", "--park and --park-limit: neither can be less than nothing")
	}
	for _, name := range []string{"max-memory", "max-connections", "max-connections-per-client", "drain", "renew"} {
		if c.Int64(name) < 0 || c.Duration(name) < 0 {
			return nil, usage("", "--%s cannot be less than nothing", name)
		}
	}
	if c.String("old") == "" {
		for _, name := range []string{"from", "from-table", "from-zone", "from-ids", "checkpoint", "shadow"} {
			if c.IsSet(name) {
				return nil, usage("--old DSN", "--%s is of no use without --old", name)
			}
		}
	}
	if p := c.Float64("shadow"); !(p >= 0 && p <= 100) {
		return nil, usage("", "--shadow: %v is not of a hundred", p)
	}
	if c.Int("max-body") < 1 {
		return nil, usage("", "--max-body: sessions have at least one byte")
	}
	if l := c.String("log"); l != "text" && l != "json" {
		return nil, usage("", "--log %q is neither text nor json", l)
	}
	switch c.String("tds-encrypt") {
	case encryptOptional, encryptRequired, encryptOff:
	default:
		return nil, usage("", "--tds-encrypt %q is none of optional, required, off", c.String("tds-encrypt"))
	}
	if (c.String("tds-cert") == "") != (c.String("tds-key") == "") {
		return nil, usage("", "--tds-cert and --tds-key: one is of no use without the other")
	}
	logins, err := parseLogins("tds-login", c.StringSlice("tds-login"))
	if err != nil {
		return nil, err
	}
	for _, front := range []string{"http", "remote-app"} {
		if (c.String(front+"-cert") == "") != (c.String(front+"-cert-key") == "") {
			return nil, usage("", "--%s-cert and --%s-cert-key: one is of no use without the other", front, front)
		}
	}
	httpKeys, err := httpKeysOf(c)
	if err != nil {
		return nil, err
	}
	remoteApps, err := remoteAppsOf(c)
	if err != nil {
		return nil, err
	}
	pageLogins, err := pageLoginsOf(c)
	if err != nil {
		return nil, err
	}
	if c.String("tds") != "" && len(logins.users) == 0 {
		return nil, usage("--tds-login web=PASSWORD", "--tds: nobody could log in")
	}
	owners := c.StringSlice("tds-owner")
	for _, o := range owners {
		if logins.users[o] == nil {
			return nil, usage("--tds-login "+o+"=PASSWORD", "--tds-owner: there is no login %q", o)
		}
	}
	policy, err := memstore.ParsePolicy(c.String("sync"))
	if err != nil {
		return nil, usage("", "--sync: %v", err)
	}
	allow, err := networks(c.StringSlice("allow"))
	if err != nil {
		return nil, err
	}
	apps, chosen, err := appsFlag(c)
	if err != nil {
		return nil, err
	}
	if len(chosen) > 0 { // here nothing is chosen: applications are made known
		return nil, usage("--app "+chosen[0]+"=APPID[,APPID…]", "--app %s: it has no application id", chosen[0])
	}
	if err := compressedApps(c, apps); err != nil {
		return nil, err
	}
	databases, err := parseDatabases(c.StringSlice("tds-database"), apps)
	if err != nil {
		return nil, err
	}
	return &settings{
		fixed: fixed{
			tds: c.String("tds"), cert: c.String("tds-cert"), key: c.String("tds-key"), encrypt: c.String("tds-encrypt"),
			oldTLS: c.Bool("tds-old-tls"),
			http:   c.String("http"), httpCert: c.String("http-cert"), httpCertKey: c.String("http-cert-key"),
			remoteAddr: c.String("remote-app"), remoteCert: c.String("remote-app-cert"), remoteCertKey: c.String("remote-app-cert-key"),
			page: c.String("page"), pageCert: c.String("page-cert"), pageKey: c.String("page-key"),
			stateserver: c.String("stateserver"), metrics: c.String("metrics"), control: c.String("control"), store: c.String("store"),
			to: c.String("to"), table: c.String("to-table"), zone: c.String("to-zone"), idRule: c.String("to-ids"),
			old: c.String("old"), checkpoint: c.String("checkpoint"), shadow: c.Float64("shadow"),
			from: [4]string{c.String("from"), c.String("from-table"), c.String("from-zone"), c.String("from-ids")},
			sync: policy, renew: c.Duration("renew"), maxMemory: c.Int64("max-memory"), drain: c.Duration("drain"), json: c.String("log") == "json",
		},
		apps: apps, allow: allow, maxConns: c.Int("max-connections"), maxPerClient: c.Int("max-connections-per-client"),
		maxBody: c.Int("max-body"), park: c.Duration("park"), parkLimit: c.Int("park-limit"),
		logins: logins, owners: owners, databases: databases, pageLogins: pageLogins,
		httpKeys: httpKeys, remoteApps: remoteApps,
	}, nil
}

// pageLoginsOf reads what is about the page; nil: nobody logs in.
func pageLoginsOf(c *cli.Context) (*logins, error) {
	if c.String("page") == "" {
		for _, name := range []string{"page-login", "page-cert", "page-key"} {
			if c.IsSet(name) {
				return nil, usage("--page 127.0.0.1:9243", "--%s is of no use without --page", name)
			}
		}
	}
	if (c.String("page-cert") == "") != (c.String("page-key") == "") {
		return nil, usage("", "--page-cert and --page-key: one is of no use without the other")
	}
	texts := c.StringSlice("page-login")
	if len(texts) == 0 {
		return nil, nil
	}
	return parseLogins("page-login", texts)
}

func (s *settings) logger(w io.Writer) *slog.Logger {
	if s.json {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

func (s *settings) stateServer(r *layout.Registry) stateserver.Settings {
	return stateserver.Settings{Registry: r, Park: s.park, MaxBody: s.maxBody}
}

func (s *settings) sql(r *layout.Registry) tds.Settings {
	return tds.Settings{
		Registry: r, Park: s.park, MaxItem: s.maxBody, Login: s.logins.allows, Databases: s.databases,
		Owner: func(user string) bool { return slices.Contains(s.owners, user) },
	}
}

// parseDatabases reads --tds-database: NAME=LAYOUT, or NAME=LAYOUT:APPLICATION for ids that end with none.
func parseDatabases(texts []string, apps []layout.Application) (map[string]tds.Database, error) {
	all := map[string]tds.Database{}
	for _, t := range texts {
		name, of, _ := strings.Cut(t, "=")
		named, app, _ := strings.Cut(of, ":")
		l, err := layout.ByName(named)
		if err != nil || name == "" || !tds.Emulates(l) {
			return nil, usage("--tds-database Shop=v1.1", "--tds-database %q: NAME=LAYOUT is wanted, of a layout whose provider the front answers", t)
		}
		if app != "" && !slices.ContainsFunc(apps, func(a layout.Application) bool { return a.Name == app }) {
			return nil, usage("--app "+app+"=APPID", "--tds-database %q: there is no application %q", t, app)
		}
		if app != "" && !l.Spells(layout.RuleRaw) {
			return nil, usage("", "--tds-database %q: an application is for ids without one, which only %s has", t, layout.SQLInMemory)
		}
		if _, twice := all[strings.ToLower(name)]; twice {
			return nil, usage("", "--tds-database: %q is named twice", name)
		}
		all[strings.ToLower(name)] = tds.Database{Layout: l, App: app}
	}
	return all, nil
}

// networks reads --allow; nil where it is not given. A single address is a network of one.
func networks(texts []string) (nets []netip.Prefix, err error) {
	for _, t := range texts {
		p, err := netip.ParsePrefix(t)
		if a, addrErr := netip.ParseAddr(t); err != nil && addrErr == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if a := p.Addr(); err == nil && a.Is4In6() { // clients are known by the address that is meant
			if p, err = a.Unmap().Prefix(p.Bits() - 96); err != nil {
				err = fmt.Errorf("--allow %q: %w", t, err)
			}
		}
		if err != nil {
			return nil, usage("a network such as 10.1.0.0/16, or an address", "--allow %q: it is neither", t)
		}
		nets = append(nets, p.Masked())
	}
	return nets, nil
}

// warnOfNetworks tells who could reach every session, where the protocol has no password.
func warnOfNetworks(log *slog.Logger, f *frontEnd, allow []netip.Prefix) {
	tcp, ok := f.l.Addr().(*net.TCPAddr)
	open := ok && !tcp.IP.IsLoopback()
	for _, p := range allow {
		if !p.Addr().IsLoopback() && open && !f.secret {
			log.Warn("who can connect from there can read and change every session: the State Server protocol has neither password nor encryption", "network", p)
		}
	}
	if open && allow == nil {
		log.Warn("the address can be reached from other machines, but only this one is served; --allow NETWORK lets others in")
	}
}
