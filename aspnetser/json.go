package aspnetser

import (
	"encoding/hex"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// AppendJSON appends the session as JSON in the form of fixtures/blobs/README.md, where every scalar is a string. A type
// of item is added to it, which shows the bytes of the slot; typeId is null in a slot of 0 bytes:
//
//	{"key":"k","type":"Undecodable","typeId":22,"hex":"16…","error":"…"}
//
// Warnings and oddities are not part of it.
func AppendJSON(dst []byte, s *Session) []byte { return new(flusher).json(dst, s) }

// WriteJSON is AppendJSON for a writer, in memory that does not grow with the JSON.
func WriteJSON(w io.Writer, s *Session) error {
	f := flusher{w: w}
	f.flush(f.json(nil, s))
	return f.err
}

func (f *flusher) json(dst []byte, s *Session) []byte {
	dst = append(dst, "{\n\"format\":1,\n\"compressed\":"...)
	dst = strconv.AppendBool(dst, s.Form == FormCompressed)
	dst = append(dst, ",\n\"timeout\":"...)
	dst = strconv.AppendInt(dst, int64(s.Timeout), 10)
	dst = append(dst, ",\n\"hasItems\":"...)
	dst = strconv.AppendBool(dst, s.HasItems || len(s.Items) > 0)
	dst = append(dst, ",\n\"hasStaticObjects\":"...)
	dst = strconv.AppendBool(dst, s.HasStatic || len(s.Static) > 0)
	dst = append(dst, ",\n\"items\":["...)
	for i := range s.Items {
		it := &s.Items[i]
		dst = append(f.full(dst), separator(i)+`{"key":`...)
		if it.NullKey {
			dst = append(dst, "null"...)
		} else {
			dst = f.text(dst, it.Key)
		}
		dst = append(dst, ',')
		dst = f.value(dst, &it.Value)
		if it.Value.typ == TypeUndecodable {
			dst = append(dst, `,"error":`...)
			dst = nrbf.AppendJSONString(dst, s.ItemErr(i).Error())
		}
		dst = append(dst, '}')
	}
	if len(s.Items) > 0 {
		dst = append(dst, '\n')
	}
	dst = append(dst, "],\n\"staticObjects\":["...)
	for i := range s.Static {
		o := &s.Static[i]
		dst = append(f.full(dst), separator(i)+`{"name":`...)
		dst = nrbf.AppendJSONString(dst, o.Name)
		if o.HasInstance {
			dst = append(dst, `,"hasInstance":true,`...)
			dst = f.value(dst, &o.Value)
		} else {
			dst = append(dst, `,"hasInstance":false,"objectType":`...)
			dst = nrbf.AppendJSONString(dst, o.ObjectType)
			dst = append(dst, `,"lateBound":`...)
			dst = strconv.AppendBool(dst, o.LateBound)
		}
		dst = append(dst, '}')
	}
	if len(s.Static) > 0 {
		dst = append(dst, '\n')
	}
	return append(dst, "]\n}\n"...)
}

func separator(i int) string {
	if i == 0 {
		return "\n"
	}
	return ",\n"
}

// appendJSON appends the fields of the value, from "type" on.
func (v *Value) appendJSON(dst []byte) []byte { return new(flusher).value(dst, v) }

// value appends the fields of a value, from "type" on.
func (f *flusher) value(dst []byte, v *Value) []byte {
	t := v.Type()
	dst = append(dst, `"type":"`...)
	dst = append(dst, t.String()...)
	switch t {
	case TypeNull:
		return append(dst, `","value":null`...)
	case TypeString:
		return f.text(append(dst, `","value":`...), v.text)
	case TypeChar:
		return nrbf.AppendJSONString(append(dst, `","value":`...), string(utf16.Decode([]uint16{uint16(v.lo)})))
	case TypeObject:
		dst = append(dst, `","value":`...)
		if f.w == nil {
			return nrbf.AppendJSON(dst, v.graph.Root())
		}
		return nrbf.FlushJSON(dst, v.graph.Root(), f.flush)
	case TypeUndecodable:
		dst = append(dst, `","typeId":`...)
		if len(v.stored()) > 0 {
			dst = strconv.AppendUint(dst, uint64(v.id), 10)
		} else {
			dst = append(dst, "null"...)
		}
		dst = hex.AppendEncode(append(dst, `,"hex":"`...), v.stored())
		return append(dst, '"')
	case TypeIntPtr, TypeUIntPtr:
		dst = append(dst, `","size":`...)
		dst = strconv.AppendUint(dst, uint64(v.aux), 10)
		dst = append(dst, `,"value":"`...)
	default:
		dst = append(dst, `","value":"`...)
	}
	return append(v.appendScalar(dst), '"')
}

// appendScalar appends the digits, as the JSON form has them.
func (v *Value) appendScalar(dst []byte) []byte {
	switch v.typ {
	case TypeBoolean:
		return strconv.AppendBool(dst, v.lo != 0)
	case TypeDecimal:
		d, _ := v.Decimal()
		return d.Append(dst)
	case TypeGuid:
		g, _ := v.Guid()
		return g.Append(dst)
	case TypeSingle:
		return appendHex(dst, v.lo, 8)
	case TypeDouble:
		return appendHex(dst, v.lo, 16)
	case TypeByte, TypeUInt16, TypeUInt32, TypeUInt64, TypeUIntPtr:
		return strconv.AppendUint(dst, v.lo, 10)
	}
	return strconv.AppendInt(dst, int64(v.lo), 10)
}

const hexDigits = "0123456789abcdef"

func appendHex(dst []byte, n uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[n>>(4*i)&15])
	}
	return dst
}

// text quotes s piece by piece, since it may become six times as long.
func (f *flusher) text(dst []byte, s string) []byte {
	const piece = 8 << 10
	dst = append(dst, '"')
	for len(s) > piece {
		n := piece
		for n > piece-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		dst = f.full(nrbf.AppendJSONText(dst, s[:n]))
		s = s[n:]
	}
	return append(nrbf.AppendJSONText(dst, s), '"')
}
