//go:build unix

package client

import "syscall"

// canDirect: it can be told without reading whether the other side has closed a connection.
const canDirect = true

// quiet says whether a connection is open and has nothing to read. Nothing is taken from it.
func (c *directConn) quiet() bool {
	if c.raw == nil {
		return false
	}
	quiet := false
	err := c.raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN
		return true
	})
	return quiet && err == nil
}
