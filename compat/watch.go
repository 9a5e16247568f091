package compat

import (
	"context"
	"net"
	"sync"
	"time"
)

// dialer dials as the driver would, and shows the connections to the watch of the context.
type dialer struct{ d *net.Dialer }

func (d dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := d.d.DialContext(ctx, network, addr)
	if w, ok := ctx.Value(watchKey{}).(*watch); ok && err == nil {
		w.add(conn)
	}
	return conn, err
}

type watchKey struct{}

// watch ends reads and writes of a login when its time is over or the context ends, which the driver itself does not.
// The driver dials several times if there are several addresses, or a server that sends it to another one.
type watch struct {
	ctx   context.Context
	limit time.Duration

	mu    sync.Mutex
	ended bool
	conns []net.Conn
	stops []func() bool
}

func (w *watch) add(conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	if w.limit > 0 {
		conn.SetDeadline(time.Now().Add(w.limit))
	}
	w.conns = append(w.conns, conn)
	w.stops = append(w.stops, context.AfterFunc(w.ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.ended {
			conn.SetDeadline(time.Unix(1, 0))
		}
	}))
}

// end takes the deadlines off.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	for i, conn := range w.conns {
		w.stops[i]()
		conn.SetDeadline(time.Time{})
	}
}
