//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// socket is a blocking TCP socket of the system's, without the runtime's poller between.
type socket struct {
	fd      int
	in, out []byte // what has come and was not used; room for a request
}

func dial(addr string) (*socket, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		syscall.Close(fd)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	return &socket{fd: fd, in: make([]byte, 0, 64<<10), out: make([]byte, 0, 64<<10)}, nil
}

// dial opens a connection that is ready to be asked on.
func (srv *server) dial() (*socket, error) {
	c, err := dial(srv.addr)
	if err != nil {
		return nil, err
	}
	if err := srv.enter(c); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (s *socket) close() error { return syscall.Close(s.fd) }

func (s *socket) write(b []byte) error {
	n, err := syscall.Write(s.fd, b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// read takes what has come. It waits where nothing has.
func (s *socket) read() error {
	if len(s.in) == cap(s.in) {
		return fmt.Errorf("an answer of more than %d bytes", cap(s.in))
	}
	n, err := syscall.Read(s.fd, s.in[len(s.in):cap(s.in)])
	if err == nil && n == 0 {
		err = io.ErrUnexpectedEOF
	}
	s.in = s.in[:len(s.in)+max(n, 0)]
	return err
}

// ask asks one thing and waits for the answer.
func (s *socket) ask(p protocol, what phase, k int) error {
	if err := s.write(p.request(s.out[:0], what, k, 0)); err != nil {
		return err
	}
	_, err := s.whole(p, what)
	return err
}

// whole waits for an answer.
func (s *socket) whole(p protocol, what phase) (token int, err error) {
	for {
		if err := s.read(); err != nil {
			return 0, err
		}
		n, token, err := p.answer(s.in, what)
		if n > 0 || err != nil {
			s.in = s.in[:0]
			return token, err
		}
	}
}

// id is the raw id of session k: 24 characters.
func id(b []byte, k int) []byte {
	return strconv.AppendInt(append(b, "lit3py55t21z5v55"...), int64(10_000_000+k), 10)
}

func wrong(what string, got []byte) error {
	return fmt.Errorf("%s: unexpected answer %.80q", what, got)
}
