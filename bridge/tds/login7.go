package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Versions of the protocol as LOGIN7 says them.
const (
	version72 = 0x72090002
	version74 = 0x74000004
)

// login is what a client says of itself (4).
type login struct {
	version        uint32
	packetSize     uint32
	integrated     bool // Windows authentication: user and password are empty
	readOnly       bool // read-only intent
	host, user     string
	password       string
	app, library   string
	server         string
	language       string
	database       string
	attached       string // a database file to be attached
	changePassword bool
	features       []byte // ids of the FEATUREEXT block, in order
}

var (
	errLogin    = errors.New("tds: a LOGIN7 whose parts lie outside it")
	errFeatures = errors.New("tds: a LOGIN7 whose features lie outside it, or do not end")
)

// loginFixed is the length of LOGIN7 before its strings.
const loginFixed = 94

// parseLogin7 reads a LOGIN7.
func parseLogin7(b []byte) (login, error) {
	var l login
	if len(b) < loginFixed || int64(binary.LittleEndian.Uint32(b)) != int64(len(b)) {
		return l, fmt.Errorf("%w: it has %d bytes", errLogin, len(b))
	}
	l.version, l.packetSize = binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	flags2, typeFlags, flags3 := b[25], b[26], b[27]
	l.integrated, l.readOnly = flags2&0x80 != 0, typeFlags&0x20 != 0
	// part returns what a pair of offset and length at p points to. unit: bytes of which the length counts one.
	part := func(p, unit int) ([]byte, bool) {
		offset, length := int(binary.LittleEndian.Uint16(b[p:])), unit*int(binary.LittleEndian.Uint16(b[p+2:]))
		if length == 0 {
			return nil, true
		}
		if offset < loginFixed-4 || offset+length > len(b) {
			return nil, false
		}
		return b[offset : offset+length], true
	}
	for _, s := range []struct {
		at   int
		into *string
	}{{36, &l.host}, {40, &l.user}, {48, &l.app}, {52, &l.server}, {60, &l.library}, {64, &l.language}, {68, &l.database}, {82, &l.attached}} {
		text, ok := part(s.at, 2)
		if !ok {
			return l, errLogin
		}
		*s.into = decodeText(text)
	}
	secret, ok := part(44, 2)
	changed, ok2 := part(86, 2)
	_, ok3 := part(78, 1) // SSPI
	extension, ok4 := part(56, 1)
	if !ok || !ok2 || !ok3 || !ok4 {
		return l, errLogin
	}
	plain := make([]byte, len(secret))
	for i, x := range secret {
		x ^= 0xA5
		plain[i] = x>>4 | x<<4
	}
	l.password, l.changePassword = decodeText(plain), len(changed) > 0
	if flags3&0x10 == 0 {
		return l, nil
	}
	if len(extension) < 4 {
		return l, errFeatures
	}
	var err error
	l.features, err = parseFeatures(b, int64(binary.LittleEndian.Uint32(extension)))
	return l, err
}

// parseFeatures lists the features that begin at an offset of a LOGIN7.
func parseFeatures(b []byte, at int64) (ids []byte, err error) {
	for {
		if at < loginFixed-4 || at >= int64(len(b)) {
			return nil, errFeatures
		}
		if b[at] == 0xFF {
			return ids, nil
		}
		if at+5 > int64(len(b)) {
			return nil, errFeatures
		}
		ids = append(ids, b[at])
		at += 5 + int64(binary.LittleEndian.Uint32(b[at+1:]))
	}
}

// packet returns the size of packets that a client asks for, within what is legal; 0 means that it does not care.
func (l *login) packet() int {
	if l.packetSize == 0 {
		return defaultPacket
	}
	return int(min(max(l.packetSize, minPacket), maxPacket))
}
