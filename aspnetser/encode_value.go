package aspnetser

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

var errNotUTF8 = errors.New("text is not UTF-8")

func appendString(dst []byte, text string, form lenForm) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, errNotUTF8
	}
	if len(text) > math.MaxInt32 {
		return nil, fmt.Errorf("text of %d bytes is too long", len(text))
	}
	dst = appendLen7(dst, uint32(len(text)), form)
	return append(dst, text...), nil
}

// sizeHint is about how many bytes the text or graph takes.
func (v *Value) sizeHint() int {
	n := len(v.text) + len(v.stored())
	if v.graph != nil {
		n += v.graph.Size()
	}
	return n
}

// append writes the value with its type byte.
func (v *Value) append(dst []byte) ([]byte, error) {
	t := v.Type()
	if t == TypeUndecodable {
		if v.odd == nil && faultCode(v.aux) != faultEmptySlot {
			return nil, fmt.Errorf("it has no bytes that could be written: %s", v.fault(0).reason())
		}
		return append(dst, v.stored()...), nil
	}
	dst = append(dst, byte(t))
	var err error
	switch t {
	case TypeString:
		if b := v.stored(); b != nil {
			dst = appendLen7(dst, uint32(len(b)), v.form)
			dst = append(dst, b...)
		} else if dst, err = appendString(dst, v.text, v.form); err != nil {
			return nil, err
		}
	case TypeObject:
		if !v.hasGraph() {
			return nil, errors.New("Object without a graph")
		}
		dst = v.graph.Append(dst)
	case TypeChar:
		if dst, err = v.appendChar(dst); err != nil {
			return nil, err
		}
	case TypeBoolean:
		dst = append(dst, flagByte(v.lo != 0, v.aux))
	case TypeIntPtr, TypeUIntPtr:
		if v.aux == 4 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v.lo))
		} else {
			dst = binary.LittleEndian.AppendUint64(dst, v.lo)
		}
	case TypeDateTime:
		if v.lo > maxDateTimeTicks {
			return nil, errors.New(fault{code: faultDateTime}.reason())
		}
		dst = binary.LittleEndian.AppendUint64(dst, v.lo)
	case TypeDecimal:
		if f := checkDecimal(v.hi, 0); f.code != noFault {
			return nil, errors.New(f.reason())
		}
		dst = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, v.lo), v.hi)
	default:
		switch fixedSize[t] {
		case 1:
			dst = append(dst, byte(v.lo))
		case 2:
			dst = binary.LittleEndian.AppendUint16(dst, uint16(v.lo))
		case 4:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v.lo))
		case 8:
			dst = binary.LittleEndian.AppendUint64(dst, v.lo)
		case 16:
			dst = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, v.lo), v.hi)
		}
	}
	if v.odd != nil {
		dst = append(dst, v.odd.slack...)
	}
	return dst, nil
}

func (v *Value) appendChar(dst []byte) ([]byte, error) {
	if v.aux != 0 {
		return append(dst, v.aux), nil
	}
	if c := rune(v.lo); !utf8.ValidRune(c) {
		return nil, errors.New("Char is half of a surrogate pair")
	}
	return utf8.AppendRune(dst, rune(v.lo)), nil
}
