package nrbf

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"time"
)

// value makes the value of a tree; its type is one that typeOf has a .NET type for.
func (m *marshaler) value(v reflect.Value, how form) (any, error) {
	how = formOf(v.Type(), how)
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return nil, nil
		}
	}
	if custom, ok := asMarshaler(v); ok {
		x, err := custom.MarshalNRBF()
		if err != nil {
			return nil, m.failWith(err, "%s: %v", v.Type(), err)
		}
		return x, nil
	}
	if x, ok, err := m.scalar(v, how); ok || err != nil {
		return x, err
	}
	switch v.Kind() {
	case reflect.Interface:
		if _, err := m.typeOf(v.Elem().Type(), byDefault); err != nil {
			return nil, err
		}
		return m.value(v.Elem(), byDefault)
	case reflect.Pointer:
		return m.value(v.Elem(), byDefault)
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
		return m.object(v, how)
	}
	x := plain(v)
	if enum, ok := m.known(v.Type()).(*ClassType); ok {
		return enum.New(x), nil
	}
	return x, nil
}

// object makes an array, a collection, or an instance.
func (m *marshaler) object(v reflect.Value, how form) (any, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.leave()
	switch v.Kind() {
	case reflect.Map:
		return m.dictionary(v, how)
	case reflect.Struct:
		return m.instance(v)
	}
	return m.slice(v, how)
}

// known returns the .NET type of a Go type that typeOf has seen.
func (m *marshaler) known(t reflect.Type) Type { return m.types[typeKey{t, formOf(t, byDefault)}] }

// scalar makes values of the Go types that scalarType knows; ok is false for all others.
func (m *marshaler) scalar(v reflect.Value, how form) (x any, ok bool, err error) {
	if how == asGuid {
		var text [16]byte
		reflect.Copy(reflect.ValueOf(text[:]), v)
		return Guid(guidOfText(text)), true, nil
	}
	switch x := v.Interface().(type) {
	case time.Time:
		if how == asOffset {
			o, err := m.offset(x)
			return o, true, err
		}
		d, ok := dateTime(x)
		if !ok {
			return nil, false, m.fail("a time of less than 100 ns, or outside of the years 1 to 9999, is no DateTime")
		}
		return d, true, nil
	case time.Duration:
		if x%100 != 0 {
			return nil, false, m.fail("a duration of less than 100 ns is no TimeSpan")
		}
		return TimeSpan(x / 100), true, nil
	case GUID:
		return Guid(x), true, nil
	case DateTime, TimeSpan, Decimal, Char, *Instance, *Array, *StringObject:
		return x, true, nil
	}
	return nil, false, nil
}

func (m *marshaler) offset(t time.Time) (*Instance, error) {
	_, seconds := t.Zone()
	d, ok := dateTime(t.UTC())
	if !ok || seconds%60 != 0 || max(seconds, -seconds) > 14*60*60 {
		return nil, m.fail("a time of less than 100 ns, outside of the years 1 to 9999, or in a zone that is not some minutes " +
			"from UTC, 14 hours at most, is no DateTimeOffset")
	}
	return offsetType().New(DateTime{Ticks: d.Ticks}, int16(seconds/60)), nil
}

// plain makes values of the kinds that stand for primitives and strings.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Int8:
		return int8(v.Int())
	case reflect.Int16:
		return int16(v.Int())
	case reflect.Int32:
		return int32(v.Int())
	case reflect.Int64:
		return v.Int()
	case reflect.Uint8:
		return uint8(v.Uint())
	case reflect.Uint16:
		return uint16(v.Uint())
	case reflect.Uint32:
		return uint32(v.Uint())
	case reflect.Uint64:
		return v.Uint()
	case reflect.Float32:
		return float32(v.Float())
	}
	return v.Float()
}

// instance makes an instance of the class that a struct stands for: one for each struct that can be pointed to.
func (m *marshaler) instance(v reflect.Value) (any, error) {
	t := v.Type()
	c := m.known(t).(*ClassType)
	o := c.New(make([]any, len(c.Members))...)
	if v.CanAddr() && !c.ValueType && t.Size() > 0 {
		key := objectKey{v.Addr().Pointer(), 0, typeKey{t, byDefault}}
		if known, ok := m.objects[key]; ok {
			return known, nil
		}
		m.objects[key] = o
	}
	fields := structInfoOf(t).fields
	for i := range fields {
		m.member(c.Members[i].Name)
		x, err := m.value(v.FieldByIndex(fields[i].index), fields[i].how)
		if err != nil {
			return nil, err
		}
		m.back()
		o.Values[i] = x
	}
	return o, nil
}

// slice makes an array, or the list that the option asks for.
func (m *marshaler) slice(v reflect.Value, how form) (any, error) {
	key := objectKey{0, v.Len(), typeKey{v.Type(), how}}
	hasIdentity := v.Kind() == reflect.Slice && v.Len() > 0 && v.Type().Elem().Size() > 0
	if hasIdentity {
		key.at = v.Pointer()
		if known, ok := m.objects[key]; ok {
			return known, nil
		}
	}
	if how == asRectangle {
		return m.rectangle(v)
	}
	var elem Type = ObjectType
	if how != asArrayList {
		elem = m.known(v.Type().Elem())
	}
	all := make([]any, v.Len())
	array, list := &Array{Elem: elem, Values: all}, &Instance{}
	if hasIdentity {
		m.objects[key] = array
		if how != byDefault {
			m.objects[key] = list
		}
	}
	if _, packable := elem.(PrimitiveType); packable && how == byDefault && v.Kind() == reflect.Slice {
		if code, _ := packed(v.Interface()); code == elem {
			array.Values = v.Interface()
			return array, nil
		}
	}
	if err := m.elements(v, all); err != nil {
		return nil, err
	}
	switch how {
	case asList:
		*list = *List(elem, all...)
		return list, nil
	case asArrayList:
		*list = *ArrayList(all...)
		return list, nil
	}
	return array, nil
}

func (m *marshaler) elements(v reflect.Value, all []any) error {
	for i := range all {
		m.element(i)
		x, err := m.value(v.Index(i), byDefault)
		if err != nil {
			return err
		}
		m.back()
		all[i] = x
	}
	return nil
}

// rectangle makes an array of several dimensions.
func (m *marshaler) rectangle(v reflect.Value) (any, error) {
	a := &Array{}
	t := v.Type()
	for first := v; t.Kind() == reflect.Slice; t = t.Elem() {
		n := 0
		if first.IsValid() {
			n = first.Len()
		}
		a.Lengths = append(a.Lengths, n)
		if n > 0 && t.Elem().Kind() == reflect.Slice {
			first = first.Index(0)
		} else {
			first = reflect.Value{}
		}
	}
	a.Elem = m.known(t)
	var all []any
	var rows func(v reflect.Value, lengths []int) error
	rows = func(v reflect.Value, lengths []int) error {
		if v.Len() != lengths[0] {
			return m.fail("%d elements in a table with rows of %d", v.Len(), lengths[0])
		}
		if len(lengths) == 1 {
			part := make([]any, v.Len())
			if err := m.elements(v, part); err != nil {
				return err
			}
			all = append(all, part...)
			return nil
		}
		for i := range v.Len() {
			m.element(i)
			if err := rows(v.Index(i), lengths[1:]); err != nil {
				return err
			}
			m.back()
		}
		return nil
	}
	if err := rows(v, a.Lengths); err != nil {
		return nil, err
	}
	a.Values = all
	return a, nil
}

// dictionary makes a Dictionary or a Hashtable.
func (m *marshaler) dictionary(v reflect.Value, how form) (any, error) {
	t := v.Type()
	key := objectKey{v.Pointer(), 0, typeKey{t, how}}
	if known, ok := m.objects[key]; ok {
		return known, nil
	}
	o := &Instance{}
	m.objects[key] = o
	keys := v.MapKeys()
	slices.SortStableFunc(keys, compareKeys)
	pairs := make([]Pair, len(keys))
	for i, k := range keys {
		m.entry(i)
		var err error
		if pairs[i].Key, err = m.value(k, byDefault); err != nil {
			return nil, err
		}
		if pairs[i].Value, err = m.value(v.MapIndex(k), byDefault); err != nil {
			return nil, err
		}
		m.back()
	}
	made, err := m.newDictionary(t, how, pairs)
	if built := (*BuildError)(nil); errors.As(err, &built) {
		return nil, m.failWith(err, "%s: %s", built.Path, built.Reason)
	}
	*o = *made
	return o, nil
}

func (m *marshaler) newDictionary(t reflect.Type, how form, pairs []Pair) (*Instance, error) {
	if how == asHashtable {
		return Hashtable(nil, pairs...)
	}
	return Dictionary(m.known(t.Key()), m.known(t.Elem()), nil, pairs...)
}

// compareKeys sorts keys of a map that have an order.
func compareKeys(a, b reflect.Value) int {
	if a.Kind() == reflect.Interface {
		a, b = a.Elem(), b.Elem()
	}
	if a.Kind() != b.Kind() {
		return cmp.Compare(a.Kind(), b.Kind())
	}
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String())
	}
	return 0
}
