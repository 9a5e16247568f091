//go:build unix

package bridge

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// gone says whether the other side has closed the connection, or it is broken. Nothing is read.
func gone(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return true
	}
	left := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		left = n == 0 && err == nil || err != nil && err != syscall.EAGAIN && err != syscall.EINTR
		return true
	})
	return left || err != nil && !errors.Is(err, os.ErrDeadlineExceeded) // a deadline says nothing of the client
}
