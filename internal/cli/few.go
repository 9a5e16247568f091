package cli

import (
	"net"
	"sync"
)

// watchers is how many connections may look at the metrics at a time: sessions need the descriptors.
const watchers = 64

// few is a listener with a limit on open connections. Those beyond are closed at once.
type few struct {
	net.Listener
	left chan struct{} // has one in it for each that is open
}

func (f *few) Accept() (net.Conn, error) {
	for {
		c, err := f.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case f.left <- struct{}{}:
			return &fewConn{Conn: c, closed: sync.OnceFunc(func() { <-f.left })}, nil
		default:
			c.Close()
		}
	}
}

type fewConn struct {
	net.Conn
	closed func()
}

func (c *fewConn) Close() error {
	defer c.closed()
	return c.Conn.Close()
}
