package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// wire is one end of a connection in memory. What is written is under way until its step comes, whatever the writer does
// meanwhile; the connection may be cut then, before, in the middle of or behind it. An end that is closed is closed for the other one
// once all has arrived.
type wire struct {
	net.Conn
	ctx  context.Context // with the errand
	life *life
	peer net.Addr
	to   string

	mu      sync.Mutex
	sending [][]byte
	ended   bool
	wake    chan struct{}
}

func (l *life) newWire(c net.Conn, errand string, peer net.Addr, to string) *wire {
	w := &wire{Conn: c, ctx: withErrand(context.Background(), errand), life: l, peer: peer, to: to, wake: make(chan struct{}, 1)}
	go w.carry()
	go func() { // a crash ends the connection, whatever is being sent
		select {
		case <-l.dead:
		case <-l.w.over:
		}
		c.Close()
	}()
	return w
}

func (c *wire) RemoteAddr() net.Addr { return c.peer }

// Write gives to the network.
func (c *wire) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return 0, errLost
	}
	c.sending = append(c.sending, slices.Clone(b))
	c.nudge()
	return len(b), nil
}

// Close lets arrive what is under way. Nothing is read any more.
func (c *wire) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.nudge()
	return c.SetReadDeadline(time.Unix(1, 0))
}

func (c *wire) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *wire) next() (b []byte, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sending) == 0 {
		return nil, c.ended
	}
	b, c.sending = c.sending[0], c.sending[1:]
	return b, false
}

// cut ends the connection at once, for both.
func (c *wire) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended, c.sending = true, nil
	c.nudge()
	c.Conn.Close()
}

// carry is the network.
func (c *wire) carry() {
	defer c.Conn.Close()
	for {
		b, ended := c.next()
		if ended {
			return
		}
		if b == nil {
			select {
			case <-c.wake:
			case <-c.life.dead:
				return
			case <-c.life.w.over:
				return
			}
			continue
		}
		_, err := pass(c.ctx, c.life, toBridge, fmt.Sprintf("sends %d bytes to %s", len(b), c.to), func(context.Context) (int, error) {
			return c.Conn.Write(b)
		})
		if errors.Is(err, errFailed) && len(b)%2 == 0 {
			c.Conn.SetWriteDeadline(time.Now().Add(time.Second))
			c.Conn.Write(b[:len(b)/2])
		}
		if err != nil {
			c.cut()
			return
		}
	}
}

func (c *wire) SetDeadline(t time.Time) error      { return c.Conn.SetReadDeadline(t) }
func (c *wire) SetWriteDeadline(t time.Time) error { return nil }

// port is where a front listens.
type port struct {
	life   *life
	arrive chan net.Conn
	number int // of connections so far
	closed chan struct{}
	once   sync.Once
}

func (l *life) listen() *port {
	p := &port{life: l, arrive: make(chan net.Conn), closed: make(chan struct{})}
	go func() {
		select {
		case <-l.dead:
		case <-l.w.over:
		}
		p.Close()
	}()
	return p
}

// dial connects a node. Each connection comes from an address of its own, by which the front tells apart who asks.
func (p *port) dial(ctx context.Context, from *life) (net.Conn, error) {
	p.number++
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, byte(p.number>>8), byte(p.number)), Port: 1}
	ours, theirs := net.Pipe()
	select {
	case p.arrive <- p.life.newWire(theirs, addr.IP.String(), addr, from.name):
	case <-p.closed:
		ours.Close()
		return nil, errFailed
	}
	return from.newWire(ours, "to "+addr.IP.String(), addr, p.life.name), nil
}

func (p *port) Accept() (net.Conn, error) {
	select {
	case c := <-p.arrive:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *port) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *port) Addr() net.Addr { return &net.TCPAddr{} }
