package tds

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// serve answers one message of a client that has logged in.
func (c *conn) serve(m message) error {
	var a answer
	if m.reset {
		if !m.keep {
			c.transaction = 0
			c.unfinished = unfinished{}
		}
		a.changedBytes(changeReset, nil, nil)
	}
	var err error
	switch {
	case m.taken:
		a.done(tokenDone, 0, 0, 0)
	case m.typ == typeAttention: // what it is about has been answered
		a.b = a.b[:0]
		a.done(tokenDone, doneAttention, 0, 0)
	case m.typ == typeBatch:
		err = c.serveBatch(m.data, &a)
	case m.typ == typeRPC:
		err = c.serveRPC(m.data, &a)
	case m.typ == typeBulkLoad:
		err = c.serveBulk(m.data, &a)
	case m.typ == typeTransaction:
		err = c.serveTransaction(m.data, &a)
	default:
		return fmt.Errorf("tds: a message of type 0x%02X, which is not taken", byte(m.typ))
	}
	unsent := c.unsent
	c.unsent = nil
	if errors.Is(err, errTakenBack) { // the attention that says so is the next message, and is answered by one of its own
		a.done(tokenDone, c.inTransaction(), 0, 0)
		err = nil
	}
	if err == nil && unsent != nil && c.in.Buffered() == 0 && c.conn.Gone() {
		err = io.EOF
	}
	if err == nil {
		err = c.send(typeAnswer, a.b)
	}
	if err != nil && unsent != nil {
		unsent()
	}
	return err
}

// undo adds something to be done if the answer under way cannot be sent.
func (c *conn) undo(more func()) {
	before := c.unsent
	c.unsent = func() {
		if before != nil {
			before()
		}
		more()
	}
}

// errTakenBack: the client does not want the answer any more.
var errTakenBack = errors.New("tds: a request was taken back")

// watch returns a context that ends when the client sends something, which is an attention, or goes. stop must be called
// before the connection is used again; it says whether that happened.
func (c *conn) watch() (ctx context.Context, stop func() bool) {
	if c.in.Buffered() > 0 {
		return c.ctx, func() bool { return false }
	}
	return c.conn.Watch(c.ctx, func() bool {
		_, err := c.in.Peek(1)
		return !errors.Is(err, os.ErrDeadlineExceeded)
	})
}

// inTransaction is the bit of DONE tokens that says that one is open.
func (c *conn) inTransaction() uint16 {
	if c.transaction != 0 {
		return doneInTran
	}
	return 0
}

// fails ends an answer with an error. kind is the DONE that ends it.
func (c *conn) fails(a *answer, kind byte, e *sqlError) {
	a.message(e, serverName)
	a.done(kind, doneError|c.inTransaction(), 0, 0)
}

// serveTransaction answers the transaction manager's requests. Sessions are not in transactions here: each call is one by
// itself, and so are those of the providers (8). Only rows that are written as they are wait for the commit.
func (c *conn) serveTransaction(b []byte, a *answer) error {
	q, err := parseTransaction(b)
	if err != nil {
		return err
	}
	begin := func() {
		c.begun++
		c.transaction = uint64(c.spid)<<32 | c.begun
		a.changedBytes(changeBegin, binary.LittleEndian.AppendUint64(nil, c.transaction), nil)
	}
	end := func(kind byte) {
		a.changedBytes(kind, nil, binary.LittleEndian.AppendUint64(nil, c.transaction))
		c.transaction = 0
	}
	command := uint16(commandBegin)
	switch {
	case q.what == transactionBegin && c.transaction == 0:
		begin()
	case q.what == transactionCommit && c.transaction != 0:
		command = commandCommit
		if committed, err := c.serveCommit(a, end); !committed {
			return err
		}
	case q.what == transactionRollback && c.transaction != 0:
		command = commandRollback
		c.unfinished.forget()
		end(changeRollback)
	case q.what == transactionCommit:
		c.fails(a, tokenDone, &sqlError{number: 3902, state: 1, class: 16, text: "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."})
		return nil
	case q.what == transactionRollback:
		c.fails(a, tokenDone, &sqlError{number: 3903, state: 1, class: 16, text: "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION."})
		return nil
	default:
		c.fails(a, tokenDone, c.unknown(fmt.Sprintf("transaction request %d", q.what)))
		return nil
	}
	if q.again {
		begin()
	}
	a.done(tokenDone, c.inTransaction(), command, 0)
	return nil
}

// unknown is the error for what is not in the catalogue. It names what that is, to the client and, once, to people.
func (c *conn) unknown(what string) *sqlError {
	c.f.strange.Warn(c.f.Logger, "a client asked for what is not answered here", what)
	return &sqlError{number: 50000, state: 1, class: 16, text: "This server (aspstate) answers the requests of ASP.NET's session-state providers, and does not know this one: " + what}
}
