package nrbf

import (
	"reflect"
	"testing"
	"time"
)

// The classes of the fixtures, as a Go program would write them.

type (
	shopMoney struct {
		_        Struct `nrbf:"Contoso.Shop.Money, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
		Amount   Decimal
		Currency *string
	}
	shopStatus int32
	shopPerson struct {
		_    Class       `nrbf:"Contoso.Shop.Person, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
		ID   int32       `nrbf:"id"`
		Name string      `nrbf:"name"`
		Born time.Time   `nrbf:"born"`
		Boss *shopPerson `nrbf:",public"`
	}
	shopCustomer struct {
		_          Class    `nrbf:"Contoso.Shop.Customer, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
		ID         int32    `nrbf:"id"`
		Email      *string  `nrbf:",property"`
		Tags       []string `nrbf:",list"`
		Name       string   `nrbf:"name"`
		ShopPerson `nrbf:"Person"`
	}
	ShopPerson struct {
		ID   int32       `nrbf:"id"`
		Name string      `nrbf:"name"`
		Born time.Time   `nrbf:"born"`
		Boss *shopPerson `nrbf:",public"`
	}
	shopLine struct {
		_        Class `nrbf:"Contoso.Shop.OrderLine, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
		Sku      string
		Quantity int32
		Price    shopMoney
		Note     any
	}
	shopOrder struct {
		_       Class `nrbf:"Contoso.Shop.Order, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"`
		Number  int64
		Status  shopStatus
		Placed  time.Time
		Shipped *time.Time
		Token   GUID
		Buyer   *shopCustomer
		Lines   []*shopLine `nrbf:",list"`
		Extra   map[string]any
		Sla     time.Duration
		Total   Decimal
	}
)

func (shopStatus) NRBFEnum() string {
	return "Contoso.Shop.OrderStatus, Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"
}

// roots returns the roots of all Objects of a fixture.
func roots(t testing.TB, name string) (all []Value) {
	t.Helper()
	for _, s := range streams(t) {
		if s.name == name {
			g, _, err := Decode(s.bytes, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, g.Root())
		}
	}
	if len(all) == 0 {
		t.Fatalf("no Object in fixture %s", name)
	}
	return all
}

func ptr[T any](v T) *T { return &v }

func dec(s string) Decimal {
	d, ok := ParseDecimal(s)
	if !ok {
		panic(s)
	}
	return d
}

func ticksTime(n int64, k DateTimeKind) time.Time { return DateTime{n, k}.Time() }

// o-order.json says what must come out.
func TestUnmarshalOrder(t *testing.T) {
	var got shopOrder
	if err := (UnmarshalOptions{Strict: true, Types: map[string]reflect.Type{
		"Contoso.Shop.Customer": reflect.TypeFor[*shopCustomer](),
	}}).Unmarshal(roots(t, "o-order")[0], &got); err != nil {
		t.Fatal(err)
	}
	token, _ := ParseGUID("0f8fad5b-d9cb-469f-a165-70867728950e")
	buyer := &shopCustomer{
		ID: 1007, Email: ptr("ada@example.org"), Tags: []string{"vip", "early"}, Name: "Ada Lovelace",
		ShopPerson: ShopPerson{ID: 7, Name: "Ada Lovelace", Born: ticksTime(572738688000000000, DateTimeUTC),
			Boss: &shopPerson{ID: 1, Name: "Charles", Born: ticksTime(565179552000000000, 0)}},
	}
	want := shopOrder{
		Number: 900719925474099, Status: 5, Placed: ticksTime(636927232891234567, DateTimeUTC),
		Shipped: ptr(ticksTime(636928704000000000, 0)), Token: token, Buyer: buyer,
		Lines: []*shopLine{
			{Sku: "A-1", Quantity: 2, Price: shopMoney{Amount: dec("49.95"), Currency: ptr("EUR")}},
			{Sku: "B-77", Quantity: 1, Price: shopMoney{Amount: dec("50.00"), Currency: ptr("EUR")}, Note: "gift"},
			{Sku: "C", Quantity: -1, Price: shopMoney{Amount: dec("0")}, Note: int32(42)},
		},
		Extra: map[string]any{"coupon": "SPRING", "weight": 1.25, "buyer": buyer, "none": nil},
		Sla:   131400 * time.Second, Total: dec("149.90"),
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
	if got.Extra["buyer"] != got.Buyer {
		t.Error("the customer is mentioned twice and became two")
	}
	g, err := Marshal(&got)
	if err != nil {
		t.Fatal(err)
	}
	// What was made of the struct is what .NET wrote, except for what a Dictionary's order makes of ids.
	var again shopOrder
	if err := (UnmarshalOptions{Strict: true, Types: map[string]reflect.Type{
		"Contoso.Shop.Customer": reflect.TypeFor[*shopCustomer](),
	}}).Unmarshal(g.Root(), &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, want) || again.Extra["buyer"] != again.Buyer {
		t.Errorf("the way back: got %+v\nwant %+v", again, want)
	}
}

// What .NET wrote and what Marshal makes of the same values is the same to the byte.
func TestMarshalAsDotNet(t *testing.T) {
	for name, all := range map[string][]any{
		"o-list-string": {ListOf[string]{"a", "b", "c"}, ListOf[string]{"1", "2", "3", "4", "5"}, ListOf[string]{}},
		"o-list-int": {ListOf[int32]{1, 2, 3, 4, 5, 6}, ListOf[float64]{1.5}, nil,
			ListOf[time.Time]{time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}, ListOf[Decimal]{dec("1.10"), dec("-2")}, ListOf[bool]{true}},
		"o-int-array": {[]int32{1, -2, 2147483647, -2147483648}, []int32{}, []int32{7}},
		"o-hashtable": {nil, HashtableOf{}},
		"o-arraylist": {nil, ArrayListOf{}},
		"o-struct":    {shopMoney{Amount: dec("12.34"), Currency: ptr("USD")}, nil, &shopMoney{}},
		"o-nullable-array": {[]*int32{ptr(int32(1)), nil, ptr(int32(3))},
			[]*time.Time{nil, ptr(time.Date(2000, 1, 1, 0, 0, 0, 0, DateTimeUnspecified.Location()))}},
		"o-enum":   {nil, shopStatus(-1)},
		"o-jagged": {[][]int32{{1, 2}, nil, {}, {3}}, [][]*string{{ptr("a"), nil}, {}, nil}, [][]any{{int32(1), "x"}, nil}},
		"o-datetime-array": {[]time.Time{ticksTime(0, 0), ticksTime(maxDateTicks, 0), ticksTime(637135310450000000, 1),
			ticksTime(637135310450000000, 2), ticksTime(637135310450000000, 0)}},
	} {
		values := roots(t, name)
		for i, x := range all {
			if x == nil {
				continue
			}
			g, err := Marshal(x)
			if err != nil {
				t.Errorf("%s %d: %v", name, i, err)
				continue
			}
			if got, want := string(g.Append(nil)), string(values[i].g.Append(nil)); got != want {
				t.Errorf("%s %d:\n got %q\nwant %q", name, i, got, want)
			}
			// The way back, to a new value of the type and in place of it.
			back := reflect.New(reflect.TypeOf(x))
			if err := Unmarshal(g.Root(), back.Interface()); err != nil {
				t.Errorf("%s %d: %v", name, i, err)
			} else if !reflect.DeepEqual(back.Elem().Interface(), x) {
				t.Errorf("%s %d: back came %+v", name, i, back.Elem())
			}
		}
	}
}
