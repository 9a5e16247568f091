package nrbf

import (
	"testing"
)

// Some of the types of the fixtures, as their program declared them.
const contoso = "Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"

var (
	moneyType = &ClassType{Name: "Contoso.Shop.Money", Library: contoso, ValueType: true,
		Members: []MemberDecl{{"Amount", PrimitiveDecimal}, {"Currency", StringType}}}
	point3Type = &ClassType{Name: "Contoso.Shop.Point3", Library: contoso, ValueType: true,
		Members: []MemberDecl{{"X", PrimitiveDouble}, {"Y", PrimitiveDouble}, {"Z", PrimitiveDouble}}}
	orderStatus = EnumType("Contoso.Shop.OrderStatus", contoso, PrimitiveInt32)
	smallEnum   = EnumType("Contoso.Shop.Small", contoso, PrimitiveByte)
	bigEnum     = EnumType("Contoso.Shop.Big", contoso, PrimitiveInt64)
	dayOfWeek   = EnumType("System.DayOfWeek", "", PrimitiveInt32)

	personType = &ClassType{Name: "Contoso.Shop.Person", Library: contoso, Open: true}

	customerType = &ClassType{Name: "Contoso.Shop.Customer", Library: contoso, Members: []MemberDecl{
		{"id", PrimitiveInt32},
		{BackingField("Email"), StringType},
		{"Tags", ListType(StringType)},
		{"name", StringType},
		{"Boss", personType},
		{"Person+id", PrimitiveInt32},
		{"Person+name", StringType},
		{"Person+born", PrimitiveDateTime},
	}}
	orderLineType = &ClassType{Name: "Contoso.Shop.OrderLine", Library: contoso, Members: []MemberDecl{
		{"Sku", StringType}, {"Quantity", PrimitiveInt32}, {"Price", moneyType}, {"Note", ObjectType},
	}}
	orderType = &ClassType{Name: "Contoso.Shop.Order", Library: contoso, Members: []MemberDecl{
		{"Number", PrimitiveInt64},
		{"Status", orderStatus},
		{"Placed", PrimitiveDateTime},
		{"Shipped", NullableType{PrimitiveDateTime}},
		{"Token", GuidType()},
		{"Buyer", customerType},
		{"Lines", ListType(orderLineType)},
		{"Extra", DictionaryType(StringType, ObjectType)},
		{"Sla", PrimitiveTimeSpan},
		{"Total", PrimitiveDecimal},
	}}
	treeNodeType = &ClassType{Name: "Contoso.Shop.TreeNode", Library: contoso}
)

func init() {
	personType.Members = []MemberDecl{
		{"id", PrimitiveInt32}, {"name", StringType}, {"born", PrimitiveDateTime}, {"Boss", personType},
	}
	treeNodeType.Members = []MemberDecl{
		{"Label", StringType}, {"Parent", treeNodeType}, {"Children", ListType(treeNodeType)}, {"Next", treeNodeType},
	}
}

func number(s string) Decimal {
	d, ok := ParseDecimal(s)
	if !ok {
		panic("no Decimal: " + s)
	}
	return d
}

func money(amount string, currency any) *Instance { return moneyType.New(number(amount), currency) }

func guid(s string) *Instance {
	g, ok := ParseGUID(s)
	if !ok {
		panic("no Guid: " + s)
	}
	return Guid(g)
}

// must returns what a shape that can fail made.
func must(t *testing.T) func(*Instance, error) *Instance {
	return func(o *Instance, err error) *Instance {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
}
