package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/session"
)

// node plays a web server of the .NET Framework site: what System.Web does with the session around a page, over the protocol of
// its provider (state-server-protocol.md 10.1).
type node struct {
	store session.Store // a State Server, or the provider's table
	app   string
	under func(cookie int32) session.Condition // session.IfFree at a State Server, session.IfCookie in a table
	form  aspnetser.Form                       // compressionEnabled of its web.config
	poll  time.Duration                        // how often it asks for a locked session; 0: 500 ms as ASP.NET
}

// page runs a page with the session locked. An error of do is an unhandled exception: what it has changed is dropped. The
// session of an id that has none is made first.
func (n *node) page(ctx context.Context, id string, do func(*aspnetser.Collection) error) error {
	k := session.Key{App: n.app, ID: id}
	item, err := n.patiently(ctx, k, n.store.GetExclusive)
	for errors.Is(err, session.ErrNotFound) {
		if err := n.create(ctx, k); err != nil && !errors.Is(err, session.ErrExists) {
			return err
		}
		item, err = n.patiently(ctx, k, n.store.GetExclusive)
	}
	if err != nil {
		return err
	}
	c, err := aspnetser.Open(item.Payload, aspnetser.Options{})
	if err == nil {
		err = do(c)
	}
	if err != nil {
		return errors.Join(err, n.store.ReleaseExclusive(ctx, k, item.Cookie))
	}
	blob, err := n.blob(c)
	if err != nil {
		return errors.Join(err, n.store.ReleaseExclusive(ctx, k, item.Cookie))
	}
	return n.store.SetAndRelease(ctx, k, session.Value{Payload: blob, Timeout: c.Timeout}, n.under(item.Cookie))
}

// look runs a page with EnableSessionState="ReadOnly". A session that is not there is an empty one.
func (n *node) look(ctx context.Context, id string, do func(*aspnetser.Collection) error) error {
	item, err := n.patiently(ctx, session.Key{App: n.app, ID: id}, n.store.Get)
	if errors.Is(err, session.ErrNotFound) {
		return do(&aspnetser.Collection{Timeout: timeout})
	}
	if err != nil {
		return err
	}
	c, err := aspnetser.Open(item.Payload, aspnetser.Options{})
	if err != nil {
		return err
	}
	return do(c)
}

// timeout of new sessions, in minutes.
const timeout = 20

func (n *node) create(ctx context.Context, k session.Key) error {
	blob, err := n.blob(&aspnetser.Collection{Timeout: timeout})
	if err != nil {
		return err
	}
	return n.store.CreateUninitialized(ctx, k, session.Value{Payload: blob, Timeout: timeout})
}

func (n *node) blob(c *aspnetser.Collection) ([]byte, error) {
	c.Form = n.form
	return c.Append(nil)
}

// patiently asks until nobody has the session locked. The bridge's fronts park those who ask, so that most ask once.
func (n *node) patiently(ctx context.Context, k session.Key, ask func(context.Context, session.Key) (session.Item, error)) (session.Item, error) {
	poll := n.poll
	if poll == 0 {
		poll = 500 * time.Millisecond
	}
	for {
		item, err := ask(ctx, k)
		var held *session.LockedError
		if !errors.As(err, &held) {
			return item, err
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return item, fmt.Errorf("waiting for session %v: %w", k, ctx.Err())
		}
	}
}
