package tds

import (
	"encoding/binary"
	"errors"
)

// encryption is what a side says of TLS (2).
type encryption byte

// Values of the option. Off means: for the login alone.
const (
	encryptOff          encryption = 0x00
	encryptOn           encryption = 0x01
	encryptNotSupported encryption = 0x02
	encryptRequired     encryption = 0x03
)

// Options of a PRELOGIN.
const (
	optionVersion    = 0x00
	optionEncryption = 0x01
	optionInstance   = 0x02
	optionThread     = 0x03
	optionMARS       = 0x04
	optionEnd        = 0xFF
)

// prelogin is what a client says before its login.
type prelogin struct {
	encryption encryption
	mars       bool
}

var errPrelogin = errors.New("tds: a PRELOGIN whose options lie outside it, or do not end")

// parsePrelogin reads a client's PRELOGIN. Options that nobody knows are skipped; without the one for encryption, the client
// cannot do it.
func parsePrelogin(b []byte) (prelogin, error) {
	p := prelogin{encryption: encryptNotSupported}
	for at := 0; ; at += 5 {
		if at >= len(b) {
			return p, errPrelogin
		}
		if b[at] == optionEnd {
			return p, nil
		}
		if at+5 > len(b) {
			return p, errPrelogin
		}
		offset, length := int(binary.BigEndian.Uint16(b[at+1:])), int(binary.BigEndian.Uint16(b[at+3:]))
		if offset+length > len(b) {
			return p, errPrelogin
		}
		switch data := b[offset : offset+length]; {
		case length == 0:
		case b[at] == optionEncryption:
			p.encryption = encryption(data[0])
		case b[at] == optionMARS:
			p.mars = data[0] != 0
		}
	}
}

// serverVersion is that of the SQL Server that is played: 2016, which every provider in view was made for or before. Major,
// minor, build (2 bytes), sub-build (2 bytes).
var serverVersion = [6]byte{13, 0, 0x15, 0x8B, 0, 0}

// appendPreloginAnswer writes the server's: no instance is wrong, and there is no MARS. Without the option for federated
// authentication there is none of that either.
func appendPreloginAnswer(dst []byte, e encryption) []byte {
	options := []struct {
		option byte
		data   []byte
	}{
		{optionVersion, serverVersion[:]}, {optionEncryption, []byte{byte(e)}}, {optionInstance, []byte{0}},
		{optionThread, nil}, {optionMARS, []byte{0}},
	}
	offset := 5*len(options) + 1
	for _, o := range options {
		dst = append(dst, o.option)
		dst = binary.BigEndian.AppendUint16(dst, uint16(offset))
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(o.data)))
		offset += len(o.data)
	}
	dst = append(dst, optionEnd)
	for _, o := range options {
		dst = append(dst, o.data...)
	}
	return dst
}
