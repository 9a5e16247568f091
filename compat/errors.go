package compat

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
)

// Class says what may be done after an error.
type Class int

const (
	// GiveUp: to do the same again would not help.
	GiveUp Class = iota
	// Again: it is certain that nothing was done, and the same may succeed a moment later. In a transaction that means
	// all of it, from its beginning.
	Again
	// Unknown: the statement, or the COMMIT, was sent, and its answer was lost. It may have been done.
	Unknown
)

func (c Class) String() string {
	switch c {
	case Again:
		return "again"
	case Unknown:
		return "unknown outcome"
	}
	return "give up"
}

// ErrUnknownOutcome matches an *OutcomeError.
var ErrUnknownOutcome = errors.New("compat: it is not known whether it was written")

// OutcomeError is an error of class Unknown after a write that must not be done twice: it may have been written.
type OutcomeError struct{ Err error }

func (e *OutcomeError) Error() string {
	return "it is not known whether it was written: " + e.Err.Error()
}
func (e *OutcomeError) Unwrap() error        { return e.Err }
func (e *OutcomeError) Is(target error) bool { return target == ErrUnknownOutcome }

// babelfishError is the number that Babelfish gives to every error of PostgreSQL that it has no number for.
const babelfishError = 33557097

// againNumbers are the errors of the server after which nothing was done and the same may succeed.
var againNumbers = []int32{
	// sql-layouts.md 11: conflicts. 3960 is the update conflict of SNAPSHOT; 601 and 7105 come from reading while pages move.
	1205, 1222, 3960, 601, 7105,
	// sql-layouts.md 11: of memory-optimized tables.
	41301, 41302, 41305, 41325, 41839,
	// sql-layouts.md 11: the database cannot be opened, which is what the providers meet during a failover. The others are
	// those of a database that is being recovered (921, 922, 4221) or of a replica of an availability group that is not yet
	// primary (976, 978, 983), of a server that starts or stops or upgrades (17142, 18401), and of short locks and worker
	// threads (1204, 3966, 10936).
	4060, 921, 922, 976, 978, 983, 4221, 17142, 18401, 1204, 3966, 10936,
	// Azure SQL, "Troubleshoot transient connection errors" and "Resource governance errors": the request was not admitted.
	10928, 10929, 40501, 40613, 49918, 49919, 49920,
}

// conflicts are those of againNumbers that another session causes and that end within milliseconds.
var conflicts = []int32{1205, 1222, 3960, 601, 7105, 41301, 41302, 41305, 41325, 41839}

// unknownNumbers are errors that end a connection while the server goes away: 6005 is its shutdown; 40197 and 40143 Azure
// SQL's "error processing your request", for a failover, which may strike between a COMMIT and its answer.
var unknownNumbers = []int32{6005, 40143, 40197}

// Classify says what may be done after an error of database/sql or the driver; err is not nil. Of joined errors the first
// counts: what follows it is what cleaning up met.
//
// It relies on these habits of go-mssqldb v1.11.2. A request that could not be sent whole is a RetryableError, which is
// a driver.ErrBadConn too (mssql.go, checkBadConn); the server runs nothing before it has the last packet. A connection
// that ends before the answer is a net.OpError "Read", one that ends within it a StreamError, which does not unwrap
// (token.go, processSingleResponse). A context that ends leads to an attention signal and then to the context's error
// whether the statement was done or not (nextToken), or to a StreamError if the server does not confirm.
func Classify(err error) Class {
	for err != nil {
		if c, known := classOf(err); known {
			return c
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			err = e.Unwrap()[0]
		default:
			return GiveUp
		}
	}
	return GiveUp
}

// classOf looks at one error without what it wraps.
func classOf(err error) (c Class, known bool) {
	switch err {
	case driver.ErrBadConn:
		return Again, true
	case context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, os.ErrDeadlineExceeded:
		return Unknown, true
	}
	switch e := err.(type) {
	case *OutcomeError:
		return Unknown, true
	case *ConnectError:
		return e.class(), true
	case mssql.RetryableError:
		return Again, true
	case mssql.StreamError, mssql.ServerError: // the second: a fatal error, after which the server cut the connection
		return Unknown, true
	case mssql.Error:
		return classOfNumber(e), true
	case *net.OpError:
		if e.Op == "dial" {
			return Again, true
		}
		return Unknown, true
	case net.Error:
		return Unknown, true
	}
	return GiveUp, false
}

// classOfNumber looks at all errors of an answer: the one that matters is often followed by another that says that the
// batch has ended (3998, 3930) or the login failed (18456 after 4060).
func classOfNumber(e mssql.Error) Class {
	class := GiveUp
	for _, one := range allOf(e) {
		switch {
		case one.Class >= 20, slices.Contains(unknownNumbers, one.Number): // 20 and above ends the connection
			return Unknown
		case slices.Contains(againNumbers, one.Number), one.Number == babelfishError && babelfishConflict(one.Message):
			class = Again
		}
	}
	return class
}

// babelfishConflict knows 3960 and 1222 by the text that PostgreSQL has for them.
func babelfishConflict(text string) bool {
	return strings.HasPrefix(text, "could not serialize access") || strings.HasPrefix(text, "canceling statement due to lock timeout")
}

// isConflict says whether an error of class Again is one that ends within milliseconds.
func isConflict(err error) bool {
	var e mssql.Error
	return errors.As(err, &e) && slices.ContainsFunc(allOf(e), func(one mssql.Error) bool {
		return slices.Contains(conflicts, one.Number) || one.Number == babelfishError && babelfishConflict(one.Message)
	})
}

// telling are errors of the server whose text quotes values of a row, among them session ids.
var telling = map[int32]string{
	2627: "a row of the same id is there already",
	2601: "a row of the same id is there already",
	2628: "a value is too long for its column",
	245:  "a value is not of the column's type",
}

// quietError is an error of the server without its text.
type quietError struct {
	text string
	err  error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.err }

// quiet keeps the values of rows out of an error's text.
func quiet(err error) error {
	var e mssql.Error
	if !errors.As(err, &e) {
		return err
	}
	for _, one := range allOf(e) {
		if text, tells := telling[one.Number]; tells {
			return &quietError{fmt.Sprintf("error %d: %s", one.Number, text), err}
		}
	}
	return err
}

// allOf are the errors of one answer, in their order.
func allOf(e mssql.Error) []mssql.Error {
	if len(e.All) == 0 {
		return []mssql.Error{e}
	}
	return e.All
}

// Number returns the number of a server's error: the first one of an answer that has several, which is the cause of the
// others. 0: err is none.
func Number(err error) int32 {
	var e mssql.Error
	if !errors.As(err, &e) {
		return 0
	}
	return allOf(e)[0].Number
}
