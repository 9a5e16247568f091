package tds

import (
	"crypto/tls"
	"fmt"
	"net"
)

// handshake carries the bytes of a TLS handshake in PRELOGIN packets, and, once that is over, the bytes of TLS as they are (3).
type handshake struct {
	net.Conn
	w    *wire
	rest []byte // of a packet, not read yet
	over bool
}

func (h *handshake) Read(b []byte) (int, error) {
	if h.over {
		return h.w.in.Read(b)
	}
	for len(h.rest) == 0 {
		m, err := h.w.message()
		if err != nil {
			return 0, err
		}
		if m.typ != typePrelogin {
			return 0, fmt.Errorf("tds: a message of type 0x%02X in the middle of a TLS handshake", byte(m.typ))
		}
		h.rest = m.data
	}
	n := copy(b, h.rest)
	h.rest = h.rest[n:]
	return n, nil
}

func (h *handshake) Write(b []byte) (int, error) {
	if h.over {
		return h.Conn.Write(b)
	}
	if err := h.w.send(typePrelogin, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// secure does a TLS handshake. Afterwards messages go through TLS; plain makes them go without again.
func (w *wire) secure(c *tls.Config) (plain func(), err error) {
	in := w.in
	h := &handshake{Conn: w.conn.Conn, w: w}
	t := tls.Server(h, c)
	if err := t.Handshake(); err != nil {
		return nil, fmt.Errorf("tds: TLS: %w", err)
	}
	h.over = true
	raw := &wire{in: in}
	h.w = raw
	w.through(t)
	return func() { // no close_notify: the client would take it for a packet
		w.stream, w.in = w.conn.Conn, in
	}, nil
}
