package tds

import (
	"encoding/binary"
)

// Tokens of an answer (6, 7).
const (
	tokenReturnStatus = 0x79
	tokenColumns      = 0x81
	tokenError        = 0xAA
	tokenInfo         = 0xAB
	tokenReturnValue  = 0xAC
	tokenLoginAck     = 0xAD
	tokenRow          = 0xD1
	tokenEnvChange    = 0xE3
	tokenDone         = 0xFD
	tokenDoneProc     = 0xFE
	tokenDoneInProc   = 0xFF
)

// Status bits of the DONE tokens.
const (
	doneMore      = 0x001
	doneError     = 0x002
	doneInTran    = 0x004
	doneCount     = 0x010
	doneAttention = 0x020
)

// Commands of the DONE tokens.
const (
	commandSelect   = 0xC1
	commandInsert   = 0xC3
	commandUpdate   = 0xC5
	commandBegin    = 0xD4
	commandCommit   = 0xD5
	commandRollback = 0xD2
	commandExecute  = 0xE0
)

// Kinds of ENVCHANGE.
const (
	changeDatabase  = 1
	changeLanguage  = 2
	changePacket    = 4
	changeCollation = 7
	changeBegin     = 8
	changeCommit    = 9
	changeRollback  = 10
	changeReset     = 18
)

// answer is a message to a client in the making.
type answer struct{ b []byte }

// token writes a token that says its own length, which is what fill writes.
func (a *answer) token(kind byte, fill func(b []byte) []byte) {
	at := len(a.b)
	a.b = fill(append(a.b, kind, 0, 0))
	binary.LittleEndian.PutUint16(a.b[at+1:], uint16(len(a.b)-at-3))
}

// changedText says that the database, language or packet size changed.
func (a *answer) changedText(kind byte, now, before string) {
	a.token(tokenEnvChange, func(b []byte) []byte {
		return appendShortText(appendShortText(append(b, kind), now), before)
	})
}

// changedBytes says that the collation, a transaction or the whole connection changed.
func (a *answer) changedBytes(kind byte, now, before []byte) {
	a.token(tokenEnvChange, func(b []byte) []byte {
		b = append(append(b, kind, byte(len(now))), now...)
		return append(append(b, byte(len(before))), before...)
	})
}

// sqlError is an error, or something that people are told, as SQL Server numbers them.
type sqlError struct {
	number int32
	state  byte
	class  byte // 10 and below: no error
	text   string
	proc   string
}

func (e *sqlError) Error() string { return e.text }

// message writes an ERROR or an INFO.
func (a *answer) message(e *sqlError, server string) {
	kind := byte(tokenError)
	if e.class <= 10 {
		kind = tokenInfo
	}
	const longest = 2000 // characters of a text
	text := e.text
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest])
	}
	a.token(kind, func(b []byte) []byte {
		b = binary.LittleEndian.AppendUint32(b, uint32(e.number))
		b = appendLongText(append(b, e.state, e.class), text)
		b = appendShortText(appendShortText(b, server), e.proc)
		return binary.LittleEndian.AppendUint32(b, 1)
	})
}

// loginAck says that a login is accepted. version is the one that LOGIN7 asked for.
func (a *answer) loginAck(version uint32, program string) {
	a.token(tokenLoginAck, func(b []byte) []byte {
		b = binary.BigEndian.AppendUint32(append(b, 1), version) // interface 1: T-SQL
		b = appendShortText(b, program)
		return append(b, serverVersion[:4]...)
	})
}

// done writes a DONE, DONEPROC or DONEINPROC.
func (a *answer) done(kind byte, status, command uint16, rows uint64) {
	a.b = binary.LittleEndian.AppendUint16(append(a.b, kind), status)
	a.b = binary.LittleEndian.AppendUint16(a.b, command)
	a.b = binary.LittleEndian.AppendUint64(a.b, rows)
}

// returnStatus writes what a procedure returns.
func (a *answer) returnStatus(n int32) {
	a.b = binary.LittleEndian.AppendUint32(append(a.b, tokenReturnStatus), uint32(n))
}

// returnValue gives an output parameter back, under its name and type as they were sent: clients compare both (6).
func (a *answer) returnValue(ordinal int, p *param, v []byte) {
	a.b = binary.LittleEndian.AppendUint16(append(a.b, tokenReturnValue), uint16(ordinal))
	a.b = append(appendShortText(a.b, p.name), paramOutput, 0, 0, 0, 0, 0, 0) // status, user type, flags
	a.b = appendValue(append(a.b, p.typ.sent...), &p.typ, v)
}

// column is one of a result set.
type column struct {
	name string
	typ  typeInfo
}

// columnType makes the type of a result's column.
func columnType(id typeID, size int) typeInfo {
	t := typeInfo{id: id, size: size, sent: []byte{byte(id)}}
	switch t.kind() {
	case byteLen:
		t.sent = append(t.sent, byte(size))
	case wordLen, pieces:
		t.sent = binary.LittleEndian.AppendUint16(t.sent, uint16(size))
	}
	if id.hasCollation() {
		t.sent = append(t.sent, collation[:]...)
	}
	return t
}

// collation is SQL_Latin1_General_CP1_CI_AS.
var collation = [5]byte{0x09, 0x04, 0xD0, 0x00, 0x34}

// columns begins a result set.
func (a *answer) columns(all ...column) {
	a.b = binary.LittleEndian.AppendUint16(append(a.b, tokenColumns), uint16(len(all)))
	for _, c := range all {
		a.b = append(a.b, 0, 0, 0, 0, 0x09, 0) // user type; flags: nullable, updatable
		a.b = appendShortText(append(a.b, c.typ.sent...), c.name)
	}
}

// row is one of the result set that columns began; a nil value is NULL.
func (a *answer) row(all []column, values ...[]byte) {
	a.b = append(a.b, tokenRow)
	for i := range all {
		a.b = appendValue(a.b, &all[i].typ, values[i])
	}
}
