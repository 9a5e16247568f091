package tds

import (
	"bufio"
	"errors"
	"io"
	"net"
	"time"

	"github.com/aspstate/aspstate/bridge"
)

// message is what a client sends, put together from its packets.
type message struct {
	typ   packetType
	reset bool // the connection begins anew before it is answered
	keep  bool // with reset: but its transaction goes on
	taken bool // the client took it back
	data  []byte
}

// wire reads and writes messages on a connection.
type wire struct {
	conn     *bridge.Conn
	stream   net.Conn // what messages go through: the connection itself, or TLS on it
	in       *bufio.Reader
	out      []byte
	packet   int // size of packets, both ways
	spid     uint16
	most     int // bytes of a message
	patience time.Duration
	until    time.Time // when all reading ends, whatever comes; zero: never
}

const growSize = 64 << 10 // of a message's memory before its bytes have come

var (
	errMessageTooLong = errors.New("tds: a message of more bytes than are taken")
	errPacketType     = errors.New("tds: packets of two kinds in one message")
)

// through makes messages go through another stream from now on.
func (w *wire) through(stream net.Conn) {
	w.stream = stream
	w.in = bufio.NewReaderSize(stream, defaultPacket)
}

// message reads the next message. It waits for its first byte until the deadline that is set, and for each packet after
// that as long as patience says.
func (w *wire) message() (message, error) {
	var m message
	if _, err := w.in.Peek(1); err != nil {
		return m, err
	}
	w.conn.Begin()
	for first := true; ; first = false {
		deadline := time.Now().Add(w.patience)
		if !w.until.IsZero() && w.until.Before(deadline) {
			deadline = w.until
		}
		w.conn.SetReadDeadline(deadline)
		var b [headerSize]byte
		if _, err := io.ReadFull(w.in, b[:]); err != nil {
			return m, err
		}
		h, err := parseHeader(b, maxPacket)
		switch {
		case err != nil:
			return m, err
		case first:
			m.typ = h.typ
			m.reset, m.keep = h.status&(statusReset|statusResetKeep) != 0, h.status&statusResetKeep != 0
		case h.typ != m.typ:
			return m, errPacketType
		}
		n := h.length - headerSize
		if len(m.data)+n > w.most {
			return m, errMessageTooLong
		}
		at := len(m.data)
		if m.data == nil {
			m.data = make([]byte, n, max(n, min(growSize, 2*n)))
		} else {
			m.data = append(m.data, make([]byte, n)...)
		}
		if _, err := io.ReadFull(w.in, m.data[at:]); err != nil {
			return m, err
		}
		if h.status&statusEnd != 0 {
			m.taken = h.status&statusIgnore != 0
			return m, nil
		}
	}
}

// send writes a message.
func (w *wire) send(typ packetType, data []byte) error {
	w.out = appendPackets(w.out[:0], typ, data, w.packet, w.spid)
	w.conn.SetWriteDeadline(time.Now().Add(w.patience))
	_, err := w.stream.Write(w.out)
	if cap(w.out) > growSize {
		w.out = nil
	}
	return err
}
