package nrbf

import (
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

type (
	named    int16
	loud     string
	textual  struct{ s string }
	hooked   struct{ n int }
	unfitted struct{}
)

func (t *textual) UnmarshalText(b []byte) error {
	if string(b) == "secret" {
		return errors.New("secret is no good")
	}
	t.s = "<" + string(b) + ">"
	return nil
}

var errHooked = errors.New("no Int32")

func (h *hooked) UnmarshalNRBF(v Value) error {
	n, ok := v.Int()
	if !ok {
		return errHooked
	}
	h.n = int(n) + 1
	return nil
}

// treeValue returns the root of the graph of a tree, or, of what is no root, the value as the element of an Object[].
func treeValue(t testing.TB, tree any) Value {
	t.Helper()
	b, err := EncodeStream(ArrayOf(ObjectType, tree))
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := Decode(b, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return g.Root().At(0)
}

// Every value goes into a pointer to want's type as want, or fails with the error that is said.
func TestUnmarshalScalars(t *testing.T) {
	guid := GUID{0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	text := [16]byte{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	date := DateTime{637134336000000000, DateTimeLocal}
	utc := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	status := checkEnum("Status", PrimitiveInt32)
	wide := checkEnum("Wide", PrimitiveUInt64)
	offset := offsetType().New(DateTime{Ticks: 637270943500000000}, int16(330))
	type c = struct {
		tree, want any
		err        string // "" if it converts
	}
	for _, c := range []c{
		// Integers, at the edges of both types.
		{int32(5), int8(5), ""}, {int32(127), int8(127), ""}, {int32(128), int8(0), "Int32 128 does not fit int8"},
		{int32(-128), int8(-128), ""}, {int32(-129), int8(0), "Int32 -129 does not fit int8"},
		{int32(-1), uint32(0), "Int32 -1 does not fit uint32"}, {int32(-1), uint64(0), "Int32 -1 does not fit uint64"},
		{uint64(math.MaxInt64), int64(math.MaxInt64), ""}, {uint64(1 << 63), int64(0), "UInt64 9223372036854775808 does not fit int64"},
		{uint64(math.MaxUint64), uint64(math.MaxUint64), ""}, {int64(math.MinInt64), int64(math.MinInt64), ""},
		{int8(-1), int(-1), ""}, {uint8(255), uint8(255), ""}, {uint16(256), uint8(0), "UInt16 256 does not fit uint8"},
		{int16(300), named(300), ""}, {int32(40000), named(0), "Int32 40000 does not fit nrbf.named"},
		{int32(1), true, "Int32 1 does not fit bool"}, {int32(1), "", "Int32 1 does not fit string"},
		{int32(1), time.Duration(0), "Int32 1 does not fit time.Duration"}, {int64(1), TimeSpan(0), "Int64 1 does not fit nrbf.TimeSpan"},
		{uint16(1), Char(0), "UInt16 1 does not fit nrbf.Char"},
		{int64(-7), *big.NewInt(-7), ""}, {uint64(1 << 63), *new(big.Int).Lsh(big.NewInt(1), 63), ""},

		// Floats.
		{float32(1.5), float64(1.5), ""}, {1.5, float32(1.5), ""}, {0.1, float32(0), "Double 0.1 does not fit float32"},
		{math.Inf(1), float32(math.Inf(1)), ""}, {1e300, float32(0), "Double 1e+300 does not fit float32"},
		{2.0, int32(0), "Double 2 does not fit int32"}, {int32(math.MaxInt32), float64(math.MaxInt32), ""},
		{int32(1<<24 + 1), float32(0), "Int32 16777217 does not fit float32"}, {int64(1 << 60), float64(1 << 60), ""},
		{int64(1<<53 + 1), float64(0), "Int64 9007199254740993 does not fit float64"},
		{int64(math.MinInt64), float64(math.MinInt64), ""}, {uint64(math.MaxUint64), 0.0, "UInt64 18446744073709551615 does not fit float64"},
		{int64(math.MaxInt64), 0.0, "Int64 9223372036854775807 does not fit float64"},

		{true, true, ""}, {true, 1, "Boolean does not fit int"},
		{Char('é'), Char('é'), ""}, {Char('é'), uint16('é'), ""}, {Char('é'), 'é', ""}, {Char('é'), "é", ""},
		{Char('x'), byte(0), "Char does not fit uint8"}, {Char('x'), int64(0), "Char does not fit int64"},

		{"text", "text", ""}, {"text", loud("text"), ""}, {"text", textual{"<text>"}, ""}, {"text", 0, "String does not fit int"},
		{"text", []byte(nil), "String does not fit []uint8"}, {"text", time.Time{}, "String does not fit time.Time"},
		{"secret", textual{}, "String does not fit nrbf.textual, whose UnmarshalText refuses the text"},
		{"10.0.0.1", netip.MustParseAddr("10.0.0.1"), ""},

		// Decimals.
		{dec("12.50"), dec("12.50"), ""}, {dec("12.50"), "12.50", ""}, {dec("12.5"), int32(0), "Decimal 12.5 does not fit int32"},
		{dec("12.00"), int32(12), ""}, {dec("-3"), int8(-3), ""}, {dec("-3"), uint8(0), "Decimal -3 does not fit uint8"},
		{dec("18446744073709551615"), uint64(math.MaxUint64), ""}, {dec("18446744073709551616"), uint64(0), "Decimal 18446744073709551616 does not fit uint64"},
		{dec("12"), 12.0, "Decimal 12 does not fit float64"}, {dec("1.5"), textual{"<1.5>"}, ""},
		{dec("79228162514264337593543950335"), *bigInt("79228162514264337593543950335"), ""},
		{dec("0.5"), big.Int{}, "Decimal 0.5 does not fit big.Int"}, {dec("0.25"), *big.NewRat(1, 4), ""},

		// Times.
		{date, date, ""}, {DateTime{637134336000000000, DateTimeUTC}, utc, ""}, {date, date.Time(), ""},
		{date, int64(0), "DateTime does not fit int64"}, {TimeSpan(15), time.Duration(1500), ""}, {TimeSpan(15), TimeSpan(15), ""},
		{TimeSpan(math.MaxInt64), time.Duration(0), "TimeSpan 10675199.02:48:05.4775807 does not fit time.Duration"},
		{TimeSpan(math.MaxInt64 / 100), time.Duration(math.MaxInt64 / 100 * 100), ""},
		{TimeSpan(math.MinInt64), time.Duration(0), "TimeSpan -10675199.02:48:05.4775808 does not fit time.Duration"},
		{TimeSpan(1), int64(0), "TimeSpan 00:00:00.0000001 does not fit int64"}, {offset, time.Time{}, "zone"},

		// Guids, enums and the like.
		{Guid(guidOfText(text)), guid, ""}, {Guid(guidOfText(text)), text, ""}, {Guid(guidOfText(text)), "00112233-4455-6677-8899-aabbccddeeff", ""},
		{Guid(guidOfText(text)), textual{"<00112233-4455-6677-8899-aabbccddeeff>"}, ""}, {Guid(guidOfText(text)), [4]byte{}, "System.Guid does not fit [4]uint8"},
		{status.New(int32(5)), int32(5), ""}, {status.New(int32(5)), checkStatus(5), ""}, {status.New(int32(500)), uint8(0), "Int32 500 does not fit uint8"},
		{wide.New(uint64(math.MaxUint64)), uint64(math.MaxUint64), ""}, {status.New(int32(5)), "", "Int32 5 does not fit string"},
		{versionType.New(int32(1), int32(2), int32(-1), int32(-1)), "1.2", ""},
		{versionType.New(int32(1), int32(2), int32(3), int32(4)), "1.2.3.4", ""},

		// Null, and the wrong kinds.
		{nil, int32(0), ""}, {nil, "", ""}, {nil, (*int32)(nil), ""}, {nil, []int32(nil), ""}, {nil, unfitted{}, ""},
		{ArrayFrom([]int32{1}), 0, "System.Int32[] does not fit int"}, {ArrayFrom([]int32{1}), unfitted{}, "System.Int32[] does not fit nrbf.unfitted"},
		{List(StringType, "x"), map[string]int{}, "System.Collections.Generic.List`1 does not fit map[string]int"},
		{ok(Hashtable(nil)), []int{}, "System.Collections.Hashtable does not fit []int"},
		{int32(1), func() {}, "Int32 1 does not fit func()"},

		{int32(4), hooked{5}, ""}, {"x", hooked{}, "nrbf.hooked: no Int32"}, {nil, hooked{}, "nrbf.hooked: no Int32"},
	} {
		if c.want == nil {
			continue
		}
		v := treeValue(t, c.tree)
		for _, dst := range []reflect.Value{reflect.New(reflect.TypeOf(c.want)), reflect.New(reflect.PointerTo(reflect.TypeOf(c.want)))} {
			if _, isPointer := dst.Interface().(**hooked); c.tree == nil && dst.Elem().Kind() == reflect.Pointer && isPointer {
				continue // null is a nil pointer, of which nobody is asked
			}
			err := Unmarshal(v, dst.Interface())
			if c.err == "zone" {
				got := reflect.Indirect(dst.Elem()).Interface().(time.Time)
				if err != nil || got.Format(time.RFC3339) != "2020-06-07T08:09:10+05:30" {
					t.Errorf("%T: %v, %v", c.want, got, err)
				}
				continue
			}
			if c.err != "" {
				var m *MappingError
				if !errors.As(err, &m) || m.Reason != c.err || m.Path != "root" || strings.Contains(err.Error(), "secret") {
					t.Errorf("%v into %s: %v, want %s", describeValue(v), dst.Type(), err, c.err)
				}
				continue
			}
			got := dst.Elem()
			if got.Kind() == reflect.Pointer && got.Type() != reflect.TypeOf(c.want) {
				if c.tree == nil {
					if !got.IsNil() {
						t.Errorf("null became %v", got)
					}
					continue
				}
				if err == nil {
					got = got.Elem()
				}
			}
			if err != nil || !reflect.DeepEqual(got.Interface(), c.want) {
				t.Errorf("%v into %s: %v, %v; want %v", describeValue(v), dst.Type(), got, err, c.want)
			}
		}
	}
	var hook hooked
	if err := Unmarshal(treeValue(t, "x"), &hook); !errors.Is(err, errHooked) {
		t.Errorf("the error of UnmarshalNRBF is lost: %v", err)
	}
}

func ok(o *Instance, err error) *Instance {
	if err != nil {
		panic(err)
	}
	return o
}

func bigInt(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

func TestAssign(t *testing.T) {
	var n int32
	var s string
	var x any
	var g *GUID
	for _, c := range []struct{ x, dst, want any }{
		{int32(5), &n, int32(5)}, {"x", &s, "x"}, {nil, &s, ""}, {dec("1.50"), &s, "1.50"}, {dec("1.50"), &x, dec("1.50")},
		{GUID{1}, &x, GUID{1}}, {GUID{1}, &g, &GUID{1}}, {TimeSpan(10), &x, time.Microsecond}, {GUID{}, &s, GUID{}.String()},
	} {
		err := UnmarshalOptions{}.Assign(c.x, c.dst)
		if got := reflect.ValueOf(c.dst).Elem().Interface(); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v, %v; want %v", c.x, got, err, c.want)
		}
	}
	for _, c := range []struct {
		x, dst any
		want   string
	}{
		{int64(1 << 40), &n, "cart: Int64 1099511627776 does not fit int32"}, {5, &n, "cart: int stands for no .NET type"},
		{int32(5), n, "cart: the destination is a int32 and not a pointer to something"},
		{int32(5), (*int32)(nil), "cart: the destination is a *int32 and not a pointer to something"},
		{int32(5), nil, "cart: the destination is a <nil> and not a pointer to something"},
	} {
		if err := (UnmarshalOptions{Root: "cart"}).Assign(c.x, c.dst); err == nil || err.Error() != c.want {
			t.Errorf("%v: %v, want %s", c.x, err, c.want)
		}
	}
}
