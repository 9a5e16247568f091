package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
	"github.com/aspstate/aspstate/session/memstore"
)

// How often expired sessions are looked for: in an embedded store as Microsoft's State Server does it, in a table as the
// purge jobs do (sql-layouts.md 12).
const (
	sweepEvery      = 20 * time.Second
	sweepTableEvery = time.Minute
	sweepAtOnce     = 500
)

// served is the store of a bridge.
type served struct {
	session.Store
	registry *layout.Registry
	sweeper  session.Sweeper // of a store that does not sweep itself; nil: it does
	sessions int64
	title    string

	embedded  *memstore.Store // nil: a table
	maxMemory int64
	end       copier.End                                        // as a target of copies; none of a State Server
	rule      layout.IDRule                                     // by which its ids are spelled
	control   func(context.Context) (session.Controller, error) // of a table: where bridges agree
	old       *served                                           // nil: it is served alone
	young     *served                                           // beside it
	cutover   *cutover.Store                                    // of both
	probe     session.Key                                       // of a session that does not exist
	rows      session.Scanner                                   // of a table, for the page; nil: nobody asks, or there are none
	// again makes the registry of other settings, where the store allows that.
	again func(*settings) (*layout.Registry, error)
}

// probeID is no id that ASP.NET makes.
const probeID = "aspstate-readiness-probe"

// seat is one of the stores of a bridge, with the flags that are about it.
type seat struct {
	flag string // that names it
	side string // of the flags of its layout, table and ids
	dsn  string
}

// served opens the store that --store names. Its keys are applications and raw ids.
func (s *stores) served(log *slog.Logger, set *settings) (*served, error) {
	return s.seated(log, set, seat{"--store", "to", set.store})
}

// servedOld opens the store that --old names: the one that is left for the other.
func (s *stores) servedOld(log *slog.Logger, set *settings) (*served, error) {
	at := seat{"--old", "from", set.old}
	if dir, embedded := strings.CutPrefix(at.dsn, embeddedScheme); embedded && dir != "" {
		if _, err := os.Stat(dir); err != nil { // an empty one would be made, and every session be missing
			return nil, fmt.Errorf("--old: %w", err)
		}
	}
	return s.seated(log, set, at)
}

func (s *stores) seated(log *slog.Logger, set *settings, at seat) (*served, error) {
	switch {
	case at.dsn == "" || strings.HasPrefix(at.dsn, embeddedScheme):
		return s.servedEmbedded(log, set, at)
	case strings.HasPrefix(at.dsn, stateServerScheme):
		if s.c.IsSet("renew") && at.side == "to" {
			return nil, usage("leave --renew out", "--renew: a State Server writes renewals as it does for every client")
		}
		return s.servedStateServer(set, at)
	}
	if s.c.IsSet("renew") { // not by itself: without it the table is written as its provider does
		s.renew = set.renew
	}
	return s.servedTable(log, set, at)
}

const embeddedScheme = "embedded:"

func (s *stores) servedEmbedded(log *slog.Logger, set *settings, at seat) (*served, error) {
	again := func(set *settings) (*layout.Registry, error) { return s.registry(set.apps) }
	reg, err := again(set)
	if err != nil {
		return nil, err
	}
	o := memstore.Options{Now: clock, Logger: log, SweepEvery: sweepEvery, MaxBytes: set.maxMemory, Sync: set.sync, RenewStep: set.renew}
	var store *memstore.Store
	title := "memory"
	switch dir := strings.TrimPrefix(at.dsn, embeddedScheme); {
	case at.dsn == "":
		log.Warn("sessions are in memory alone and gone when the program stops; --store embedded:DIR keeps them")
		store = memstore.New(o)
	case dir == "":
		return nil, usage(at.flag+" embedded:DIR", "%s: a DSN without a directory", at.flag)
	default:
		title = at.dsn + ", sync " + set.sync.String()
		if store, err = memstore.Open(dir, o); err != nil {
			return nil, err
		}
	}
	s.closers = append(s.closers, store)
	n, err := store.Count(s.c.Context)
	if err != nil {
		return nil, err
	}
	end, err := nativeEnd(store, reg)
	return &served{
		Store: store, registry: reg, sessions: n, title: title, embedded: store, maxMemory: set.maxMemory, end: end, rule: layout.RuleNative,
		probe: session.Key{ID: probeID}, again: again,
	}, err
}

// nativeEnd is an embedded store as an end of a copy.
func nativeEnd(s *memstore.Store, reg *layout.Registry) (e copier.End, err error) {
	if e.Layout, err = layout.ByName(layout.Embedded); err != nil {
		return e, err
	}
	e.Identity = s.Identity()
	e.Spelling, err = layout.NewSpelling(reg, layout.RuleNative)
	return e, err
}

// servedTable opens a table of SQL Server, whose other clients keep using it meanwhile.
func (s *stores) servedTable(log *slog.Logger, set *settings, at seat) (*served, error) {
	s.serving = true
	e, err := s.open(at.side, false)
	if err != nil {
		return nil, err
	}
	if !e.Layout.CookieRises {
		return nil, usage("migrate its sessions to another layout first", "%s: the locks of layout %s have no cookies of their own, which the State Server's clients rely on", at.flag, e.Layout.Name)
	}
	if err := s.spellByOne(e, at.side); err != nil {
		return nil, err
	}
	table := e.parts[0].table
	n, err := table.Count(s.c.Context)
	if err != nil {
		return nil, err
	}
	apps := e.Spelling.Registry.Applications()
	if len(apps) == 0 {
		return nil, usage("--app NAME=APPID[,APPID…]", "%s: sessions of a table belong to applications, and none is known", at.flag)
	}
	store, err := s.respelled(log, set, e, table)
	if err != nil {
		return nil, err
	}
	var rows session.Scanner
	if set.page != "" || set.http != "" || set.remoteAddr != "" { // a view of its own: what it leaves out is told of by the other
		if rows, err = layout.RespellRows(table, e.Spelling, e.rules[0], e.Layout.CaseInsensitiveIDs); err != nil {
			return nil, fmt.Errorf("opening %s: %w", e.Title, err)
		}
	}
	return &served{
		Store: store, rows: rows, control: func(ctx context.Context) (session.Controller, error) { return e.parts[0].server.OpenControl(ctx) },
		end: e.End, rule: e.rules[0], registry: e.Spelling.Registry, sweeper: table, sessions: n, title: e.Title + ", ids " + string(e.rules[0]),
		probe: session.Key{App: apps[0].Name, ID: probeID},
		again: sameApps(e.Spelling.Registry, set),
	}, nil
}

// respelled sees a table by applications and raw ids. Between two stores its rows have to be seen too; those that no request can find are
// told of.
func (s *stores) respelled(log *slog.Logger, set *settings, e *end, table *compat.Table) (session.Store, error) {
	if set.old == "" {
		return &layout.Respelled{Table: table, Spelling: e.Spelling, Rule: e.rules[0]}, nil
	}
	rows, err := layout.RespellRows(table, e.Spelling, e.rules[0], e.Layout.CaseInsensitiveIDs)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", e.Title, err)
	}
	var said bridge.Seldom
	rows.Skipped = func(k session.Key, p layout.Parsed, err error) {
		if err != nil {
			said.Warn(log, "a row stays where it is: whose it is nobody knows", "store", e.Title, "session", k.String(), "error", err)
			return
		}
		said.Warn(log, "a row stays where it is: its id is spelled by another rule than the store's", "store", e.Title, "app", p.Key.App, "session", k.String())
	}
	return rows, nil
}

const stateServerScheme = "stateserver://"

// servedStateServer passes everything on to another State Server: Microsoft's, or a bridge.
func (s *stores) servedStateServer(set *settings, at seat) (*served, error) {
	for _, flag := range []string{"", "-table", "-zone", "-ids"} {
		if s.c.IsSet(at.side + flag) {
			return nil, usage("leave --"+at.side+flag+" out", "--%s: a State Server has no tables", at.side+flag)
		}
	}
	addr := strings.TrimSuffix(strings.TrimPrefix(at.dsn, stateServerScheme), "/")
	if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || port == "" {
		return nil, usage(stateServerScheme+"HOST:42424", "%s: it names no host and port of a State Server", at.flag)
	}
	reg, err := s.registry(set.apps)
	if err != nil {
		return nil, err
	}
	sp, err := layout.NewSpelling(reg, layout.RuleStateServer)
	if err != nil {
		return nil, err
	}
	client := stateserver.NewClient(addr, stateserver.ClientOptions{MaxBody: set.maxBody})
	s.closers = append(s.closers, client)
	nowhere := layout.StateServerPath{AppID: "/LM/W3SVC/0/ROOT", Hash: layout.StateServerHash("/LM/W3SVC/0/ROOT"), ID: probeID}
	probe, err := (&layout.Registry{}).StateServerKey(layout.EscapeTarget(nowhere.String()))
	if err != nil {
		return nil, err
	}
	if _, err := client.Get(s.c.Context, session.Key{ID: nowhere.String()}); !errors.Is(err, session.ErrNotFound) {
		return nil, &failure{code: exitUnreachable, err: fmt.Errorf("asking the State Server at %s: %w", addr, err)}
	}
	return &served{
		Store:    &layout.Respelled{Table: client, Spelling: sp, Rule: layout.RuleStateServer},
		registry: reg, title: stateServerScheme + addr, probe: probe, again: sameApps(reg, set),
	}, nil
}

// sameApps refuses other applications than those that a store's ids are spelled by.
func sameApps(reg *layout.Registry, set *settings) func(*settings) (*layout.Registry, error) {
	return func(fresh *settings) (*layout.Registry, error) {
		if !slices.EqualFunc(fresh.apps, set.apps, func(a, b layout.Application) bool {
			return a.Name == b.Name && slices.Equal(a.AppIDs, b.AppIDs)
		}) {
			return nil, errors.New("applications cannot be changed while this store is served: ids in it are spelled by them")
		}
		for i, a := range fresh.apps {
			if was := set.apps[i].Compressed; (a.Compressed == nil) != (was == nil) || was != nil && *a.Compressed != *was {
				return nil, fmt.Errorf("compressed cannot be changed while this store is served: application %s needs a restart for it", a.Name)
			}
		}
		return reg, nil
	}
}

// sweepNowAndThen removes expired sessions until the context ends. A purge job beside it does no harm, nor do other bridges.
func sweepNowAndThen(ctx context.Context, log *slog.Logger, s session.Sweeper) {
	for tick := time.NewTicker(sweepTableEvery); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n, err := sweepAtOnce, error(nil)
		for err == nil && n == sweepAtOnce {
			n, err = s.Sweep(ctx, sweepAtOnce)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("removing expired sessions failed; it is tried again", "error", err)
		}
	}
}
