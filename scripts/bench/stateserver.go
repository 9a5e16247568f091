package main

import (
	"bytes"
	"strconv"
)

// stateClient asks a State Server as ASP.NET does.
type stateClient struct {
	*wire
	payload []byte
}

// app is the path of the application, escaped as clients send it.
const app = "%2fLM%2fW3SVC%2f1%2fROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5%2fHxWS854%3d)%2f"

func (c *stateClient) request(verb string, k int) {
	c.out = append(append(append(c.out, verb...), ' '), app...)
	c.out = append(id(c.out, k), " HTTP/1.1\r\nHost: localhost\r\n"...)
}

func (c *stateClient) get(k int) error {
	c.request("GET", k)
	c.out = append(c.out, "\r\n"...)
	_, err := c.item("GET")
	return err
}

func (c *stateClient) cycle(k int) error {
	c.request("GET", k)
	c.out = append(c.out, "Exclusive: acquire\r\n\r\n"...)
	cookie, err := c.item("GET acquire")
	if err != nil {
		return err
	}
	return c.put(k, cookie)
}

// put sets and releases; cookie 0 makes the session.
func (c *stateClient) put(k, cookie int) error {
	c.request("PUT", k)
	c.out = append(c.out, "Timeout:20\r\nContent-Length:"...)
	c.out = strconv.AppendInt(c.out, int64(len(c.payload)), 10)
	c.out = append(c.out, "\r\nExtraFlags:0\r\nLockCookie:"...)
	c.out = strconv.AppendInt(c.out, int64(cookie), 10)
	c.out = append(append(c.out, "\r\n\r\n"...), c.payload...)
	head, err := c.head()
	if err == nil && !bytes.HasPrefix(head, []byte("200 OK\r\n")) {
		err = wrong("PUT", head)
	}
	return err
}

// item sends a read and takes its answer.
func (c *stateClient) item(what string) (cookie int, err error) {
	head, err := c.head()
	if err != nil {
		return 0, err
	}
	length := number(head, "Content-Length: ")
	if !bytes.HasPrefix(head, []byte("200 OK\r\n")) || length != len(c.payload) {
		return 0, wrong(what, head)
	}
	cookie = number(head, "LockCookie: ") // head is gone when more comes
	_, err = c.bytes(length)
	return cookie, err
}

func (c *stateClient) head() ([]byte, error) {
	if err := c.send(); err != nil {
		return nil, err
	}
	return c.until("\r\n\r\n")
}

// number returns the value of a header; 0 where it is absent.
func number(head []byte, name string) int {
	_, rest, ok := bytes.Cut(head, []byte(name))
	if !ok {
		return 0
	}
	value, _, _ := bytes.Cut(rest, []byte("\r\n"))
	n, _ := strconv.Atoi(string(value))
	return n
}
