package stateserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/aspstate/aspstate/bridge"
)

const (
	readSize = 4 << 10  // of a connection's buffer: most requests whole
	maxHead  = 8 << 10  // bytes of a head (9)
	joinSize = 16 << 10 // payloads up to this are sent in one piece with their head
	keepSize = 32 << 10 // buffers up to this are used again

	anew     = 10 * time.Millisecond // a deadline may be so much early: setting one costs as much as parsing a request
	growSize = 64 << 10              // of a body's memory before its bytes have come
)

// answers are buffers for answers in the making.
var answers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// conn reads requests off one connection and answers them in order.
type conn struct {
	*bridge.Conn
	f    *Front
	set  *Settings       // of the request under way
	ctx  context.Context // of the connection, with the client's name
	path lastPath

	idleSet, sendSet time.Time // when the deadlines for the next request and for an answer were set last; zero: another one is set
	buf              []byte    // what has been read and not been used
	room             []byte    // what buf lies in
}

// Serve is a [bridge.Server]'s Handle: it serves a connection until the client closes it, something fails, or the server
// stops.
func (f *Front) Serve(c *bridge.Conn) {
	one := &conn{Conn: c, f: f, ctx: c.Context(), room: make([]byte, readSize)}
	if f.Named != nil {
		one.ctx = f.Named(one.ctx, c.Host.String())
	}
	for one.serve() {
	}
}

// serve does one request. False: the connection is over.
func (c *conn) serve() bool {
	n, err := c.head()
	if err != nil {
		if !errors.Is(err, errHeadTooLong) {
			return false // nothing was asked, or not all of it
		}
		c.refuse()
		return false
	}
	c.set = c.f.settings()
	r, err := parseHead(c.buf[:n])
	if err == nil && r.length > cmp.Or(c.set.MaxBody, DefaultMaxBody) {
		err = errTooLarge
	}
	if err != nil {
		c.refuse()
		return false
	}
	k := c.key(r.target)
	c.buf = c.buf[n:]
	var body []byte
	if r.op == opSet {
		if body, err = c.body(r.length); err != nil {
			return false // an incomplete body is never stored (3.2)
		}
	}
	out := answers.Get().(*[]byte)
	defer answers.Put(out)
	ans, err := c.f.do(c, &r, k, body, (*out)[:0])
	if err != nil {
		c.f.warn("a request was left unanswered", err)
		return false
	}
	if len(ans.payload) <= joinSize {
		ans.head = append(ans.head, ans.payload...)
		ans.payload = nil
	}
	if cap(ans.head) <= keepSize {
		*out = ans.head[:0]
	}
	if ans.unsent != nil && len(c.buf) == 0 && c.Gone() { // what is sent to it would seem to arrive
		ans.unsent()
		return false
	}
	return c.answer(ans) && c.End()
}

// refuse answers 400 to what nobody knows the end of. It takes a little more of that before it lets the connection be closed:
// closed with something unread, a connection is reset, and the client may never see the answer.
func (c *conn) refuse() {
	if !c.answer(reply{head: []byte(answerBad)}) {
		return
	}
	if half, ok := c.Conn.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		const most = 256 << 10
		c.wait(time.Now().Add(min(time.Second, c.patience())))
		io.CopyN(io.Discard, c.Conn.Conn, most)
	}
}

var (
	errHeadTooLong = fmt.Errorf("a head of more than %d bytes", maxHead)
	errTooLarge    = errors.New("a body of more than MaxBody bytes")
)

// head reads until there is a whole head in buf, and returns its length.
func (c *conn) head() (int, error) {
	seen, begun := 0, false
	for {
		if len(c.buf) > 0 && !begun {
			c.Begin()
			begun = true
		}
		if n := headLen(c.buf, seen); n > 0 {
			return n, nil
		}
		if len(c.buf) >= maxHead {
			return 0, errHeadTooLong
		}
		switch {
		case len(c.buf) == 0:
			if now := time.Now(); now.Sub(c.idleSet) > anew {
				c.idleSet = now
				c.SetReadDeadline(now.Add(cmp.Or(c.f.Idle, DefaultIdle)))
			}
		case seen == 0: // the rest may take so long altogether
			c.wait(time.Now().Add(c.patience()))
		}
		seen = len(c.buf)
		if err := c.read(); err != nil {
			return 0, err
		}
	}
}

// wait sets a deadline for reading that is not the one for the next request.
func (c *conn) wait(until time.Time) {
	c.idleSet = time.Time{}
	c.SetReadDeadline(until)
}

func (c *conn) patience() time.Duration { return cmp.Or(c.f.Patience, DefaultPatience) }

// read appends what comes to buf, which is not full.
func (c *conn) read() error {
	if len(c.buf) == 0 {
		c.buf = c.room[:0]
	} else if cap(c.buf) == len(c.buf) {
		if len(c.buf) == len(c.room) {
			c.room = make([]byte, maxHead)
		}
		c.buf = c.room[:copy(c.room, c.buf)]
	}
	n, err := c.Conn.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// body reads the payload. Memory grows with what has come, not with what was announced.
func (c *conn) body(n int) ([]byte, error) {
	b := make([]byte, min(n, growSize))
	got := copy(b, c.buf)
	c.buf = c.buf[got:]
	if got < n {
		c.wait(time.Now().Add(c.patience()))
	}
	for got < n {
		if got == len(b) {
			more := make([]byte, min(n, 2*len(b)))
			copy(more, b)
			b = more
		}
		m, err := io.ReadAtLeast(c.Conn, b[got:], 1)
		got += m
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// answer sends an answer.
func (c *conn) answer(ans reply) bool {
	if now := time.Now(); now.Sub(c.sendSet) > anew {
		c.sendSet = now
		c.SetWriteDeadline(now.Add(c.patience()))
	}
	var err error
	if len(ans.payload) == 0 {
		_, err = c.Conn.Write(ans.head)
	} else {
		both := net.Buffers{ans.head, ans.payload}
		_, err = both.WriteTo(c.Conn.Conn)
	}
	if err != nil && ans.unsent != nil {
		ans.unsent()
	}
	return err == nil
}
