package nrbf

import (
	"encoding/binary"
	"math/big"
	"reflect"
	"slices"
	"time"
)

// system converts objects whose Go form is no struct, map or slice of their members.
func (u *unmarshaler) system(v Value, dst reflect.Value) (done bool, err error) {
	if v.Kind() == KindArray {
		chars, ok := v.Packed()
		if ok && v.ElementPrimitive() == PrimitiveChar && (dst.Kind() == reflect.String || hooksOf(dst.Type())&hookText != 0) {
			return true, u.text(chars, "System.Char[]", dst)
		}
		return false, nil
	}
	s, _ := u.shape(v)
	switch s.kind {
	case enumClass, pointerClass:
		if isMembers(dst) {
			return false, nil
		}
		n := atomOf(v.At(0))
		if _, _, ok := n.integer(); !ok {
			return true, u.fail("%s without a number", shortClass(v.ClassName()))
		}
		return true, u.scalar(n, dst)
	case guidClass:
		if isMembers(dst) {
			return false, nil
		}
		return true, u.guid(guidOf(v), dst)
	case offsetClass:
		if dst.Type() == typeTime {
			return true, u.offset(v, dst)
		}
	case bigIntClass:
		return u.bigInteger(v, dst)
	case textClass:
		if isMembers(dst) {
			return false, nil
		}
		text, ok := classText(v)
		if !ok {
			return true, u.fail("%s without its text", shortClass(v.ClassName()))
		}
		return true, u.text(text, shortClass(v.ClassName()), dst)
	}
	return false, nil
}

// isMembers says whether the members of any object go into dst.
func isMembers(dst reflect.Value) bool {
	t := dst.Type()
	return t.Kind() == reflect.Map || t.Kind() == reflect.Struct && !isScalarStruct(t)
}

// guidOf returns a Guid.
func guidOf(v Value) (g GUID) {
	binary.LittleEndian.PutUint32(g[0:], uint32(int32Member(v, "_a")))
	binary.LittleEndian.PutUint16(g[4:], uint16(int32Member(v, "_b")))
	binary.LittleEndian.PutUint16(g[6:], uint16(int32Member(v, "_c")))
	for i, name := range [...]string{"_d", "_e", "_f", "_g", "_h", "_i", "_j", "_k"} {
		m, _ := v.Member(name)
		g[8+i] = byte(m.Bits())
	}
	return g
}

// offset converts a DateTimeOffset, which has UTC in it, whatever the kind says (fixture o-misc-system).
func (u *unmarshaler) offset(v Value, dst reflect.Value) error {
	m, _ := v.Member("DateTime")
	t, ok := m.Time()
	minutes := int32Member(v, "OffsetMinutes")
	if !ok || minutes < -14*60 || minutes > 14*60 {
		return u.fail("%s without a time, or with an offset of %d minutes", describeValue(v), minutes)
	}
	zone := time.UTC
	if minutes != 0 {
		zone = time.FixedZone("", int(minutes)*60)
	}
	dst.Set(reflect.ValueOf(t.In(zone)))
	return nil
}

// bigInteger converts a BigInteger: its sign and the magnitude in words, or, if there are none, the number in the place of
// the sign.
func (u *unmarshaler) bigInteger(v Value, dst reflect.Value) (done bool, err error) {
	n := new(big.Int)
	sign := int32Member(v, "_sign")
	bits, _ := v.Member("_bits")
	if words, ok := bits.Packed(); ok && bits.ElementPrimitive() == PrimitiveUInt32 {
		if err := u.claim(len(words), typeBytes.Elem()); err != nil {
			return true, err
		}
		b := []byte(words)
		slices.Reverse(b)
		if n.SetBytes(b); sign < 0 {
			n.Neg(n)
		}
	} else {
		n.SetInt64(int64(sign))
	}
	switch dst.Kind() {
	case reflect.Int64:
		if n.IsInt64() && !isScalar(dst.Type()) {
			dst.SetInt(n.Int64())
			return true, nil
		}
	case reflect.Uint64:
		if n.IsUint64() {
			dst.SetUint(n.Uint64())
			return true, nil
		}
	case reflect.Struct:
		if dst.Type() == typeBigInt {
			dst.Addr().Interface().(*big.Int).Set(n)
			return true, nil
		}
	}
	return false, nil
}
