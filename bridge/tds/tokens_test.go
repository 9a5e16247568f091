package tds

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// told is what an answer tells a client.
type told struct {
	rows    [][]string
	outputs map[string]string // by name as sent
	errors  []int32
	refused []sqlError // the errors, with their text
	changes []byte     // kinds of ENVCHANGE
	begun   []byte     // descriptor of the transaction that was begun
	login   bool
	done    int    // DONE tokens
	last    uint16 // status of the last one
	count   uint64 // rows counted, of all that are no SELECT
}

// understand takes an answer apart.
func understand(b []byte) (t told, err error) {
	r := reader{b: b}
	t.outputs = map[string]string{}
	var types []typeInfo
	for len(r.b) > 0 && r.err == nil {
		switch kind := r.byte(); kind {
		case tokenEnvChange:
			one := reader{b: r.bytes(r.word())}
			change := one.byte()
			t.changes = append(t.changes, change)
			if change == changeBegin {
				t.begun = one.bytes(int(one.byte()))
			}
		case tokenError:
			one := reader{b: r.bytes(r.word())}
			e := sqlError{number: int32(one.dword()), state: one.byte(), class: one.byte()}
			e.text = one.text(one.word())
			t.errors, t.refused = append(t.errors, e.number), append(t.refused, e)
		case tokenInfo, tokenOrder, tokenColInfo, tokenTabName:
			r.bytes(r.word())
		case tokenLoginAck:
			r.bytes(r.word())
			t.login = true
		case tokenDone, tokenDoneProc, tokenDoneInProc:
			t.last = uint16(r.word())
			command := r.word()
			if n := r.qword(); t.last&doneCount != 0 && command != commandSelect {
				t.count += n
			}
			t.done++
		case tokenReturnStatus:
			r.dword()
		case tokenReturnValue:
			r.word()
			name := r.text(int(r.byte()))
			r.bytes(7)
			typ := r.typeInfo()
			if r.err == nil {
				t.outputs[name] = shown(&typ, r.value(&typ))
			}
		case tokenColumns:
			n := r.word()
			types = nil
			for range n {
				if r.err != nil {
					break
				}
				r.bytes(6)
				typ := r.typeInfo()
				if typ.kind() == dwordLen {
					for range r.byte() { // the table's name
						r.text(r.word())
					}
				}
				r.text(int(r.byte()))
				types = append(types, typ)
			}
		case tokenRow:
			var row []string
			for i := range types {
				if types[i].kind() != dwordLen {
					row = append(row, shown(&types[i], r.value(&types[i])))
				} else if n := r.byte(); n == 0 {
					row = append(row, "NULL")
				} else {
					r.bytes(int(n) + 8) // text pointer and timestamp
					row = append(row, shown(&types[i], r.value(&types[i])))
				}
			}
			t.rows = append(t.rows, row)
		default:
			return t, fmt.Errorf("token 0x%02X, %d bytes before the end", kind, len(r.b))
		}
	}
	return t, r.err
}

// Tokens that we do not send.
const (
	tokenTabName = 0xA4
	tokenColInfo = 0xA5
	tokenOrder   = 0xA9
)

// shown is a value as text.
func shown(t *typeInfo, v []byte) string {
	if v == nil {
		return "NULL"
	}
	switch t.id {
	case typeIntN, typeBitN, typeInt1, typeInt2, typeInt4, typeInt8, typeBit:
		p := param{typ: *t, value: v}
		n, _ := p.integer()
		return fmt.Sprint(n)
	case typeNVarChar, typeNChar, typeNText:
		return decodeText(v)
	case typeVarChar, typeChar, typeText:
		return strings.TrimRight(string(v), " ")
	case typeDateTimeN, typeDateTime:
		return fmt.Sprintf("day %d, tick %d", int32(binary.LittleEndian.Uint32(v)), binary.LittleEndian.Uint32(v[4:]))
	}
	return fmt.Sprintf("%x", v)
}

// cutPackets puts messages together from the bytes of one direction.
func cutPackets(b []byte) (all []message, err error) {
	var m message
	for first := true; len(b) > 0; {
		if len(b) < headerSize {
			return all, errShort
		}
		h, err := parseHeader([headerSize]byte(b), math.MaxUint16)
		if err != nil || h.length > len(b) {
			return all, fmt.Errorf("%d messages, then %v", len(all), err)
		}
		if first {
			m = message{typ: h.typ, reset: h.status&(statusReset|statusResetKeep) != 0, keep: h.status&statusResetKeep != 0}
		}
		m.data = append(m.data, b[headerSize:h.length]...)
		b = b[h.length:]
		if first = h.status&statusEnd != 0; first {
			all = append(all, m)
		}
	}
	return all, nil
}
