package nrbf

import "encoding/binary"

// GuidType is System.Guid, the type of what Guid returns.
func GuidType() *ClassType {
	c := &ClassType{Name: "System.Guid", ValueType: true, Members: []MemberDecl{
		{"_a", PrimitiveInt32}, {"_b", PrimitiveInt16}, {"_c", PrimitiveInt16},
	}}
	for _, name := range []string{"_d", "_e", "_f", "_g", "_h", "_i", "_j", "_k"} {
		c.Members = append(c.Members, MemberDecl{name, PrimitiveByte})
	}
	return c
}

// Guid returns a System.Guid.
func Guid(g GUID) *Instance {
	o := GuidType().New(
		int32(binary.LittleEndian.Uint32(g[0:])),
		int16(binary.LittleEndian.Uint16(g[4:])),
		int16(binary.LittleEndian.Uint16(g[6:])),
	)
	for _, n := range g[8:] {
		o.Values = append(o.Values, n)
	}
	return o
}

// EnumType returns an enum over a primitive type, which C# takes to be Int32 where none is named. Its values are
//
//	status.New(int32(2))
//
// in places of the enum's type, of Object, and of a NullableType of it (fixtures o-enum, o-enum-array).
func EnumType(name, library string, base PrimitiveType) *ClassType {
	return &ClassType{Name: name, Library: library, ValueType: true, Members: []MemberDecl{{"value__", base}}}
}

// enumBase returns the type an enum is over, 0 for other types.
func enumBase(t Type) PrimitiveType {
	c, ok := t.(*ClassType)
	if !ok || c == nil || !c.ValueType || len(c.Members) != 1 || c.Members[0].Name != "value__" {
		return 0
	}
	base, _ := c.Members[0].Type.(PrimitiveType)
	return base
}
