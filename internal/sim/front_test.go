package sim

import (
	"context"
	"net"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/bridge/tds"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

const appID = "/LM/W3SVC/1/ROOT"

// apps is what fronts know of applications.
var apps = func() *layout.Registry {
	r, err := layout.NewRegistry(layout.Application{Name: app, AppIDs: []string{appID}})
	if err != nil {
		panic(err)
	}
	return r
}()

// stateServer serves a store over the State Server's protocol.
func (l *life) stateServer(s session.Store) *port {
	f := &stateserver.Front{Store: s, Settings: stateserver.Settings{Registry: apps}, Named: withErrand}
	return l.serve(f.Serve)
}

// sqlServer serves a store over SQL Server's.
func (l *life) sqlServer(s session.Store) *port {
	enter := func(user, password string) bool { return user == sqlUser && password == sqlPassword }
	f := &tds.Front{Store: s, Settings: tds.Settings{Registry: apps, Login: enter}, Named: withErrand}
	return l.serve(f.Serve)
}

const sqlUser, sqlPassword = "web", "s3cret"

func (l *life) serve(handle func(*bridge.Conn)) *port {
	p := l.listen()
	go (&bridge.Server{Handle: handle}).Serve(p)
	return p
}

// overWire is a node's way to a front.
type overWire struct{ *stateserver.Client }

// client is of the front whose port it is; nil: there is none at the moment.
func (l *life) client(at func() *port) overWire {
	return overWire{stateserver.NewClient("bridge:42424", stateserver.ClientOptions{
		Timeout: 30 * time.Second,
		Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			if p := at(); p != nil {
				return p.dial(ctx, l)
			}
			return nil, errFailed
		},
	})}
}

func spelled(k session.Key) session.Key {
	p := layout.StateServerPath{AppID: appID, Hash: layout.StateServerHash(appID), ID: k.ID}
	return session.Key{ID: p.String()}
}

func (o overWire) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return o.Client.Get(ctx, spelled(k))
}

func (o overWire) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return o.Client.GetExclusive(ctx, spelled(k))
}

func (o overWire) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	return o.Client.SetAndRelease(ctx, spelled(k), v, cond)
}

func (o overWire) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return o.Client.ReleaseExclusive(ctx, spelled(k), cookie)
}

func (o overWire) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	return o.Client.Remove(ctx, spelled(k), cond)
}

func (o overWire) ResetTimeout(ctx context.Context, k session.Key) error {
	return o.Client.ResetTimeout(ctx, spelled(k))
}

func (o overWire) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	return o.Client.CreateUninitialized(ctx, spelled(k), v)
}
