package tds

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// paramOutput is the status bit of a parameter that is given back.
const paramOutput = 0x01

// call is one procedure that a client calls.
type call struct {
	name   string // as sent; empty where proc is given
	proc   int    // number of a system procedure: 10 is sp_executesql
	params []param
}

// param is a parameter of a call.
type param struct {
	name   string // as sent, with its @; empty: known by its place
	status byte
	typ    typeInfo
	value  []byte // nil: NULL
	table  *table // of typeTable, which has no value; nil: NULL
}

// procExecuteSQL is the number of sp_executesql.
const procExecuteSQL = 10

// rpc is a message of typeRPC.
type rpc struct {
	transaction uint64
	calls       []call
}

// mostParams bounds the calls and parameters of a message, as SQL Server does for a call.
const mostParams = 2100

var errManyParams = errors.New("tds: a message of too many parameters")

var errNoCall = errors.New("tds: a procedure call without a name")

// Separators of calls in one message, since 7.2.
const (
	nextCall       = 0xFF
	nextCallNoExec = 0xFE
)

// parseRPC reads a message of typeRPC. Values are parts of it.
func parseRPC(b []byte) (rpc, error) {
	r := reader{b: b}
	q := rpc{transaction: r.headers()}
	count := 0
	one := func() {
		if count++; count > mostParams {
			r.fail(errManyParams)
		}
	}
	for r.err == nil {
		one()
		var c call
		if n := r.word(); n == 0xFFFF {
			c.proc = r.word()
		} else if c.name = r.text(n); n == 0 && r.err == nil {
			r.fail(errNoCall)
		}
		r.word() // option flags: nothing that changes an answer here
		more := false
		for len(r.b) > 0 && r.err == nil && !more {
			if more = r.b[0] == nextCall || r.b[0] == nextCallNoExec; more {
				r.byte()
				continue
			}
			one()
			p := param{name: r.text(int(r.byte())), status: r.byte()}
			p.typ = r.typeInfo()
			switch {
			case r.err != nil:
			case p.typ.id == typeTable:
				p.table = r.table()
			default:
				p.value = r.value(&p.typ)
			}
			c.params = append(c.params, p)
		}
		q.calls = append(q.calls, c)
		if !more || len(r.b) == 0 {
			break
		}
	}
	return q, r.err
}

// isOutput says whether a parameter is given back.
func (p *param) isOutput() bool { return p.status&paramOutput != 0 }

// text returns the value of a character parameter; those of single-byte types are in the code page of the collation that the
// login was answered with. ok is false for other types and NULL.
func (p *param) text() (s string, ok bool) {
	if p.value == nil {
		return "", false
	}
	switch p.typ.id {
	case typeNVarChar, typeNChar, typeNText:
		return decodeText(p.value), len(p.value)%2 == 0
	case typeVarChar, typeChar, typeText:
		return layout.DecodeCP1252(p.value), true
	}
	return "", false
}

// integer returns the value of an integer or bit parameter; ok is false for other types and NULL.
func (p *param) integer() (n int64, ok bool) {
	switch p.typ.id {
	case typeIntN, typeBitN, typeInt1, typeInt2, typeInt4, typeInt8, typeBit:
	default:
		return 0, false
	}
	switch len(p.value) {
	case 1:
		return int64(p.value[0]), true
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(p.value))), true
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(p.value))), true
	case 8:
		return int64(binary.LittleEndian.Uint64(p.value)), true
	}
	return 0, false
}

// binary returns the value of a binary parameter; ok is false for other types and NULL.
func (p *param) binary() (b []byte, ok bool) {
	switch p.typ.id {
	case typeVarBinary, typeBinary, typeImage:
		return p.value, p.value != nil
	}
	return nil, false
}

// procName takes a procedure's name apart: brackets and quotes, database and schema are left out (5).
func procName(sent string) string {
	name := sent
	for depth, i := 0, 0; i < len(sent); i++ {
		switch c := sent[i]; {
		case c == '[' && depth == 0:
			depth = 1
		case c == ']' && depth == 1:
			depth = 0
		case c == '.' && depth == 0:
			name = sent[i+1:]
		}
	}
	if len(name) > 1 && (name[0] == '[' && name[len(name)-1] == ']' || name[0] == '"' && name[len(name)-1] == '"') {
		name = strings.ReplaceAll(name[1:len(name)-1], "]]", "]")
	}
	return name
}
