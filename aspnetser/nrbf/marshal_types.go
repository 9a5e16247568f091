package nrbf

import "reflect"

// typeOf returns the .NET type of a Go type.
func (m *marshaler) typeOf(t reflect.Type, how form) (Type, error) {
	how = formOf(t, how)
	key := typeKey{t, how}
	if known := m.types[key]; known != nil {
		return known, nil
	}
	// A class is known before its members are, so that a type which is met on the way to itself twice has no class on it.
	if m.making[key] == 2 {
		return nil, m.fail("%s contains itself, which no .NET type does", t)
	}
	m.making[key]++
	defer func() { m.making[key]-- }()
	made, err := m.newType(t, how)
	if err != nil {
		return nil, err
	}
	if how != byDefault && !usesForm(t, how) {
		return nil, m.fail("its tag has an option that %s has no use for", t)
	}
	if m.types[key] == nil {
		m.types[key] = made
	}
	return m.types[key], nil
}

// usesForm says whether an option is one for a Go type.
func usesForm(t reflect.Type, how form) bool {
	switch how {
	case asList, asArrayList:
		return t.Kind() == reflect.Slice
	case asRectangle:
		return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Slice
	case asHashtable:
		return t.Kind() == reflect.Map
	case asGuid:
		return t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8
	}
	return t == typeTime // asOffset
}

func (m *marshaler) newType(t reflect.Type, how form) (Type, error) {
	if custom, ok := asMarshaler(reflect.Zero(t)); t.Kind() != reflect.Interface && ok {
		if of := custom.NRBFType(); of != nil {
			return of, nil
		}
		return nil, m.fail("%s has no NRBFType", t)
	}
	if made := scalarType(t, how); made != nil {
		return made, nil
	}
	if name := enumTag(t); name != "" {
		base, ok := kindTypes[t.Kind()]
		if !ok || base == PrimitiveBoolean || base == PrimitiveSingle || base == PrimitiveDouble {
			return nil, m.fail("%s is an enum and no integer of a fixed size", t)
		}
		class, library := SplitTypeName(name)
		return EnumType(class, library, base), nil
	}
	if code, ok := kindTypes[t.Kind()]; ok {
		return code, nil
	}
	switch t.Kind() {
	case reflect.String:
		return StringType, nil
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return ObjectType, nil
		}
		return nil, m.fail("%s is an interface, and does not say which .NET type it stands for", t)
	case reflect.Pointer:
		return m.pointerType(t)
	case reflect.Slice, reflect.Array:
		return m.sliceType(t, how)
	case reflect.Map:
		return m.mapType(t, how)
	case reflect.Struct:
		return m.classType(t)
	case reflect.Int, reflect.Uint, reflect.Uintptr:
		return nil, m.fail("%s is of no fixed size: take int32 or int64", t)
	}
	return nil, m.fail("%s stands for no .NET type", t)
}

var kindTypes = map[reflect.Kind]PrimitiveType{
	reflect.Bool: PrimitiveBoolean, reflect.Int8: PrimitiveSByte, reflect.Int16: PrimitiveInt16, reflect.Int32: PrimitiveInt32,
	reflect.Int64: PrimitiveInt64, reflect.Uint8: PrimitiveByte, reflect.Uint16: PrimitiveUInt16,
	reflect.Uint32: PrimitiveUInt32, reflect.Uint64: PrimitiveUInt64, reflect.Float32: PrimitiveSingle,
	reflect.Float64: PrimitiveDouble,
}

// scalarType returns the types of Go types that stand for one .NET type, nil for all others.
func scalarType(t reflect.Type, how form) Type {
	switch t {
	case typeTime:
		if how == asOffset {
			return offsetType()
		}
		return PrimitiveDateTime
	case typeDateTime:
		return PrimitiveDateTime
	case typeDuration, typeTimeSpan:
		return PrimitiveTimeSpan
	case typeDecimal:
		return PrimitiveDecimal
	case typeChar:
		return PrimitiveChar
	case typeGUID:
		return GuidType()
	case reflect.TypeFor[*Instance](), reflect.TypeFor[*Array](), reflect.TypeFor[*StringObject]():
		return ObjectType
	}
	if how == asGuid && usesForm(t, how) {
		return GuidType()
	}
	return nil
}

// offsetType is System.DateTimeOffset, which has UTC in it (fixture o-misc-system).
func offsetType() *ClassType {
	return &ClassType{Name: "System.DateTimeOffset", ValueType: true, ISerializable: true, Members: []MemberDecl{
		{"DateTime", PrimitiveDateTime}, {"OffsetMinutes", PrimitiveInt16},
	}}
}

func (m *marshaler) pointerType(t reflect.Type) (Type, error) {
	if kind := t.Elem().Kind(); kind == reflect.Pointer || kind == reflect.Interface || kind == reflect.Slice || kind == reflect.Map {
		return nil, m.fail("%s: a pointer to what can be nil itself", t)
	}
	of, err := m.typeOf(t.Elem(), byDefault)
	if err != nil {
		return nil, err
	}
	switch of := of.(type) {
	case PrimitiveType:
		return NullableType{of}, nil
	case *ClassType:
		if of.ValueType {
			return NullableType{of}, nil
		}
	}
	return of, nil
}

func (m *marshaler) sliceType(t reflect.Type, how form) (Type, error) {
	elem, rank := t.Elem(), 1
	for how == asRectangle && elem.Kind() == reflect.Slice {
		elem = elem.Elem()
		rank++
	}
	of, err := m.typeOf(elem, byDefault)
	switch {
	case err != nil:
		return nil, err
	case how == asArrayList:
		return ArrayListType(), nil
	case how == asList:
		return ListType(of), nil
	}
	return ArrayType{of, rank}, nil
}

func (m *marshaler) mapType(t reflect.Type, how form) (Type, error) {
	key, err := m.typeOf(t.Key(), byDefault)
	if err != nil {
		return nil, err
	}
	value, err := m.typeOf(t.Elem(), byDefault)
	if err != nil {
		return nil, err
	}
	if how == asHashtable {
		return HashtableType(), nil
	}
	return DictionaryType(key, value), nil
}

// classType makes the class of a struct. It is known before its members are, which may be of this very class.
func (m *marshaler) classType(t reflect.Type) (Type, error) {
	info := structInfoOf(t)
	switch {
	case info.err != nil:
		return nil, m.fail("%v", info.err)
	case info.class == "":
		return nil, m.fail("%s has no .NET class: it needs a field _ nrbf.Class or nrbf.Struct whose tag is the name", t)
	}
	c := &ClassType{ValueType: info.value}
	c.Name, c.Library = SplitTypeName(info.class)
	if c.Name == "" {
		return nil, m.fail("%s: the tag of its Class has no name", t)
	}
	m.types[typeKey{t, byDefault}] = c
	for i := range info.fields {
		f := &info.fields[i]
		name := f.memberName()
		m.member(name)
		if f.contents {
			return nil, m.fail("classes that derive from a collection cannot be made")
		}
		of, err := m.typeOf(f.typ, f.how)
		if err != nil {
			return nil, err
		}
		m.back()
		c.Members = append(c.Members, MemberDecl{name, of})
	}
	return c, nil
}
