// Package remoteapp is the server side of the remote app session of dotnet/systemweb-adapters, protocol version 1: ASP.NET Core
// applications that use the System.Web adapters read and write the sessions of any [session.Store] over HTTP, unmodified. Only
// their RemoteAppUrl and ApiKey point here. Sections in comments are those of remote-session-protocol.md.
//
// # What it promises
//
// The exclusive lock of a session is held as long as the client's request to the Core application runs, and no longer: it is
// given back when the client commits or goes away, when its time is up, and when the bridge stops. A client that is gone
// without a word is noticed: see Configure, App.MaxHold and Options.StealAfter. A commit that was answered with success is in the store.
// One whose lock was lost meanwhile, or that cannot be carried out as a whole, changes nothing and is refused.
//
// A commit is merged into the session: what the client did not change keeps its stored bytes, and what it does not know of
// stays as it is. The stock server replaces the whole session, and loses what the client has no type for.
//
// # What it does not do
//
// Only the instance that holds a session's lock for a writable GET can take the PUT that belongs to it; any other answers 400,
// and nothing is stored. It could learn the lock's cookie from a store that both share. But the PUT names nothing but the
// session, so that a late one would be written under the lock of somebody else; and what the client was sent, without which a
// key that is missing cannot be told from one that was hidden, is known to the first instance alone. Behind a balancer,
// route by the cookie, or let clients use one connection (https), where the question does not arise.
//
// Version 2 of the payload, of a branch that was never released, is refused like any unknown version: see ErrVersion.
package remoteapp
