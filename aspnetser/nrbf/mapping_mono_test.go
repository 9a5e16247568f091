package nrbf

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// The types of scripts/nrbfcheck/Types.cs, as a Go program would write them.
type (
	checkMoney struct {
		_        Struct `nrbf:"Contoso.Check.Money, Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
		Amount   Decimal
		Currency *string
	}
	checkSpan struct {
		_        Struct `nrbf:"Contoso.Check.Span, Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
		From, To checkMoney
		Status   checkStatus
		Token    [16]byte `nrbf:",guid"`
	}
	checkStatus     int32
	checkInt16      int16
	checkPersonBase struct {
		ID   int32     `nrbf:"id"`
		Name string    `nrbf:"name"`
		Born time.Time `nrbf:",property"`
	}
	checkCustomer struct {
		_               Class    `nrbf:"Contoso.Check.Customer, Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
		ID              int32    `nrbf:"id"`
		Email           string   `nrbf:",property"`
		Tags            []string `nrbf:",list"`
		Name            string   `nrbf:"name"`
		checkPersonBase `nrbf:"Person"`
	}
	checkLine struct {
		_        Class `nrbf:"Contoso.Check.Line, Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
		Sku      string
		Quantity int32
		Price    checkMoney
		Note     any
	}
	checkOrder struct {
		_       Class `nrbf:"Contoso.Check.Order, Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
		Number  int64
		Status  checkStatus
		Placed  time.Time
		Shipped *time.Time
		Token   GUID
		Buyer   *checkCustomer
		Lines   []checkLine `nrbf:",list"`
		Extra   map[string]any
		Sla     time.Duration
		Total   Decimal
	}
	checkAll struct {
		_ Class `nrbf:"Contoso.Check.Primitives, Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
		A bool
		B uint8
		C int8
		D Char
		E int16
		F uint16
		G int32
		H uint32
		I int64
		J uint64
		K float32
		L float64
		M Decimal
		N time.Time
		O time.Duration
		P *string
		Q any
	}
	checkMaybe struct {
		_       Class `nrbf:"Contoso.Check.Maybe, Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
		Int     *int32
		Bool    *bool
		Date    *DateTime
		Decimal *Decimal
		Guid    *GUID
		Status  *checkStatus
		Money   *checkMoney
		Char    *Char
	}
	checkNode struct {
		_            Class `nrbf:"Contoso.Check.Node, Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"`
		Label        string
		Parent, Next *checkNode
		Children     []*checkNode `nrbf:",list"`
		Any          any
	}
)

const checkAssembly = ", Contoso.Check, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"

func (checkStatus) NRBFEnum() string { return "Contoso.Check.Status" + checkAssembly }
func (*checkInt16) NRBFEnum() string { return "Contoso.Check.AsInt16" + checkAssembly }

func eurGo(amount, currency string) checkMoney {
	return checkMoney{Amount: dec(amount), Currency: ptr(currency)}
}

// marshalled are graphs of scripts/nrbfcheck/Graphs.cs as Go values, by name.
func marshalled() map[string]any {
	token := [16]byte{0x0f, 0x8f, 0xad, 0x5b, 0xd9, 0xcb, 0x46, 0x9f, 0xa1, 0x65, 0x70, 0x86, 0x77, 0x28, 0x95, 0x0e}
	order, _ := ParseGUID("0f8fad5b-d9cb-469f-a165-70867728950e")
	other, _ := ParseGUID("3A018559-c16d-5fdd-e6a0-90f37948efb8")
	span := func(from, to string) checkSpan {
		return checkSpan{From: eurGo(from, "EUR"), To: checkMoney{Amount: dec(to)}, Status: 1, Token: token}
	}
	buyer := &checkCustomer{ID: 1007, Email: "ada@example.org", Tags: []string{"vip", "early"}, Name: "Ada",
		checkPersonBase: checkPersonBase{7, "Ada", ticksTime(572738688000000000, DateTimeUTC)}}
	self := &checkNode{Label: "me"}
	self.Parent, self.Any = self, self
	root := &checkNode{Label: "root"}
	a, b := &checkNode{Label: "a", Parent: root}, &checkNode{Label: "b", Parent: root, Next: root}
	a.Next, a.Children, root.Children = b, []*checkNode{{Label: "a1", Parent: a}}, []*checkNode{a, b}
	array := []any{nil, "x"}
	array[0] = array
	dictionary := map[string]any{}
	dictionary["self"] = dictionary
	line := &checkLine{Sku: "s", Quantity: 1, Price: eurGo("1", "E")}
	shared := ListOf[*checkLine]{line, line}
	var chain *checkNode
	for range 5000 {
		chain = &checkNode{Label: "link", Next: chain}
	}
	many := map[int32]string{}
	for i := range int32(500) {
		many[i*7] = "v"
	}
	return map[string]any{
		"order": &checkOrder{Number: 900719925474099, Status: 5, Placed: ticksTime(636927232891234567, DateTimeUTC),
			Shipped: ptr(ticksTime(636928704000000000, 0)), Token: order, Buyer: buyer,
			Lines: []checkLine{{Sku: "A-1", Quantity: 2, Price: eurGo("49.95", "EUR")},
				{Sku: "B-77", Quantity: 1, Price: eurGo("50.00", "EUR"), Note: "gift"},
				{Sku: "C", Quantity: -1, Note: int32(42)}},
			Extra: map[string]any{"coupon": "SPRING", "weight": 1.25, "buyer": buyer, "none": nil},
			Sla:   36*time.Hour + 30*time.Minute, Total: dec("149.90")},
		"customer": buyer,
		"primitives": checkAll{A: true, B: 1, C: -2, D: 'é', E: -3, F: 4, G: -5, H: 6, I: -7, J: 8, K: 1.25, L: math.Copysign(0, -1),
			M: dec("-0.10"), N: ticksTime(637134336000000000, DateTimeLocal), O: -100, P: ptr("p"), Q: byte(9)},
		"primitives-zero": checkAll{N: ticksTime(0, 0)},
		"nullable-set": checkMaybe{Int: ptr(int32(1)), Bool: ptr(true), Date: &DateTime{Ticks: 5}, Decimal: ptr(dec("1.5")),
			Guid: &GUID{}, Status: ptr(checkStatus(1)), Money: ptr(eurGo("1", "x")), Char: ptr(Char('c'))},
		"nullable-null":      checkMaybe{},
		"box-struct":         eurGo("12.34", "USD"),
		"box-struct-nested":  span("2", "3"),
		"enum-int32":         checkStatus(5),
		"enum-int16":         checkInt16(-30000),
		"array-byte":         []byte{0, 1, 255},
		"array-nullable":     []*int32{ptr(int32(1)), nil, nil, ptr(int32(-3))},
		"array-enum":         [3]checkStatus{0, 5, -7},
		"array-struct":       []checkMoney{eurGo("1", "EUR"), eurGo("2", "EUR"), {}},
		"array-guid":         []GUID{{}, {0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}},
		"array-jagged":       [][]int32{{1, 2}, nil, {}, {3}},
		"list-string":        ListOf[*string]{ptr("a"), ptr("b"), ptr("c"), nil, ptr("a")},
		"list-empty":         ListOf[string]{},
		"list-nullable":      ListOf[*int32]{ptr(int32(1)), nil},
		"list-struct":        ListOf[checkSpan]{span("1", "2")},
		"list-object":        ListOf[any]{int32(1), "a", nil, ListOf[any]{dec("2")}, eurGo("1", "b")},
		"list-list":          ListOf[ListOf[int32]]{{1}, nil, {}},
		"list-class":         ListOf[*checkLine]{line, nil},
		"dict-string-object": map[string]any{"s": "x", "i": int32(1), "n": nil, "l": ListOf[int32]{1}, "m": eurGo("1", "x")},
		"dict-empty":         map[string]any{},
		"dict-int-string":    map[int32]string{1: "one", -5: "m5"},
		"dict-guid":          map[GUID]int32{other: 1},
		"dict-byte":          map[byte]bool{1: true},
		"dict-datetime":      map[time.Time]time.Duration{ticksTime(637135200000000000, 0): 0},
		"dict-enum":          map[checkStatus]bool{1: true, 0: false},
		"dict-500":           many,
		"dict-lists":         map[string]ListOf[checkLine]{"a": {{Sku: "s", Quantity: 1, Price: eurGo("1", "E"), Note: int32(5)}}},
		"hashtable":          HashtableOf{"a": int32(1), int32(2): "b", 3.5: nil, Char('c'): eurGo("1", "x")},
		"hashtable-empty":    HashtableOf{},
		"hashtable-nested":   HashtableOf{"inner": HashtableOf{"list": ArrayListOf{int32(1), "two"}}},
		"arraylist":          ArrayListOf{int32(1), "a", nil, 2.5, true, Char('x'), ticksTime(630822816000000000, 0)},
		"shared":             []any{line, shared, shared, "t", "t"},
		"cycle-self":         self,
		"cycle-tree":         root,
		"cycle-array":        array,
		"cycle-dictionary":   dictionary,
		"chain":              chain,
		"text":               "hello, wörld",
	}
}

// sorted are those of them in which .NET has the entries in another order than Marshal.
var sorted = map[string]bool{"order": true, "dict-string-object": true, "dict-int-string": true, "dict-enum": true, "hashtable": true}

// TestMarshalMono compares what Marshal makes with what .NET writes of the same objects: the streams of TestMono, byte by
// byte; and has .NET read it.
func TestMarshalMono(t *testing.T) {
	trees, dir := monoTrees(t), t.TempDir()
	ours := marshalled()
	for name, tree := range trees {
		want := write(t, dir, name, tree)
		x, ok := ours[name]
		if !ok {
			continue
		}
		delete(ours, name)
		g, err := Marshal(x)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := g.Append(nil)
		if bytes.Equal(got, want) == sorted[name] {
			t.Errorf("%s: %s", name, firstDifference(got, want))
		}
		if err := os.WriteFile(filepath.Join(dir, name+".bin"), got, 0o600); err != nil {
			t.Fatal(err)
		}
		back := reflect.New(reflect.TypeOf(x))
		if err := Unmarshal(g.Root(), back.Interface()); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if name != "cycle-array" && name != "cycle-dictionary" && !natural[name] && !reflect.DeepEqual(back.Elem().Interface(), x) {
			t.Errorf("%s: back came %+v", name, back.Elem())
		}
	}
	for name := range ours {
		t.Errorf("%s: no such graph", name)
	}
	if out, err := mono(t).run("read", dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// natural are those whose Object places come back as other Go types.
var natural = map[string]bool{"order": true, "list-object": true, "dict-string-object": true, "hashtable": true,
	"hashtable-nested": true, "shared": true, "cycle-self": true}
