package aspnetser_test

import (
	"fmt"
	"os"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// cartSession is a session with a cart, as an application of .NET would have left it.
func cartSession() *aspnetser.Session {
	const library = "Shop, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"
	line := &nrbf.ClassType{Name: "Shop.Line", Library: library, Members: []nrbf.MemberDecl{
		{Name: nrbf.BackingField("Sku"), Type: nrbf.StringType},
		{Name: nrbf.BackingField("Quantity"), Type: nrbf.PrimitiveInt32},
	}}
	cart := &nrbf.ClassType{Name: "Shop.Cart", Library: library, Members: []nrbf.MemberDecl{
		{Name: "_lines", Type: nrbf.ListType(line)},
		{Name: "_coupons", Type: nrbf.DictionaryType(nrbf.StringType, nrbf.PrimitiveDecimal)},
	}}
	coupons, err := nrbf.Dictionary(nrbf.StringType, nrbf.PrimitiveDecimal, nil,
		nrbf.Pair{Key: "SPRING", Value: nrbf.Decimal{Lo: 25, Scale: 1}})
	if err != nil {
		panic(err)
	}
	lines := nrbf.List(line, line.New("A-1", int32(2)), line.New("B-77", int32(1)))
	stream, err := nrbf.EncodeStream(cart.New(lines, coupons))
	if err != nil {
		panic(err)
	}
	graph, _, err := nrbf.Decode(stream, nrbf.Limits{})
	if err != nil {
		panic(err)
	}
	return &aspnetser.Session{Form: aspnetser.FormPlain, Timeout: 20, Items: []aspnetser.Item{
		{Key: "user", Value: aspnetser.String("ada")},
		{Key: "cart", Value: aspnetser.Object(graph)},
	}}
}

// The text of a session has what is inside of Objects.
func ExampleAppendText() {
	os.Stdout.Write(aspnetser.AppendText(nil, cartSession()))
	// Output:
	// plain session, timeout 20 minutes, 2 items
	//   "user"  String       "ada"
	//   "cart"  Object       Cart
	//     _lines: List<Line> (2) [Line {Sku: "A-1", Quantity: 2}, Line {Sku: "B-77", Quantity: 1}]
	//     _coupons: Dictionary<string, decimal> (1) {"SPRING": 2.5}
}

// A path leads to a part of a session, by the names that a programmer gave.
func ExampleSession_Lookup() {
	s := cartSession()
	for _, path := range []string{"user", "cart.Lines[0].Sku", "cart.Lines[1]", `cart.Coupons["SPRING"]`, "cart.Lines[2]"} {
		view, err := s.Lookup(path)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s\n", view.AppendText(nil, aspnetser.ViewOptions{}))
	}
	// Output:
	// "ada"
	// "A-1"
	// Line {Sku: "B-77", Quantity: 1}
	// 2.5
	// path "cart.Lines[2]": [2]: List<Line> (2) has [0] to [1]
}

// What a path leads to can be changed where it is a string or a number, and the session written again.
func ExampleView_Value() {
	s := cartSession()
	view, err := s.Lookup("cart.Lines[0].Quantity")
	if err != nil {
		fmt.Println(err)
		return
	}
	if quantity, ok := view.Value(); ok {
		if err := quantity.Set(5); err != nil {
			fmt.Println(err)
			return
		}
	}
	view, _ = s.Lookup("cart.Lines[0]")
	fmt.Printf("%s\n", view.AppendText(nil, aspnetser.ViewOptions{}))
	view, _ = s.Lookup("cart.Lines[1].Sku")
	fmt.Printf("%s\n", view.AppendJSON(nil))
	// Output:
	// Line {Sku: "A-1", Quantity: 5}
	// "B-77"
}
