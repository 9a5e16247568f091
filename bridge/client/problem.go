package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/aspstate/aspstate/session"
)

// ProblemError is an answer of the bridge that is none of the outcomes of a session.Store.
type ProblemError struct {
	Status int
	Name   string // of the type urn:aspstate:problem:NAME; empty: it does not come from a bridge
	Title  string
	Detail string
}

func (e *ProblemError) Error() string {
	switch {
	case e.Name == "":
		return fmt.Sprintf("the server answers with status %d, and not as a bridge does", e.Status)
	case e.Detail == "":
		return fmt.Sprintf("the bridge refuses: %s (%d %s)", e.Title, e.Status, e.Name)
	}
	return fmt.Sprintf("the bridge refuses: %s (%d %s): %s", e.Title, e.Status, e.Name, e.Detail)
}

// Is says that nothing was done and the same would be refused again, where the bridge says so.
func (e *ProblemError) Is(target error) bool {
	return target == session.ErrRefused && e.Name == "store-refused"
}

// heldError is a *session.LockedError with the age that the bridge tells, by a clock that need not be ours.
type heldError struct {
	*session.LockedError
	age time.Duration
}

func (e *heldError) Unwrap() error          { return e.LockedError }
func (e *heldError) LockAge() time.Duration { return e.age }

// staleError is what the bridge says of a lock that is not the client's any more. A release is told so, too, when somebody
// else has the lock: to the contract that is a *LockedError.
type staleError struct{ held *heldError } // nil: nobody has it

func (e *staleError) Error() string {
	if e.held == nil {
		return session.ErrStaleCookie.Error()
	}
	return fmt.Sprintf("%v: locked by somebody else for %v", session.ErrStaleCookie, e.held.age)
}

func (e *staleError) Unwrap() error { return session.ErrStaleCookie }

const (
	problemType = "urn:aspstate:problem:"
	maxProblem  = 16 << 10 // bytes of one
)

// readProblem turns an answer that is no success into an error.
func readProblem(resp *http.Response) error {
	var p struct {
		Type, Title, Detail string
		LockCookie          *int32
		LockAgeSeconds      float64
		LockSince           string
		Uninitialized       bool
	}
	e := &ProblemError{Status: resp.StatusCode}
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil || media != "application/problem+json" || json.Unmarshal(b, &p) != nil {
		return e
	}
	name, ours := strings.CutPrefix(p.Type, problemType)
	if !ours {
		return e
	}
	e.Name, e.Title, e.Detail = name, p.Title, p.Detail
	var held *heldError
	if p.LockCookie != nil {
		since, ok := readInstant(p.LockSince)
		age := time.Duration(p.LockAgeSeconds * float64(time.Second))
		if !ok || !(math.Abs(p.LockAgeSeconds) < math.MaxInt64/float64(2*time.Second)) {
			return errors.Join(e, errAnswer)
		}
		held = &heldError{&session.LockedError{Cookie: *p.LockCookie, Since: since, Uninitialized: p.Uninitialized}, age}
	}
	switch name {
	case "session-not-found":
		return session.ErrNotFound
	case "session-exists":
		return session.ErrExists
	case "lock-stale":
		return &staleError{held}
	case "session-locked":
		if held != nil {
			return held
		}
	}
	return e
}

var errAnswer = errors.New("that is no answer of a bridge")

// readInstant reads a moment as session.Instant.String writes it.
func readInstant(text string) (session.Instant, bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	return session.At(t), err == nil
}
