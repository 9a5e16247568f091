package nrbf_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// cartGraph stands for a graph that a session holds.
func cartGraph() *nrbf.Graph {
	g, err := nrbf.Marshal(&Cart{
		Owner:  "Ada",
		Placed: time.Date(2019, 5, 6, 7, 8, 9, 0, time.UTC),
		Lines: []Line{
			{Sku: "A-1", Quantity: 2, Price: nrbf.Decimal{Lo: 4995, Scale: 2}},
			{Sku: "B-77", Quantity: 1, Price: nrbf.Decimal{Lo: 5000, Scale: 2}},
		},
	})
	if err != nil {
		panic(err)
	}
	return g
}

// Line is the class of an application:
//
//	[Serializable] public class Line { public string Sku; public int Quantity; private decimal _price; }
type Line struct {
	_        nrbf.Class `nrbf:"Contoso.Shop.Line, Contoso.Shop, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"`
	Sku      string
	Quantity int32
	Price    nrbf.Decimal `nrbf:"_price"`
}

// Cart is another, with an auto-property and a list:
//
//	[Serializable] public class Cart { public string Owner { get; set; } public DateTime Placed; public List<Line> Lines; }
type Cart struct {
	_      nrbf.Class `nrbf:"Contoso.Shop.Cart, Contoso.Shop, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"`
	Owner  string     `nrbf:",property"`
	Placed time.Time
	Lines  []Line `nrbf:",list"`
}

func ExampleUnmarshal() {
	// To read, a struct needs only the fields that are looked at.
	var cart struct {
		Owner string
		Lines []struct {
			Sku   string
			Price nrbf.Decimal `nrbf:"_price"`
		}
	}
	if err := nrbf.Unmarshal(cartGraph().Root(), &cart); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cart.Owner)
	for _, line := range cart.Lines {
		fmt.Println(line.Sku, line.Price)
	}
	// Output:
	// Ada
	// A-1 49.95
	// B-77 50.00
}

func ExampleUnmarshal_list() {
	g, err := nrbf.Marshal(nrbf.ListOf[string]{"admin", "user"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Root().ClassName()[:34])

	var roles []string
	if err := nrbf.Unmarshal(g.Root(), &roles); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(roles), slices.Contains(roles, "admin"))
	// Output:
	// System.Collections.Generic.List`1[
	// 2 true
}

func ExampleUnmarshal_dictionary() {
	g, err := nrbf.Marshal(map[string]any{"coupon": "SPRING", "weight": 1.25, "tries": int32(3)})
	if err != nil {
		fmt.Println(err)
		return
	}
	var extra map[string]any
	if err := nrbf.Unmarshal(g.Root(), &extra); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v %v %T\n", extra["coupon"], extra["weight"], extra["tries"])

	var numbers map[string]float64
	err = nrbf.Unmarshal(g.Root(), &numbers)
	fmt.Println(err)
	// Output:
	// SPRING 1.25 int32
	// root[#0]: String does not fit float64
}

func ExampleMappingError() {
	var cart struct {
		Lines []struct{ Quantity, Price int8 }
	}
	err := nrbf.UnmarshalOptions{Root: "cart"}.Unmarshal(cartGraph().Root(), &cart)
	var at *nrbf.MappingError
	if errors.As(err, &at) {
		fmt.Println(at.Path)
		fmt.Println(at.Reason)
	}
	// Output:
	// cart.Lines[0]._price
	// Decimal 49.95 does not fit int8
}

func ExampleMarshal() {
	g, err := nrbf.Marshal(&Line{Sku: "C", Quantity: 5, Price: nrbf.Decimal{Lo: 125, Scale: 1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	stream := g.Append(nil) // for .NET's BinaryFormatter
	fmt.Println(len(stream), "bytes")

	line := g.Root()
	fmt.Println(line.ClassName())
	for i, member := range line.All() {
		fmt.Println(line.MemberName(i), member.Show())
	}
	// Output:
	// 163 bytes
	// Contoso.Shop.Line
	// Sku "C"
	// Quantity 5
	// _price 12.5
}
