package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// joinBridge makes the sessions of a bridge's application.
func joinBridge(base string, key client.APIKey, app string) (*client.Sessions, func() error, error) {
	bridge, err := client.New(base, client.Options{Key: key})
	if err != nil {
		return nil, nil, err
	}
	return &client.Sessions{Store: bridge, App: app}, bridge.Close, nil
}

// joinTable makes the sessions of an application in a SQL Server table, without a bridge. The rule is how the site's provider
// spells ids: layout.RuleAsync21 where it is the async provider 2.1, layout.RuleInbox where it is that of System.Web.
func joinTable(ctx context.Context, dsn compat.DSN, apps *layout.Registry, app string, rule layout.IDRule) (*client.Sessions, func() error, error) {
	server, err := compat.Connect(ctx, dsn, compat.ConnectOptions{App: "shop"})
	if err != nil {
		return nil, nil, err
	}
	table, err := openTable(ctx, server)
	if err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	store, err := respelled(table, apps, rule)
	if err != nil {
		return nil, nil, errors.Join(err, table.Close(), server.Close())
	}
	known, _ := apps.ByName(app)
	return &client.Sessions{Store: store, App: app, Compressed: known.Compressed}, func() error { return errors.Join(table.Close(), server.Close()) }, nil
}

func openTable(ctx context.Context, server *compat.Server) (*compat.Table, error) {
	held, err := server.Detect(ctx)
	if err != nil {
		return nil, err
	}
	found, err := held.Choose("", "")
	if err != nil {
		return nil, err
	}
	return server.Open(ctx, found, compat.Options{})
}

// respelled is a store of spelled ids, seen by application and the id of the cookie.
func respelled(table session.Store, apps *layout.Registry, rule layout.IDRule) (session.Store, error) {
	spelling, err := layout.NewSpelling(apps, rule)
	if err != nil {
		return nil, fmt.Errorf("spelling ids: %w", err)
	}
	return &layout.Respelled{Table: table, Spelling: spelling, Rule: rule}, nil
}

// stateNetworkTimeout of web.config is 10 s by itself. This node is in one process with all else, on a machine that may be busy.
const stateNetworkTimeout = 30 * time.Second

// stateServerNode is a node of the site with <sessionState mode="StateServer">.
func stateServerNode(addr string, apps *layout.Registry, app string) (*node, func() error, error) {
	c := stateserver.NewClient(addr, stateserver.ClientOptions{Timeout: stateNetworkTimeout})
	store, err := respelled(c, apps, layout.RuleStateServer)
	if err != nil {
		return nil, nil, errors.Join(err, c.Close())
	}
	return &node{store: store, app: app, under: session.IfFree}, c.Close, nil
}
