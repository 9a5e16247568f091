package client

import "errors"

// What a handler can be told.
var (
	// ErrNoSession: the context is not one of a request that came through Sessions.Handler or ReadOnly.
	ErrNoSession = errors.New("client: no session in this context")
	// ErrChanged: what this request has read of the session was changed by another one before the lock was had. The session is
	// locked now, and read anew: read again, and then write. Nothing was written.
	ErrChanged = errors.New("client: the session has changed since it was read")
	// ErrReadOnly: the handler was given a session that it must not change.
	ErrReadOnly = errors.New("client: the session is read-only here")
	// ErrTooLate: the session would be new, and the browser can be told its id no more, since the response has begun.
	ErrTooLate = errors.New("client: a new session after the response has begun")
	// ErrOver: the request is over, was hijacked, or has lost its session by a panic.
	ErrOver = errors.New("client: the request is over")
	// ErrGone: the client has gone away. The lock was given back, and what was changed was dropped.
	ErrGone = errors.New("client: the client of the request has gone away")
)
