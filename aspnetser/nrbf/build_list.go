package nrbf

// ListType is System.Collections.Generic.List<T>, the type of what List returns.
func ListType(elem Type) *ClassType {
	return &ClassType{
		Name: GenericName("System.Collections.Generic.List`1", elem),
		Members: []MemberDecl{
			{"_items", ArrayType{Elem: elem}},
			{"_size", PrimitiveInt32},
			{"_version", PrimitiveInt32},
		},
	}
}

// List returns a List<T> to which the values have been added one after the other: its array has places for 4, 8, 16 …
// elements, the spare ones null or 0 (fixtures o-list-string, o-list-int).
func List(elem Type, values ...any) *Instance {
	return listOf(elem, ArrayOf(elem, grown(elem, values)...), len(values))
}

// ListFrom returns a List<T> of primitives or Strings, of the type that T stands for, like List. The slice is copied.
func ListFrom[T packable](values []T) *Instance {
	array := ArrayFrom(values)
	if array.Elem == StringType {
		all := make([]any, len(values))
		for i, v := range values {
			all[i] = v
		}
		return List(StringType, all...)
	}
	array.Values = append(make([]T, 0, capacity(len(values))), values...)[:capacity(len(values))]
	return listOf(array.Elem, array, len(values))
}

func listOf(elem Type, items *Array, n int) *Instance {
	return ListType(elem).New(items, int32(n), int32(n))
}

// ArrayListType is System.Collections.ArrayList, the type of what ArrayList returns.
func ArrayListType() *ClassType {
	return &ClassType{
		Name: "System.Collections.ArrayList",
		Members: []MemberDecl{
			{"_items", ArrayType{Elem: ObjectType}},
			{"_size", PrimitiveInt32},
			{"_version", PrimitiveInt32},
		},
	}
}

// ArrayList returns an ArrayList to which the values have been added one after the other (fixture o-arraylist).
func ArrayList(values ...any) *Instance {
	n := int32(len(values))
	return ArrayListType().New(ArrayOf(ObjectType, grown(ObjectType, values)...), n, n)
}

// capacity returns how many places a list has after so many additions.
func capacity(n int) int {
	if n == 0 {
		return 0
	}
	places := 4
	for places < n {
		places *= 2
	}
	return places
}

// grown returns the values and the spare places behind them. Where it is not known what a spare place holds there are
// none, as in a list that was made of another collection.
func grown(elem Type, values []any) []any {
	if len(values) == capacity(len(values)) {
		return values
	}
	spare, known := zeroOf(elem, values[0], 0)
	if !known {
		return values
	}
	all := append(make([]any, 0, capacity(len(values))), values...)
	for len(all) < cap(all) {
		all = append(all, spare)
	}
	return all
}

// zeroOf returns the value that places of a type have when nothing was put there. like is a value of the type, or null;
// known is false where the members of a struct are not known.
func zeroOf(t Type, like any, depth int) (zero any, known bool) {
	switch t := t.(type) {
	case PrimitiveType:
		switch t {
		case PrimitiveBoolean:
			return false, true
		case PrimitiveByte:
			return uint8(0), true
		case PrimitiveChar:
			return Char(0), true
		case PrimitiveDecimal:
			return Decimal{}, true
		case PrimitiveDouble:
			return float64(0), true
		case PrimitiveInt16:
			return int16(0), true
		case PrimitiveInt32:
			return int32(0), true
		case PrimitiveInt64:
			return int64(0), true
		case PrimitiveSByte:
			return int8(0), true
		case PrimitiveSingle:
			return float32(0), true
		case PrimitiveTimeSpan:
			return TimeSpan(0), true
		case PrimitiveDateTime:
			return DateTime{}, true
		case PrimitiveUInt16:
			return uint16(0), true
		case PrimitiveUInt32:
			return uint32(0), true
		case PrimitiveUInt64:
			return uint64(0), true
		}
		return nil, false
	case *ClassType:
		return zeroStruct(t, like, depth)
	}
	return nil, true
}

// maxStructs is how deep structs may stand in structs for their zero to be made. No struct contains itself.
const maxStructs = 32

func zeroStruct(c *ClassType, like any, depth int) (zero any, known bool) {
	if c == nil || !c.ValueType {
		return nil, true
	}
	of, _ := like.(*Instance)
	if of != nil && of.Class != nil {
		c = of.Class
	}
	if of == nil && len(c.Members) == 0 || depth == maxStructs {
		return nil, false
	}
	o := c.New(make([]any, len(c.Members))...)
	for i, m := range c.Members {
		var member any
		if of != nil && i < len(of.Values) {
			member = of.Values[i]
		}
		if o.Values[i], known = zeroOf(m.Type, member, depth+1); !known {
			return nil, false
		}
	}
	return o, true
}
