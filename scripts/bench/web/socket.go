//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// socket is a blocking socket of the system's, without the runtime's poller between.
type socket struct {
	fd      int
	in, out []byte // what has come and was not used; room for a request
}

func dial(at string) (*socket, error) {
	network, addr, _ := strings.Cut(at, ":")
	family, to := syscall.AF_UNIX, syscall.Sockaddr(&syscall.SockaddrUnix{Name: addr})
	if network == "tcp" {
		ap, err := netip.ParseAddrPort(addr)
		if err != nil {
			return nil, err
		}
		family, to = syscall.AF_INET, &syscall.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, to); err != nil {
		syscall.Close(fd)
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	if network == "tcp" {
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	}
	return &socket{fd: fd, in: make([]byte, 0, 16<<10), out: make([]byte, 0, 4<<10)}, nil
}

func (s *socket) close() error { return syscall.Close(s.fd) }

func (s *socket) write(b []byte) error {
	s.out = b[:0]
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

// answer is one of HTTP.
type answer struct {
	head, body []byte
	n          int // bytes of both; 0: it is not whole yet
}

// readAnswer looks at what has come. An answer has the given status and says its length, or has no body.
func readAnswer(in []byte, status string) (a answer, err error) {
	end := bytes.Index(in, []byte("\r\n\r\n"))
	if end < 0 {
		return a, nil
	}
	a.head = in[:end+2]
	if !bytes.HasPrefix(a.head, []byte("HTTP/1.1 "+status)) {
		return a, fmt.Errorf("unexpected answer %.200q", in)
	}
	length := 0
	if status != noContent {
		if length = number(a.head, "\r\nContent-Length: "); length < 0 {
			return a, fmt.Errorf("an answer without its length: %.200q", in)
		}
	}
	if len(in) < end+4+length {
		return a, nil
	}
	a.n = end + 4 + length
	a.body = in[end+4 : a.n]
	if len(in) > a.n {
		err = errors.New("more came than was asked for")
	}
	return a, err
}

const (
	okay      = "200 "
	created   = "201 "
	noContent = "204 "
)

// number returns the value of a header, or behind another mark; -1 where it is absent.
func number(b []byte, mark string) int {
	i := bytes.Index(b, []byte(mark))
	if i < 0 {
		return -1
	}
	n := 0
	for _, c := range b[i+len(mark):] {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}
