package tdsproxy

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unicode/utf16"
)

// Of the header of a packet, [MS-TDS] 2.2.3.1: type, status, length (big-endian, with the header), SPID, packet, window.
const (
	headerSize = 8
	statusLast = 0x01 // 2.2.3.1.2: end of message
	maxPacket  = 32767
)

// types are those of [MS-TDS] 2.2.3.1.1 that may pass unencrypted.
var types = []byte{TypeBatch, TypeRPC, typeReply, typeCancel, TypeBulk, 8, TypeTrans, TypeLogin, 17, TypeHello}

// readPacket reads a packet with its header.
func readPacket(r io.Reader) ([]byte, error) {
	b := make([]byte, headerSize, 4096)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(b[2:]))
	if size < headerSize || size > maxPacket || !slices.Contains(types, b[0]) {
		return nil, &notTDS{header: b}
	}
	b = append(b, make([]byte, size-headerSize)...)
	_, err := io.ReadFull(r, b[headerSize:])
	return b, err
}

type notTDS struct{ header []byte }

func (e *notTDS) Error() string {
	return fmt.Sprintf("reading a TDS packet: header % x; is the connection encrypted?", e.header)
}

func last(packet []byte) bool { return packet[1]&statusLast != 0 }

// allHeaders are the ALL_HEADERS that a batch, an RPC or a transaction request begins with ([MS-TDS] 2.2.5.3); they name
// the transaction. nil: it is none of these, or the first packet does not hold them.
func allHeaders(first []byte) []byte {
	if first[0] != TypeBatch && first[0] != TypeRPC && first[0] != TypeTrans {
		return nil
	}
	body := first[headerSize:]
	if len(body) < 4 {
		return nil
	}
	size := binary.LittleEndian.Uint32(body)
	if size < 4 || int64(size) > int64(len(body)) {
		return nil
	}
	return body[:size]
}

// transaction is the descriptor of the transaction that a request belongs to; nil: none.
func transaction(first []byte) []byte {
	h := allHeaders(first)
	if len(h) < 18 || binary.LittleEndian.Uint16(h[8:]) != 2 { // 2.2.5.3.2: length, type 2, descriptor, count
		return nil
	}
	if d := h[10:18]; binary.LittleEndian.Uint64(d) != 0 {
		return d
	}
	return nil
}

const rollback = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"

// rollbackBatch is a request that takes the place of another one: it has its status, so that a reset of the session
// that the other asked for is done, and its transaction.
func rollbackBatch(first, headers []byte) []byte {
	b := make([]byte, headerSize)
	b[0], b[1], b[6] = TypeBatch, first[1]|statusLast, 1
	b = append(b, headers...)
	b = append(b, ucs2(rollback)...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

// errorReply is a reply of an error alone, which has ended a transaction if one was open.
func errorReply(number int32, class byte, open []byte) []byte {
	if class == 0 {
		class = 13
	}
	text := ucs2(fmt.Sprintf("error %d of the proxy", number))
	var e []byte // the token ERROR, [MS-TDS] 2.2.7.10
	e = binary.LittleEndian.AppendUint32(e, uint32(number))
	e = append(e, 1, class) // state, class
	e = binary.LittleEndian.AppendUint16(e, uint16(len(text)/2))
	e = append(e, text...)
	e = append(e, 0, 0)       // no server, no procedure
	e = append(e, 1, 0, 0, 0) // line
	b := []byte{typeReply, statusLast, 0, 0, 0, 0, 1, 0, 0xAA}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(e)))
	b = append(b, e...)
	if open != nil {
		b = append(b, envChange(envRollback, open)...)
	}
	b = append(b, 0xFD, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) // DONE, 2.2.7.6: status error, no command, no count
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

// Kinds of ENVCHANGE ([MS-TDS] 2.2.7.9).
const envBegin, envCommit, envRollback = 8, 9, 10

// envChange says that a transaction begins or ends.
func envChange(kind byte, descriptor []byte) []byte {
	id := append([]byte{8}, descriptor...)
	if kind == envBegin { // the new value, then the old one
		return append(append([]byte{0xE3, 11, 0, kind}, id...), 0)
	}
	return append([]byte{0xE3, 11, 0, kind, 0}, id...)
}

func ucs2(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
