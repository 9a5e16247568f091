package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// wire is a connection with what has come and not been used. Both clients are made of it.
type wire struct {
	net.Conn
	in  []byte // what has come
	at  int    // of it, how much has been used
	out []byte
}

func dial(addr string) (*wire, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c, in: make([]byte, 0, 64<<10)}, nil
}

func (w *wire) close() error { return w.Close() }

// send writes out and forgets what came before.
func (w *wire) send() error {
	if w.at != len(w.in) {
		return errors.New("something came that nobody asked for")
	}
	w.in, w.at = w.in[:0], 0
	_, err := w.Write(w.out)
	w.out = w.out[:0]
	return err
}

func (w *wire) more() error {
	if len(w.in) == cap(w.in) {
		return errors.New("an answer that is too long")
	}
	n, err := w.Read(w.in[len(w.in):cap(w.in)])
	w.in = w.in[:len(w.in)+n]
	return err
}

// until returns what comes up to and including end.
func (w *wire) until(end string) ([]byte, error) {
	for {
		if i := bytes.Index(w.in[w.at:], []byte(end)); i >= 0 {
			b := w.in[w.at : w.at+i+len(end)]
			w.at += len(b)
			return b, nil
		}
		if err := w.more(); err != nil {
			return nil, err
		}
	}
}

// bytes returns the next n bytes.
func (w *wire) bytes(n int) ([]byte, error) {
	for len(w.in)-w.at < n {
		if err := w.more(); err != nil {
			return nil, err
		}
	}
	w.at += n
	return w.in[w.at-n : w.at], nil
}

// id is the raw id of session k.
func id(b []byte, k int) []byte {
	const length = 24
	for i := length; i > 0; i-- {
		b = append(b, "abcdefghijklmnopqrstuvwxyz012345"[(k>>(i%6*5)+i)&31])
	}
	return strconv.AppendInt(b[:len(b)-8], int64(10_000_000+k), 10)
}

func wrong(what string, got []byte) error {
	return fmt.Errorf("%s: unexpected answer %.80q", what, got)
}
