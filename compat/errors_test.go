package compat

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"
)

// several is an answer with more than one error; the driver shows the last one and keeps all.
func several(all ...mssql.Error) mssql.Error {
	e := all[len(all)-1]
	e.All = all
	return e
}

func TestClassify(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	for _, v := range []struct {
		name string
		err  error
		want Class
	}{
		{"broken before it was sent", driver.ErrBadConn, Again},
		{"refused while dialing", refused, Again},
		{"refused while opening", &ConnectError{Kind: Unreachable, cause: refused}, Again},
		{"no answer to the login", &ConnectError{Kind: TimedOut, cause: context.DeadlineExceeded}, Again},
		{"hung up during the login", &ConnectError{Kind: Unreachable, cause: io.EOF}, Again},
		{"login refused", &ConnectError{Kind: LoginRefused, cause: mssql.Error{Number: 18456, Class: 14}}, GiveUp},
		{"no database", &ConnectError{Kind: NoDatabase, cause: several(mssql.Error{Number: 4060, Class: 11}, mssql.Error{Number: 18456, Class: 14})}, Again},
		{"Azure has no room", &ConnectError{Kind: Unreachable, cause: mssql.Error{Number: 40613, Class: 14}}, Again},
		{"no certificate", &ConnectError{Kind: NoTLS, cause: io.EOF}, GiveUp},
		{"no setting", &ConnectError{Kind: BadSettings, cause: errors.New("x")}, GiveUp},

		{"connection reset", reset, Unknown},
		{"end instead of an answer", &net.OpError{Op: "Read", Err: io.EOF}, Unknown},
		{"end within an answer", mssql.StreamError{InnerError: io.ErrUnexpectedEOF}, Unknown},
		{"no confirmation", mssql.StreamError{InnerError: errors.New("did not get cancellation confirmation from the server")}, Unknown},
		{"fatal", mssql.ServerError{}, Unknown},
		{"end", io.EOF, Unknown},
		{"half an end", io.ErrUnexpectedEOF, Unknown},
		{"closed", net.ErrClosed, Unknown},
		{"deadline", context.DeadlineExceeded, Unknown},
		{"cancelled", context.Canceled, Unknown},
		{"deadline of a connection", os.ErrDeadlineExceeded, Unknown},
		{"told before", &OutcomeError{io.EOF}, Unknown},

		{"wrapped", fmt.Errorf("writing: %w", mssql.Error{Number: 1205, Class: 13}), Again},
		{"joined, the first counts", errors.Join(mssql.Error{Number: 2627, Class: 14}, driver.ErrBadConn), GiveUp},
		{"joined, unknown first", errors.Join(reset, driver.ErrBadConn), Unknown},
		{"deadlock, and the end of the batch", several(mssql.Error{Number: 41302, Class: 16}, mssql.Error{Number: 3998, Class: 16}), Again},
		{"deadlock, then fatal", several(mssql.Error{Number: 1205, Class: 13}, mssql.Error{Number: 596, Class: 21}), Unknown},
		{"Babelfish: update conflict", mssql.Error{Number: babelfishError, Message: "could not serialize access due to concurrent update"}, Again},
		{"Babelfish: lock timeout", mssql.Error{Number: babelfishError, Message: "canceling statement due to lock timeout"}, Again},
		{"Babelfish: anything else", mssql.Error{Number: babelfishError, Message: `relation "x" does not exist`}, GiveUp},
		{"another program's error", errors.New("x"), GiveUp},
	} {
		if got := Classify(v.err); got != v.want {
			t.Errorf("%s: %v, want %v", v.name, got, v.want)
		}
	}
}

func TestClassifyNumbers(t *testing.T) {
	for class, numbers := range map[Class][]int32{
		Again: {1205, 1222, 3960, 601, 7105, 41301, 41302, 41305, 41325, 41839, 4060, 10928, 10929, 40501, 40613, 49918, 49919, 49920},
		// 40197 is sent for a failover, which may strike after a COMMIT.
		Unknown: {6005, 40197, 40143},
		GiveUp: {229, 230, 208, 2812, 8152, 2628, 701, 41823, 41840, 1105, 9002, 18456, 2627, 2601, 102, 207, 245, 41337, 40536,
			41332, 41368, 3906, 40544, 40549, 40551, 40552, 40553, 0},
	} {
		for _, n := range numbers {
			if got := Classify(mssql.Error{Number: n, Class: 16}); got != class {
				t.Errorf("%d: %v, want %v", n, got, class)
			}
		}
	}
	for class := byte(11); class <= 25; class++ {
		want := GiveUp
		if class >= 20 {
			want = Unknown
		}
		if got := Classify(mssql.Error{Number: 50000, Class: class}); got != want {
			t.Errorf("severity %d: %v, want %v", class, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, v := range []struct {
		err  error
		want int32
	}{
		{errors.New("x"), 0},
		{fmt.Errorf("x: %w", mssql.Error{Number: 2627}), 2627},
		{several(mssql.Error{Number: 4060}, mssql.Error{Number: 18456}), 4060},
	} {
		if got := Number(v.err); got != v.want {
			t.Errorf("%v: %d, want %d", v.err, got, v.want)
		}
	}
}

func TestOutcomeError(t *testing.T) {
	err := fmt.Errorf("writing: %w", &OutcomeError{io.EOF})
	if !errors.Is(err, ErrUnknownOutcome) || !errors.Is(err, io.EOF) || errors.Is(io.EOF, ErrUnknownOutcome) {
		t.Error(err)
	}
}
