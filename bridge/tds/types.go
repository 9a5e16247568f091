package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// typeID is the first byte of a TYPE_INFO.
type typeID byte

// The types that clients send or are answered with (5).
const (
	typeNull      typeID = 0x1F
	typeInt1      typeID = 0x30
	typeBit       typeID = 0x32
	typeInt2      typeID = 0x34
	typeInt4      typeID = 0x38
	typeDateTime  typeID = 0x3D
	typeInt8      typeID = 0x7F
	typeGUID      typeID = 0x24
	typeIntN      typeID = 0x26
	typeBitN      typeID = 0x68
	typeDateTimeN typeID = 0x6F

	typeDateTime2N     typeID = 0x2A
	typeDateTimeOffset typeID = 0x2B

	typeImage     typeID = 0x22
	typeText      typeID = 0x23
	typeNText     typeID = 0x63
	typeVarBinary typeID = 0xA5
	typeVarChar   typeID = 0xA7
	typeBinary    typeID = 0xAD
	typeChar      typeID = 0xAF
	typeNVarChar  typeID = 0xE7
	typeNChar     typeID = 0xEF
	typeTable     typeID = 0xF3
)

// maxSize is the size of a VARBINARY(MAX) and its likes in their TYPE_INFO: values come in pieces.
const maxSize = 0xFFFF

// typeInfo is a type as it was sent.
type typeInfo struct {
	id    typeID
	size  int    // longest value in bytes; maxSize: in pieces
	scale byte   // of times: digits behind the second
	sent  []byte // the TYPE_INFO itself, to be sent back
}

// kind says how values of a type are sent.
type kind byte

const (
	fixed    kind = iota + 1 // size bytes
	byteLen                  // a byte of length; 0: NULL
	wordLen                  // a word of length; FFFF: NULL
	dwordLen                 // a double word of length; FFFFFFFF: NULL
	pieces                   // PLP
)

var errTable = errors.New("tds: a parameter that is a table is not as it should be")

var errType = errors.New("tds: a parameter of a type that is not read here")

func (t *typeInfo) kind() kind {
	switch t.id {
	case typeNull, typeInt1, typeBit, typeInt2, typeInt4, typeDateTime, typeInt8:
		return fixed
	case typeGUID, typeIntN, typeBitN, typeDateTimeN, typeDateTime2N, typeDateTimeOffset:
		return byteLen
	case typeImage, typeText, typeNText:
		return dwordLen
	}
	if t.size == maxSize && t.id != typeBinary && t.id != typeChar && t.id != typeNChar {
		return pieces
	}
	return wordLen
}

// hasCollation says whether a TYPE_INFO ends with one.
func (id typeID) hasCollation() bool {
	switch id {
	case typeText, typeNText, typeVarChar, typeChar, typeNVarChar, typeNChar:
		return true
	}
	return false
}

// typeInfo reads a TYPE_INFO.
func (r *reader) typeInfo() typeInfo {
	start := r.b
	t := typeInfo{id: typeID(r.byte())}
	switch t.id {
	case typeNull:
	case typeTable:
		for range 3 { // database, schema, name of its type
			r.text(int(r.byte()))
		}
	case typeInt1, typeBit:
		t.size = 1
	case typeInt2:
		t.size = 2
	case typeInt4:
		t.size = 4
	case typeInt8, typeDateTime:
		t.size = 8
	case typeGUID, typeIntN, typeBitN, typeDateTimeN:
		t.size = int(r.byte())
	case typeDateTime2N, typeDateTimeOffset:
		if t.scale = r.byte(); t.scale > 7 {
			r.fail(errType)
		}
		if t.size = timeSize(t.scale) + 3; t.id == typeDateTimeOffset {
			t.size += 2
		}
	case typeVarBinary, typeBinary, typeVarChar, typeChar, typeNVarChar, typeNChar:
		t.size = r.word()
	case typeImage, typeText, typeNText:
		t.size = int(min(r.dword(), math.MaxInt32))
	default:
		r.fail(fmt.Errorf("%w: 0x%02X", errType, byte(t.id)))
	}
	if t.id.hasCollation() {
		r.bytes(5)
	}
	if r.err == nil {
		t.sent = start[: len(start)-len(r.b) : len(start)-len(r.b)]
	}
	return t
}

// value reads a value of a type; nil is NULL.
func (r *reader) value(t *typeInfo) []byte {
	switch t.kind() {
	case fixed:
		if t.id == typeNull {
			return nil
		}
		return r.bytes(t.size)
	case byteLen:
		n := int(r.byte())
		if n == 0 {
			return nil
		}
		return r.within(t, n)
	case wordLen:
		n := r.word()
		if n == maxSize {
			return nil
		}
		return r.within(t, n)
	case dwordLen:
		n := r.dword()
		if n == math.MaxUint32 {
			return nil
		}
		return r.within(t, int(min(n, math.MaxInt32)))
	}
	return r.pieces()
}

var errTooLong = errors.New("tds: a value that is longer than its type")

// within reads a value of n bytes, which may be no longer than its type.
func (r *reader) within(t *typeInfo, n int) []byte {
	if n > t.size {
		r.fail(errTooLong)
		return nil
	}
	b := r.bytes(n)
	if b == nil && r.err == nil {
		b = []byte{}
	}
	return b
}

// Lengths of a value in pieces.
const (
	piecesNull    = math.MaxUint64
	piecesUnknown = math.MaxUint64 - 1
)

var errPieces = errors.New("tds: the pieces of a value are not as long as was said")

// pieces reads a value that comes in pieces. One that comes in one is part of the message.
func (r *reader) pieces() []byte {
	total := r.qword()
	if r.err != nil || total == piecesNull {
		return nil
	}
	all := []byte{}
	for pieces := 0; ; pieces++ {
		n := r.dword()
		if n == 0 || r.err != nil {
			break
		}
		piece := r.bytes(int(min(n, math.MaxInt32)))
		switch pieces {
		case 0:
			all = piece
		case 1: // from now on it is a copy, with room to grow
			all = append(append(make([]byte, 0, 2*(len(all)+len(piece))), all...), piece...)
		default:
			all = append(all, piece...)
		}
	}
	if r.err == nil && total != piecesUnknown && total != uint64(len(all)) {
		r.fail(errPieces)
	}
	return all
}

// appendValue writes a value of a type as servers send it; nil is NULL. It must fit the type.
func appendValue(dst []byte, t *typeInfo, v []byte) []byte {
	switch t.kind() {
	case fixed:
		return append(dst, v...)
	case byteLen:
		return append(append(dst, byte(len(v))), v...)
	case wordLen:
		if v == nil {
			return append(dst, 0xFF, 0xFF)
		}
		return append(binary.LittleEndian.AppendUint16(dst, uint16(len(v))), v...)
	case dwordLen:
		if v == nil {
			return append(dst, 0xFF, 0xFF, 0xFF, 0xFF)
		}
		return append(binary.LittleEndian.AppendUint32(dst, uint32(len(v))), v...)
	}
	if v == nil {
		return binary.LittleEndian.AppendUint64(dst, piecesNull)
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(v)))
	if len(v) > 0 {
		dst = append(binary.LittleEndian.AppendUint32(dst, uint32(len(v))), v...)
	}
	return append(dst, 0, 0, 0, 0)
}
