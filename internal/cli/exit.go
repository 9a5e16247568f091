package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/control"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
	"github.com/aspstate/aspstate/session/memstore"
)

// Exit codes; docs/exit-codes.md is the table for users.
const (
	exitDone        = 0
	exitFailed      = 1   // failed, not found
	exitUsage       = 2   // wrong usage
	exitMalformed   = 3   // malformed data
	exitDifferent   = 4   // a verification found differences
	exitRefused     = 5   // preflight, or doubt that needs a person
	exitUnreachable = 6   // cannot connect, read, or not allowed
	exitInterrupted = 130 // by a signal
)

// failure is an error with an exit code and, perhaps, a hint. silent ones have been told already.
type failure struct {
	code   int
	err    error
	hint   string
	silent bool
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage is wrong usage, with a hint (may be empty).
func usage(hint, format string, a ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, a...), hint: hint}
}

// exitCode is the one place that turns an error into an exit code and a hint.
func exitCode(err error) (code int, hint string) {
	var (
		f         *failure
		refused   *copier.RefusedError
		state     *copier.StateError
		malformed *aspnetser.MalformedError
		limit     *aspnetser.LimitError
		inUse     *memstore.InUseError
		foreign   *control.ForeignError
		answered  *control.InUseError
		phase     *cutover.RefusedError
	)
	switch {
	case err == nil:
		return exitDone, ""
	case errors.As(err, &f):
		return f.code, f.hint
	case errors.Is(err, context.Canceled):
		return exitInterrupted, ""
	case errors.As(err, &refused):
		return exitRefused, refused.Checks[0].Remedy
	case errors.As(err, &phase):
		return exitRefused, phase.Remedy
	case errors.Is(err, cutover.ErrNoLease):
		return exitUnreachable, "the store in which the bridges agree has not answered in time"
	case errors.As(err, &state):
		return exitRefused, state.Hint
	case errors.Is(err, copier.ErrSameTable):
		return exitUsage, "to spell the ids of one table anew, name another rule with --to-ids"
	case errors.Is(err, copier.ErrRemoveOld), errors.Is(err, copier.ErrFollowRemoveOld):
		return exitUsage, ""
	case errors.Is(err, copier.ErrDifferent):
		return exitDifferent, "the notices name some; the source leads, and the next run goes on"
	case errors.As(err, &malformed):
		return exitMalformed, ""
	case errors.As(err, &limit):
		return exitMalformed, ""
	case errors.Is(err, session.ErrNotFound):
		return exitFailed, ""
	case errors.As(err, &inUse):
		return exitUnreachable, "one process owns an embedded store: stop the other one, or let it serve this one"
	case errors.Is(err, copier.ErrStateInUse):
		return exitUnreachable, "another run of the same copy is under way"
	case errors.As(err, &foreign):
		return exitUnreachable, "remove it, or name another place with --control PATH"
	case errors.As(err, &answered):
		return exitUnreachable, "name another place with --control PATH"
	case errors.Is(err, sandbox.ErrNotSandbox):
		return exitUnreachable, "choose another directory with --sandbox DIR"
	}
	if code, hint, ok := serverExit(err); ok {
		return code, hint
	}
	switch {
	case errors.Is(err, memstore.ErrFormat), errors.Is(err, memstore.ErrDamaged), isPathError(err):
		return exitUnreachable, ""
	}
	return exitFailed, ""
}

func isPathError(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p)
}

// tell writes an error for people: one line, and a line for the hint.
func tell(w io.Writer, err error) {
	var f *failure
	if errors.As(err, &f) && f.silent {
		return
	}
	_, hint := exitCode(err)
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(w, "aspstate: interrupted")
		return
	}
	fmt.Fprintf(w, "aspstate: %s\n", oneLine(err))
	if hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
}
