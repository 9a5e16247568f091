package nrbf_test

import (
	"fmt"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// A List<string>, as an application would keep it in a session.
func ExampleList() {
	stream, err := nrbf.EncodeStream(nrbf.List(nrbf.StringType, "red", "green"))
	if err != nil {
		fmt.Println(err)
		return
	}
	show(stream)
	// Output:
	// System.Collections.Generic.List`1[[System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]
	//   _items: array of 4
	//   _size: 2
	//   _version: 2
}

// A class of the application. In C# it is
//
//	namespace Shop {
//	    public enum Status { New, Paid }
//	    [Serializable] public class Order {
//	        public int Number { get; set; }
//	        public Status Status;
//	        public decimal? Discount;
//	        public List<Order> Related;
//	    }
//	}
//
// in the assembly Shop, version 1.0.0.0, which is not signed.
func ExampleClassType() {
	const library = "Shop, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"
	status := nrbf.EnumType("Shop.Status", library, nrbf.PrimitiveInt32)
	order := &nrbf.ClassType{Name: "Shop.Order", Library: library}
	order.Members = []nrbf.MemberDecl{
		{Name: nrbf.BackingField("Number"), Type: nrbf.PrimitiveInt32},
		{Name: "Status", Type: status},
		{Name: "Discount", Type: nrbf.NullableType{Of: nrbf.PrimitiveDecimal}},
		{Name: "Related", Type: nrbf.ListType(order)},
	}

	o := order.New(int32(17), status.New(int32(1)), nil, nil)
	o.Values[3] = nrbf.List(order, o) // related to itself
	stream, err := nrbf.EncodeStream(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	show(stream)

	o.Values[0] = 17
	_, err = nrbf.EncodeStream(o)
	fmt.Println(err)
	// Output:
	// Shop.Order
	//   <Number>k__BackingField: 17
	//   Status: class of 1
	//   Discount: null of 0
	//   Related: class of 3
	// building root.<Number>k__BackingField: Go int, which stands for no .NET type, in a place of type System.Int32
}

// show prints a class instance and its members.
func show(stream []byte) {
	graph, _, err := nrbf.Decode(stream, nrbf.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	root := graph.Root()
	fmt.Println(root.ClassName())
	for i, member := range root.All() {
		if n, ok := member.Int(); ok {
			fmt.Printf("  %s: %d\n", root.MemberName(i), n)
		} else {
			fmt.Printf("  %s: %s of %d\n", root.MemberName(i), member.Kind(), member.Len())
		}
	}
}
