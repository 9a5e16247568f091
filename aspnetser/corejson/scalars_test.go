package corejson

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

func parsed(t testing.TB, s *Schema, text string) *Type {
	t.Helper()
	typ, err := s.ParseType(text)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func dec(text string) aspnetser.Value {
	d, ok := nrbf.ParseDecimal(text)
	if !ok {
		panic(text)
	}
	return aspnetser.DecimalValue(d)
}

// What System.Text.Json writes: documented output, the escapes of its default encoder, numbers as .NET has them since Core 3.0.
func TestToJSON(t *testing.T) {
	for _, c := range []struct {
		typ  string
		v    aspnetser.Value
		want string
	}{
		{"string", aspnetser.String("\x00\x1f\b\t\n\f\r\"\\/'&+<>`\x7f\u0080\u2028\uffff😀é~"),
			`"\u0000\u001F\b\t\n\f\r\u0022\\/\u0027\u0026\u002B\u003C\u003E\u0060\u007F\u0080\u2028\uFFFF\uD83D\uDE00\u00E9~"`},
		{"char", aspnetser.Char('"'), `"\u0022"`},
		{"double", aspnetser.Double(0), "0"},
		{"double", aspnetser.Double(math.Copysign(0, -1)), "-0"},
		{"double", aspnetser.Double(1e-4), "0.0001"},
		{"double", aspnetser.Double(1.5e-5), "1.5E-05"},
		{"double", aspnetser.Double(9007199254740993), "9007199254740992"},
		{"double", aspnetser.Double(1e16), "10000000000000000"},
		{"double", aspnetser.Double(1e17), "1E+17"},
		{"double", aspnetser.Double(-60), "-60"},
		{"double", aspnetser.Double(math.MaxFloat64), "1.7976931348623157E+308"},
		{"double", aspnetser.Double(5e-324), "5E-324"},
		{"float", aspnetser.Single(0.1), "0.1"},
		{"float", aspnetser.Single(16777216), "16777216"},
		{"float", aspnetser.Single(1e9), "1E+09"},
		{"float", aspnetser.Single(math.MaxFloat32), "3.4028235E+38"},
		{"decimal", dec("-0.0000000000000000000000000001"), "-0.0000000000000000000000000001"},
		{"decimal", dec("79228162514264337593543950335"), "79228162514264337593543950335"},
		{"decimal", dec("-0.00"), "0.00"},
		{"long", aspnetser.Int64(math.MinInt64), "-9223372036854775808"},
		{"sbyte", aspnetser.SByte(-128), "-128"},
		{"DateTime", aspnetser.DateTime(0), `"0001-01-01T00:00:00"`},
		{"DateTime", aspnetser.DateTime(maxTicks), `"9999-12-31T23:59:59.9999999"`},
		{"DateTime", aspnetser.DateTime(1), `"0001-01-01T00:00:00.0000001"`},
		{"TimeSpan", aspnetser.TimeSpan(math.MinInt64), `"-10675199.02:48:05.4775808"`},
		{"TimeSpan", aspnetser.TimeSpan(0), `"00:00:00"`},
		{"int?", aspnetser.Int32(5), "5"},
		{"int?", aspnetser.Null(), "null"},
		{"List<int>", aspnetser.Null(), "null"},
	} {
		got, err := parsed(t, nil, c.typ).ToJSON(nil, c.v)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v; want %s", c.typ, got, err, c.want)
			continue
		}
		back, err := parsed(t, nil, c.typ).FromJSON(got, aspnetser.Value{}, false)
		if err != nil {
			t.Errorf("%s: %v", got, err)
			continue
		}
		if again, err := parsed(t, nil, c.typ).ToJSON(nil, back); err != nil || string(again) != c.want {
			t.Errorf("%s: again %s, %v", c.want, again, err)
		}
	}
}

func TestToJSONRefuses(t *testing.T) {
	for _, c := range []struct {
		typ string
		v   aspnetser.Value
		why string
	}{
		{"double", aspnetser.Double(math.NaN()), "no JSON"},
		{"float", aspnetser.Single(float32(math.Inf(-1))), "no JSON"},
		{"long", aspnetser.Int32(1), "Int32, not long"},
		{"int", aspnetser.Int64(1), "Int64, not int"},
		{"int", aspnetser.Null(), "null"},
		{"int", aspnetser.String("1"), "String, not int"},
		{"string", aspnetser.IntPtr(1), "IntPtr"},
		{"List<int>", aspnetser.Int32(1), "Int32, not List<int>"},
		{"Guid", aspnetser.Null(), "null"},
	} {
		out, err := parsed(t, nil, c.typ).ToJSON([]byte("x"), c.v)
		var e *UnconvertibleError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.why) || string(out) != "x" {
			t.Errorf("%s: %q, %v; want %s", c.typ, out, err, c.why)
		}
	}
}

// As strict as System.Text.Json, or stricter.
func TestFromJSON(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Skip(err)
	}
	zoned, err := NewSchema(nil, london)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ typ, json, want string }{ // want as JSON; "" is refused, "?" is sound and cannot be stored
		{"int", " 5\n", "5"}, {"int", "-0", "0"}, {"int", "2147483647", "2147483647"}, {"int", "2147483648", ""},
		{"int", "1.0", ""}, {"int", "1e2", ""}, {"int", `"5"`, ""}, {"int", "null", ""}, {"int", "05", ""}, {"int", "+5", ""},
		{"int", "5,", ""}, {"int", "5 5", ""}, {"int", "", ""}, {"int", "// 5\n5", ""}, {"int", "\ufeff5", ""}, {"int", "5\x00", ""},
		{"int?", "null", "null"}, {"int?", "7", "7"}, {"uint", "-1", ""}, {"byte", "256", ""}, {"byte", "255", "255"},
		{"ulong", "18446744073709551615", "18446744073709551615"}, {"ulong", "18446744073709551616", ""},
		{"long", "9007199254740993", "9007199254740993"},
		{"double", "1e400", ""}, {"double", "1E-400", "0"}, {"double", "1e1000000000", ""}, {"double", "0.1e1", "1"}, {"double", "NaN", ""},
		{"double", `"NaN"`, ""}, {"double", "1.", ""}, {"double", ".5", ""}, {"double", "-", ""}, {"double", "1e", ""}, {"double", "1e+", ""},
		{"float", "3.5e38", ""}, {"float", "16777217", "16777216"},
		{"decimal", "1.10", "1.10"}, {"decimal", "11e-1", "1.1"}, {"decimal", "1.50e1", "15.0"}, {"decimal", "1e2", "100"},
		{"decimal", "1e28", "10000000000000000000000000000"}, {"decimal", "1e29", ""}, {"decimal", "1e1000000000", ""},
		{"decimal", "1e99999999999999999999", ""}, {"decimal", "0e99999999999999999999", "0"},
		{"decimal", "1e-99999999999999999999", "0.0000000000000000000000000000"}, {"decimal", "1e-1000000000", "0.0000000000000000000000000000"},
		{"decimal", "0.00000000000000000000000000005", "0.0000000000000000000000000000"},
		{"decimal", "0." + strings.Repeat("0", 120) + "1e121", "1"}, {"decimal", "-0", "0"}, {"decimal", "0.00e1", "0.0"},
		{"bool", "true", "true"}, {"bool", "True", ""}, {"bool", "1", ""}, {"bool", "truetrue", ""},
		{"string", `"\u00eb\/\b"`, `"\u00EB/\b"`}, {"string", `"\ud83d\ude00"`, `"\uD83D\uDE00"`}, {"string", `"\ud83d"`, ""},
		{"string", `"\ud83d\u0041"`, ""}, {"string", `"\ude00"`, ""}, {"string", "\"\xff\"", ""}, {"string", "\"\t\"", ""},
		{"string", `"\x"`, ""}, {"string", `"\u12g4"`, ""}, {"string", `"abc`, ""}, {"string", `"\u12`, ""}, {"string", "'a'", ""},
		{"string", "null", "null"}, {"string", "5", ""},
		{"char", `"ab"`, ""}, {"char", `""`, ""}, {"char", `"😀"`, ""}, {"char", `"\u00e9"`, `"\u00E9"`}, {"char", "65", ""},
		{"Guid", `"00112233-4455-6677-8899-AABBCCDDEEFF"`, `"00112233-4455-6677-8899-aabbccddeeff"`},
		{"Guid", `"00112233445566778899aabbccddeeff"`, ""}, {"Guid", `"{00112233-4455-6677-8899-aabbccddeeff}"`, ""},
		{"TimeSpan", `"1.02:03:04.5"`, `"1.02:03:04.5000000"`}, {"TimeSpan", `"24:00:00"`, ""}, {"TimeSpan", `"00:60:00"`, ""},
		{"TimeSpan", `"1:00:00"`, ""}, {"TimeSpan", `"5"`, ""}, {"TimeSpan", `"-10675199.02:48:05.4775808"`, `"-10675199.02:48:05.4775808"`},
		{"TimeSpan", `"10675199.02:48:05.4775808"`, ""}, {"TimeSpan", `"99999999.00:00:00"`, ""}, {"TimeSpan", `" 00:00:00"`, ""},
		{"TimeSpan", `".00:00:00"`, ""}, {"TimeSpan", `"123456789.00:00:00"`, ""},
		{"DateTime", `"2024-01-02"`, `"2024-01-02T00:00:00"`}, {"DateTime", `"2024-01-02T03:04"`, `"2024-01-02T03:04:00"`},
		{"DateTime", `"2024-01-02T03:04:05.12345678901"`, `"2024-01-02T03:04:05.1234567"`}, {"DateTime", `"2024-01-02T03:04:05Z"`, `"2024-01-02T03:04:05"`},
		{"DateTime", `"2024-01-02T03:04:05+01:00"`, "?"}, {"DateTime", `"2024-01-02 03:04:05"`, ""}, {"DateTime", `"2024-1-2"`, ""},
		{"DateTime", `"2023-02-29"`, ""}, {"DateTime", `"2024-02-29"`, `"2024-02-29T00:00:00"`}, {"DateTime", `"2024-13-01"`, ""},
		{"DateTime", `"0000-01-01"`, ""}, {"DateTime", `"2024-01-02T24:00"`, ""}, {"DateTime", `"2024-01-02T03:04:05.12345678901234567"`, ""},
		{"DateTime", `"2024-01-02T03:04:60"`, ""}, {"DateTime", `"2024-01-02T03:04:05z"`, ""}, {"DateTime", `"2024-01-02T03:04:05."`, ""},
		{"DateTime", `"2024-01-02T03:04:05+15:00"`, ""}, {"DateTime", `"2024-01-02T03:04:05+0100"`, ""}, {"DateTime", `"2024-01-02Z"`, ""},
		{"DateTime", `"2024-01-02T"`, ""}, {"DateTime", `1704164645`, ""}, {"DateTime", `"2024-00-02"`, ""}, {"DateTime", `"2024-01-00"`, ""},
		{"DateTimeOffset", `"2024-01-02T03:04:05+05:30"`, `"2024-01-02T03:04:05+05:30"`},
		{"DateTimeOffset", `"2024-01-02T03:04:05Z"`, `"2024-01-02T03:04:05+00:00"`}, {"DateTimeOffset", `"2024-01-02T03:04:05-14"`, `"2024-01-02T03:04:05-14:00"`},
		{"DateTimeOffset", `"2024-01-02T03:04:05"`, "?"}, {"DateTimeOffset", `"0001-01-01T00:00:00+01:00"`, "?"}, {"DateTimeOffset", "null", ""},
		{"Uri", `"https://example.org/p?q=1"`, `"https://example.org/p?q=1"`}, {"Uri", `"../rel"`, `"../rel"`}, {"Uri", "null", "null"},
		{"Version", `"1.2"`, `"1.2"`}, {"Version", `"1.2.3.4"`, `"1.2.3.4"`}, {"Version", `"1"`, ""}, {"Version", `"1.2.3.4.5"`, ""},
		{"Version", `"1.-2"`, ""}, {"Version", `"1.2147483648"`, ""},
		{"byte[]", `"AQID"`, `"AQID"`}, {"byte[]", `""`, `""`}, {"byte[]", `"AQI"`, ""}, {"byte[]", `"AQ\nID"`, ""}, {"byte[]", "[1]", ""}, {"byte[]", "null", "null"},
		{"List<byte>", "[1,2]", "[1,2]"}, {"int[]", "[1,-2,300]", "[1,-2,300]"}, {"int[]", "[]", "[]"}, {"int[]", "[1,]", ""}, {"int[]", "[,1]", ""},
		{"int[]", "[1 2]", ""}, {"int[]", "[1}", ""}, {"int[]", "[1", ""}, {"int[]", "[1,null]", ""}, {"int[]", "{}", ""}, {"int?[]", "[1,null]", "[1,null]"},
		{"int[][]", "[[1],null,[]]", "[[1],null,[]]"}, {"List<List<string>>", `[["a"],null]`, `[["a"],null]`}, {"DateTime[]", `["2024-01-02T03:04:05Z"]`, `["2024-01-02T03:04:05Z"]`},
		{"List<DateTimeOffset>", `["2024-01-02T03:04:05+01:00"]`, `["2024-01-02T03:04:05+01:00"]`}, {"List<Guid>", `["00112233-4455-6677-8899-aabbccddeeff"]`, `["00112233-4455-6677-8899-aabbccddeeff"]`},
		{"char[]", `["a","\u00e9"]`, `["a","\u00E9"]`}, {"decimal[]", "[1.10,-0.0]", "[1.10,0.0]"}, {"HashSet<int>", "[3,1]", "[3,1]"}, {"HashSet<string>", "[]", "[]"},
		{"Uri[]", `["a:b",null,"c"]`, `["a:b",null,"c"]`}, {"Version[]", `["1.2"]`, `["1.2"]`}, {"byte[][]", `["AQ==",null]`, `["AQ==",null]`},
		{"Dictionary<string, int>", `{"a":1,"\u00e9":2}`, `{"a":1,"\u00E9":2}`}, {"Dictionary<string, int>", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`}, {"Dictionary<string, int>", "{}", "{}"},
		{"Dictionary<int, string>", `{"1":"a","-5":null}`, `{"1":"a","-5":null}`}, {"Dictionary<int, string>", `{"x":"a"}`, ""}, {"Dictionary<Guid, bool>", `{"00112233-4455-6677-8899-aabbccddeeff":true}`, `{"00112233-4455-6677-8899-aabbccddeeff":true}`},
		{"Dictionary<string, int>", `{"a":null}`, ""}, {"Dictionary<string, int>", `{a:1}`, ""}, {"Dictionary<string, int>", `{"a" 1}`, ""}, {"Dictionary<string, int>", `{"a":1,}`, ""},
		{"Dictionary<string, List<int?>>", `{"a":[1,null]}`, `{"a":[1,null]}`}, {"KeyValuePair<int, string>", `{"Value":"v","Key":1}`, `{"Key":1,"Value":"v"}`},
		{"KeyValuePair<int, string>", `{"key":1}`, `{"Key":0,"Value":null}`}, {"List<KeyValuePair<string, Guid?>>", `[{"Key":"a","Value":null}]`, `[{"Key":"a","Value":null}]`},
		{"enum(Demo.Color, Demo)", "5", "5"}, {"enum(Demo.Color, Demo)", `"Red"`, ""}, {"enum<byte>(Demo.Color, Demo)", "256", ""}, {"enum<ulong>(Demo.Color, Demo)[]", "[18446744073709551615]", "[18446744073709551615]"},
		{"enum(Demo.Color, Demo)?", "null", "null"}, {"List<enum(Demo.Color, Demo)?>", "[1,null]", "[1,null]"}, {"enum(Demo.Color, Demo)", "null", ""},
		{"string", strings.Repeat("[", 65) + strings.Repeat("]", 65), ""},
	} {
		typ := parsed(t, nil, c.typ)
		v, err := typ.FromJSON([]byte(c.json), aspnetser.Value{}, false)
		var bad *JSONError
		var refused *UnconvertibleError
		switch {
		case c.want == "" && !errors.As(err, &bad):
			t.Errorf("%s from %s: %v", c.typ, c.json, err)
		case c.want == "?" && !errors.As(err, &refused):
			t.Errorf("%s from %s: %v", c.typ, c.json, err)
		case c.want == "" || c.want == "?":
		case err != nil:
			t.Errorf("%s from %s: %v", c.typ, c.json, err)
		default:
			got, err := typ.ToJSON(nil, valueOf(t, slotOf(t, v)))
			if err != nil || string(got) != c.want {
				t.Errorf("%s from %s: %s, %v; want %s", c.typ, c.json, got, err, c.want)
			}
		}
	}
	for _, c := range []struct{ typ, json, want string }{
		{"DateTime", `"2024-07-02T03:04:05+05:30"`, `"2024-07-01T22:34:05"`}, // an item: British Summer Time, no zone
		{"DateTime", `"2024-07-02T03:04:05Z"`, `"2024-07-02T03:04:05"`},
		{"DateTime[]", `["2024-07-02T03:04:05+05:30"]`, `["2024-07-01T22:34:05+01:00"]`}, // in a graph it is local
		{"DateTime[]", `["2024-10-27T01:30:00+01:00","2024-10-27T01:30:00+00:00"]`, `["2024-10-27T01:30:00+01:00","2024-10-27T01:30:00+00:00"]`},
		{"DateTimeOffset", `"2024-07-02T03:04:05"`, `"2024-07-02T03:04:05+01:00"`},
	} {
		typ := parsed(t, zoned, c.typ)
		v, err := typ.FromJSON([]byte(c.json), aspnetser.Value{}, false)
		if err != nil {
			t.Errorf("%s from %s: %v", c.typ, c.json, err)
			continue
		}
		if got, err := typ.ToJSON(nil, v); err != nil || string(got) != c.want {
			t.Errorf("%s from %s: %s, %v; want %s", c.typ, c.json, got, err, c.want)
		}
	}
}
