// Package session holds the nouns of ASP.NET session state and the contract of whatever keeps a session.
//
// A [Record] is one session: its [Key], an opaque payload, and the bookkeeping that ASP.NET's providers keep beside it
// (timeout, expiry, lock, lock cookie, uninitialized flag). A [Store] keeps records and answers the seven verbs of
// ASP.NET's session-state providers. What else a store can do (look without touching, list, write rows as they are,
// wait for a lock) is an ability of its own: a small interface beside Store, asked for by type assertion when things are
// put together.
//
// The package does not read payloads, does not know how a database or a protocol spells an id, and imports nothing but
// the standard library. The rules come from the effects of ASP.NET's own providers (the SQL Server procedures of
// aspnet_regsql and of the async provider) and of the State Server; where those differ, the difference is named in
// package storetest (Rules) and every store declares which side it is on.
package session

import "strings"

// Key names one session within a store.
//
// A store of ours keeps the application and the raw id apart. A table of SQL Server knows one spelled id only: in its
// keys App is empty and ID is the SessionId column, suffix and all. Keys are compared byte for byte unless a store
// declares otherwise (a table under a case-insensitive collation).
type Key struct {
	App string // application name; empty where the store has spelled ids
	ID  string // raw session id (what the cookie carries), or the spelled id
}

// String shows the key with the id masked: a session id is a credential and must not reach logs or errors whole.
func (k Key) String() string {
	if k.App == "" {
		return Mask(k.ID)
	}
	return k.App + "/" + Mask(k.ID)
}

// Mask shortens a session id to its first four characters, for people's eyes.
func Mask(id string) string {
	const shown = 4
	if len(id) <= shown {
		return strings.Repeat("*", len(id))
	}
	return id[:shown] + "…"
}

// Flags are the flag bits of a session row. No bit but Uninitialized is in use.
type Flags int32

// Uninitialized marks a row that was made before its session was started (column Flags bit 0x1, ExtraFlags of the State
// Server). Whoever reads it first is told, so that Session_Start fires, and the read clears the mark.
const Uninitialized Flags = 1

// Lock is the state of a session's lock.
type Lock struct {
	Locked bool
	Cookie int32   // number of the last lock handed out; rises by one at each (column LockCookie)
	Since  Instant // moment of the last successful exclusive read; the moment of creation before the first (LockDate)
}

// Record is one session as a store keeps it.
type Record struct {
	Key      Key
	Payload  []byte // opaque; nobody who handles a Record may change the bytes
	Timeout  int32  // minutes, as of the last write
	Created  Instant
	Expires  Instant
	Flags    Flags
	Lock     Lock
	Revision uint64 // rises at every payload write in our own stores; 0 in stores that have no such thing
}

// Fence returns the record's fence.
func (r *Record) Fence() Fence {
	return Fence{
		Revision: r.Revision, Created: r.Created, LockCookie: r.Lock.Cookie, Locked: r.Lock.Locked,
		LockDate: r.Lock.Since, Expires: r.Expires, Timeout: r.Timeout, Flags: r.Flags,
	}
}

// Fence is what tells two states of one row apart without looking at the payload: an unchanged fence means an unchanged
// payload, except where an application allows concurrent requests per session (only Expires moves then, by whole
// 1/300 s ticks) and in stores without Revision. Fences are compared with ==.
type Fence struct {
	Revision   uint64
	Created    Instant
	LockCookie int32
	Locked     bool
	LockDate   Instant
	Expires    Instant
	Timeout    int32
	Flags      Flags
}
