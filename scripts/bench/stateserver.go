//go:build linux

package main

import (
	"bytes"
	"strconv"
)

// stateServer asks as ASP.NET does.
type stateServer struct{ payload []byte }

// path is that of the application, escaped as clients send it.
const path = "%2fLM%2fW3SVC%2f1%2fROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5%2fHxWS854%3d)%2f"

func (s *stateServer) enter(*socket) error { return nil }

func (s *stateServer) request(out []byte, p phase, k, cookie int) []byte {
	verb := "GET "
	if p == store || p == make_ {
		verb = "PUT "
	}
	out = id(append(append(out, verb...), path...), k)
	out = append(out, " HTTP/1.1\r\nHost: localhost\r\n"...)
	switch p {
	case take:
		out = append(out, "Exclusive: acquire\r\n"...)
	case store, make_:
		out = append(out, "Timeout:20\r\nContent-Length:"...)
		out = strconv.AppendInt(out, int64(len(s.payload)), 10)
		out = append(out, "\r\nExtraFlags:0\r\nLockCookie:"...)
		out = append(strconv.AppendInt(out, int64(cookie), 10), "\r\n"...)
	}
	out = append(out, "\r\n"...)
	if p == store || p == make_ {
		out = append(out, s.payload...)
	}
	return out
}

func (s *stateServer) answer(in []byte, p phase) (n, cookie int, err error) {
	end := bytes.Index(in, []byte("\r\n\r\n"))
	if end < 0 {
		return 0, 0, nil
	}
	head := in[:end+2]
	if !bytes.HasPrefix(head, []byte("200 OK\r\n")) {
		return 0, 0, wrong("bridge", head)
	}
	n = end + 4
	if p == get || p == take {
		if length := number(head, "Content-Length: "); length != len(s.payload) {
			return 0, 0, wrong("bridge", head)
		}
		n += len(s.payload)
		cookie = number(head, "LockCookie: ")
	}
	if len(in) < n {
		return 0, 0, nil
	}
	return n, cookie, nil
}

// number returns the value of a header; -1 where it is absent.
func number(head []byte, name string) int {
	i := bytes.Index(head, []byte(name))
	if i < 0 {
		return -1
	}
	n := 0
	for _, c := range head[i+len(name):] {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}
