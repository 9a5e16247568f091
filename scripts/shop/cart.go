package main

import (
	"fmt"
	"math/big"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Cart is Session["Cart"] of the .NET site:
//
//	[Serializable] public class Cart { public int Version; public List<OrderLine> Lines; }
//	[Serializable] public class OrderLine { public string Sku; public int Quantity; public Money Price; public object Note; }
//	[Serializable] public struct Money { public decimal Amount; public string Currency; }
//
// The tags are the full names of the class and of its assembly, as `aspstate inventory` prints them.
type Cart struct {
	_       nrbf.Class `nrbf:"Contoso.Shop.Cart, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Version int32
	Lines   []Line `nrbf:",list"`
}

// Line is an article in the cart. Lines with a note are engraved, and each is one of its own.
type Line struct {
	_        nrbf.Class `nrbf:"Contoso.Shop.OrderLine, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Sku      string
	Quantity int32
	Price    Money
	Note     any // nil or a string
}

// Money is an amount in euros.
type Money struct {
	_        nrbf.Struct `nrbf:"Contoso.Shop.Money, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
	Amount   nrbf.Decimal
	Currency string
}

// euros is an amount of cents.
func euros(cents uint64) nrbf.Decimal { return nrbf.Decimal{Lo: cents, Scale: 2} }

// add puts an article into the cart.
func (c *Cart) add(sku string, quantity int32, note string) {
	line := Line{Sku: sku, Quantity: quantity, Price: Money{Amount: euros(products[sku]), Currency: "EUR"}}
	if note != "" {
		line.Note = note
	} else if l := c.line(sku); l != nil {
		l.Quantity += quantity
		return
	}
	c.Lines = append(c.Lines, line)
}

// line finds the line of an article that is not engraved; nil: there is none.
func (c *Cart) line(sku string) *Line {
	for i := range c.Lines {
		if l := &c.Lines[i]; l.Sku == sku && l.Note == nil {
			return l
		}
	}
	return nil
}

// total adds up the lines, whatever scale the amounts have that the .NET pages have written.
func (c *Cart) total() (nrbf.Decimal, error) {
	sum := new(big.Rat)
	for _, l := range c.Lines {
		price, ok := new(big.Rat).SetString(l.Price.Amount.String())
		if !ok {
			return nrbf.Decimal{}, fmt.Errorf("adding up the cart: the price of %.20q is no number", l.Sku)
		}
		sum.Add(sum, price.Mul(price, new(big.Rat).SetInt64(int64(l.Quantity))))
	}
	total, ok := nrbf.ParseDecimal(sum.FloatString(2))
	if !ok {
		return total, fmt.Errorf("adding up the cart: %d lines are too much for a Decimal", len(c.Lines))
	}
	return total, nil
}
