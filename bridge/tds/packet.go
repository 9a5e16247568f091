// Package tds speaks the server's half of the protocol of SQL Server, as far as the session-state providers of ASP.NET and
// the usual drivers need it. This file and its neighbours turn bytes into messages and back, without I/O: one file a
// message. The rules are those of [MS-TDS] and of tds-server-notes.md, whose sections are the numbers in parentheses.
package tds

import (
	"encoding/binary"
	"errors"
)

// headerSize is the length of a packet's header (1).
const headerSize = 8

// Packet sizes that may be agreed on, header included, and the one before that.
const (
	minPacket     = 512
	maxPacket     = 32767
	defaultPacket = 4096
)

// packetType says what a message is.
type packetType byte

// The types. Servers send answers only, but for the bytes of a TLS handshake, which come as PRELOGIN.
const (
	typeBatch       packetType = 0x01
	typeRPC         packetType = 0x03
	typeAnswer      packetType = 0x04
	typeAttention   packetType = 0x06
	typeBulkLoad    packetType = 0x07
	typeTransaction packetType = 0x0E
	typeLogin7      packetType = 0x10
	typeSSPI        packetType = 0x11
	typePrelogin    packetType = 0x12
)

// Bits of a packet's status.
const (
	statusEnd       = 0x01 // the message's last packet
	statusIgnore    = 0x02 // with statusEnd: the client takes the message back
	statusReset     = 0x08 // on a message's first packet: the connection begins anew
	statusResetKeep = 0x10 // likewise, but the transaction goes on
)

// header is that of a packet.
type header struct {
	typ    packetType
	status byte
	length int // with the header
}

var errPacketLength = errors.New("tds: a packet whose length is below that of its header, or above the agreed one")

// parseHeader reads a header. limit is the longest packet that may come.
func parseHeader(b [headerSize]byte, limit int) (header, error) {
	h := header{packetType(b[0]), b[1], int(binary.BigEndian.Uint16(b[2:]))}
	if h.length < headerSize || h.length > limit {
		return h, errPacketLength
	}
	return h, nil
}

// appendPackets cuts a message into packets of a size and appends them. An empty message is one packet.
func appendPackets(dst []byte, typ packetType, message []byte, size int, spid uint16) []byte {
	for id := byte(1); ; id++ {
		n := min(len(message), size-headerSize)
		status := byte(0)
		if n == len(message) {
			status = statusEnd
		}
		dst = append(dst, byte(typ), status, 0, 0, 0, 0, id, 0)
		binary.BigEndian.PutUint16(dst[len(dst)-6:], uint16(n+headerSize))
		binary.BigEndian.PutUint16(dst[len(dst)-4:], spid)
		dst = append(dst, message[:n]...)
		if message = message[n:]; status != 0 {
			return dst
		}
	}
}
