package stateserver

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// parked counts the gets of each client that wait.
type parked struct {
	mu    sync.Mutex
	hosts map[netip.Addr]int
}

// enter counts one more, if that is not more than half of the client's connections.
func (p *parked) enter(host netip.Addr, connections int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hosts[host] >= max(1, connections/2) {
		return false
	}
	if p.hosts == nil {
		p.hosts = map[netip.Addr]int{}
	}
	p.hosts[host]++
	return true
}

func (p *parked) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, of := range p.hosts {
		n += of
	}
	return n
}

func (p *parked) leave(host netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hosts[host]--; p.hosts[host] == 0 {
		delete(p.hosts, host)
	}
}

// acquire is GetExclusive, and waits for a session that is locked.
func (f *Front) acquire(c *conn, k session.Key) (session.Item, error) {
	item, err := f.Store.GetExclusive(c.ctx, k)
	var locked *session.LockedError
	waiter, can := f.Store.(session.Waiter)
	if c.set.Park <= 0 || !can || !errors.As(err, &locked) || !f.parked.enter(c.Host, c.Siblings()) {
		return item, err
	}
	defer f.parked.leave(c.Host)
	ctx, stop := c.watch()
	item, err = waiter.WaitExclusive(ctx, k, c.set.Park)
	if left := stop(); left && err == nil { // a lock that nobody holds would stop the session's pages for 110 s
		return session.Item{}, errors.Join(errLeft, f.Store.ReleaseExclusive(context.WithoutCancel(c.ctx), k, item.Cookie))
	}
	item.Uninitialized = err == nil && (item.Uninitialized || locked.Uninitialized)
	return item, err
}

var errLeft = errors.New("a client went away while it waited")

// watch returns a context that ends when the client goes away. stop must be called before the connection is used again; it
// says whether the client has been seen to go.
func (c *conn) watch() (ctx context.Context, stop func() bool) {
	if len(c.buf) > 0 { // it has asked for more already
		return c.ctx, func() bool { return false }
	}
	var b [1]byte
	var n int
	c.idleSet = time.Time{}
	ctx, over := c.Watch(c.ctx, func() bool {
		var err error
		n, err = c.Conn.Read(b[:])
		return n == 0 && !errors.Is(err, os.ErrDeadlineExceeded) // more may have been asked for already
	})
	return ctx, func() bool {
		left := over()
		c.buf = append(c.room[:0], b[:n]...)
		return left
	}
}
