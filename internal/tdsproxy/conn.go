package tdsproxy

import (
	"errors"
	"net"
	"sync"
	"time"
)

// drainTime is how long a server may take to hear that its client is gone.
const drainTime = 10 * time.Second

// conn is a client and the connection to the server that was opened for it.
type conn struct {
	p              *Proxy
	n              int
	client, server net.Conn
	quit           chan struct{}
	hushed, ended  sync.Once

	mu      sync.Mutex
	capture chan struct{} // closed when the server has replied to what the client does not know of
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		client.Close()
		return
	}
	p.mu.Lock()
	p.opened++
	c := &conn{p: p, n: p.opened, client: client, server: server, quit: make(chan struct{})}
	if p.closed {
		client.Close()
		server.Close()
	}
	p.conns[c] = true
	p.mu.Unlock()

	done := make(chan struct{})
	go func() {
		c.replies()
		c.cut()
		close(done)
	}()
	c.requests()
	c.cut()
	<-done
	server.Close()
	p.mu.Lock()
	delete(p.conns, c)
	p.ending--
	p.ended.Broadcast()
	p.mu.Unlock()
}

// cut ends the client's connection, and lets the server find the end of the stream.
func (c *conn) cut() {
	c.hush()
	c.ended.Do(func() {
		c.client.Close()
		if t, ok := c.server.(*net.TCPConn); ok {
			t.CloseWrite()
		}
		c.server.SetReadDeadline(time.Now().Add(drainTime))
	})
}

// hush is what precedes a cut: no more replies reach the client, and Settle waits.
func (c *conn) hush() {
	c.hushed.Do(func() {
		c.p.mu.Lock()
		c.p.ending++
		c.p.mu.Unlock()
		close(c.quit)
	})
}

// requests forwards what the client sends until there is an end.
func (c *conn) requests() {
	first, spoil := true, Act{}
	var undone chan struct{} // closed when the server has rolled back
	var open []byte          // the transaction that the request belongs to
	for {
		b, err := readPacket(c.client)
		if err != nil {
			c.note(err)
			return
		}
		act := c.p.decide(Packet{Direction: Request, Type: b[0], First: first, Last: last(b), Conn: c.n})
		if first {
			spoil = act
			if act.Number != 0 {
				open, undone = transaction(b), c.instead(b)
			}
		}
		first = last(b)
		if spoil.Number != 0 { // a request that is not forwarded
			if first && !c.answer(spoil, open, undone) {
				return
			}
			continue
		}
		if !c.forward(c.server, b, act) {
			return
		}
	}
}

// instead asks the server to roll back in the place of a request; nil: it cannot be asked.
func (c *conn) instead(first []byte) chan struct{} {
	headers := allHeaders(first)
	if headers == nil {
		return nil
	}
	undone := make(chan struct{})
	c.mu.Lock()
	c.capture = undone
	c.mu.Unlock()
	if _, err := c.server.Write(rollbackBatch(first, headers)); err != nil {
		c.cut()
	}
	return undone
}

// answer sends the error when the client has sent all of its request. false: the connection is to end.
func (c *conn) answer(act Act, open []byte, undone chan struct{}) bool {
	if undone == nil { // a login or a bulk load
		c.client.Write(errorReply(act.Number, act.Class, nil))
		return false
	}
	select {
	case <-undone:
		_, err := c.client.Write(errorReply(act.Number, act.Class, open))
		return err == nil && act.Class < 20 // from 20 on a server ends the connection
	case <-c.quit:
		return false
	}
}

// replies forwards what the server sends, and after a cut reads it and throws it away.
func (c *conn) replies() {
	first := true
	for {
		b, err := readPacket(c.server)
		if err != nil {
			c.note(err)
			return
		}
		c.mu.Lock()
		capture := c.capture
		c.mu.Unlock()
		if capture != nil {
			if last(b) {
				c.mu.Lock()
				c.capture = nil
				c.mu.Unlock()
				close(capture)
			}
			continue
		}
		select {
		case <-c.quit:
			continue
		default:
		}
		act := c.p.decide(Packet{Direction: Reply, Type: b[0], First: first, Last: last(b), Conn: c.n})
		first = last(b)
		if !c.forward(c.client, b, act) {
			c.cut()
		}
	}
}

// forward does to a packet what a rule says. false: the connection is to end.
func (c *conn) forward(to net.Conn, b []byte, act Act) bool {
	if act.Delay > 0 {
		select {
		case <-time.After(act.Delay):
		case <-c.quit:
			return false
		}
	}
	if act.Drop {
		return false
	}
	if act.Cut { // the other side must not be faster than the cut
		c.hush()
	}
	_, err := to.Write(b)
	return err == nil && !act.Cut
}

// note keeps the first sign that this is no TDS.
func (c *conn) note(err error) {
	var not *notTDS
	if errors.As(err, &not) {
		c.p.mu.Lock()
		defer c.p.mu.Unlock()
		if c.p.broken == nil {
			c.p.broken = err
		}
	}
}
