package nrbf

import (
	"encoding"
	"math/big"
	"reflect"
	"sync"
	"time"
)

var (
	typeValue    = reflect.TypeFor[Value]()
	typeTime     = reflect.TypeFor[time.Time]()
	typeDuration = reflect.TypeFor[time.Duration]()
	typeDateTime = reflect.TypeFor[DateTime]()
	typeTimeSpan = reflect.TypeFor[TimeSpan]()
	typeDecimal  = reflect.TypeFor[Decimal]()
	typeChar     = reflect.TypeFor[Char]()
	typeGUID     = reflect.TypeFor[GUID]()
	typeBigInt   = reflect.TypeFor[big.Int]()
	typePairs    = reflect.TypeFor[[]Pair]()
	typeAny      = reflect.TypeFor[any]()
	typeBytes    = reflect.TypeFor[[]byte]()

	typeUnmarshaler     = reflect.TypeFor[Unmarshaler]()
	typeTextUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// hooks are the methods by which a Go type converts itself.
type hooks uint8

const (
	hookUnmarshaler hooks = 1 << iota
	hookText
)

var hooksByType sync.Map // reflect.Type: hooks

func hooksOf(t reflect.Type) hooks {
	if known, ok := hooksByType.Load(t); ok {
		return known.(hooks)
	}
	var h hooks
	if p := reflect.PointerTo(t); !isScalar(t) {
		if p.Implements(typeUnmarshaler) {
			h |= hookUnmarshaler
		}
		if p.Implements(typeTextUnmarshaler) {
			h |= hookText
		}
	}
	hooksByType.Store(t, h)
	return h
}

// isScalar says whether a Go type is one that certain .NET values alone go into.
func isScalar(t reflect.Type) bool {
	switch t {
	case typeTime, typeDuration, typeDateTime, typeTimeSpan, typeDecimal, typeChar, typeGUID, typeBigInt:
		return true
	}
	return false
}

// isScalarStruct says whether a Go struct is no collection of members.
func isScalarStruct(t reflect.Type) bool {
	return isScalar(t) || t == typeValue || t == typeClass || t == typeStruct || hooksOf(t) != 0
}

// scalar converts a primitive.
func (u *unmarshaler) scalar(s atom, dst reflect.Value) error {
	dst = behindPointers(dst)
	t, ok := dst.Type(), false
	switch {
	case t.Kind() == reflect.Interface:
		return u.natural(s.natural(), dst)
	case s.code == PrimitiveDecimal && hooksOf(t)&hookText != 0:
		return u.text(s.text, "Decimal", dst)
	case isScalar(t):
		ok = setTyped(s, dst)
	default:
		ok = setPlain(s, dst)
	}
	if !ok {
		return u.fail("%s does not fit %s", s.describe(), t)
	}
	return nil
}

// behindPointers makes dst, if it is a pointer, point to something new, which it returns.
func behindPointers(dst reflect.Value) reflect.Value {
	for range 100 { // a type may be a pointer to itself
		if dst.Kind() != reflect.Pointer {
			break
		}
		dst.Set(reflect.New(dst.Type().Elem()))
		dst = dst.Elem()
	}
	return dst
}

// natural puts a natural value into an interface.
func (u *unmarshaler) natural(x any, dst reflect.Value) error {
	v := reflect.ValueOf(x)
	if !v.Type().AssignableTo(dst.Type()) {
		return u.fail("%s does not implement %s", v.Type(), dst.Type())
	}
	dst.Set(v)
	return nil
}

// setTyped converts a primitive to a Go type that stands for a .NET type.
func setTyped(s atom, dst reflect.Value) bool {
	switch to := dst.Addr().Interface().(type) {
	case *Decimal:
		d, ok := s.decimal()
		*to = d
		return ok
	case *time.Time:
		*to = s.dateTime().Time()
		return s.code == PrimitiveDateTime
	case *DateTime:
		*to = s.dateTime()
		return s.code == PrimitiveDateTime
	case *TimeSpan:
		*to = s.timeSpan()
		return s.code == PrimitiveTimeSpan
	case *time.Duration:
		d, ok := s.timeSpan().Duration()
		*to = d
		return ok && s.code == PrimitiveTimeSpan
	case *Char:
		*to = Char(s.bits)
		return s.code == PrimitiveChar
	case *big.Int:
		return s.bigInt(to)
	}
	return false
}

// setPlain converts a primitive to a Go type by its kind.
func setPlain(s atom, dst reflect.Value) bool {
	switch kind := dst.Kind(); kind {
	case reflect.Bool:
		dst.SetBool(s.bits != 0)
		return s.code == PrimitiveBoolean
	case reflect.String:
		text, ok := s.asText()
		dst.SetString(text)
		return ok
	case reflect.Float32, reflect.Float64:
		f, exact := s.float()
		dst.SetFloat(f)
		return exact && (dst.Float() == f || f != f)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if s.code == PrimitiveChar {
			dst.SetInt(int64(s.bits))
			return kind == reflect.Int32
		}
		n, negative, ok := s.whole()
		if !ok || negative != (int64(n) < 0) || dst.OverflowInt(int64(n)) {
			return false
		}
		dst.SetInt(int64(n))
		return true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if s.code == PrimitiveChar {
			dst.SetUint(s.bits)
			return kind == reflect.Uint16
		}
		n, negative, ok := s.whole()
		if !ok || negative || dst.OverflowUint(n) {
			return false
		}
		dst.SetUint(n)
		return true
	}
	return false
}

// text converts a String, or what .NET shows as one; what says which.
func (u *unmarshaler) text(s, what string, dst reflect.Value) error {
	dst = behindPointers(dst)
	t := dst.Type()
	switch {
	case t.Kind() == reflect.Interface:
		return u.natural(s, dst)
	case hooksOf(t)&hookText != 0:
		if err := u.claim(len(s), typeBytes.Elem()); err != nil {
			return err
		}
		if err := dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
			return u.failWith(err, "%s does not fit %s, whose UnmarshalText refuses the text", what, t)
		}
		return nil
	case t.Kind() == reflect.String:
		dst.SetString(s)
		return nil
	}
	return u.fail("%s does not fit %s", what, t)
}

// guid converts a Guid.
func (u *unmarshaler) guid(g GUID, dst reflect.Value) error {
	dst = behindPointers(dst)
	t := dst.Type()
	switch {
	case t.Kind() == reflect.Interface:
		return u.natural(g, dst)
	case t == typeGUID:
		dst.Set(reflect.ValueOf(g))
		return nil
	case hooksOf(t)&hookText == 0 && t.Kind() == reflect.Array && t.Len() == len(g) && t.Elem().Kind() == reflect.Uint8:
		for i, at := range guidOrder {
			dst.Index(i).SetUint(uint64(g[at]))
		}
		return nil
	}
	return u.text(g.String(), "System.Guid", dst)
}
