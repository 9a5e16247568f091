package aspnetser

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/blobs"
)

// got is what Get gives, as text.
func got[T any](c *Collection, key string) string {
	x, err := Get[T](c, key)
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprintf("%v", x)
}

func TestGetConverts(t *testing.T) {
	var c Collection
	for key, v := range map[string]Value{
		"text": String("žluť"), "null": Null(), "yes": Boolean(true), "five": Int32(5), "minus": SByte(-1), "big": UInt64(math.MaxUint64),
		"half": Double(0.5), "tenth": Double(0.1), "char": Char('é'), "when": DateTime(637134336000000000), "span": TimeSpan(15_000_000),
		"long": TimeSpan(math.MaxInt64), "price": DecimalValue(Decimal{Lo: 1250, Scale: 2}), "whole": DecimalValue(Decimal{Lo: 700, Scale: 2}),
		"guid": Guid(GUID{0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}), "ptr": IntPtr(-9),
	} {
		c.Set(key, v)
	}
	type id int16
	type name string
	for _, x := range []struct{ what, got, want string }{
		{"text", got[string](&c, "TEXT"), "žluť"},
		{"text as a named type", got[name](&c, "text"), "žluť"},
		{"text as a number", got[int](&c, "text"), "error: text: String does not fit int"},
		{"null as text", got[string](&c, "null"), ""},
		{"null as a pointer", got[*int](&c, "null"), "<nil>"},
		{"null as any", got[any](&c, "null"), "<nil>"},
		{"Boolean", got[bool](&c, "yes"), "true"},
		{"Boolean as a number", got[int](&c, "yes"), "error: yes: Boolean does not fit int"},
		{"Int32", got[int32](&c, "five"), "5"},
		{"Int32 as byte", got[byte](&c, "five"), "5"},
		{"Int32 as int", got[int](&c, "five"), "5"},
		{"Int32 as a named type", got[id](&c, "five"), "5"},
		{"Int32 as float", got[float64](&c, "five"), "5"},
		{"Int32 as text", got[string](&c, "five"), "error: five: Int32 5 does not fit string"},
		{"SByte as unsigned", got[uint](&c, "minus"), "error: minus: SByte -1 does not fit uint"},
		{"SByte", got[int64](&c, "minus"), "-1"},
		{"UInt64 as int64", got[int64](&c, "big"), "error: big: UInt64 18446744073709551615 does not fit int64"},
		{"UInt64 as big.Int", got[*big.Int](&c, "big"), "18446744073709551615"},
		{"Double as Single", got[float32](&c, "half"), "0.5"},
		{"Double as Single, with loss", got[float32](&c, "tenth"), "error: tenth: Double 0.1 does not fit float32"},
		{"Double as a number", got[int](&c, "half"), "error: half: Double 0.5 does not fit int"},
		{"Char", got[string](&c, "char"), "é"},
		{"Char as a rune", got[rune](&c, "char"), "233"},
		{"DateTime", got[time.Time](&c, "when")[:19], "2020-01-01 00:00:00"},
		{"TimeSpan", got[time.Duration](&c, "span"), "1.5s"},
		{"TimeSpan that is too long", got[time.Duration](&c, "long"), "error: long: TimeSpan 10675199.02:48:05.4775807 does not fit time.Duration"},
		{"TimeSpan in ticks", got[nrbf.TimeSpan](&c, "long"), "9223372036854775807"},
		{"Decimal", got[Decimal](&c, "price"), "12.50"},
		{"Decimal as text", got[string](&c, "price"), "12.50"},
		{"Decimal with a fraction as a number", got[int](&c, "price"), "error: price: Decimal 12.50 does not fit int"},
		{"Decimal without one", got[int](&c, "whole"), "7"},
		{"Guid", got[GUID](&c, "guid"), "00112233-4455-6677-8899-aabbccddeeff"},
		{"Guid as text", got[string](&c, "guid"), "00112233-4455-6677-8899-aabbccddeeff"},
		{"IntPtr", got[int64](&c, "ptr"), "-9"},
		{"any", fmt.Sprintf("%T %T %T %T", must[any](t, &c, "five"), must[any](t, &c, "minus"), must[any](t, &c, "span"), must[any](t, &c, "guid")),
			"int32 int8 time.Duration nrbf.GUID"},
		{"missing", got[string](&c, "nothing"), `error: item "nothing": no such item`},
		{"pointer", fmt.Sprint(*must[*int32](t, &c, "five")), "5"},
		{"Value", fmt.Sprint(must[Value](t, &c, "five").Type()), "Int32"},
	} {
		if x.got != x.want {
			t.Errorf("%s: got %s, want %s", x.what, x.got, x.want)
		}
	}
}

func must[T any](t *testing.T, c *Collection, key string) T {
	t.Helper()
	x, err := Get[T](c, key)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestGetObjects(t *testing.T) {
	c := open(t, caseNamed(t, "typical"), Options{})
	found := 0
	for it, err := range c.All() {
		if g, ok := it.Value.Graph(); ok && err == nil && strings.HasPrefix(g.Root().ClassName(), "System.Collections.Generic.List`1[[System.String,") {
			found++
			if list := must[[]string](t, c, it.Key); len(list) == 0 || list[0] == "" {
				t.Errorf("list %q", list)
			}
			if same := must[*nrbf.Graph](t, c, it.Key); same != g {
				t.Error("another graph")
			}
			var wrong *nrbf.MappingError
			if _, err := Get[int](c, it.Key); !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), it.Key+": ") {
				t.Errorf("as a number: %v", err)
			}
		}
	}
	if found == 0 {
		t.Error("no list")
	}
	broken := open(t, withItems([]string{"o"}, []byte{byte(TypeObject), 9}).bytes(), Options{})
	var bad *MalformedError
	if _, err := Get[any](broken, "o"); !errors.As(err, &bad) || bad.Key != "o" {
		t.Errorf("got %v", err)
	}
	v, _ := broken.Get("o")
	if err := v.Unmarshal(new(any), nrbf.UnmarshalOptions{}); !errors.As(err, &bad) {
		t.Errorf("got %v", err)
	}
}

// Every scalar of every fixture survives Get[any] and ValueOf, but for what they say does not.
func TestValueOfGoValues(t *testing.T) {
	seen := map[Type]int{}
	for _, f := range blobs.All(t) {
		c := open(t, f.Bin, Options{})
		for it, err := range c.All() {
			typ := it.Value.Type()
			if err != nil || typ == TypeObject || it.NullKey {
				continue
			}
			x := must[any](t, c, it.Key)
			v, err := ValueOf(x)
			if err != nil {
				t.Fatalf("%s, %q: %v", f.Name, it.Key, err)
			}
			switch typ { // there is no Go type for these
			case TypeIntPtr:
				typ = TypeInt64
			case TypeUIntPtr:
				typ = TypeUInt64
			}
			same := reflect.DeepEqual(v.natural(), it.Value.natural()) || string(v.appendScalar(nil)) == string(it.Value.appendScalar(nil))
			if seen[typ]++; v.Type() != typ || !same {
				t.Errorf("%s, %q: %v %s became %T %v, and %v %s", f.Name, it.Key, it.Value.Type(), it.Value.appendJSON(nil), x, x, v.Type(),
					v.appendJSON(nil))
			}
		}
	}
	if len(seen) != 18 {
		t.Errorf("types %v", seen)
	}
}

type named string

type color int16

func (color) NRBFEnum() string {
	return "Shop.Color, Shop, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"
}

func TestValueOf(t *testing.T) {
	color3 := color(3)
	list := nrbf.ListFrom([]string{"a", "b"})
	var c Collection
	for i, x := range []any{list, nrbf.ArrayFrom([]int32{1, 2}), nrbf.DateTime{Ticks: 5, Kind: nrbf.DateTimeUTC}, nrbf.TimeSpan(3), Int32(4), 90 * time.Second,
		time.Date(2020, 2, 29, 23, 0, 0, 100, time.FixedZone("", -7200)), graphOfStream(t, emptyArray()), []string{"x", "y"},
		nrbf.ListOf[int32]{7}, map[string]int64{"k": 1}, named("n"), new(named), (*int32)(nil), []byte(nil), color(3), &color3} {
		v, err := ValueOf(x)
		if err != nil {
			t.Fatal(err)
		}
		c.Set(fmt.Sprint(i), v)
	}
	blob, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	back := open(t, blob, Options{})
	for key, want := range []string{"[a b]", "[1 2]", "0001-01-01 00:00:00.0000005", "300ns", "4", "1m30s", "2020-02-29 23:00:00.0000001", "[]",
		"[x y]", "[7]", "map[k:1]", "n", "", "<nil>", "<nil>", "3", "3"} {
		if got := got[any](back, fmt.Sprint(key)); !strings.HasPrefix(got, want) {
			t.Errorf("%d: got %s, want %s", key, got, want)
		}
	}
	if v, _ := back.Get("15"); v.Type() != TypeObject {
		t.Errorf("an enum became %v", v.Type())
	}
	if err := Set(&c, "z", 5); err == nil || err.Error() != `setting item "z": value of type int: .NET has no number whose size is not known; use an int32 or its like` {
		t.Errorf("got %v", err)
	}
	if err := Set(&c, "z", []string{"a"}); err != nil || fmt.Sprint(must[[]string](t, &c, "Z")) != "[a]" {
		t.Errorf("got %v", err)
	}
	for _, x := range []any{5, uint(5), struct{}{}, time.Duration(99), time.Date(2020, 1, 1, 0, 0, 0, 1, time.UTC),
		time.Date(2020, 1, 1, 0, 0, 0, 50, time.UTC), time.Date(2020, 1, 1, 0, 0, 0, 110, time.UTC), 50 * time.Nanosecond,
		Object(nil), Object(new(nrbf.Graph)), new(nrbf.Graph), ptr(Object(nil)),
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), func() {}, new(int), []int{1},
		nrbf.ListType(nrbf.StringType).New(1)} {
		if v, err := ValueOf(x); err == nil {
			t.Errorf("%T %v became %v", x, x, v.Type())
		}
	}
}

func ptr[T any](x T) *T { return &x }

// What would take nothing of the item is refused, and so is an Object in which nothing is.
func TestGetRefuses(t *testing.T) {
	var c Collection
	c.Set("list", must1(ValueOf([]string{"a"})))
	c.Set("class", must1(ValueOf(nrbf.ListOf[string]{"a"})))
	c.Set("null", Null())
	c.Set("none", Object(nil))
	c.Set("zero", Object(new(nrbf.Graph)))
	const copied = "a nrbf.Graph cannot be copied: take a *nrbf.Graph"
	const closed = "System.Collections.Generic.List`1 does not fit "
	for _, x := range []struct{ what, got, want string }{
		{"*Value", got[*Value](&c, "class"), "error: class: " + closed + "aspnetser.Value, which has no field for a member"},
		{"*Value of an array", got[*Value](&c, "list"), "error: list: System.String[] does not fit aspnetser.Value"},
		{"Graph", got[nrbf.Graph](&c, "class"), "error: class: " + copied},
		{"Graph of null", got[nrbf.Graph](&c, "null"), "error: null: " + copied},
		{"**Graph", got[**nrbf.Graph](&c, "class"), "error: class: " + closed + "nrbf.Graph, which has no field for a member"},
		{"Instance", got[nrbf.Instance](&c, "class"), "error: class: " + closed + "nrbf.Instance, which has no field for a member"},
		{"*Graph of null", got[*nrbf.Graph](&c, "null"), "<nil>"},
		{"Value of null", fmt.Sprint(must[Value](t, &c, "null").Type()), "Null"},
		{"nrbf.Value", must[nrbf.Value](t, &c, "list").At(0).Show(), `"a"`},
		{"no graph", got[any](&c, "none"), "error: none: an Object without a graph"},
		{"no graph, as text", got[string](&c, "none"), "error: none: an Object without a graph"},
		{"no graph, as a graph", got[*nrbf.Graph](&c, "none"), "error: none: an Object without a graph"},
		{"a zero graph", got[any](&c, "zero"), "error: zero: an Object without a graph"},
		{"a zero graph, as a graph", got[*nrbf.Graph](&c, "zero"), "error: zero: an Object without a graph"},
	} {
		if x.got != x.want {
			t.Errorf("%s: got %s, want %s", x.what, x.got, x.want)
		}
	}
	if err := Object(nil).Unmarshal(new(any), nrbf.UnmarshalOptions{}); err == nil || err.Error() != "root: an Object without a graph" {
		t.Errorf("got %v", err)
	}
	if _, err := c.Append(nil); err == nil || !strings.Contains(err.Error(), "Object without a graph") {
		t.Errorf("got %v", err)
	}
}

func must1[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}
