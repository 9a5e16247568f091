// Package client lets Go programs join the sessions of an ASP.NET site: as a client of the bridge's HTTP API, and as
// middleware for net/http over any session.Store.
//
// A [Client] is a session.Store whose sessions another machine's bridge keeps. [Rows] are the rows of that bridge, for those
// who move sessions. [Sessions] give the handlers of a web server the session of the browser that asks: that of the site's
// .NET pages, by the same cookie and under the same lock.
//
//	store, err := client.New("https://bridge.internal:8443", client.Options{Key: key})
//	…
//	shop := &client.Sessions{Store: store, App: "shop"}
//	http.Handle("/cart/", shop.HandlerFunc(func(w http.ResponseWriter, r *http.Request, s *client.Session) error {
//		name, signedIn, err := client.Lookup[string](r.Context(), "UserName")
//		…
//		return s.Set(r.Context(), "Visits", visits+1)
//	}))
//
// The store may as well be the site's SQL Server, without a bridge: a table of package compat, seen through
// layout.Respelled.
//
// # What the middleware does
//
// It does nothing until the handler asks. The first look reads the session without a lock. The first change locks it, waits
// for it if need be, and reads it anew; from then on no other request, be it of a .NET page, can change it. When the handler
// has returned, what changed is written and the lock given back, and then the response leaves: a browser that has it finds
// what was written. All items that were not set keep their bytes, be they of classes that no Go program knows.
//
// What was read before the lock was had may have changed by then. Whoever then writes would overwrite what he has not seen, so
// the change is refused with [ErrChanged]: the session is locked and read anew by then, and the handler begins again, from
// what it reads now. [Sessions.HandlerFunc] sees to that. Those who lock before they read ([Session.Lock], [Update], [Change])
// are never told.
//
// A lock is given back, and the changes are dropped, where the handler panics, the client has gone away, a HandlerFunc returns
// an error, or by [Session.Discard]. A status alone drops nothing: what was set is saved behind a 500 as well. A lock that is
// older than the site's executionTimeout is broken, as ASP.NET does it; who had it finds at the end that he has lost it: his
// response is then a 409 if nothing of it has been sent, and nothing is overwritten.
//
// Rules: remote-session-protocol.md 12 (ids, cookie), state-server-protocol.md 10 (order of calls, polling, broken locks).
package client
