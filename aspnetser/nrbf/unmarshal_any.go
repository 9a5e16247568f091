package nrbf

import (
	"math/big"
	"reflect"
	"time"
)

var (
	typeStringMap = reflect.TypeFor[map[string]any]()
	typeAnyMap    = reflect.TypeFor[map[any]any]()
	typeNamedMap  = reflect.TypeFor[map[string][]string]()
)

// iface converts v to its natural type, for a destination of interface type.
func (u *unmarshaler) iface(v Value, dst reflect.Value) error {
	switch v.Kind() {
	case KindString:
		s, _ := v.Text()
		return u.text(s, "String", dst)
	case KindPrimitive:
		return u.scalar(atomOf(v), dst)
	}
	t, err := u.naturalType(v)
	if err != nil {
		return err
	}
	if !t.AssignableTo(dst.Type()) {
		return u.fail("%s, a %s, does not implement %s", describeValue(v), t, dst.Type())
	}
	x := reflect.New(t).Elem()
	if err := u.value(v, x); err != nil {
		return err
	}
	dst.Set(x)
	return nil
}

// naturalType returns the Go type that an object becomes when nothing else is asked for.
func (u *unmarshaler) naturalType(v Value) (reflect.Type, error) {
	id, _ := v.ID()
	if t := u.naturals[id]; t != nil {
		return t, nil
	}
	t, err := u.chooseType(v)
	if err == nil {
		u.naturals[id] = t
	}
	return t, err
}

func (u *unmarshaler) chooseType(v Value) (reflect.Type, error) {
	if v.Kind() == KindArray && len(v.Lengths()) > 1 {
		return u.tableType(v, v.Lengths()), nil
	}
	if t := u.Types[v.ClassName()]; t != nil {
		return t, nil
	}
	switch s, _ := u.shape(v); s.kind {
	case guidClass:
		return typeGUID, nil
	case enumClass, pointerClass:
		if x := atomOf(v.At(0)); x.code != 0 {
			return reflect.TypeOf(x.natural()), nil
		}
	case offsetClass:
		return typeTime, nil
	case bigIntClass:
		return reflect.TypeFor[*big.Int](), nil
	case textClass:
		if _, ok := classText(v); ok {
			return reflect.TypeFor[string](), nil
		}
		return typeStringMap, nil
	case bitsClass:
		return reflect.TypeFor[[]bool](), nil
	case streamClass:
		return typeBytes, nil
	}
	c, err := u.content(v)
	switch {
	case err != nil:
		return nil, err
	case c.is == listContent:
		return reflect.SliceOf(elementType(c.items.primitive())), nil
	case c.isDictionary():
		return u.dictionaryType(c), nil
	}
	return typeStringMap, nil
}

// elementType is the natural type of the elements of an array of primitives, any for other arrays.
func elementType(code PrimitiveType) reflect.Type {
	switch code {
	case 0:
		return typeAny
	case PrimitiveDecimal:
		return typeDecimal
	case PrimitiveTimeSpan: // not all of one array need fit a time.Duration
		return typeTimeSpan
	case PrimitiveDateTime:
		return reflect.TypeFor[time.Time]()
	}
	return reflect.TypeOf(atom{code: code}.natural())
}

// keyType is what makes keys of one natural type.
type keyType struct {
	kind  Kind
	code  PrimitiveType
	shape shapeKind
	class string
}

// dictionaryType returns the natural type of a dictionary, by the types of its keys.
func (u *unmarshaler) dictionaryType(c content) reflect.Type {
	var all keyType
	for i := range c.items.n {
		key, _, ok := c.entry(i)
		if !ok {
			return typePairs // which says what is wrong
		}
		s, _ := u.shape(key)
		k := keyType{key.Kind(), key.Primitive(), s.kind, key.ClassName()}
		if i > 0 && k != all || k.kind == KindNull || k.kind == KindArray ||
			k.kind == KindClass && k.shape != guidClass && k.shape != enumClass {
			return typePairs
		}
		all = k
	}
	switch {
	case c.joined && (all.kind == KindString || c.items.n == 0):
		return typeNamedMap
	case all.kind == KindString || c.items.n == 0:
		return typeStringMap
	}
	return typeAnyMap
}
